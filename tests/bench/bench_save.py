# SPDX-License-Identifier: MIT
"""How fast a model in memory is saved, durably and not.

    python3 tests/bench/bench_save.py --program BUILD/tests/bench/bench_library

Durable: beside a plain write of the same bytes and one fsync. Not durable: beside torch.save, numpy's
savez and safetensors' save_file of tensors of the same sizes, and beside the plain write. Each writes
a new file. Where files lie decides what is measured: name a directory on the disk in question.
"""

import os

from benchmark import Bench, ratio, speed


def settle():
    """What others have written and not synced is not to be waited for by whoever comes next."""
    os.sync()


def measure_durable(bench, file):
    def turn(*arguments):
        settle()
        return bench.ours(*arguments)
    results = bench.take_turns({
        "ckpt": lambda: turn("save", bench.size, file, "durable"),
        "write": lambda: turn("write", bench.size, file, "durable")})
    bench.row("durable save", speed(results, "ckpt", bench.size))
    bench.row("durable save, speed over that of write and fsync", ratio(results, "write", "ckpt"),
              "1.4")


def measure_fast(bench, file):
    def ours(*arguments):
        settle()
        return bench.ours(*arguments)

    def peer(*arguments):
        settle()
        return bench.peer(*arguments)
    results = bench.take_turns({
        "ckpt": lambda: ours("save", bench.size, file, "fast"),
        "write": lambda: ours("write", bench.size, file, "fast"),
        "torch": lambda: peer("save-torch", bench.size, file + ".pt"),
        "safetensors": lambda: peer("save-safetensors", bench.size, file + ".safetensors"),
        "npz": lambda: peer("save-npz", bench.size, file + ".npz")})
    bench.row("save, not durable", speed(results, "ckpt", bench.size))
    for name, aim in (("torch", "2.5"), ("safetensors", ""), ("npz", ""), ("write", "")):
        bench.row(f"save, not durable, speed over that of {name}", ratio(results, name, "ckpt"), aim)


def measure_pair(bench, file):
    def turn(kind):
        settle()
        return bench.ours("save-pair", bench.size // 2, file, kind)
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
    with Bench(__doc__, rounds=15) as bench:
        file = bench.path("saved")
        measure_durable(bench, file)
        measure_fast(bench, file)
        measure_pair(bench, file)
        measure_many(bench, file)
        bench.show_table()


if __name__ == "__main__":
    main()
