# SPDX-License-Identifier: MIT
"""How long it takes to open a GGUF file with many tensors, beside the Python package gguf.

    python3 tests/bench/bench_gguf.py --program BUILD/tests/bench/bench_gguf [COUNT...]

Writes files with COUNT tensors (25000, 50000 and 100000) of four elements and a vocabulary of as many
tokens, and opens each of them in rounds that take turns. Each line: the medians, with the least and
the greatest, in milliseconds, and for the library nanoseconds for each tensor and token: they stay
the same where the time is linear. Measures and prints; asserts only that all tensors are seen.
"""

import argparse
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time


def string(text):
    return struct.pack("<Q", len(text)) + text


def write(path, count):
    head = [b"GGUF", struct.pack("<IQQ", 3, count, 2),
            string(b"general.architecture"), struct.pack("<I", 8), string(b"bench"),
            string(b"tokenizer.ggml.tokens"), struct.pack("<IIQ", 9, 8, count)]
    head += [string(b"token%d" % i) for i in range(count)]
    head += [string(b"blk.%d.ffn.%d.weight" % (i // 100, i % 100)) +
             struct.pack("<IQIQ", 1, 4, 0, 32 * i) for i in range(count)]
    content = b"".join(head)
    path.write_bytes(content + b"\0" * (-len(content) % 32) + b"\0" * (32 * count))


def official(path):
    import gguf
    begin = time.perf_counter()
    tensors = len(gguf.GGUFReader(path).tensors)
    return tensors, (time.perf_counter() - begin) * 1000


def ours(program, path):
    tensors, milliseconds = subprocess.run([program, path], check=True, capture_output=True,
                                           text=True).stdout.split()
    return int(tensors), float(milliseconds)


def line(name, times, note=""):
    print(f"  {name:<10} {statistics.median(times):10.1f} ms ({min(times):.1f} to {max(times):.1f})"
          f"{note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("counts", nargs="*", type=int, default=[25000, 50000, 100000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "many.gguf")
        for count in options.counts:
            write(path, count)
            results = {"libckpt": [], "gguf": []}
            for _ in range(options.rounds):
                for name, measure in (("libckpt", lambda: ours(options.program, path)),
                                      ("gguf", lambda: official(path))):
                    tensors, milliseconds = measure()
                    if tensors != count:
                        raise SystemExit(f"{name} sees {tensors} tensors, not {count}")
                    results[name].append(milliseconds)
            print(f"{count} tensors, {count} tokens, {path.stat().st_size} bytes")
            median = statistics.median(results["libckpt"])
            line("libckpt", results["libckpt"], f"  {median * 1e6 / (2 * count):.0f} ns each")
            line("gguf", results["gguf"],
                 f"  {statistics.median(results['gguf']) / median:.1f} times as long")


if __name__ == "__main__":
    main()
