"""What the library writes, PyTorch reads: the object that it was.

    test_torch_write.py MODEL_PROBE
"""

import json
import math
import random
import struct
import warnings
import zipfile

from torchfiles import *

warnings.simplefilter("ignore")
SEED = 20260713
print(f"# seed {SEED}")


def load(file):
    """By each of PyTorch's ways to read."""
    things = [torch.load(file, weights_only=True), torch.load(file, weights_only=True, mmap=True)]
    Same().check(things[0], things[1], "mmap")
    with torch.utils.serialization.config.patch({"load.calculate_storage_offsets": True}):
        Same().check(things[0], torch.load(file, weights_only=True, mmap=True), "computed offsets")
    return things[0]


class Same:
    """Whether two objects are the same for all that can be seen, identity of tensors included."""

    def __init__(self):
        self.partner = {}
        self.kept = []

    def tie(self, kind, a, b, where):
        """What is one thing on one side is one on the other."""
        for key, value in ((("left", kind, a), b), (("right", kind, b), a)):
            tap.equal(self.partner.setdefault(key, value), value, f"{where}: identity of {kind}")

    def check_tensor(self, a, b, where):
        tap.equal((b.dtype, b.shape, b.requires_grad, b.layout), (a.dtype, a.shape, a.requires_grad, a.layout), where)
        self.tie("tensor", id(a), id(b), where)
        if a.numel() != 0:
            strides = [(s, n) for s, n in zip(a.stride(), a.shape) if n > 1]
            tap.equal([(s, n) for s, n in zip(b.stride(), b.shape) if n > 1], strides, f"{where}: strides")
            tap.equal(b.storage_offset(), a.storage_offset(), f"{where}: offset")
            self.tie("storage", a.untyped_storage().data_ptr(), b.untyped_storage().data_ptr(), where)
        if str(a.dtype).removeprefix("torch.") in TYPES:
            tap.equal(raw(b), raw(a), f"{where}: bytes")
        tap.equal(bytes(b.untyped_storage().tolist()), bytes(a.untyped_storage().tolist()), f"{where}: storage")

    def check(self, a, b, where=""):
        self.kept += [a, b]
        tap.equal(type(b), type(a), f"{where}: type")
        if isinstance(a, torch.Tensor):
            self.check_tensor(a, b, where)
        elif isinstance(a, (torch.storage.TypedStorage, torch.storage.UntypedStorage)):
            tap.equal(list(b), list(a), where)
        elif isinstance(a, dict):
            tap.equal([(type(k), k) for k in b], [(type(k), k) for k in a], f"{where}: keys")
            for key in a:
                self.check(a[key], b[key], f"{where}/{key}")
            if hasattr(a, "__dict__"):
                self.check(vars(a), vars(b), f"{where}: attributes")
        elif isinstance(a, (list, tuple)):
            tap.equal(len(b), len(a), where)
            for number, (x, y) in enumerate(zip(a, b)):
                self.check(x, y, f"{where}/{number}")
        elif isinstance(a, float):
            tap.equal(struct.pack("d", b), struct.pack("d", a), where)
        else:
            tap.equal(b, a, where)


def losses(output):
    return [tuple(line.split("\t")) for line in output.splitlines()]


def convert(file, target, format="torch"):
    return losses(run("saveas", format, file, target))


def check_round_trip(thing, expected=(), **options):
    """Through the library, and through a .ckpt file and back."""
    torch.save(thing, path("a.pt"), **options)
    original = torch.load(path("a.pt"), weights_only=True)
    tap.equal([loss[:2] for loss in convert(path("a.pt"), path("b.pt"))], list(expected))
    Same().check(original, load(path("b.pt")))
    convert(path("a.pt"), path("c.ckpt"), "ckpt")
    convert(path("c.ckpt"), path("d.pt"))
    tap.equal(path("d.pt").read_bytes(), path("b.pt").read_bytes(), "by way of .ckpt")
    convert(path("b.pt"), path("e.pt"))
    tap.equal(path("e.pt").read_bytes(), path("b.pt").read_bytes(), "written again")
    return original


# ---- random objects ----

TEXTS = ["", "a", "a.b", ".", "..", "a/b", "~", "~0/~1", "ü", "日本", "\0", "x\0y", "\ud800", "a\nb",
         "'\"\\", "\x1b[31m", "same", "object", "_metadata", "0", "-1", "torch.types", " " * 300]


