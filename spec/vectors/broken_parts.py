# SPDX-License-Identifier: MIT
"""Files that break a rule of section 8.2: storages in other files."""

import hashlib

from breaking import HUGE, INVALID, broken, case, fields, sample, slot
from image import Image, Module, Storage, Tensor, read_slot
from sound import pattern
from sound_elsewhere import PART_FILES
from sound_generations import both_in_parts, in_parts, older_in_parts

SOUND = PART_FILES["shard-1.part"]
DAMAGED_FILES = {"damaged.part": SOUND}  # what the files below say is something else


def sound(**options):
    """Two storages in one part, one in another, one in the file."""
    root = Module("M")
    for name, size, at, part in (("a", 96, 0, "shard-1.part"), ("b", 16, 128, "shard-1.part"),
                                 ("c", 5000, 0, "shard-2.part"), ("d", 16, None, None)):
        raw = PART_FILES[part][at:at + size] if part else pattern(size)
        root.add(name, Tensor("u8", [size], Storage(raw, at=at, part=part), buffer=True))
    return Image(root, parts=PART_FILES, **options)


def sound_and_nothing():
    storage = Storage(PART_FILES["shard-2.part"], at=0, part="shard-2.part")
    root = Module("M", None, [("c", Tensor("u8", [5000], storage, buffer=True)),
                              ("n", Tensor("u8", [0], Storage(b""), buffer=True))])
    return Image(root, parts=PART_FILES)


# ---- F1: the feature and the section ----

slot("F1-no-feature", sound, required_features=0)
slot("F1-nothing-elsewhere", sample, required_features=1)
case("F1-empty", lambda: Image(Module(""), extra=[(33, 1, 48, b"")]),
     on_slots=lambda slots: slots[0].update(required_features=1))
case("F1-empty-without-feature", lambda: Image(Module(""), extra=[(33, 1, 48, b"")]))


# ---- F2: names ----

def named(rule, name):
    """The first part with another name; the file has nothing else that names could stand for."""
    def image():
        storage = Storage(b"outside!", at=0, part=name)
        root = Module("M", None, [("t", Tensor("u8", [8], storage, buffer=True))])
        return Image(root, parts={name: b"outside!"})
    case(rule, image)


for _what, _name in (("empty", ""), ("dot", "."), ("dots", ".."), ("outside", "../x"),
                     ("in-a-directory", "a/b"), ("absolute", "/etc/passwd"),
                     ("up-and-down", "a/../../x"), ("backslash", "..\\x"), ("drive", "c:x"),
                     ("newline", "a\nb"), ("control", "a\x1b[2J"), ("delete", "a\x7f"),
                     ("256-bytes", "p" * 256), ("nul-before-path", "\x01/x")):
    named(f"F2-{_what}", _name)

# ---- F3, F4, F5 ----

fields("F3-reserved", sound, "parts", 0, reserved=1)
fields("F3-size-0", sound, "parts", 1, size=0)
fields("F3-size-of-63-bits", sound, "parts", 0, size=2**63)
fields("F3-size-of-64-bits", sound, "parts", 0, size=HUGE)


@lambda change: case("F4-descending", sound, change)
def _(image):
    image.parts.reverse()
    for storage in image.storages[:3]:
        storage["part"] = 1 - storage["part"]


@lambda change: case("F4-twice", sound, change)
def _(image):
    image.parts.append(dict(image.parts[1]))


def unused(name, text, place):
    """A part in which no storage is."""
    def change(image):
        image.parts.insert(place, image.part_record(text, b"nothing"))
        for storage in image.storages[:3]:
            storage["part"] += place == 0
    case(name, lambda: sound(extra_strings=(text,)), change)


unused("F5-first", "a part", 0)
unused("F5-last", "unused", 2)

# ---- F6, F7: places ----

fields("F6-unaligned", sound, "storages", 1, offset=96)
fields("F6-behind-the-part", sound, "storages", 1, offset=192)
fields("F6-reaches-over-the-end", sound, "parts", 0, size=143)
fields("F6-64-bits", sound, "storages", 1, offset=2**64 - 64)
fields("F6-wraps", sound, "storages", 0, offset=2**64 - 64)
fields("F7-overlap", sound, "storages", 1, offset=64)
fields("F7-the-same", sound, "storages", 1, offset=0)


# ---- P1 and P3 as they concern parts ----

fields("P1-part-is-count", sound, "storages", 0, part=2)


@lambda change: case("P3-empty-in-a-part", sound_and_nothing, change)
def _(image):
    image.storages[1]["part"] = 0


# ---- F8, F9, C2: the files ----

def of_part(name, part, said):
    """A file that thinks of the part as other bytes than it has."""
    def make():
        raw = said[:16]
        root = Module("M", None, [("t", Tensor("u8", [16], Storage(raw, chunk_log2=0, at=0,
                                                                   part=part), buffer=True))])
        return Image(root, parts={part: said}).build()
    INVALID[name] = make


of_part("F8-missing", "not there.part", pattern(16))
of_part("F8-shorter", "damaged.part", SOUND[:-1])
of_part("F8-longer", "damaged.part", SOUND + b"x")
of_part("F9-last-byte", "damaged.part", SOUND[:-1] + b"x")
of_part("F9-first-byte", "damaged.part", b"x" + SOUND[1:])


@broken("C2-in-a-part")
def _():
    """Both the chunk and the whole part are other bytes; a chunk comes first."""
    said = pattern(96) + SOUND[96:]
    root = Module("M", None, [("t", Tensor("u8", [96], Storage(said[:96], at=0,
                                                               part="damaged.part"), buffer=True))])
    return Image(root, parts={"damaged.part": said}).build()


# ---- parts that an older generation uses (section 11) ----

def newer(make, **options):
    return lambda: make(**options)[0]


slot("F1-parts-of-the-older-only", newer(older_in_parts), page=1, required_features=1)
fields("P1-part-of-the-older-only", newer(older_in_parts), "storages", 1, part=0)
case("S4-name-of-an-older-part", newer(both_in_parts, extra_strings=("shard-2.part",)))
case("F5-part-of-the-older-only", newer(both_in_parts, extra_strings=("shard-2.part",)),
     lambda image: image.parts.append(image.part_record("shard-2.part",
                                                        PART_FILES["shard-2.part"])))
# What the older generation had in a part, as if it had been in the file at that place.
case("P4-retired-in-a-part", newer(both_in_parts, retired=[(128, 16, 2, 1, 0)]))


@broken("P4-retired-behind-the-end-of-a-part")
def _():
    """The older generation's storage of a part, as if it were between its index and what is new."""
    slot_0 = read_slot(in_parts()[0], 0)
    image = both_in_parts()[0]
    image.retired.append({"offset": slot_0["file_size"], "size": 5000, "kind": 2, "reserved": 0,
                          "sequence": 1, "checksum": 0})
    return image.build()


@broken("G1-digest-of-a-part")
def _():
    """Another SHA-256 in the older index: its checksum is what tells."""
    file = bytearray(both_in_parts()[0].build())
    slot_0 = read_slot(file, 0)
    sha256 = hashlib.sha256(PART_FILES["shard-2.part"]).digest()
    file[file.index(sha256, slot_0["index_offset"], slot_0["file_size"])] ^= 1
    return bytes(file)
