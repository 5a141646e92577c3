# SPDX-License-Identifier: MIT
"""How long it takes to open a safetensors file of very many tensors, and to open it and get one.

    python3 tests/bench/bench_safetensors.py BUILD/libckpt/libckpt.so [--count N] [--rounds N]

The library (through ctypes) and the official one, in one process, in rounds in which both have their
turn. Told is the median of each, and the median of the ratios within a round, with the least and the
greatest. Names are those of a transformer; the library validates, builds the module tree and makes
the names ready to be found.
"""

import argparse
import ctypes
import json
import os
import statistics
import struct
import tempfile
import time

import safetensors

KINDS = ["self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight",
         "self_attn.o_proj.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight",
         "mlp.down_proj.weight", "input_layernorm.weight", "post_attention_layernorm.weight",
         "self_attn.q_proj.bias"]


def make(path, count):
    names = sorted(f"model.layers.{i // len(KINDS)}.{KINDS[i % len(KINDS)]}" for i in range(count))
    header = {name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [16 * i, 16 * i + 16]}
              for i, name in enumerate(names)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(16 * count))
    return names[count // 2]


class Handle(ctypes.Structure):
    _fields_ = [("owner", ctypes.c_void_p), ("id", ctypes.c_uint32)]


class Library:
    def __init__(self, path):
        self.ckpt = ctypes.CDLL(path)
        self.ckpt.ckpt_free.argtypes = [ctypes.c_void_p]
        self.ckpt.ckpt_root.argtypes = [ctypes.c_void_p]
        self.ckpt.ckpt_root.restype = Handle
        self.ckpt.ckpt_find_tensor.argtypes = [Handle, ctypes.c_char_p]
        self.ckpt.ckpt_find_tensor.restype = Handle
        self.ckpt.ckpt_tensor_read.argtypes = [Handle, ctypes.c_void_p, ctypes.c_size_t,
                                               ctypes.c_void_p]

    def open(self, path, name=None):
        opened = ctypes.c_void_p()
        assert self.ckpt.ckpt_open(path.encode(), None, ctypes.byref(opened), None) == 0
        if name:
            buffer = ctypes.create_string_buffer(16)
            tensor = self.ckpt.ckpt_find_tensor(self.ckpt.ckpt_root(opened), name.encode())
            assert self.ckpt.ckpt_tensor_read(tensor, buffer, 16, None) == 0
        self.ckpt.ckpt_free(opened)


def official(path, name=None):
    with safetensors.safe_open(path, framework="np") as opened:
        if name:
            opened.get_tensor(name)


def timed(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def measure(what, ways, rounds):
    seconds = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(timed(way))
    ratios = sorted(theirs / ours for ours, theirs in zip(seconds["ours"], seconds["theirs"]))
    print(f"{what}: ours {1000 * statistics.median(seconds['ours']):.2f} ms, "
          f"theirs {1000 * statistics.median(seconds['theirs']):.2f} ms, "
          f"{statistics.median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--count", type=int, default=100000, help="of tensors")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    library = Library(os.path.abspath(options.library))
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "many.safetensors")
        name = make(path, options.count)
        print(f"{options.count} tensors, safetensors {safetensors.__version__}")
        measure("open", {"ours": lambda: library.open(path), "theirs": lambda: official(path)},
                options.rounds)
        measure("open and get one", {"ours": lambda: library.open(path, name),
                                     "theirs": lambda: official(path, name)}, options.rounds)


if __name__ == "__main__":
    main()
