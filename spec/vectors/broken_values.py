# SPDX-License-Identifier: MIT
"""Files that break a rule of sections 9 and 11: values and generations."""

from breaking import HUGE, broken, case, empty, fields, generation_2, storages, values
from image import NONE, Image, Module, Tensor, read_slot
from sound import floats
from sound_generations import first_generation, second_generation

# ---- section 9: values ----

@broken("V1-too-few")
def _():
    image = empty()
    image.values.pop()
    image.values[0]["payload"] = 1
    return image.build()


@broken("V1-none")
def _():
    image = empty()
    image.values.clear()
    return image.build()


fields("V1-metadata-is-a-list", empty, "values", 0, type=6)
fields("V1-attributes-are-a-list", empty, "values", 1, type=6)
fields("V1-metadata-is-null", empty, "values", 0, type=0, payload=0)
fields("V1-key", empty, "values", 0, key=0)
fields("V1-by-key", empty, "values", 1, by_key=1)
fields("V2-first-is-0", empty, "values", 0, payload=0)
fields("V2-empty-begins-elsewhere", values({"a": 1}), "values", 1, payload=2)
fields("V2-first-too-great", values({"a": 1}), "values", 0, payload=3)
fields("V2-first-of-32-bits", values({"a": 1}), "values", 0, payload=2**32 + 2)
fields("V2-first-of-64-bits", values({"a": 1}), "values", 0, payload=HUGE)
fields("V2-count-too-great", values({"a": []}), "values", 2, count=1)
fields("V2-count-of-31-bits", values({"a": []}), "values", 2, count=2**31)
fields("V2-count-of-32-bits", values({"a": []}), "values", 2, count=NONE)


def loose_value(**record):
    def change(image):
        number = len(image.values)
        blank = {"key": NONE, "by_key": 0, "type": 0, "count": 0, "payload": 0}
        image.values.append({**blank, **{k: v(number) if callable(v) else v
                                         for k, v in record.items()}})
    return change


case("V2-value-of-no-container", empty, loose_value())
case("V2-list-that-holds-itself", empty, loose_value(type=6, count=1, payload=lambda n: n))


@broken("V2-lists-that-hold-each-other")
def _():
    image = empty()
    loose_value(type=6, count=1, payload=2)(image)
    loose_value(type=6, count=1, payload=3)(image)
    return image.build()


fields("V3-key", lambda: Image(Module("a"), {"a": [1]}), "values", 3, key=0)
fields("V3-by-key", lambda: Image(Module("a"), {"a": [1]}), "values", 3, by_key=1)
fields("V3-by-key-of-32-bits", lambda: Image(Module("a"), {"a": [1]}), "values", 3, by_key=NONE)
fields("V4-by-key-is-count", values({"a": 1, "b": 2}), "values", 3, by_key=2)
fields("V4-by-key-of-31-bits", values({"a": 1, "b": 2}), "values", 3, by_key=2**31)
fields("V4-by-key-of-32-bits", values({"a": 1, "b": 2}), "values", 3, by_key=NONE)
fields("V4-by-key-twice", values({"a": 1, "b": 2}), "values", 3, by_key=0)
case("V4-descending", values({"a": 1, "b": 2}), lambda image: (
    image.values[2].update(by_key=1), image.values[3].update(by_key=0)))
case("V4-key-twice", lambda: Image(Module("a"), {"a": 1, "b": 2}), lambda image: (
    image.set_strings([b"a"]), image.values[3].update(key=0)))
for _type in (8, 9, 2**31, NONE):
    fields(f"V5-type-{_type:#x}", values({"a": 0}), "values", 2, type=_type)
