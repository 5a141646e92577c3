"""What PyTorch's safe reader refuses is refused, and what else is.

    test_torch_refused.py MODEL_PROBE
"""

import os
import random
import struct
import warnings
import zipfile

from torchfiles import *

warnings.simplefilter("ignore")
SEED = 20260712
print(f"# seed {SEED}")

MARKER = pathlib.Path(DIRECTORY.name, "executed")


class Evil:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def weapons():
    """(content, what the message names)"""
    touch = f"touch {MARKER}"
    code = f"open({str(MARKER)!r}, 'w')"
    for function, arguments, named in (
            (os.system, (touch,), "posix.system"), (eval, (code,), "__builtin__.eval"),
            (exec, (code,), "__builtin__.exec"), (subprocess.call, (touch,), "commands.call"),
            (getattr, (os, "system"), "__builtin__.getattr"), (open, (str(MARKER), "w"), "io.open"),
            (__import__, ("os",), "__builtin__.__import__"), (torch.load, ("x",), "torch.serialization.load"),
            (torch.hub.load, ("a", "b"), "torch.hub.load")):
        if named != "__builtin__.getattr":
            for thing in (Evil(function, *arguments), {"a": [torch.zeros(1), Evil(function, *arguments)]}):
                yield archive(pickle_of(thing), {str(i): b"\0" * 4 for i in range(1)}), named
        yield legacy(pickle_of_text(named)), named
    yield archive(pickled(name("os", "system") + text(touch) + b"\x85R")), "os.system"
    nested = pickled(name("__builtin__", "getattr") + name("__builtin__", "__import__") + text("os") +
                     b"\x85R" + text("system") + b"\x86R" + text(touch) + b"\x85R")
    yield archive(nested), "__builtin__.getattr"
    # A pickle of protocol 4 names things through the stack.
    yield archive(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."), "protocol 4"
    yield archive(b"\x80\x02\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."), "opcode 0x8c"
    yield archive(b"\x80\x02(S'id'\nios\nsystem\n."), "opcode 0x53"


def pickle_of(thing):
    if isinstance(thing, dict):
        # The tensor by hand; the rest by Python.
        rest = pickle.dumps(thing["a"][1], 2)[2:-1]
        return pickled(b"}" + text("a") + b"]" + tensor(storage(numel=1), size=(1,)) + b"a" + rest + b"as")
    return pickle.dumps(thing, 2)


def pickle_of_text(named):
    module, _, attribute = named.rpartition(".")
    return pickled(name(module, attribute) + text("x") + b"\x85R")


def legacy(body):
    return (pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2) +
            body + pickle.dumps([], 2))


def test_weapons_are_refused_by_name():
    files = list(weapons())
    for (content, named), (status, message) in zip(files, judge([c for c, _ in files])):
        tap.equal(status, "CKPT_E_UNSUPPORTED", message)
        assert named in message, (named, message)
        assert not torch_takes(content), named
    assert not MARKER.exists()


