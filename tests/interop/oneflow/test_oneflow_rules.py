"""Every rule of spec/exchange.md that OneFlow's files and directories can break has files that break
it: the status is exact, and the message tells the rule, by its id and in words, and
the place.

    test_oneflow_rules.py MODEL_PROBE
"""

import re

from oneflowpieces import *

STRUCTURE, UNSUPPORTED, MISMATCH, BOUNDS, LIMIT, VERSION, TRUNCATED, OVERFLOW, IO, MISSING = (
    f"CKPT_E_{word}" for word in ("STRUCTURE", "UNSUPPORTED", "MISMATCH", "BOUNDS", "LIMIT", "VERSION", "TRUNCATED",
                                  "OVERFLOW", "IO", "NOT_FOUND"))
GOOD = flow_tensor()


def of(**parts):
    """A tensor whose array is so."""
    return file(flow_tensor(state(array(**parts))))


def buffered(**parts):
    return file(flow_tensor(state(buffer(**parts))))


def typed(number, kind, size):
    return file(flow_tensor(state(array(kind=number_type(kind), data=bytes(2 * size)), flow_type(number))))


# rule: (file, status, what the message says ...)
RULES = {
    "O1": [(file(GOOD, end=b""), TRUNCATED, "offset", "cut off"), (file(GOOD) + b".", STRUCTURE, "behind"),
           (file(b"NN"), STRUCTURE, "offset"), (file(b"h\5"), STRUCTURE, "offset", "no number 5"),
           (file(b"\x95" + (2**40).to_bytes(8, "little") + b"N"), TRUNCATED, "offset"),
           (file(b"\x95\1" + bytes(7) + b"K\1"), STRUCTURE, "offset", "frame"),
           (file(b"]" * 70 + b"a" * 69), LIMIT, "deeper than 64")],
    "O2": [*((file(name(*thing) + b")R"), UNSUPPORTED, "offset", ".".join(thing))
             for thing in (("os", "system"), ("builtins", "eval"), ("oneflow", "load"), ("numpy", "load"),
                           ("oneflow", "Tensor"), ("numpy", "ndarray"), ("torch._utils", "_rebuild_tensor_v2"))),
           *((file(op), UNSUPPORTED, "offset", f"opcode 0x{op[-1] if op[:1] == b'X' else op[0]:02x}")
             for op in (b"\x97", b"\x98", b"\x82\1", b"0", b"2", b"Px\n")),
           # Sets of tensors, and of tuples with tensors, are not taken for values without tensors.
           *((file(opened + items + closing), UNSUPPORTED, "offset", "key of a dict or a set")
             for opened, closing in ((b"\x8f(", b"\x90"), (b"(", b"\x91"))
             for items in (GOOD, b"K\1" + GOOD, GOOD + b"\x85"))],
    "O3": [(file(GOOD, magic=text("__oneflow__") + b"K\0"), STRUCTURE, "__oneflow__"),
           (file(GOOD, magic=text("__oneflow__") + b"N" + text("more") + b"N"), STRUCTURE),
           (file(GOOD, version=text("1")), STRUCTURE)],
    "O4": [(file(GOOD, version=integer(number)), VERSION, "1") for number in (0, 2, 2**31 - 1)],
    "O5": [*((file(flow_tensor(body)), STRUCTURE, "a")
             for body in (b")", b"N", b"K\1", b"]", b"}", b"}" + text("data") + array() + b"s",
                          b"}" + text("dtype") + flow_type() + b"s", b"}" + text("path") + b"K\1s",
                          state(rest=text("more") + b"N"), state(data=b"N"), state(kind=b"N"), state(kind=flow_type(0)),
                          state(kind=flow_type(22)))),
           (file(flow_tensor(arguments=b"K\1\x85")), STRUCTURE, "a"),
           (file(flow_tensor(state(rest=text("placement") + b"N"))), UNSUPPORTED, "placement"),
           (file(flow_tensor(state(rest=text("sbp") + b"N"))), UNSUPPORTED, "placement")],
    "O6": [*((of(**parts), STRUCTURE, "a") for parts in (
               {"version": 2}, {"cls": b"N"}, {"fortran": b"N"}, {"shape": [-1]}, {"kind": b"N"}, {"shape": [1] * 65},
               {"kind": number_type(version=4)}, {"kind": number_type(order="=")}, {"kind": number_type(rest=b"NNN")},
               {"kind": number_type(align=b"\x88\x88")})),
           *((buffered(**parts), STRUCTURE, "a") for parts in (
               {"order": text("A")}, {"order": text("K")}, {"order": text("K"), "axes": extents([1])},
               {"shape": (1, 2), "order": text("K"), "axes": extents([0, 0])})),
           *((of(kind=number_type(kind)), UNSUPPORTED, kind) for kind in ("O8", "U4", "S4", "V4", "M8"))],
    "O7": [*((of(shape=shape, data=bytes(size)), MISMATCH, "a", str(size))
             for shape, size in (([2], 7), ([2], 9), ([3], 8), ([0], 8), ([], 8), ([2**61], 8))),
           *((buffered(shape=shape, data=bytes(size)), MISMATCH, "a", str(size)) for shape, size in (([2], 7), ([0], 8))),
           (of(shape=[2**40, 2**40]), OVERFLOW, "a", "too many elements")],
    "O8": [(typed(number, kind, int(kind[1])), MISMATCH, "a")
           for number, kind in ((3, "f4"), (11, "f2"), (11, "f8"), (6, "f8"), (7, "i1"), (12, "u1"), (8, "u1"), (18, "i8"))],
}
META = "shape { dim: 2 } data_type: kFloat"
# What is made of a directory, status, what the message says ...
DIRECTORIES = {
    "O7": [(dict(out=bytes(size)), MISMATCH, "tensor_0/out", "8") for size in (0, 7, 9)],
    "O9": [(dict(part=part), BOUNDS, "a") for part in ("", ".", "..", "../secret", "/etc", "tensor_0/", "a/b", "x" * 300)],
    "O10": [(dict(meta=None), MISSING, "tensor_0/meta"), (dict(out=None), MISSING, "tensor_0/out"),
            (dict(part="tensor_9"), MISSING, "tensor_9")],
    "O11": [*((dict(meta=meta), STRUCTURE, "tensor_0/meta")
              for meta in ("", "shape {", "shape { dim: 2 }", "data_type: kFloat", META + " " + META, META + " x: 1",
                           "shape { dim: -2 } data_type: kFloat", b"\xff\xfe", META + "\0")),
            *((dict(meta=META.replace("kFloat", word)), UNSUPPORTED, "tensor_0/meta", word) for word in ("2", "kFloat8")),
            (dict(meta=META + " " * 2**16), LIMIT, "tensor_0/meta"),
            (dict(meta="shape {" + " dim: 1" * 65 + " } data_type: kFloat"), LIMIT, "tensor_0/meta")],
}


