# SPDX-License-Identifier: MIT
"""How long it takes, and how much memory, to open a checkpoint of very many tensors, and to get one
tensor out of it.

    python3 tests/bench/bench_open.py --program BUILD/tests/bench/bench_library

Beside safetensors' safe_open, numpy.load of an .npz and torch.load(mmap=True) of the same tensors. A
million tensors is what safetensors' limit on the size of a header (100 MB) just allows. Every open
validates the whole index. Memory: pages of no file, more than before.
"""

import random

from benchmark import Bench, median, ratio

PEERS = ("safetensors", "npz", "torch")
AIMS = {1000000: ("100", "0.125")}


def measure_open(bench, count):
    files = {name: bench.path(f"{count}.{name}") for name in ("ckpt", *PEERS)}
    files["npz"] += ".npz"
    # Ten times as many would take them minutes.
    peers = [name for name in PEERS if name == "safetensors" or count <= 100000]
    bench.ours("make-many", count, files["ckpt"])
    for name in peers:
        bench.fresh_peer("make-" + name, count, files[name])
    ways = {"ckpt": lambda: bench.ours("open", files["ckpt"])}
    for name in peers:
        ways[name] = lambda name=name: bench.fresh_peer("open-" + name, files[name])
    results = bench.take_turns(ways)
    fast, small = AIMS.get(count, ("", ""))
    for name in peers:
        is_judge = name == "safetensors"
        bench.row(f"open {count} tensors, times as fast as {name}",
                  ratio(results, name, "ckpt", form="{:.1f}"), fast if is_judge else "")
        # A small file's memory is less than what can be told apart.
        if count >= 100000:
            bench.row(f"open {count} tensors, memory, part of {name}'s",
                      ratio(results, "ckpt", name, "anonymous", form="{:.3f}"),
                      small if is_judge else "")
    return median(results, "ckpt"), files


def measure_get(bench, count, files):
    times, few = (20, 3) if bench.quick else (1000, 20)
    choose = random.Random(20)

    def seed():
        return choose.randrange(1 << 30)
    results = bench.take_turns({
        "ckpt": lambda: bench.ours("get", files["ckpt"], count, times, seed()),
        "safetensors": lambda: bench.peer("get-safetensors", files["safetensors"], count, few,
                                          seed())})
    bench.row(f"one tensor of {count} from a fresh open, ms ({times} times)",
              f"{1000 * median(results, 'ckpt'):.2f}")
    bench.row(f"one tensor of {count} from a fresh open, times as fast as safetensors",
              ratio(results, "safetensors", "ckpt", form="{:.1f}"))


def main():
    with Bench(__doc__, rounds=5) as bench:
        counts = (100, 1000) if bench.quick else (1000, 10000, 100000, 1000000)
        seconds = {}
        for count in counts:
            seconds[count], files = measure_open(bench, count)
            if count == counts[-2]:
                measure_get(bench, count, files)
        for less, more in zip(counts, counts[1:]):
            bench.row(f"open, time of {more} tensors over that of {less}",
                      f"{seconds[more] / seconds[less]:.1f}", f"{more // less} (linear)")
        bench.show_table()


if __name__ == "__main__":
    main()
