# SPDX-License-Identifier: MIT
"""The files that a reader must accept: VALID[name]() gives (bytes, root module, metadata)."""

import struct

from image import DTYPES, PAGE, Image, Module, Storage, Tensor, read_slot, slot_bytes

VALID = {}


def valid(function):
    VALID[function.__name__.replace("_", "-")] = function
    return function


def pattern(size, seed=1):
    """Bytes that do not repeat soon."""
    state, out = seed, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += struct.pack("<I", state >> 32)
    return bytes(out[:size])


def floats(*numbers):
    return Storage(struct.pack(f"<{len(numbers)}f", *numbers))


def ramp(count, first=0.0):
    return floats(*(first + 0.125 * i for i in range(count)))


def linear(inputs, outputs, first=0.0):
    return Module("Linear", {"in_features": inputs, "out_features": outputs, "bias": True},
                  [("weight", Tensor("f32", [outputs, inputs], ramp(inputs * outputs, first))),
                   ("bias", Tensor("f32", [outputs], ramp(outputs, -first)))])


def written(root, metadata=None, **options):
    return Image(root, metadata, **options).build(), root, metadata or {}


@valid
def empty():
    return written(Module(""))


@valid
def small():
    """The one that section 16 of the specification shows byte by byte."""
    shared = Module("Linear", {"bias": False}, [("weight", Tensor("f32", [2, 2],
                                                                 floats(1, 2, 3, 4)))])
    return written(Module("Sequential", None, [("0", shared), ("1", Module("ReLU")),
                                               ("2", shared)]))


@valid
def shared_module():
    root, shared = Module("Sequential"), linear(4, 4, 1.0)
    root.add("0", linear(6, 4, 0.5))
    root.add("1", Module("ReLU"))
    root.add("2", shared)
    root.add("3", Module("ReLU"))
    root.add("4", shared)
    root.add("5", Module("ReLU"))
    root.add("6", linear(4, 2, 2.0))
    return written(root, {"title": "a layer at two places", "accuracy": 0.975})


@valid
def shared_inside_shared():
    inner = linear(2, 2)
    block = Module("Sequential", None, [("0", inner), ("1", Module("Tanh")), ("2", inner)])
    # Mentioned first from the root, later from a block: the order of the members of the root is
    # not a topological one.
    return written(Module("Sequential", None, [("inner", inner), ("a", block), ("b", block)]))


@valid
def tied_tensor():
    table = Tensor("f32", [5, 2], ramp(10))
    embedding = Module("Embedding", {"num_embeddings": 5, "embedding_dim": 2}, [("weight", table)])
    head = Module("Linear", {"in_features": 2, "out_features": 5, "bias": False},
                  [("weight", table)])
    return written(Module("Model", None, [("embedding", embedding), ("head", head),
                                          ("again", table)]))


@valid
def views():
    storage = ramp(24)
    return written(Module("Views", None, [
        ("whole", Tensor("f32", [4, 6], storage)),
        ("transposed", Tensor("f32", [6, 4], storage, strides=[1, 6])),
        ("second row", Tensor("f32", [6], storage, offset=24)),
        ("third column", Tensor("f32", [4], storage, offset=8, strides=[6])),
        ("last", Tensor("f32", [], storage, offset=92)),
        ("as bytes", Tensor("u8", [96], storage, buffer=True)),
        ("one in the middle", Tensor("f32", [2, 1, 2], storage, offset=28, strides=[6, 77, 1]))]))


@valid
def overlapping():
    storage = ramp(8)
    return written(Module("Overlapping", None, [
        ("expanded", Tensor("f32", [3, 4], storage, strides=[0, 1])),
        ("windows", Tensor("f32", [4, 5], storage, strides=[1, 1])),
        ("all the same", Tensor("f32", [2, 3], storage, offset=28, strides=[0, 0]))]))


@valid
def zero_size():
    nothing, some = Storage(b""), ramp(4)
    return written(Module("Zero", None, [
        ("empty", Tensor("f32", [0], nothing)),
        ("empty too", Tensor("f32", [3, 0, 2], nothing)),
        ("wide", Tensor("u8", [2**62, 0], nothing, buffer=True)),
        ("some", Tensor("f32", [4], some)),
        ("none of some", Tensor("f32", [0, 4], some, offset=16)),
        ("empty alone", Tensor("i64", [0], Storage(b""), buffer=True)),
        ("no blocks", Tensor("q4_0", [4, 0], Storage(b""), buffer=True))]))


