"""Every rule of spec/exchange.md that a safetensors file, or a set of them, can break has files that
break it: the status is exact, and the message tells the rule, by its id and in words, and the file.

    test_safetensors_rules.py MODEL_PROBE
"""

import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
STRUCTURE, TRUNCATED, LIMIT, OVERFLOW = "CKPT_E_STRUCTURE", "CKPT_E_TRUNCATED", "CKPT_E_LIMIT", "CKPT_E_OVERFLOW"
MISMATCH, UNSUPPORTED = "CKPT_E_MISMATCH", "CKPT_E_UNSUPPORTED"


def build(header, data=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(begin, end, dtype="U8", shape=None, **more):
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end], **more}


def one(data=b"ab", **changes):
    return build({"a": {**entry(0, 2), **changes}}, data)


def lacking(field):
    return build({"a": {key: value for key, value in entry(0, 2).items() if key != field}}, b"ab")


def named(*names):
    return build({name: entry(0, 0) for name in names})


NONE = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'

# rule: (file, status, what the message says ...)
FILES = {
    "ST1": [(build(b"{}", size=3), TRUNCATED, "offset 0", "header"), (one()[:20], TRUNCATED, "offset 0", "header")],
    "ST2": [*((build(text), STRUCTURE, "offset ") for text in (b"{", b'{"a"}', b'{"a":1}', b"{} x", b'{"\xff":1}', b"{'a':1}",
                                                              b'{"\\ud800":1}')),
            (build(b"{}\0"), STRUCTURE, "NUL", "offset 10"), (build(b'{"\\u0000":' + NONE + b"}"), STRUCTURE, "escape"),
            (build({"a": [[[]]]}), STRUCTURE, "a tensor"), (build({"a": ["U8", [0], [0, 0]]}), STRUCTURE, "a tensor"),
            (one(dtype=8), STRUCTURE, "a dtype"), (one(shape=2), STRUCTURE, "a shape"), (one(data_offsets=[0, 2, 2]), STRUCTURE, "']'"),
            (build({"__metadata__": None}), STRUCTURE, "metadata"), (build({"__metadata__": {"k": 1}}), STRUCTURE, "metadata")],
    "ST3": [(build(b'{"a":' + NONE + b',"\\u0061":' + NONE + b"}"), STRUCTURE, "duplicate tensor 'a'"),
            (build(b'{"a":' + NONE[:-1] + b',"dtype":"U8"}}'), STRUCTURE, "duplicate field 'dtype'"),
            (build(b'{"__metadata__":{"k":"","k":""}}'), STRUCTURE, "duplicate key 'k'"),
            (build(b'{"__metadata__":{},"__metadata__":{}}'), STRUCTURE, "duplicate key '__metadata__'")],
    "ST4": [*((lacking(field), STRUCTURE, "lacks", "'a'") for field in ("dtype", "shape", "data_offsets")),
            (one(strides=[1]), STRUCTURE, "unknown field 'strides'"), (one(dtype="u8"), STRUCTURE, "unknown dtype 'u8'")],
    "ST5": [*((one(shape=[number]), STRUCTURE, "integer") for number in (-2, 2.0, "2", None, [2])),
            (one(data_offsets=[0, 2.0]), STRUCTURE, "decimal"), (one(data_offsets=["0", 2]), STRUCTURE, "an offset"),
            (build(b'{"a":{"dtype":"U8","shape":[02],"data_offsets":[0,2]}}', b"ab"), STRUCTURE, "decimal"),
            (one(shape=[2**63]), OVERFLOW, "2^63"), (one(data_offsets=[0, 2**64 + 2]), OVERFLOW, "2^63"),
            (one(shape=[4194305, 4194305, 211106198978564]), OVERFLOW, "'a'", "2^63"),
            (build({"a": entry(0, 0, "F32", [2**62, 2**62, 0])}), OVERFLOW, "'a'", "2^63")],
    "ST6": [(one(shape=[1] * 64 + [2]), LIMIT, "64 dimensions")],
    "ST7": [(one(dtype="F4", shape=[3]), "CKPT_E_SHAPE", "'a'", "whole byte"), (one(shape=[3]), MISMATCH, "'a'", "3 bytes"),
            (one(dtype="F16"), MISMATCH, "'a'", "4 bytes"), (one(shape=[]), MISMATCH, "'a'", "1 bytes")],
    "ST8": [(build({"a": entry(1, 3)}, b"abc"), STRUCTURE, "'a'"), (one(data_offsets=[2, 0]), STRUCTURE, "'a'"),
            (build({"a": entry(0, 2), "b": entry(1, 3)}, b"abc"), STRUCTURE, "'b'"),
            (build({"a": entry(0, 1), "b": entry(2, 3)}, b"abc"), STRUCTURE, "'b'"),
            (one(b"abc"), STRUCTURE, "1 bytes behind"), (one(b"a"), TRUNCATED, "need 2 bytes")],
    "ST9": [(named("a", "a.b"), UNSUPPORTED, "'a.b'", "both"), (named("a.b", "a"), UNSUPPORTED, "'a'", "both"),
            (named("x" * 65536), LIMIT, "65535"), (named(".".join("x" * 129)), LIMIT, "128"),
            (named(*(f"{i}" + ".x" * 120 for i in range(50))), LIMIT, "modules")],
}

INDEX, SHARD = "m.safetensors.index.json", "m-00001-of-00001.safetensors"
GOOD = {"metadata": {"total_size": 2}, "weight_map": {"a": SHARD}}


