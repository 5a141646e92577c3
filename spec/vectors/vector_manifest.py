# SPDX-License-Identifier: MIT
"""The canonical manifest (section 8 of spec/manifest.md) of a description in Python."""

import base64
import math
import re
import struct

from image import DTYPES, Module, Tensor

CLASS_NAMES = (None, "bool", "uint", "int", "float", "complex", "block", "opaque")
PLAIN = re.compile(r"[A-Za-z_$](?:[A-Za-z0-9 _\-./$+()@]*[A-Za-z0-9_\-./$+()@])?")
AMBIGUOUS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
LINE_BREAKS = frozenset("\r\n\u0085\u2028\u2029")
SHORT = {0x07: "a", 0x08: "b", 0x09: "t", 0x0A: "n", 0x0B: "v", 0x0C: "f", 0x0D: "r", 0x1B: "e",
         0x22: '"', 0x5C: "\\", 0x85: "N", 0x2028: "L", 0x2029: "P"}


def printable(code):
    """Neither a control character nor one that changes how the text around it is shown."""
    ranges = ((0, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E),
              (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF),
              (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF), (0x10000, 0x10FFFF))
    return not any(first <= code <= last for first, last in ranges)


def escaped(character):
    code = ord(character)
    if code in SHORT:
        return "\\" + SHORT[code]
    if printable(code):
        return character
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def string(text):
    if PLAIN.fullmatch(text) and text.lower() not in AMBIGUOUS:
        return text
    return '"' + "".join(escaped(character) for character in text) + '"'


def decimal(value):
    """(sign, shortest digits, exponent of the first), from what repr gives."""
    sign, mantissa, power = re.fullmatch(r"(-?)([0-9.]+)(?:e([-+]\d+))?", repr(value)).groups()
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    digits = whole + fraction
    exponent -= len(digits) - len(digits.lstrip("0"))
    return sign, digits.strip("0"), exponent


def number(value):
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    if math.isnan(value):
        bits, = struct.unpack("<Q", struct.pack("<d", value))
        return ".nan" if bits == 0x7FF8000000000000 else f'{{$float: "{bits:#018x}"}}'
    sign, digits, exponent = decimal(value)
    if value == 0:
        return sign + "0.0"
    if -4 <= exponent < 16:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        whole = digits[:exponent + 1].ljust(exponent + 1, "0")
        return f"{sign}{whole}.{digits[exponent + 1:] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}e{exponent:+d}"


def value_text(value):
    """In flow style, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, bytes):
        return f'{{$bytes: "{base64.b64encode(value).decode()}"}}'
    if isinstance(value, list):
        return "[" + ", ".join(value_text(element) for element in value) + "]"
    return "{" + ", ".join(f"{key_text(k, ' :')} {value_text(v)}" for k, v in value.items()) + "}"


def simple(key):
    """Whether libyaml writes a key without a question mark."""
    return len(key.encode()) <= 128 and not LINE_BREAKS.intersection(key)


def key_text(key, colon):
    """A key of a map of values, and its colon."""
    key = "$" + key if key.startswith("$") else key
    return string(key) + ":" if simple(key) else f"? {string(key)}{colon}"


def span(tensor):
    """Bytes from the first element on that the view reaches."""
    _, _, elements, size = tensor.dtype
    count = math.prod(tensor.shape)
    if count == 0 or tensor.strides is None:
        return count // elements * size
    return (1 + sum((e - 1) * s for e, s in zip(tensor.shape, tensor.strides))) * size


class Writer:
    def __init__(self, root, metadata):
        self.root, self.metadata, self.lines = root, metadata, ["ckpt-manifest: 1"]
        self.places, self.anchors, self.order = {}, {}, []
        self.look_around()
        self.list_storages()

    def look_around(self):
        """How many names each module and tensor has, and in which order they are met."""
        work = [self.root]
        while work:
            thing = work.pop()
            self.places[id(thing)] = self.places.get(id(thing), 0) + 1
            if self.places[id(thing)] == 1:
                self.order.append(thing)
                if isinstance(thing, Module):
                    work.extend(member for _, member in reversed(thing.members))
        for kind, word in ((Module, "shared"), (Tensor, "tied")):
            tied = [thing for thing in self.order
                    if isinstance(thing, kind) and self.places[id(thing)] > 1]
            self.anchors |= {id(thing): f"{word}{i}" for i, thing in enumerate(tied, 1)}

    def list_storages(self):
        viewers = {}
        for tensor in self.order:
            if isinstance(tensor, Tensor):
                viewers.setdefault(id(tensor.storage), []).append(tensor)
        self.storages, self.sizes = {}, []
        for number_, tensors in viewers.items():
            size = len(tensors[0].storage.data)
            if len(tensors) > 1 or tensors[0].offset or size > span(tensors[0]):
                self.storages[number_] = len(self.sizes)
                self.sizes.append(size)

    def text(self):
        if self.metadata:
            self.lines.append("metadata:")
            for key, value in self.metadata.items():
                self.lines.append(f"  {key_text(key, chr(10) + '  :')} {value_text(value)}")
        if self.sizes:
            self.lines.append("storages:")
            self.lines += [f"- {{size: {size}}}" for size in self.sizes]
        self.members([("root", self.root)])
        return "\n".join(self.lines) + "\n"

    def members(self, top):
        done = set()
        work = [(0, name, thing) for name, thing in top]
        while work:
            depth, name, thing = work.pop()
            pad, key = "  " * depth, string(name)
            joined = not simple(name)  # then a block map begins on the line of the colon
            head = f"{pad}? {key}\n{pad}:" if joined else f"{pad}{key}:"
            anchor = self.anchors.get(id(thing))
            if id(thing) in done:
                self.lines.append(f"{head} *{anchor}")
                continue
            done.add(id(thing))
            head += f" &{anchor}" if anchor else ""
            if isinstance(thing, Tensor):
                self.lines.append(f"{head} {self.tensor(thing)}")
            elif not thing.members:
                self.lines.append(f"{head} {{{', '.join(self.module(thing))}}}")
            else:
                lines = [f"{pad}  {line}" for line in (*self.module(thing), "members:")]
                if joined and not anchor:
                    lines[0] = f"{head} {lines[0].strip()}"
                else:
                    self.lines.append(head)
                self.lines += lines
                work += [(depth + 2, *member) for member in reversed(thing.members)]

    @staticmethod
    def module(module):
        lines = [f"module: {string(module.type)}"]
        if module.attributes:
            lines.append(f"attributes: {value_text(module.attributes)}")
        return lines

    def tensor(self, tensor):
        name, class_, elements, size = tensor.dtype
        dtype = name
        if name not in DTYPES:
            dtype = (f"{{name: {string(name)}, class: {CLASS_NAMES[class_]},"
                     f" block_elements: {elements}, block_bytes: {size}}}")
        parts = ["buffer: " + dtype if tensor.buffer else "parameter: " + dtype,
                 f"shape: {value_text(list(tensor.shape))}"]
        if tensor.strides is not None:
            parts.append(f"strides: {value_text(list(tensor.strides))}")
        if id(tensor.storage) in self.storages:
            parts.append(f"storage: {self.storages[id(tensor.storage)]}")
            if tensor.offset:
                parts.append(f"storage_offset: {tensor.offset // size * elements}")
        if not tensor.buffer and class_ in (4, 5) and not tensor.grad:
            parts.append("requires_grad: false")
        return "{" + ", ".join(parts) + "}"


def manifest(root, metadata):
    return Writer(root, metadata).text()