@valid
def scalars():
    return written(Module("Scalars", None, [
        ("scale", Tensor("f32", [], floats(0.5))),
        ("num_batches_tracked", Tensor("i64", [], Storage(struct.pack("<q", -3)), buffer=True)),
        ("flag", Tensor("bool", [], Storage(b"\x01"), buffer=True)),
        ("one", Tensor("f32", [1, 1, 1], floats(1.0), grad=False))]))


@valid
def dtypes():
    root = Module("Dtypes")
    for i, (name, (class_, elements, size)) in enumerate(DTYPES.items()):
        raw = b"\x00\x01" * 12 if class_ == 1 else pattern(size * 2, i + 1)
        shape = [2 * elements] if class_ != 1 else [4, 6]
        root.add(name, Tensor(name, shape, Storage(raw), buffer=class_ not in (4, 5)))
    return written(root)


@valid
def private_dtype():
    return written(Module("Private", None, [
        ("odd", Tensor(("x24", 7, 1, 3), [2, 3], Storage(pattern(18)))),
        ("packed", Tensor(("u12", 2, 2, 3), [4], Storage(pattern(6)), buffer=True)),
        ("quantised", Tensor(("my_q4", 6, 8, 5), [2, 16], Storage(pattern(20)))),
        ("small float", Tensor(("f5_e2m2", 4, 8, 5), [8], Storage(pattern(5)))),
        ("limit", Tensor(("a" * 32, 7, 65536, 65536), [0, 65536], Storage(b"")))]))


@valid
def names():
    root = Module("Module with a space")
    child = root.add("block 1", Module("", {"key with space": 1, "": 2, "a.b": 3, "ключ": 4}))
    child.add("", Module("Empty name", None, [("", Tensor("f32", [], floats(1.0)))]))
    child.add("2", Module("Числа", None, [("вес", Tensor("f32", [], floats(2.0)))]))
    child.add("10", Module("before 2 by name"))
    root.add("\x1b[31mred\x07", Module("control\tcharacters\n"))
    root.add("right\u202eto left", Module("\u2066isolate"))
    root.add("\"quoted\" \\ 'single'", Module("&anchor *alias: {a, b} # no comment"))
    root.add("true", Module("null", {"yes": "no", "~": "1", "1.5": "0x10", "- ": " x "}))
    root.add("\U0001d4dcathematical", Module("\ufffd\ufeff\u0080\u00a0"))
    root.add("two\nlines", Module("long key", {"k" * 129: [1], "l" * 128: {"two\nlines": 2}}))
    root.add("n" * 129, Module("", None, [("m" * 128, Module("leaf"))]))
    root.add("e\u0301 and \u00e9", Module("not normalised"))
    root.add("$bytes", Module("dollar", {"$bytes": "text", "$float": 1, "$$": 2}))
    root.add("\x7f", Module("\u2028\u2029\u0085"))
    return written(root, {"m" * 129: "long", "a\nb": "lines"})


@valid
def values():
    nan = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000))[0]
    odd_nan = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    deep = "the deepest place"
    for _ in range(63):
        deep = [deep]
    everything = {
        "null": None, "true": True, "false": False, "zero": 0, "minus one": -1,
        "greatest": 2**63 - 1, "least": -2**63, "pi": 3.141592653589793, "minus zero": -0.0,
        "tiny": 5e-324, "huge": 1.7976931348623157e308, "tenth": 0.1, "hundred": 100.0,
        "plain": 1e15, "exponent": 1e16, "small": 0.0001, "smaller": 0.00001,
        "infinity": float("inf"), "minus infinity": float("-inf"), "nan": nan, "odd nan": odd_nan,
        "empty string": "", "string": "text", "no number": "1e3", "lines": "one\ntwo\n",
        "no bytes": b"", "bytes": bytes(range(256)), "empty list": [], "empty map": {},
        "list": [1, "two", [3.0, [None]], {"four": b"5"}, b"\xde\xad"],
        "map": {"z": 1, "a": {"z": 2, "a": [{}, []]}, "m": 3}, "deep": deep}
    root = Module("Root", {"kernel_size": [3, 3], "options": {"eps": 1e-05, "affine": True}})
    root.add("child", Module("Child", everything))
    shallow = {key: value for key, value in everything.items() if key != "deep"}
    return written(root, {"everything": shallow, "text": "text"})


