"""npz files, written by NumPy and read by the library, and the other way round.

    test_npz_numpy.py ARCHIVE_PROBE MODEL_PROBE
"""

import io
import itertools
import pathlib
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

numpy = tap.need("numpy")
PROBE, MODEL_PROBE = sys.argv[1:3]
DIRECTORY = tempfile.TemporaryDirectory()
PATH = pathlib.Path(DIRECTORY.name, "x.npz")
COPY = pathlib.Path(DIRECTORY.name, "y.npz")

TYPES = {"b1": "bool", "i1": "i8", "u1": "u8", "i2": "i16", "u2": "u16", "i4": "i32",
         "u4": "u32", "i8": "i64", "u8": "u64", "f2": "f16", "f4": "f32", "f8": "f64",
         "c8": "complex64", "c16": "complex128"}
SHAPES = [(), (1,), (7,), (0,), (2, 3), (3, 0, 2), (2, 3, 4), (0, 12345678), (300, 400)]


def run(*arguments):
    result = subprocess.run(arguments, capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), "probe")
    return result.stdout


def array_of(kind, shape, start=-5):
    count = int(numpy.prod(shape, dtype=numpy.int64))
    return (numpy.arange(count) * 3 + start).astype(kind).reshape(shape)


def all_arrays():
    arrays = {f"t.{kind}.{'le' if order == '<' else 'be'}": array_of(kind, (2, 3)).astype(order + kind)
              for kind, order in itertools.product(TYPES, "<>")}
    arrays |= {f"s{number}": array_of("f4", shape) for number, shape in enumerate(SHAPES)}
    arrays |= {f"f{number}": numpy.asfortranarray(array_of(">c16", shape))
               for number, shape in enumerate(SHAPES)}
    rng = numpy.random.default_rng(7)
    return arrays | {"noise": rng.standard_normal((500, 301)),
                     "swapped noise": rng.standard_normal(70001).astype(">f4"),
                     "ones": numpy.ones(100000, "u1"), "ü/name": array_of("u2", (3,)),
                     "": array_of("u2", (2,)), "A": array_of("f4", (1,)),
                     "a": array_of("f4", (2,)), "x" * 5000: array_of("i1", (2,))}


def check_dump(arrays, what):
    lines = run(MODEL_PROBE, "dump", PATH).split("\n")[:-1]
    tap.equal(len(lines), len(arrays), what)
    found = {line.split("\t")[0]: line for line in lines}
    for key, array in arrays.items():
        name, role, dtype, shape, _, data = found[key].split("\t")
        kind = array.dtype.str[1:]
        tap.equal((name, dtype, shape), (key, TYPES[kind], ",".join(map(str, array.shape))), what)
        tap.equal(role, "parameter" if kind[0] in "fc" else "buffer", f"{what} {key}")
        tap.equal(data == array.astype("<" + kind).tobytes().hex(), True, f"{what} {key}")


def test_what_numpy_writes():
    arrays = all_arrays()
    for save in (numpy.savez, numpy.savez_compressed):
        save(PATH, **arrays)
        check_dump(arrays, save.__name__)
        tap.equal(run(PROBE, "verify", PATH), f"CKPT_OK {len(arrays)} 0\n")


def test_what_numpy_writes_to_a_stream():
    """It cannot go back there: sizes stand in data descriptors."""
    class Stream(io.RawIOBase):
        def writable(self):
            return True

        def write(self, content):
            return out.write(content)

        def flush(self):
            pass
    arrays = all_arrays()
    for save in (numpy.savez, numpy.savez_compressed):
        out = io.BytesIO()
        save(Stream(), **arrays)
        PATH.write_bytes(out.getvalue())
        tap.equal(zipfile.ZipFile(PATH).infolist()[0].flag_bits & 8, 8)
        check_dump(arrays, save.__name__)


def equal_arrays(path, arrays):
    with numpy.load(path) as loaded:
        tap.equal(sorted(loaded.files), sorted(arrays))
        for key, array in arrays.items():
            got = loaded[key]
            tap.equal((got.dtype, got.shape), (array.dtype.newbyteorder("<"), array.shape), key)
            tap.equal(got.tobytes() == array.astype(got.dtype).tobytes(), True, key)


