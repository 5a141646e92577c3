# SPDX-License-Identifier: MIT
"""How fast a model in memory is saved, durably and not.

    python3 tests/bench/bench_save.py --program BUILD/tests/bench/bench_library

Durable: beside a plain write of the same bytes and one fsync. Not durable: beside torch.save, numpy's
savez and safetensors' save_file of tensors of the same sizes, and beside the plain write. Each writes
a new file. Where files lie decides what is measured: name a directory on the disk in question.
"""

from benchmark import Bench, ratio, settle, speed


def measure_durable(bench, file):
    def turn(what):
        result = bench.ours(what, bench.size, file, "durable")
        settle(file)
        return result
    results = bench.take_turns({"ckpt": lambda: turn("save"), "write": lambda: turn("write")})
    bench.row("durable save", speed(results, "ckpt", bench.size))
    bench.row("durable save, speed over that of write and fsync", ratio(results, "write", "ckpt"),
              "1.4")


def measure_fast(bench, file):
    def turn(measure, what, *how):
        result = measure(what, bench.size, file, *how)
        settle(file)
        return result
    results = bench.take_turns({
        "ckpt": lambda: turn(bench.ours, "save", "fast"),
        "write": lambda: turn(bench.ours, "write", "fast"),
        "torch": lambda: turn(bench.peer, "save-torch"),
        "safetensors": lambda: turn(bench.peer, "save-safetensors"),
        "npz": lambda: turn(bench.peer, "save-npz")})
    bench.row("save, not durable", speed(results, "ckpt", bench.size))
    for name, aim in (("torch", "2.5"), ("safetensors", ""), ("npz", ""), ("write", "")):
        bench.row(f"save, not durable, speed over that of {name}", ratio(results, name, "ckpt"), aim)


def measure_pair(bench, file):
    def turn(kind):
        result = bench.ours("save-pair", bench.size // 2, file, kind)
        settle(file)
        return result
    results = bench.take_turns({"tied": lambda: turn("tied"),
                                "different": lambda: turn("different")})
    bench.row("a tensor under two names, time over that of two tensors",
              ratio(results, "tied", "different"), "at most 0.6")


def measure_many(bench, file):
    count = 1000 if bench.quick else 1000000
    results = bench.take_turns({"many": lambda: bench.ours("save-many", count, file)})
    bench.row(f"save of {count} tensors of 16 bytes, microseconds each",
              f"{1e6 / count * min(r['seconds'] for r in results['many']):.2f} at best")


def main():
    with Bench(__doc__, rounds=9) as bench:
        file = bench.path("saved")
        measure_durable(bench, file)
        measure_fast(bench, file)
        measure_pair(bench, file)
        measure_many(bench, file)
        bench.show_table()


if __name__ == "__main__":
    main()
