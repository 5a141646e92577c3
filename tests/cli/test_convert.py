"""ckpt-convert: what is kept, what is chosen, and that a failure writes nothing."""

import json
import os
import pathlib
import stat
import struct
import zipfile

from clitools import fine, npy, pack, read_npy, read_safetensors, refused, run, safetensors, work
import tap

NET = """\
ckpt-manifest: 1
metadata: {title: digits, nested: {a: [1, 2]}}
root:
  module: Net
  members:
    "0": &s
      module: Linear
      attributes: {bias: true}
      members:
        weight: {parameter: f32, shape: [3000], init: {uniform: {low: -1, high: 1}}}
        bias: &b {parameter: f32, shape: [3], init: ones}
    "1": *s
    relu: {module: ReLU}
    head: {parameter: f32, shape: [3], init: ones}
    tied: *b
    steps: {buffer: i64, shape: [], init: zeros}
"""
NAME = pack("net", NET)


def digest(name):
    return fine("ckpt-inspect", "--digest", name)


def tensors(name):
    return {t["name"]: t for t in json.loads(fine("ckpt-inspect", "--json", name))["tensors"]}


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def listing():
    return sorted(path.name for path in work.iterdir())


def unwritten(*arguments, status=1):
    """The message of a conversion to out.ckpt that fails; nothing is left behind, and the old file
    is as it was."""
    (work / "out.ckpt").write_bytes(b"old")
    before = listing()
    message = refused("ckpt-convert", *arguments, "out.ckpt", status=status)
    tap.equal((work / "out.ckpt").read_bytes(), b"old")
    tap.equal(listing(), before, "files")
    (work / "out.ckpt").unlink()
    return message


def test_there_and_back_is_the_same_model():
    fine("ckpt-convert", NAME, "copy.ckpt")
    tap.equal(digest("copy.ckpt"), digest(NAME))
    fine("ckpt-convert", "-q", "--compress", "--threads", 2, "--chunk-size", 4096, NAME, "z.ckpt")
    tap.equal(digest("z.ckpt"), digest(NAME))
    fine("ckpt-convert", "-q", "z.ckpt", "back.ckpt")
    tap.equal((work / "back.ckpt").read_bytes(), (work / "copy.ckpt").read_bytes())


def test_report():
    tap.equal(fine("ckpt-convert", NAME, "copy.ckpt"),
              "copy.ckpt: ckpt, 4 tensors under 7 names, 11.8 KiB\nnothing is lost\n")
    tap.equal(fine("ckpt-convert", "-q", NAME, "copy.ckpt"), "")
    report = json.loads(fine("ckpt-convert", "--json", "-r", "s/^0/zero/", NAME, "copy.ckpt"))
    tap.equal({key: report[key] for key in ("input", "output", "from", "to", "saved", "tensors")},
              {"input": NAME, "output": "copy.ckpt", "from": "ckpt", "to": "ckpt", "saved": True,
               "tensors": 4})
    tap.equal(report["changes"], [{"kind": "rename", "what": "s/^0/zero/", "count": 2}])
    tap.equal(report["losses"], [])


def test_the_report_is_about_what_was_written():
    """Ties that the output does not have count as often as they were written."""
    three = pack("three", "ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n"
                 "    a: &a {parameter: f32, shape: [27], init: ones}\n    b: *a\n    c: *a\n")
    tap.equal(fine("ckpt-convert", three, "three.npz").split("\n")[0],
              "three.npz: npz, 3 tensors, 324 bytes")
    report = json.loads(fine("ckpt-convert", "--json", three, "three.npz"))
    tap.equal([report[key] for key in ("tensors", "names", "bytes")], [3, 3, 324])
    tap.equal(fine("ckpt-convert", three, "again.ckpt").split("\n")[0],
              "again.ckpt: ckpt, 1 tensor under 3 names, 108 bytes")