def led(to):
    return json.dumps({"weight_map": {"a": to}})


def text(metadata):
    return '{"metadata": {"k": ' + metadata + '}, "weight_map": {}}'


def unlinked(place):
    (place / SHARD).unlink()


def linked(place):
    (place / SHARD).rename(place / "other")
    os.symlink("other", place / SHARD)


def piped(place):
    (place / SHARD).unlink()
    os.mkfifo(place / SHARD)


# rule: (index, shard, status, what the message says ...); a shard can be a function of the directory.
SETS = {
    "SI1": [(json.dumps(GOOD) + " " * 100_000_000, one(), LIMIT, INDEX, "100000000")],
    "SI2": [*((content, one(), STRUCTURE, INDEX, "offset") for content in
              ('{"metadata": {}}', '{"weight_map": []}', '{"weight_map": {"a": 1}}', '{"weight_map": {}} x', '{"metadata": {}',
               '{"metadata": []}', '{"weight_map": {}, "other": 1}', '{"weight_map": {"\\u0000": "x"}}', '{"weight_map": {}}\0'))],
    "SI3": [(content, one(), STRUCTURE, INDEX, "duplicate") for content in
            ('{"weight_map": {}, "weight_map": {}}', '{"metadata": {}, "metadata": {}}', '{"metadata": {"k": 1, "\\u006b": 2}}',
             '{"weight_map": {"a": "x", "\\u0061": "x"}}')],
    "SI4": [(text(value), one(), STRUCTURE, INDEX, "offset") for value in
            ("[]", "{}", "-0", "1.", "NaN", "1e999", "9223372036854775808", "-9223372036854775809")],
    "SI5": [*((led(name), one(), "CKPT_E_BOUNDS", INDEX, f"'{name}'") for name in ("", ".", "..", "../x", "/x", "x/y")),
            (led(SHARD), linked, "CKPT_E_IO", SHARD, "symbolic link"), (led(SHARD), piped, "CKPT_E_IO", SHARD, "regular")],
    "SI6": [(led(SHARD), unlinked, "CKPT_E_NOT_FOUND", SHARD)],
    "SI7": [(json.dumps({"weight_map": {"a": SHARD, "b": SHARD}}), one(), MISMATCH, INDEX, "'b'"),
            (led(SHARD), named("a", "b"), MISMATCH, INDEX, "'b'"),
            (json.dumps({"weight_map": {"a": SHARD, "b": "two"}}), named("a", "b"), MISMATCH, INDEX, "'b'", "two")],
    "SI8": [(led(SHARD), b"PK\3\4\0\0\x08\x08" + bytes(60), UNSUPPORTED, SHARD, "PyTorch"),
            (led(SHARD), b"\x80\2}q\0." + bytes(60), UNSUPPORTED, SHARD, "PyTorch")],
    "SI9": [(led(SHARD), one(), UNSUPPORTED, SHARD, "opened by its path")],
    # Rules of a file, which a shard breaks, or the names of all shards.
    "ST1": [(led(SHARD), build(b"{}", size=100_000_001), LIMIT, SHARD, "100000000"), (led(SHARD), b"abc", TRUNCATED, SHARD)],
    "ST8": [(led(SHARD), one(b"abc"), STRUCTURE, SHARD, "behind")],
    "ST9": [(json.dumps({"weight_map": {"a": SHARD, "a.b": SHARD}}), named("a", "a.b"), UNSUPPORTED, INDEX, "'a.b'", "both")],
}


def probe(command, file):
    result = subprocess.run([PROBE, command, file], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    return result.stdout.decode().rstrip("\n").partition(" ")[::2]


def open_file(content):
    path = pathlib.Path(DIRECTORY.name, "file.safetensors")
    path.write_bytes(content)
    return probe("open", path)


def open_set(content, shard, command="open"):
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        (place / INDEX).write_text(content)
        (place / SHARD).write_bytes(one() if callable(shard) else shard)
        if callable(shard):
            shard(place)
        return probe(command, place / INDEX)


def rules_of(prefix):
    spec = pathlib.Path(__file__).resolve().parents[3] / "spec" / "exchange.md"
    return re.findall(rf"^\| ({prefix}\d+) \|", spec.read_text(encoding="utf-8"), re.MULTILINE)


def complaint(rule, got, wanted, words):
    status, message = got
    missing = [word for word in (f"rule {rule}: ", *words) if word not in message]
    return [] if (status, missing) == (wanted, []) else [f"{rule}: {status}, not {wanted}; no {missing} in: {message}"]


def test_the_good_ones_are_taken():
    for content in (one(), build(b"{}"), named("x" * 65535, ".".join("y" * 128))):
        tap.equal(open_file(content)[0], "CKPT_OK")
    tap.equal(open_set(json.dumps(GOOD), one())[0], "CKPT_OK")


def test_every_rule_has_files_that_break_it():
    tap.equal(list(FILES), rules_of("ST"))
    tap.equal([rule for rule in SETS if rule not in FILES], rules_of("SI"))


def test_each_file_is_refused_by_its_rule():
    tap.equal([line for rule, cases in FILES.items() for content, status, *words in cases
               for line in complaint(rule, open_file(content), status, words)], [])


def test_each_set_is_refused_by_its_rule():
    tap.equal([line for rule, cases in SETS.items() for content, shard, status, *words in cases
               for line in complaint(rule, open_set(content, shard, "openmemory" if rule == "SI9" else "open"), status, words)], [])


tap.main(globals())
