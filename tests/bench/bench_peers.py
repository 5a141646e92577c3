# SPDX-License-Identifier: MIT
"""One measurement of other software, for the scripts of this directory.

    bench_peers.py OPERATION ARGUMENT...     one, as a line of JSON
    bench_peers.py serve                     for each line of JSON on the standard input one line

What is imported and what is made beforehand is not measured.
"""

import json
import os
import random
import struct
import sys
import time

BLOCKS_OF = 16  # as in benchmodels.c


def many_name(i):
    return f"blocks.{i // BLOCKS_OF:05}.attention.{i % BLOCKS_OF}.weight"


def many_arrays(count):
    import numpy
    return {many_name(i): numpy.array([i, 1, 2, 3], "<f4") for i in range(count)}


LARGE = {}


def large_tensors(size):
    """The tensors of benchmodels.c in number and size; made once."""
    import torch
    if size not in LARGE:
        LARGE.clear()
        piece = 16 << 20
        LARGE[size] = {f"weight{i}": torch.randn(min(piece, size - i * piece) // 4)
                       for i in range((size + piece - 1) // piece)}
    return LARGE[size]


def anonymous():
    with open("/proc/self/statm", encoding="ascii") as stream:
        _, resident, shared = map(int, stream.read().split()[:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def timed(action, path=None):
    if path is not None and os.path.exists(path):
        os.unlink(path)
    begin = time.perf_counter()
    action()
    return {"seconds": time.perf_counter() - begin}


def opened(open_file):
    """Time and memory of opening; what was opened is held until both are known."""
    before, begin = anonymous(), time.perf_counter()
    held = open_file()
    seconds = time.perf_counter() - begin
    result = {"seconds": seconds, "anonymous": max(anonymous() - before, 0)}
    del held
    return result


# ---- making the files ----

def make_safetensors(count, path):
    import safetensors.numpy
    safetensors.numpy.save_file(many_arrays(int(count)), path)
    return {}


def make_npz(count, path):
    import numpy
    numpy.savez(path, **many_arrays(int(count)))
    return {}


def make_gguf(count, path):
    """By hand: the official writer takes minutes. A vocabulary of as many words as tensors."""
    count = int(count)
    head = [b"GGUF", struct.pack("<IQQ", 3, count, 2),
            gguf_string("general.architecture"), struct.pack("<I", 8), gguf_string("bench"),
            gguf_string("tokenizer.ggml.tokens"), struct.pack("<IIQ", 9, 8, count)]
    head += [gguf_string(f"token{i}") for i in range(count)]
    head += [gguf_string(many_name(i)) + struct.pack("<IQIQ", 1, 4, 0, 32 * i)
             for i in range(count)]
    content = b"".join(head)
    with open(path, "wb") as stream:
        stream.write(content + bytes(-len(content) % 32) + bytes(32 * count))
    return {}


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def make_torch(count, path):
    import torch
    torch.save({name: torch.from_numpy(a) for name, a in many_arrays(int(count)).items()}, path)
    return {}


def make_narrow(path, target):
    """The same with its float32 tensors as bfloat16."""
    import safetensors.torch
    import torch
    tensors = safetensors.torch.load_file(path)
    changed = [name for name, tensor in tensors.items() if tensor.dtype == torch.float32]
    safetensors.torch.save_file(tensors | {name: tensors[name].to(torch.bfloat16)
                                           for name in changed}, target)
    return {"changed": len(changed)}


# ---- reading ----

def open_safetensors(path):
    import numpy  # pylint: disable=unused-import
    import safetensors
    return opened(lambda: safetensors.safe_open(path, framework="np"))


def open_npz(path):
    import numpy
    return opened(lambda: numpy.load(path))


def open_torch(path):
    import torch
    return opened(lambda: torch.load(path, weights_only=True, mmap=True))


def open_gguf(path):
    import gguf
    return opened(lambda: gguf.GGUFReader(path).tensors)


def get_safetensors(path, count, times, seed):
    import numpy  # pylint: disable=unused-import
    import safetensors
    choose = random.Random(int(seed))
    names = [many_name(choose.randrange(int(count))) for _ in range(int(times))]

    def get():
        for name in names:
            with safetensors.safe_open(path, framework="np") as opened_file:
                opened_file.get_tensor(name)
    result = timed(get)
    return {"seconds": result["seconds"] / int(times)}


# ---- saving ----

def save_torch(size, path):
    import torch
    tensors = large_tensors(int(size))
    return timed(lambda: torch.save(tensors, path), path)


def save_safetensors(size, path):
    import safetensors.torch
    tensors = large_tensors(int(size))
    return timed(lambda: safetensors.torch.save_file(tensors, path), path)


def save_npz(size, path):
    import numpy
    arrays = {name: tensor.numpy() for name, tensor in large_tensors(int(size)).items()}

    def save():  # to a stream: a path would be given the extension .npz
        with open(path, "wb") as stream:
            numpy.savez(stream, **arrays)
    return timed(save, path)


# ---- converting: loading, as fast as the library can, and saving ----

def loaded(path):
    """safetensors maps the file anyway, PyTorch where it is asked to."""
    import safetensors.torch
    import torch
    if path.endswith(".safetensors"):
        return safetensors.torch.load_file(path)
    return torch.load(path, weights_only=True, mmap=True)


def synced(path, durability):
    if durability == "durable":
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())


def convert_to_torch(path, target, durability):
    import torch

    def convert():
        torch.save(loaded(path), target)
        synced(target, durability)
    return timed(convert, target)


def convert_to_safetensors(path, target, durability):
    import safetensors.torch

    def convert():
        safetensors.torch.save_file(loaded(path), target)
        synced(target, durability)
    return timed(convert, target)


# ---- compressing ----

CONTENT = {}


def content_of(path):
    """Type and bytes of each tensor of a safetensors file; read once."""
    if path not in CONTENT:
        with open(path, "rb") as stream:
            data = stream.read()
        size, = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + size])
        header.pop("__metadata__", None)
        CONTENT.clear()
        CONTENT[path] = [(entry["dtype"], data[8 + size + entry["data_offsets"][0]:
                                               8 + size + entry["data_offsets"][1]])
                         for entry in header.values()]
    return CONTENT[path]


def zstd(level):
    import zstandard
    packer, unpacker = zstandard.ZstdCompressor(level=level), zstandard.ZstdDecompressor()
    return lambda dtype: (packer.compress, unpacker.decompress)


def zipnn():
    """It compresses in place: the copy is for the caller that keeps its weights."""
    import zipnn as package
    names = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}

    def ways(dtype):
        codec = package.ZipNN(input_format="byte", bytearray_dtype=names.get(dtype, "float32"),
                              threads=1)
        return lambda raw: bytes(codec.compress(bytearray(raw))), codec.decompress
    return ways


def compress(name, path):
    ways = zipnn() if name == "zipnn" else zstd(int(name[-1]))
    result = {"raw": 0, "packed": 0, "pack": 0.0, "unpack": 0.0}
    for dtype, raw in content_of(path):
        pack, unpack = ways(dtype)
        begin = time.perf_counter()
        packed = pack(raw)
        middle = time.perf_counter()
        back = unpack(packed)
        result["unpack"] += time.perf_counter() - middle
        result["pack"] += middle - begin
        result["raw"] += len(raw)
        result["packed"] += len(packed)
        if bytes(back) != raw:
            raise SystemExit("what comes back is not what went in")
    return result


OPERATIONS = {name.replace("_", "-"): function for name, function in list(globals().items())
              if name.split("_")[0] in ("make", "open", "get", "save", "convert", "compress")}


def main():
    if sys.argv[1] != "serve":
        print(json.dumps(OPERATIONS[sys.argv[1]](*sys.argv[2:])))
        return
    for line in sys.stdin:
        operation, *arguments = json.loads(line)
        print(json.dumps(OPERATIONS[operation](*arguments)), flush=True)


if __name__ == "__main__":
    main()
