# SPDX-License-Identifier: MIT
"""How much memory it takes to save, verify and compress a large file that is mapped.

    python3 tests/bench/bench_memory.py --program BUILD/tests/bench/bench_library

Pages of no file that the process has at most, looked at every half millisecond, more than before;
without the index, whose size is told beside it. The same for a file a quarter of the size: what does
not depend on the size is bounded.
"""

from benchmark import Bench

MIB = 1 << 20


def show(result):
    more = max(result["anonymous"] - result["index"], 0)
    return f"{more / MIB:.1f} MiB"


def main():
    with Bench(__doc__, rounds=3) as bench:
        sizes = (bench.size // 4, bench.size)
        for size in sizes:
            file, target = bench.path("large.ckpt"), bench.path("copy.ckpt")
            bench.ours("make-large", size, file)
            results = bench.take_turns({
                task: lambda task=task: bench.ours("memory", task, file, target)
                for task in ("verify", "save", "compress")})
            for task, rounds in results.items():
                most = max(rounds, key=lambda r: r["anonymous"])
                bench.row(f"{task}, {size // MIB} MiB mapped, memory beside the index", show(most),
                          "under 16 MiB")
        bench.show_table()


if __name__ == "__main__":
    main()
