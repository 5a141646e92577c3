"""safetensors files: what the official library writes is read as it was meant, and what it refuses
is refused.

    test_safetensors_official.py MODEL_PROBE
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
SEED = 20240608
print(f"# seed {SEED}")

TYPES = {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16",
         torch.bfloat16: "bf16", torch.int8: "i8", torch.uint8: "u8", torch.int16: "i16",
         torch.int32: "i32", torch.int64: "i64", torch.bool: "bool", torch.uint16: "u16",
         torch.uint32: "u32", torch.uint64: "u64", torch.complex64: "complex64",
         torch.float8_e4m3fn: "f8_e4m3fn", torch.float8_e5m2: "f8_e5m2"}


def path(name="x.safetensors"):
    return pathlib.Path(DIRECTORY.name, name)


def dump(file):
    """Name to (kind, dtype, shape, number, bytes); and the metadata."""
    result = subprocess.run([PROBE, "dump", file], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    tensors, metadata = {}, {}
    for line in result.stdout.decode().splitlines():
        if "\t" in line:
            name, kind, dtype, shape, number, data = line.split("\t")
            tensors[name] = (kind, dtype, shape, number, data)
        else:
            key, _, value = line.partition("=")
            metadata[key] = value
    return tensors, metadata


def check_tensor(got, tensor, what):
    floating = tensor.is_floating_point() or tensor.is_complex()
    data = tensor.contiguous().reshape(-1).view(torch.uint8) if tensor.numel() else b""
    tap.equal(got[:3] + got[4:],
              ("parameter" if floating else "buffer", TYPES[tensor.dtype],
               ",".join(map(str, tensor.shape)), bytes(data.tolist() if tensor.numel() else b"").hex()), what)


def random_tensor(rng):
    dtype = rng.choice(list(TYPES))
    shape = [rng.randrange(5) for _ in range(rng.randrange(4))]
    size = torch.empty(shape, dtype=dtype).nbytes
    data = bytearray(rng.randbytes(size))
    if dtype == torch.bool:
        data = bytearray(b & 1 for b in data)
    if not size:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(data, dtype=dtype).reshape(shape)


def test_random_models():
    rng = random.Random(SEED)
    for number in range(60):
        tensors = {f"{rng.choice('abc')}.{rng.choice('xyz ü')}{i}.{rng.choice(['weight', 'bias'])}":
                   random_tensor(rng) for i in range(rng.randrange(12))}
        safetensors.torch.save_file(tensors, path(), metadata={"format": "pt", "n": str(number)})
        got, metadata = dump(path())
        tap.equal(metadata, {"format": "pt", "n": str(number)})
        tap.equal(set(got), set(tensors), f"names of model {number}")
        for name, tensor in tensors.items():
            check_tensor(got[name], tensor, f"{name} of model {number}")


def test_ties_of_save_model_come_back():
    shared = torch.nn.Linear(4, 4)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), shared, torch.nn.ReLU(), shared)
    net.head = torch.nn.Linear(4, 4, bias=False)
    net.head.weight = shared.weight
    safetensors.torch.save_model(net, str(path()))
    got, _ = dump(path())
    tap.equal(set(got), set(net.state_dict()))
    for name, tensor in net.state_dict().items():
        check_tensor(got[name], tensor, name)
    tap.equal(len({got[n][3] for n in ("1.weight", "3.weight", "head.weight")}), 1, "tied weights")
    tap.equal(len({got[n][3] for n in ("1.bias", "3.bias")}), 1, "tied biases")
    assert got["0.weight"][3] != got["1.weight"][3]


def test_the_example_has_its_ties():
    example = pathlib.Path(__file__).resolve().parents[3] / "examples/digits/digits.safetensors"
    got, _ = dump(example)
    tap.equal(got["2.weight"][3], got["4.weight"][3])
    with safetensors.safe_open(example, "pt") as file:
        for name in file.keys():
            check_tensor(got[name], file.get_tensor(name), name)


def build(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(begin, end, dtype="U8", shape=None):
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape,
            "data_offsets": [begin, end]}


def malformed_files():
    good = entry(0, 2)
    yield b""
    yield b"\0" * 7
    yield b"\0" * 8
    yield build(b"")
    yield build({"a": good}, b"ab")[:-1]
    yield build({"a": good}, b"ab") + b"\0"
    yield build({"a": good}, b"ab") + b"\0\0\0\0"
    yield struct.pack("<Q", 100_000_001) + b"{}"
    yield struct.pack("<Q", 2**63) + b"{}"
    yield struct.pack("<Q", 2**64 - 1) + b"{}"
    yield struct.pack("<Q", 3) + b"{}"
    for text in (b"{", b"}", b"[]", b"null", b"1", b'"a"', b"{}}", b"{},", b"{} x", b"\xff{}", b"\0",
                 b"{}\0\0", b"\xef\xbb\xbf{}", b"{'a':1}", b"{a:1}", b'{"a":\xff}', b"{/**/}",
                 b'{"\xed\xa0\x80":{}}', b'{"__metadata__":{"\\ud800":""}}'):
        yield build(text)
    for bad in (1, [], {}, "x", None, {"dtype": "U8"}, {"dtype": "U8", "shape": [2]},
                {"shape": [2], "data_offsets": [0, 2]}, {"dtype": "U8", "data_offsets": [0, 2]}):
        yield build({"a": bad}, b"ab")
    for dtype in ("u8", "U3", "", "F8", "STR", "F128", None, 8):
        yield build({"a": {**good, "dtype": dtype}}, b"ab")
    for shape in ([-2], [2.0], ["2"], [1], [3], [2, 2], [], 2, None, [[2]], [2**64 + 2], [1e400]):
        yield build({"a": {**good, "shape": shape}}, b"ab")
    for offsets in ([0], [0, 2, 2], [2, 0], [0, 1], [0, 3], [1, 3], [-1, 1], [0.0, 2.0], [0, "2"], 2,
                    None, [2**64, 2**64 + 2], [2**63, 2**63 + 2], {"begin": 0, "end": 2}):
        yield build({"a": {**good, "data_offsets": offsets}}, b"ab")
    yield build({"a": entry(0, 2), "b": entry(1, 3)}, b"abc")
    yield build({"a": entry(0, 1), "b": entry(2, 3)}, b"abc")
    yield build({"a": entry(1, 3)}, b"abc")
    yield build({"a": entry(0, 2), "b": entry(0, 2)}, b"ab")
    yield build({"a": entry(0, 2), "b": entry(1, 1)}, b"ab")
    yield build({"a": entry(0, 1, "F4", [1])}, b"a")
    yield build({"a": entry(0, 1, "F4", [3])}, b"a")
    yield build({"a": entry(0, 2, "F6_E2M3", [2])}, b"ab")
    yield build({"a": entry(0, 4, "F32", [4194305, 4194305, 211106198978564])}, b"abcd")
    yield build({"a": entry(0, 0, "F32", [2**62, 2**62, 0])})
    for metadata in (1, [], "x", {"a": 1}, {"a": None}, {"a": {}}, {"a": ["x"]}):
        yield build({"__metadata__": metadata})


def judge(files):
    """For each file whether the official reader takes it, and whether the library does."""
    paths = []
    for number, content in enumerate(files):
        paths.append(path(f"{number}.safetensors"))
        paths[-1].write_bytes(content)
    result = subprocess.run([PROBE, "open", *paths], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    ours = [line.split(" ")[0] == "CKPT_OK" for line in result.stdout.decode().splitlines()]
    tap.equal(len(ours), len(files))
    for content, mine in zip(files, ours):
        try:
            safetensors.deserialize(content)
            theirs = True
        except safetensors.SafetensorError:
            theirs = False
        yield content, theirs, mine


def test_what_the_official_reader_refuses_is_refused():
    accepted = 0
    for content, theirs, mine in judge(list(malformed_files())):
        assert theirs or not mine, f"accepted: {content!r}"
        accepted += theirs
    tap.equal(accepted, 0, "files of the list that the official reader takes")


def test_what_is_odd_but_valid_is_accepted():
    files = [build({}), build(b"  {}\n\t "), build({"__metadata__": {}}),
             build({"a": entry(0, 0), "b": entry(0, 2), "c": entry(2, 2)}, b"ab"),
             build({"b": entry(2, 4), "a": entry(0, 2)}, b"abcd"),
             build({"a": entry(0, 1, "F4", [2])}, b"a"),
             build({"a": entry(0, 0, "F32", [0, 2**31])}),
             build(b'{"\\u0061\\ud83d\\ude00":{"data_offsets":[0,0],"shape":[0],"dtype":"U8"}}')]
    for content, theirs, mine in judge(files):
        assert theirs, f"the official reader refuses: {content!r}"
        assert mine, f"refused: {content!r}"


def test_duplicates_are_refused_where_the_official_reader_is_lenient():
    one = b'{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'
    none = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    files = [build(b'{"a":' + one + b',"a":' + one + b"}", b"ab"),
             build(b'{"a":' + none + b',"\\u0061":' + none + b"}"),
             build(b'{"a":' + one + b',"\\u0061":' + one + b"}", b"ab"),
             build(b'{"__metadata__":{"k":"1","k":"2"}}')]
    for content, _, mine in judge(files):
        assert not mine, f"accepted: {content!r}"


# In the manner of JSONTestSuite: texts that are no JSON, some that are, and some of which parsers
# think differently. Each stands as the whole header, as a shape, as an extent, as a name, as a text of
# the metadata and behind an entry.
TEXTS = [
    b"", b" ", b"[", b"]", b"{", b"}", b"[]", b"{}", b"[[]]", b"[1]", b"[2]", b"[ 2 ]", b"[2,]", b"[,2]",
    b"[2,,1]", b"[2 1]", b"[2:1]", b"[2}", b"{2]", b"[2]]", b"[[2]", b"[2", b"2]", b"[\"2\"]", b"[null]",
    b"[true]", b"[2.0]", b"[2e0]", b"[2E+0]", b"[20e-1]", b"[-2]", b"[-0]", b"[+2]", b"[02]", b"[0x2]",
    b"[2.]", b"[.2e1]", b"[2e]", b"[1_0]", b"[\xef\xbc\x92]", b"[NaN]", b"[Infinity]", b"[1e400]",
    b"[18446744073709551616]", b"[18446744073709551618]", b"[9223372036854775808]",
    b"[0.2e1]", b"[2]\0", b"[2]//", b"[2]/**/", b"[2]#", b"\x0b[2]", b"\x0c[2]", b"\xa0[2]",
    b"\xe2\x81\xa0[2]", b"\xc2\xa0[2]", b"\xef\xbb\xbf[2]", b"\r\n\t [2]\r\n\t ", b"[" * 300 + b"]" * 300,
    b"[" * 100000, b'{"":' * 300 + b"1" + b"}" * 300, b"null", b"true", b"True", b"TRUE", b"nul", b"tru",
    b"0", b"-0", b"00", b"01", b"1", b"2", b"-1", b"1.", b".1", b"1e", b"1e5", b"0e1", b"0.0", b"1.5", b"-",
    b"--1", b"+1", b"++1", b"0x1", b"1a", b"1 2", b"'a'", b'"', b'"a', b'a"', b'"a"', b'"a" "b"', b'"\\"',
    b'"\\a"', b'"\\x41"', b'"\\u"', b'"\\u0"', b'"\\u00"', b'"\\u004"', b'"\\u0041"', b'"\\u004g"',
    b'"\\U0041"', b'"\\u 041"', b'"\\0"', b'"\\"a"', b'"\\ud800"', b'"\\udc00"', b'"\\ud800\\ud800"',
    b'"\\ud83d\\ude00"', b'"\\ud83d\\u0041"', b'"\\ud83dx"', b'"\\ude00\\ud83d"', b'"\\u0000"', b'"\0"',
    b'"\n"', b'"\t"', b'"\x1f"', b'"\x7f"', b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xe2\x82"',
    b'"\xf4\x90\x80\x80"', b'"\xf0\x9f\x98\x80"', b'"\xe2\x80\xa8"', b'"\xef\xbf\xbf"', b'"\\/"', b'"/"',
    b'{"a"}', b'{"a":}', b'{:1}', b'{"a"::1}', b'{"a" 1}', b'{"a":1,}', b'{"a":1,,"b":2}', b'{,"a":1}',
    b"{a:1}", b"{'a':1}", b"{1:1}", b"{null:1}", b'{"a":1 "b":2}', b'{"a":1}}', b'{"a":1', b'{"a"', b'{"a":',
    b'{"a":1}/**/', b'{"a":1}//', b'{"a":1}#', b"<.>", b"*", b"\\u0041", b"&", b"a", b"\xe5", b"\xff\xfe{\0}\0",
]


def placed(text):
    good = b'{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'
    yield text
    yield b'{"a":{"dtype":"U8","shape":' + text + b',"data_offsets":[0,2]}}'
    yield b'{"a":{"dtype":"U8","shape":[2],"data_offsets":' + text + b"}}"
    yield b'{"a":{"dtype":' + text + b',"shape":[2],"data_offsets":[0,2]}}'
    yield b'{"a":{"dtype":"U8","shape":[' + text + b'],"data_offsets":[0,2]}}'
    yield b"{" + text + b":" + good + b"}"
    yield b'{"__metadata__":{"k":' + text + b'},"a":' + good + b"}"
    yield b'{"__metadata__":{' + text + b':"v"},"a":' + good + b"}"
    yield b'{"__metadata__":' + text + b',"a":' + good + b"}"
    yield b'{"a":' + good + text + b"}"
    yield b'{"a":' + good + b"}" + text
    yield b'{"a":' + text + b"}"


def test_texts_that_parsers_disagree_about():
    files = [build(content, b"ab") for text in TEXTS for content in placed(text)]
    taken = 0
    for content, theirs, mine in judge(files):
        assert theirs or not mine, f"accepted: {content[:200]!r}"
        stricter = b"\\u0000" in content or b'"__metadata__":null' in content
        assert mine or stricter or not theirs, f"refused: {content[:200]!r}"
        taken += mine
    assert taken > 30, taken


def mutated(rng, content):
    bytes_ = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(bytes_))
        kind = rng.randrange(3)
        if kind == 0:
            bytes_[place] = rng.choice(b'{}[]",:0123456789 \\eE.-+\n\0u')
        elif kind == 1:
            del bytes_[place]
        else:
            bytes_.insert(place, rng.choice(b'{}[]",:0123456789 -'))
        if not bytes_:
            break
    return bytes(bytes_)


def test_mutated_headers():
    rng = random.Random(SEED + 2)
    text = json.dumps({"__metadata__": {"k": "v"}, "a": entry(0, 2), "b": entry(2, 6, "F16", [2]),
                       "c": entry(6, 6, "F32", [0])}).encode()
    files = [build(mutated(rng, text), b"abcdef") for _ in range(1500)]
    taken = 0
    for content, theirs, mine in judge(files):
        assert theirs or not mine, f"accepted: {content!r}"
        taken += mine
    assert taken > 0


tap.main(globals())
