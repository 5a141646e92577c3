"""What the tests of PyTorch's files share: random objects, files built by hand, the probe."""

import io
import pathlib
import pickle
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

torch = tap.need("torch")

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()

# torch's name to the library's.
TYPES = {"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16", "int64": "i64",
         "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "bool": "bool",
         "complex64": "complex64", "complex128": "complex128", "uint16": "u16", "uint32": "u32",
         "uint64": "u64", "complex32": "complex32", "float8_e5m2": "f8_e5m2",
         "float8_e4m3fn": "f8_e4m3fn", "float8_e5m2fnuz": "f8_e5m2fnuz",
         "float8_e4m3fnuz": "f8_e4m3fnuz", "float8_e8m0fnu": "f8_e8m0fnu"}
OPAQUE = {"bits8": 1, "bits16": 2, "bits1x8": 1, "bits2x4": 1, "bits4x2": 1}


def path(name="x.pt"):
    return pathlib.Path(DIRECTORY.name, name)


def run(*arguments):
    result = subprocess.run([PROBE, *map(str, arguments)], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    return result.stdout.decode("utf-8")


def dump(file):
    """Dotted name to (kind, dtype, shape, number of the tensor, bytes)."""
    tensors = {}
    for line in run("dump", file).splitlines():
        if line.count("\t") == 5:
            name, *rest = line.split("\t")
            tensors[name] = tuple(rest)
    return tensors


def judge(files):
    """The status and the message for each of the contents."""
    paths = []
    for number, content in enumerate(files):
        paths.append(path(f"judged{number}"))
        paths[-1].write_bytes(content)
    lines = run("open", *paths).splitlines()
    for file in paths:
        file.unlink()
    tap.equal(len(lines), len(files))
    return [(line + " ").split(" ", 1) for line in lines]


def raw(tensor):
    """The elements of a tensor, dense and row-major."""
    if tensor.numel() == 0:
        return b""
    dense = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1)
    return bytes(dense.view(torch.uint8).tolist())


def random_tensor(rng, dtype=None, shape=None):
    dtype = dtype or getattr(torch, rng.choice(list(TYPES)))
    shape = [rng.randrange(5) for _ in range(rng.randrange(4))] if shape is None else shape
    size = torch.empty(shape, dtype=dtype).nbytes
    if size == 0:
        return torch.empty(shape, dtype=dtype)
    data = bytearray(rng.randbytes(size))
    if dtype == torch.bool:
        data = bytearray(b & 1 for b in data)
    return torch.frombuffer(data, dtype=torch.uint8).view(dtype).reshape(shape).clone()


def random_view(rng, base):
    """A view of a part of a tensor of at least one dimension."""
    view = base
    for _ in range(rng.randrange(1, 3)):
        kind = rng.randrange(4)
        if kind == 0 and view.dim() > 1:
            view = view.transpose(0, -1)
        elif kind == 1 and view.dim() > 0 and view.shape[0] > 0:
            view = view[rng.randrange(view.shape[0])]
        elif kind == 2 and view.dim() > 0:
            view = view[::2]
        elif view.dim() > 0 and view.shape[-1] > 1:
            view = view[..., 1:]
    return view


def save(thing, file=None, **options):
    file = file or path()
    torch.save(thing, file, **options)
    return file


def archive(pickled, records=None, folder="archive", compression=zipfile.ZIP_STORED, version=b"3\n",
            first="data.pkl", byteorder=b"little"):
    """A file made by hand around a pickle."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        file.writestr(f"{folder}/{first}", pickled)
        if byteorder is not None:
            file.writestr(f"{folder}/byteorder", byteorder)
        for key, content in (records or {}).items():
            file.writestr(f"{folder}/data/{key}", content)
        if version is not None:
            file.writestr(f"{folder}/version", version)
    return out.getvalue()


def torch_takes(content, **options):
    try:
        with __import__("warnings").catch_warnings():
            __import__("warnings").simplefilter("ignore")
            torch.load(io.BytesIO(content), weights_only=True, **options)
        return True
    except Exception:
        return False


# ---- pieces of pickles, to be put together by hand ----


def text(value):
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + len(data).to_bytes(4, "little") + data


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -2**31 <= value < 2**31:
        return b"J" + value.to_bytes(4, "little", signed=True)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def storage(key="0", kind="FloatStorage", numel=4, module="torch", location="cpu", head="storage"):
    return (b"(" + text(head) + name(module, kind) + text(key) + text(location) + integer(numel) +
            b"tQ")


def extents(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


HOOKS = name("collections", "OrderedDict") + b")R"


def tensor(stored=None, offset=0, size=(4,), stride=(1,), grad=b"\x89", hooks=HOOKS,
           function="_rebuild_tensor_v2", extra=b""):
    return (name("torch._utils", function) + b"(" + (stored or storage()) + integer(offset) +
            extents(size) + extents(stride) + grad + hooks + extra + b"tR")


def pickled(body):
    return b"\x80\x02" + body + b"."


def one(body):
    """{'a': body}"""
    return pickled(b"}" + text("a") + body + b"s")


FOUR_FLOATS = {"0": bytes(range(16))}
