"""Archives that break the rules of the reader (libckpt/exchange/zipread.h), each with the rule that
must be named; and those that look odd but are sound. Whatever the library takes, Python's zipfile
must take for the same.

    test_zip_rules.py ARCHIVE_PROBE
"""

import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap
from zipmaker import DEFLATED, Entry, archive, deflate, descriptor, field, npy

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
A, B, C = npy(b"first"), npy(b"second, longer"), npy(b"")
ONES = 0xffffffff


def probe(command, archives):
    paths = []
    for number, content in enumerate(archives):
        paths.append(pathlib.Path(DIRECTORY.name, f"{number}.npz"))
        paths[-1].write_bytes(content)
    result = subprocess.run([PROBE, command, *paths], capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), "archive_probe")
    return result.stdout.split("\n")[:-1]


def as_zipfile_sees_it(content):
    """None where zipfile, or the test of it, finds a fault."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as z:
            names = [i.filename for i in z.infolist() if not i.filename.endswith("/")]
            seen = [f"{name[:-4]}={zlib.crc32(z.read(name)[128:]):08x}" for name in names]
            return seen if z.testzip() is None and len(set(names)) == len(names) else None
    except Exception:
        return None


def check(cases):
    """cases: what it is, the rule or None for a sound archive, the archive."""
    for (what, rule, content), line in zip(cases, probe("list", [c for _, _, c in cases])):
        words = line.split(" ")
        if rule is None:
            tap.equal(words[0], "CKPT_OK", f"{what}: {line}")
            tap.equal(sorted(words[1:]), sorted(as_zipfile_sees_it(content)), what)
        else:
            tap.equal((words[0] != "CKPT_OK", words[1]), (True, rule), f"{what}: {line}")
            if rule.startswith("Z"):
                tap.equal(words[0] in ("CKPT_E_STRUCTURE", "CKPT_E_UNSUPPORTED", "CKPT_E_CHECKSUM",
                                       "CKPT_E_TRUNCATED"), True, f"{what}: {line}")


def two(**end):
    return archive([Entry("a.npy", A), Entry("b.npy", B)], **end)


def one(name="a.npy", content=A, **other):
    return archive([Entry(name, content, **other)])


def streamed(wide=False, local=None, change=None, signature=True, **other):
    """As a program writes that cannot go back."""
    entry = Entry("a.npy", A, flags=8, local=local or {"crc": 0, "packed": 0, "size": 0}, **other)
    entry.descriptor = descriptor(entry, wide, signature, **(change or {}))
    return archive([entry, Entry("b.npy", B)])


def test_sound_archives():
    sizes = struct.pack("<QQ", len(A), len(A))
    check([
        ("two", None, two()),
        ("none", None, archive([])),
        ("deflated", None, archive([Entry("a.npy", A, DEFLATED), Entry("b.npy", B)])),
        ("an empty array, a name in UTF-8", None, one("ü.npy", C)),
        ("a Zip64 end record", None, two(zip64={})),
        ("a Zip64 end record with everything", None,
         two(zip64={}, here=0xffff, count=0xffff, size=ONES, offset=ONES)),
        ("Zip64 sizes in the local header", None,
         one(local={"packed": ONES, "size": ONES}, extra=field(1, sizes))),
        ("Zip64 sizes that nobody asked for", None, one(extra=field(1, sizes))),
        ("Zip64 sizes in the directory", None,
         one(central={"packed": ONES, "size": ONES}, central_extra=field(1, sizes))),
        ("a Zip64 offset", None,
         one(central={"offset": ONES}, central_extra=field(1, bytes(8)))),
        ("extra fields that say nothing", None,
         one(extra=field(0x4246, b"ZZZ"), central_extra=field(0x5455, b"12345"))),
        ("a data descriptor", None, streamed()),
        ("a data descriptor, with the local header filled in", None, streamed(local={"x": 0})),
        ("a wide data descriptor", None,
         streamed(True, {"crc": 0, "packed": ONES, "size": ONES}, extra=field(1, bytes(16)))),
        ("a directory in another order", None,
         archive([Entry("a.npy", A), Entry("b.npy", B)], order=[1, 0])),
        ("names that differ in case", None, archive([Entry("a.npy", A), Entry("A.npy", B)])),
        ("arrays in directories", None,
         archive([Entry("d/a.npy", A), Entry("d/", b""), Entry("d/b.npy", B), Entry("d-.npy", A)])),
    ])


def test_ends():
    sound = two()
    wide = two(zip64={})
    check([
        ("a comment", "Z1", two(comment=b"hello")),
        ("a comment that is an archive", "Z3", two(comment=one())),
        ("a suffix", "Z1", two(suffix=b"\0")),
        ("a comment that is not there", "Z1", sound[:-2] + b"\1\0"),
        ("two archives", "Z3", sound + one()),
        ("two end records", "Z3", sound + sound[-22:]),
        ("an end record in the end record", "Z1", two(offset=0x06054b50)),
        ("several disks", "Z1", two(disk=1)),
        ("a directory on another disk", "Z1", two(cd_disk=1)),
        ("entries elsewhere", "Z1", two(here=1)),
        ("an entry on another disk", "Z1", one(central={"disk": 1})),
        ("an archive before the archive", "Z3", one() + sound),
        ("an archive before the entries", "Z11", two(prefix=one())),
        ("something behind the directory", "Z3", two(tail=b"PK")),
        ("a directory that is too long", "Z3", two(size=1000)),
        ("a directory that begins too early", "Z3", two(offset=0)),
        ("a Zip64 record with another count", "Z2", two(zip64={"count": 1})),
        ("a Zip64 record with another size", "Z2", two(zip64={"size": 1})),
        ("a Zip64 record with another offset", "Z2", two(zip64={"offset": 1})),
        ("a Zip64 record of several disks", "Z2", two(zip64={"disk": 1})),
        ("a Zip64 record with more in it", "Z2", two(zip64={"length": 45})),
        ("a locator that points elsewhere", "Z2", two(zip64={"locator": 0})),
        ("a locator of several disks", "Z2", two(zip64={"disks": 2})),
        ("something before the locator", "Z2", wide[:-42] + b"\0" + wide[-42:]),
        ("more entries than there are", "Z3", two(here=3, count=3)),
        ("fewer entries than there are", "Z3", two(here=1, count=1)),
        ("very many entries", "Z3", two(zip64={"count": 1 << 40}, here=0xffff, count=0xffff)),
    ])


def test_what_does_not_begin_with_an_entry_is_no_archive():
    for content in (b"#!/bin/sh\n" + two(), two(prefix=b"#!/bin/sh\n")):
        tap.equal(probe("list", [content])[0].split(" ")[0], "CKPT_E_FORMAT")


def test_every_shorter_archive_is_refused():
    sound = archive([Entry("a.npy", A, DEFLATED), Entry("b.npy", B)], zip64={})
    lines = probe("list", [sound[:size] for size in range(len(sound))])
    for size, line in enumerate(lines):
        tap.equal(line.split(" ")[0] in ("CKPT_E_TRUNCATED", "CKPT_E_FORMAT"), True,
                  f"{size}: {line}")
        if size >= 30 + 5:  # the first name is there: it is known what the file was to be
            tap.equal(line.startswith("CKPT_E_TRUNCATED"), True, f"{size}: {line}")


def test_directories():
    check([
        ("a comment of an entry", "Z3", one(comment=b"x")),
        ("encrypted", "Z4", one(flags=1)),
        ("strongly encrypted", "Z4", one(flags=0x41)),
        ("masked headers", "Z4", one(flags=0x2000)),
        ("a patch", "Z4", one(flags=0x20)),
        ("for a later version", "Z4", one(central={"version": 64})),
        ("bzip2", "Z5", one(local={"method": 12}, central={"method": 12})),
        ("a method for encryption", "Z5", one(local={"method": 99}, central={"method": 99})),
        ("stored, with two sizes", "Z5", one(local={"size": 4}, central={"size": 4})),
        ("more than can be inflated", "Z5",
         one(method=DEFLATED, local={"size": 1 << 30}, central={"size": 1 << 30})),
        ("half a Zip64 field", "Z8",
         one(central={"packed": ONES, "size": ONES}, central_extra=field(1, bytes(8)))),
        ("a Zip64 field that nobody asked for", "Z8", one(central_extra=field(1, bytes(8)))),
        ("an empty Zip64 field", "Z8", one(central_extra=field(1, b""))),
        ("no Zip64 field", "Z8", one(central={"offset": ONES})),
        ("two Zip64 fields", "Z8",
         one(central={"offset": ONES},
             central_extra=field(1, bytes(8)) + field(1, b"12345678"))),
        ("an extra field that is cut", "Z8", one(central_extra=field(0x4246, b"ZZ")[:-1])),
        ("an extra field without a size", "Z8", one(central_extra=b"FB\0")),
        ("another name in an extra field", "Z8",
         one(central_extra=field(0x7075, b"\1" + struct.pack("<I", zlib.crc32(b"a.npy")) +
                                 b"b.npy"))),
        ("encryption in an extra field", "Z8", one(central_extra=field(0x9901, bytes(7)))),
    ])


def test_names():
    names = ["/a.npy", "../a.npy", "d/../a.npy", "./a.npy", "d/./a.npy", "d//a.npy", "a\\b.npy",
             "c:a.npy", "C:/a.npy", b"a\0b.npy", b"\xff.npy", b"\xc0\xae.npy", b"\xed\xa0\x80.npy"]
    cases = [(repr(name), "Z6",
              archive([Entry("first.npy", A),
                       Entry(name, B, local={"flags": 0x800}, central={"flags": 0x800})]))
             for name in names]
    check(cases + [
        ("no name", "Z6", archive([Entry("a.npy", A), Entry("", B)])),
        ("UTF-8 without a flag", "Z6",
         one("ü.npy", local={"flags": 0}, central={"flags": 0})),
        ("a directory with content", "Z6", archive([Entry("a.npy", A), Entry("d/", B)])),
        ("the same name twice", "Z7", archive([Entry("a.npy", A), Entry("a.npy", B)])),
        ("the same name twice, among others", "Z7",
         archive([Entry(f"{n}.npy", A) for n in [*range(100), 50, *range(200, 300)]])),
        ("an entry that would be a directory", "Z7",
         archive([Entry("a.npy", A), Entry("a-.npy", A), Entry("a.npy/b.npy", B)])),
    ])


def test_local_headers():
    def local(**fields):
        return one(local=fields)
    sizes = struct.pack("<QQ", len(A), len(A))
    inner = Entry("b.npy", B)
    check([
        ("another name", "Z9", local(name=b"b.npy")),
        ("a longer name", "Z9", local(name=b"aa.npy")),
        ("a name in another case", "Z9", local(name=b"A.npy")),
        ("another method", "Z9", local(method=8)),
        ("other flags", "Z9", local(flags=0x800)),
        ("a flag for encryption", "Z9", local(flags=1)),
        ("another CRC-32", "Z9", local(crc=0)),
        ("another size", "Z9", local(size=len(A) - 1)),
        ("another compressed size", "Z9", local(packed=len(A) - 1)),
        ("sizes left open", "Z9", local(packed=0, size=0)),
        ("Zip64 sizes that are not there", "Z9", local(packed=ONES, size=ONES)),
        ("other Zip64 sizes", "Z9",
         one(local={"packed": ONES, "size": ONES}, extra=field(1, sizes[:-1] + b"\1"))),
        ("other Zip64 sizes that nobody asked for", "Z9", one(extra=field(1, sizes[::-1]))),
        ("half a Zip64 field that nobody asked for", "Z9", one(extra=field(1, sizes[:8]))),
        ("a Zip64 field that is too long", "Z9",
         one(local={"packed": ONES, "size": ONES}, extra=field(1, sizes + bytes(8)))),
        ("two Zip64 fields", "Z8",
         one(local={"packed": ONES, "size": ONES}, extra=field(1, sizes) * 2)),
        ("an extra field that is cut", "Z8", one(extra=field(0x4246, b"ZZ")[:-1])),
        ("no local header", "Z9", two().replace(b"PK\3\4", b"PK\3\5").replace(b"PK\3\5",
                                                                           b"PK\3\4", 1)),
        ("a data descriptor without a flag", "Z11",
         archive([Entry("a.npy", A, descriptor=descriptor(Entry("a.npy", A))), inner])),
        ("a flag without a data descriptor", "Z10",
         archive([Entry("a.npy", A, flags=8), inner])),
        ("a data descriptor with another CRC-32", "Z10", streamed(change={"crc": 1})),
        ("a data descriptor with another size", "Z10", streamed(change={"size": 1})),
        ("a data descriptor with another compressed size", "Z10", streamed(change={"packed": 1})),
        ("a data descriptor without a signature", "Z10", streamed(signature=False)),
        ("a wide data descriptor that was not announced", "Z10", streamed(True)),
    ])


def test_places():
    a, b = Entry("a.npy", A), Entry("b.npy", B)
    hidden = Entry("hidden.npy", B)
    inside = Entry("a.npy", b.header() + b.data)
    size = len(a.header() + a.data)
    check([
        ("a gap between entries", "Z11", archive([a, Entry("b.npy", B, before=b"\0")])),
        ("a gap before the directory", "Z11", archive([a, b], gap=b"\0")),
        ("an entry that is in no directory", "Z11", archive([a, hidden, b], order=[0, 2])),
        ("the first entry is in no directory", "Z11", archive([hidden, a, b], order=[1, 2])),
        ("the last entry is in no directory", "Z11", archive([a, b, hidden], order=[0, 1])),
        ("two records of one entry", "Z11", archive([a, b], order=[0, 0, 1])),
        ("an entry in another one", "Z11",
         archive([inside, Entry("c.npy", A, central={"offset": 35})])),
        ("an entry that is longer than its place", "Z11",
         archive([Entry("a.npy", A, local={"packed": 2000, "size": 2000},
                        central={"packed": 2000, "size": 2000}), b])),
        ("an entry that reaches over the next", "Z11",
         archive([Entry("a.npy", A, local={"packed": size, "size": size},
                        central={"packed": size, "size": size}), b])),
        ("an offset behind everything", "Z11", one(central={"offset": 1 << 31})),
        ("a header that reaches into the directory", "Z11",
         archive([a, b], order=[0, 1, 0])),
    ])


def overlapping_bomb(count):
    """Many entries over one kernel: each local header but the last is content of the one before,
    quoted in a stored block of deflate."""
    kernel = deflate(bytes(1 << 20), 9)
    content = bytes(1 << 20)
    data, plain = kernel, content
    entries = []
    for number in reversed(range(count)):
        entries.append(Entry(f"{number:04}.npy", plain, DEFLATED, data=data))
        header = entries[-1].header()
        quoted = b"\0" + struct.pack("<HH", len(header), len(header) ^ 0xffff) + header
        data, plain = quoted + data, header + plain
    entries.reverse()
    first = entries[0]
    out = first.header() + first.data
    offsets, at = [], 0
    for entry in entries:
        offsets.append(at)
        at += len(entry.header()) + 5
    start = len(out)
    for entry, offset in zip(entries, offsets):
        out += entry.record(offset)
    return out + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, count, count, len(out) - start, start,
                             0)


def test_overlapping_bombs():
    bomb = overlapping_bomb(20)
    tap.equal(zipfile.ZipFile(io.BytesIO(bomb)).infolist()[0].file_size > 1 << 20, True)
    check([("an overlapping bomb", "Z11", bomb)])


def test_deflated_streams():
    big = npy(bytes(range(256)) * 2000)
    good = deflate(big)

    def stream(data, content=big, **other):
        return one(content=content, method=DEFLATED, data=data, **other)
    wrong = bytearray(good)
    wrong[len(good) // 2] ^= 0x55
    cases = [
        ("bytes behind the stream", "Z12", stream(good + b"\0")),
        ("two streams", "Z12", stream(good + deflate(b"more"))),
        ("a stream that is cut", "Z12", stream(good[:-1])),
        ("a stream of zlib", "Z12", stream(zlib.compress(big))),
        ("a stream of more bytes", "Z12", stream(deflate(big + b"\0"))),
        ("a stream of fewer bytes", "Z12", stream(deflate(big[:-1]))),
        ("bits that are wrong", "Z12", stream(bytes(wrong))),
        ("another CRC-32", "Z12", stream(good, local={"crc": 1}, central={"crc": 1})),
        ("no stream", "Z5", stream(b"")),
    ]
    check(cases)
    for (what, rule, content), line in zip(cases[:-1], probe("verify", [c[2] for c in cases[:-1]])):
        tap.equal(line.split(" ")[1], rule, f"{what}: {line}")


def test_verify_checks_what_was_mapped():
    sound = two()
    at = sound.index(b"second")
    bad = sound[:at] + b"S" + sound[at + 1:]
    lines = probe("verify", [sound, bad, archive([]), archive([Entry("a.npy", C, DEFLATED)])])
    tap.equal(lines[0], "CKPT_OK 2 0")
    tap.equal(lines[1].split(" ")[:2], ["CKPT_E_CHECKSUM", "Z12"], lines[1])
    tap.equal("b.npy" in lines[1], True, lines[1])
    tap.equal(lines[2:], ["CKPT_OK 0 0", "CKPT_OK 1 0"])


def test_what_is_no_array_is_refused_by_name():
    object_array = A.replace(b"'|u1'", b"'|O' ", 1)
    lines = probe("list", [archive([Entry("a.npy", A), Entry("b.txt", b"text")]),
                           archive([Entry("a.npy", A), Entry("b.npy", object_array)]),
                           archive([Entry("a.npy", A), Entry("b.npy", b"text, and not an array")]),
                           archive([Entry("a.npy", A), Entry("a.b.npy", B)])])
    for line, status, name in zip(lines, ["UNSUPPORTED", "UNSUPPORTED", "FORMAT", "UNSUPPORTED"],
                                  ["b.txt", "b.npy", "b.npy", "a.b.npy"]):
        tap.equal((line.split(" ")[0], name in line), (f"CKPT_E_{status}", True), line)


def test_random_changes():
    """One byte of the structure is another: refused, or for zipfile the same too."""
    sound = archive([Entry("a.npy", A, DEFLATED), Entry("b.npy", B, flags=8,
                     local={"crc": 0, "packed": 0, "size": 0},
                     descriptor=descriptor(Entry("b.npy", B))), Entry("d/c.npy", C)], zip64={})
    changed = []
    for at in range(len(sound)):
        for flip in (1, 0x20, 0x80, 0xff):
            content = bytearray(sound)
            content[at] ^= flip
            changed.append(bytes(content))
    taken = 0
    for content, line in zip(changed, probe("list", changed)):
        words = line.split(" ")
        if words[0] != "CKPT_OK":
            continue
        taken += 1
        seen = as_zipfile_sees_it(content)
        # zipfile checks the CRC-32 of what is stored when it reads, the library when it verifies.
        at = next(i for i in range(len(sound)) if sound[i] != content[i])
        if seen is None:
            tap.equal(probe("verify", [content])[0].split(" ")[0], "CKPT_E_CHECKSUM",
                      f"byte {at}: {line}")
        else:
            tap.equal(sorted(words[1:]), sorted(seen))
    tap.equal(taken < len(changed) // 3, True, f"{taken} of {len(changed)} are taken")


tap.main(globals())
