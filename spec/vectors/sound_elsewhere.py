# SPDX-License-Identifier: MIT
"""Files whose storages are encoded (section 8.1) or lie in other files (section 8.2)."""

import struct

from image import PAGE, Module, Storage, Tensor
from sound import alike, floats, pattern, ramp, valid, written
from sound_plain import small

# ---- encoded storages ----

@valid
def encoded():
    """Every width and rotation, several chunks, ends that are no whole elements, and what is raw."""
    root = Module("Encoded", None, [
        ("bytes", Tensor("u8", [5000], Storage(alike(5000), form=(1, 0)), buffer=True)),
        ("bf16", Tensor("bf16", [3000], Storage(alike(6000), form=(2, 1)))),
        ("raw", Tensor("u8", [4097], Storage(pattern(4097)), buffer=True)),
        ("f32", Tensor("f32", [2048], Storage(alike(8192), form=(4, 1)))),
        ("i32", Tensor("i32", [100], Storage(alike(400), form=(4, 0)), buffer=True)),
        ("f64", Tensor("f64", [512], Storage(alike(4096), form=(8, 1)))),
        ("i64", Tensor("i64", [513], Storage(alike(4104), form=(8, 0)), buffer=True)),
        ("odd", Tensor("u8", [4099], Storage(alike(4099), form=(4, 1)), buffer=True)),
        ("odder", Tensor("u8", [4111], Storage(alike(4111), form=(8, 1)), buffer=True)),
        ("odd pair", Tensor("u8", [701], Storage(alike(701), form=(2, 1)), buffer=True)),
        ("unchecked", Tensor("u8", [100], Storage(pattern(100), chunk_log2=0), buffer=True))])
    return written(root, chunk_log2=12)


@valid
def encoded_views():
    """Strided and overlapping views of an encoded storage, and a tie."""
    data = struct.pack("<1200f", *(1.0 + i // 100 for i in range(1200)))
    storage = Storage(data, form=(4, 1))
    tied = Tensor("f32", [10], storage, offset=400)
    return written(Module("Views", None, [
        ("whole", Tensor("f32", [30, 40], storage)),
        ("transposed", Tensor("f32", [40, 30], storage, strides=[1, 40])),
        ("column", Tensor("f32", [30], storage, offset=156, strides=[40])),
        ("windows", Tensor("f32", [5, 1100], storage, strides=[7, 1])),
        ("again", tied), ("tied", tied)]), chunk_log2=12)


# ---- storages in other files ----

def shard(*pieces):
    """The bytes of a shard: each piece where a storage of it may begin."""
    file = b""
    for piece in pieces:
        file += bytes(-len(file) % (PAGE if len(piece) >= 65536 else 64)) + piece
    return file


SHARD_WEIGHT, SHARD_BIAS = ramp(24).data, ramp(4, 9.0).data
SHARD_CHUNKED, SHARD_ENCODED = pattern(5000, 6), alike(5000)
ENCODED_IN_SHARD = Storage(SHARD_ENCODED, form=(4, 1)).stored(12)
PART_FILES = {
    "shard-1.part": shard(SHARD_WEIGHT, SHARD_BIAS),
    "shard-2.part": shard(SHARD_CHUNKED),
    "shard-3.part": shard(b"".join(ENCODED_IN_SHARD), SHARD_BIAS) + b"more",
    "old model.part": small()[0],
}


@valid
def shards():
    """All storages in two shards, but for one that has no bytes; a name that is a key as well."""
    root = Module("M", None, [
        ("weight", Tensor("f32", [4, 6], Storage(SHARD_WEIGHT, at=0, part="shard-1.part"))),
        ("chunked", Tensor("u8", [5000], Storage(SHARD_CHUNKED, at=0, part="shard-2.part"),
                           buffer=True)),
        ("nothing", Tensor("f32", [0], Storage(b""))),
        ("bias", Tensor("f32", [4], Storage(SHARD_BIAS, at=128, part="shard-1.part")))])
    return written(root, {"shard-1.part": 1}, chunk_log2=12, parts=PART_FILES)


@valid
def base():
    """One storage of another .ckpt file, and one of its own."""
    other = floats(1, 2, 3, 4)
    other.at, other.part = 8192, "old model.part"
    root = Module("M", None, [("new", Tensor("f32", [3], floats(5, 6, 7))),
                              ("old", Tensor("f32", [2, 2], other))])
    return written(root, parts=PART_FILES)


@valid
def encoded_shard():
    """An encoded storage in a shard, a raw one behind it, without checksums, and an encoded one in
    the file."""
    bias = 64 * -(-sum(map(len, ENCODED_IN_SHARD)) // 64)
    root = Module("M", None, [
        ("here", Tensor("u8", [5000], Storage(alike(5000, 100), form=(1, 0)), buffer=True)),
        ("there", Tensor("u8", [5000], Storage(SHARD_ENCODED, form=(4, 1), at=0,
                                               part="shard-3.part"), buffer=True)),
        ("bias", Tensor("f32", [4], Storage(SHARD_BIAS, chunk_log2=0, at=bias,
                                            part="shard-3.part")))])
    return written(root, chunk_log2=12, parts=PART_FILES)
