"""ckpt-edit, ckpt-compact, and the views of generations."""

import json

from clitools import fine, human, npy, pack, refused, run, same_text, work
import tap

NET = """\
ckpt-manifest: 1
metadata: {title: digits}
root:
  module: Net
  members:
    "0": &s
      module: Linear
      attributes: {bias: true}
      members:
        weight: {parameter: f32, shape: [3000], init: ones}
        bias: {parameter: f32, shape: [3], init: ones}
    "1": *s
    head: {parameter: f32, shape: [20000], init: ones}
"""
W = npy("w.npy", "<f4", [4], "f", [1, 2, 3, 4])


def net():
    return pack("net", NET)


def digest(*arguments):
    return fine("ckpt-inspect", "--digest", *arguments)


def names(name):
    return [tensor["name"] for tensor in json.loads(fine("ckpt-inspect", "--json", name))["tensors"]]


def size_of(name):
    return (work / name).stat().st_size


def edit(name, *commands):
    return fine("ckpt-edit", name, *commands)


def test_summary():
    name = net()
    before = size_of(name)
    shown = edit(name, "set", "epoch=12")
    tap.equal(shown, f"net.ckpt: generation 2, {human(size_of(name) - before)} appended\n")
    tap.equal(edit(name, "-q", "set", "epoch=13"), "")


def test_values_are_those_of_a_manifest():
    name = net()
    edit(name, "set", "n=null", "set", "yes=true", "set", "i=-3", "set", "f=0.5", "set", "t=a b",
         "set", 'q="1e3"', "set", "l=[1, {a: x}]", "set", 'b={$bytes: "3q2+7w=="}', "unset", "title")
    same_text(fine("ckpt-inspect", "-m", name), """\
n: null
yes: bool true
i: int -3
f: float 0.5
t: string "a b"
q: string "1e3"
l: list of 2
  0: int 1
  1: map of 1
    a: string "x"
b: bytes of 4: de ad be ef
""")


def test_values_that_are_none():
    name = net()
    before = (work / name).read_bytes()
    for value in ("yes", "1e3", "0x10", "", "[1", "a: b", "&x 1", "*x", "!!str 1"):
        message = refused("ckpt-edit", name, "set", f"k={value}")
        tap.equal(message.startswith(f"'{value}' is no value: "), True, message)
    tap.equal(refused("ckpt-edit", name, "set", "k=1\nroot: 2"),
              "'1\\nroot: 2' is no value: it has more than one line")
    tap.equal((work / name).read_bytes(), before)


def test_attributes_and_types():
    name = net()
    edit(name, "attr", "0", "bias=false", "attr", "0", "n=2", "type", "", "Other", "attr", "", "a=1")
    edit(name, "unattr", "0", "n")
    modules = fine("ckpt-inspect", "--manifest", name)
    tap.equal("attributes: {bias: false}" in modules and "module: Other" in modules, True, modules)
    tap.equal("attributes: {a: 1}" in modules, True, modules)


def test_names():
    name = net()
    edit(name, "rename", "0.weight", "0.w", "drop", "head", "add", "block", "--module", "Sequential",
         "rename", "0.bias", "block.bias", "add", "block.x", "--from", W)
    tap.equal(names(name), ["0.w", "block.bias", "block.x"])
    tap.equal(fine("ckpt-inspect", "--values", "block.x", name).split("\n")[-2].strip(),
              "[1.0, 2.0, 3.0, 4.0]")
    other = pack("other", NET)
    edit(name, "add", "y", "--from", other, "--tensor", "0.bias", "--buffer")
    tap.equal("y" in names(name), True)
    tap.equal(refused("ckpt-edit", name, "add", "z", "--from", other),
              "other.ckpt: --tensor must say which tensor of the file")


def test_what_is_not_there():
    name = net()
    before = (work / name).read_bytes()
    for arguments, message in (
            (["drop", "nothing"], "drop 'nothing': "),
            (["drop", "no.such"], "'no.such': there is no module of that name"),
            (["rename", "head", "0.weight"], "rename 'head': "),
            (["unset", "nothing"], "unset 'nothing': "),
            (["set", "epoch=1", "drop", "nothing"], "drop 'nothing': "),
            (["rename", "0", "0.inside"], "rename '0': "),
            (["add", "x", "--from", "missing.npy"], "missing.npy: ")):
        got = refused("ckpt-edit", name, *arguments)
        tap.equal(got.startswith(message), True, got)
    tap.equal((work / name).read_bytes(), before)
    tap.equal(refused("ckpt-edit", W, "set", "a=1"),
              "w.npy: not a file of the format asked for, ckpt")


