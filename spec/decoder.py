# SPDX-License-Identifier: MIT
"""A reader of .ckpt files, version 1: the rules of ckpt-format.md, section by section.

    python3 spec/decoder.py [--verify] [--bytes] [--json | --digest] [--generation=N] FILE
    python3 spec/decoder.py --generations FILE

prints "accept" and exits with 0, or prints "reject RULE: message" and exits with 1. --verify also
checks what concerns the payload and older generations (C2, C3, F8, F9, Y1, G1). Parts (section 8.2)
are looked for in the directory of FILE. --generation=N reads an older generation (section 11), --generations prints their numbers, the current one last, each on a
line. --digest prints, instead of "accept", the digest of the
model (section 13.1), 64 hexadecimal digits. --json prints one object:

    version      [major, minor]
    generation   sequence of the current slot
    recovered    true when an edit was interrupted or a slot is damaged
    metadata     VALUE
    modules      [{type, attributes: VALUE, members: [{name, kind: "module" or "tensor", target}]}]
    tensors      [{dtype: {name, class, block_elements, block_bytes}, shape, strides, storage,
                   storage_offset, parameter, requires_grad}]
    storages     [{offset, size, chunk_size, chunk_count, part}]

Objects stand at their numbers. strides is null for a tensor that is dense and row-major.
storage_offset is in elements. chunk_size is 0 without checksums. part is a name, "" for the file. A VALUE is null, true, false, an
integer, a string, a list, {"float": 16 hexadecimal digits of the binary64}, {"bytes": hexadecimal}
or {"map": [[key, VALUE], ...]}. --bytes adds `checksum` to each tensor: XXH3 of its dense,
row-major bytes, 16 hexadecimal digits; null when they are more than 2^24. It also adds `digest`.

The standard library is all it needs. Checking takes time and memory linear in the file, and nothing
recurses but the printing of values, which nest 64 deep.
"""

import copy
import hashlib
import json
import os
import stat
import struct
import sys
import zlib

from identity import digest
from xxh3 import xxh3_64

MAGIC = bytes.fromhex("8E434B500D0A1A0A")
NONE = 0xFFFFFFFF
PAGE = 4096
MAX_CHECKSUM_BYTES = 1 << 24
ELSEWHERE, ENCODED = 1, 2  # required features 0 and 1

(STRING_OFFSETS, STRING_BYTES, DTYPES, MODULES, MEMBERS, TENSORS, DIMENSIONS, STORAGES, CHUNKS,
 VALUES, VALUE_BYTES, RETIRED, CHUNK_ENDS) = range(1, 14)
PROGRAMS, PARTS, SIGNATURE, ENCRYPTION = range(32, 36)

RECORDS = {STRING_OFFSETS: "<Q", STRING_BYTES: None, DTYPES: "<IB3sII", MODULES: "<IIQII",
           MEMBERS: "<IIII", TENSORS: "<IHBBQQ", DIMENSIONS: "<Q", STORAGES: "<QQQQBBBBI",
           CHUNKS: "<Q", VALUES: "<IIIIQ", VALUE_BYTES: None, RETIRED: "<QQIIQQ",
           CHUNK_ENDS: "<Q", PARTS: "<IIQ32s"}
SMALL_SECTIONS = (STRING_OFFSETS, DTYPES, MODULES, MEMBERS, TENSORS, STORAGES, VALUES, RETIRED,
                  PARTS)

DTYPE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
FLOAT, COMPLEX, BLOCK = 4, 5, 6
NULL, BOOL, INTEGER, DOUBLE, STRING, BYTES, LIST, MAP = range(8)
STRIDED, BUFFER, REQUIRES_GRAD = 1, 2, 4


def registry():
    """Name: (class, block_elements, block_bytes)."""
    plain = {1: "bool 1", 2: "u8 1 u16 2 u32 4 u64 8", 3: "i8 1 i16 2 i32 4 i64 8",
             4: "f16 2 f32 4 f64 8 bf16 2 f8_e4m3fn 1 f8_e5m2 1 f8_e8m0fnu 1 f8_e4m3fnuz 1"
                " f8_e5m2fnuz 1",
             5: "complex32 4 complex64 8 complex128 16"}
    types = {}
    for class_, text in plain.items():
        words = text.split()
        for name, size in zip(words[::2], words[1::2]):
            types[name] = (class_, 1, int(size))
    types |= {"f6_e2m3fn": (4, 4, 3), "f6_e3m2fn": (4, 4, 3), "f4_e2m1fn": (4, 2, 1)}
    blocks = {32: "q4_0 18 q4_1 20 q5_0 22 q5_1 24 q8_0 34 q8_1 36 iq4_nl 18 mxfp4 17",
              64: "nvfp4 36 q2_0 18", 128: "q1_0 18",
              256: "q2_k 84 q3_k 110 q4_k 144 q5_k 176 q6_k 210 q8_k 292 iq2_xxs 66 iq2_xs 74"
                   " iq2_s 82 iq3_xxs 98 iq3_s 110 iq1_s 50 iq1_m 56 iq4_xs 136 tq1_0 54 tq2_0 66"}
    for elements, text in blocks.items():
        words = text.split()
        for name, size in zip(words[::2], words[1::2]):
            types[name] = (6, elements, int(size))
    return types