fields("V6-null-with-payload", values({"a": None}), "values", 2, payload=1)
fields("V6-null-with-payload-of-64-bits", values({"a": None}), "values", 2, payload=2**63)
fields("V6-null-with-count", values({"a": None}), "values", 2, count=1)
fields("V6-bool-2", values({"a": True}), "values", 2, payload=2)
fields("V6-bool-of-32-bits", values({"a": True}), "values", 2, payload=2**32)
fields("V6-bool-of-64-bits", values({"a": True}), "values", 2, payload=HUGE)
fields("V6-bool-with-count", values({"a": True}), "values", 2, count=1)
fields("V6-integer-with-count", values({"a": 5}), "values", 2, count=1)
fields("V6-float-with-count", values({"a": 5.0}), "values", 2, count=NONE)
fields("V6-string-with-count", values({"a": "text"}), "values", 2, count=4)
fields("V7-first-is-1", values({"a": b"xyz"}), "values", 2, payload=1)
fields("V7-empty-elsewhere", values({"a": b""}), "values", 2, payload=1)
fields("V7-first-of-32-bits", values({"a": b"xyz"}), "values", 2, payload=2**32)
fields("V7-first-of-64-bits", values({"a": b"xyz"}), "values", 2, payload=HUGE)
fields("V7-overlap", values({"a": b"xyz", "b": b"xyz"}), "values", 3, payload=0)
fields("V7-count-too-small", values({"a": b"xyz"}), "values", 2, count=2)
fields("V7-count-too-great", values({"a": b"xyz"}), "values", 2, count=4)
fields("V7-count-of-32-bits", values({"a": b"xyz"}), "values", 2, count=NONE)
case("V7-bytes-of-none", empty, lambda image: image.value_bytes.extend(b"x"))


def deep(levels, inner=None):
    """A value at the given depth."""
    value = inner
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


case("V8-depth-65", values(deep(65)))
case("V8-empty-map-at-depth-65", values(deep(65, {})))
case("V8-depth-300", values(deep(300)))

# ---- section 11: generations ----

@broken("R1-empty")
def _():
    image = empty()
    image.sections = lambda: Image.sections(image) + [(12, 1, 40, 0, b"")]
    return image.build()


def retired(name, i, /, **values):
    """Extent 0 is a storage, extent 1 the first index."""
    fields(name, generation_2, "retired", i, **values)


retired("R2-kind-0", 0, kind=0)
retired("R2-kind-4", 0, kind=4)
retired("R2-kind-of-32-bits", 1, kind=NONE)
retired("R2-reserved", 1, reserved=1)
retired("R2-storage-with-checksum", 0, checksum=1)


@broken("R2-size-0")
def _():
    """An extent without bytes where the next one begins."""
    image = generation_2()
    image.retired.insert(1, {**image.retired[0], "size": 0, "offset": image.retired[1]["offset"]})
    return image.build()


retired("R3-sequence-0", 0, sequence=0)
retired("R3-sequence-is-current", 0, sequence=2)
retired("R3-sequence-of-64-bits", 1, sequence=HUGE)


@broken("R3-first-generation")
def _():
    """In a file of one generation nothing can be retired."""
    image = storages(10)()
    image.placed.append((8256, b"old"))
    image.retired = [{"offset": 8256, "size": 3, "kind": 2, "reserved": 0, "sequence": 1,
                      "checksum": 0}]
    image.index_offset = 8320
    return image.build()


def two_retired_indexes(first, second):
    image, _, extents = second_generation()
    file = image.build()
    root = Module("Net", None, [("last", Tensor("f32", [1], floats(5)))])
    s = read_slot(file, 1)
    kept, changed, new = image.storages
    extents = [(kept["offset"], kept["size"], 2, 2, 0), *extents,
               (changed["offset"], changed["size"], 2, 2, 0), (new["offset"], new["size"], 2, 2, 0),
               (s["index_offset"], s["index_size"], 1, second, s["index_checksum"])]
    extents[2] = (*extents[2][:3], first, extents[2][4])
    return Image(root, sequence=3, kept=file, retired=extents)


case("R4-equal", lambda: two_retired_indexes(2, 2))
case("R4-descending", lambda: two_retired_indexes(2, 1))


def moved_retired(name, /, **values):
    retired(f"P4-retired-{name}", 0, **values)


moved_retired("overlaps-a-storage", offset=8192)
moved_retired("longer", size=65)
moved_retired("of-63-bits", offset=2**63)
moved_retired("size-of-64-bits", size=HUGE)
moved_retired("size-of-32-bits", size=2**32)
case("P4-not-retired", generation_2, lambda image: image.retired.pop())
case("P4-retired-wrong-order", generation_2, lambda image: image.retired.reverse())


# ---- older generations ----

retired("G1-checksum", 1, checksum=1)


@broken("G1-first-bit")
def _():
    """The index of the first generation is damaged, and the second does not use it."""
    file = bytearray(generation_2().build())
    file[read_slot(first_generation()[0], 0)["index_offset"]] ^= 1
    return bytes(file)
