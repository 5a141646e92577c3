# SPDX-License-Identifier: MIT
"""How fast every byte of a checkpoint is verified and loaded, from the page cache and from the disk.

    python3 tests/bench/bench_read.py --program BUILD/tests/bench/bench_library

Beside limit kernels that know nothing of checkpoints: the sum of all words of a map, of the same by
pread, of ordinary memory; pread of the cold file in pieces of 4 MiB, and the same without the cache.
"Cold": what the system has cached of the file is dropped first (posix_fadvise). Files should lie on
a disk, not in a tmpfs.
"""

from benchmark import Bench, ratio, speed


def measure_verify(bench, file):
    results = bench.take_turns({
        "verify": lambda: bench.ours("verify", file),
        "map": lambda: bench.ours("limit", "map", file),
        "read": lambda: bench.ours("limit", "read", file),
        "memory": lambda: bench.ours("limit", "memory", bench.size)})
    bench.row("verify, warm, all cores", speed(results, "verify", bench.size))
    bench.row("verify, speed over that of summing a fresh map", ratio(results, "map", "verify"))
    bench.row("verify, speed over that of summing by pread", ratio(results, "read", "verify"))
    bench.row("verify, speed over that of summing memory", ratio(results, "memory", "verify"),
              "0.75")


def measure_warm(bench, file):
    results = bench.take_turns({
        "load": lambda: bench.ours("load", file),
        "map": lambda: bench.ours("--threads", 1, "limit", "map", file)})
    bench.row("load every byte, warm, one thread", speed(results, "load", bench.size))
    bench.row("load, warm, speed over that of summing a fresh map", ratio(results, "map", "load"),
              "0.97")


def measure_cold(bench, file):
    results = bench.take_turns({
        "load": lambda: bench.ours("--cold", "load", file),
        "read": lambda: bench.ours("--cold", "read", file),
        "disk": lambda: bench.ours("--cold", "limit", "disk", file),
        "direct": lambda: bench.ours("--cold", "limit", "disk-direct", file)})
    bench.row("load every byte, cold", speed(results, "load", bench.size))
    bench.row("load, cold, speed over that of reading the disk", ratio(results, "disk", "load"),
              "0.95")
    bench.row("read with checksums, cold, speed over that of reading the disk",
              ratio(results, "disk", "read"), "0.95")
    bench.row("reading the disk without the cache, speed over that with it",
              ratio(results, "disk", "direct"))


def main():
    with Bench(__doc__, rounds=15) as bench:
        file = bench.path("large.ckpt")
        bench.ours("make-large", bench.size, file)
        bench.ours("limit", "map", file)
        measure_verify(bench, file)
        measure_warm(bench, file)
        measure_cold(bench, file)
        bench.show_table()


if __name__ == "__main__":
    main()
