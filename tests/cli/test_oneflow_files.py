"""The tools on what OneFlow has saved, as a file and as a directory."""

import json
import shutil

from clitools import ROOT, fine, human, refused, run, work
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


def test_missing_parts_are_named_in_one_line():
    name = directory("cut")
    (work / name / "tensor_3" / "out").unlink()
    for tool in ("ckpt-inspect", "ckpt-verify"):
        assert "cut/tensor_3/out" in refused(tool, name, status=run(tool, name).status)
    (work / "empty").mkdir()
    assert "not a regular file" in refused("ckpt-inspect", "empty")


tap.main(globals())
