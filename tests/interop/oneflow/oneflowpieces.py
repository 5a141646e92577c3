"""Pieces of OneFlow's files, to be put together by hand."""

import shutil
import struct

from oneflowfiles import *


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else b"X" + struct.pack("<I", len(data)) + data


def name(module, attribute):
    return text(module) + text(attribute) + b"\x93"


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -2**31 <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def extents(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def content(data):
    return b"B" + struct.pack("<I", len(data)) + data


def number_type(kind="f4", order="<", version=3, rest=b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0", align=b"\x89\x88"):
    return (name("numpy", "dtype") + text(kind) + align + b"\x87R(" + integer(version) + text(order) + rest +
            b"tb")


def array(shape=(2,), kind=None, data=bytes(8), fortran=b"\x89", version=1, cls=None):
    return (name("numpy._core.multiarray", "_reconstruct") + (cls or name("numpy", "ndarray")) + b"K\0\x85C\1b\x87R(" +
            integer(version) + extents(shape) + (kind or number_type()) + fortran + content(data) + b"tb")


def buffer(shape=(2,), kind=None, data=bytes(8), order=text("C"), axes=b""):
    return (name("numpy._core.numeric", "_frombuffer") + b"(" + content(data) + (kind or number_type()) +
            extents(shape) + order + axes + b"tR")


def flow_type(number=2):
    return name("oneflow._oneflow_internal", "dtype") + b")\x81" + integer(number) + b"b"


def state(data=None, kind=None, rest=text("device") + text("cpu")):
    return b"}(" + text("data") + (data or array()) + text("dtype") + (kind or flow_type()) + rest + b"u"


def flow_tensor(body=None, cls=("oneflow", "Tensor"), arguments=b")"):
    return name(*cls) + arguments + b"\x81" + (state() if body is None else body) + b"b"


def file(body, version=b"K\1", magic=text("__oneflow__") + b"N", end=b".", head=b"\x80\x04"):
    return (head + b"}(" + text("protocol_version") + version + magic + text("data") + b"}" + text("a") + body + b"s" +
            b"u" + end)


def judge_bytes(contents):
    files = []
    for number, content in enumerate(contents):
        files.append(path(f"judged{number}"))
        files[-1].write_bytes(content)
    return judge(files)


def make(name, pickled=None, meta="shape {\n  dim: 2\n}\ndata_type: kFloat\n", out=bytes(8), part="tensor_0"):
    directory = path(name)
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "tensor_0").mkdir(parents=True)
    (directory / "pickled_data").write_bytes(
        pickled or file(flow_tensor(b"}" + text("path") + text(part) + b"s"), magic=b""))
    if meta is not None:
        (directory / "tensor_0" / "meta").write_bytes(meta if isinstance(meta, bytes) else meta.encode())
    if out is not None:
        (directory / "tensor_0" / "out").write_bytes(out)
    return directory