def test_the_extension_or_the_option_tells_the_format():
    safetensors("a.safetensors", {"x": ("F32", [1], floats(1))})
    fine("ckpt-convert", "a.safetensors", "b.npy")
    tap.equal((work / "b.npy").read_bytes()[:6], b"\x93NUMPY")
    fine("ckpt-convert", "a.safetensors", "c.npy", "--to", "ckpt")
    tap.equal((work / "c.npy").read_bytes()[1:4], b"CKP")
    tap.equal(refused("ckpt-convert", "a.safetensors", "x", "--to", "tar", status=2),
              "--to: there is no format 'tar' to write; there are ckpt, safetensors, torch, npz, npy, "
              "gguf, oneflow, oneflow-dir; try 'ckpt-convert --help'")
    message = refused("ckpt-convert", "a.safetensors", "x", "--to", "torch-legacy", status=2)
    tap.equal(message.startswith("--to: there is no format 'torch-legacy' to write; "), True, message)
    tap.equal(unwritten("a.safetensors", "--to", "npy", "--shard-size", "1K", status=2),
              "the format 'npy' has no shards; try 'ckpt-convert --help'")


def test_an_input_is_known_by_its_content():
    safetensors("safe.npy", {"x": ("F32", [1], floats(1))})
    fine("ckpt-convert", "safe.npy", "x.ckpt")
    tap.equal(list(tensors("x.ckpt")), ["x"])


def test_renaming():
    fine("ckpt-convert", "-q", "-r", "s/^/model./", NAME, "longer.ckpt")
    tap.equal(sorted(tensors("longer.ckpt")),
              ["model.0.bias", "model.0.weight", "model.head", "model.steps"])
    fine("ckpt-convert", "-q", "-r", "s/^model\\.//", "longer.ckpt", "shorter.ckpt")
    tap.equal(digest("shorter.ckpt"), digest(NAME))


def test_rules_follow_one_another():
    safetensors("r.safetensors", {name: ("F32", [1], floats(1))
                                  for name in ("a.b.c", "A.1.x", "x-y-z", "keep")})
    def renamed(*rules):
        fine("ckpt-convert", "-q", *[word for rule in rules for word in ("-r", rule)],
             "r.safetensors", "r.ckpt")
        return sorted(tensors("r.ckpt"))
    tap.equal(renamed("s/-/./g"), ["A.1.x", "a.b.c", "keep", "x.y.z"])
    tap.equal(renamed("s/-/./"), ["A.1.x", "a.b.c", "keep", "x.y-z"])
    tap.equal(renamed("s,a,q,i"), ["keep", "q.1.x", "q.b.c", "x-y-z"])
    tap.equal(renamed("s/([a-z])\\.([a-z])/\\2_\\1/", "s/_/\\/&/"),
              sorted(["b/_a.c", "A.1.x", "x-y-z", "keep"]))
    tap.equal("<>-<>y<>-<>z<>" in renamed("s/x*/<>/g"), True)


def test_names_that_meet():
    tap.equal(unwritten("-r", "s/^head$/0.bias/", NAME),
              f"{NAME}: two tensors would have the name '0.bias'")
    tap.equal(unwritten("-r", "s/^head$/0.bias.x/", NAME),
              f"{NAME}: '0.bias' would be the name of a tensor and of a module")
    tap.equal(unwritten("-r", "s/.*/x/", NAME), f"{NAME}: two tensors would have the name 'x'")


