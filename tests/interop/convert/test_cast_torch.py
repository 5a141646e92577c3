"""Elements that ckpt-convert --dtype converts, against what PyTorch's Tensor.to and NumPy make of them.

    test_cast_torch.py TOOLS
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

torch = tap.need("torch")
numpy = tap.need("numpy")
CONVERT = pathlib.Path(sys.argv[1], "ckpt-convert")
DIRECTORY = tempfile.TemporaryDirectory()
SOURCE = pathlib.Path(DIRECTORY.name, "source.safetensors")
TARGET = pathlib.Path(DIRECTORY.name, "target.ckpt")
TYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "f8_e4m3fn": torch.float8_e4m3fn,
         "f8_e5m2": torch.float8_e5m2, "f8_e4m3fnuz": torch.float8_e4m3fnuz,
         "f8_e5m2fnuz": torch.float8_e5m2fnuz}
TAGS = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2"}


def convert(tensor, dtype):
    """The tensor as the tool converts it; what it wrote is read as it lies in the file."""
    data = tensor.contiguous().view(torch.uint8).numpy().tobytes()
    header = json.dumps({"x": {"dtype": TAGS[tensor.dtype], "shape": list(tensor.shape),
                               "data_offsets": [0, len(data)]}}).encode()
    header += b" " * (-len(header) % 8)
    SOURCE.write_bytes(struct.pack("<Q", len(header)) + header + data)
    result = subprocess.run([CONVERT, "-q", "-d", dtype, SOURCE, TARGET], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), dtype)
    size = tensor.numel() * TYPES[dtype].itemsize
    content = TARGET.read_bytes()
    inspect = subprocess.run([CONVERT.with_name("ckpt-inspect"), "--json", TARGET],
                             capture_output=True, check=True)
    offset = json.loads(inspect.stdout)["storages"][0]["file_offset"]
    raw = numpy.frombuffer(content[offset:offset + size], numpy.uint8).copy()
    return torch.from_numpy(raw).view(TYPES[dtype]).reshape(tensor.shape)


def bits(tensor):
    """Bit patterns, of which all NaNs are one."""
    view = tensor.view(torch.int16 if tensor.dtype.itemsize == 2 else torch.uint8)
    return torch.where(tensor.to(torch.float32).isnan(), torch.zeros_like(view) - 1, view)


def same(got, wanted, what):
    differ = (bits(got) != bits(wanted)).nonzero().flatten()
    tap.equal(got.isnan().tolist() if got.dtype.itemsize == 2 else None,
              wanted.isnan().tolist() if got.dtype.itemsize == 2 else None, what)
    tap.equal(differ.tolist()[:5], [], what)


def hard_floats():
    """f32 around every number of the 16-bit types, at random, and whatever is special."""
    patterns = torch.arange(0, 1 << 16, dtype=torch.int32)
    around = torch.cat([(patterns << 16) + d for d in (0, 1, -1, 0x7fff, 0x8000, 0x8001, 0x12345)])
    halves = patterns.to(torch.int16).view(torch.float16).to(torch.float32).view(torch.int32)
    fine = torch.cat([halves + d for d in (-1, 1, 0x0fff, 0x1000, 0x1001)])
    generator = torch.Generator().manual_seed(7)
    chance = torch.randint(-2 ** 31, 2 ** 31, (1 << 18,), generator=generator,
                           dtype=torch.int64).to(torch.int32)
    return torch.cat([around, halves, fine, chance]).view(torch.float32)


def test_f32_as_pytorch():
    values = hard_floats()
    for dtype, kind in TYPES.items():
        same(convert(values, dtype), values.to(kind), dtype)


def test_small_floats_as_pytorch():
    for source in (torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        patterns = torch.arange(0, 1 << (8 * source.itemsize), dtype=torch.int32)
        raw = patterns.to(torch.int16 if source.itemsize == 2 else torch.uint8)
        values = raw.view(source)
        for dtype, kind in TYPES.items():
            if kind != source:
                same(convert(values, dtype), values.to(torch.float32).to(kind), f"{source} {dtype}")


def test_f64_is_rounded_once():
    """PyTorch goes by way of f32 and rounds twice; NumPy's f16 does not."""
    halves = torch.arange(0, 0x7bff, dtype=torch.int16).view(torch.float16).to(torch.float64)
    middle = (halves[:-1] + halves[1:]) / 2
    values = torch.cat([halves, middle, middle * (1 + 2 ** -50), middle * (1 - 2 ** -50), -middle])
    wanted = torch.from_numpy(values.numpy().astype(numpy.float16))
    same(convert(values, "f16"), wanted, "f16")
    twice = values.to(torch.float16)
    tap.equal(bool((bits(wanted) != bits(twice)).any()), True, "the cases are hard ones")


def test_an_odd_count_of_a_large_tensor():
    values = torch.randn(3_000_001, generator=torch.Generator().manual_seed(1))
    for dtype in ("bf16", "f8_e4m3fn"):
        same(convert(values, dtype), values.to(TYPES[dtype]), dtype)


tap.main(globals())
