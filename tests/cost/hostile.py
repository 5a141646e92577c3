# SPDX-License-Identifier: MIT
"""Inputs of at most 1 MiB that ask for as much work as they can: (name, how to read it, bytes)."""

import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "spec"), str(ROOT / "spec" / "vectors")]

from image import Image, Module, Storage, Tensor  # noqa: E402

SIZE = 1 << 20


def fill(head, unit, tail=b""):
    return (head + unit * ((SIZE - len(head) - len(tail)) // len(unit)) + tail)[:SIZE]


def numbered(head, tail, entry, separator):
    """As many entries as fit, each made from its number."""
    entries, size = [], len(head) + len(tail)
    while True:
        text = entry(len(entries))
        size += len(text) + len(separator)
        if size > SIZE:
            return head + separator.join(entries) + tail
        entries.append(text)


def manifests():
    begin = "ckpt-manifest: 1\nmetadata: "
    root = "\nroot: {module: ''}\n"
    yield "brackets", "[" * SIZE
    yield "braces", "{" * SIZE
    yield "brackets in metadata", begin + "[" * (SIZE - len(begin))
    yield "question marks", "? " * (SIZE // 2)
    yield "dashes", "- " * (SIZE // 2)
    yield "colons", "a: " * (SIZE // 3)
    yield "spaces", " " * SIZE
    yield "line ends", "\n" * SIZE
    yield "comments", "#\n" * (SIZE // 2)
    yield "quotes", '"' * SIZE
    yield "one long text", begin + '"' + "x" * (SIZE - 99) + '"' + root
    yield "one long plain text", begin + "x" * (SIZE - 99) + root
    yield "one long plain text of words", begin + "x " * (SIZE // 2 - 99) + root
    yield "one long key", begin + "{? " + "x" * (SIZE - 99) + ": 1}" + root
    yield "escapes", begin + '"' + "\\u00e4" * (SIZE // 6 - 20) + '"' + root
    yield "folded lines", begin + '"' + "x\n " * (SIZE // 3 - 40) + '"' + root
    yield "a literal block", begin + "|\n" + "  x\n" * (SIZE // 4 - 40) + root
    yield "tags", "!" * SIZE
    yield "anchors", "&a " * (SIZE // 3)
    yield "aliases", begin + "[" + "*a," * (SIZE // 3 - 20)
    yield "directives", "%YAML 1.1\n" * (SIZE // 10)
    yield "documents", "---\n" * (SIZE // 4)
    yield "tabs", "\t" * SIZE
    yield "integers", numbered(begin + "[", "]" + root, str, ",")
    yield "floats", numbered(begin + "[", "]" + root, lambda i: f"{i}.5e-{i % 300}", ",")
    yield "many keys", numbered(begin + "{", "}" + root, lambda i: f"k{i}: {i}", ", ")
    yield "many bytes", numbered(begin + "[", "]" + root, lambda i: '{$bytes: "AAEC"}', ",")
    yield "lists in lists", numbered(begin + "[", "]" + root,
                                     lambda i: "[" * 60 + "]" * 60, ",")
    members = "ckpt-manifest: 1\nroot:\n  module: ''\n  members:\n"
    yield "many modules", numbered(members, "", lambda i: f"    m{i}: {{module: ''}}\n", "")
    yield "many tensors", numbered(members, "",
                                   lambda i: f"    t{i}: {{parameter: f32, shape: [1]}}\n", "")
    yield "many ties", numbered(members + "    t: &t {parameter: f32, shape: [1]}\n", "",
                                lambda i: f"    t{i}: *t\n", "")
    yield "many anchors", numbered(members, "",
                                   lambda i: f"    m{i}: &a{i} {{module: ''}}\n", "")
    layers = "".join(f"    m{i}: &m{i} {{module: '', members: {{a: *m{i - 1}, b: *m{i - 1}}}}}\n"
                     for i in range(1, 120))
    yield "many paths", members + "    m0: &m0 {module: ''}\n" + layers
    yield "large shapes", numbered(members, "", lambda i: f"    t{i}: {{parameter: f32, shape: ["
                                   + "1, " * 63 + "1]}\n", "")


def safetensors(header, payload=b""):
    header = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(header)) + header + payload


def headers():
    yield "brackets", fill(b"", b"[")
    yield "objects", fill(b"", b'{"a":')
    yield "spaces", fill(b"{", b" ", b"}")
    yield "one name", fill(b'{"', b"x", b'":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')
    yield "escapes", fill(b'{"', b"\\u0041", b'":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')
    yield "digits", fill(b'{"a":{"dtype":"U8","shape":[', b"1", b"]}}")
    yield "extents", fill(b'{"a":{"dtype":"U8","shape":[', b"1,", b'1],"data_offsets":[0,1]}}')
    empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    yield "tensors", numbered("{", "}", lambda i: f'"{i}":{empty}', ",").encode()
    yield "modules", numbered("{", "}", lambda i: f'"{i}.a":{empty}', ",").encode()
    yield "equal names", numbered("{", "}", lambda i: f'"a":{empty}', ",").encode()
    yield "deep names", numbered("{", "}", lambda i: f'"{"a." * 126}{i}":{empty}', ",").encode()
    yield "deep names that part", numbered(
        "{", "}", lambda i: f'"{i}{".a" * 126}":{empty}', ",").encode()
    for parts in (2, 3, 4, 8, 16):
        yield f"names of {parts} modules each", numbered(
            "{", "}", lambda i: f'"{i:x}{".a" * parts}":{empty}', ",").encode()
    yield "dots", fill(b'{"', b".", b'":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')
    yield "metadata", numbered('{"__metadata__":{', "}}", lambda i: f'"{i}":""', ",").encode()
    yield "one metadata text", fill(b'{"__metadata__":{"a":"', b"x", b'"}}')
    yield "equal metadata", numbered('{"__metadata__":{', "}}", lambda i: '"a":""', ",").encode()


def npy(header):
    version, size = (b"\x01\0", "<H") if len(header) < 65536 else (b"\x03\0", "<I")
    return b"\x93NUMPY" + version + struct.pack(size, len(header)) + header


def npy_headers():
    begin = b"{'descr': '<f4', 'fortran_order': False, 'shape': ("
    yield "extents", fill(begin, b"1,", b"), }\n")
    yield "digits", fill(begin, b"1", b",), }\n")
    yield "parentheses", fill(begin, b"(", b"\n")
    yield "spaces", fill(begin + b"), }", b" ", b"\n")
    yield "one long descr", fill(b"{'descr': '", b"<f4", b"'\n")


def many(make):
    """The file of about the greatest number for which it is not too large."""
    first, second = len(make(1000)), len(make(2000))
    n = int(1000 + (SIZE - first) / (second - first) * 1000)
    data = make(n)
    while len(data) > SIZE:
        n = n * 15 // 16
        data = make(n)
    return data


def files():
    def tensor(shape=(0,), **more):
        return Tensor("u8", shape, Storage(b""), **more)

    def modules(n):
        return Image(Module("", members=[(f"{i:x}", Module("")) for i in range(n)])).build()

    def tensors(n):
        return Image(Module("", members=[(f"{i:x}", tensor()) for i in range(n)])).build()

    def ties(n):
        tied = tensor()
        return Image(Module("", members=[(f"{i:x}", tied) for i in range(n)])).build()

    def ranks(n):
        return Image(Module("", members=[(f"{i:x}", tensor((0,) + (1,) * 63))
                                 for i in range(n)])).build()

    def keys(n):
        return Image(Module(""), {f"{i:x}": i for i in range(n)}).build()

    def lists(n):
        def nested(depth):
            return [nested(depth - 1)] if depth else []
        return Image(Module(""), {f"{i:x}": nested(60) for i in range(n)}).build()

    def texts(n):
        return Image(Module(""), {"a": [f"{i:x}" for i in range(n)]}).build()

    def paths(n):
        """Two ways from each module to the next: 2^25 names; the rest are texts."""
        module = Module("")
        for _ in range(25):
            module = Module("", members=[("a", module), ("b", module)])
        return Image(module, {"a": [f"{i:x}" for i in range(n)]}).build()

    for make in (modules, tensors, ties, ranks, keys, lists, texts, paths):
        yield make.__name__, many(make)


def inputs():
    """(name, "open" or "manifest", bytes)"""
    for name, text in manifests():
        yield f"manifest: {name}", "manifest", text.encode()[:SIZE]
    for name, header in headers():
        yield f"safetensors: {name}", "open", safetensors(header[:SIZE - 8])
    for name, header in npy_headers():
        yield f"npy: {name}", "open", npy(header[:SIZE - 12])
        yield f"npy, short: {name}", "open", npy(header[:30000] + header[-8:])
    for name, data in files():
        yield f"ckpt: {name}", "open", data
