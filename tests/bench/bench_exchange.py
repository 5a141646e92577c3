# SPDX-License-Identifier: MIT
"""How fast files of other formats are opened, loaded and converted.

    python3 tests/bench/bench_exchange.py --program BUILD/tests/bench/bench_library

Opening: safetensors and GGUF files of very many tensors, beside the official readers; the GGUF files
have a vocabulary of as many words. Loading: every byte of a PyTorch and of a safetensors file, through
pointers to its tensors, beside the sum of all words of a fresh map of the same file; one thread.

Converting to .ckpt: beside loading with the official library (load_file; torch.load with mmap=True and
weights_only=True, which is faster than without the map) and saving with torch.save or save_file, in a
process that has imported and run everything before. The input is in the page cache; the output is a new
file. Not durable: nobody waits for the disk. Durable: the library as ckpt-convert uses it, and the
others with one fsync behind them. "copy" is a limit: read and write of the same bytes, 4 MiB at a time.

Memory: pages of no file that a whole conversion has at most, looked at every half millisecond.
"""

from benchmark import Bench, median, ratio, settle, speed

MIB = 1 << 20
MANY = 100000
FORMATS = {"safetensors": "safetensors", "torch": "pt", "npz": "npz", "gguf": "gguf"}


def measure_safetensors(bench):
    count = 1000 if bench.quick else MANY
    file = bench.path("many.safetensors")
    bench.fresh_peer("make-safetensors", count, file)
    results = bench.take_turns({"ckpt": lambda: bench.ours("open", file),
                                "peer": lambda: bench.fresh_peer("open-safetensors", file)})
    bench.row(f"open safetensors of {count} tensors, ms", f"{1000 * median(results, 'ckpt'):.1f}")
    bench.row(f"open safetensors of {count} tensors, times as fast as safetensors",
              ratio(results, "peer", "ckpt"), "1")
    results = bench.take_turns({
        "ckpt": lambda: bench.ours("get", file, count, 3, 20),
        "peer": lambda: bench.peer("get-safetensors", file, count, 3, 20)})
    bench.row(f"open safetensors of {count} tensors and get one, times as fast as safetensors",
              ratio(results, "peer", "ckpt"), "1")


def measure_gguf(bench):
    counts = (100, 200, 1000) if bench.quick else (10000, 20000, 40000, MANY)
    files = {count: bench.path(f"{count}.gguf") for count in counts}
    for count in counts:
        bench.fresh_peer("make-gguf", count, files[count])
    ways = {count: lambda count=count: bench.ours("open", files[count]) for count in counts}
    results = bench.take_turns(ways)
    bench.row(f"open GGUF of {counts[-1]} tensors, ms", f"{1000 * median(results, counts[-1]):.1f}")
    for less, more in zip(counts, counts[1:]):
        bench.row(f"open GGUF, time of {more} tensors over that of {less}",
                  ratio(results, more, less), f"{more / less:g} (linear)")
    results = bench.take_turns({
        "ckpt": ways[counts[-1]],
        "peer": lambda: bench.fresh_peer("open-gguf", files[counts[-1]])}, at_most=3)
    bench.row(f"open GGUF of {counts[-1]} tensors, times as fast as gguf",
              ratio(results, "peer", "ckpt", form="{:.0f}"))


def measure_load(bench, files):
    ways = {}
    for name, file in files.items():
        ways[name] = lambda file=file: bench.ours("load", file)
        ways[name + " map"] = lambda file=file: bench.ours("--threads", 1, "limit", "map", file)
    results = bench.take_turns(ways)
    for name in files:
        bench.row(f"load every byte of {name}, warm, one thread", speed(results, name, bench.size))
        bench.row(f"load {name}, speed over that of summing a fresh map",
                  ratio(results, name + " map", name), "0.9")


def measure_convert(bench, name, file, durability):
    target = bench.path("converted")

    def turn(measure, *arguments):
        result = measure(*arguments)
        settle(target)
        return result
    results = bench.take_turns({
        "ckpt": lambda: turn(bench.ours, "convert", file, target, "ckpt", durability),
        "torch": lambda: turn(bench.peer, "convert-to-torch", file, target, durability),
        "safetensors": lambda: turn(bench.peer, "convert-to-safetensors", file, target, durability),
        "copy": lambda: turn(bench.ours, "copy", file, target, durability)})
    what = f"convert {name} to .ckpt, {'' if durability == 'durable' else 'not '}durable"
    bench.row(what, speed(results, "ckpt", bench.size))
    bench.row(f"{what}, speed over that of loading and torch.save", ratio(results, "torch", "ckpt"),
              "2")
    bench.row(f"{what}, speed over that of loading and save_file",
              ratio(results, "safetensors", "ckpt"), "2")
    bench.row(f"{what}, speed over that of copy", ratio(results, "copy", "ckpt"))


def measure_memory(bench, size):
    """To .ckpt from each format, and back; once is enough, since it is bounded or it is not."""
    large, target = bench.path("large.ckpt"), bench.path("converted")
    bench.ours("make-large", size, large)
    for name, extension in FORMATS.items():
        foreign = bench.path("large." + extension)
        there = bench.ours("convert-memory", large, target, name)["anonymous"]
        bench.ours("convert", large, foreign, name, "fast")
        back = bench.ours("convert-memory", foreign, target, "ckpt")["anonymous"]
        settle(foreign)
        bench.row(f"convert .ckpt to {name} and back, {size // MIB} MiB, memory",
                  f"{there / MIB:.1f} and {back / MIB:.1f} MiB", "under 32 MiB")
    settle(large)


def main():
    with Bench(__doc__, rounds=9) as bench:
        measure_safetensors(bench)
        measure_gguf(bench)
        files = {"safetensors": bench.path("large.safetensors"), "torch": bench.path("large.pt")}
        for name, file in files.items():
            bench.peer("save-" + name, bench.size, file)
            bench.ours("limit", "map", file)
        measure_load(bench, files)
        for name, file in files.items():
            measure_convert(bench, name, file, "fast")
            measure_convert(bench, name, file, "durable")
        settle(*files.values())
        for size in (bench.size // 4, bench.size):
            measure_memory(bench, size)
        bench.show_table()


if __name__ == "__main__":
    main()
