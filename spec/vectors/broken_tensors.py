# SPDX-License-Identifier: MIT
"""Files that break a rule of sections 7 and 8: tensors, storages and their bytes."""

from breaking import (HUGE, broken, byte, case, chunks, empty, fields, sample, storages,
                      tensor)
from image import NONE, Image, Module, Storage, Tensor, align

# ---- section 7: tensors ----

fields("T1-storage-is-count", sample, "tensors", 0, storage=2)
fields("T1-storage-of-31-bits", sample, "tensors", 0, storage=2**31)
fields("T1-storage-of-32-bits", sample, "tensors", 0, storage=NONE)
fields("T1-no-storages", lambda: tensor("u8", [0], 0), "tensors", 0, storage=1)
fields("T1-dtype-is-count", sample, "tensors", 0, dtype=1)
fields("T1-dtype-of-15-bits", sample, "tensors", 0, dtype=2**15)
fields("T1-dtype-of-16-bits", sample, "tensors", 0, dtype=65535)
case("T2-rank-65", lambda: tensor("u8", [1] * 65, 1))
case("T2-rank-65-empty", lambda: tensor("u8", [0] * 65, 0))
case("T2-rank-255", lambda: tensor("u8", [1] * 255, 1))
fields("T3-flag-3", sample, "tensors", 0, flags=5 | 8)
fields("T3-flag-7", sample, "tensors", 0, flags=5 | 128)
case("T3-buffer-requires-grad", lambda: tensor("f32", [1], 4, buffer=True, grad=True))
for _dtype, _shape, _size in (("bool", [0], 0), ("u8", [1], 1), ("i64", [1], 8),
                              ("q4_0", [32], 18), (("x1", 7, 1, 1), [1], 1)):
    _name = _dtype if isinstance(_dtype, str) else "opaque"
    case(f"T3-requires-grad-{_name}", lambda d=_dtype, s=_shape, n=_size: tensor(
        d, s, n, buffer=False, grad=True))
fields("T4-first-is-1", lambda: tensor("u8", [], 1), "tensors", 0, first_dimension=1)
fields("T4-first-too-small", sample, "tensors", 1, first_dimension=0)
fields("T4-first-too-great", sample, "tensors", 1, first_dimension=5)
fields("T4-first-of-63-bits", sample, "tensors", 1, first_dimension=2**63)
fields("T4-first-of-64-bits", sample, "tensors", 1, first_dimension=HUGE)
case("T4-too-many", lambda: tensor("u8", [1], 1), lambda image: image.dimensions.append(
    {"value": 1}))
case("T4-too-few", lambda: tensor("u8", [1], 1), lambda image: image.dimensions.pop())
case("T4-none-for-rank-64", lambda: tensor("u8", [], 1), lambda image: image.tensors[0].update(
    rank=64))
case("T4-too-few-strides", lambda: tensor("u8", [2, 2], 4, strides=[1, 2]),
     lambda image: image.dimensions.pop())
for _what, _dtype, _shape in (
        ("extent-of-63-bits", "u8", [2**63, 0]), ("extent-of-64-bits", "u8", [0, HUGE]),
        ("product", "u8", [2**31, 2**32, 0]), ("product-of-64-bits", "u8", [2**32, 2**32, 0]),
        ("times-4", "f32", [2**61, 0]), ("times-16", "complex128", [2**59, 0]),
        ("blocks", "q8_k", [0, 2**56]), ("wraps-to-4", "f32", [4194305, 4194305, 211106198978564]),
        ("wraps-to-0", "u8", [2**32, 2**32]), ("rank-64", "u8", [2] * 63 + [0]),
        ("many", "u8", [HUGE] * 63 + [0])):
    case(f"T5-{_what}", lambda d=_dtype, s=_shape: tensor(d, s, 16, grad=False))
