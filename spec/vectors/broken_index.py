# SPDX-License-Identifier: MIT
"""Files that break a rule of sections 4, 5 and 6: directory, strings, element types."""

import struct

from breaking import (HUGE, INVALID, broken, case, empty, entry, fields, generation_2, private,
                      sample, tensor, values)
from image import NONE, Image, Module, Storage, Tensor
from sound import floats

# ---- section 4: index ----

def directory(name, image=sample, **values):
    case(name, image, on_directory=lambda d: d.update(values))


case("X1-no-bytes", empty, on_index=lambda index: index.clear())
case("X1-four-bytes", empty, on_index=lambda index: index.__delitem__(slice(4, None)))
case("X1-directory-cut-off", empty, on_index=lambda index: index.__delitem__(slice(352, None)))
for _count in (2**27, 2**31, NONE):
    directory(f"X1-section-count-{_count:#x}", section_count=_count)
directory("X1-reserved", reserved=1)


@broken("X2-no-sections")
def _():
    return empty().build(on_index=lambda index: index.__setitem__(slice(None), bytes(8)))


def renumber(name, kinds, extra=()):
    """Gives the sections other kinds."""
    def make():
        image = sample()
        image.extra = list(extra)

        def change(d):
            for e, kind in zip(d["entries"], kinds):
                e["kind"] = kind
        return image.build(on_directory=change)
    INVALID[name] = make


renumber("X2-kind-0", [0])
renumber("X2-swapped", [1, 2, 3, 5, 4])
renumber("X2-kind-twice", [1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 11])
case("X2-kind-11-missing", sample, on_directory=lambda d: d["entries"][10].update(
    kind=0x80000000, flags=0))
renumber("X2-private-twice", range(1, 12), [(0x80000000, 0, 1, b""), (0x80000000, 0, 1, b"")])
renumber("X2-private-descending", range(1, 12), [(0x80000001, 0, 1, b""), (0x80000000, 0, 1, b"")])


@broken("X2-ten-sections")
def _():
    """VALUE_BYTES is empty here, so leaving it out changes nothing else."""
    image = empty()
    sections = image.sections()[:-1]
    image.sections = lambda: sections
    return image.build()


def section(name, kind, flags, record_size=8, size=16, **options):
    case(name, lambda: Image(Module(""), extra=[(kind, flags, record_size, bytes(size))],
                             **options))


for _kind in (14, 31, 35, 36, 0x7FFFFFFF):
    section(f"X3-critical-{_kind:#x}", _kind, 1)
section("X3-minor-version-1", 36, 1, minor=1)
for _kind in (1, 6, 11):
    entry(f"X4-ancillary-{_kind}", sample, _kind, flags=0)
section("X4-ancillary-13", 13, 0)
section("X4-ancillary-31", 31, 0)
section("X4-ancillary-33", 33, 0)
section("X4-ancillary-35", 35, 0)
section("X4-critical-32", 32, 1)
section("X4-critical-34", 34, 1)
section("X4-critical-private", 0x80000000, 1)
section("X4-critical-private-of-32-bits", NONE, 1)
section("X4-reserved-flag-of-private", 0x80000000, 2)
entry("X4-reserved-flag", sample, 4, flags=3)
entry("X4-reserved-flag-31", sample, 4, flags=0x80000001)
entry("X4-reserved-bytes", sample, 4, reserved=1)
entry("X4-ancillary-12", generation_2, 12, flags=0)
entry("X5-size-0", empty, 6, record_size=0)
entry("X5-too-small", empty, 6, record_size=16)
entry("X5-longer-in-version-1-0", empty, 6, record_size=32)
entry("X5-string-bytes-of-2", empty, 2, record_size=2)
entry("X5-value-bytes-of-0", empty, 11, record_size=0)
entry("X5-value-bytes-of-8", empty, 11, record_size=8)
section("X5-unknown-of-0", 0x80000000, 0, record_size=0, size=0)
case("X5-no-multiple-of-8", lambda: Image(Module(""), minor=1, wider=4))
case("X5-too-small-in-version-1-1", lambda: Image(Module(""), minor=1),
     on_directory=lambda d: d["entries"][8].update(record_size=0))
