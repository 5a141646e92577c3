"""What the tests of OneFlow's files share.

OneFlow itself is not run: its wheels are for interpreters and machines that the tests cannot count
on. What follows makes classes of its names whose states are those that OneFlow's check_point_v2.py
(0.9.0 and 1.0.0) gives and takes, and pickles with them; NumPy and Python's pickle are the real ones.
"""

import io
import pathlib
import pickle
import subprocess
import sys
import tempfile
import types
from collections import OrderedDict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

np = tap.need("numpy")

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()

# OneFlow's number of a dtype, its name, its name in protobuf, NumPy's, the library's.
TABLE = [(2, "float32", "kFloat", "f4", "f32"), (3, "float64", "kDouble", "f8", "f64"),
         (4, "int8", "kInt8", "i1", "i8"), (5, "int32", "kInt32", "i4", "i32"),
         (6, "int64", "kInt64", "i8", "i64"), (7, "uint8", "kUInt8", "u1", "u8"),
         (9, "float16", "kFloat16", "f2", "f16"), (11, "bfloat16", "kBFloat16", "f4", "bf16"),
         (12, "bool", "kBool", "b1", "bool"), (17, "int16", "kInt16", "i2", "i16"),
         (20, "complex64", "kComplex64", "c8", "complex64"),
         (21, "complex128", "kComplex128", "c16", "complex128")]
NUMBERS = {row[0]: row for row in TABLE}
PROTO = {row[2]: row[0] for row in TABLE}

# ---- OneFlow's names ----

saving_to = None  # the directory of a save with external data
loading_from = None
next_number = 0


class dtype:
    def __getstate__(self):
        return self.number

    def __setstate__(self, number):
        self.number = number


class Tensor:
    def __getstate__(self):
        if saving_to is None:
            return {"data": self.array, "dtype": self.dtype, "device": "cpu"}
        global next_number
        name = f"tensor_{next_number}"
        next_number += 1
        save_to_disk(self, saving_to / name)
        return {"path": name}

    def __setstate__(self, state):
        if "path" in state:
            tap.equal(list(state), ["path"])
            self.array, self.dtype = load_from_disk(loading_from / state["path"])
        else:
            tap.equal(list(state), ["data", "dtype", "device"])
            self.array, self.dtype = state["data"], state["dtype"]


class Parameter(Tensor):
    pass


class Size(tuple):
    pass


for classes, module in (((Tensor, Size), "oneflow"), ((Parameter,), "oneflow.nn"),
                        ((dtype,), "oneflow._oneflow_internal")):
    fake = sys.modules[module] = types.ModuleType(module)
    for cls in classes:
        cls.__module__, cls.__qualname__ = module, cls.__name__
        setattr(fake, cls.__name__, cls)
sys.modules["oneflow"].nn = sys.modules["oneflow.nn"]

DTYPES = {}
for number in list(NUMBERS) + [1, 10, 13]:
    DTYPES[number] = dtype()
    DTYPES[number].number = number


def tensor(array, number, cls=Tensor):
    made = cls()
    made.array, made.dtype = array, DTYPES[number]
    return made


def save_to_disk(made, directory):
    directory.mkdir()
    dims = "".join(f"  dim: {n}\n" for n in made.array.shape)
    (directory / "meta").write_text(f"shape {{\n{dims}}}\ndata_type: {NUMBERS[made.dtype.number][2]}\n")
    (directory / "out").write_bytes(made.array.tobytes())


def load_from_disk(directory):
    words = (directory / "meta").read_text().replace("{", " { ").split()
    shape = tuple(int(words[i + 1]) for i, word in enumerate(words) if word == "dim:")
    number = PROTO[words[words.index("data_type:") + 1]]
    assert number != 11, "OneFlow has no NumPy dtype for bfloat16"
    array = np.frombuffer((directory / "out").read_bytes(), NUMBERS[number][3]).reshape(shape)
    return array, DTYPES[number]


# ---- flow.save and flow.load ----


class OldNumPy(pickle._Pickler):
    """With the names that NumPy 1 gives to its inside."""
    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, text):
        pickle._Pickler.save_str(self, text.replace("numpy._core.", "numpy.core."))

    def save_picklebuffer(self, buffer):
        self.kept = [*getattr(self, "kept", []), bytearray(buffer.raw())]  # its memo goes by id
        self.save_bytearray(self.kept[-1])

    dispatch[str] = save_str
    dispatch[pickle.PickleBuffer] = save_picklebuffer


def dumps(thing, protocol=4, old_numpy=False):
    out = io.BytesIO()
    (OldNumPy if old_numpy else pickle.Pickler)(out, protocol).dump(thing)
    return out.getvalue()


def whole(thing):
    return {"protocol_version": 1, "__oneflow__": None, "data": thing}


def save(thing, file, protocol=4, old_numpy=False):
    file.write_bytes(dumps(whole(thing), protocol, old_numpy))
    return file


def save_directory(thing, directory, magic=False):
    """As 0.9 does it; or as 1.x does with save_as_external_data."""
    global saving_to, next_number
    directory.mkdir()
    saving_to, next_number = directory, 3
    try:
        data = dumps(whole(thing) if magic else {"protocol_version": 1, "data": thing})
    finally:
        saving_to = None
    (directory / "pickled_data").write_bytes(data)
    return directory


