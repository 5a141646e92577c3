"""The archive of torch.save, read and written again, is the same byte for byte.

    test_zip_torch.py ZIP_COPY_PROBE
"""

import io
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

torch = tap.need("torch")
PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
PATH = pathlib.Path(DIRECTORY.name, "model.pt")
COPY = pathlib.Path(DIRECTORY.name, "copy.pt")


def check_copy(what):
    result = subprocess.run([PROBE, PATH, COPY], capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), what)
    tap.equal(COPY.read_bytes() == PATH.read_bytes(), True, what)


def test_tensors_of_many_sizes():
    for count in (0, 1, 11, 120):
        torch.save({f"t{n}": torch.arange(n * n, dtype=torch.int16) for n in range(count)}, PATH)
        check_copy(f"{count} tensors")


def test_names_of_many_lengths():
    for length in range(1, 70):
        path = PATH.with_name("n" * length)
        torch.save([torch.zeros(3), torch.zeros(0), torch.ones(100)], path)
        path.replace(PATH)
        check_copy(f"a name of {length}")


def test_streams():
    stream = io.BytesIO()
    torch.save(torch.nn.Linear(3, 4).state_dict(), stream)
    PATH.write_bytes(stream.getvalue())
    check_copy("archive")


def test_the_copy_is_loaded_and_mapped():
    tensors = {"a": torch.randn(5, 7), "b": torch.zeros(0), "c": torch.arange(1000)}
    torch.save(tensors, PATH)
    check_copy("to be loaded")
    for mapped in (False, True):
        loaded = torch.load(COPY, weights_only=True, mmap=mapped)
        tap.equal(all(torch.equal(loaded[key], tensors[key]) for key in tensors), True)


tap.main(globals())