entry("X6-count-over-the-end", empty, 9, count=1)
entry("X6-count-of-61-bits", empty, 9, count=2**61)
entry("X6-count-of-63-bits", empty, 9, count=2**63)
entry("X6-count-of-64-bits", empty, 9, count=HUGE)
entry("X6-count-of-the-last", empty, 11, count=HUGE)
entry("X6-offset-of-64-bits", empty, 11, offset=2**64 - 8)
entry("X6-offset-0", empty, 9, offset=0)
entry("X6-unknown-count-times-size-wraps",
      lambda: Image(Module(""), extra=[(0x80000000, 0, 2**31, b"")]), 0x80000000, count=2**33)


@broken("X6-hole")
def _():
    """Eight zero bytes between two sections."""
    image = sample()
    sections = image.sections()

    def shift(d):
        for e in d["entries"][6:]:
            e["offset"] += 8

    def fill(index):
        at = struct.unpack_from("<Q", index, 8 + 32 * 6 + 24)[0] - 8
        index[at:at] = bytes(8)
    assert len(sections) == 11
    return image.build(on_directory=shift, on_index=fill)


case("X6-overlap", sample, on_directory=lambda d: d["entries"][6].update(
    offset=d["entries"][5]["offset"]))
case("X6-index-too-long", sample, on_index=lambda index: index.extend(bytes(8)))
case("X6-index-too-short", values({"b": b"123"}),
     on_index=lambda index: index.__delitem__(slice(-5, None)))


@broken("X7-behind-strings")
def _():
    image = sample()

    def change(index):
        offset, = struct.unpack_from("<Q", index, 8 + 32 * 2 + 24)
        index[offset - 1] = 1
    assert len(image.string_bytes) % 8
    return image.build(on_index=change)


case("X7-behind-the-last", values({"b": b"123"}), on_index=lambda index: index.__setitem__(-1, 1))
for _kind in (1, 3, 4, 5, 6, 8, 10):
    entry(f"X8-kind-{_kind}", empty, _kind, count=NONE)
entry("X8-kind-12", generation_2, 12, count=NONE)
entry("X8-count-of-64-bits", empty, 6, count=HUGE)

# ---- section 5: strings ----

def string_offsets(name, change):
    def make(image):
        change(image.string_offsets)
    case(name, sample, make)


string_offsets("S1-empty", lambda offsets: offsets.clear())
string_offsets("S1-first-is-1", lambda offsets: offsets[0].update(offset=1))
string_offsets("S1-last-too-small", lambda offsets: offsets[-1].update(
    offset=offsets[-1]["offset"] - 1))
string_offsets("S1-last-too-great", lambda offsets: offsets[-1].update(
    offset=offsets[-1]["offset"] + 1))
string_offsets("S1-last-missing", lambda offsets: offsets.pop())
string_offsets("S1-equal", lambda offsets: offsets[2].update(offset=offsets[1]["offset"]))
string_offsets("S1-descending", lambda offsets: offsets[1].update(offset=offsets[2]["offset"] + 1))
for _bits in (31, 32, 63):
    string_offsets(f"S1-of-{_bits}-bits", lambda offsets, bits=_bits: offsets[2].update(
        offset=offsets[2]["offset"] + 2**bits))
string_offsets("S1-of-64-bits", lambda offsets: offsets[2].update(offset=HUGE))


def strings(name, old, new, image=sample):
    """Another text in the place of a string."""
    def change(made):
        texts = list(made.strings)
        texts[texts.index(old)] = new
        made.set_strings(texts)
    case(name, image, change)


def text(raw):
    """A file whose only use of a string is the type of its root."""
    def change(made):
        made.set_strings([raw])
    return change


case("S2-no-nul", empty, lambda image: image.string_bytes.__setitem__(-1, 0x61))
case("S2-nul-inside", empty, text(b"a\0b"))
for _what, _raw in (("lone-continuation", b"\x80"), ("overlong-nul", b"\xc0\x80"),
                    ("overlong-3", b"\xe0\x80\xaf"), ("overlong-4", b"\xf0\x80\x80\xaf"),
                    ("surrogate", b"\xed\xa0\x80"), ("over-10ffff", b"\xf4\x90\x80\x80"),
                    ("cut-off-2", b"a\xc3"), ("cut-off-4", b"\xf0\x9f\x98"), ("byte-ff", b"\xff"),
                    ("five-bytes", b"\xf8\x88\x80\x80\x80"), ("no-continuation", b"\xe2\x28\xa1")):
    case(f"S2-{_what}", empty, text(_raw))


