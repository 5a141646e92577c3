"""Checkpoints in several files: ckpt-pack --shard-size and --base, and what the other tools say."""

import json
import os
import shutil
import sys

from clitools import ROOT, fine, human, pack, refused, run, work
import tap

sys.path[:0] = [str(ROOT / "spec"), str(ROOT / "spec" / "vectors")]
import decoder  # noqa: E402
from image import Image, Module, Storage, Tensor  # noqa: E402

NET = """\
ckpt-manifest: 1
seed: 3
root:
  module: Net
  members:
    a: {parameter: f32, shape: [3000], init: {normal: {std: 0.5}}}
    b: {parameter: f32, shape: [3000], init: {normal: {std: 0.5}}}
    c: {parameter: f32, shape: [3000], init: ones}
"""


def parts_of(name):
    return json.loads(fine("ckpt-inspect", "--json", name))["file"]["parts"]


def clean():
    for path in work.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def sharded():
    """net.ckpt in three shards; their names, those of a, b, c."""
    clean()
    pack("net", NET, "--shard-size", "12K")
    storages = json.loads(fine("ckpt-inspect", "--json", "net.ckpt"))["storages"]
    return [storage["part"] for storage in storages]


def digest(name):
    return fine("ckpt-inspect", "--digest", name)


def test_shards():
    names = sharded()
    tap.equal(sorted(os.listdir(work)), sorted([*names, "net.ckpt", "net.yaml"]))
    total = sum((work / name).stat().st_size for name in os.listdir(work) if name != "net.yaml")
    tap.equal(fine("ckpt-verify", "net.ckpt"),
              f"net.ckpt: ok: 3 chunks, {human(total)} checked\n")
    pack("whole", NET)
    tap.equal(digest("net.ckpt"), digest("whole.ckpt"))
    fine("ckpt-compact", "-q", "net.ckpt", "-o", "compact.ckpt")
    tap.equal((work / "compact.ckpt").read_bytes(), (work / "whole.ckpt").read_bytes())


def test_decoder_reads_what_the_library_writes():
    sharded()
    file = decoder.decode((work / "net.ckpt").read_bytes(), True, directory=work)
    tap.equal(decoder.digest(file) + "\n", digest("net.ckpt"))
    pack("next", NET.replace("ones", "zeros"), "--base", work / "net.ckpt")
    file = decoder.decode((work / "next.ckpt").read_bytes(), True, directory=work)
    tap.equal(decoder.digest(file) + "\n", digest("next.ckpt"))
    fine("ckpt-edit", "-q", "next.ckpt", "drop", "b")
    data = (work / "next.ckpt").read_bytes()
    for generation in (1, 2):
        file = decoder.decode(data, True, generation, directory=work)
        tap.equal(decoder.digest(file) + "\n",
                  fine("ckpt-inspect", "--digest", f"--generation={generation}", "next.ckpt"))


def test_inspect_shows_parts():
    names = sharded()
    shown = fine("ckpt-inspect", "net.ckpt")
    tap.equal(shown.split("\n")[0].endswith(", with 3 parts of 35.2 KiB"), True, shown)
    table = fine("ckpt-inspect", "--storages", "net.ckpt").split("\n")
    tap.equal(table[0].split()[-2:], ["part", "names"])
    tap.equal([line.split()[-2:] for line in table[1:4]],
              [[name, member] for name, member in zip(names, "abc")])
    tap.equal([(part["name"], part["size"], part["problem"]) for part in parts_of("net.ckpt")],
              [(name, 12000, "") for name in sorted(names)])


def test_suffixes():
    for text, shards in (("12000", 3), ("24100", 2), ("1M", 0), ("1G", 0), ("2T", 0), ("35K", 2), ("25KB", 2), ("12KiB", 3)):
        clean()
        pack("net", NET, f"--shard-size={text}")
        tap.equal(len([name for name in os.listdir(work) if name.endswith(".part")]), shards, text)
    for text in ("0", "K", "-1", "1.5G", "1k", "1KX", "99999999999T", ""):
        message = refused("ckpt-pack", "net.yaml", "-o", "x.ckpt", f"--shard-size={text}", status=2)
        tap.equal(message.startswith("--shard-size takes"), True, message)