case("T6-strided-f4", lambda: tensor("f4_e2m1fn", [2, 2], 4, strides=[1, 2]))
case("T6-strided-blocks", lambda: tensor("q4_0", [2, 32], 36, strides=[0, 0]))
case("T6-blocks-of-rank-0", lambda: tensor("q4_0", [], 18))
case("T6-half-a-block", lambda: tensor("q4_0", [2, 16], 18))
case("T6-block-and-one", lambda: tensor("q4_0", [1, 33], 36))
case("T6-blocks-along-the-outer", lambda: tensor("q4_0", [32, 1], 18))
case("T6-f4-odd", lambda: tensor("f4_e2m1fn", [3, 3], 5))
case("T6-f4-scalar", lambda: tensor("f4_e2m1fn", [], 1))
case("T6-f6-two", lambda: tensor("f6_e2m3fn", [2], 3, buffer=True))
case("T7-dense", lambda: tensor("u8", [2, 3], 6, strides=[3, 1]))
case("T7-rank-0", lambda: tensor("u8", [], 1, strides=[]))
case("T7-one-element", lambda: tensor("u8", [1, 1], 1, strides=[5, 6]))
case("T7-no-elements", lambda: tensor("u8", [2, 0], 0, strides=[5, 6]))
case("T7-stride-of-1-matters-not", lambda: tensor("u8", [2, 1, 3], 6, strides=[3, 9, 1]))
case("T7-stride-of-63-bits", lambda: tensor("u8", [1, 2], 4, strides=[2**63, 3]))
case("T7-stride-of-64-bits", lambda: tensor("u8", [2, 1], 4, strides=[3, HUGE]))
case("T8-offset-no-multiple", lambda: tensor("f32", [1], 16, offset=2))
case("T8-offset-no-multiple-of-blocks", lambda: tensor("q4_0", [32], 64, offset=32))
case("T8-offset-no-multiple-empty", lambda: tensor("f32", [0], 16, offset=2))
case("T8-empty-behind", lambda: tensor("f32", [0], 16, offset=20))
case("T8-empty-behind-nothing", lambda: tensor("u8", [0], 0, offset=1))
case("T8-empty-of-64-bits", lambda: tensor("f32", [0], 16, offset=2**64 - 4))
case("T8-dense", lambda: tensor("f32", [5], 16))
case("T8-dense-with-offset", lambda: tensor("f32", [4], 16, offset=4))
case("T8-dense-offset-is-size", lambda: tensor("f32", [1], 16, offset=16))
case("T8-dense-wraps", lambda: tensor("f32", [2], 16, offset=2**64 - 4))
case("T8-dense-of-32-bits", lambda: tensor("u8", [2**32 + 1], 1))
case("T8-dense-of-62-bits", lambda: tensor("u8", [2**63 - 1], 1))
case("T8-blocks", lambda: tensor("q4_0", [2, 32], 35))
case("T8-scalar", lambda: tensor("f32", [], 3))
case("T8-strided", lambda: tensor("f32", [3, 2], 20, strides=[1, 3]))
case("T8-strided-with-offset", lambda: tensor("f32", [3, 2], 24, offset=4, strides=[1, 3]))
case("T8-strided-times-4-wraps", lambda: tensor("f32", [2], 16, strides=[2**62]))
case("T8-strided-product-wraps", lambda: tensor("u8", [2**32 + 1], 16, strides=[2**32]))
case("T8-strided-sum-wraps", lambda: tensor("u8", [3, 2, 2], 16, strides=[2**62, 2**62, 2**62]))
case("T8-strided-offset-wraps", lambda: tensor("f32", [2], 16, offset=2**64 - 8, strides=[2]))
case("T8-strided-overlap-behind", lambda: tensor("f32", [2], 16, offset=16, strides=[0]))


def loose_storage(size):
    def change(image):
        image.payload.append(Storage(bytes(size)))
        image.place()
    return change


case("T9-not-viewed", lambda: tensor("u8", [1], 1), loose_storage(7))
case("T9-empty-not-viewed", lambda: tensor("u8", [1], 1), loose_storage(0))
case("T9-nothing-but-a-storage", empty, loose_storage(1))

# ---- section 8: storages ----

fields("P1-encoding-2", sample, "storages", 0, encoding=2)
fields("P1-encoding-255", sample, "storages", 1, encoding=255)
fields("P1-part-0", sample, "storages", 0, part=0)
fields("P1-part-last", sample, "storages", 1, part=NONE - 1)
fields("P2-stored-size-0", sample, "storages", 0, stored_size=0)
fields("P2-stored-size-less", sample, "storages", 0, stored_size=23)
fields("P2-stored-size-more", sample, "storages", 1, stored_size=9)
fields("P2-stored-size-of-64-bits", sample, "storages", 0, stored_size=HUGE)
fields("P2-empty-with-stored-size", lambda: tensor("u8", [0], 0), "storages", 0, stored_size=64)
for _bits, _size in ((63, 2**63), (64, HUGE)):
    case(f"P2-size-of-{_bits}-bits", storages(10, chunk_log2=0),
         lambda image, size=_size: image.storages[0].update(size=size, stored_size=size))
fields("P3-empty-with-offset", lambda: tensor("u8", [0], 0), "storages", 0, offset=8192)
fields("P3-empty-with-chunks", lambda: tensor("u8", [0], 0), "storages", 0, chunk_log2=12)


def moved(name, image, offsets, index=0, data=True):
    """Puts the storages elsewhere; index: how much later the index begins."""
    def change(made):
        for record, offset in zip(made.storages, offsets):
            record["offset"] = offset
        if data:
            made.placed = [(offset, raw) for (_, raw), offset in zip(made.placed, offsets)]
        made.index_offset += index
    case(name, image, change)