def test_selection():
    fine("ckpt-convert", "-q", "--select", "0", "--select", "head", "--drop", "*.bias", NAME,
         "some.ckpt")
    tap.equal(sorted(tensors("some.ckpt")), ["0.weight", "head"])
    fine("ckpt-convert", "-q", "--drop", "head", NAME, "less.ckpt")
    tap.equal("ReLU" in fine("ckpt-inspect", "less.ckpt"), True)
    tap.equal(unwritten("--select", "nothing", NAME),
              f"{NAME}: nothing is selected: no tensor is left")
    tap.equal(unwritten("--select", "0", "--select", "haed", NAME),
              f"{NAME}: --select 'haed' fits no name")
    tap.equal(unwritten("--drop", "head", "--drop", "9.*", NAME), f"{NAME}: --drop '9.*' fits no name")
    # What one pattern leaves out another may name.
    fine("ckpt-convert", "-q", "--select", "head", "--drop", "*.bias", NAME, "head.ckpt")
    tap.equal(sorted(tensors("head.ckpt")), ["head"])


def test_a_rule_that_changes_nothing_is_told():
    result = run("ckpt-convert", "-q", "-r", "s/^heda$/x/", "-r", "s/^head$/top/", NAME, "top.ckpt")
    tap.equal((result.status, result.err),
              (0, "ckpt-convert: warning: --rename 's/^heda$/x/' changes no name\n"))
    tap.equal(sorted(tensors("top.ckpt")), ["0.bias", "0.weight", "steps", "top"])


def test_types():
    values = [1.0, -0.5, 1.00390625, 65504.0, 3.0e38, float("inf")]
    safetensors("f.safetensors", {"x": ("F32", [6], floats(*values)), "y": ("F32", [1], floats(2)),
                                  "i": ("I64", [2], struct.pack("<2q", 7, -7))})
    shown = fine("ckpt-convert", "-d", "bf16", "-d", "y=f16", "-d", "i=i8", "f.safetensors",
                 "f.ckpt")
    tap.equal(shown.split("\n")[1:-2], ["  dtype     f32 to bf16: 1", "  dtype     f32 to f16: 1",
                                        "  dtype     i64 to i8: 1"])
    fine("ckpt-convert", "-q", "f.ckpt", "g.safetensors")
    got, _ = read_safetensors("g.safetensors")
    tap.equal(got["x"], ("BF16", [6], struct.pack("<6H", 0x3f80, 0xbf00, 0x3f80, 0x4780, 0x7f62,
                                                  0x7f80)))
    tap.equal(got["y"], ("F16", [1], struct.pack("<e", 2)))
    tap.equal(got["i"], ("I8", [2], b"\x07\xf9"))


def test_bfloat16_is_widened_and_narrowed_bit_by_bit():
    """Signalling NaNs too, in formats that have no bfloat16."""
    patterns = range(1 << 16)
    data = struct.pack("<65536H", *patterns)
    widened = struct.pack("<65536I", *(bits << 16 for bits in patterns))
    source = safetensors("all.safetensors", {"array": ("BF16", [1 << 16], data)})
    fine("ckpt-convert", source, "all.npy")
    tap.equal(read_npy("all.npy")[1] == widened, True, "npy")
    fine("ckpt-convert", source, "all.npz")
    with zipfile.ZipFile(work / "all.npz") as archive:
        tap.equal(archive.read("array.npy").endswith(widened), True, "npz")
    fine("ckpt-convert", "--dtype", "f32", source, "all32.safetensors")
    tap.equal(read_safetensors("all32.safetensors")[0]["array"][2] == widened, True, "safetensors")
    for wide in ("all.npy", "all.npz", "all32.safetensors"):
        fine("ckpt-convert", "--dtype", "bf16", wide, "back.safetensors")
        tap.equal(read_safetensors("back.safetensors")[0]["array"][2] == data, True, wide)


def test_types_that_cannot_be():
    tap.equal(unwritten("-d", "steps=f4_e2m1fn", NAME),
              f"{NAME}: steps: elements of type 'i64' are not converted to 'f4_e2m1fn'")
    safetensors("i.safetensors", {"i": ("I64", [1], struct.pack("<q", 300))})
    tap.equal(unwritten("-d", "i=i8", "i.safetensors"), "300 is no number of type 'i8'")


