# SPDX-License-Identifier: MIT
"""Files that break a rule of section 8.1: encoded storages."""

from breaking import HUGE, byte, case, chunks, fields, sample, slot
from image import Image, Module, Storage, Tensor
from planes import Bits, deflate, word
from sound import alike, pattern


def encoded(width=4, rotation=1, size=5000, chunk_log2=12, stored=None):
    """An encoded storage, of two chunks unless it is said otherwise, and a raw one."""
    first = Storage(alike(size), form=(width, rotation), chunks=stored)
    root = Module("M", None, [("e", Tensor("u8", [size], first, buffer=True)),
                              ("r", Tensor("u8", [5000], Storage(pattern(5000)), buffer=True))])
    return lambda: Image(root, chunk_log2=chunk_log2)


sound = encoded()

# ---- E1: the feature, the section and the storages say the same ----

slot("E1-no-feature", sound, required_features=0)
slot("E1-nothing-encoded", sample, required_features=2)
case("E1-no-ends", sound, lambda image: image.chunk_ends.clear())


@lambda change: case("E1-ends-of-raw-chunks", chunks, change)
def _(image):
    image.chunk_ends = [{"end": end} for end in (4096, 5000, 10)]


# ---- E2: forms ----

for _width in (0, 3, 5, 9, 16, 255):
    fields(f"E2-width-{_width}", sound, "storages", 0, width=_width)
fields("E2-rotation-2", sound, "storages", 0, rotation=2)
fields("E2-rotation-255", sound, "storages", 0, rotation=255)
fields("E2-rotation-of-bytes", encoded(1, 0), "storages", 0, rotation=1)
fields("E2-raw-width", sample, "storages", 0, width=1)
fields("E2-raw-width-4", sound, "storages", 1, width=4)
fields("E2-raw-rotation", sample, "storages", 0, rotation=1)
fields("E2-raw-form-of-nothing", lambda: Image(Module("M", None, [
    ("t", Tensor("u8", [0], Storage(b""), buffer=True))])), "storages", 0, width=1)
fields("E2-chunks-of-2-to-the-25", encoded(chunk_log2=25), "storages", 0)
fields("E2-chunks-of-2-to-the-30", encoded(chunk_log2=30), "storages", 0)


@lambda change: case("E2-no-chunks", sound, change)
def _(image):
    image.storages[0]["chunk_log2"] = image.storages[1]["first_chunk"] = 0
    del image.chunks[:2], image.chunk_ends[:2]


# ---- P1, P2, P4 as they concern encoded storages ----

fields("P2-encoded-size-0", sound, "storages", 0, stored_size=0)
fields("P2-encoded-not-smaller", sound, "storages", 0, stored_size=5000)
fields("P2-encoded-of-64-bits", sound, "storages", 0, stored_size=HUGE)
fields("P2-encoded-nothing", lambda: Image(Module("M", None, [
    ("t", Tensor("u8", [0], Storage(b""), buffer=True))])), "storages", 0, encoding=1)


@lambda change: case("P4-encoded-on-a-page", encoded(1, 0, 5000), change)
def _(image):
    """As if its size in memory told the alignment."""
    image.storages[0]["offset"] += 4096
    image.storages[1]["offset"] += 4096
    image.placed = [(offset + 4096, data) for offset, data in image.placed]
    image.index_offset += 4096


# ---- E3: ends ----

fields("E3-first-end-0", sound, "chunk_ends", 0, end=0)
fields("E3-second-is-first", sound, "chunk_ends", 1, end=1)
fields("E3-last-of-raw-too-great", sound, "chunk_ends", 3, end=5001)
for _what, _step in (("small", -1), ("great", 1)):
    case(f"E3-last-too-{_what}", sound, lambda image, step=_step: image.chunk_ends[1].update(
        end=image.chunk_ends[1]["end"] + step))
fields("E3-first-behind-the-storage", sound, "chunk_ends", 0, end=4999)
fields("E3-of-64-bits", sound, "chunk_ends", 1, end=HUGE)
case("E3-too-few", sound, lambda image: image.chunk_ends.pop())
case("E3-too-many", sound, lambda image: image.chunk_ends.append({"end": 5001}))

# ---- E4: sizes of chunks ----