def load(file):
    global loading_from
    loading_from = file
    with (file / "pickled_data" if file.is_dir() else file).open("rb") as stream:
        content = pickle.load(stream)
        tap.equal(stream.read(), b"")
    tap.equal(content["protocol_version"], 1)
    if file.is_file():
        assert "__oneflow__" in content
    return content["data"]


# ---- the library ----


def path(name):
    return pathlib.Path(DIRECTORY.name, name)


def run(*arguments, fails=False):
    result = subprocess.run([PROBE, *map(str, arguments)], capture_output=True)
    if fails:
        tap.equal(result.returncode, 1, "model_probe fails")
        return result.stderr.decode()
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    return result.stdout.decode("utf-8")


def dump(file):
    """Dotted name to (kind, dtype, shape, number of the tensor, bytes)."""
    lines = (line.split("\t") for line in run("dump", file).splitlines() if line.count("\t") == 5)
    return {name: tuple(rest) for name, *rest in lines}


def judge(files):
    lines = run("open", *files).splitlines()
    tap.equal(len(lines), len(files))
    return [(line + " ").split(" ", 1) for line in lines]


def convert(format, file, out):
    """The losses, as (kind, name, message)."""
    return [tuple(line.split("\t")) for line in run("saveas", format, file, out).splitlines()]


# ---- random things ----


def random_array(rng, number, shape=None):
    kind = NUMBERS[number][3]
    shape = [rng.randrange(5) for _ in range(rng.randrange(4))] if shape is None else shape
    count = int(np.prod(shape, dtype=int))
    size = np.dtype(kind).itemsize
    data = bytearray(rng.randbytes(count * size))
    if number == 12:
        data = bytearray(byte & 1 for byte in data)
    if number == 11:  # what widening gives
        data[0::4], data[1::4] = bytes(count), bytes(count)
    array = np.frombuffer(data, kind).reshape(shape)
    return array


def random_order(rng, array):
    """The same elements, otherwise in memory."""
    way = rng.randrange(5)
    if way == 0:
        return np.asfortranarray(array)
    if way == 1:
        return array.astype(array.dtype.newbyteorder(">"))
    if way == 2 and array.ndim == 3:
        return np.ascontiguousarray(array.transpose(1, 0, 2)).transpose(1, 0, 2)
    if way == 3 and array.ndim > 0:
        return np.repeat(array, 2, axis=0)[::2]
    return array


def random_tensor(rng, number=None, cls=None, order=True):
    number = number or rng.choice(list(NUMBERS))
    array = random_array(rng, number)
    return tensor(random_order(rng, array) if order else array, number,
                  cls or rng.choice([Tensor, Parameter]))


def raw(made):
    """The elements as the library has them: dense, row-major, little-endian."""
    array = np.ascontiguousarray(made.array).astype(made.array.dtype.newbyteorder("<"))
    data = array.tobytes()
    if made.dtype.number == 11:
        data = b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))
    return data


def random_object(rng, depth=0, tensors=None):
    """With everything that training programs keep."""
    tensors = [] if tensors is None else tensors
    kind = rng.randrange(13 if depth < 4 else 8)
    if kind == 0 and tensors:
        return rng.choice(tensors)
    if kind < 4:
        tensors.append(random_tensor(rng))
        return tensors[-1]
    if kind < 8:
        return rng.choice([None, True, False, 0, -1, 2**40, 2**90, 1.5, "text", "ü", "", b"", b"\x00\xff",
                           bytearray(b"ab"), 3 + 4j, DTYPES[2], (), (1, "a"), {1, 2}, frozenset({1, "b"}), frozenset()])
    items = [random_object(rng, depth + 1, tensors) for _ in range(rng.randrange(4))]
    if kind < 10:
        return rng.choice([list, tuple])(items)
    keys = [f"{rng.choice('abc')}{i}" for i in range(len(items))]
    if kind == 10:
        keys = [key + ".weight" for key in keys]
    if kind == 11:
        keys = rng.sample(range(-3, 100), len(items))
    return rng.choice([dict, OrderedDict])(zip(keys, items))


class Same:
    """Whether two objects are the same, identity of tensors included."""

    def __init__(self, ties=True):
        self.partner = {}
        self.ties = ties

    def check(self, a, b, where=""):
        tap.equal(type(b), type(a), f"{where}: type")
        if isinstance(a, Tensor):
            tap.equal((b.dtype.number, b.array.shape), (a.dtype.number, a.array.shape), where)
            assert raw(b) == raw(a), f"{where}: bytes"
            for key, value in ((("left", id(a)), id(b)), (("right", id(b)), id(a))):
                tap.equal(self.partner.setdefault(key, value), value, f"{where}: identity")
        elif isinstance(a, dtype):
            tap.equal(b.number, a.number, where)
        elif isinstance(a, dict):
            tap.equal([(type(k), k) for k in b], [(type(k), k) for k in a], f"{where}: keys")
            for key in a:
                self.check(a[key], b[key], f"{where}/{key}")
        elif isinstance(a, (list, tuple)):
            tap.equal(len(b), len(a), where)
            for number, (x, y) in enumerate(zip(a, b)):
                self.check(x, y, f"{where}/{number}")
        else:
            tap.equal(b, a, where)
