"""ckpt-verify."""

import clitools
from clitools import fine, human, npy, pack, refused, run, same_text, work
import json
import tap
import zipfile

NET = """\
ckpt-manifest: 1
root:
  module: Net
  members:
    "0": &s
      module: Linear
      members:
        weight: {parameter: f32, shape: [3000], init: ones}
        bias: {parameter: f32, shape: [3], init: ones}
    "1": *s
"""


def net(*options):
    return pack("net", NET, *options)


def damaged(name, offset):
    content = bytearray((work / name).read_bytes())
    content[offset] ^= 0x10
    (work / "damaged.ckpt").write_bytes(content)
    return "damaged.ckpt"


def storage_offset(name, storage):
    return json.loads(fine("ckpt-inspect", "--json", name))["storages"][storage]["file_offset"]


def test_good_file():
    name = net("--chunk-size", "4096")
    size = (work / name).stat().st_size
    tap.equal(fine("ckpt-verify", name), f"net.ckpt: ok: 4 chunks, {human(size)} checked\n")


def test_quiet():
    tap.equal(fine("ckpt-verify", "--quiet", net()), "")


def test_damaged_chunk_and_its_tensors_are_named():
    name = net("--chunk-size", "4096")
    start = storage_offset(name, 0)
    result = run("ckpt-verify", damaged(name, start + 8192 + 5))
    tap.equal(result.status, 1)
    lines = result.out.split("\n")
    tap.equal(lines[0].startswith(
        f"damaged.ckpt: storage 0 chunk 2: bytes {start + 8192} to {start + 11999} in 0.weight, "
        "1.weight: "), True, lines[0])
    tap.equal(lines[1].startswith("damaged.ckpt: DAMAGED in 1 place; 4 chunks, "), True, lines[1])
    tap.equal(len(lines), 3)
    tap.equal(result.err.startswith("ckpt-verify: damaged.ckpt: "), True, result.err)
    tap.equal(result.err.count("\n"), 1)


def test_each_damaged_chunk_names_the_tensors_that_reach_into_it():
    """Views that begin in any order, over several chunks, within one, without elements."""
    views = {"late": (9000, 10), "all": (0, 16384), "early": (4095, 2), "none": (5000, 0),
             "middle": (4096, 4096), "end": (16383, 1)}
    name = pack("views", "ckpt-manifest: 1\nstorages:\n- {size: 16384}\nroot:\n  module: a\n"
                "  members:\n" + "".join(
                    f"    {view}: {{parameter: u8, shape: [{size}], storage: 0, "
                    f"storage_offset: {start}, init: zeros}}\n"
                    for view, (start, size) in views.items()), "--chunk-size", "4096")
    content = bytearray((work / name).read_bytes())
    for chunk in range(4):
        content[storage_offset(name, 0) + 4096 * chunk] ^= 1
    (work / "damaged.ckpt").write_bytes(content)
    lines = run("ckpt-verify", "damaged.ckpt").out.split("\n")
    told = [set(line.split(" in ")[1].split(":")[0].split(", ")) for line in lines[:4]]
    tap.equal(told, [{view for view, (start, size) in views.items()
                      if size != 0 and start < 4096 * chunk + 4096 and start + size > 4096 * chunk}
                     for chunk in range(4)])


def test_all_damage_is_named():
    name = net("--chunk-size", "4096")
    content = bytearray((work / name).read_bytes())
    start = storage_offset(name, 0)
    content[start] ^= 1
    content[start + 4096] ^= 1
    content[storage_offset(name, 1)] ^= 1
    (work / "damaged.ckpt").write_bytes(content)
    lines = run("ckpt-verify", "damaged.ckpt").out.split("\n")
    tap.equal(len(lines), 5)
    tap.equal(" in 0.bias, 1.bias: " in lines[2], True, lines[2])


def test_quiet_damage_is_one_line_on_stderr():
    name = net()
    result = run("ckpt-verify", "-q", damaged(name, storage_offset(name, 0)))
    tap.equal((result.status, result.out, result.err.count("\n")), (1, "", 1))


def test_every_file_is_looked_at():
    name = net()
    bad = damaged(name, storage_offset(name, 0))
    result = run("ckpt-verify", bad, "missing.ckpt", name)
    tap.equal(result.status, 1)
    tap.equal("net.ckpt: ok: " in result.out, True)
    tap.equal(result.err.count("\n"), 2)