@broken("S3-descending")
def _():
    """Two strings change places, and whatever refers to them follows."""
    image = Image(Module("A", None, [("b", Module("A"))]))
    image.set_strings([b"b", b"A"])
    image.modules[0]["type"] = image.modules[1]["type"] = 1
    image.members[0]["name"] = 0
    return image.build()


@broken("S3-twice")
def _():
    image = Image(Module("A", None, [("b", Module("A"))]))
    image.set_strings([b"A", b"A"])
    return image.build()


@broken("S3-signed-bytes")
def _():
    """In order for who compares signed characters."""
    image = Image(Module("A", None, [("\u00e9", Module("A"))]))
    image.set_strings(["\u00e9".encode(), b"A"])
    image.modules[0]["type"] = image.modules[1]["type"] = 1
    image.members[0]["name"] = 0
    return image.build()


case("S4-unused", lambda: Image(Module("A"), extra_strings=["unused"]))
case("S4-all-unused", lambda: Image(Module("A"), extra_strings=["", "B"]))
fields("S5-module-type", sample, "modules", 0, type=len(sample().strings))
fields("S5-module-type-none", sample, "modules", 0, type=NONE)
fields("S5-member-name", lambda: Image(Module("a", None, [("a", Module("a"))])), "members", 0,
       name=1)
fields("S5-dtype-name", lambda: Image(Module("f32", None, [
    ("f32", Tensor("f32", [1], floats(1)))])), "dtypes", 0, name=1)
fields("S5-key", lambda: Image(Module("a"), {"a": 1}), "values", 2, key=1)
fields("S5-key-none", lambda: Image(Module("a"), {"a": 1}), "values", 2, key=NONE)
fields("S5-value", lambda: Image(Module("a"), {"a": "a"}), "values", 2, payload=1)
fields("S5-value-of-32-bits", lambda: Image(Module("a"), {"a": "a"}), "values", 2, payload=2**32)
fields("S5-value-of-63-bits", lambda: Image(Module("a"), {"a": "a"}), "values", 2, payload=2**63)


# ---- section 6: element types ----

def two_types():
    return Image(Module("M", None, [("a", Tensor("f32", [1], floats(1))),
                                    ("b", Tensor("u8", [1], Storage(b"1"), buffer=True))]))


@broken("D1-descending")
def _():
    image = two_types()
    image.dtypes.reverse()
    for record in image.tensors:
        record["dtype"] ^= 1
    return image.build()


@broken("D1-twice")
def _():
    """The same type as two records; u8 has its string from a module."""
    image = Image(Module("M", None, [("a", Tensor("u8", [1], Storage(b"1"), buffer=True)),
                                     ("b", Tensor("u8", [1], Storage(b"2"), buffer=True))]))
    image.dtypes *= 2
    image.tensors[1]["dtype"] = 1
    return image.build()


for _class in (0, 8, 255):
    fields(f"D2-class-{_class}", private(), "dtypes", 0, **{"class": _class})
fields("D2-reserved-byte", private(), "dtypes", 0, reserved=1)
fields("D2-reserved-last-byte", private(), "dtypes", 0, reserved2=0x100)
for _number in (0, 65537, 2**31, NONE):
    fields(f"D2-block-elements-{_number:#x}", private(), "dtypes", 0, block_elements=_number)
    fields(f"D2-block-bytes-{_number:#x}", private(), "dtypes", 0, block_bytes=_number)
fields("D3-class", lambda: tensor("f32", [0], 0, buffer=True), "dtypes", 0, **{"class": 2})
fields("D3-bytes", lambda: tensor("f32", [0], 0), "dtypes", 0, block_bytes=8)
fields("D3-elements", lambda: tensor("bool", [0], 0), "dtypes", 0, block_elements=8)
fields("D3-blocks", lambda: tensor("q4_k", [0], 0), "dtypes", 0, block_bytes=145)
case("D4-unused", lambda: Image(Module("M"), extra_dtypes=[("u8", 2, 1, 1)]))
case("D4-another-unused", lambda: Image(Module("M", None, [("t", Tensor("f32", [1], floats(1)))]),
                                        extra_dtypes=[("x1", 7, 1, 1)]))
for _what, _name in (("empty", ""), ("33-bytes", "a" * 33), ("capital", "F32"), ("dot", "a.b"),
                     ("space", "f32 "), ("minus", "f-1"), ("not-ascii", "f\u00e9")):
    case(f"D5-{_what}", private(_name))
