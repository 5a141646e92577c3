# SPDX-License-Identifier: MIT
"""How small and how fast: this library's compression beside zlib, zstd and zipnn, on real weights.

    python3 tests/bench/bench_compress.py --program BUILD/tests/bench/bench_compress FILE...

FILE is a .safetensors file. The program measures the library and zlib in one process; zstandard and
zipnn are measured here if their packages can be imported, on the same tensors, in as many rounds
that take turns. Each line: ratio (compressed / raw), then the median MB/s to compress and to
decompress, with the least and the greatest. One thread everywhere; --threads N is for the library
alone. Measures and prints; asserts only that what comes back is what went in.
"""

import argparse
import json
import statistics
import struct
import subprocess
import time


def tensors(path):
    """(dtype, bytes) of each tensor."""
    with open(path, "rb") as stream:
        data = stream.read()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    return [(entry["dtype"], data[8 + size + entry["data_offsets"][0]:8 + size
                                  + entry["data_offsets"][1]])
            for name, entry in header.items() if name != "__metadata__"]


def zstd(level):
    import zstandard
    packer, unpacker = zstandard.ZstdCompressor(level=level), zstandard.ZstdDecompressor()
    return lambda dtype: (packer.compress, unpacker.decompress)


def zipnn():
    import zipnn as package
    names = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}

    def ways(dtype):
        codec = package.ZipNN(input_format="byte", bytearray_dtype=names.get(dtype, "float32"),
                              threads=1)
        # It works in place: the copy is for the caller that keeps its weights.
        return lambda raw: bytes(codec.compress(bytearray(raw))), lambda c: bytes(
            codec.decompress(c))
    return ways


def measure(ways, content):
    """(compressed size, seconds to compress, seconds to decompress)"""
    size, pack_time, unpack_time = 0, 0.0, 0.0
    for dtype, raw in content:
        pack, unpack = ways(dtype)
        begin = time.perf_counter()
        packed = pack(raw)
        middle = time.perf_counter()
        back = unpack(packed)
        unpack_time += time.perf_counter() - middle
        pack_time += middle - begin
        size += len(packed)
        if bytes(back) != raw:
            raise SystemExit("what comes back is not what went in")
    return size, pack_time, unpack_time


def speed(seconds, total):
    rates = sorted(total / 1e6 / s for s in seconds)
    return f"  {statistics.median(rates):8.1f} ({rates[0]:.1f} to {rates[-1]:.1f})"


def others():
    found = {}
    for name, make in (("zstd-3", lambda: zstd(3)), ("zstd-1", lambda: zstd(1)), ("zipnn", zipnn)):
        try:
            found[name] = make()
        except ImportError:
            print(f"{name}: its package is not installed")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    found = others()
    for path in options.files:
        print(f"== {path}", flush=True)
        subprocess.run([options.program, "--rounds", str(options.rounds), "--threads",
                        str(options.threads), path], check=True)
        content = tensors(path)
        total = sum(len(raw) for _, raw in content)
        results = {name: [] for name in found}
        for _ in range(options.rounds):
            for name, ways in found.items():
                results[name].append(measure(ways, content))
        for name, rounds in results.items():
            print(f"{name:<12} ratio {rounds[0][0] / total:.5f}" + speed([r[1] for r in rounds], total)
                  + speed([r[2] for r in rounds], total), flush=True)


if __name__ == "__main__":
    main()