def rules_of(prefix):
    spec = pathlib.Path(__file__).resolve().parents[3] / "spec" / "exchange.md"
    return re.findall(rf"^\| ({prefix}\d+) \|", spec.read_text(encoding="utf-8"), re.MULTILINE)


def check(rule, cases, results):
    wrong = []
    for number, ((_, wanted, *words), (status, message)) in enumerate(zip(cases, results)):
        missing = [word for word in (f"rule {rule}: ", *words) if word not in message]
        if (status, missing) != (wanted, []):
            wrong.append(f"{rule}, file {number}: {status}, not {wanted}; no {missing} in: {message}")
    tap.equal(wrong, [])


def test_every_rule_has_files_that_break_it():
    tap.equal(sorted({*RULES, *DIRECTORIES, "O12"}), sorted(rules_of("O")))


def test_each_is_refused_by_its_rule():
    for rule, cases in RULES.items():
        check(rule, cases, judge_bytes([case[0] for case in cases]))


def test_each_directory_is_refused_by_its_rule():
    for rule, cases in DIRECTORIES.items():
        check(rule, cases, [judge([make("d", **case[0])])[0] for case in cases])


def test_a_directory_that_is_not_opened_by_its_path():
    """O12."""
    status, _, message = run("openmemory", make("d") / "pickled_data").partition(" ")
    tap.equal(status, UNSUPPORTED, message)
    assert "path" in message, message


tap.main(globals())
