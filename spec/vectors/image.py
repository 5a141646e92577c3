# SPDX-License-Identifier: MIT
"""Writes .ckpt files from Python descriptions, in canonical form (section 13 of ckpt-format.md) or,
where a caller changes something between two steps, broken at exactly that place.

    storage = Storage(struct.pack("<6f", *range(6)))
    weight = Tensor("f32", [2, 3], storage)
    root = Module("Linear", {"in_features": 3}, [("weight", weight)])
    image = Image(root, {"title": "example"})   # records, as dicts that may be changed
    image.build()                               # the bytes of the file, checksums included

Steps at which a caller can interfere: `image` itself before build(); `on_directory(entries)`,
`on_index(bytearray)`, `on_slots(slots)` and `on_file(bytearray)` as arguments of build(). Whatever
comes after a step, checksums included, is made to fit what the step left.
"""

import hashlib
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from planes import encode  # noqa: E402
from xxh3 import xxh3_64  # noqa: E402

MAGIC = bytes.fromhex("8E434B500D0A1A0A")
NONE = 0xFFFFFFFF
PAGE = 4096

CLASSES = {"bool": 1, "uint": 2, "int": 3, "float": 4, "complex": 5, "block": 6, "opaque": 7}
DTYPES = {}
for _class, _elements, _text in (
        (1, 1, "bool 1"), (2, 1, "u8 1 u16 2 u32 4 u64 8"), (3, 1, "i8 1 i16 2 i32 4 i64 8"),
        (4, 1, "f16 2 f32 4 f64 8 bf16 2 f8_e4m3fn 1 f8_e5m2 1 f8_e8m0fnu 1 f8_e4m3fnuz 1"),
        (4, 1, "f8_e5m2fnuz 1"), (5, 1, "complex32 4 complex64 8 complex128 16"),
        (4, 4, "f6_e2m3fn 3 f6_e3m2fn 3"), (4, 2, "f4_e2m1fn 1"),
        (6, 32, "q4_0 18 q4_1 20 q5_0 22 q5_1 24 q8_0 34 q8_1 36 iq4_nl 18 mxfp4 17"),
        (6, 64, "nvfp4 36 q2_0 18"), (6, 128, "q1_0 18"),
        (6, 256, "q2_k 84 q3_k 110 q4_k 144 q5_k 176 q6_k 210 q8_k 292 iq2_xxs 66 iq2_xs 74"),
        (6, 256, "iq2_s 82 iq3_xxs 98 iq3_s 110 iq1_s 50 iq1_m 56 iq4_xs 136 tq1_0 54 tq2_0 66")):
    _words = _text.split()
    for _name, _size in zip(_words[::2], _words[1::2]):
        DTYPES[_name] = (_class, _elements, int(_size))

# Fields of the records, in file order, and their layout; the number is the kind of the section.
RECORDS = {
    "string_offsets": (1, "<Q", ("offset",)),
    "string_bytes": (2, "", ()),
    "dtypes": (3, "<IBBHII", ("name", "class", "reserved", "reserved2", "block_elements",
                              "block_bytes")),
    "modules": (4, "<IIQII", ("type", "member_count", "first_member", "program", "reserved")),
    "members": (5, "<IIII", ("name", "target", "by_name", "kind")),
    "tensors": (6, "<IHBBQQ", ("storage", "dtype", "rank", "flags", "offset", "first_dimension")),
    "dimensions": (7, "<Q", ("value",)),
    "storages": (8, "<QQQQBBBBI", ("offset", "size", "stored_size", "first_chunk", "encoding",
                                   "chunk_log2", "width", "rotation", "part")),
    "chunks": (9, "<Q", ("checksum",)),
    "values": (10, "<IIIIQ", ("key", "by_key", "type", "count", "payload")),
    "value_bytes": (11, "", ()),
    "retired": (12, "<QQIIQQ", ("offset", "size", "kind", "reserved", "sequence", "checksum")),
    "chunk_ends": (13, "<Q", ("end",)),
    "parts": (33, "<IIQQQQQ", ("name", "reserved", "size", "sha0", "sha1", "sha2", "sha3")),
}
ENTRY = ("<IIIIQQ", ("kind", "flags", "record_size", "reserved", "count", "offset"))
SLOT = ("<8sHHIQQQQQQQ48s", ("magic", "version_major", "version_minor", "state",
                            "required_features", "optional_features", "sequence", "index_offset",
                            "index_size", "index_checksum", "file_size", "unused"))


