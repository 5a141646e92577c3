# SPDX-License-Identifier: MIT
"""Files in a directory of their own, GGUF files written by hand, and the library's view of them."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

PROBE = sys.argv[1]
_directory = tempfile.TemporaryDirectory()
work = pathlib.Path(_directory.name)

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q",
         I64: "q", F64: "d"}


def probe(*arguments):
    result = subprocess.run([PROBE, *map(str, arguments)], capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), f"gguf_probe {arguments}")
    return result.stdout


def dump(path, command="dump"):
    return json.loads(probe(command, path))


def save(source, target, format="gguf", shard_size=0):
    """The losses: (kind, name, message)."""
    lines = probe("save", format, shard_size, source, target).splitlines()
    return [tuple(line.split("\t")) for line in lines]


def opened(path):
    """"" for a file that is opened, else status and rule."""
    line = probe("open", path).rstrip("\n")
    return "" if line == "CKPT_OK" else " ".join(line.split(" ")[:2])


def plain(value):
    """A value of the dump as Python has it; floats as their bits."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    (kind, content), = value.items()
    if kind == "m":
        return {bytes.fromhex(k).decode(): plain(v) for k, v in content}
    if kind == "s":
        return bytes.fromhex(content).decode()
    return bytes.fromhex(content) if kind == "b" else ("f", content)


def float_bits(value):
    return ("f", struct.pack(">d", value).hex())


def names(content):
    return [bytes.fromhex(t["name"]).decode() for t in content["tensors"]]


# ---- files by hand ----

class File:
    """Little-endian, or big-endian with order ">"."""

    def __init__(self, order="<"):
        self.order = order

    def pack(self, code, *values):
        return struct.pack(self.order + code, *values)

    def string(self, text):
        text = text.encode() if isinstance(text, str) else text
        return self.pack("Q", len(text)) + text

    def value(self, key, kind, content):
        """content: a number, a string, or for an array (element type, list)."""
        return self.string(key) + self.pack("I", kind) + self.content(kind, content)

    def content(self, kind, content):
        if isinstance(content, bytes) and kind != STRING:
            return content
        if kind == STRING:
            return self.string(content)
        if kind == ARRAY:
            inner, elements = content
            return (self.pack("IQ", inner, len(elements)) +
                    b"".join(self.content(inner, e) for e in elements))
        return self.pack(CODES[kind], content)

    def tensor(self, name, dims, number, offset, rank=None):
        """dims: innermost first."""
        return (self.string(name) + self.pack("I", len(dims) if rank is None else rank) +
                self.pack(f"{len(dims)}Q", *dims) + self.pack("IQ", number, offset))

    def whole(self, values=(), tensors=(), data=b"", version=3, counts=None, alignment=32):
        tensor_count, value_count = counts or (len(tensors), len(values))
        head = (b"GGUF" + self.pack("IQQ", version, tensor_count, value_count) +
                b"".join(values) + b"".join(tensors))
        return head + b"\0" * (-len(head) % alignment) + data


def padded(data, alignment=32):
    return data + b"\0" * (-len(data) % alignment)


def write(name, content):
    path = work / name
    path.write_bytes(content)
    return path
