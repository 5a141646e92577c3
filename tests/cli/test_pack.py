"""ckpt-pack."""

import os

from clitools import fine, pack, refused, work
import tap

NET = """\
ckpt-manifest: 1
root:
  module: Net
  members:
    w: &w {parameter: f32, shape: [20, 30], init: {normal: {std: 0.5}}}
    v: *w
"""


def test_summary():
    (work / "net.yaml").write_text(NET)
    tap.equal(fine("ckpt-pack", "net.yaml", "-o", "net.ckpt"),
              "net.ckpt: 600 parameters, 1 tensor under 2 names, 2.3 KiB in 1 storage\n")
    tap.equal(fine("ckpt-pack", "--quiet", "-onet.ckpt", "net.yaml"), "")


def test_same_input_same_bytes():
    first = (work / pack("net", NET)).read_bytes()
    again = (work / pack("net", NET)).read_bytes()
    other = (work / pack("net", NET, "--seed", "7")).read_bytes()
    same = (work / pack("net", NET.replace("root:", "seed: 7\nroot:", 1))).read_bytes()
    tap.equal(first == again, True)
    tap.equal(first == other, False)
    tap.equal(other == same, True)


def test_data_from_another_checkpoint():
    name = pack("source", NET)
    (work / "bare.yaml").write_text(fine("ckpt-inspect", "--manifest", name))
    fine("ckpt-pack", "bare.yaml", "--data=source.ckpt", "-o", "copy.ckpt")
    tap.equal((work / "copy.ckpt").read_bytes(), (work / name).read_bytes())


def test_over_the_very_file_that_the_data_come_from():
    name = pack("source", NET)
    before = (work / name).read_bytes()
    (work / "bare.yaml").write_text(fine("ckpt-inspect", "--manifest", name))
    fine("ckpt-pack", "bare.yaml", "--data", name, "-o", name)
    tap.equal((work / name).read_bytes(), before)


def test_over_a_file_that_the_manifest_names():
    name = pack("source", NET)
    before = (work / name).read_bytes()
    (work / "named.yaml").write_text("ckpt-manifest: 1\ndata: source.ckpt\n"
                                     "root: {module: '', members: {w: {parameter: f32, "
                                     "shape: [20, 30]}}}\n")
    os.symlink(name, work / "link.ckpt")
    for output in name, "./" + name:
        message = refused("ckpt-pack", "named.yaml", "-o", output)
        tap.equal("source.ckpt: the output would replace this file" in message, True, message)
    tap.equal((work / name).read_bytes(), before)
    fine("ckpt-pack", "named.yaml", "-o", "link.ckpt")
    tap.equal((work / name).read_bytes(), before)


def test_only_regular_files_beside_the_manifest_are_read():
    pack("source", NET)
    os.mkdir(work / "directory.ckpt")
    os.mkfifo(work / "fifo.ckpt")
    os.symlink(work / "source.ckpt", work / "elsewhere.ckpt")
    for name, why in (("elsewhere.ckpt", "a symbolic link, which is not followed"),
                      ("directory.ckpt", "not a regular file"),
                      ("fifo.ckpt", "not a regular file"),
                      ("../source.ckpt", "'../source.ckpt'")):
        for entry in (name, f"{{file: {name}, offset: 0}}"):
            (work / "away.yaml").write_text(
                f"ckpt-manifest: 1\nroot: {{module: '', members: {{w: {{parameter: f32, "
                f"shape: [20, 30], data: {entry}}}}}}}\n")
            message = refused("ckpt-pack", "away.yaml", "-o", "away.ckpt")
            tap.equal(why in message, True, message)
    tap.equal(os.path.exists(work / "away.ckpt"), False)


def test_a_failure_leaves_the_old_file_and_nothing_else():
    pack("old", NET)
    before = (work / "old.ckpt").read_bytes()
    (work / "bad.yaml").write_text("ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n"
                                   "    w: {parameter: f32, shape: [2]}\n")
    files = sorted(os.listdir(work))
    message = refused("ckpt-pack", "bad.yaml", "-o", "old.ckpt")
    tap.equal(message.startswith("bad.yaml:5:"), True, message)
    tap.equal((work / "old.ckpt").read_bytes(), before)
    tap.equal(sorted(os.listdir(work)), files)


def test_errors_name_line_and_column():
    for text, place in (("ckpt-manifest: 2\n", ":1:16: "),
                        ("ckpt-manifest: 1\nroot:\n  modul: Net\n", ":3:3: "),
                        ("ckpt-manifest: 1\nroot: {module: Net, module: Net}\n", ":2:21: ")):
        (work / "wrong.yaml").write_text(text)
        message = refused("ckpt-pack", "wrong.yaml", "-o", "wrong.ckpt")
        tap.equal(message.startswith("wrong.yaml" + place), True, message)
    tap.equal((work / "wrong.ckpt").exists(), False)


def test_output_that_cannot_be_written():
    pack("net", NET)
    message = refused("ckpt-pack", "net.yaml", "-o", "no/such/directory.ckpt")
    tap.equal("no/such/directory.ckpt" in message, True, message)
    message = refused("ckpt-pack", "missing.yaml", "-o", "x.ckpt")
    tap.equal(message.startswith("missing.yaml: "), True, message)


def test_shape_that_differs_from_the_data():
    pack("small", NET.replace("[20, 30]", "[20]"))
    (work / "bare.yaml").write_text("ckpt-manifest: 1\nroot: {module: Net, members: "
                                    "{w: {parameter: f32, shape: [21]}}}\n")
    message = refused("ckpt-pack", "bare.yaml", "--data", "small.ckpt", "-o", "x.ckpt")
    tap.equal("[21]" in message and "[20]" in message, True, message)


tap.main(globals())