def random_scalar(rng):
    kind = rng.randrange(14)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice([0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
                           2**63 - 1, -2**63])
    if kind == 3:
        return rng.choice([2**63, -2**63 - 1, 2**64, 10**100, -10**100, -2**2000, 2**2000])
    if kind == 4:
        return rng.choice([0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, 1e308, 5e-324])
    if kind == 5:
        return rng.randbytes(rng.randrange(1, 20))
    if kind == 6:
        return bytearray(rng.randbytes(rng.randrange(20)))
    if kind == 7:
        return complex(rng.random(), -0.0)
    if kind == 8:
        return torch.Size([rng.randrange(9) for _ in range(rng.randrange(4))])
    if kind == 9:
        return rng.choice([torch.float32, torch.int64, torch.float8_e5m2, torch.quint8, torch.bits8])
    if kind == 10:
        return rng.choice([torch.device("cpu"), torch.device("cuda"), torch.device("cuda:3"),
                           torch.device("meta")])
    if kind == 11:
        return rng.choice([torch.strided, torch.sparse_coo, torch.per_tensor_affine])
    return rng.choice(TEXTS)


def random_key(rng, kind):
    if kind == "text":
        return rng.choice(TEXTS) + str(rng.randrange(5))
    if kind == "int":
        return rng.randrange(-3, 10)
    return rng.choice([None, True, 2, -7, 2.5, 2**70, "text", "a.b", "int:2", "\ud800", "\0", "none"])


def random_set(rng):
    return set(rng.sample([None, 1, 2.5, "a", "\0", 2**70, "ü"], rng.randrange(4)))


class Maker:
    def __init__(self, rng, with_tensors):
        self.rng, self.with_tensors = rng, with_tensors
        self.bases, self.tensors, self.made = [], [], []

    def tensor(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0 and self.tensors:
            return rng.choice(self.tensors)
        if kind <= 2 and self.bases:
            out = random_view(rng, rng.choice(self.bases))
        else:
            out = random_tensor(rng)
            if out.dim() > 0:
                self.bases.append(out)
        if rng.random() < 0.2:
            grad = out.is_floating_point() and out.element_size() > 1 and rng.random() < 0.5
            out = torch.nn.Parameter(out, requires_grad=grad)
        elif out.dtype == torch.float32 and rng.random() < 0.1:
            out = out.detach().requires_grad_()
        self.tensors.append(out)
        return out

    def mapping(self, depth):
        rng = self.rng
        out = rng.choice([dict, OrderedDict, dict, Counter])()
        kind = rng.choice(["text", "text", "int", "any"])
        for _ in range(rng.randrange(6)):
            out[random_key(rng, kind)] = self.thing(depth + 1)
        return out

    def thing(self, depth=0):
        rng = self.rng
        kind = rng.randrange(10) if depth < 5 else 9
        if kind < 3:
            return self.mapping(depth)
        if kind < 5:
            out = [self.thing(depth + 1) for _ in range(rng.randrange(5))]
            return tuple(out) if rng.random() < 0.5 else out
        if kind == 5:
            return random_set(rng)
        if kind < 9 and self.with_tensors:
            return self.tensor()
        return random_scalar(rng)


def names_clash(thing):
    """Whether a key goes through another one, which a tree of modules cannot hold."""
    found = False
    if isinstance(thing, dict):
        def tagged(key):
            return key if isinstance(key, str) else f"int:{key}"
        keys = {tagged(k): k for k in thing}
        for key in keys:
            parts = key.split(".")
            found = found or any(".".join(parts[:n]) in keys for n in range(1, len(parts)))
        found = found or any(names_clash(value) for value in thing.values())
    elif isinstance(thing, (list, tuple)):
        found = any(map(names_clash, thing))
    return found


def test_random_objects():
    rng = random.Random(SEED)
    refused = 0
    for number in range(400):
        torch.manual_seed(number)
        thing = Maker(rng, number % 4 != 0).thing()
        torch.save(thing, path("a.pt"))
        [(status, message)] = judge([path("a.pt").read_bytes()])
        if status == "CKPT_E_UNSUPPORTED" and "cannot be both" in message:
            assert names_clash(thing), message
            refused += 1
            continue
        tap.equal(status, "CKPT_OK", message)
        torch.save(thing, path("a.pt"))
        original = torch.load(path("a.pt"), weights_only=True)
        convert(path("a.pt"), path("b.pt"))
        Same().check(original, load(path("b.pt")), f"object {number}")
        convert(path("a.pt"), path("c.ckpt"), "ckpt")
        convert(path("c.ckpt"), path("d.pt"))
        tap.equal(path("d.pt").read_bytes(), path("b.pt").read_bytes(), f"object {number} by way of .ckpt")
    assert refused < 40, refused


def test_training_checkpoints():
    net = torch.nn.Sequential(OrderedDict(
        conv=torch.nn.Conv1d(2, 3, 3), act=torch.nn.ReLU(), norm=torch.nn.BatchNorm1d(3),
        out=torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9, 3))))
    for make in (lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), torch.optim.Adam,
                 lambda p: torch.optim.Adam([{"params": p[:2]}, {"params": p[2:], "lr": 0.5}])):
        optimizer = make(list(net.parameters()))
        net(torch.randn(4, 2, 5)).pow(2).sum().backward()
        optimizer.step()
        thing = {"epoch": 3, "model_state_dict": net.state_dict(), "loss": 0.25,
                 "optimizer_state_dict": optimizer.state_dict(), "args": {"lr": 1e-3, "sizes": (1, 2)},
                 "best": net.conv.weight, "rng": torch.get_rng_state()}
        for legacy in (False, True):
            original = check_round_trip(thing, _use_new_zipfile_serialization=not legacy)
        back = torch.load(path("b.pt"), weights_only=True)
        net.load_state_dict(back["model_state_dict"])
        optimizer.load_state_dict(back["optimizer_state_dict"])