def align(x, a):
    return -(-x // a) * a


def pack(layout, names, record):
    return struct.pack(layout, *(record[name] for name in names))


class Module:
    def __init__(self, type, attributes=None, members=()):
        self.type, self.attributes, self.members = type, attributes or {}, list(members)

    def add(self, name, member):
        self.members.append((name, member))
        return member


class Storage:
    """chunk_log2 None: what the image says; at: its place in the file when it lies there already;
    form: (width, rotation) of a storage that is encoded; chunks: its chunks as they are to be in the
    file, whatever the data; part: the name of the file in which it lies, at `at`."""

    def __init__(self, data, chunk_log2=None, at=None, form=None, chunks=None, part=None):
        self.data, self.chunk_log2, self.at = bytes(data), chunk_log2, at
        self.form, self.chunks, self.part = form, chunks, part

    def stored(self, chunk_log2):
        """The chunks as they are in the file; one, where there are no checksums."""
        if self.chunks is not None:
            return self.chunks
        size = len(self.data)
        step = 1 << chunk_log2 if chunk_log2 else max(size, 1)
        pieces = [self.data[i:i + step] for i in range(0, size, step)]
        return [encode(piece, *self.form) for piece in pieces] if self.form else pieces


class Tensor:
    """dtype is a name of the registry or (name, class, elements, bytes); offset is in bytes."""

    def __init__(self, dtype, shape, storage, offset=0, strides=None, buffer=False, grad=None):
        self.dtype = dtype if isinstance(dtype, tuple) else (dtype, *DTYPES[dtype])
        self.shape, self.strides, self.storage, self.offset = shape, strides, storage, offset
        self.buffer = buffer
        self.grad = not buffer and self.dtype[1] in (4, 5) if grad is None else grad


def topological(root):
    """Depth-first through the members in reverse order, last finished first."""
    seen, finished, work = {id(root)}, [], [(root, False)]
    while work:
        module, done = work.pop()
        if done:
            finished.append(module)
            continue
        if module is not root and id(module) in seen:
            continue
        seen.add(id(module))
        work.append((module, True))
        # The first to be visited is the last member: it must lie on top of the stack.
        work.extend((m, False) for _, m in module.members if isinstance(m, Module))
    return finished[::-1]


def unique(things):
    return list({id(thing): thing for thing in things}.values())


def ranks(keys):
    """[which key is the k-th in order, for each k]"""
    return sorted(range(len(keys)), key=lambda i: keys[i])


class Image:
    """The records of one generation. kept: bytes of the file so far; retired: (offset, size, kind,
    sequence, checksum) of extents in it; extra: (kind, flags, record_size, bytes) of sections;
    parts: {name: bytes} of the files in which storages lie."""

    def __init__(self, root, metadata=None, *, chunk_log2=20, minor=0, sequence=1, kept=b"",
                 retired=(), extra=(), wider=0, extra_strings=(), extra_dtypes=(), parts=None):
        self.minor, self.sequence, self.kept, self.extra = minor, sequence, kept, list(extra)
        self.wider = wider  # bytes that each record of a fixed layout is longer by
        self.chunk_log2 = chunk_log2
        modules = topological(root)
        tensors = unique(m for module in modules for _, m in module.members
                         if isinstance(m, Tensor))
        self.payload = unique(tensor.storage for tensor in tensors)
        self.part_files = parts or {}
        number = {id(thing): i for things in (modules, tensors, self.payload)
                  for i, thing in enumerate(things)}
        types = sorted({tensor.dtype for tensor in tensors} | set(extra_dtypes))
        values = self.flatten([metadata or {}] + [module.attributes for module in modules])
        self.collect_strings(types, modules, values, extra_strings)
        self.lower_dtypes(types)
        self.lower_modules(modules, number)
        self.lower_tensors(tensors, types, number)
        self.lower_values(values)
        self.place()
        self.retired = [dict(zip(("offset", "size", "kind", "reserved", "sequence", "checksum"),
                                 (offset, size, kind, 0, generation, checksum)))
                        for offset, size, kind, generation, checksum in retired]

    @staticmethod
    def flatten(roots):
        """[(key, by_key, value)] of all values, containers before their elements."""
        values = [(None, 0, root) for root in roots]
        for _, _, value in values:  # grows while it is walked through
            if isinstance(value, dict):
                keys = [key.encode() for key in value]
                values += [(key, by_key, element)
                           for (key, element), by_key in zip(value.items(), ranks(keys))]
            elif isinstance(value, list):
                values += [(None, 0, element) for element in value]
        return values

    def collect_strings(self, types, modules, values, extra):
        texts = {t[0] for t in types} | {module.type for module in modules} | set(extra)
        texts |= {name for module in modules for name, _ in module.members}
        texts |= {key for key, _, _ in values if key is not None}
        texts |= {value for _, _, value in values if isinstance(value, str)}
        texts |= set(self.part_names())
        self.strings = sorted(text.encode() for text in texts)
        self.numbers = {text.decode(): i for i, text in enumerate(self.strings)}
        self.set_strings(self.strings)

    def set_strings(self, strings):
        """Lays the table out anew, without a change of what refers to it."""
        self.strings = strings
        self.string_bytes = bytearray(b"".join(s + b"\0" for s in strings))
        self.string_offsets = [{"offset": 0}]
        for s in strings:
            self.string_offsets.append({"offset": self.string_offsets[-1]["offset"] + len(s) + 1})

    def lower_dtypes(self, types):
        self.dtypes = [{"name": self.numbers[name], "class": class_, "reserved": 0, "reserved2": 0,
                        "block_elements": elements, "block_bytes": size}
                       for name, class_, elements, size in types]

    def lower_modules(self, modules, number):
        self.modules, self.members = [], []
        for module in modules:
            self.modules.append({"type": self.numbers[module.type],
                                 "member_count": len(module.members),
                                 "first_member": len(self.members), "program": NONE, "reserved": 0})
            names = [name.encode() for name, _ in module.members]
            for (name, member), by_name in zip(module.members, ranks(names)):
                self.members.append({"name": self.numbers[name], "target": number[id(member)],
                                     "by_name": by_name,
                                     "kind": 1 if isinstance(member, Module) else 2})

    def lower_tensors(self, tensors, types, number):
        self.tensors, self.dimensions = [], []
        for t in tensors:
            flags = (t.strides is not None) | 2 * t.buffer | 4 * t.grad
            self.tensors.append({"storage": number[id(t.storage)], "dtype": types.index(t.dtype),
                                 "rank": len(t.shape), "flags": flags, "offset": t.offset,
                                 "first_dimension": len(self.dimensions)})
            self.dimensions += [{"value": n} for n in [*t.shape, *(t.strides or [])]]

    def lower_values(self, values):
        self.values, self.value_bytes = [], bytearray()
        next_element = 1 + len(self.modules)
        for key, by_key, value in values:
            record = {"key": NONE if key is None else self.numbers[key], "by_key": by_key,
                      "type": 0, "count": 0, "payload": 0}
            if isinstance(value, bool):
                record.update(type=1, payload=int(value))
            elif isinstance(value, int):
                record.update(type=2, payload=value % 2**64)
            elif isinstance(value, float):
                record.update(type=3, payload=struct.unpack("<Q", struct.pack("<d", value))[0])
            elif isinstance(value, str):
                record.update(type=4, payload=self.numbers[value])
            elif isinstance(value, bytes):
                record.update(type=5, count=len(value), payload=len(self.value_bytes))
                self.value_bytes += value
            elif isinstance(value, (list, dict)):
                record.update(type=6 if isinstance(value, list) else 7, count=len(value),
                              payload=next_element)
                next_element += len(value)
            self.values.append(record)

    def place(self):
        """Gives the storages their places and the chunks their checksums."""
        end = max(len(self.kept), 2 * PAGE)
        self.storages, self.chunks, self.chunk_ends, self.placed = [], [], [], []
        names = self.part_names()
        self.parts = [self.part_record(name, self.part_files[name]) for name in names]
        for storage in self.payload:
            size = len(storage.data)
            log2 = self.chunk_log2 if storage.chunk_log2 is None else storage.chunk_log2
            log2 = log2 if size else 0
            stored = storage.stored(log2)
            stored_size = sum(map(len, stored))
            at = storage.at
            if at is None and size:
                at = align(end, PAGE if size >= 65536 and not storage.form else 64)
                end = at + stored_size
                self.placed.append((at, b"".join(stored)))
            width, rotation = storage.form or (0, 0)
            self.storages.append({"offset": at or 0, "size": size, "stored_size": stored_size,
                                  "first_chunk": len(self.chunks),
                                  "encoding": int(storage.form is not None), "chunk_log2": log2,
                                  "width": width, "rotation": rotation,
                                  "part": names.index(storage.part) if storage.part is not None else NONE})
            chunk_end = 0
            for chunk in stored if log2 else ():
                chunk_end += len(chunk)
                self.chunks.append({"checksum": xxh3_64(chunk)})
                self.chunk_ends.append({"end": chunk_end})
        self.encoded = any(storage.form for storage in self.payload)
        if not self.encoded:
            self.chunk_ends = []
        self.index_offset = align(end, 64)

    def part_names(self):
        return sorted({storage.part for storage in self.payload if storage.part is not None})

    def part_record(self, name, data):
        digest = struct.unpack("<4Q", hashlib.sha256(data).digest())
        return {"name": self.numbers[name], "reserved": 0, "size": len(data),
                **{f"sha{i}": number for i, number in enumerate(digest)}}

    def sections(self):
        """[(kind, flags, record_size, count, bytes)]"""
        result = []
        for name, (kind, layout, fields) in RECORDS.items():
            records = getattr(self, name)
            if not layout:
                result.append((kind, 1, 1, len(records), bytes(records)))
            elif records or name not in ("retired", "chunk_ends", "parts"):
                size = struct.calcsize(layout) + self.wider
                tail = b"\xA5" * self.wider
                raw = b"".join(pack(layout, fields, record) + tail for record in records)
                result.append((kind, 1, size, len(records), raw))
        result += [(kind, flags, size, len(raw) // max(size, 1), raw)
                   for kind, flags, size, raw in self.extra]
        return result

    def index(self, on_directory=None):
        sections = self.sections()
        end = 8 + 32 * len(sections)
        entries, body = [], bytearray()
        for kind, flags, record_size, count, raw in sections:
            offset = align(end, 8)
            body += bytes(offset - end) + raw
            entries.append({"kind": kind, "flags": flags, "record_size": record_size, "reserved": 0,
                            "count": count, "offset": offset})
            end = offset + len(raw)
        body += bytes(align(end, 8) - end)
        directory = {"section_count": len(sections), "reserved": 0, "entries": entries}
        if on_directory:
            on_directory(directory)
        head = struct.pack("<II", directory["section_count"], directory["reserved"])
        return bytearray(head + b"".join(pack(*ENTRY, entry) for entry in entries) + body)

    def build(self, on_directory=None, on_index=None, on_slots=None, on_file=None):
        index = self.index(on_directory)
        if on_index:
            on_index(index)
        file = bytearray(max(len(self.kept), 2 * PAGE))
        file[:len(self.kept)] = self.kept
        for offset, data in self.placed:
            file += bytes(max(0, offset - len(file)))
            file[offset:offset + len(data)] = data
        file += bytes(max(0, self.index_offset - len(file)))
        file[self.index_offset:] = index
        slots = [None, None]
        slots[(self.sequence - 1) % 2] = {
            "magic": MAGIC, "version_major": 1, "version_minor": self.minor, "state": 1,
            "required_features": bool(self.parts) + 2 * self.encoded, "optional_features": 0, "sequence": self.sequence,
            "index_offset": self.index_offset, "index_size": len(index),
            "index_checksum": xxh3_64(index), "file_size": len(file), "unused": bytes(48)}
        if on_slots:
            on_slots(slots)
        for page, slot in enumerate(slots):
            if slot:
                file[page * PAGE:page * PAGE + 128] = slot_bytes(slot)
        if on_file:
            on_file(file)
        return bytes(file)


def slot_bytes(slot):
    raw = pack(*SLOT, slot)
    return raw + struct.pack("<Q", slot.get("slot_checksum", xxh3_64(raw)))


def read_slot(file, page):
    """The slot of a file, as a dict."""
    layout, names = SLOT
    return dict(zip(names, struct.unpack_from(layout, file, page * PAGE)))
