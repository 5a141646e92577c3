"""What is no checkpoint of OneFlow is refused, each rule by its own words, and no code is run.

    test_oneflow_refused.py MODEL_PROBE
"""

import os
import random
import shutil
import struct

from oneflowpieces import *

SEED = 20260716
print(f"# seed {SEED}")
MARKER = path("executed")


def test_the_hand_made_file_is_taken():
    for body in (flow_tensor(), flow_tensor(state(buffer())), flow_tensor(cls=("oneflow.nn", "Parameter")),
                 flow_tensor(state(buffer(order=text("K"), axes=extents([0])))),
                 flow_tensor(state(array(fortran=b"\x88")))):
        (result,) = judge_bytes([file(body)])
        tap.equal(result[0], "CKPT_OK", result[1])
    path("x").write_bytes(file(flow_tensor()))
    assert load(path("x"))["a"].array.tolist() == [0, 0], "Python takes it too"


def weapons():
    touch = text(f"touch {MARKER}")
    for module, attribute, arguments in (
            ("os", "system", touch), ("posix", "system", touch), ("builtins", "eval", text("1")),
            ("builtins", "exec", text("1")), ("builtins", "getattr", text("a") + text("b")),
            ("builtins", "__import__", text("os")), ("subprocess", "Popen", touch), ("oneflow", "load", text("x")),
            ("oneflow.nn.modules.conv", "Conv2d", b""), ("numpy", "load", text("x")),
            ("numpy.core.multiarray", "scalar", b""), ("functools", "partial", touch),
            ("__builtin__", "eval", touch), ("torch._utils", "_rebuild_tensor_v2", b""),
            ("oneflow._oneflow_internal", "placement", b""), ("builtins", "frozenset", b"")):
        for use in (b"(" + arguments + b"tR", b"(" + arguments + b"t\x81", b""):
            yield file(name(module, attribute) + use), f"{module}.{attribute}"
    yield file(name("oneflow", "Tensor") + b")R"), "oneflow.Tensor"
    yield file(name("numpy", "ndarray") + b")R"), "numpy.ndarray"
    yield file(name("numpy._core.numeric", "_frombuffer") + b")\x81"), "_frombuffer"
    yield file(buffer() + b"}b"), "state"
    yield file(text("x") + b"Q"), "opcode 0x51"
    yield file(b"\x97"), "opcode 0x97"  # NEXT_BUFFER
    yield file(text("x") + b")}\x92"), "opcode 0x92"  # NEWOBJ_EX
    yield file(b"\x82\1"), "opcode 0x82"  # EXT1
    yield file(b"(" + text("x") + b"ios\nsystem\n"), "opcode 0x69"  # INST


def test_weapons_are_refused_by_name():
    cases = list(weapons())
    for (_, named), (status, message) in zip(cases, judge_bytes([content for content, _ in cases])):
        tap.equal(status, "CKPT_E_UNSUPPORTED", message)
        assert named in message, (named, message)
    assert not MARKER.exists()