fields("E4-raw-end", sound, "chunk_ends", 2, end=4095)
fields("E4-nothing-but-words", sound, "chunk_ends", 0, end=16)
fields("E4-shorter-than-words", sound, "chunk_ends", 0, end=15)
case("E4-more-than-1032", encoded(1, 0, 4096, stored=[word(1, 3) + b"\x03\x00\x00"]))
case("E4-more-than-stored", encoded(1, 0, 9000, stored=[
    word(0, 4096) + pattern(4096) + b"\x00", word(1, 9) + bytes(9), word(1, 9) + bytes(9)]))

# ---- C3: chunks ----

SIZE = 600
DATA = alike(SIZE)
STREAM = deflate(DATA)


def chunk(name, *planes, width=1):
    """planes: (method, bytes), or (method, bytes, size that the word says)."""
    words = b"".join(word(plane[0], plane[2] if len(plane) > 2 else len(plane[1]))
                     for plane in planes)
    stored = words + b"".join(plane[1] for plane in planes)
    case(name, encoded(width, 0, SIZE, stored=[stored]))


def made(*numbers):
    """A stream of numbers (value, bits)."""
    out = Bits()
    for value, count in numbers:
        out.number(value, count)
    return out.bytes()


chunk("C3-method-2", (2, STREAM))
chunk("C3-method-3", (3, STREAM))
chunk("C3-word-too-small", (1, STREAM, len(STREAM) - 1))
chunk("C3-word-too-great", (1, STREAM, len(STREAM) + 1))
chunk("C3-word-of-30-bits", (1, STREAM, 2**30 - 1))
chunk("C3-byte-behind-the-stream", (1, STREAM + b"\x00"))
chunk("C3-two-streams", (1, STREAM + deflate(b"")))
chunk("C3-stream-ends-early", (1, STREAM[:-1]))
chunk("C3-no-stream", (1, b"\x00" * 8))
chunk("C3-one-byte-less", (1, deflate(DATA[:-1])))
chunk("C3-one-byte-more", (1, deflate(DATA + b"\x09")))
chunk("C3-many-bytes-more", (1, deflate(DATA + bytes(20000))))
chunk("C3-nothing-in-it", (1, deflate(b"") + bytes(0)))
chunk("C3-block-type-3", (1, made((1, 1), (3, 2)) + bytes(8)))
chunk("C3-stored-block-with-wrong-length", (1, made((1, 1), (0, 2)) + b"\x08\x00\x08\x00" + bytes(8)))
chunk("C3-distance-too-far", (1, deflate(DATA, distance=29)))
chunk("C3-distance-30", (1, deflate(DATA, distance=30)))
chunk("C3-zlib-header", (1, b"\x78\x9c" + STREAM + b"\x00\x00\x00\x00"))
chunk("C3-preset-dictionary", (1, b"\x78\xbb\x00\x00\x00\x01" + STREAM))
chunk("C3-gzip-header", (1, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + STREAM))
chunk("C3-no-last-block", (1, bytes([STREAM[0] & 0xFE]) + STREAM[1:]))
chunk("C3-stored-plane-too-short", (1, deflate(DATA[::2])), (0, DATA[1:-2:2]), width=2)
chunk("C3-methods-swapped", (0, STREAM))
# Streams that are as large as what is in them: blocks of type 0.
chunk("C3-deflated-not-smaller", (1, b"\x01\x27\x01\xd8\xfe" + DATA[:295]), (1, deflate(DATA[1::2])), width=2)
chunk("C3-sizes-swapped", (0, DATA[:300], 200), (1, deflate(DATA[300:]), 100 + len(deflate(
    DATA[300:]))), width=2)
case("C3-empty-plane-with-bytes", encoded(8, 0, 4103, stored=[
    b"".join(word(1, len(deflate(alike(4096)[p::8]))) for p in range(8))
    + b"".join(deflate(alike(4096)[p::8]) for p in range(8)),
    b"".join(word(0, 1) for _ in range(6)) + word(0, 0) + word(0, 1) + b"1234567"]))

# ---- C2: the checksum is that of the bytes in the file ----

byte("C2-encoded", 8192 + 20, sound)
byte("C2-encoded-word", 8192, sound)
fields("C2-checksum-of-an-encoded-chunk", sound, "chunks", 1, checksum=5)
