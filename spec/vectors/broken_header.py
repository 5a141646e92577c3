# SPDX-License-Identifier: MIT
"""Files that break a rule of section 3."""

from breaking import INVALID, HUGE, broken, byte, case, empty, generation_2, sample, slot
from image import PAGE, read_slot, slot_bytes, xxh3_64
from sound_generations import edited, first_generation

# ---- section 3: header ----

INVALID["H1-empty-file"] = lambda: b""
INVALID["H1-one-byte-short"] = lambda: slot_bytes(read_slot(empty().build(), 0)).ljust(8191, b"\0")
INVALID["H2-zeros"] = lambda: bytes(8192)
INVALID["H2-other-magic"] = lambda: b"\x89PNG\r\n\x1a\n".ljust(8192, b"\0")
slot("H2-magic-without-high-bit", sample, magic=b"\x0eCKP\r\n\x1a\n")
slot("H2-magic-with-converted-line-end", sample, magic=b"\x8eCKP\n\x1a\n\0")
slot("H2-slot-checksum", sample, slot_checksum=1)
slot("H3-wrong-page", sample, sequence=2)
slot("H3-wrong-page-of-63-bits", sample, sequence=2**63)
slot("H3-sequence-0", sample, sequence=0)


def second_slot(**changes):
    """A file of one generation, and a sound second slot that the changes put wrong."""
    file = first_generation()[0]
    return bytes(edited(file, 1, **changes))


INVALID["H3-sequence-0-in-page-1"] = lambda: second_slot(sequence=0, state=1)
INVALID["H3-other-slot-in-wrong-page"] = lambda: second_slot(sequence=3)
INVALID["H4-difference-3"] = lambda: second_slot(sequence=4)
INVALID["H4-difference-of-63-bits"] = lambda: second_slot(sequence=2**63)
INVALID["H4-difference-wraps"] = lambda: second_slot(sequence=2**64 - 2)
for _major in (0, 2, 257, 65535):
    slot(f"H5-version-{_major}", sample, version_major=_major)
INVALID["H5-version-2-in-newer-slot"] = lambda: second_slot(version_major=2)
for _bit, _what in enumerate(("elsewhere", "encoded", "tensor-values", "encryption", "bit-4")):
    if _what not in ("elsewhere", "encoded"):
        slot(f"H6-{_what}", sample, required_features=1 << _bit)
slot("H6-bit-31", sample, required_features=1 << 31)
slot("H6-bit-32", sample, required_features=1 << 32)
slot("H6-bit-63", sample, required_features=1 << 63)
slot("H7-state-0", sample, state=0)
slot("H7-state-3", sample, state=3)
slot("H7-state-of-32-bits", sample, state=0x10001)
slot("H7-editing-alone", sample, state=2)
INVALID["H7-other-slot-state-0"] = lambda: second_slot(state=0)


@broken("H5-version-2-in-older-slot")
def _():
    return bytes(changed_slot(generation_2().build(), 0, version_major=2))


@broken("H7-older-slot-editing")
def _():
    return bytes(changed_slot(generation_2().build(), 0, state=2))


@broken("H7-both-slots-editing")
def _():
    return bytes(changed_slot(second_slot(), 0, state=2))


def changed_slot(file, page, **values):
    file = bytearray(file)
    file[page * PAGE:page * PAGE + 128] = slot_bytes({**read_slot(file, page), **values})
    return file


slot("H8-first-unused-byte", sample, unused=b"\1" + bytes(47))
slot("H8-last-unused-byte", sample, unused=bytes(47) + b"\x80")


byte("H9-behind-slot-0", 128, sample)
byte("H9-end-of-page-0", 4095, sample)
byte("H9-behind-slot-1", 4096 + 128, sample)
byte("H9-end-of-page-1", 8191, sample)
byte("H9-behind-slot-of-generation-2", 4096 + 128, generation_2)
case("H10-one-byte-short", sample, on_file=lambda file: file.pop())
case("H10-header-only", sample, on_file=lambda file: file.__delitem__(slice(8192, None)))
case("H10-one-byte-more", sample, on_file=lambda file: file.append(0))
case("H10-more-after-generation-2", generation_2, on_file=lambda file: file.extend(bytes(64)))


def far_end(name, file_size):
    """The index keeps its place and seems to reach to file_size."""
    def change(slots):
        slots[0].update(file_size=file_size, index_size=file_size - slots[0]["index_offset"])
    case(name, sample, on_slots=change)


far_end("H10-file-size-of-32-bits", 2**32)
far_end("H10-file-size-of-63-bits", 2**63)
far_end("H10-file-size-of-64-bits", HUGE)


@broken("H10-truncated-during-edit")
def _():
    return second_slot()[:-1]


def index_at(name, delta_offset, delta_size):
    """Moves the fields that say where the index is; its checksum fits what they say."""
    def change(file):
        s = read_slot(file, 0)
        s["index_offset"] = (s["index_offset"] + delta_offset) % 2**64
        s["index_size"] = (s["index_size"] + delta_size) % 2**64
        begin = s["index_offset"]
        s["index_checksum"] = xxh3_64(file[begin:min(begin + s["index_size"], len(file))])
        file[:128] = slot_bytes(s)
    case(name, sample, on_file=change)


index_at("H11-unaligned", 8, -8)
index_at("H11-ends-too-early", 0, -8)
index_at("H11-ends-too-late", 0, 8)
index_at("H11-ends-too-late-by-64-bits", 0, -1)
index_at("H11-size-0", 0, -sum([len(sample().index())]))
index_at("H11-size-of-63-bits", 0, 2**63)
index_at("H11-wraps", -2**14, 2**14)
index_at("H11-offset-of-64-bits", 2**63, 2**63)


@broken("H11-in-the-header")
def _():
    """The last 64 bytes of page 1 would be the beginning of the index."""
    file = bytearray(empty().build())
    s = read_slot(file, 0)
    s.update(index_offset=8128, index_size=len(file) - 8128, index_checksum=xxh3_64(file[8128:]))
    file[:128] = slot_bytes(s)
    return bytes(file)


slot("H12-checksum", sample, index_checksum=1)
case("H12-first-bit", sample, on_file=lambda file: file.__setitem__(
    read_slot(file, 0)["index_offset"], file[read_slot(file, 0)["index_offset"]] ^ 1))
case("H12-last-bit", sample, on_file=lambda file: file.__setitem__(-1, file[-1] ^ 0x80))