def malformed():
    """(what, content): PyTorch refuses each of them, and so do we."""
    def with_tensor(**changes):
        return archive(one(tensor(**changes)), FOUR_FLOATS)

    yield "out of bounds", with_tensor(size=(5,))
    yield "out of bounds by offset", with_tensor(offset=1)
    yield "out of bounds by strides", with_tensor(size=(2,), stride=(4,))
    yield "negative extent", with_tensor(size=(-1,))
    yield "negative offset", with_tensor(offset=-1)
    yield "negative stride", with_tensor(size=(2,), stride=(-1,))
    yield "too many strides", with_tensor(stride=(1, 1))
    yield "huge", with_tensor(size=(2**40, 2**40))
    yield "wraps around", with_tensor(size=(4194305, 4194305, 211106198978564), stride=(0, 0, 0))
    yield "no storage", archive(one(tensor(stored=integer(1))), FOUR_FLOATS)
    yield "missing record", archive(one(tensor()), {"1": b"\0" * 16})
    yield "short record", archive(one(tensor()), {"0": b"\0" * 15})
    yield "empty record", archive(one(tensor()), {"0": b""})
    yield "no version", archive(one(tensor()), FOUR_FLOATS, version=None)
    yield "version 0", archive(one(tensor()), FOUR_FLOATS, version=b"0\n")
    yield "version 11", archive(one(tensor()), FOUR_FLOATS, version=b"11\n")
    yield "version x", archive(one(tensor()), FOUR_FLOATS, version=b"x")
    yield "byte order", archive(one(tensor()), FOUR_FLOATS, byteorder=b"middle")
    yield "no pickle", archive(b"", FOUR_FLOATS, first="data.txt")
    yield "empty pickle", archive(b"", FOUR_FLOATS)
    yield "set item of a list", archive(pickled(b"]" + text("a") + b"Ns"))
    yield "set item of a tensor", archive(pickled(tensor() + integer(0) + integer(1) + b"s"), FOUR_FLOATS)
    yield "append to a dict", archive(pickled(b"}Na"))
    yield "append to a set", archive(pickled(b"\x8fNa"))
    yield "state of a dict", archive(pickled(b"}}b"))
    yield "OrderedDict's state is no dict", archive(pickled(HOOKS + b"K\x01b"))
    yield "call of an int", archive(pickled(b"K\x01)R"))
    yield "call of a dtype", archive(pickled(name("torch", "float32") + b")R"))
    yield "new object of a dict", archive(pickled(b"})\x81"))
    yield "an unhashable key", archive(pickled(b"}]Ns"))
    yield "persistent id", archive(pickled(text("x") + b"Q"))
    yield "persistent id of a module", archive(one(storage(head="module")), FOUR_FLOATS)
    yield "unknown storage class", archive(one(tensor(storage(kind="FooStorage"))), FOUR_FLOATS)
    yield "memo", archive(pickled(b"h\x05"))
    yield "stack", archive(pickled(b""))
    yield "no stop", archive(b"\x80\x02N")
    yield "no TorchScript", archive(pickled(b"N"), first="constants.pkl")
    yield "frame", archive(b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.")
    yield "POP", archive(pickled(b"NN0"))
    yield "DUP", archive(pickled(b"N2\x86"))
    yield "EXT1", archive(pickled(b"\x82\x01"))
    yield "OBJ", archive(pickled(b"(" + name("os", "system") + b"o"))
    yield "PERSID", archive(pickled(b"Pstorage\n"))
    yield "LONG4", archive(pickled(b"\x8b\x01\0\0\0\x01"))
    yield "not a zip", b"PK\3\4" + b"\0" * 100
    yield "tar", b"storages".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 1000
    yield "preview", b"PYTORCH1" + b"\0" * 100
    yield "numpy scalar", archive(pickled(name("numpy._core.multiarray", "scalar") + b")R"))
    yield "defaultdict", archive(pickled(name("collections", "defaultdict") + b")R"))
    yield "a module", archive(pickled(name("torch.nn.modules.linear", "Linear") + b")\x81}b"))
    yield "old version", legacy(pickled(b"N")).replace(pickle.dumps(1001, 2), pickle.dumps(1000, 2))


def test_what_pytorch_refuses_is_refused():
    files = list(malformed())
    for (what, content), (status, message) in zip(files, judge([c for _, c in files])):
        assert not torch_takes(content), f"PyTorch takes: {what}"
        assert status != "CKPT_OK", f"taken: {what}"
        assert message.strip(), what


def stricter():
    """(what, content, status): PyTorch takes these."""
    yield "two dtypes for one storage", archive(
        pickled(b"}" + text("a") + tensor() + b"s" + text("b") + tensor(storage(kind="IntStorage")) + b"s"),
        FOUR_FLOATS), "CKPT_E_MISMATCH"
    yield "two sizes for one storage", archive(
        pickled(b"}" + text("a") + tensor() + b"s" + text("b") +
                tensor(storage(numel=3), size=(3,)) + b"s"), FOUR_FLOATS), "CKPT_E_MISMATCH"
    yield "a key twice", archive(pickled(b"}(" + text("a") + b"N" + text("a") + b"Nu")), "CKPT_E_STRUCTURE"
    yield "True and 1", archive(pickled(b"}(\x88NK\x01Nu")), "CKPT_E_STRUCTURE"
    yield "a tuple as key", archive(pickled(b"})Ns")), "CKPT_E_UNSUPPORTED"
    yield "bytes behind the pickle", archive(pickled(b"N") + b"x"), "CKPT_E_STRUCTURE"
    yield "two values", archive(pickled(b"NN")), "CKPT_E_STRUCTURE"
    yield "protocol in the middle", archive(pickled(b"N\x80\x02")), "CKPT_E_STRUCTURE"
    yield "a gap in the memo", archive(pickled(b"Nr\xff\xff\xff\x00")), "CKPT_E_LIMIT"
    yield "a list in itself", archive(pickled(b"]q\x00h\x00a")), "CKPT_E_UNSUPPORTED"
    yield "deep", archive(pickled(b"]" * 70 + b"a" * 69)), "CKPT_E_LIMIT"
    yield "conjugated", archive(
        one(tensor(storage(kind="ComplexFloatStorage", numel=2), size=(2,),
                   extra=b"}" + text("conj") + b"\x88s")), FOUR_FLOATS), "CKPT_E_UNSUPPORTED"
    yield "state of a storage", archive(pickled(storage() + b"}b"), FOUR_FLOATS), "CKPT_E_UNSUPPORTED"
    yield "a class as value", archive(one(name("torch", "FloatStorage"))), "CKPT_E_UNSUPPORTED"
    yield "both a tensor and a module", archive(
        pickled(b"}(" + text("a") + tensor() + text("a.b") + tensor() + b"u"), FOUR_FLOATS), "CKPT_E_UNSUPPORTED"
    yield "quantised", quantised(), "CKPT_E_UNSUPPORTED"
    yield "sparse", saved(torch.eye(3).to_sparse()), "CKPT_E_UNSUPPORTED"
    yield "meta", saved(torch.empty(3, device="meta")), "CKPT_E_UNSUPPORTED"


def saved(thing):
    out = io.BytesIO()
    torch.save({"a": thing}, out)
    return out.getvalue()


def quantised():
    return saved(torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8))