def test_base():
    clean()
    pack("old", NET)
    pack("new", NET.replace("ones", "zeros"), "--base", work / "old.ckpt")
    tap.equal([part["name"] for part in parts_of("new.ckpt")], ["old.ckpt"])
    tap.equal((work / "new.ckpt").stat().st_size < 24000, True)
    fine("ckpt-verify", "-q", "new.ckpt")
    tap.equal(fine("ckpt-inspect", "--values", "a", "new.ckpt"),
              fine("ckpt-inspect", "--values", "a", "old.ckpt"))
    message = refused("ckpt-pack", "old.yaml", "-o", "old.ckpt", "--base", "old.ckpt", status=2)
    tap.equal("base itself" in message, True, message)
    (work / "below").mkdir()
    message = refused("ckpt-pack", "old.yaml", "-o", "below/new.ckpt", "--base", "old.ckpt")
    tap.equal("directory" in message, True, message)
    message = refused("ckpt-pack", "old.yaml", "-o", "x.ckpt", "--base", "missing.ckpt")
    tap.equal(message.startswith("missing.ckpt: "), True, message)
    # An edit of the base is found out by its size.
    fine("ckpt-edit", "-q", "old.ckpt", "set", "k=1")
    result = run("ckpt-verify", "new.ckpt")
    tap.equal(result.status, 1)
    tap.equal("the part 'old.ckpt' cannot be read: " in result.out, True, result.out)


def test_edit_keeps_parts():
    names = sharded()
    before = {name: (work / name).read_bytes() for name in names}
    fine("ckpt-edit", "-q", "net.ckpt", "set", "k=1", "drop", "b")
    fine("ckpt-verify", "-q", "net.ckpt")
    tap.equal({part["name"] for part in parts_of("net.ckpt")}, {names[0], names[2]})
    tap.equal({name: (work / name).read_bytes() for name in names}, before)
    fine("ckpt-verify", "-q", "--generation=1", "net.ckpt")


def damage(name, kind):
    path, aside = work / name, work / "aside"
    if kind == "altered":
        data = bytearray(path.read_bytes())
        data[5] ^= 1
        path.write_bytes(data)
    elif kind == "longer":
        path.write_bytes(path.read_bytes() + b"\0")
    else:
        path.rename(aside)
        {"missing": lambda: None, "link": lambda: path.symlink_to("aside"),
         "link to outside": lambda: path.symlink_to("/etc/passwd"),
         "fifo": lambda: os.mkfifo(path), "directory": path.mkdir}[kind]()


def test_parts_that_are_not_as_they_should_be_are_named():
    for kind, word in (("missing", "no such file"), ("link", "a symbolic link"),
                       ("link to outside", "a symbolic link"), ("fifo", "not a regular file"),
                       ("directory", "not a regular file"), ("longer", "12001 bytes"),
                       ("altered", "SHA-256")):
        names = sharded()
        damage(names[1], kind)
        result = run("ckpt-verify", "net.ckpt")
        tap.equal((result.status, result.err.count("\n")), (1, 1), kind)
        tap.equal(names[1] in result.out and word in result.out, True, f"{kind}: {result.out}")
        tap.equal(names[1] in result.err, True, result.err)
        tap.equal(names[0] in result.out, False, result.out)
        if kind == "altered":
            tap.equal(f"net.ckpt: storage 1 chunk 0: bytes 0 to 11999 of {names[1]} in b: " in
                      result.out, True, result.out)
            continue
        shown = fine("ckpt-inspect", "net.ckpt")
        tap.equal("WARNING: " in shown and word in shown, True, shown)
        tap.equal("0.5" in fine("ckpt-inspect", "--stats", "net.ckpt", "a"), True)
        message = refused("ckpt-inspect", "--stats", "net.ckpt", "b")
        tap.equal(names[1] in message, True, message)
        problems = [part["problem"] for part in parts_of("net.ckpt")]
        tap.equal(sum(word in problem for problem in problems), 1, problems)


def test_forged_names_are_refused():
    """Whatever a file says, nothing outside of its directory is opened."""
    (work / "outside").mkdir(exist_ok=True)
    inner = work / "outside" / "in"
    inner.mkdir(exist_ok=True)
    (work / "outside" / "x").write_bytes(b"secret!!")
    for name in ("../x", "..", ".", "", "/etc/passwd", str(work / "outside" / "x"), "a/b", "a/../../x",
                 "./x", "x/", "/", "//x", "..\\x", "c:x", "\\\\host\\x", "a\nb", "x\x7f", "x" * 256,
                 "../../../../../../etc/passwd", "in/../../x", ":", "\\", "\t", "../in/x",
                 "x/../x"):
        root = Module("M", None, [("t", Tensor("u8", [8], Storage(b"secret!!", at=0, part=name),
                                               buffer=True))])
        (inner / "f.ckpt").write_bytes(Image(root, parts={name: b"secret!!"}).build())
        message = refused("ckpt-inspect", "--stats", inner / "f.ckpt")
        tap.equal("rule F2" in message, True, message)
        message = refused("ckpt-verify", inner / "f.ckpt")
        tap.equal("rule F2" in message, True, message)
    tap.equal(sorted(os.listdir(work / "outside")), ["in", "x"])
    tap.equal(os.listdir(inner), ["f.ckpt"])


tap.main(globals())