def test_generations():
    name = net()
    first, size = digest(name), size_of(name)
    edit(name, "drop", "head", "set", "epoch=1")
    lines = fine("ckpt-inspect", "--generations", name).split("\n")
    tap.equal(lines[0].split(), ["generation", "file", "size", "index", "offset", "index"])
    tap.equal(lines[1].split()[:2], ["1", f"{size:,}"])
    tap.equal((lines[2].split()[:2], lines[2].split()[-1]), (["2", f"{size_of(name):,}"], "shown"))
    tap.equal(lines[3].endswith(" in older generations only"), True, lines[3])
    tap.equal(digest("--generation", "1", name), first)
    tap.equal(fine("ckpt-verify", "--generation", "1", name).startswith("net.ckpt: ok: "), True)
    tap.equal(refused("ckpt-inspect", "--generation", "3", name),
              "net.ckpt: there is no generation 3")
    tap.equal(refused("ckpt-inspect", "-g", W), "npy files have no generations")


def test_json_tells_the_generation_and_shows_older_ones():
    name = net()
    edit(name, "drop", "head", "set", "epoch=1")
    edit(name, "set", "epoch=2")
    wanted = {None: (3, 2), "3": (3, 2), "2": (2, 1), "1": (1, None)}
    for number, (generation, epoch) in wanted.items():
        options = ("--generation", number) if number else ()
        whole = json.loads(fine("ckpt-inspect", "--json", *options, name))
        tap.equal((whole["file"]["generation"], whole["metadata"].get("epoch")), (generation, epoch))
        names = [tensor["name"] for tensor in whole["tensors"]]
        tap.equal("head" in names, generation == 1, names)
    tap.equal(refused("ckpt-inspect", "--json", "--generations", name, status=2).split(";")[0],
              "--json and --manifest go with no other view")


def test_compact():
    name = net()
    fresh = size_of(name)
    edit(name, "set", "epoch=1", "drop", "head")
    edit(name, "set", "epoch=2")
    wanted, size = digest(name), size_of(name)
    shown = fine("ckpt-compact", name, "-o", "small.ckpt")
    tap.equal(shown, f"small.ckpt: 3 generations of {human(size)} became one of "
                     f"{human(size_of('small.ckpt'))}\n")
    tap.equal(size_of(name), size)
    tap.equal(fine("ckpt-compact", "-q", name), "")
    tap.equal((work / name).read_bytes(), (work / "small.ckpt").read_bytes())
    tap.equal((digest(name), size_of(name) < fresh - 80000), (wanted, True))


def test_an_interrupted_edit_is_told_and_mended():
    name = net()
    wanted, content = digest(name), bytearray((work / name).read_bytes())
    content[4096:4104] = bytes(range(8))
    (work / "torn.ckpt").write_bytes(content + b"left over" * 100)
    result = run("ckpt-inspect", "--digest", "torn.ckpt")
    tap.equal((result.status, result.out), (0, wanted))
    tap.equal("a newer generation may be lost" in result.err, True, result.err)
    result = run("ckpt-edit", "torn.ckpt", "set", "a=1")
    tap.equal(result.status, 0, result.err)
    tap.equal(fine("ckpt-verify", "-q", "torn.ckpt"), "")


def test_wrong_usage():
    name = net()
    for arguments, message in (
            ([], "no file is given"),
            ([name], "no command is given"),
            ([name, "destroy"], "'destroy' is no command"),
            ([name, "set"], "'set' needs 1 word"),
            ([name, "attr", "0"], "'attr' needs 2 words"),
            ([name, "set", "epoch"], "'epoch' is not KEY=VALUE"),
            ([name, "add", "x"], "'add x' needs --from FILE or --module TYPE"),
            ([name, "set", "a=1", "--buffer"],
             "--from, --tensor, --buffer and --module belong behind 'add NAME'"),
            ([name, "set", "a=1", "--chunk-size", "5"],
             "--chunk-size takes a power of two from 4096 to 2^30, not '5'")):
        got = refused("ckpt-edit", *arguments, status=2)
        tap.equal(got, f"{message}; try 'ckpt-edit --help'")
    tap.equal(refused("ckpt-compact", status=2), "no file is given; try 'ckpt-compact --help'")


tap.main(globals())
