# SPDX-License-Identifier: MIT
"""Encodes chunks as section 8.1 of ckpt-format.md says. The deflate streams come from a small encoder
here, not from zlib, so that the vectors are the same with every version of it."""

import struct


class Bits:
    """Bits in the order of RFC 1951: from the least significant on; codes from their first bit on."""

    def __init__(self):
        self.bits = []

    def number(self, value, count):
        self.bits += [value >> i & 1 for i in range(count)]

    def code(self, value, count):
        self.bits += [value >> i & 1 for i in reversed(range(count))]

    def symbol(self, symbol):
        """With the fixed codes of section 3.2.6."""
        if symbol < 144:
            self.code(0x30 + symbol, 8)
        elif symbol < 256:
            self.code(0x190 + symbol - 144, 9)
        elif symbol < 280:
            self.code(symbol - 256, 7)
        else:
            self.code(0xC0 + symbol - 280, 8)

    def bytes(self):
        padded = self.bits + [0] * (-len(self.bits) % 8)
        return bytes(sum(bit << i for i, bit in enumerate(padded[k:k + 8]))
                     for k in range(0, len(padded), 8))


def deflate(data, distance=0):
    """One block with fixed codes, which finds only runs of one byte. distance: the code of that of
    all repeats, 0 as it must be."""
    out = Bits()
    out.number(1, 1)
    out.number(1, 2)
    i = 0
    while i < len(data):
        out.symbol(data[i])
        end = i + 1
        while end < len(data) and data[end] == data[i]:
            end += 1
        left, i = end - i - 1, i + 1
        for length, symbol in ((258, 285), (3, 257)):
            while left >= length:
                out.symbol(symbol)
                out.code(distance, 5)
                left, i = left - length, i + length
    out.symbol(256)
    return out.bytes()


def rotated(data, width):
    code = {2: "H", 4: "I", 8: "Q"}[width]
    count, bits = len(data) // width, 8 * width
    numbers = struct.unpack_from(f"<{count}{code}", data)
    turned = (x << 1 & (1 << bits) - 1 | x >> bits - 1 for x in numbers)
    return struct.pack(f"<{count}{code}", *turned) + data[count * width:]


def word(method, size):
    return struct.pack("<I", method << 30 | size)


def encode(data, width, rotation):
    """The bytes of a chunk in the file."""
    data = rotated(data, width) if rotation else data
    words, planes = b"", b""
    for p in range(width):
        plane = data[p::width]
        deflated = deflate(plane)
        method = int(len(deflated) < len(plane))
        stored = deflated if method else plane
        words += word(method, len(stored))
        planes += stored
    return words + planes
