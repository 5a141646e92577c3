"""safetensors files that the library writes are those that the official library writes for the same
tensors and metadata, byte for byte.

    test_safetensors_written.py MODEL_PROBE

The official writer leaves the order of the metadata to chance: its entries are put into one order
before files are compared.
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

safetensors = tap.need("safetensors")
torch = tap.need("torch")
import safetensors.torch

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
SEED = 20240611
print(f"# seed {SEED}")

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.uint8,
         torch.int16, torch.int32, torch.int64, torch.bool, torch.uint16, torch.uint32,
         torch.uint64, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2,
         torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
         torch.float4_e2m1fn_x2]
BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8,
        "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
        "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
        "U64": 64}
HOSTILE = ["", ".", "..", "a.", ".a", "__metadata__.a", "x.__metadata__", "é", "\u2028", "\U0001f600.\uffff",
           "\"", "\\", "/", "\b\f\n\r\t", "\x01\x1f\x7f\x80", "a" * 5000, " ", "{}", "dtype", "\u202e"]


def path(name="x.safetensors"):
    return pathlib.Path(DIRECTORY.name, name)


def save(source, out, *more):
    """The losses as (kind, name, message)."""
    result = subprocess.run([PROBE, "saveas", "safetensors", source, out, *more],
                            capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    return [tuple(line.split("\t")) for line in result.stdout.decode().split("\n")[:-1]]


def parts(content):
    (size,) = struct.unpack("<Q", content[:8])
    header = content[8:8 + size]
    return header, json.loads(header), content[8 + size:]


def normal(content):
    """The file with the entries of its metadata in the order of their keys."""
    header, parsed, data = parts(content)
    if "__metadata__" not in parsed:
        return content
    start = b'{"__metadata__":'
    assert header.startswith(start), header[:100]
    _, end = json.JSONDecoder().raw_decode(header.decode(), len(start))
    rest = header.decode()[end:]
    pairs = json.dumps(sorted(parsed["__metadata__"].items()), ensure_ascii=False)
    return start + pairs.encode() + rest.encode() + data, len(header)


def rewritten(source=None):
    """The file as the library writes what it has read, compared with what it was."""
    source = source or path()
    losses = save(source, path("y.safetensors"))
    ours, theirs = path("y.safetensors").read_bytes(), source.read_bytes()
    tap.equal(normal(ours), normal(theirs))
    safetensors.deserialize(ours)
    return losses


def random_tensor(rng, dtype=None):
    dtype = dtype or rng.choice(TYPES)
    shape = [rng.randrange(5) for _ in range(rng.randrange(4))]
    size = torch.empty(shape, dtype=dtype).nbytes
    data = bytearray(rng.randbytes(size))
    if dtype == torch.bool:
        data = bytearray(b & 1 for b in data)
    if not shape and dtype == torch.float4_e2m1fn_x2:
        shape = [1]
    return (torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)).reshape(shape)


def test_random_models_are_written_alike():
    rng = random.Random(SEED)
    for number in range(60):
        tensors = {f"{rng.choice('aZ_')}.{rng.choice(['x', 'y', 'ü', '😀'])}{i}.{rng.choice(['weight', 'bias'])}":
                   random_tensor(rng) for i in range(rng.randrange(12))}
        metadata = {f"k{i}\n\u2028": rng.choice(["", "v", "\"\\\x7f\u00ff"]) for i in range(rng.randrange(4))}
        if not tensors:
            metadata = None  # the official writer gives malformed JSON where both are empty
        safetensors.torch.save_file(tensors, path(), metadata=metadata or None)
        rewritten()


def test_each_type_is_written_alike():
    rng = random.Random(SEED + 1)
    tensors = {}
    for dtype in TYPES:
        for i in range(3):
            tensors[f"{i}.{str(dtype)[6:]}"] = random_tensor(rng, dtype)
    safetensors.torch.save_file(tensors, path())
    rewritten()


def test_all_tags_stand_in_the_order_of_the_official_writer():
    """F6_* are in no Python binding: the file is made by hand."""
    header, data = {}, b""
    for number, (tag, bits) in enumerate(reversed(list(BITS.items()))):
        for name in ("a", "b"):
            chunk = random.Random(number).randbytes(8 * bits // 8)
            header[f"{name}.{tag}"] = {"dtype": tag, "shape": [2, 4],
                                       "data_offsets": [len(data), len(data) + len(chunk)]}
            data += chunk
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path().write_bytes(struct.pack("<Q", len(text)) + text + data)
    safetensors.deserialize(path().read_bytes())
    rewritten()
    shuffled = list(header.items())
    random.Random(SEED).shuffle(shuffled)
    text = json.dumps(dict(shuffled)).encode()
    path("z.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    save(path("z.safetensors"), path("y.safetensors"))
    tap.equal(path("y.safetensors").read_bytes(), path().read_bytes(), "written in another order")


def test_hostile_names_and_texts():
    tensors = {name: torch.full((1,), i, dtype=torch.uint8) for i, name in enumerate(HOSTILE)}
    # A name that goes through a tensor cannot be in one model with it.
    del tensors["a."], tensors["."], tensors[".a"], tensors[".."]
    safetensors.torch.save_file(tensors, path(), metadata={name: name + "\x01" for name in HOSTILE})
    rewritten()
    for name in HOSTILE:
        safetensors.torch.save_file({name: torch.ones(2)}, path(), metadata={"k": name + "!"})
        rewritten()
        with safetensors.safe_open(path("y.safetensors"), "pt") as file:
            tap.equal(list(file.keys()), [name])


class Tied(torch.nn.Module):
    def __init__(self, rng):
        super().__init__()
        shared = torch.nn.Linear(3, 3)
        self.z = torch.nn.Linear(3, 3)
        self.layers = torch.nn.ModuleList(rng.choice([shared, torch.nn.Linear(3, 3)])
                                          for _ in range(5))
        if rng.randrange(2):
            self.z.weight = shared.weight
            self.first = shared
        self.register_buffer("counts", torch.arange(6, dtype=torch.int32))
        self.register_buffer("counts_again", self.counts)
        self.register_buffer("empty", torch.empty(0, 3))
        self.register_buffer("scalar", torch.tensor(1.5, dtype=torch.float64))


def test_models_with_ties_are_written_as_save_model_does():
    rng = random.Random(SEED + 2)
    for number in range(30):
        net = Tied(rng)
        metadata = {"format": "pt"} if number % 2 else None
        safetensors.torch.save_model(net, str(path()), metadata=metadata)
        losses = rewritten()
        names = net.state_dict()
        dropped = {n for n in names if n not in parts(path().read_bytes())[1]}
        tap.equal({name for kind, name, _ in losses if kind == "tie"}, dropped, "reported ties")
        other = Tied(random.Random(0))
        other.load_state_dict(other.state_dict())
        for parameter in net.parameters():
            parameter.data = parameter.data.clone()
        wanted = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        for parameter in net.parameters():
            parameter.data.zero_()
        tap.equal(safetensors.torch.load_model(net, str(path("y.safetensors"))), (set(), []))
        for name, tensor in net.state_dict().items():
            assert torch.equal(tensor, wanted[name]), name


def test_what_users_wrote_is_not_taken_for_a_tie_and_not_overwritten():
    tensor = torch.ones(2)
    # A key that is a tensor's name is metadata, whatever its text says.
    safetensors.torch.save_file({"a": tensor, "b": tensor.clone()}, path(), metadata={"a": "b"})
    tap.equal([loss[:2] for loss in rewritten() if loss[0] in ("tie", "metadata")], [])


def test_the_largest_header():
    entry = b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    start, middle, end = b'{"__metadata__":{"k":"', b'"},', b"}"
    room = 100_000_000 - len(start + middle + entry + end)
    text = start + b"x" * room + middle + entry + end
    path().write_bytes(struct.pack("<Q", len(text)) + text)
    rewritten()


tap.main(globals())
