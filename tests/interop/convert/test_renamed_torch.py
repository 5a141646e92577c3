"""What ckpt-convert chooses and renames of PyTorch's objects, as PyTorch loads it: the types of
Python, the order of keys and the versions of modules follow.

    test_renamed_torch.py TOOLS
"""

import json
import pathlib
import subprocess
import sys
import tempfile
from collections import OrderedDict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

torch = tap.need("torch")

TOOLS = pathlib.Path(sys.argv[1])
DIRECTORY = tempfile.TemporaryDirectory()
SOURCE, TARGET = (pathlib.Path(DIRECTORY.name, name) for name in ("in.pt", "out.pt"))


def tool(name, *arguments):
    result = subprocess.run([TOOLS / name, *map(str, arguments)], capture_output=True, text=True)
    tap.equal((result.returncode, result.stderr), (0, ""), f"{name} {arguments}")
    return result.stdout


def converted(thing, *options):
    """What comes of it by way of the options, straight and by way of .ckpt; and the report."""
    torch.save(thing, SOURCE)
    between = TARGET.with_suffix(".ckpt")
    tool("ckpt-convert", "-q", *options, SOURCE, between)
    tool("ckpt-convert", "-q", between, TARGET)
    by_ckpt = torch.load(TARGET, weights_only=True)
    report = json.loads(tool("ckpt-convert", "--json", *options, SOURCE, TARGET))
    got = torch.load(TARGET, weights_only=True)
    same(by_ckpt, got)
    return got, report


def same(got, wanted, where=""):
    tap.equal(type(got), type(wanted), f"{where}: type")
    if isinstance(wanted, torch.Tensor):
        tap.equal((got.requires_grad, torch.equal(got, wanted)), (wanted.requires_grad, True), where)
    elif isinstance(wanted, dict):
        tap.equal(list(got), list(wanted), f"{where}: keys")
        for key in wanted:
            same(got[key], wanted[key], f"{where}/{key}")
        tap.equal(getattr(got, "_metadata", None), getattr(wanted, "_metadata", None), f"{where}: _metadata")
    elif isinstance(wanted, (list, tuple)):
        tap.equal(len(got), len(wanted), where)
        for i, (a, b) in enumerate(zip(got, wanted)):
            same(a, b, f"{where}/{i}")
    else:
        tap.equal(got, wanted, where)


def parameter(*values):
    return torch.nn.Parameter(torch.tensor(values))


def notes(file):
    metadata = json.loads(tool("ckpt-inspect", "--json", file))["metadata"]
    return {key: value for key, value in metadata.items() if key.startswith("torch.")}


def test_parameters_are_parameters_under_other_names():
    got, _ = converted({"module.a": parameter(1.0), "module.b.c": parameter(2.0), "d": torch.zeros(1)},
                       "--rename", r"s/^module\.//")
    same(got, {"a": parameter(1.0), "b.c": parameter(2.0), "d": torch.zeros(1)})
    assert "module" not in json.dumps(notes(TARGET)), notes(TARGET)


def test_what_is_left_out_is_noted_no_longer():
    thing = {"net": {"a": parameter(1.0), "b": parameter(2.0)}, "epoch": (1, 2), "zero": parameter(3.0)}
    got, _ = converted(thing, "--drop", "net.b")
    same(got, {"net": {"a": parameter(1.0)}, "epoch": (1, 2), "zero": parameter(3.0)})
    got, _ = converted(thing, "--select", "zero")
    same(got, {"epoch": (1, 2), "zero": parameter(3.0)})
    assert "net" not in json.dumps(notes(TARGET)), notes(TARGET)


def test_keys_keep_their_order():
    """Attributes and tensors mixed, at the top and below."""
    thing = {"z": torch.ones(1), "step": 7, "a": torch.zeros(1),
             "inner": {"w": torch.ones(2), "text": "t", "b": torch.ones(3)}, "last": {1, 2}}
    got, _ = converted(thing, "--rename", "s/^a$/first/", "--rename", "s/^inner/deep/")
    same(got, {"z": torch.ones(1), "step": 7, "first": torch.zeros(1),
               "deep": {"w": torch.ones(2), "text": "t", "b": torch.ones(3)}, "last": {1, 2}})


def test_versions_of_modules_follow():
    net = torch.nn.Sequential(OrderedDict(enc=torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(),
                                                                  torch.nn.BatchNorm1d(3)),
                                          head=torch.nn.Linear(3, 1)))
    state = net.state_dict()
    wanted = OrderedDict((k.replace("enc.", "encoder."), v) for k, v in state.items())
    wanted._metadata = OrderedDict((k.replace("enc", "encoder"), v) for k, v in state._metadata.items())
    got, _ = converted(state, "--rename", r"s/^enc\>/encoder/")
    same(got, wanted)
    got, _ = converted({"model": state, "epoch": 3}, "--drop", "model.head")
    less = OrderedDict((k, v) for k, v in state.items() if not k.startswith("head"))
    less._metadata = OrderedDict((k, v) for k, v in state._metadata.items() if k != "head")
    same(got, {"model": less, "epoch": 3})


def test_one_object_in_two_places():
    p = parameter(1.0, 2.0)
    got, _ = converted({"x": {"a": p}, "y": {"b": p}}, "--rename", "s/^x/first/")
    same(got, {"first": {"a": p}, "y": {"b": p}})
    assert got["first"]["a"] is got["y"]["b"], "one object"
    got, _ = converted({"x": {"a": p}, "y": {"b": p}}, "--drop", "x")
    same(got, {"y": {"b": p}})


def test_keys_that_need_escapes():
    got, _ = converted({"a/b": parameter(1.0), "c~d": parameter(2.0), "n": {"/": (1,), "t": torch.ones(1)}},
                       "--rename", "s,^a/b$,x/~y,")
    same(got, {"x/~y": parameter(1.0), "c~d": parameter(2.0), "n": {"/": (1,), "t": torch.ones(1)}})


tap.main(globals())