def test_compression_for_any_number_of_threads():
    """The same bytes, smaller ones, and the same model."""
    sizes = {}
    for threads in (1, 2, 7):
        report = json.loads(fine("ckpt-convert", "--json", "--compress", "--threads", threads, NAME,
                                 f"z{threads}.ckpt"))
        tap.equal((report["losses"], report["changes"]), ([], []))
        sizes[threads] = (work / f"z{threads}.ckpt").read_bytes()
    tap.equal(sizes[1] == sizes[2] == sizes[7], True)
    fine("ckpt-convert", "--threads", 3, NAME, "plain.ckpt")
    tap.equal((work / "plain.ckpt").read_bytes() == (work / NAME).read_bytes(), True)
    tap.equal(len(sizes[1]) < (work / NAME).stat().st_size, True)
    tap.equal(digest("z7.ckpt").split()[0], digest(NAME).split()[0])
    tap.equal(run("ckpt-verify", "z7.ckpt").status, 0)
    fine("ckpt-convert", "z7.ckpt", "unpacked.ckpt")
    tap.equal((work / "unpacked.ckpt").read_bytes() == (work / NAME).read_bytes(), True)


def test_arrays_are_deflated_on_request():
    """As numpy.savez_compressed does, and read back."""
    fine("ckpt-convert", "-q", NAME, "plain.npz")
    fine("ckpt-convert", "-q", "--compress", NAME, "small.npz")
    with zipfile.ZipFile(work / "plain.npz") as plain, zipfile.ZipFile(work / "small.npz") as small:
        tap.equal(small.testzip(), None)
        tap.equal(small.namelist(), plain.namelist())
        for a, b in zip(plain.infolist(), small.infolist()):
            tap.equal((a.compress_type, b.compress_type), (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            tap.equal((b.file_size, b.CRC, small.read(b)), (a.file_size, a.CRC, plain.read(a)), b.filename)
    tap.equal((work / "small.npz").stat().st_size < (work / "plain.npz").stat().st_size, True)
    tap.equal(run("ckpt-verify", "small.npz").status, 0)
    tap.equal(run("ckpt-diff", "plain.npz", "small.npz").status, 0)
    fine("ckpt-convert", "-q", "small.npz", "again.npz")
    tap.equal((work / "again.npz").read_bytes(), (work / "plain.npz").read_bytes())


def test_equal_tensors_can_be_tied():
    shown = fine("ckpt-convert", "--tie-equal", NAME, "tied.ckpt")
    tap.equal("  tie       members tied to an equal tensor: 2\n" in shown, True, shown)
    summary = json.loads(fine("ckpt-inspect", "--json", "tied.ckpt"))
    tap.equal(sorted(t["name"] for t in summary["tensors"]), ["0.bias", "0.weight", "steps"])


def test_equal_bytes_of_another_type_or_shape_are_no_tie():
    one = floats(1, 1)
    safetensors("t.safetensors", {"a": ("F32", [2], one), "b": ("F32", [2], one),
                                  "c": ("F32", [1, 2], one), "d": ("I32", [2], one),
                                  "e": ("F32", [2], floats(1, 2)), "f": ("F32", [0], b""),
                                  "g": ("F32", [0], b"")})
    fine("ckpt-convert", "-q", "--tie-equal", "t.safetensors", "t.ckpt")
    tap.equal(sorted(tensors("t.ckpt")), ["a", "c", "d", "e", "f", "g"])


def test_ties_do_not_hang_on_neighbours():
    """Two tensors with the same hash, by the words that undo each other, and copies of both."""
    mask, factor = 2**64 - 1, 0x9fb21c651e98df25

    def mixed(value, word):
        value = (value ^ word) * factor & mask
        return value ^ value >> 32

    begin = 0x9e3779b97f4a7c15
    one = struct.pack("<2Q", 1, 0)
    other = struct.pack("<2Q", 2, mixed(begin, 1) ^ mixed(begin, 2))
    safetensors("h.safetensors", {name: ("U8", [16], one if name in "ace" else other)
                                  for name in "abcdef"})
    fine("ckpt-convert", "-q", "--tie-equal", "h.safetensors", "h.ckpt")
    tap.equal(sorted(tensors("h.ckpt")), ["a", "b"])


def test_a_view_is_tied_to_a_dense_tensor():
    """In rows of three bytes, so that what fits into a window ends elsewhere than in a dense one."""
    rows = 6000000
    first, second, third = (bytes(range(n, n + 200)) * (rows // 200) for n in (0, 17, 50))
    dense = bytearray(rows * 3)
    dense[0::3], dense[1::3], dense[2::3] = first, second, third
    with zipfile.ZipFile(work / "orders.npz", "w") as archive:
        for name, order, data in (("c", False, bytes(dense)), ("f", True, first + second + third)):
            header = repr({"descr": "|u1", "fortran_order": order, "shape": (rows, 3)}).encode()
            header += b" " * (-(len(header) + 11) % 64) + b"\n"
            archive.writestr(name + ".npy", b"\x93NUMPY\x01\x00" +
                             struct.pack("<H", len(header)) + header + data)
    fine("ckpt-convert", "-q", "--tie-equal", "orders.npz", "orders.ckpt")
    tap.equal(sorted(tensors("orders.ckpt")), ["c"])


def test_an_input_may_be_its_own_output():
    (work / "own.ckpt").write_bytes((work / NAME).read_bytes())
    fine("ckpt-convert", "-q", "-d", "bf16", "own.ckpt", "own.ckpt")
    tap.equal(tensors("own.ckpt")["head"]["dtype"], "bf16")
    safetensors("own.safetensors", {"x": ("F32", [2], floats(1, 2))})
    fine("ckpt-convert", "-q", "-d", "f16", "own.safetensors", "own.safetensors")
    tap.equal(read_safetensors("own.safetensors")[0]["x"], ("F16", [2], struct.pack("<2e", 1, 2)))


def test_bad_input():
    whole = (work / NAME).read_bytes()
    (work / "cut.ckpt").write_bytes(whole[:-100])
    (work / "none.ckpt").write_bytes(b"nothing that anybody knows")
    (work / "empty.ckpt").write_bytes(b"")
    damaged = bytearray(whole)
    damaged[json.loads(fine("ckpt-inspect", "--json", NAME))["storages"][0]["file_offset"]] ^= 1
    (work / "damaged.ckpt").write_bytes(damaged)
    tap.equal(unwritten("missing.ckpt"), "missing.ckpt: cannot open: no such file or directory")
    tap.equal(unwritten("none.ckpt"),
              "none.ckpt: not a checkpoint in any format that libckpt reads")
    tap.equal(unwritten("empty.ckpt"), "empty.ckpt: the file is empty")
    for name, rule in (("cut.ckpt", "cut.ckpt: "), ("damaged.ckpt", "damaged.ckpt: ")):
        message = unwritten(name)
        tap.equal(message.startswith(rule), True, message)


def test_output_that_cannot_be():
    tap.equal(refused("ckpt-convert", NAME, "no/such/out.ckpt").startswith("no/such/out.ckpt: "),
              True)
    (work / "directory.ckpt").mkdir()
    tap.equal(refused("ckpt-convert", NAME, "directory.ckpt").startswith("directory.ckpt: "), True)
    tap.equal([name for name in listing() if name.startswith("directory")], ["directory.ckpt"])


def test_names_of_strangers_are_escaped():
    nasty = "a\x1b[31m\u202e\n"
    safetensors("nasty.safetensors", {nasty: ("F32", [1], floats(1)),
                                      nasty + "b": ("F32", [1], floats(1))})
    message = refused("ckpt-convert", "-r", "s/b$//", "nasty.safetensors", "x.ckpt")
    tap.equal(message.isprintable() and "\\x1b[31m\\u202e\\n" in message, True, message)


tap.main(globals())