def test_objects_of_every_kind_at_the_root():
    view = torch.arange(6.).reshape(2, 3).t()
    for thing in (None, True, 5, 2**80, 2.5, "text", b"bytes", (), [], {}, set(), (1, [2, {"a": 3}]),
                  view, torch.nn.Parameter(view), [view, view], (view, view[0]), {"a": (view, {"b": [view]})},
                  torch.Size([2]), torch.float16, torch.device("cpu"), Counter("aab"),
                  OrderedDict(b=1, a=2), {1: view, 2: [view]}, {None: view, "a.b": 1},
                  torch.nn.ReLU().state_dict(), torch.nn.Sequential(torch.nn.ReLU()).state_dict(),
                  view.untyped_storage(), {"s": view.untyped_storage(), "n": None}):
        check_round_trip(thing)
    check_round_trip({"s": view.storage(), "t": view})


def test_order_is_kept():
    net = torch.nn.Linear(2, 2)
    state = net.state_dict()
    thing = OrderedDict()
    for key in ("b.weight", "a", "b.bias", "c.x", "b.z"):
        thing[key] = 5 if key == "a" else torch.zeros(1)
    check_round_trip(thing)
    state["extra.key"] = torch.ones(1)
    state.move_to_end("bias", last=False)
    check_round_trip(state)


