# SPDX-License-Identifier: MIT
"""A file for every rule of spec/exchange.md that a GGUF file can break, and what is no fault.

    test_gguf_refused.py GGUF_PROBE
"""

import random
import struct

from ggufwork import (ARRAY, BOOL, F32, F64, I32, I64, STRING, U8, U16, U32, U64, File, dump, names,
                      opened, padded, plain, work, write)
import tap

F = File()
FOUR = F.tensor("w", [4], 0, 0)
DATA = padded(struct.pack("<4f", 1, 2, 3, 4))
ARCHITECTURE = F.value("general.architecture", STRING, "x")


def key_of_size(size, text=b"k"):
    return struct.pack("<Q", size) + text + struct.pack("<IB", U8, 0)


def of_values(*values, **options):
    return F.whole([*values], [FOUR], DATA, **options)


def of_tensors(*tensors, data=DATA, **options):
    return F.whole([], [*tensors], data, **options)


def alignment(value, kind=U32):
    return F.value("general.alignment", kind, value)


def strings(key, *texts):
    return F.value(key, ARRAY, (STRING, list(texts)))


def array(inner, count, content=b""):
    return F.string("a") + struct.pack("<IIQ", ARRAY, inner, count) + content


ONE = F.value("a", U8, 1)
LARGE = 2**62
TWO = [F.tensor("a", [4], 0, 0), F.tensor("b", [4], 0, 32)]

