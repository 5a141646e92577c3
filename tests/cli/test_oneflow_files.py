"""The tools on what OneFlow has saved, as a file and as a directory."""

import json
import shutil

from clitools import ROOT, fine, human, pack, refused, run, work
import tap

SEEDS = ROOT / "tests" / "fuzz" / "corpus" / "oneflow"


def directory(name):
    part = work / name / "tensor_3"
    part.mkdir(parents=True)
    shutil.copy(SEEDS / "directory.pickle", work / name / "pickled_data")
    shutil.copy(SEEDS / "meta", part / "meta")
    (part / "out").write_bytes(bytes(4) + b"\0\0\x80\x3f")
    return name


def test_a_file_is_shown_and_verified():
    shutil.copy(SEEDS / "protocol5.pickle", work / "net.of")
    size = human((SEEDS / "protocol5.pickle").stat().st_size)
    tap.equal(fine("ckpt-inspect", "net.of").split("\n")[0], f"net.of: oneflow, {size}")
    shown = json.loads(fine("ckpt-inspect", "--json", "net.of"))
    tap.equal(shown["file"]["format"], "oneflow")
    tap.equal(run("ckpt-verify", "net.of").status, 0)


def test_a_directory_is_shown_and_verified():
    name = directory("saved")
    shown = fine("ckpt-inspect", "--params", name)
    assert " f32 " in shown, shown
    for path in (name, f"{name}/", f"{name}/pickled_data"):
        first = fine("ckpt-inspect", path).split("\n")[0]
        tap.equal(first.split(",")[0], f"{path}: oneflow-dir")
        tap.equal(run("ckpt-verify", path).status, 0, path)
    tap.equal(fine("ckpt-inspect", "--digest", name), fine("ckpt-inspect", "--digest", f"{name}/pickled_data")
              .replace("/pickled_data", ""))


NET = """\
ckpt-manifest: 1
metadata: {title: net}
root:
  module: ""
  members:
    a:
      module: ""
      members:
        w: &w {parameter: f32, shape: [3], init: ones}
        steps: {buffer: i64, shape: [], init: zeros}
    tied: *w
    half: {parameter: bf16, shape: [2, 2], init: ones}
"""


def report(*arguments):
    return json.loads(fine("ckpt-convert", "--json", *arguments))


def losses_of(*arguments):
    return [(loss["kind"], loss["name"]) for loss in report(*arguments)["losses"]]


def test_a_root_that_is_a_tensor_is_called_as_the_tools_call_it():
    bare = pack("bare", "ckpt-manifest: 1\nroot:\n  module: object\n  members:\n"
                "    object: {parameter: bf16, shape: [3], init: ones}\n")
    shown = json.loads(fine("ckpt-inspect", "--json", bare))["tensors"]
    tap.equal([tensor["name"] for tensor in shown], ["object"])
    tap.equal(losses_of(bare, "bare/"), [("dtype", "object")])


def test_conversion_to_a_file_and_back():
    net = pack("net", NET)
    made = report(net, "net.oneflow")
    tap.equal((made["to"], made["tensors"], made["names"]), ("oneflow", 3, 4))
    tap.equal([(loss["kind"], loss["name"]) for loss in made["losses"]], [("metadata", "title")])
    tap.equal(run("ckpt-diff", "--values", net, "net.oneflow").status, 0)
    fine("ckpt-convert", "net.oneflow", "back.ckpt")
    tap.equal(run("ckpt-diff", "net.oneflow", "back.ckpt").status, 0)
    tap.equal(losses_of("--to", "oneflow", "back.ckpt", "again"), [])
    tap.equal(run("ckpt-diff", "net.oneflow", "again").status, 0)


def test_conversion_to_a_directory_and_back():
    net = pack("net", NET)
    made = report(net, "net/")
    tap.equal(made["to"], "oneflow-dir")
    tap.equal(sorted(path.name for path in (work / "net").iterdir()),
              ["pickled_data", "tensor_0", "tensor_1", "tensor_2"])
    # What is bfloat16 lies there as float32, which is told.
    tap.equal([(loss["kind"], loss["name"]) for loss in made["losses"]],
              [("dtype", "half"), ("metadata", "title")])
    tap.equal(run("ckpt-diff", "--values", net, "net").status, 0)
    fine("ckpt-convert", "net", "back.safetensors")
    tap.equal(run("ckpt-diff", "--values", "net", "back.safetensors").status, 0)
    fine("ckpt-convert", "--to", "oneflow-dir", "net", "copy")
    tap.equal(run("ckpt-diff", "net", "copy").status, 0)
    for file in ("tensor_0/meta", "tensor_0/out", "tensor_2/out"):
        tap.equal((work / "copy" / file).read_bytes(), (work / "net" / file).read_bytes(), file)


def test_a_directory_is_not_replaced_and_a_failure_leaves_none():
    net = pack("net", NET)
    (work / "there").mkdir()
    (work / "there" / "precious").write_bytes(b"old")
    message = refused("ckpt-convert", "--to", "oneflow-dir", net, "there")
    assert "there" in message and "not replaced" in message, message
    tap.equal([(p.name, p.read_bytes()) for p in (work / "there").iterdir()], [("precious", b"old")])
    before = sorted(path.name for path in work.iterdir())
    result = run("ckpt-convert", "--strict", net, "other/")
    tap.equal((result.status, result.err), (1, "ckpt-convert: the format would lose something: dtype: half: "
                                               "OneFlow reads no bfloat16 from a directory: written as float32\n"))
    fine("ckpt-convert", "--dtype", "f8_e4m3fn", net, "f8.ckpt")
    assert "f8_e4m3fn" in refused("ckpt-convert", "f8.ckpt", "other/")
    tap.equal(sorted(path.name for path in work.iterdir()), sorted(before + ["f8.ckpt"]))


def test_missing_parts_are_named_in_one_line():
    name = directory("cut")
    (work / name / "tensor_3" / "out").unlink()
    for tool in ("ckpt-inspect", "ckpt-verify"):
        assert "cut/tensor_3/out" in refused(tool, name, status=run(tool, name).status)
    (work / "empty").mkdir()
    assert "not a regular file" in refused("ckpt-inspect", "empty")


tap.main(globals())
