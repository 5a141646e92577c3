"""npy files, written by NumPy and read by the library, and the other way round.

    test_npy_numpy.py MODEL_PROBE
"""

import itertools
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

numpy = tap.need("numpy")
PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
PATH = pathlib.Path(DIRECTORY.name, "x.npy")
COPY = pathlib.Path(DIRECTORY.name, "y.npy")

TYPES = {"b1": "bool", "i1": "i8", "u1": "u8", "i2": "i16", "u2": "u16", "i4": "i32",
         "u4": "u32", "i8": "i64", "u8": "u64", "f2": "f16", "f4": "f32", "f8": "f64",
         "c8": "complex64", "c16": "complex128"}
SHAPES = [(), (1,), (7,), (0,), (2, 3), (3, 0, 2), (2, 3, 4), (12345678, 0)]


def run(*arguments):
    result = subprocess.run([PROBE, *arguments], capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), "model_probe")
    return result.stdout


def array_of(kind, shape):
    count = int(numpy.prod(shape, dtype=numpy.int64))
    values = numpy.arange(count) * 3 - 5
    return values.astype(kind).reshape(shape)


def check(array, version=(1, 0)):
    with open(PATH, "wb") as file:
        numpy.lib.format.write_array(file, array, version)
    name, role, dtype, shape, _, data = run("dump", PATH).rstrip("\n").split("\t")
    kind = array.dtype.str[1:]
    what = f"{array.dtype.str} {array.shape} {version} {array.flags.f_contiguous}"
    tap.equal((name, role, dtype), ("array", "buffer", TYPES[kind]), what)
    tap.equal(shape, ",".join(map(str, array.shape)), what)
    tap.equal(data, array.astype("<" + kind).tobytes().hex(), what)


def test_all_types_in_both_byte_orders():
    for kind, order in itertools.product(TYPES, "<>"):
        check(array_of(kind, (2, 3)).astype(order + kind))


def test_all_shapes_orders_and_versions():
    for shape, order, version in itertools.product(SHAPES, "CF", [(1, 0), (2, 0), (3, 0)]):
        check(numpy.array(array_of("f4", shape), order=order), version)
    check(array_of("c16", (2, 3, 4)).astype(">c16", order="F"))


def test_what_is_written_is_what_numpy_writes():
    for kind, shape in [*((kind, (2, 3)) for kind in TYPES), *(("f4", s) for s in SHAPES)]:
        array = array_of(kind, shape)
        numpy.save(PATH, array)
        run("savenpy", PATH, COPY)
        tap.equal(COPY.read_bytes(), PATH.read_bytes(), f"{kind} {shape}")


def test_strided_arrays_are_written_row_major():
    array = array_of("f4", (3, 4))
    numpy.save(PATH, numpy.asfortranarray(array))
    run("savenpy", PATH, COPY)
    numpy.save(PATH, array)
    tap.equal(COPY.read_bytes(), PATH.read_bytes())


def test_what_has_no_dtype_here_is_refused():
    for array in (numpy.array(["a"]), numpy.array([b"a"]), numpy.array(["2024-01-01"], "M8[D]"),
                  numpy.zeros(2, "V2"), numpy.zeros(2, [("a", "f4")]),
                  numpy.zeros(2, "longdouble"), numpy.array([None])):
        numpy.save(PATH, array, allow_pickle=True)
        assert run("open", PATH).startswith("CKPT_E_UNSUPPORTED "), array.dtype


tap.main(globals())