def test_where_we_are_stricter():
    files = list(stricter())
    for (what, content, wanted), (status, message) in zip(files, judge([c for _, c, _ in files])):
        assert torch_takes(content), f"PyTorch refuses: {what}"
        tap.equal(status, wanted, f"{what}: {message}")


def test_records_that_disagree():
    """Each of numel, dtype, byte order and records alone."""
    good = one(tensor())
    cases = [(archive(one(tensor(storage(numel=3), size=(3,))), FOUR_FLOATS), "CKPT_E_MISMATCH"),
             (archive(one(tensor(storage(numel=5))), FOUR_FLOATS), "CKPT_E_MISMATCH"),
             (archive(one(tensor(storage(kind="DoubleStorage"))), FOUR_FLOATS), "CKPT_E_MISMATCH"),
             (archive(one(tensor(storage(kind="HalfStorage"))), FOUR_FLOATS), "CKPT_E_MISMATCH"),
             (archive(good, {"0": b"\0" * 20}), "CKPT_E_MISMATCH"),
             (archive(good, {}), "CKPT_E_MISMATCH"),
             (archive(good, FOUR_FLOATS), "CKPT_OK"),
             # A storage may end in a part of an element.
             (archive(good, {"0": b"\0" * 19}), "CKPT_OK"),
             (archive(good, FOUR_FLOATS, byteorder=None), "CKPT_OK"),
             (archive(good, FOUR_FLOATS, byteorder=b"big"), "CKPT_OK")]
    for (content, wanted), (status, message) in zip(cases, judge([c for c, _ in cases])):
        tap.equal(status, wanted, message)