def test_numpy_reads_what_is_written():
    arrays = all_arrays()
    for save in (numpy.savez, numpy.savez_compressed):
        save(PATH, **arrays)
        losses = run(PROBE, "save", "npz", PATH, COPY).split("\n")[:-1]
        # What is in Fortran order is written the other way.
        strided = [line.split("\t")[1] for line in losses]
        tap.equal(set(line.split("\t")[0] for line in losses), {"view"}, losses)
        tap.equal(strided, [key for key, a in arrays.items()
                            if not a.flags.c_contiguous and a.size > 0])
        equal_arrays(COPY, arrays)
        with zipfile.ZipFile(COPY) as archive:
            tap.equal(archive.testzip(), None)
            content = COPY.read_bytes()
            for info in archive.infolist():
                at = info.header_offset
                tap.equal((info.compress_type, info.date_time), (0, (1980, 1, 1, 0, 0, 0)))
                start = at + 30 + int.from_bytes(content[at + 26:at + 28], "little") + \
                    int.from_bytes(content[at + 28:at + 30], "little")
                tap.equal((start % 64, content[start:start + 6]), (0, b"\x93NUMPY"), info.filename)


def test_the_arrays_are_the_bytes_of_numpy_save():
    arrays = {key: a for key, a in all_arrays().items()
              if a.flags.c_contiguous and not a.dtype.str.startswith(">")}
    numpy.savez(PATH, **arrays)
    run(PROBE, "save", "npz", PATH, COPY)
    with zipfile.ZipFile(COPY) as ours, zipfile.ZipFile(PATH) as theirs:
        tap.equal(ours.namelist(), theirs.namelist())
        for name in ours.namelist():
            tap.equal(ours.read(name) == theirs.read(name), True, name)


def test_writing_again_gives_the_same_bytes():
    numpy.savez_compressed(PATH, **all_arrays())
    run(PROBE, "save", "npz", PATH, COPY)
    first = COPY.read_bytes()
    tap.equal(run(PROBE, "save", "npz", COPY, PATH), "")
    tap.equal(PATH.read_bytes() == first, True)


def test_no_arrays():
    numpy.savez(PATH)
    check_dump({}, "none")
    run(PROBE, "save", "npz", PATH, COPY)
    equal_arrays(COPY, {})


def test_very_many_arrays():
    """More than 65535 need a Zip64 end record."""
    array = array_of("u1", (1,))
    head = io.BytesIO()
    numpy.lib.format.write_array(head, array)
    with zipfile.ZipFile(PATH, "w") as archive:
        for number in range(70000):
            archive.writestr(f"{number}.npy", head.getvalue())
    tap.equal(run(PROBE, "save", "npz", PATH, COPY), "")
    tap.equal(COPY.read_bytes()[-98:-94], b"PK\6\6")
    with numpy.load(COPY) as loaded:
        tap.equal(len(loaded.files), 70000)
        tap.equal(loaded["69999"].tolist(), array.tolist())


def test_an_array_of_more_than_4_GiB():
    """Sizes that do not fit into 32 bits; the files are sparse."""
    count = (1 << 32) + 3
    header = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (count,)})
    with open(COPY, "wb") as file:
        file.write(header.getvalue())
        file.truncate(len(header.getvalue()) + count)
    run(PROBE, "sparse", "npz", COPY, PATH)
    COPY.unlink()
    with zipfile.ZipFile(PATH) as archive:
        info = archive.infolist()[0]
        tap.equal((info.filename, info.file_size), ("array.npy", len(header.getvalue()) + count))
    tap.equal(run(MODEL_PROBE, "open", PATH), "CKPT_OK\n")
    PATH.unlink()


def test_what_has_no_dtype_here_is_refused_by_name():
    for array in (numpy.array(["a"]), numpy.array([None]), numpy.zeros(2, [("a", "f4")])):
        numpy.savez(PATH, good=array_of("f4", (2,)), bad=array)
        line = run(PROBE, "list", PATH)
        tap.equal((line.split(" ")[0], "bad.npy: " in line), ("CKPT_E_UNSUPPORTED", True), line)


tap.main(globals())