def test_files_without_checksums_are_said_to_be():
    name = net("--no-checksums")
    size = (work / name).stat().st_size
    unchecked = 12012
    tap.equal(fine("ckpt-verify", name),
              f"net.ckpt: ok: 0 chunks, {human(size - unchecked)} checked, "
              f"{human(unchecked)} without checksums\n")
    clitools.npy("x.npy", "<f4", [2], "f", [1.0, 2.0])
    shown = fine("ckpt-verify", "x.npy")
    tap.equal(shown, "x.npy: ok: structure only, 136 bytes without checksums\n")


def test_a_file_that_is_no_checkpoint():
    (work / "text").write_text("hello\n")
    (work / "none").write_bytes(b"")
    for name in ("text", "none", ".", "missing"):
        message = refused("ckpt-verify", name)
        tap.equal(message.startswith(f"{name}: "), True, message)


def test_a_damaged_header_slot_does_not_hide_the_rest():
    name = damaged(net(), 4096 + 70)
    result = run("ckpt-verify", name)
    tap.equal(result.status, 1)
    tap.equal(result.out.startswith("damaged.ckpt: NOT WHOLE; 2 chunks, "), True, result.out)
    tap.equal(result.err.startswith("ckpt-verify: damaged.ckpt: "), True, result.err)
    shown = run("ckpt-inspect", name)
    tap.equal(shown.status, 0)
    tap.equal(shown.err.startswith("ckpt-inspect: damaged.ckpt: warning: "), True, shown.err)
    tap.equal(shown.out.split("\n")[1].startswith("WARNING: "), True, shown.out)


def test_every_truncation_is_refused():
    name = net()
    content = (work / name).read_bytes()
    for size in range(0, len(content), 997):
        (work / "short.ckpt").write_bytes(content[:size])
        refused("ckpt-verify", "short.ckpt")


def npz(name):
    npy("a.npy", "<f4", [3], "f", [1, 2, 3])
    npy("b.npy", "<i2", [600], "h", range(600))
    with zipfile.ZipFile(work / name, "w") as archive:
        archive.write(work / "a.npy", "layer.a.npy")
        archive.write(work / "b.npy", "b.npy", zipfile.ZIP_DEFLATED)
    return name


def test_npz():
    name = npz("arrays.npz")
    size = (work / name).stat().st_size
    tap.equal(fine("ckpt-verify", name), f"arrays.npz: ok: 2 chunks, {human(size)} checked\n")
    shown = fine("ckpt-inspect", name).split("\n")
    tap.equal(shown[0], f"arrays.npz: npz, {human(size)}")
    tap.equal(shown[-2], "integrity   structure checked; all storages have checksums "
              "(ckpt-verify compares them)")


def test_damaged_arrays_of_an_npz_are_named():
    content = bytearray((work / npz("arrays.npz")).read_bytes())
    content[content.index(b"\0\0\x80\x3f")] ^= 1
    content[content.index(b"PK\1\2") - 3] ^= 1
    (work / "damaged.npz").write_bytes(content)
    start = 30 + len("layer.a.npy")
    result = run("ckpt-verify", "damaged.npz")
    lines = result.out.split("\n")
    tap.equal(result.status, 1)
    tap.equal(lines[0], f"damaged.npz: storage 0 chunk 0: bytes {start} to {start + 139} in "
              "layer.a: the entry 'layer.a.npy' has content with another CRC-32")
    tap.equal("'b.npy'" in lines[1], True, lines[1])
    tap.equal(lines[2].startswith("damaged.npz: DAMAGED in 2 places; 2 chunks, "), True, lines[2])
    tap.equal("rule Z12" in result.err, True, result.err)


def test_an_ambiguous_npz_is_refused_in_one_line():
    content = (work / npz("arrays.npz")).read_bytes()
    (work / "two.npz").write_bytes(content + content)
    (work / "suffix.npz").write_bytes(content + b"\n")
    for name, rule in [("two.npz", "Z3"), ("suffix.npz", "Z1")]:
        result = run("ckpt-inspect", name)
        tap.equal((result.status, result.out, result.err.count("\n")), (1, "", 1))
        tap.equal(f"rule {rule}: " in result.err, True, result.err)


tap.main(globals())
