"""Every rule of spec/exchange.md that a file of PyTorch can break has files that break it: the status
is exact, and the message tells the rule, by its id and in words, and
the place.

    test_torch_rules.py MODEL_PROBE
"""

import pathlib
import re
import struct

from torchfiles import *

STRUCTURE, UNSUPPORTED, MISMATCH, BOUNDS, LIMIT, VERSION, TRUNCATED, OVERFLOW = (
    f"CKPT_E_{word}" for word in
    ("STRUCTURE", "UNSUPPORTED", "MISMATCH", "BOUNDS", "LIMIT", "VERSION", "TRUNCATED", "OVERFLOW"))
PICKLE = "archive/data.pkl: offset "


GOOD = one(tensor())


def legacy(body, version=1001, keys=(), payload=b""):
    return (pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(version, 2) + pickle.dumps({}, 2) + body +
            pickle.dumps(list(keys), 2) + payload)


def flat(records):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for record, content in records.items():
            file.writestr(record, content)
    return out.getvalue()


def in_no_folder():
    """The first record of the directory is not the first of the file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", GOOD)
        file.writestr("version", b"3\n")
        file.filelist.reverse()
    return out.getvalue()


def a_key(key, value=b"N"):
    return archive(pickled(b"}" + key + value + b"s"))


def from_type(cls):
    """A tensor of a class of its own."""
    function = name("torch._utils", "_rebuild_tensor_v2")
    whole = tensor()
    return (name("torch._tensor", "_rebuild_from_type_v2") + b"(" + function + cls + whole[len(function):-1] +
            b"}tR")


def two(first, second):
    return archive(pickled(b"}(" + text("a") + first + text("b") + second + b"u"), FOUR_FLOATS)


def under(first, second):
    """A tensor under each of the keys."""
    return archive(pickled(b"}(" + text(first) + tensor() + text(second) + tensor() + b"u"), FOUR_FLOATS)


def with_metadata(value):
    return archive(pickled(HOOKS + b"}" + text("_metadata") + HOOKS + text("") + value + b"ssb"), FOUR_FLOATS)


def mixed_big_endian():
    """Elements of two and of four bytes in one storage."""
    def typed(dtype, count):
        stored = storage(kind="UntypedStorage", module="torch.storage", numel=16)
        return tensor(stored, size=(count,), function="_rebuild_tensor_v3", extra=name("torch", dtype))
    return archive(pickled(b"}(" + text("a") + typed("float32", 4) + text("b") + typed("int16", 8) + b"u"),
                   FOUR_FLOATS, byteorder=b"big")


OLD = one(tensor(storage().replace(b"tQ", b"NtQ")))
FLOATS = struct.pack("<q", 4) + bytes(16)

# rule: (file, status, what the message says ...)
RULES = {
    "PT1": [(archive(GOOD, FOUR_FLOATS).replace(b"PK\3\4", b"PK\3\5").replace(b"PK\3\5", b"PK\3\4", 1),
             STRUCTURE, "rule Z", "offset"),
            (archive(GOOD, FOUR_FLOATS, first="data.txt"), "CKPT_E_FORMAT", "'data.pkl'"), (in_no_folder(), "CKPT_E_FORMAT", "folder")],
    "PT2": [(archive(GOOD, FOUR_FLOATS, version=None), STRUCTURE, "'version'", "missing"),
            *((archive(GOOD, FOUR_FLOATS, version=v), VERSION, "1 to 10") for v in (b"0\n", b"11\n", b"9" * 9)),
            *((archive(GOOD, FOUR_FLOATS, version=v), STRUCTURE, "'version'", "number") for v in (b"x", b"", b"-3")),
            *((archive(GOOD, FOUR_FLOATS, byteorder=b), STRUCTURE, "'byteorder'") for b in (b"", b"Little", b"middle"))],
    "PT3": [(archive(pickled(b"N"), first="constants.pkl"), UNSUPPORTED, "TorchScript"),
            (flat({"archive/data.pkl": GOOD, "archive/version": b"3\n", "archive/code/__torch__.py": b""}),
             UNSUPPORTED, "TorchScript")],
    "PT4": [*((archive(pickled(op)), UNSUPPORTED, PICKLE, f"opcode 0x{op[0]:02x}")
              for op in (b"2", b"1", b"\x82\1", b"\x83\1\0", b"\x84\1\0\0\0", b"Px\n", b"\x8b\1\0\0\0\1", b"I1\n",
                         b"L1L\n", b"F1\n", b"S'a'\n", b"V1\n", b"p0\n", b"g0\n", b"ios\nsystem\n", b"\x8c\1a",
                         b"\x8e" + bytes(8), b"\x93", b"\x94", b"\x95" + bytes(8), b"\x96" + bytes(8), b"\x97", b"\x98",
                         b"\x92", b"\x91", b"\x8d" + bytes(8))),
            (archive(pickled(b"N0")), UNSUPPORTED, PICKLE, "opcode 0x30"),
            *((archive(pickled(name(*thing) + b")R")), UNSUPPORTED, PICKLE, ".".join(thing))
              for thing in (("os", "system"), ("builtins", "eval"), ("torch", "load"), ("torch", "FooStorage"),
                            ("numpy.core.multiarray", "_reconstruct"), ("collections", "defaultdict"), ("torch._utils", "_rebuild_qtensor"),
                            ("torch._utils", "_rebuild_sparse_tensor"), ("torch._utils", "_rebuild_nested_tensor"),
                            ("torch._utils", "_rebuild_meta_tensor_no_storage"),
                            ("torch._utils", "_rebuild_wrapper_subclass"))),
            (archive(pickled(name("torch", "float32") + b")R")), UNSUPPORTED, PICKLE, "calls torch.float32"),
            (archive(pickled(b"K\1)R")), UNSUPPORTED, PICKLE, "calls an int"),
            (archive(pickled(b"})\x81")), UNSUPPORTED, PICKLE, "makes an object of a dict"),
            (archive(pickled(storage() + b"}b"), FOUR_FLOATS), UNSUPPORTED, PICKLE, "a state")],
    "PT5": [(archive(b""), TRUNCATED, PICKLE + "0", "cut off"),
            (archive(b"\x80\x02N"), TRUNCATED, PICKLE + "3", "cut off"),
            (archive(b"\x80\x02X\5\0\0\0a."), TRUNCATED, PICKLE, "cut off"),
            (archive(pickled(b"NN")), STRUCTURE, PICKLE, "more than one value"),
            (archive(pickled(b"(N")), STRUCTURE, PICKLE),
            (archive(pickled(b"")), STRUCTURE, PICKLE, "nothing is on the stack"),
            (archive(pickled(b"N") + b"x"), STRUCTURE, "bytes behind the pickle"),
            (archive(pickled(b"N\x80\x02")), STRUCTURE, PICKLE, "a second time"),
            (archive(pickled(b"h\5")), STRUCTURE, PICKLE, "no number 5"),
            (archive(pickled(b"}Na")), STRUCTURE, PICKLE, "a dict is not a list"),
            (archive(pickled(b"]NNs")), STRUCTURE, PICKLE, "a list is not a dict"),
            (archive(pickled(b"}(Nu")), STRUCTURE, PICKLE),
            (archive(pickled(text("x") + b"Q")), STRUCTURE, "persistent id"),
            (archive(pickled(b"X\1\0\0\0\xff")), STRUCTURE, PICKLE)],
    "PT6": [(archive(pickled(b"}(" + text("a") + b"N" + text("a") + b"Nu")), STRUCTURE, PICKLE, "'a' twice"),
            (archive(pickled(b"}(\x88NK\1Nu")), STRUCTURE, PICKLE, "a key twice"),
            (archive(pickled(b"}(K\1NG\x3f\xf0" + bytes(6) + b"Nu")), STRUCTURE, PICKLE, "a key twice"),
            (archive(pickled(name("builtins", "set") + b"](K\1K\1e\x85R")), STRUCTURE, PICKLE, "a key twice"),
            (archive(pickled(name("builtins", "set") + b"]" + tensor() + b"a\x85R"), FOUR_FLOATS), UNSUPPORTED, PICKLE,
             "_rebuild_tensor_v2", "key of a dict or a set"),
            *((archive(one(name("builtins", "set") + b"](" + items + b"e\x85R"), FOUR_FLOATS), UNSUPPORTED, PICKLE,
               "key of a dict or a set") for items in (b"K\1" + tensor(), tensor() + b"\x85", b"]" + tensor() + b"a")),
            (archive(pickled(b"}" + tensor() + b"Ns"), FOUR_FLOATS), UNSUPPORTED, PICKLE, "is a key"),
            (a_key(b")"), UNSUPPORTED, PICKLE, "a tuple is a key"), (a_key(b"]"), UNSUPPORTED, PICKLE, "a list is a key"),
            (a_key(name("torch", "float32")), UNSUPPORTED, PICKLE, "is a key")],
    "PT7": [(archive(pickled(b"Nr\xff\xff\xff\0")), LIMIT, PICKLE, "gap", "16777215")],
    "PT8": [(archive(pickled(b"]q\0h\0a")), UNSUPPORTED, "a list contains itself"),
            (archive(pickled(b"}q\0" + text("a") + b"h\0s")), UNSUPPORTED, "a dict contains itself"),
            (archive(pickled(b"}" + text("a") + b"]q\0h\0\x85as")), UNSUPPORTED, "contains itself")],
    "PT9": [(two(tensor(), tensor(storage(kind="IntStorage"))), MISMATCH, "'0'", "FloatStorage", "IntStorage"),
            (two(tensor(), tensor(storage(numel=3), size=(3,))), MISMATCH, "'0'", "4 elements", "3 of"),
            (archive(GOOD, {"1": bytes(16)}), MISMATCH, "archive/data/0", "missing"),
            *((archive(GOOD, {"0": bytes(size)}), MISMATCH, "'0'", f"{size} bytes") for size in (0, 15, 20))],
    "PT10": [*((archive(one(tensor(**changes)), FOUR_FLOATS), BOUNDS, "/a: ", "out of its storage")
               for changes in ({"size": (5,)}, {"offset": 1}, {"size": (2,), "stride": (4,)}, {"offset": 2**62})),
             (archive(one(tensor(size=(4194305, 4194305, 211106198978564), stride=(0, 0, 0))), FOUR_FLOATS), OVERFLOW,
              "/a: ", "2^63")],
    "PT11": [*((archive(one(tensor(storage(kind="ComplexFloatStorage", numel=2), size=(2,),
                                   extra=b"}" + text(flag) + b"\x88s")), FOUR_FLOATS), UNSUPPORTED, "/a: ",
                "conjugates or negates") for flag in ("conj", "neg")),
             (archive(one(from_type(name("torch", "device"))), FOUR_FLOATS), UNSUPPORTED, "/a: ", "class other than Tensor"),
             (archive(one(tensor(storage(kind="QInt8Storage", numel=4))), {"0": bytes(4)}), UNSUPPORTED, "QInt8")],
    "PT12": [(with_metadata(tensor()), UNSUPPORTED, "_metadata holds tensors"),
             (archive(one(name("torch", "FloatStorage"))), UNSUPPORTED, "/a: ", "torch.FloatStorage")],
    "PT13": [(under("a", "a.b"), UNSUPPORTED, "'a.b'", "both"), (under("a.b", "a"), UNSUPPORTED, "'a'", "both"),
             (archive(pickled(b"}(" + text("a") + b"}" + text("c") + tensor() + b"s" + text("a.b") + tensor() + b"u"),
                      FOUR_FLOATS), UNSUPPORTED, "'a.b'", "both")],
    "PT14": [(under("x" * 65536, "y"), LIMIT, "65535"), (under(".".join("x" * 129), "y"), LIMIT, "128"),
             (archive(pickled(b"}" + text("x" * 40000) + b"}" + text("y" * 40000) + tensor() + b"ss"), FOUR_FLOATS), LIMIT)],
    "PT15": [(mixed_big_endian(), UNSUPPORTED, "'0'")],
    "PT16": [(legacy(OLD, 1000, ["0"], FLOATS), VERSION, "1001", "offset 15"),
             (legacy(OLD, 1001, ["1"], FLOATS), MISMATCH, "offset", "list of storages"),
             (legacy(OLD, 1001, [], b""), MISMATCH),
             (legacy(OLD, 1001, ["0", "0"], FLOATS * 2), MISMATCH, "offset", "list of storages"),
             (legacy(OLD, 1001, ["0"], FLOATS[:-1]), TRUNCATED), (legacy(OLD, 1001, ["0"], FLOATS + b"\0"), STRUCTURE),
             (legacy(OLD, 1001, ["0"], struct.pack("<q", 3) + bytes(16)), MISMATCH, "offset",
              "number of elements")],
    "PT17": [(b"storages".ljust(257, b"\0") + b"ustar\x0000" + bytes(1000), UNSUPPORTED, "tar archive")],
}


def rules_of(prefix):
    spec = pathlib.Path(__file__).resolve().parents[3] / "spec" / "exchange.md"
    return re.findall(rf"^\| ({prefix}\d+) \|", spec.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_good_ones_are_taken():
    for content in (archive(GOOD, FOUR_FLOATS), legacy(OLD, 1001, ["0"], FLOATS), with_metadata(b"}")):
        tap.equal(judge([content])[0][0], "CKPT_OK")


def test_every_rule_has_files_that_break_it():
    tap.equal(list(RULES), rules_of("PT"))


def test_each_is_refused_by_its_rule():
    wrong = []
    for rule, cases in RULES.items():
        for number, (case, (status, message)) in enumerate(zip(cases, judge([case[0] for case in cases]))):
            wanted, *words = case[1:]
            missing = [word for word in ((f"rule {rule}: ",) if "rule Z" not in words else ()) + tuple(words) if word not in message]
            if (status, missing) != (wanted, []):
                wrong.append(f"{rule}, file {number}: {status}, not {wanted}; no {missing} in: {message}")
    tap.equal(wrong, [])


tap.main(globals())
