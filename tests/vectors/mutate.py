# SPDX-License-Identifier: MIT
"""Damage for .ckpt files that checksums do not find: each mutation repairs them afterwards."""

import struct

from image import ENTRY, PAGE, RECORDS, SLOT, align, read_slot, slot_bytes, xxh3_64

LAYOUTS = {kind: (layout, names) for kind, layout, names in RECORDS.values() if layout}
BOUNDARIES = [0, 1, 2, 2**15, 2**16 - 1, 2**64 - 1,
              *(2**bits + d for bits in (31, 32, 63) for d in (-1, 0, 1))]


def split_layout(layout):
    """"<IB3s" as [("I", 0), ("B", 4), ("3s", 5)]"""
    codes, digits, offset = [], "", 0
    for character in layout[1:]:
        digits += character
        if not character.isdigit():
            codes.append((digits, offset))
            offset += struct.calcsize("<" + digits)
            digits = ""
    return codes


class Parts:
    """A sound file taken apart: the current slot, and the sections of its index."""

    def __init__(self, file):
        self.file = file
        slots = [read_slot(file, page) for page in (0, 1)]
        sound = [page for page in (0, 1) if slots[page]["state"] == 1 and file[
            page * PAGE:page * PAGE + 128] == slot_bytes(slots[page])]
        self.page = max(sound, key=lambda page: slots[page]["sequence"])
        self.slot = slots[self.page]
        self.base = self.slot["index_offset"]
        self.index = bytearray(file[self.base:self.slot["file_size"]])
        count, = struct.unpack_from("<I", self.index)
        self.entries = [dict(zip(ENTRY[1], struct.unpack_from(ENTRY[0], self.index, 8 + 32 * i)))
                        for i in range(count)]

    def raw(self, entry):
        return self.index[entry["offset"]:entry["offset"] + entry["count"] * entry["record_size"]]

    def join(self, **slot):
        """The file with the index as it is now and all checksums right."""
        self.slot.update(index_size=len(self.index), file_size=self.base + len(self.index),
                         index_checksum=xxh3_64(self.index))
        self.slot.update(slot)
        tail = self.file[self.base + len(self.index):] if len(self.file) > self.base + len(
            self.index) and "file_size" in slot else b""
        file = bytearray(self.file[:self.base]) + self.index + tail
        file[self.page * PAGE:self.page * PAGE + 128] = slot_bytes(self.slot)
        return bytes(file)

    def lay_out(self, sections):
        """A new index of [(entry, bytes)]; counts follow the bytes."""
        end = 8 + 32 * len(sections)
        head, body = struct.pack("<II", len(sections), 0), bytearray()
        for entry, raw in sections:
            offset = align(end, 8)
            body += bytes(offset - end) + raw
            head += struct.pack(ENTRY[0], entry["kind"], entry["flags"], entry["record_size"], 0,
                                len(raw) // entry["record_size"], offset)
            end = offset + len(raw)
        self.index = bytearray(head + body + bytes(align(end, 8) - end))


def boundary_files(file):
    """(what, bytes): every field of the first and the last record of every section, of the
    directory and of the slot, with each boundary value that fits."""
    for entry_number, entry in enumerate(Parts(file).entries):
        targets = [("entry", 8 + 32 * entry_number, *ENTRY)]
        layout, names = LAYOUTS.get(entry["kind"], ("", ()))
        for i in sorted({0, entry["count"] - 1}) if entry["count"] else ():
            at = entry["offset"] + i * entry["record_size"]
            targets.append((f"record {i}", at, layout, names))
        for what, at, layout, names in targets:
            for name, (code, offset) in zip(names, split_layout(layout)):
                yield from field_files(file, f"section {entry['kind']} {what} {name}", at + offset,
                                       "<" + code)
    for name, (code, _) in zip(SLOT[1], split_layout(SLOT[0])):
        for value in BOUNDARIES:
            if code in "HIQ" and value < 1 << 8 * struct.calcsize(code):
                yield f"slot {name} = {value}", Parts(file).join(**{name: value})


def field_files(file, what, at, code):
    old, = struct.unpack_from(code, Parts(file).index, at)
    for value in {*BOUNDARIES, max(old - 1, 0), old + 1}:
        if value < 1 << 8 * struct.calcsize(code):
            parts = Parts(file)
            struct.pack_into(code, parts.index, at, value)
            yield f"{what} = {value}", parts.join()


# ---- random mutations: each takes (random, file) and gives a file ----

def set_field(random, file):
    parts = Parts(file)
    entry = random.choice([e for e in parts.entries if e["kind"] in LAYOUTS and e["count"]])
    layout, _ = LAYOUTS[entry["kind"]]
    code, offset = random.choice(split_layout(layout))
    at = entry["offset"] + random.randrange(entry["count"]) * entry["record_size"] + offset
    old, = struct.unpack_from("<" + code, parts.index, at)
    limit = 1 << 8 * struct.calcsize(code)
    value = random.choice([random.choice(BOUNDARIES), old + 1, old - 1, old * 2, old + 64,
                           old ^ 1 << random.randrange(8), random.randrange(8),
                           random.randrange(entry["count"] + 1), random.randrange(limit)])
    struct.pack_into("<" + code, parts.index, at, value % limit)
    return parts.join()


def copy_field(random, file):
    """A field gets the value that it has in another record of its section."""
    parts = Parts(file)
    entry = random.choice([e for e in parts.entries if e["kind"] in LAYOUTS and e["count"]])
    code, offset = random.choice(split_layout(LAYOUTS[entry["kind"]][0]))
    size = struct.calcsize("<" + code)
    to, source = (entry["offset"] + random.randrange(entry["count"]) * entry["record_size"] + offset
                  for _ in "ab")
    parts.index[to:to + size] = parts.index[source:source + size]
    return parts.join()


def flip_index_bits(random, file):
    parts = Parts(file)
    for _ in range(random.choice((1, 1, 2, 8))):
        parts.index[random.randrange(len(parts.index))] ^= 1 << random.randrange(8)
    return parts.join()


def edit_records(random, file):
    """A record is doubled, dropped, or changes places with another."""
    parts = Parts(file)
    sections = [(entry, parts.raw(entry)) for entry in parts.entries]
    entry, raw = random.choice([s for s in sections if s[0]["count"]])
    size = entry["record_size"]
    a, b = (random.randrange(entry["count"]) * size for _ in "ab")
    kind = random.randrange(3)
    if kind == 0:
        raw[a:a] = raw[b:b + size]
    elif kind == 1:
        del raw[a:a + size]
    else:
        raw[a:a + size], raw[b:b + size] = raw[b:b + size], raw[a:a + size]
    parts.lay_out(sections)
    return parts.join()


def edit_directory(random, file):
    parts = Parts(file)
    entry = random.randrange(len(parts.entries))
    code, offset = random.choice(split_layout(ENTRY[0]))
    value = random.choice([*BOUNDARIES, 8, 16, 24, 40, random.randrange(64)])
    struct.pack_into("<" + code, parts.index, 8 + 32 * entry + offset,
                     value % (1 << 8 * struct.calcsize(code)))
    return parts.join()


def edit_slot(random, file):
    parts = Parts(file)
    name = random.choice([name for name in SLOT[1] if name not in ("magic", "unused")])
    code = dict(zip(SLOT[1], (code for code, _ in split_layout(SLOT[0]))))[name]
    old = parts.slot[name]
    value = random.choice([*BOUNDARIES, old + 1, old - 1, old + 64, old - 64])
    return parts.join(**{name: value % (1 << 8 * struct.calcsize(code))})


def damage_bytes(random, file):
    """Anywhere, and no checksum is repaired."""
    file = bytearray(file)
    for _ in range(random.choice((1, 1, 3))):
        file[random.randrange(len(file))] ^= 1 << random.randrange(8)
    return bytes(file)


def damage_payload(random, file):
    file = bytearray(file)
    end = Parts(bytes(file)).base
    if end > 2 * PAGE:
        file[random.randrange(2 * PAGE, end)] ^= 1 << random.randrange(8)
    return bytes(file)


def resize(random, file):
    size = random.choice([random.randrange(len(file)), len(file) - 1, len(file) - 8])
    return random.choice([file[:size], file + bytes(1), file + bytes(64), file + b"tail"])


def second_slot(random, file):
    """Writes the slot that is not in use."""
    parts = Parts(file)
    slot = dict(parts.slot)
    slot.update(state=random.choice((1, 2, 2, 2, 3)),
                sequence=max(0, slot["sequence"] + random.choice((-1, 1, 1, 1, 2, 3))))
    raw = bytearray(slot_bytes(slot))
    if random.randrange(3) == 0:
        raw[random.randrange(128)] ^= 1
    file = bytearray(file)
    page = 1 - parts.page
    file[page * PAGE:page * PAGE + 128] = raw
    return bytes(file) + random.choice((b"", b"", b"of the next generation"))


def edit_strings(random, file):
    """A byte of the text, which may well leave it in order."""
    parts = Parts(file)
    entry = parts.entries[1]
    if entry["count"]:
        at = entry["offset"] + random.randrange(entry["count"])
        parts.index[at] = random.choice((0, 0x2E, 0x61, 0x80, 0xC3, 0xED, 0xFF, parts.index[at] + 1
                                         & 0xFF))
    return parts.join()


def damage_chunk(random, file):
    """Bits of a chunk of an encoded storage, whose checksum is repaired; in a file without one, of
    the payload."""
    parts = Parts(file)
    ends = [e for e in parts.entries if e["kind"] == 13]
    storages = [struct.unpack_from(LAYOUTS[8][0], parts.index, parts.entries[7]["offset"]
                                + i * parts.entries[7]["record_size"])
                for i in range(parts.entries[7]["count"])]
    encoded = [s for s in storages if s[4] == 1]
    if not ends or not encoded:
        return damage_payload(random, file)
    offset, size, _, first, _, log2, width, _, _ = random.choice(encoded)
    k = random.randrange((size - 1 >> log2) + 1)
    end, = struct.unpack_from("<Q", parts.index, ends[0]["offset"] + 8 * (first + k))
    begin, = struct.unpack_from("<Q", parts.index, ends[0]["offset"] + 8 * (first + k - 1)) if k else (
        0,)
    payload = bytearray(file)
    for _ in range(random.choice((1, 1, 3))):
        near = min(end - begin, random.choice((4 * width, 4 * width + 8, end - begin)))
        payload[offset + begin + random.randrange(near)] ^= 1 << random.randrange(8)
    parts.file = bytes(payload)
    struct.pack_into("<Q", parts.index, parts.entries[8]["offset"] + 8 * (first + k),
                     xxh3_64(parts.file[offset + begin:offset + end]))
    return parts.join()


MUTATIONS = [set_field] * 6 + [copy_field] * 3 + [edit_records] * 2 + [
    flip_index_bits, edit_directory, edit_slot, damage_bytes, damage_payload, damage_chunk, resize,
    second_slot,
    edit_strings]


def mutated(random, file):
    """One mutation, sometimes two: the second only where the first left a file to take apart."""
    result = random.choice(MUTATIONS)(random, file)
    if random.randrange(4) == 0:
        try:
            result = random.choice(MUTATIONS)(random, result)
        except (struct.error, ValueError, IndexError, KeyError, OverflowError, ZeroDivisionError,
                MemoryError):
            pass
    return result