@valid
def no_checksums():
    root = Module("Mixed", None, [
        ("none", Tensor("f32", [3], Storage(struct.pack("<3f", 1, 2, 3), chunk_log2=0))),
        ("some", Tensor("f32", [3], floats(4, 5, 6))),
        ("none again", Tensor("u8", [5000], Storage(pattern(5000), chunk_log2=0), buffer=True))])
    return written(root)


@valid
def chunks():
    root = Module("Chunks", None, [
        ("exact", Tensor("u8", [8192], Storage(pattern(8192, 2)), buffer=True)),
        ("one more", Tensor("u8", [4097], Storage(pattern(4097, 3)), buffer=True)),
        ("one less", Tensor("u8", [4095], Storage(pattern(4095, 4)), buffer=True)),
        ("larger", Tensor("u8", [9000], Storage(pattern(9000, 5), chunk_log2=13), buffer=True)),
        ("largest", Tensor("u8", [1], Storage(b"\x2a", chunk_log2=30), buffer=True))])
    return written(root, chunk_log2=12)


@valid
def large_storage():
    root = Module("Large", None, [
        ("small", Tensor("u8", [65], Storage(pattern(65)), buffer=True)),
        ("below", Tensor("u8", [65535], Storage(pattern(65535)), buffer=True)),
        ("large", Tensor("u8", [65536], Storage(pattern(65536, 2)), buffer=True)),
        ("behind", Tensor("f32", [1], floats(1.0)))])
    return written(root, chunk_log2=14)


@valid
def limits():
    """The greatest depth (128), length of a dotted name (65535) and rank (64)."""
    module = root = Module("")
    name = "n" * 511
    for _ in range(127):
        module = module.add(name, Module(""))
    module.add(name, Tensor("u8", [1] * 62 + [2, 2], Storage(b"\1\2\3\4"), buffer=True))
    return written(root)


@valid
def other_order():
    """Not canonical: modules, storages and members of the file in an order of their own."""
    root = Module("Root", None, [
        ("a", Module("A", None, [("x", Tensor("f32", [1], floats(1.0)))])),
        ("b", Module("B", None, [("y", Tensor("f32", [1], floats(2.0)))]))])
    image = Image(root)
    image.tensors[0]["storage"], image.tensors[1]["storage"] = 1, 0
    image.placed = [(offset, data) for (offset, _), (_, data)
                    in zip(image.placed, reversed(image.placed))]
    image.chunks.reverse()
    return image.build(), root, {}


@valid
def minor_version_1():
    """Longer records, an unknown ancillary section, a string that only a later reader needs."""
    root = Module("Linear", {"bias": False}, [("weight", Tensor("f32", [2], floats(1, 2)))])
    options = {"minor": 1, "wider": 16, "extra": [(36, 0, 12, b"later" + bytes(19))],
               "extra_strings": ["only for later"], "extra_dtypes": [("u8", 2, 1, 1)]}

    def slots(both):
        both[0]["unused"] = bytes(range(48))
        both[0]["optional_features"] = 2**63 + 16
    return Image(root, None, **options).build(on_slots=slots), root, {}


@valid
def programs_section():
    """Sections that this version reserves and a reader ignores; `program` of a module with them."""
    root = Module("Linear", None, [("weight", Tensor("f32", [2], floats(1, 2)))])
    image = Image(root, None, extra=[(32, 0, 8, pattern(24)), (34, 0, 3, pattern(9))])
    image.modules[0]["program"] = 7

    def slots(both):
        both[0]["optional_features"] = 3
    return image.build(on_slots=slots), root, {}


@valid
def private_section():
    extra = [(0x80000000, 0, 1, b"mine"), (0x80000001, 0, 7, b""), (0xFFFFFFFF, 0, 24, pattern(48))]
    return written(Module("Root"), extra=extra)


# ---- generations ----

def first_generation():
    root = Module("Net", None, [("kept", Tensor("f32", [4], ramp(4))),
                                ("changed", Tensor("f32", [2], floats(1, 2)))])
    image = Image(root, {"step": 1})
    return image.build(), root, image


