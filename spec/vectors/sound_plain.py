# SPDX-License-Identifier: MIT
"""Files of one generation that hold all their bytes, as they are."""

import struct

from image import DTYPES, Image, Module, Storage, Tensor
from sound import floats, linear, pattern, ramp, valid, written


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