def test_one_storage_with_several_dtypes():
    """PyTorch cannot write that; it can read it."""
    data = bytes(range(16))
    typed = storage(kind="UntypedStorage", module="torch.storage", numel=16)
    body = pickled(b"}(" + b"".join(
        text(kind) + tensor(typed, size=(16 // size,), function="_rebuild_tensor_v3",
                            extra=name("torch", kind))
        for kind, size in (("float32", 4), ("int64", 8), ("uint8", 1), ("uint16", 2))) + b"u")
    path("a.pt").write_bytes(archive(body, {"0": data}))
    original = torch.load(path("a.pt"), weights_only=True)
    convert(path("a.pt"), path("b.pt"))
    Same().check(original, load(path("b.pt")))


def test_opaque_and_packed_dtypes():
    data = torch.arange(24, dtype=torch.uint8).reshape(4, 6)
    check_round_trip({kind: data.clone().view(getattr(torch, kind))
                      for kind in [*OPAQUE, "float4_e2m1fn_x2"]})
    packed = data.view(torch.float4_e2m1fn_x2)
    check_round_trip({"a": packed, "b": packed[1], "c": packed.t(), "d": packed[:, 1:3]})


def test_big_and_many():
    state = OrderedDict((f"layer{i}.weight", torch.full((3,), float(i))) for i in range(2500))
    thing = {"state": state, "list": list(range(2500)), "map": {i: i for i in range(2500)},
             "tuple": tuple(range(2500)), "tensors": [torch.tensor(i) for i in range(1200)]}
    check_round_trip(thing)


def test_what_reading_cannot_keep_is_told():
    marked = torch.zeros(2)
    marked.note = "mine"
    state = OrderedDict(a=torch.zeros(1))
    state.note = 5
    shared = [1, 2]
    torch.save({"t": marked, "s": state, "x": shared, "y": {"z": shared}, "w": shared}, path("a.pt"))
    with zipfile.ZipFile(path("a.pt"), "a") as file:
        file.writestr("a/extra/notes.txt", b"hello")
    told = convert(path("a.pt"), path("b.pt"))
    tap.equal(sorted(loss[:2] for loss in told),
              [("metadata", "/s"), ("metadata", "/t"), ("metadata", "/y/z"), ("metadata", "a/extra/notes.txt")])
    back = load(path("b.pt"))
    tap.equal((back["x"], back["y"], back["w"], back["s"]["a"].item()), ([1, 2], {"z": [1, 2]}, [1, 2], 0))


def test_long_and_deep_names():
    for key, status in ((".".join("a" * 128), "CKPT_OK"), (".".join("a" * 129), "CKPT_E_LIMIT"),
                        ("a" * 65535, "CKPT_OK"), ("a" * 65536, "CKPT_E_LIMIT"),
                        ("a" * 65000 + "." + "b" * 1000, "CKPT_E_LIMIT")):
        torch.save({key: torch.zeros(1)}, path("a.pt"))
        [(got, message)] = judge([path("a.pt").read_bytes()])
        tap.equal(got, status, message)
        if got == "CKPT_OK":
            check_round_trip({key: torch.zeros(1)})
    long = "k" * 50000
    check_round_trip({long: 1, "x": [{long: 2}], "t": (torch.zeros(1), {long: torch.zeros(1)})})


# ---- nets of other origin ----

NET = """
ckpt-manifest: 1
metadata: {origin: test}
root:
  module: Net
  attributes: {size: 4}
  members:
    first: &one
      module: Linear
      members:
        weight: {parameter: f32, shape: [4, 4], init: {constant: {value: 0.5}}}
        bias: {parameter: f32, shape: [4], requires_grad: false, init: zeros}
    act: {module: ReLU}
    second: *one
    norm:
      module: BatchNorm1d
      members:
        weight: {parameter: f32, shape: [4], init: ones}
        bias: {parameter: f32, shape: [4], init: zeros}
        running_mean: {buffer: f32, shape: [4], init: zeros}
        running_var: {buffer: f32, shape: [4], init: ones}
        num_batches_tracked: {buffer: i64, shape: [], init: zeros}
"""


def test_nets_become_state_dicts():
    path("net.yaml").write_text(NET)
    run("pack", path("net.yaml"), path("net.ckpt"))
    told = convert(path("net.ckpt"), path("net.pt"))
    state = load(path("net.pt"))
    tap.equal(type(state), OrderedDict)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(4, 4)
            self.act = torch.nn.ReLU()
            self.second = self.first
            self.norm = torch.nn.BatchNorm1d(4)

    net = Net()
    net.load_state_dict(state, strict=True)
    tap.equal(state._metadata, net.state_dict()._metadata)
    tap.equal(list(state), list(net.state_dict()))
    tap.equal(state["first.weight"].data_ptr(), state["second.weight"].data_ptr())
    tap.equal(sorted((kind, where) for kind, where, _ in told),
              [("flag", "first.bias"), ("flag", "norm.running_mean"), ("flag", "norm.running_var"),
               ("flag", "second.bias"), ("metadata", "origin"), ("module", ""), ("module", "act"),
               ("module", "first"), ("module", "norm")])


def test_dtypes_that_pytorch_has_not():
    header, data = {}, b""
    for key, dtype, shape, size in (("six", "F6_E2M3", [2, 4], 6), ("odd", "F6_E2M3", [2, 6], 9),
                                    ("four", "F4", [3, 4], 6), ("oddfour", "F4", [2, 3], 3)):
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
        data += bytes(range(len(data), len(data) + size))
    packed = json.dumps(header).encode()
    path("net.safetensors").write_bytes(struct.pack("<Q", len(packed)) + packed + data)
    told = convert(path("net.safetensors"), path("net.pt"))
    state = load(path("net.pt"))
    tap.equal({key: (str(value.dtype), tuple(value.shape)) for key, value in state.items()},
              {"six": ("torch.uint8", (2, 3)), "odd": ("torch.uint8", (9,)),
               "four": ("torch.float4_e2m1fn_x2", (3, 2)), "oddfour": ("torch.uint8", (3,))})
    tap.equal(b"".join(bytes(value.untyped_storage().tolist()) for value in state.values()), data)
    tap.equal(sorted(where for kind, where, _ in told if kind == "dtype"), ["odd", "oddfour", "six"])


tap.main(globals())
