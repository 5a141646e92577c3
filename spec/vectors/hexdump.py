# SPDX-License-Identifier: MIT
"""Prints valid/small.ckpt as section 16 of the specification shows it.

    python3 spec/vectors/hexdump.py            prints the dump
    python3 spec/vectors/hexdump.py --insert   puts it into ckpt-format.md in place of what is there
"""

import pathlib
import struct
import sys

from image import ENTRY, NONE, PAGE, RECORDS, SLOT
from valid_vectors import VALID

SPEC = pathlib.Path(__file__).resolve().parents[1] / "ckpt-format.md"
KINDS = {kind: (name, layout, fields) for name, (kind, layout, fields) in RECORDS.items()}
SHOWN = {  # what a record is called, and the fields that the dump names beside it
    "string_offsets": ("string", ("offset",)),
    "dtypes": ("type", ("name", "class", "block_elements", "block_bytes")),
    "modules": ("module", ("type", "member_count", "first_member")),
    "members": ("member", ("name", "target", "by_name", "kind")),
    "tensors": ("tensor", ("storage", "dtype", "rank", "flags", "offset")),
    "dimensions": ("dimension", ("value",)),
    "storages": ("storage", ("offset", "size", "first_chunk", "chunk_log2")),
    "chunks": ("checksum of chunk", ()),
    "values": ("value", ("key", "type", "count", "payload"))}


class Dump:
    def __init__(self, data):
        self.data, self.lines = data, []

    def rows(self, begin, end, note):
        for at in range(begin, end, 16):
            raw = self.data[at:min(end, at + 16)].hex(" ")
            self.lines.append(f"{at:08x}  {raw:<47}  {note}".rstrip())
            note = ""

    def zeros(self, begin, end):
        if begin < end:
            assert not any(self.data[begin:end])
            self.lines.append(f"{begin:08x}  zeros up to {end:08x}")

    def title(self, text):
        self.lines += ["", text]

    def struct(self, begin, layout, fields):
        """One line for each field."""
        for field, code in zip(fields, split(layout)):
            end = begin + struct.calcsize("<" + code)
            value, = struct.unpack_from("<" + code, self.data, begin)
            says_it = isinstance(value, int) and not field.endswith("checksum")
            note = f"{field} {value}" if says_it else field
            if end - begin <= 16:
                self.rows(begin, end, note)
            else:
                self.lines.append(f"{begin:08x}  {end - begin} zeros".ljust(59) + note)
            begin = end
        return begin


def split(layout):
    """"<8sHI" as ["8s", "H", "I"]"""
    codes, digits = [], ""
    for character in layout[1:]:
        digits += character
        if not character.isdigit():
            codes.append(digits)
            digits = ""
    return codes


def strings(dump, begin, end):
    text = dump.data[begin:end].split(b"\0")[:-1]
    for i, string in enumerate(text):
        dump.rows(begin, begin + len(string) + 1, f'{i} "{string.decode()}"')
        begin += len(string) + 1


def section(dump, entry, base):
    name, layout, fields = KINDS[entry["kind"]]
    begin = base + entry["offset"]
    end = begin + entry["count"] * entry["record_size"]
    dump.title(f"{name.upper()}, {entry['count']} x {entry['record_size']}")
    if name == "string_bytes":
        strings(dump, begin, end)
    for i in range(entry["count"] if layout else 0):
        at = begin + i * entry["record_size"]
        record = dict(zip(fields, struct.unpack_from(layout, dump.data, at)))
        word, shown = SHOWN[name]
        values = ", ".join(f"{field} {record[field]}" for field in shown if record[field] != NONE)
        dump.rows(at, at + entry["record_size"], f"{word} {i}" + (": " + values if values else ""))
    return end


def dump_file(data):
    dump = Dump(data)
    dump.lines.append("header page 0")
    end = dump.struct(0, SLOT[0] + "Q", SLOT[1] + ("slot_checksum",))
    dump.zeros(end, PAGE)
    dump.title("header page 1")
    dump.zeros(PAGE, 2 * PAGE)
    base, = struct.unpack_from("<Q", data, 40)
    dump.title("storage 0: 1.0, 2.0, 3.0, 4.0")
    dump.rows(8192, 8208, "")
    dump.zeros(8208, base)
    dump.title("index: directory")
    count, _ = struct.unpack_from("<II", data, base)
    dump.rows(base, base + 8, f"section_count {count}")
    entries = []
    for i in range(count):
        at = base + 8 + 32 * i
        entry = dict(zip(ENTRY[1], struct.unpack_from(ENTRY[0], data, at)))
        entries.append(entry)
        dump.rows(at, at + 16,
                  f"kind {entry['kind']}, critical, record_size {entry['record_size']}")
        dump.rows(at + 16, at + 32, f"count {entry['count']}, offset {entry['offset']}")
    last = base + 8 + 32 * count
    for entry in entries:
        if entry["count"]:
            dump.zeros(last, base + entry["offset"])
            last = section(dump, entry, base)
    dump.zeros(last, len(data))
    return "\n".join(dump.lines) + "\n"


def section_16():
    data = VALID["small"]()[0]
    return (f"`spec/vectors/valid/small.ckpt`, {len(data)} bytes: a Sequential of a Linear layer, a"
            " ReLU and the same\nLinear layer again, whose weight is a 2 x 2 matrix.\n\n```\n"
            + dump_file(data) + "```\n")


def main(arguments):
    if arguments != ["--insert"]:
        print(section_16(), end="")
        return
    text = SPEC.read_text()
    head, heading, _ = text.partition("## 16. A file, byte by byte\n")
    SPEC.write_text(head + heading + "\n" + section_16())


if __name__ == "__main__":
    main(sys.argv[1:])