# file, status, rule ("-": the file ends)
CASES = {
    "magic": (b"GGML" + of_tensors(FOUR)[4:], "CKPT_E_FORMAT -"),
    "version 0": (of_tensors(FOUR, version=0), "CKPT_E_VERSION GG1"),
    "version 1": (of_tensors(FOUR, version=1), "CKPT_E_VERSION GG1"),
    "version 4": (of_tensors(FOUR, version=4), "CKPT_E_VERSION GG1"),
    "version 2^32 - 1": (of_tensors(FOUR, version=2**32 - 1), "CKPT_E_VERSION GG1"),
    "version 2, big-endian": (File(">").whole(version=2), "CKPT_E_VERSION GG2"),
    "version 3, only the version swapped": (b"GGUF\0\0\0\3" + of_tensors(FOUR)[8:],
                                             "CKPT_E_LIMIT GG3"),
    "version 2^16": (of_tensors(FOUR, version=2**16), "CKPT_E_VERSION GG2"),
    "tensors 2^64 - 1": (F.whole(counts=(2**64 - 1, 0)), "CKPT_E_LIMIT GG3"),
    "tensors 2^32": (F.whole([], [FOUR], DATA, counts=(2**32, 0)), "CKPT_E_LIMIT GG3"),
    "values 2^63": (F.whole(counts=(0, 2**63)), "CKPT_E_LIMIT GG3"),
    "one tensor too many": (F.whole([], [], b"\0" * 8, counts=(1, 0)), "CKPT_E_LIMIT GG3"),
    "key of 2^63": (of_values(key_of_size(2**63)), "CKPT_E_LIMIT GG4"),
    "key of 2^64 - 1": (of_values(key_of_size(2**64 - 1)), "CKPT_E_LIMIT GG4"),
    "key of 2^30": (of_values(key_of_size(2**30)), "CKPT_E_TRUNCATED -"),
    "string of 2^63": (of_values(F.string("k") + struct.pack("<IQ", STRING, 2**63)),
                       "CKPT_E_LIMIT GG4"),
    "string of a million": (of_values(F.string("k") + struct.pack("<IQ", STRING, 10**6)),
                            "CKPT_E_TRUNCATED -"),
    "empty key": (of_values(F.value("", U8, 1)), "CKPT_E_STRUCTURE GG5"),
    "duplicate key": (of_values(ONE, ONE), "CKPT_E_STRUCTURE GG5"),
    "duplicate key of another type": (of_values(ONE, F.value("a", STRING, "")),
                                      "CKPT_E_STRUCTURE GG5"),
    "key that is no UTF-8": (of_values(F.value(b"a\xff", U8, 1)), "CKPT_E_STRUCTURE GG5"),
    "key with NUL": (of_values(F.value(b"a\0b", U8, 1)), "CKPT_E_STRUCTURE GG5"),
    "key gguf.types": (of_values(F.value("gguf.types", U8, 1)), "CKPT_E_STRUCTURE GG5"),
    "type 13": (of_values(F.string("k") + struct.pack("<I", 13)), "CKPT_E_STRUCTURE GG6"),
    "type 2^32 - 1": (of_values(F.string("k") + struct.pack("<I", 2**32 - 1)),
                      "CKPT_E_STRUCTURE GG6"),
    "bool 2": (of_values(F.value("k", BOOL, 2)), "CKPT_E_STRUCTURE GG7"),
    "bool 255 in an array": (of_values(F.value("k", ARRAY, (BOOL, [0, 255]))),
                             "CKPT_E_STRUCTURE GG7"),
    "array of type 13": (of_values(array(13, 0)), "CKPT_E_STRUCTURE GG8"),
    "array of arrays": (of_values(array(ARRAY, 1, struct.pack("<IQ", U8, 0))),
                        "CKPT_E_UNSUPPORTED GG8"),
    "empty array of arrays": (of_values(array(ARRAY, 0)), "CKPT_E_UNSUPPORTED GG8"),
    "array of 2^64 - 1": (of_values(array(U8, 2**64 - 1)), "CKPT_E_LIMIT GG8"),
    "array of 2^61 u64": (of_values(array(U64, 2**61)), "CKPT_E_LIMIT GG8"),
    "array of 2^30 + 1 strings": (of_values(array(STRING, 2**30 + 1)), "CKPT_E_LIMIT GG8"),
    "array of 1000 strings": (of_values(array(STRING, 1000)), "CKPT_E_LIMIT GG8"),
    "array whose strings do not fit": (F.whole([array(STRING, 2, F.string("x" * 8))], alignment=1),
                                       "CKPT_E_TRUNCATED -"),
    "alignment 0": (of_values(alignment(0)), "CKPT_E_STRUCTURE GG9"),
    "alignment 13": (of_values(alignment(13)), "CKPT_E_STRUCTURE GG9"),
    "alignment 2^25": (of_values(alignment(2**25)), "CKPT_E_STRUCTURE GG9"),
    "alignment 2^31": (of_values(alignment(2**31)), "CKPT_E_STRUCTURE GG9"),
    "alignment of type i32": (of_values(alignment(32, I32)), "CKPT_E_STRUCTURE GG9"),
    "alignment of type u64": (of_values(alignment(32, U64)), "CKPT_E_STRUCTURE GG9"),
    "alignment of type string": (of_values(alignment("32", STRING)), "CKPT_E_STRUCTURE GG9"),
    "alignment of type array": (of_values(alignment((U32, [32]), ARRAY)), "CKPT_E_STRUCTURE GG9"),
    "name of 64 bytes": (of_tensors(F.tensor("n" * 64, [4], 0, 0)), "CKPT_E_LIMIT GG10"),
    "name of 2^63": (of_tensors(struct.pack("<Q", 2**63) + FOUR), "CKPT_E_LIMIT GG4"),
    "name that is no UTF-8": (of_tensors(F.tensor(b"\xc0\x80", [4], 0, 0)),
                              "CKPT_E_STRUCTURE GG10"),
    "name with NUL": (of_tensors(F.tensor(b"a\0", [4], 0, 0)), "CKPT_E_STRUCTURE GG10"),
    "duplicate name": (of_tensors(F.tensor("a", [4], 0, 0), F.tensor("a", [4], 0, 32),
                                  data=DATA * 2), "CKPT_E_STRUCTURE GG10"),
    "tensor within a tensor": (of_tensors(F.tensor("a", [4], 0, 0), F.tensor("a.b", [4], 0, 32),
                                          data=DATA * 2), "CKPT_E_UNSUPPORTED -"),
    "tensor around tensors": (of_tensors(F.tensor("a.b", [4], 0, 0), F.tensor("a", [4], 0, 32),
                                         data=DATA * 2), "CKPT_E_UNSUPPORTED -"),
    "5 dimensions": (of_tensors(F.tensor("a", [1, 1, 1, 1, 4], 0, 0)), "CKPT_E_LIMIT GG11"),
    "2^32 - 1 dimensions": (of_tensors(F.tensor("a", [4], 0, 0, rank=2**32 - 1)),
                            "CKPT_E_LIMIT GG11"),
    "negative extent": (of_tensors(F.tensor("a", [2**64 - 4], 0, 0)), "CKPT_E_OVERFLOW GG12"),
    "extents beyond 2^64": (of_tensors(F.tensor("a", [LARGE, LARGE], 0, 0)),
                            "CKPT_E_OVERFLOW GG12"),
    "extents that wrap to 16 bytes": (of_tensors(F.tensor("a", [2**32, 2**32, 4], 0, 0)),
                                      "CKPT_E_OVERFLOW GG12"),
    "bytes beyond 2^63": (of_tensors(F.tensor("a", [2**62], 0, 0)), "CKPT_E_OVERFLOW GG12"),
    "an extent of 0 beside large ones": (of_tensors(F.tensor("a", [LARGE, 0, LARGE], 0, 0)),
                                         "CKPT_E_OVERFLOW GG12"),
    "data beyond 2^63": (of_tensors(F.tensor("a", [2**61 - 8], 24, 0),
                                    F.tensor("b", [2**61 - 8], 27, 2**61),
                                    F.tensor("c", [2**60 - 8], 27, 2**61 + 2**64 // 8)),
                         "CKPT_E_OVERFLOW GG12"),
    **{f"element type {n}": (of_tensors(F.tensor("a", [256], n, 0), data=b"\0" * 4096),
                             "CKPT_E_STRUCTURE GG13")
       for n in (4, 5, 31, 32, 33, 36, 37, 38, 43, 2**31, 2**32 - 1)},
    "row of 33 for blocks of 32": (of_tensors(F.tensor("a", [33], 2, 0)), "CKPT_E_SHAPE GG14"),
    "row of 16, two of them": (of_tensors(F.tensor("a", [16, 2], 2, 0)), "CKPT_E_SHAPE GG14"),
    "row of 128 for blocks of 256": (of_tensors(F.tensor("a", [128], 12, 0)), "CKPT_E_SHAPE GG14"),
    "a block type without a dimension": (of_tensors(F.tensor("a", [], 2, 0)), "CKPT_E_SHAPE GG14"),
    "offset not aligned": (of_tensors(F.tensor("a", [4], 0, 4)), "CKPT_E_STRUCTURE GG15"),
    "offset with a gap": (of_tensors(F.tensor("a", [4], 0, 32), data=DATA * 2),
                          "CKPT_E_STRUCTURE GG15"),
    "two tensors in one place": (of_tensors(TWO[0], F.tensor("b", [4], 0, 0)),
                                 "CKPT_E_STRUCTURE GG15"),
    "tensors in another order": (of_tensors(TWO[1], TWO[0], data=DATA * 2),
                                 "CKPT_E_STRUCTURE GG15"),
    "offset by another alignment": (F.whole([alignment(64)], TWO, DATA * 2, alignment=64),
                                    "CKPT_E_STRUCTURE GG15"),
    "offset 2^64 - 32": (of_tensors(F.tensor("a", [4], 0, 2**64 - 32)), "CKPT_E_STRUCTURE GG15"),
    "no data": (of_tensors(FOUR, data=b""), "CKPT_E_TRUNCATED GG16"),
    "data less a byte": (of_tensors(FOUR, data=DATA[:15]), "CKPT_E_TRUNCATED GG16"),
    "a byte behind the data": (of_tensors(FOUR, data=DATA + b"\0"), "CKPT_E_STRUCTURE GG16"),
    "a block behind the data": (of_tensors(FOUR, data=DATA * 2), "CKPT_E_STRUCTURE GG16"),
    "a page behind a file without tensors": (F.whole([ARCHITECTURE], data=b"\0" * 4096),
                                             "CKPT_E_STRUCTURE GG16"),
    "a terabyte that is not there": (of_tensors(F.tensor("a", [2**40], 24, 0)),
                                     "CKPT_E_TRUNCATED GG16"),
    "split into -1 files": (of_values(F.value("split.count", I32, -1)), "CKPT_E_STRUCTURE GG17"),
    "split into a string": (of_values(F.value("split.count", STRING, "2")),
                            "CKPT_E_STRUCTURE GG17"),
    "split into 10^5 files": (of_values(F.value("split.count", U32, 10**5)), "CKPT_E_LIMIT GG17"),
    "file 4 of 3": (of_values(F.value("split.no", U16, 3), F.value("split.count", U16, 3)),
                    "CKPT_E_STRUCTURE GG17"),
    "file 2 of 3": (of_values(F.value("split.no", U16, 1), F.value("split.count", U16, 3)),
                    "CKPT_E_UNSUPPORTED GG17"),
    "file 1 of 3 by another name": (of_values(F.value("split.no", U16, 0),
                                              F.value("split.count", U16, 3)),
                                    "CKPT_E_STRUCTURE GG17"),
    "ckpt.names is a string": (of_values(F.value("ckpt.names", STRING, "w")),
                               "CKPT_E_STRUCTURE GG18"),
    "ckpt.names of numbers": (of_values(F.value("ckpt.names", ARRAY, (I64, [1, 2]))),
                              "CKPT_E_STRUCTURE GG18"),
    "ckpt.names with something that is no text": (of_values(strings("ckpt.names", "w", b"\xff")),
                                                  "CKPT_E_STRUCTURE GG18"),
    "ckpt.names of three": (of_values(strings("ckpt.names", "w", "x", "y")),
                            "CKPT_E_STRUCTURE GG18"),
    "ckpt.names twice for one": (of_values(strings("ckpt.names", "w", "x", "w", "y")),
                                 "CKPT_E_STRUCTURE GG18"),
    "ckpt.names to a taken name": (F.whole([strings("ckpt.names", "a", "b")], TWO, DATA * 2),
                                   "CKPT_E_EXISTS -"),
    "ckpt.ties of two": (of_values(strings("ckpt.ties", "v", "w")), "CKPT_E_STRUCTURE GG18"),
    "ckpt.ties to nothing": (of_values(strings("ckpt.ties", "v", "x", "1")),
                             "CKPT_E_STRUCTURE GG18"),
    "ckpt.ties to what comes later": (of_values(strings("ckpt.ties", "v", "w", "0")),
                                      "CKPT_E_STRUCTURE GG18"),
    "ckpt.ties to itself": (of_values(strings("ckpt.ties", "w", "w", "1")), "CKPT_E_EXISTS -"),
    "ckpt.ties in no order": (of_values(strings("ckpt.ties", "u", "w", "1", "v", "w", "0")),
                              "CKPT_E_STRUCTURE GG18"),
    **{f"ckpt.ties at {p!r}": (of_values(strings("ckpt.ties", "v", "w", p)),
                               "CKPT_E_STRUCTURE GG18")
       for p in ("", "2", "01", "-1", "1 ", "4294967297", "99999999999999999999")},
    "iq2_xxs in big-endian order": (File(">").whole([], [File(">").tensor("a", [256], 16, 0)],
                                                    b"\0" * 96), "CKPT_E_UNSUPPORTED GG19"),
}

SOUND = {
    "nothing at all": F.whole(),
    "version 2": of_tensors(FOUR, version=2),
    "big-endian": File(">").whole([], [File(">").tensor("w", [4], 0, 0)], DATA),
    "alignment 1": F.whole([alignment(1)], [FOUR], DATA[:16], alignment=1),
    "alignment 8": F.whole([alignment(8)], [FOUR], DATA[:16], alignment=8),
    "alignment 2^24": F.whole([alignment(2**24)], [FOUR], DATA[:16], alignment=2**24),
    "no padding at the end": of_tensors(FOUR, data=DATA[:16]),
    "no padding before nothing": F.whole([ARCHITECTURE], alignment=1),
    "a name of 63 bytes": of_tensors(F.tensor("n" * 63, [4], 0, 0)),
    "an empty name": of_tensors(F.tensor("", [4], 0, 0)),
    "a tensor of 0 elements": of_tensors(F.tensor("a", [0], 0, 0), data=b""),
    "0 rows of blocks": of_tensors(F.tensor("a", [32, 0], 2, 0), F.tensor("w", [4], 0, 0)),
    "rows of no block": of_tensors(F.tensor("a", [0, 3], 2, 0), data=b""),
    "an empty array": of_values(array(U32, 0)),
    "an empty string": of_values(F.value("k", STRING, "")),
    "split into 0": of_values(F.value("split.count", U16, 0)),
    "split into 1": of_values(F.value("split.no", U16, 0), F.value("split.count", U16, 1)),
    "names for nothing": of_values(strings("ckpt.names")),
    "a name for a tensor that is not there": of_values(strings("ckpt.names", "v", "x")),
}


def test_every_rule_has_a_file_that_breaks_it():
    for name, (content, wanted) in CASES.items():
        tap.equal(opened(write("x.gguf", content)), wanted, name)
    rules = {wanted.split()[1] for _, wanted in CASES.values()} - {"-"}
    tap.equal(rules, {f"GG{i}" for i in range(1, 20)})


def test_what_is_no_fault():
    for name, content in SOUND.items():
        tap.equal(opened(write("x.gguf", content)), "", name)


def test_every_shorter_file_is_refused():
    values = [ARCHITECTURE, ONE, F.value("s", ARRAY, (STRING, ["a", "bc"])),
              F.value("f", ARRAY, (F64, [1.0])), F.value("b", BOOL, 1)]
    content = F.whole(values, TWO, DATA * 2)
    end = len(content) - 16  # the padding of the last tensor may be missing
    for size in range(1, end):
        got = opened(write("x.gguf", content[:size]))
        tap.equal(got.split(" ")[0] in ("CKPT_E_TRUNCATED", "CKPT_E_LIMIT", "CKPT_E_FORMAT"), True,
                  f"{size} bytes: {got}")
    for size in range(end, len(content) + 1):
        tap.equal(opened(write("x.gguf", content[:size])), "", f"{size} bytes")


def test_a_refused_file_stays_refused_with_anything_around():
    """The faults, with random values and tensors before them."""
    rng = random.Random(4)
    for name, (content, wanted) in CASES.items():
        if not name.startswith(("key", "string", "empty key", "type", "bool", "array", "alignment")):
            continue
        count, = struct.unpack_from("<Q", content, 16)
        for _ in range(3):
            extra = [F.value(f"x{i}", rng.choice([U8, U16, F32, I64]), rng.randrange(200))
                     for i in range(rng.randrange(1, 300))]
            mixed = (content[:16] + struct.pack("<Q", count + len(extra)) + b"".join(extra) +
                     content[24:])
            got = opened(write("x.gguf", mixed))
            if wanted != "CKPT_E_TRUNCATED -":
                tap.equal(got.split(" ")[0], wanted.split(" ")[0], name)
            tap.equal(got != "", True, name)


def test_blocks_of_big_endian_files_are_swapped_number_by_number():
    layouts = {2: ("q4_0", 18, [(0, 2)]), 3: ("q4_1", 20, [(0, 2), (2, 2)]),
               6: ("q5_0", 22, [(0, 2), (2, 4)]), 7: ("q5_1", 24, [(0, 2), (2, 2), (4, 4)]),
               8: ("q8_0", 34, [(0, 2)]), 9: ("q8_1", 36, [(0, 2), (2, 2)]),
               10: ("q2_k", 84, [(80, 2), (82, 2)]), 11: ("q3_k", 110, [(108, 2)]),
               12: ("q4_k", 144, [(0, 2), (2, 2)]), 13: ("q5_k", 176, [(0, 2), (2, 2)]),
               14: ("q6_k", 210, [(208, 2)]),
               15: ("q8_k", 292, [(0, 4)] + [(260 + 2 * i, 2) for i in range(16)]),
               17: ("iq2_xs", 74, [(2 * i, 2) for i in range(33)]),
               19: ("iq1_s", 50, [(0, 2)] + [(34 + 2 * i, 2) for i in range(8)]),
               20: ("iq4_nl", 18, [(0, 2)]), 21: ("iq3_s", 110, [(0, 2)]),
               22: ("iq2_s", 82, [(0, 2)]), 23: ("iq4_xs", 136, [(0, 2), (2, 2)]),
               29: ("iq1_m", 56, [(48 + 2 * i, 2) for i in range(4)]),
               34: ("tq1_0", 54, [(52, 2)]), 35: ("tq2_0", 66, [(64, 2)]),
               39: ("mxfp4", 17, []), 40: ("nvfp4", 36, []), 41: ("q1_0", 18, [(0, 2)]),
               42: ("q2_0", 18, [(0, 2)])}
    big, rng = File(">"), random.Random(3)
    rows = {17, 19, 21, 22, 23, 29, 34, 35}
    for number, (dtype, size, swapped) in layouts.items():
        elements = {20: 32, 39: 32, 40: 64, 41: 128, 42: 64}.get(
            number, 256 if number in rows or number >= 10 else 32)
        block = rng.randbytes(2 * size)
        content = big.whole([], [big.tensor("x", [elements, 2], number, 0)], padded(block))
        tensor, = dump(write("x.gguf", content))["tensors"]
        wanted = bytearray(block)
        for start in (0, size):
            for offset, width in swapped:
                place = slice(start + offset, start + offset + width)
                wanted[place] = wanted[place][::-1]
        tap.equal((tensor["dtype"], tensor["shape"], tensor["data"]),
                  (dtype, [2, elements], wanted.hex()), dtype)


def test_the_other_names_of_the_library():
    values = [strings("ckpt.names", "a", "long.name"),
              strings("ckpt.ties", "first", "long.name", "1", "last.one", "b", "2", "c", "b", "2"),
              ONE]
    content = dump(write("x.gguf", F.whole(values, TWO, DATA * 2)))
    tap.equal([(name, t["number"]) for name, t in zip(names(content), content["tensors"])],
              [("long.name", 0), ("first", 0), ("b", 1), ("last.one", 1), ("c", 1)])
    tap.equal(plain(content["metadata"]), {"a": 1, "gguf.types": {"a": "u8"}})


tap.main(globals())
