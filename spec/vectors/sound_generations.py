# SPDX-License-Identifier: MIT
"""Files that were edited, or are being edited (section 11)."""

from image import PAGE, Image, Module, Storage, Tensor, read_slot, slot_bytes
from sound import alike, floats, pattern, ramp, valid
from sound_elsewhere import PART_FILES, SHARD_BIAS, SHARD_CHUNKED, SHARD_WEIGHT


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


# ---- generations and parts ----

def in_parts():
    """A first generation with a storage of its own and three in two parts."""
    root = Module("Net", None, [
        ("own", Tensor("f32", [4], ramp(4))),
        ("weight", Tensor("f32", [4, 6], Storage(SHARD_WEIGHT, at=0, part="shard-1.part"))),
        ("bias", Tensor("f32", [4], Storage(SHARD_BIAS, at=128, part="shard-1.part"))),
        ("chunked", Tensor("u8", [5000], Storage(SHARD_CHUNKED, at=0, part="shard-2.part"),
                           buffer=True))])
    image = Image(root, {"step": 1}, chunk_log2=12, parts=PART_FILES)
    return image.build(), root, image


def edit_of_parts(*members, retired=(), **options):
    """(image, root) of a second generation, which keeps the storage of its own."""
    file, first, image = in_parts()
    own = Storage(first.members[0][1].storage.data, at=image.storages[0]["offset"])
    root = Module("Net", None, [("own", Tensor("f32", [4], own)), *members,
                                ("new", Tensor("f32", [3], floats(5, 6, 7)))])
    retired = [*retired, retired_index(file, 0)]
    return Image(root, {"step": 2}, sequence=2, kept=file, retired=retired, chunk_log2=12,
                 parts=PART_FILES, **options), root


def older_in_parts(**options):
    """Only the first generation has parts: nothing of the newer index tells of them."""
    return edit_of_parts(**options)


def both_in_parts(**options):
    """A part that both use, which has another number now, one that only the older uses, and one
    that only the newer does. Of what lay in parts nothing is retired."""
    other = floats(1, 2, 3, 4)
    other.at, other.part = 8192, "old model.part"
    weight = Storage(SHARD_WEIGHT, at=0, part="shard-1.part")
    return edit_of_parts(("weight", Tensor("f32", [4, 6], weight)),
                         ("other", Tensor("f32", [2, 2], other)), **options)


@valid
def parts_of_the_older():
    image, root = older_in_parts()
    return image.build(), root, {"step": 2}


@valid
def parts_of_both():
    image, root = both_in_parts()
    return image.build(), root, {"step": 2}


@valid
def parts_of_the_newer():
    """What was the file's own lies in a part now: its old place is retired."""
    file, root, image = first_generation()
    kept, changed = image.storages
    own = Storage(root.members[0][1].storage.data, at=kept["offset"])
    retired = [(changed["offset"], changed["size"], 2, 1, 0), retired_index(file, 0)]
    root = Module("Net", None, [
        ("kept", Tensor("f32", [4], own)),
        ("changed", Tensor("f32", [4], Storage(SHARD_BIAS, at=128, part="shard-1.part")))])
    image = Image(root, {"step": 2}, sequence=2, kept=file, retired=retired, parts=PART_FILES)
    return image.build(), root, {"step": 2}