moved("P4-hole-before-the-first", storages(10, 10), [8256, 8320], 64)
moved("P4-hole", storages(10, 10), [8192, 8320], 64)
moved("P4-hole-before-the-index", storages(10, 10), [8192, 8256], 64)
moved("P4-hole-before-the-index-of-an-empty-file", empty, [], 64)
moved("P4-overlap", storages(64, 64), [8192, 8192], data=False)
moved("P4-overlap-half", storages(128, 128), [8192, 8256], data=False)
moved("P4-overlap-with-the-index", storages(64, 64), [8192, 8256], -64, data=True)
moved("P4-misaligned", storages(10, 10), [8192, 8208])
moved("P4-wrong-order", storages(64, 64), [8256, 8192])
moved("P4-in-the-header", storages(64, 64), [4096, 8256], data=False)
moved("P4-offset-0", storages(64, 64), [0, 8256], data=False)
moved("P4-offset-of-32-bits", storages(64, 64), [8192, 2**32 + 8256], data=False)
moved("P4-offset-of-63-bits", storages(64, 64), [8192, 2**63], data=False)
moved("P4-offset-of-64-bits", storages(64, 64), [8192, 2**64 - 64], data=False)
fields("P4-size-reaches-into-the-index", storages(64, chunk_log2=0), "storages", 0, size=65,
       stored_size=65)
case("P4-size-of-62-bits", storages(64, chunk_log2=0), lambda image: image.storages[0].update(
    size=2**63 - 1, stored_size=2**63 - 1))


@broken("P4-large-not-on-a-page")
def _():
    """A storage of 65536 bytes at a multiple of 64 only."""
    image = storages(1, 65536)()
    image.storages[1]["offset"] = 8256
    image.placed[1] = (8256, image.placed[1][1])
    image.index_offset = align(8256 + 65536, 64)
    return image.build()


@broken("P4-small-on-a-page")
def _():
    """As if 65535 were large already. The content is zeros, which pack well."""
    root = Module("M", None, [("a", Tensor("u8", [1], Storage(b"1"), buffer=True)),
                              ("b", Tensor("u8", [4095], Storage(bytes(4095)), buffer=True))])
    image = Image(root)
    image.storages[1]["offset"] = 12288
    image.placed[1] = (12288, image.placed[1][1])
    image.index_offset = align(12288 + 4095, 64)
    return image.build()


for _log2 in (1, 11, 31, 63, 64, 255):
    case(f"P5-{_log2}", storages(24, chunk_log2=_log2))
fields("P6-first-is-1", chunks, "storages", 0, first_chunk=1)
fields("P6-first-too-small", chunks, "storages", 1, first_chunk=1)
fields("P6-first-too-great", chunks, "storages", 1, first_chunk=3)
fields("P6-first-of-64-bits", chunks, "storages", 1, first_chunk=HUGE)
fields("P6-first-without-chunks", storages(24, chunk_log2=0), "storages", 0, first_chunk=1)
fields("P6-first-of-empty", lambda: tensor("u8", [0], 0), "storages", 0, first_chunk=1)
fields("P6-larger-chunks", chunks, "storages", 0, chunk_log2=13)
case("P6-too-many", chunks, lambda image: image.chunks.append({"checksum": 0}))
case("P6-too-few", chunks, lambda image: image.chunks.pop())
case("P6-none", sample, lambda image: image.chunks.clear())
fields("C2-checksum", sample, "chunks", 0, checksum=1)
fields("C2-checksum-0", sample, "chunks", 1, checksum=0)
case("C2-first-bit", chunks, on_file=lambda file: file.__setitem__(8192, file[8192] ^ 1))
case("C2-second-chunk", chunks, on_file=lambda file: file.__setitem__(
    8192 + 4096, file[8192 + 4096] ^ 0x80))
case("C2-last-byte-of-last-chunk", chunks, on_file=lambda file: file.__setitem__(
    8192 + 4999, file[8192 + 4999] ^ 1))
case("C2-storages-swapped", storages(64, 64), lambda image: image.placed.reverse() or setattr(
    image, "placed", [(a, data) for (a, _), (_, data) in zip(image.placed[::-1], image.placed)]))
byte("Y1-between-storages", 8192 + 10, storages(10, 10))
byte("Y1-last-before-a-storage", 8192 + 63, storages(10, 10))
byte("Y1-before-the-index", 8192 + 127, storages(10, 10))
byte("Y1-without-checksums", 8192 + 63, storages(10, chunk_log2=0))
byte("Y1-before-a-page", 8192 + 4095, storages(10, 65536))