def malformed():
    structure, mismatch, unsupported = "CKPT_E_STRUCTURE", "CKPT_E_MISMATCH", "CKPT_E_UNSUPPORTED"
    good = flow_tensor()
    yield structure, file(good, version=text("1"))
    yield "CKPT_E_VERSION", file(good, version=b"K\2")
    yield structure, file(good, magic=text("__oneflow__") + b"K\0")
    yield structure, file(good, magic=text("__oneflow__") + b"N" + text("more") + b"N")
    yield structure, file(good, magic=text("data") + b"N")
    yield structure, file(good) + b"."
    yield "CKPT_E_TRUNCATED", file(good, end=b"")
    yield unsupported, file(flow_tensor(state(rest=content(b"device") + b"N")))  # bytes for a key
    for body in (b")", b"N", b"K\1", b"]", b"}", b"}" + text("data") + array() + b"s",
                 b"}" + text("dtype") + flow_type() + b"s",
                 state(rest=text("more") + b"N"), state(data=b"N"), state(data=text("x")), state(data=content(b"x")),
                 state(kind=b"N"), state(kind=b"K\2"), state(kind=flow_type(0)), state(kind=flow_type(22)),
                 state(kind=flow_type(-1)), state(kind=name("oneflow._oneflow_internal", "dtype") + b")\x81"),
                 state(kind=name("oneflow._oneflow_internal", "dtype")),
                 state(array(version=2)), state(array(cls=b"N")), state(array(cls=name("numpy", "dtype"))),
                 state(array(fortran=b"N")), state(array(shape=[-1])), state(array(kind=b"N")),
                 state(array(kind=number_type(version=4))), state(array(kind=number_type(order="="))),
                 state(array(kind=number_type(order="x"))), state(array(kind=number_type(align=b"\x88\x88"))),
                 state(array(kind=number_type(rest=b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\1"))),
                 state(array(kind=number_type(rest=b"N)NJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0"))),
                 state(array(kind=number_type(rest=b"NNNJ\xff\xff\xff\xffK\1K\0"))),
                 state(array(kind=number_type(rest=b"NNN"))),
                 state(array(shape=[1] * 65)), state(buffer(order=text("A"))), state(buffer(order=b"N")),
                 state(buffer(order=text("K"))), state(buffer(order=text("C"), axes=extents([0]))),
                 state(buffer(order=text("K"), axes=extents([1]))), state(buffer(order=text("K"), axes=extents([0, 1]))),
                 state(buffer((1, 2), order=text("K"), axes=extents([0, 0]))),
                 b"}" + text("path") + b"K\1s"):
        yield structure, file(flow_tensor(body))
    yield structure, file(flow_tensor(arguments=b"K\1\x85"))
    yield structure, file(name("oneflow", "Tensor") + b")\x81")
    yield structure, file(flow_tensor() + state() + b"b")
    yield unsupported, file(flow_tensor(state(rest=text("placement") + b"N")))
    yield unsupported, file(flow_tensor(state(array(kind=number_type("O8")))))
    yield unsupported, file(flow_tensor(state(array(kind=number_type("U4")))))
    for shape, data in (([2], bytes(7)), ([2], bytes(9)), ([3], bytes(8)), ([0], bytes(8)), ([], bytes(8))):
        yield mismatch, file(flow_tensor(state(array(shape, data=data))))
        yield mismatch, file(flow_tensor(state(buffer(shape, data=data))))
    for number, kind in ((3, "f4"), (11, "f2"), (11, "f8"), (6, "f8"), (7, "i1"), (12, "u1"), (8, "u1"), (18, "i8")):
        size = 2 * int(kind[1])
        yield mismatch, file(flow_tensor(state(array(kind=number_type(kind), data=bytes(size)), flow_type(number))))
    yield "CKPT_E_OVERFLOW", file(flow_tensor(state(array([2**40, 2**40]))))
    yield mismatch, file(flow_tensor(state(array([2**61]))))
    yield "CKPT_E_OVERFLOW", file(flow_tensor(state(array([2**63 - 1, 1]))))


def test_malformed_files_are_refused():
    cases = list(malformed())
    for number, ((wanted, content), (status, message)) in enumerate(zip(cases, judge_bytes([c for _, c in cases]))):
        tap.equal(status, wanted, f"case {number}: {content!r}: {message}")


def test_prefixes_and_damage_do_no_harm():
    rng = random.Random(SEED)
    good = file(flow_tensor(), head=b"\x80\x04")
    cases = [good[:i] for i in range(len(good))]
    for _ in range(1500):
        damaged = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        cases.append(bytes(damaged))
    statuses = [status for status, _ in judge_bytes(cases)]
    tap.equal("CKPT_OK" in statuses[:len(good)], False)
    assert not MARKER.exists()


# ---- directories ----


def refused(directory, status, *words):
    (got, message), = judge([directory])
    tap.equal(got, status, message)
    for word in words:
        assert word in message, (word, message)


def test_parts_that_are_missing_are_named():
    tap.equal(judge([make("d")])[0][0], "CKPT_OK")
    refused(make("d", meta=None), "CKPT_E_NOT_FOUND", "tensor_0/meta")
    refused(make("d", out=None), "CKPT_E_NOT_FOUND", "tensor_0/out")
    shutil.rmtree(make("d") / "tensor_0")
    refused(path("d"), "CKPT_E_NOT_FOUND", "tensor_0/meta")
    for out in (b"", bytes(7), bytes(9)):
        refused(make("d", out=out), "CKPT_E_MISMATCH", "tensor_0/out", "8")
    (make("d") / "pickled_data").unlink()
    refused(path("d"), "CKPT_E_IO", "not a regular file")
    (path("d") / "snapshot_done").write_bytes(b"")
    refused(path("d"), "CKPT_E_UNSUPPORTED", "snapshot_done", "pickled_data")


def test_paths_lead_nowhere_else():
    secret = make("secret")
    for part in ("", ".", "..", "../secret/tensor_0", "/etc", str(secret / "tensor_0"), "tensor_0/", "a/b", "./tensor_0",
                 "x" * 300):
        refused(make("d", part=part), "CKPT_E_BOUNDS")
    shutil.rmtree(make("d") / "tensor_0")
    (path("d") / "tensor_0").symlink_to(secret / "tensor_0")
    refused(path("d"), "CKPT_E_IO", "tensor_0")
    for component in ("meta", "out"):
        (make("d") / "tensor_0" / component).unlink()
        (path("d") / "tensor_0" / component).symlink_to(secret / "tensor_0" / component)
        refused(path("d"), "CKPT_E_IO", "link")
        (path("d") / "tensor_0" / component).unlink()
        os.mkfifo(path("d") / "tensor_0" / component)
        refused(path("d"), "CKPT_E_IO", "regular")
    (make("d") / "pickled_data").rename(path("moved"))
    (path("d") / "pickled_data").symlink_to(path("moved"))
    refused(path("d"), "CKPT_E_IO", "link")
    # From memory there are no files beside.
    tap.equal(run("openmemory", make("d") / "pickled_data").split()[0], "CKPT_E_UNSUPPORTED")


def test_meta_is_read_strictly():
    for meta in ("shape { dim: 2 } data_type: kFloat", "data_type: kFloat\nshape {\n dim: 2 }",
                 "shape { dim: 1 dim: 2 dim: 1 } data_type: kFloat", "\n\tshape{dim:2}data_type:kFloat\r\n",
                 "shape: { dim: 2 } data_type: kInt32"):
        tap.equal(judge([make("d", meta=meta)])[0][0], "CKPT_OK", meta)
    tap.equal(judge([make("d", meta="shape {\n}\ndata_type: kFloat\n", out=bytes(4))])[0][0], "CKPT_OK")
    for meta in ("", "shape {", "shape { dim: 2 }", "data_type: kFloat", "shape { dim: 2 } data_type: ",
                 "shape { dim: 2 data_type: kFloat", "shape { dim: -2 } data_type: kFloat",
                 "shape { dim: 2.0 } data_type: kFloat", "shape { dim: 0x2 } data_type: kFloat",
                 "shape { dim 2 } data_type: kFloat", "shape { dims: 2 } data_type: kFloat",
                 "shape { dim: 2 } shape { dim: 2 } data_type: kFloat", "shape { dim: 2 } data_type: kFloat data_type: kFloat",
                 "shape { dim: 2 } data_type kFloat", "shape { dim: 2 } data_type: kFloat x: 1", "shape { dim: 2 }}",
                 "shape { dim: 1234567890123456789 } data_type: kFloat", "x", "\0", b"\xff\xfe", "shape { dim: 2 } data_type: kFloat\0",
                 "# shape\nshape { dim: 2 } data_type: kFloat"):
        refused(make("d", meta=meta), "CKPT_E_STRUCTURE", "tensor_0/meta")
    for word in ("2", "float", "kFloat8", "kInvalidDataType"):
        refused(make("d", meta=f"shape {{ dim: 2 }} data_type: {word}"), "CKPT_E_UNSUPPORTED", word)
    for word in ("kOFRecord", "kTensorBuffer", "kInt128", "kComplex32"):
        refused(make("d", meta=f"shape {{ dim: 2 }} data_type: {word}"), "CKPT_E_UNSUPPORTED", "oneflow.")
    refused(make("d", meta="shape {" + " dim: 1" * 65 + " dim: 2 } data_type: kFloat"), "CKPT_E_LIMIT", "meta")
    refused(make("d", meta="shape { dim: 2 } data_type: kFloat" + " " * 2**16), "CKPT_E_LIMIT", "meta")
    refused(make("d", meta="shape {" + " dim: 999999999999" * 3 + " } data_type: kFloat"), "CKPT_E_OVERFLOW")


def test_global_tensors_lie_in_directories_of_their_own():
    directory = make("d", part="global_tensor_7")
    (directory / "tensor_0").rename(directory / "global_tensor_7")
    tap.equal(dump(directory)["a"][1:3], ("f32", "2"))


tap.main(globals())