def test_old_files_that_disagree():
    magic = legacy(b"").removesuffix(pickle.dumps([], 2))
    stored = storage().replace(b"tQ", b"NtQ")
    good = magic + one(tensor(stored)) + pickle.dumps(["0"], 2) + struct.pack("<q", 4) + b"\0" * 16
    cases = [(good, "CKPT_OK"), (good[:-1], "CKPT_E_TRUNCATED"), (good + b"\0", "CKPT_E_STRUCTURE"),
             (good[:-17], "CKPT_E_TRUNCATED"),
             (good.replace(struct.pack("<q", 4), struct.pack("<q", 3)), "CKPT_E_MISMATCH"),
             (good.replace(struct.pack("<q", 4), struct.pack("<q", -1)), "CKPT_E_MISMATCH"),
             (good.replace(pickle.dumps(["0"], 2), pickle.dumps(["1"], 2)), "CKPT_E_MISMATCH"),
             (good.replace(pickle.dumps(["0"], 2), pickle.dumps([], 2)), "CKPT_E_MISMATCH"),
             (good.replace(pickle.dumps(["0"], 2), pickle.dumps(["0", "0"], 2)), "CKPT_E_MISMATCH"),
             (good.replace(pickle.dumps(["0"], 2), pickle.dumps({"0": 1}, 2)), "CKPT_E_STRUCTURE"),
             (good.replace(pickle.dumps({}, 2), pickle.dumps(1, 2)), "CKPT_E_STRUCTURE")]
    cases += [(good[:size], None) for size in range(15, len(good), 7)]
    for (content, wanted), (status, message) in zip(cases, judge([c for c, _ in cases])):
        if wanted is None:
            assert status != "CKPT_OK", len(content)
        else:
            tap.equal(status, wanted, message)


def mutated(rng, content):
    out = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(out))
        kind = rng.randrange(4)
        if kind == 0:
            out[place] = rng.randrange(256)
        elif kind == 1:
            out[place] = rng.choice(b"NK()]}atuseRbQq.\x80\x85\x86\x87\x88\x89\x81\x8a\x8fXUGJM")
        elif kind == 2:
            out.insert(place, rng.choice(b"NK()]}atuseRbQq.\x85\x86"))
        elif len(out) > 1:
            del out[place]
    return bytes(out)


def test_mutated_pickles():
    """Never a crash; and what is taken, PyTorch takes too."""
    rng = random.Random(SEED)
    bodies = [one(tensor()), pickled(HOOKS + b"(" + text("a.b") + tensor() + text("c") + b"]q\x05Nau" +
                                     b"}" + text("_metadata") + HOOKS + b"(" + text("") + b"}" +
                                     text("version") + b"K\x01s" + text("a") + b"}usb"),
              pickle.dumps({"a": [1, (2.5, None), {3, 4}, b"x", 1j], 5: {"x": True}}, 2)]
    files = [archive(mutated(rng, rng.choice(bodies)), FOUR_FLOATS) for _ in range(1500)]
    files += [legacy(mutated(rng, bodies[2])) for _ in range(300)]
    taken = 0
    for content, (status, message) in zip(files, judge(files)):
        if status == "CKPT_OK":
            taken += 1
            assert torch_takes(content, map_location="cpu"), content
    assert taken > 20, taken


def test_mutated_files():
    rng = random.Random(SEED + 1)
    torch.save({"a": torch.arange(4.), "b": [1, 2]}, path())
    whole = path().read_bytes()
    files = [mutated(rng, whole) for _ in range(500)]
    files += [whole[:size] for size in range(0, len(whole), 37)]
    judge(files)


tap.main(globals())