REGISTRY = registry()


class Reject(Exception):
    """The file breaks a rule; offset is a place in the file."""

    def __init__(self, rule, message, offset):
        super().__init__(f"{rule}: {message}, at offset {offset}")
        self.rule, self.message, self.offset = rule, message, offset


def require(condition, rule, message, offset):
    if not condition:
        raise Reject(rule, message, offset)


def align(x, a):
    return -(-x // a) * a


class Section:
    def __init__(self, kind, record_size, count, begin):
        self.kind, self.record_size, self.count, self.begin = kind, record_size, count, begin

    @property
    def end(self):
        return self.begin + self.count * self.record_size

    def at(self, i):
        """Offset of record i in the file."""
        return self.begin + i * self.record_size

    def records(self, data):
        layout = struct.Struct(RECORDS[self.kind])
        return [layout.unpack_from(data, self.at(i)) for i in range(self.count)]

    def numbers(self, data):
        return [record[0] for record in self.records(data)]


class Slot:
    """Section 3.1."""

    def __init__(self, data, page):
        self.at = page * PAGE
        raw = data[self.at:self.at + 128]
        (self.magic, self.major, self.minor, self.state, self.required, self.optional,
         self.sequence, self.index_offset, self.index_size, self.index_checksum, self.file_size,
         self.unused, checksum) = struct.unpack("<8sHHIQQQQQQQ48sQ", raw)
        self.sound = self.magic == MAGIC and checksum == xxh3_64(raw[:120])
        self.blank = not any(data[self.at:self.at + PAGE])


class Checkpoint:
    """A file, filled in by the functions below."""

    def __init__(self, data, directory=None):
        self.data = data
        self.directory = directory  # where the parts are; None: nowhere
        self.used_strings = set()
        self.padding = []  # ranges of the file
        self.decoded = {}  # bytes of encoded storages

    def string(self, number, offset):
        require(number < len(self.strings), "S5", f"no string {number}", offset)
        self.used_strings.add(number)
        return self.strings[number]

    def storage_bytes(self, number):
        return storage_bytes(self, number)


# ---- section 3 ----

def header(file):
    data = file.data
    require(len(data) >= 2 * PAGE, "H1", f"{len(data)} bytes are no header", len(data))
    slots = [Slot(data, 0), Slot(data, 1)]
    sound = [slot for slot in slots if slot.sound]
    known = any(slot.magic == MAGIC for slot in slots)
    require(sound, "H2", "no sound header slot" if known else "no .ckpt file", 0)
    for slot in sound:
        require(slot.major == 1, "H5", f"version {slot.major}", slot.at + 8)
    for slot in sound:
        require(slot.sequence and slots[(slot.sequence - 1) % 2] is slot, "H3",
                f"sequence {slot.sequence} in the wrong page", slot.at + 32)
    require(len(sound) == 1 or abs(slots[0].sequence - slots[1].sequence) == 1, "H4",
            "sequences that do not follow each other", 32)
    choose_slot(file, slots, sound)
    check_slot(file, slots)


def choose_slot(file, slots, sound):
    newest = max(sound, key=lambda slot: slot.sequence)
    for slot in sound:
        require(slot.state in (1, 2), "H7", f"state {slot.state}", slot.at + 12)
        require(slot.state == 1 or slot is newest, "H7", "an edit of an old generation",
                slot.at + 12)
    committed = [slot for slot in sound if slot.state == 1]
    require(committed, "H7", "no committed slot", newest.at + 12)
    file.slot = max(committed, key=lambda slot: slot.sequence)
    other = slots[1] if file.slot is slots[0] else slots[0]
    if other.sound:
        file.recovered = other.state == 2
    else:
        file.recovered = not (other.blank and file.slot.sequence == 1)


def check_slot(file, slots):
    slot, data = file.slot, file.data
    require(slot.minor or not any(slot.unused), "H8", "unused bytes are not zero", slot.at + 72)
    require(slot.required & ~(ELSEWHERE | ENCODED) == 0, "H6", f"required features {slot.required:#x}", slot.at + 16)
    for page in (0, 1):
        begin = page * PAGE + 128
        require(not any(data[begin:(page + 1) * PAGE]), "H9", "bytes behind a slot", begin)
    require(len(data) >= slot.file_size, "H10", "the file is too short", len(data))
    require(len(data) == slot.file_size or file.recovered, "H10", "the file is too long",
            slot.file_size)
    require(slot.index_offset % 64 == 0 and slot.index_offset >= 2 * PAGE
            and slot.index_offset + slot.index_size == slot.file_size,
            "H11", f"an index at {slot.index_offset}", slot.at + 40)
    file.index = data[slot.index_offset:slot.file_size]
    require(xxh3_64(file.index) == slot.index_checksum, "H12", "index checksum", slot.index_offset)


# ---- section 4 ----

def index(file):
    data, base, size = file.data, file.slot.index_offset, file.slot.index_size
    require(size >= 8, "X1", "no directory", base)
    count, reserved = struct.unpack_from("<II", data, base)
    require(reserved == 0, "X1", "reserved field", base + 4)
    require(8 + 32 * count <= size, "X1", "the directory is cut off", base)
    require(count >= 11, "X2", f"{count} sections", base)
    file.sections = {}
    end, last_kind = 8 + 32 * count, 0
    for i in range(count):
        at = base + 8 + 32 * i
        entry = struct.unpack_from("<IIIIQQ", data, at)
        require(entry[0] > last_kind and (i >= 11 or entry[0] == i + 1), "X2",
                f"kind {entry[0]} as entry {i}", at)
        last_kind = entry[0]
        end = directory_entry(file, entry, at, end)
    require(size == align(end, 8), "X6", "the index does not end with its last section",
            base + size)
    require(not any(file.index[end:]), "X7", "bytes behind the last section", base + end)


def directory_entry(file, entry, at, end):
    """Returns where the section ends; end is where the one before it ended."""
    kind, flags, record_size, reserved, count, offset = entry
    base = file.slot.index_offset
    critical = bool(flags & 1)
    require(flags < 2 and reserved == 0, "X4", "reserved bits", at + 4)
    if kind < 32 or kind in (PARTS, ENCRYPTION):
        require(critical, "X4", f"section {kind} is not critical", at + 4)
    if kind in (PROGRAMS, SIGNATURE) or kind >= 0x80000000:
        require(not critical, "X4", f"section {kind} is critical", at + 4)
    require(kind in RECORDS or not critical, "X3", f"unknown critical section {kind}", at)
    check_record_size(file, kind, record_size, at + 8)
    require(kind not in SMALL_SECTIONS or count < NONE, "X8", f"{count} records", at + 16)
    require(offset == align(end, 8), "X6", f"section {kind} is not where it belongs", at + 24)
    require(offset + count * record_size <= file.slot.index_size, "X6",
            f"section {kind} leaves the index", at + 16)
    require(not any(file.index[end:offset]), "X7", "bytes between sections", base + end)
    file.sections[kind] = Section(kind, record_size, count, base + offset)
    return offset + count * record_size


def check_record_size(file, kind, record_size, at):
    if kind not in RECORDS:
        require(record_size > 0, "X5", "records of 0 bytes", at)
    elif RECORDS[kind] is None:
        require(record_size == 1, "X5", f"records of {record_size} bytes", at)
    else:
        least = struct.calcsize(RECORDS[kind])
        right = record_size >= least and record_size % 8 == 0
        require(right and (file.slot.minor or record_size == least), "X5",
                f"records of {record_size} bytes", at)


def read_records(file):
    data, sections = file.data, file.sections
    file.dtype_records = sections[DTYPES].records(data)
    file.module_records = sections[MODULES].records(data)
    file.member_records = sections[MEMBERS].records(data)
    file.tensor_records = sections[TENSORS].records(data)
    file.dimensions = sections[DIMENSIONS].numbers(data)
    file.storage_records = sections[STORAGES].records(data)
    file.chunks = sections[CHUNKS].numbers(data)
    file.value_records = sections[VALUES].records(data)
    file.retired = sections[RETIRED].records(data) if RETIRED in sections else []
    file.chunk_ends = sections[CHUNK_ENDS].numbers(data) if CHUNK_ENDS in sections else None
    file.part_records = sections[PARTS].records(data) if PARTS in sections else []


# ---- section 5 ----

def strings(file):
    section, text = file.sections[STRING_OFFSETS], file.sections[STRING_BYTES]
    offsets = section.numbers(file.data)
    require(offsets and offsets[0] == 0, "S1", "string offsets do not begin with 0", section.begin)
    require(offsets[-1] == text.count, "S1", "string offsets do not end with the strings",
            section.end)
    raw = file.data[text.begin:text.end]
    for i in range(1, len(offsets)):
        require(offsets[i - 1] < offsets[i], "S1", "string offsets do not ascend", section.at(i))
    file.strings = []
    last = None
    for i in range(len(offsets) - 1):
        string, at = raw[offsets[i]:offsets[i + 1]], text.begin + offsets[i]
        require(string.find(b"\0") == len(string) - 1, "S2", f"string {i} and its NUL", at)
        try:
            file.strings.append(string[:-1].decode("utf-8"))
        except UnicodeDecodeError:
            raise Reject("S2", f"string {i} is not UTF-8", at) from None
        require(last is None or last < string[:-1], "S3", f"string {i} is not in order", at)
        last = string[:-1]
    file.string_sizes = [offsets[i + 1] - offsets[i] - 1 for i in range(len(offsets) - 1)]


def unused_strings(file):
    """S4, when all the other sections have been read."""
    if file.slot.minor == 0:
        for i in range(len(file.strings)):
            require(i in file.used_strings, "S4", f"string {i} is not used",
                    file.sections[STRING_OFFSETS].at(i))


# ---- section 6 ----

def dtypes(file):
    file.dtypes = []
    last = -1
    for i, record in enumerate(file.dtype_records):
        name_number, class_, reserved, elements, size = record
        at = file.sections[DTYPES].at(i)
        name = file.string(name_number, at)
        require(name_number > last, "D1", f"type {i} is not in order", at)
        last = name_number
        require(1 <= class_ <= 7 and not any(reserved) and 1 <= elements <= 65536
                and 1 <= size <= 65536, "D2", f"layout of type {i}", at + 4)
        require(0 < len(name) <= 32 and DTYPE_CHARACTERS.issuperset(name), "D5",
                f"name of type {i}", at)
        require(REGISTRY.get(name, (class_, elements, size)) == (class_, elements, size), "D3",
                f"{name} has another layout", at)
        file.dtypes.append((name, class_, elements, size))


# ---- section 7 ----

def modules(file):
    section = file.sections[MODULES]
    require(section.count > 0, "M1", "no module", section.begin)
    members = 0
    file.modules = []
    for i, (type_, count, first, program, reserved) in enumerate(file.module_records):
        at = section.at(i)
        require(first == members, "M2", f"first member of module {i}", at + 8)
        require(program == NONE or PROGRAMS in file.sections, "M3", f"program of module {i}",
                at + 16)
        require(reserved == 0, "M3", f"reserved field of module {i}", at + 20)
        file.modules.append((file.string(type_, at), first, count))
        members += count
    require(members == file.sections[MEMBERS].count, "M2", "members of no module", section.end)


def members(file):
    """What each member is (N1 to N5, M4)."""
    section = file.sections[MEMBERS]
    named, next_tensor = {0}, 0
    for holder, (_, first, count) in enumerate(file.modules):
        last = -1
        for i in range(first, first + count):
            name, target, by_name, kind = file.member_records[i]
            at = section.at(i)
            text = file.string(name, at)
            require(kind in (1, 2), "N1", f"kind of member {i}", at + 12)
            require("." not in text, "N2", f"name of member {i}", at)
            require(by_name < count, "N3", f"by_name of member {i}", at + 8)
            next_name = file.member_records[first + by_name][0]
            require(next_name > last, "N3", f"names of module {holder} are not in order", at + 8)
            last = next_name
            if kind == 1:
                require(holder < target < len(file.modules), "N4", f"target of member {i}", at + 4)
                named.add(target)
            else:
                require(target <= next_tensor and target < len(file.tensor_records), "N5",
                        f"tensor {target} where {next_tensor} is the next", at + 4)
                next_tensor += target == next_tensor
    require(next_tensor == len(file.tensor_records), "N5", f"tensor {next_tensor} has no name",
            section.end)
    for i in range(len(file.modules)):
        require(i in named, "M4", f"module {i} is no member", file.sections[MODULES].at(i))


def paths(file):
    """What a walk over names can meet (M5 to M7): members point to greater module numbers, so
    each module is complete when its turn comes."""
    count = len(file.modules)
    depth, longest, ways = [0] * count, [-1] * count, [1] + [0] * (count - 1)
    names = 0
    for holder, (_, first, member_count) in enumerate(file.modules):
        at = file.sections[MEMBERS].at(first)
        require(member_count == 0 or depth[holder] < 128, "M5", "too deep", at)
        names += member_count * ways[holder]
        require(names <= 1 << 26, "M7", "too many dotted names", at)
        for name, target, _, kind in file.member_records[first:first + member_count]:
            size = longest[holder] + 1 + file.string_sizes[name]
            require(size <= 65535, "M6", "a dotted name is too long", at)
            if kind == 1:
                depth[target] = max(depth[target], depth[holder] + 1)
                longest[target] = max(longest[target], size)
                ways[target] += ways[holder]


def tensors(file):
    section = file.sections[TENSORS]
    file.tensors = []
    used = 0
    for i, record in enumerate(file.tensor_records):
        storage, dtype, rank, flags, offset, first = record
        at = section.at(i)
        require(storage < len(file.storage_records), "T1", f"storage of tensor {i}", at)
        require(dtype < len(file.dtypes), "T1", f"type of tensor {i}", at + 4)
        require(rank <= 64, "T2", f"rank of tensor {i}", at + 6)
        class_ = file.dtypes[dtype][1]
        require(flags < 8 and flags & 6 != 6
                and (not flags & REQUIRES_GRAD or class_ in (FLOAT, COMPLEX)), "T3",
                f"flags of tensor {i}", at + 7)
        wanted = rank * 2 if flags & STRIDED else rank
        require(first == used and used + wanted <= len(file.dimensions), "T4",
                f"dimensions of tensor {i}", at + 16)
        used += wanted
        shape = file.dimensions[first:first + rank]
        strides = file.dimensions[first + rank:used] if flags & STRIDED else None
        file.tensors.append((storage, dtype, flags, offset, shape, strides))
        tensor_layout(file, i, at)
    require(used == len(file.dimensions), "T4", "dimensions of no tensor", section.end)


def dense_strides(shape):
    """Meaningful where no extent is 0."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return strides[::-1]


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def tensor_layout(file, i, at):
    storage, dtype, _, offset, shape, strides = file.tensors[i]
    _, class_, elements, size = file.dtypes[dtype]
    limit = file.storage_records[storage][1]
    require(product(extent for extent in shape if extent) * size < 1 << 63, "T5",
            f"size of tensor {i}", at)
    numel = product(shape)
    if elements > 1:
        require(strides is None, "T6", f"strides of tensor {i}", at + 7)
        packed = shape[-1] if class_ == BLOCK and shape else numel
        require(packed % elements == 0 and (shape or class_ != BLOCK), "T6",
                f"blocks of tensor {i}", at)
    if strides is not None:
        dense = all(extent == 1 or stride == wanted
                    for extent, stride, wanted in zip(shape, strides, dense_strides(shape)))
        require(numel and not dense, "T7", f"needless strides of tensor {i}", at + 7)
        require(all(stride < 1 << 63 for stride in strides), "T7", f"strides of tensor {i}", at)
    require(offset % size == 0, "T8", f"offset of tensor {i}", at + 8)
    if strides is None:
        reach = numel // elements * size
    else:
        reach = 1 + sum((extent - 1) * stride for extent, stride in zip(shape, strides))
        reach *= size
    require(offset + reach <= limit, "T8", f"tensor {i} reaches out of its storage", at + 8)


def used_things(file):
    """D4 and T9: types and storages are there for tensors."""
    dtypes_used = {tensor[1] for tensor in file.tensors}
    storages_used = {tensor[0] for tensor in file.tensors}
    for i in range(len(file.dtypes)):
        require(i in dtypes_used or file.slot.minor, "D4", f"type {i} is not used",
                file.sections[DTYPES].at(i))
    for i in range(len(file.storage_records)):
        require(i in storages_used, "T9", f"storage {i} is not used", file.sections[STORAGES].at(i))


# ---- section 8 ----

def chunk_count(storage):
    size, chunk_log2 = storage[1], storage[5]
    return align(size, 1 << chunk_log2) >> chunk_log2 if chunk_log2 else 0


def chunk_size(storage, k):
    """Bytes of chunk k in memory."""
    return min(storage[1] - (k << storage[5]), 1 << storage[5])


def storages(file):
    section = file.sections[STORAGES]
    chunks = 0
    for i, storage in enumerate(file.storage_records):
        offset, size, stored_size, first_chunk, encoding, chunk_log2, _, _, part = storage
        at = section.at(i)
        require(encoding <= 1 and (part == NONE or part < len(file.part_records)), "P1",
                f"storage {i}", at + 32)
        require(0 < stored_size < size if encoding else stored_size == size, "P2",
                f"stored size of storage {i}", at + 16)
        require(size < 1 << 63, "P2", f"size of storage {i}", at + 8)
        require(size or (offset == 0 and chunk_log2 == 0 and part == NONE), "P3",
                f"empty storage {i}", at)
        require(chunk_log2 == 0 or 12 <= chunk_log2 <= 30, "P5", f"chunks of storage {i}", at + 33)
        require(first_chunk == chunks, "P6", f"first chunk of storage {i}", at + 24)
        encoding_fields(storage, i, at)
        chunks += chunk_count(storage)
    require(chunks == len(file.chunks), "P6", "chunks of no storage", section.end)
    chunk_ends(file)


# ---- section 8.1 ----

def encoding_fields(storage, i, at):
    _, _, _, _, encoding, chunk_log2, width, rotation, _ = storage
    if encoding:
        require(0 < chunk_log2 <= 24, "E2", f"chunks of encoded storage {i}", at + 33)
        require(width in (1, 2, 4, 8) and rotation <= (width > 1), "E2", f"form of storage {i}",
                at + 34)
    else:
        require(width == rotation == 0, "E2", f"form of raw storage {i}", at + 34)


def chunk_ends(file):
    encoded = any(storage[4] for storage in file.storage_records)
    at = file.sections[STORAGES].begin
    require(encoded == bool(file.slot.required & ENCODED), "E1", "feature of encoded storages", at)
    require(encoded == (file.chunk_ends is not None), "E1", "ends of chunks", at)
    if not encoded:
        return
    section = file.sections[CHUNK_ENDS]
    require(len(file.chunk_ends) == len(file.chunks), "E3", "as many ends as chunks", section.begin)
    for i, storage in enumerate(file.storage_records):
        count, end = chunk_count(storage), 0
        for k in range(count):
            begin, end = end, file.chunk_ends[storage[3] + k]
            at = section.at(storage[3] + k)
            require(begin < end <= storage[2], "E3", f"end of chunk {k} of storage {i}", at)
            require(stored_size_fits(storage, chunk_size(storage, k), end - begin), "E4",
                    f"stored size of chunk {k} of storage {i}", at)
        require(count == 0 or end == storage[2], "E3", f"end of storage {i}", section.end)


def stored_size_fits(storage, size, stored):
    planes = stored - 4 * storage[6]
    return 1 <= planes <= size <= 1032 * planes if storage[4] else stored == size


def stored_chunk(file, storage, k):
    """(offset in the file, bytes)"""
    begin, end = k << storage[5], min(storage[1], k + 1 << storage[5])
    if file.chunk_ends is not None:
        begin = file.chunk_ends[storage[3] + k - 1] if k else 0
        end = file.chunk_ends[storage[3] + k]
    return storage[0] + begin, place_of(file, storage)[storage[0] + begin:storage[0] + end]


def inflate(stream, size, at):
    decompressor = zlib.decompressobj(-15)
    try:
        plane = decompressor.decompress(stream, size + 1)
    except zlib.error:
        raise Reject("C3", "malformed deflate stream", at) from None
    require(len(plane) == size and decompressor.eof and not decompressor.unused_data, "C3",
            "a deflate stream of another length", at)
    return plane


def decode_chunk(storage, stored, size, at):
    width, rotation = storage[6:8]
    words = struct.unpack_from(f"<{width}I", stored)
    require(sum(word % (1 << 30) for word in words) == len(stored) - 4 * width, "C3",
            "sizes of planes", at)
    chunk, end = bytearray(size), 4 * width
    for p, word in enumerate(words):
        method, taken, plane_size = word >> 30, word % (1 << 30), len(range(p, size, width))
        require(method <= 1 and (taken < plane_size if method else taken == plane_size), "C3",
                f"word of plane {p}", at + 4 * p)
        plane = stored[end:end + taken]
        chunk[p::width] = inflate(plane, plane_size, at + end) if method else plane
        end += taken
    return rotated_back(chunk, width) if rotation else bytes(chunk)


def rotated_back(chunk, width):
    code = {2: "H", 4: "I", 8: "Q"}[width]
    layout, bits = struct.Struct(f"<{len(chunk) // width}{code}"), 8 * width
    numbers = layout.unpack_from(chunk)
    layout.pack_into(chunk, 0, *(x >> 1 | (x & 1) << bits - 1 for x in numbers))
    return bytes(chunk)


def storage_bytes(file, number):
    """What the storage holds in memory; its chunks must have passed C2 and C3, or this rejects."""
    storage = file.storage_records[number]
    if not storage[4]:
        return place_of(file, storage)[storage[0]:storage[0] + storage[1]]
    if number not in file.decoded:
        chunks = [(*stored_chunk(file, storage, k), chunk_size(storage, k))
                  for k in range(chunk_count(storage))]
        file.decoded[number] = b"".join(decode_chunk(storage, stored, size, at)
                                        for at, stored, size in chunks)
    return file.decoded[number]


# ---- section 8.2 ----

def part_name_fits(name):
    return (0 < len(name.encode()) <= 255 and name not in (".", "..")
            and not any(ord(c) < 32 or c in "\x7f/\\:" for c in name))


def parts(file):
    begin = file.sections[PARTS if PARTS in file.sections else STORAGES].begin
    count = len(file.part_records)
    require(bool(file.slot.required & ELSEWHERE) == (PARTS in file.sections), "F1",
            "feature of payload elsewhere", begin)
    require(PARTS not in file.sections or 0 < count <= 4096, "F1", f"{count} parts", begin)
    last = -1
    file.part_names = []
    for i, (name_number, reserved, size, _) in enumerate(file.part_records):
        at = file.sections[PARTS].at(i)
        name = file.string(name_number, at)
        require(part_name_fits(name), "F2", f"name of part {i}", at)
        require(reserved == 0 and 0 < size < 1 << 63, "F3", f"part {i}", at + 4)
        require(name_number > last, "F4", f"part {i} is not in order", at)
        last = name_number
        file.part_names.append(name)
    part_extents(file)
    file.parts = {}


def part_extents(file):
    extents = [[] for _ in file.part_records]
    for i, (offset, _, stored_size, _, encoding, _, _, _, part) in enumerate(file.storage_records):
        if part == NONE:
            continue
        alignment = 64 if encoding else storage_alignment(stored_size)
        require(offset % alignment == 0 and offset + stored_size <= file.part_records[part][2], "F6",
                f"place of storage {i}", file.sections[STORAGES].at(i))
        extents[part].append((offset, stored_size, i))
    for i, found in enumerate(extents):
        require(found, "F5", f"nothing lies in part {i}", file.sections[PARTS].at(i))
        found.sort()
        for (begin, size, _), (offset, _, storage) in zip(found, found[1:]):
            require(begin + size <= offset, "F7", f"storage {storage} overlaps another one",
                    file.sections[STORAGES].at(storage))


def part_bytes(file, part):
    """F8. No link is followed and nothing but a file is read."""
    if part not in file.parts:
        name, size = file.part_names[part], file.part_records[part][2]
        require(file.directory is not None, "F8", f"part {name!r} of no directory", 0)
        try:
            directory = os.open(file.directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
            finally:
                os.close(directory)
        except (OSError, ValueError) as error:
            raise Reject("F8", f"part {name!r}: {error}", 0) from None
        with open(handle, "rb", closefd=True) as stream:
            state = os.fstat(handle)
            require(stat.S_ISREG(state.st_mode) and state.st_size == size, "F8",
                    f"part {name!r} is not as it should be", 0)
            file.parts[part] = stream.read()
    return file.parts[part]


def place_of(file, storage):
    """The bytes of the file in which the storage lies."""
    return file.data if storage[8] == NONE else part_bytes(file, storage[8])


def storage_alignment(size):
    return PAGE if size >= 65536 else 64


def tiling(file):
    """P4, when the retired extents have been checked; finds the padding."""
    stored = [(s[0], s[2], 64 if s[4] else storage_alignment(s[2]))
              for s in file.storage_records if s[1] and s[8] == NONE]
    retired = [(r[0], r[1], storage_alignment(r[1]) if r[2] == 2 else 64) for r in file.retired]
    end, i, j = 2 * PAGE, 0, 0
    while i < len(stored) or j < len(retired):
        if j == len(retired) or i < len(stored) and stored[i][0] < retired[j][0]:
            begin, size, alignment = stored[i]
            i += 1
        else:
            begin, size, alignment = retired[j]
            j += 1
        require(begin == align(end, alignment), "P4", f"an extent at {begin}", end)
        file.padding.append((end, begin))
        end = begin + size
    require(file.slot.index_offset == align(end, 64), "P4", "the index is elsewhere", end)
    file.padding.append((end, file.slot.index_offset))


def payload_of(file, part):
    """C2 and C3 of the storages in a part, or in the file."""
    for i, storage in enumerate(file.storage_records):
        for k in range(chunk_count(storage) if storage[8] == part else 0):
            at, stored = stored_chunk(file, storage, k)
            require(xxh3_64(stored) == file.chunks[storage[3] + k], "C2",
                    f"chunk {k} of storage {i}", at)
            if storage[4]:
                decode_chunk(storage, stored, chunk_size(storage, k), at)


def payload(file):
    """C2, C3, Y1, F8 and F9."""
    payload_of(file, NONE)
    for begin, end in file.padding:
        require(not any(file.data[begin:end]), "Y1", "padding", begin)
    for offset, size, kind, _, sequence, checksum in file.retired:
        if kind == 1:
            retired_index(file, offset, size, sequence, checksum)
    for part, (_, _, _, sha256) in enumerate(file.part_records):
        whole = part_bytes(file, part)
        payload_of(file, part)
        require(hashlib.sha256(whole).digest() == sha256, "F9",
                f"SHA-256 of part {file.part_names[part]!r}", 0)


# ---- section 9 ----

def values(file):
    section, records = file.sections[VALUES], file.value_records
    roots = 1 + len(file.modules)
    require(len(records) >= roots, "V1", f"{len(records)} values", section.begin)
    for i in range(roots):
        key, by_key, type_, _, _ = records[i]
        require(type_ == MAP and key == NONE and by_key == 0, "V1", f"root {i}", section.at(i))
    next_element, next_byte = roots, 0
    depth = [0] * len(records)
    for i, (_, _, type_, count, content) in enumerate(records):
        at = section.at(i)
        require(type_ <= MAP, "V5", f"type of value {i}", at + 8)
        require(depth[i] <= 64, "V8", f"value {i} is too deep", at)
        if type_ in (LIST, MAP):
            require(content == next_element and (count == 0 or i < next_element)
                    and next_element + count <= len(records), "V2", f"elements of value {i}", at)
            next_element += count
            depth[content:next_element] = [depth[i] + 1] * count
            elements(file, i)
        elif type_ == BYTES:
            require(content == next_byte, "V7", f"bytes of value {i}", at + 16)
            next_byte += count
        else:
            scalar(file, i)
    require(next_element == len(records), "V2", "values of no container", section.end)
    require(next_byte == file.sections[VALUE_BYTES].count, "V7", "bytes of no value",
            file.sections[VALUE_BYTES].begin)


def elements(file, container):
    _, _, type_, count, first = file.value_records[container]
    last = -1
    for i in range(first, first + count):
        key, by_key = file.value_records[i][:2]
        at = file.sections[VALUES].at(i)
        if type_ == LIST:
            require(key == NONE and by_key == 0, "V3", f"key of value {i}", at)
            continue
        file.string(key, at)
        require(by_key < count, "V4", f"by_key of value {i}", at + 4)
        next_key = file.value_records[first + by_key][0]
        require(next_key > last, "V4", f"keys of value {container} are not in order", at + 4)
        last = next_key


def scalar(file, i):
    _, _, type_, count, content = file.value_records[i]
    at = file.sections[VALUES].at(i)
    most = {NULL: 0, BOOL: 1}.get(type_)
    require(count == 0 and (most is None or content <= most), "V6", f"payload of value {i}",
            at + 12)
    if type_ == STRING:
        file.string(content, at + 16)


# ---- section 11 ----

def retired(file):
    if RETIRED not in file.sections:
        return
    section = file.sections[RETIRED]
    require(file.retired, "R1", "no retired extents", section.begin)
    last_index = 0
    for i, (_, size, kind, reserved, sequence, checksum) in enumerate(file.retired):
        at = section.at(i)
        require(size and kind in (1, 2, 3) and reserved == 0 and (kind == 1 or checksum == 0), "R2",
                f"retired extent {i}", at)
        require(0 < sequence < file.slot.sequence, "R3", f"sequence of retired extent {i}", at + 24)
        if kind == 1:
            require(sequence > last_index, "R4", f"sequence of retired index {i}", at + 24)
            last_index = sequence


def retired_index(file, offset, size, sequence, checksum):
    """G1. Returns the index."""
    index = file.data[offset:offset + size]
    require(xxh3_64(index) == checksum, "G1", f"index of generation {sequence}", offset)
    return index


def generations(file):
    """The sequences of the older generations, then that of the current one."""
    return [record[4] for record in file.retired if record[2] == 1] + [file.slot.sequence]


def older(newest, sequence):
    """A Checkpoint that begins as the header of an older generation would have it, or None."""
    for offset, size, kind, _, number, checksum in newest.retired:
        if kind == 1 and number == sequence:
            file = Checkpoint(newest.data, newest.directory)
            file.index = retired_index(newest, offset, size, number, checksum)
            file.slot, file.recovered = copy.copy(newest.slot), newest.recovered
            file.slot.index_offset, file.slot.index_size = offset, size
            file.slot.sequence, file.slot.file_size = sequence, offset + size
            file.slot.required = None
            return file
    return None


def decode(data, verify=False, generation=None, directory=None):
    """A Checkpoint from the bytes of a file, or Reject; None when there is no such generation.
    directory is where its parts are."""
    file = check(Checkpoint(data, directory), header)
    if generation not in (None, file.slot.sequence):
        file = older(file, generation)
        if file is None:
            return None
        check(file)
    if verify:
        payload(file)
    return file


def features(file):
    """Those of an older generation, whose slot is gone."""
    if file.slot.required is None:
        file.slot.required = (ENCODED if CHUNK_ENDS in file.sections else 0) | (
            ELSEWHERE if PARTS in file.sections else 0)


def check(file, *first):
    """All rules but those of the payload; first may be what finds the index."""
    for step in (*first, index, features, read_records, strings, dtypes, modules, members, paths, tensors,
                 used_things, storages, parts, values, retired, tiling, unused_strings):
        step(file)
    return file


# ---- what the program prints ----

def describe_values(file):
    """Every value, the elements before their containers."""
    raw = file.sections[VALUE_BYTES].begin
    described = [None] * len(file.value_records)
    for i in range(len(described) - 1, -1, -1):
        _, _, type_, count, content = file.value_records[i]
        run = range(content, content + count)
        if type_ == BOOL:
            described[i] = content == 1
        elif type_ == INTEGER:
            described[i] = content - (content >> 63 << 64)
        elif type_ == DOUBLE:
            described[i] = {"float": f"{content:016x}"}
        elif type_ == STRING:
            described[i] = file.strings[content]
        elif type_ == BYTES:
            described[i] = {"bytes": file.data[raw + content:raw + content + count].hex()}
        elif type_ == LIST:
            described[i] = [described[k] for k in run]
        elif type_ == MAP:
            described[i] = {"map": [[file.strings[file.value_records[k][0]], described[k]]
                                    for k in run]}
    return described


def dense_bytes(file, i):
    """The elements of tensor i in row-major order."""
    storage, dtype, _, offset, shape, strides = file.tensors[i]
    _, _, elements, size = file.dtypes[dtype]
    data = file.storage_bytes(storage)
    if strides is None:
        return data[offset:offset + product(shape) // elements * size]
    places = [offset]
    for extent, stride in zip(shape, strides):
        places = [place + k * stride * size for place in places for k in range(extent)]
    return b"".join(data[place:place + size] for place in places)


def describe_tensor(file, i, with_bytes):
    storage, dtype, flags, offset, shape, strides = file.tensors[i]
    name, class_, elements, size = file.dtypes[dtype]
    result = {"dtype": {"name": name, "class": class_, "block_elements": elements,
                        "block_bytes": size},
              "shape": shape, "strides": strides, "storage": storage,
              "storage_offset": offset // size * elements, "parameter": not flags & BUFFER,
              "requires_grad": bool(flags & REQUIRES_GRAD)}
    if with_bytes:
        small = product(shape) // elements * size <= MAX_CHECKSUM_BYTES
        result["checksum"] = f"{xxh3_64(dense_bytes(file, i)):016x}" if small else None
    return result


def describe(file, with_bytes=False):
    described = describe_values(file)
    members_of = [[{"name": file.strings[name], "kind": "module" if kind == 1 else "tensor",
                    "target": target}
                   for name, target, _, kind in file.member_records[first:first + count]]
                  for _, first, count in file.modules]
    return ({"digest": digest(file)} if with_bytes else {}) | {
        "version": [file.slot.major, file.slot.minor],
        "generation": file.slot.sequence,
        "recovered": file.recovered,
        "metadata": described[0],
        "modules": [{"type": type_, "attributes": described[1 + i], "members": members_of[i]}
                    for i, (type_, _, _) in enumerate(file.modules)],
        "tensors": [describe_tensor(file, i, with_bytes) for i in range(len(file.tensors))],
        "storages": [{"offset": s[0], "size": s[1], "chunk_size": 1 << s[5] if s[5] else 0,
                      "chunk_count": chunk_count(s),
                      "part": file.part_names[s[8]] if s[8] != NONE else ""}
                     for s in file.storage_records],
    }


def print_answer(file, options):
    if "--json" in options:
        print(json.dumps(describe(file, "--bytes" in options), indent=1))
    elif "--generations" in options:
        print(*generations(file), sep="\n")
    else:
        print(digest(file) if "--digest" in options else "accept")


def wanted_generation(options):
    """Takes --generation=N out of the options; None when it is not there."""
    for option in sorted(options):
        if option.startswith("--generation=") and option[13:].isdecimal():
            options.discard(option)
            return int(option[13:])
    return None


def main(arguments):
    options = {argument for argument in arguments if argument.startswith("--")}
    names = [argument for argument in arguments if argument not in options]
    generation = wanted_generation(options)
    if (len(names) != 1
            or options - {"--verify", "--json", "--bytes", "--digest", "--generations"}
            or len(options & {"--json", "--digest", "--generations"}) > 1):
        print(__doc__, file=sys.stderr)
        return 2
    with open(names[0], "rb") as stream:
        data = stream.read()
    try:
        file = decode(data, "--verify" in options, generation, os.path.dirname(names[0]) or ".")
        if file is not None:
            print_answer(file, options)
    except Reject as rejection:
        print(f"reject {rejection}")
        return 1
    if file is None:
        print(f"there is no generation {generation}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