def second_generation(size=300):
    """(image, root, retired extents); size is that of the new storage."""
    file, root, image = first_generation()
    kept, changed = image.storages
    retired = [(changed["offset"], changed["size"], 2, 1, 0), retired_index(file, 0)]
    root = Module("Net", None, [
        ("kept", Tensor("f32", [4], Storage(root.members[0][1].storage.data, at=kept["offset"]))),
        ("changed", Tensor("f32", [2], floats(3, 4))),
        ("new", Tensor("u8", [size], Storage(pattern(size, 7)), buffer=True))])
    image = Image(root, {"step": 2}, sequence=2, kept=file, retired=retired)
    return image, root, retired


def retired_index(file, page):
    slot = read_slot(file, page)
    return (slot["index_offset"], slot["index_size"], 1, slot["sequence"], slot["index_checksum"])


@valid
def generation_2():
    image, root, _ = second_generation()
    return image.build(), root, {"step": 2}


@valid
def generation_3():
    image, root, retired = second_generation(65536)
    file = image.build()
    (_, kept), (_, changed), (_, new) = root.members
    retired = retired + [(image.storages[2]["offset"], 65536, 2, 2, 0), retired_index(file, 1)]
    kept.storage.at, changed.storage.at = (record["offset"] for record in image.storages[:2])
    root = Module("Net", None, [("kept", kept), ("changed", changed),
                                ("last", Tensor("f32", [], floats(5)))])
    file = Image(root, {"step": 3}, sequence=3, kept=file, retired=retired).build()
    return file, root, {"step": 3}


def edited(file, page, **changes):
    """The file with a slot that tells of an edit of the other slot's generation."""
    slot = read_slot(file, 1 - page)
    slot.update({"sequence": slot["sequence"] + 1, "state": 2, **changes})
    file = bytearray(file)
    file[page * PAGE:page * PAGE + 128] = slot_bytes(slot)
    return file


@valid
def interrupted_edit():
    """State 2 in the other slot, and bytes of an unfinished generation."""
    file, root, _ = first_generation()
    return bytes(edited(file, 1) + pattern(777)), root, {"step": 1}


@valid
def interrupted_before_writing():
    file, root, _ = first_generation()
    return bytes(edited(file, 1)), root, {"step": 1}


@valid
def interrupted_second_edit():
    """State 2 in slot 0, over what was the first generation."""
    image, root, _ = second_generation()
    return bytes(edited(image.build(), 0) + bytes(64)), root, {"step": 2}


@valid
def torn_slot():
    """The edit was cut short while its first slot was written."""
    file, root, _ = first_generation()
    file = edited(file, 1)
    file[PAGE + 64:PAGE + 128] = bytes(64)
    return bytes(file), root, {"step": 1}


@valid
def damaged_other_slot():
    """The slot of the newest generation is damaged: the one before it is shown."""
    _, root, _ = first_generation()
    image, _, _ = second_generation()
    file = bytearray(image.build())
    file[PAGE + 40] ^= 1
    return bytes(file), root, {"step": 1}


@valid
def damaged_older_slot():
    image, root, _ = second_generation()
    file = bytearray(image.build())
    file[32] ^= 1
    return bytes(file), root, {"step": 2}


@valid
def blank_older_slot():
    image, root, _ = second_generation()
    file = bytearray(image.build())
    file[:PAGE] = bytes(PAGE)
    return bytes(file), root, {"step": 2}


# ---- encoded storages ----

def alike(size, period=64):
    """Bytes that make runs in planes of every width."""
    return bytes((i // period) % 251 for i in range(size))


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


@valid
def retired_encoded():
    """The second generation has no encoded storage any more."""
    root = Module("Net", None, [("a", Tensor("f32", [400], Storage(alike(1600), form=(4, 1))))])
    image = Image(root)
    file = image.build()
    old, = image.storages
    retired = [(old["offset"], old["stored_size"], 3, 1, 0), retired_index(file, 0)]
    root = Module("Net", None, [("a", Tensor("f32", [2], floats(1, 2)))])
    file = Image(root, {"step": 2}, sequence=2, kept=file, retired=retired).build()
    return file, root, {"step": 2}


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
    "old model.part": VALID["small"]()[0],
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
