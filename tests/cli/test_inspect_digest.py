"""ckpt-inspect --digest: the identity of a model, however a file stores it."""

import struct

from clitools import ROOT, fine, npy, pack, refused, run, work
import tap

VECTORS = ROOT / "spec" / "vectors"
NET = """ckpt-manifest: 1
metadata: {epoch: %d}
root:
  module: Sequential
  members:
    a: {module: Linear, members: {weight: &w {parameter: f32, shape: [300, 20], init: ones}}}
    tied: *w
"""
ALONE = "--digest goes with no other view and no selection; try 'ckpt-inspect --help'"


def digest(name):
    out = fine("ckpt-inspect", "--digest", name)
    tap.equal(len(out), 65)
    tap.equal(set(out[:64]) <= set("0123456789abcdef") and out[64] == "\n", True, out)
    return out[:64]


def test_digests_of_the_specification():
    for line in (VECTORS / "digests.txt").read_text().splitlines():
        wanted, name = line.split("  ")
        # Some of them are interrupted edits, about which there is a warning.
        result = run("ckpt-inspect", "--digest", VECTORS / "valid" / name)
        tap.equal((result.status, result.out), (0, wanted + "\n"), name)


def test_storing_makes_no_difference():
    one = pack("one", NET % 1)
    tap.equal(digest(pack("small-chunks", NET % 1, "--chunk-size", "4096")), digest(one))
    tap.equal(digest(pack("no-checksums", NET % 1, "--no-checksums")), digest(one))


def test_another_model_has_another_digest():
    tap.equal(digest(pack("one", NET % 1)) == digest(pack("two", NET % 2)), False)
    untied = (NET % 1).replace("*w", "{parameter: f32, shape: [300, 20], init: ones}")
    tap.equal(digest("one.ckpt") == digest(pack("untied", untied.replace("&w ", ""))), False)


def test_other_formats_have_one_too():
    a = digest(npy("a.npy", "<f4", [3], "f", [1, 2, 3]))
    tap.equal(a == digest(npy("b.npy", "<f4", [3], "f", [1, 2, 4])), False)
    header = b'{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}'
    data = struct.pack("<Q", len(header)) + header + struct.pack("<3f", 1, 2, 3)
    (work / "a.safetensors").write_bytes(data)
    tap.equal(digest("a.safetensors") == a, False)


def test_damage_has_no_digest():
    name = pack("damaged", NET % 1)
    content = bytearray((work / name).read_bytes())
    content[8192] ^= 1
    (work / name).write_bytes(content)
    message = refused("ckpt-inspect", "--digest", name)
    tap.equal("rule C2" in message, True, message)


def test_it_stands_alone():
    name = pack("one", NET % 1)
    for arguments in (["--tree"], ["--json"], ["--manifest"], ["--values", "tied"]):
        tap.equal(refused("ckpt-inspect", "--digest", *arguments, name, status=2), ALONE)
    tap.equal(refused("ckpt-inspect", "--digest", name, "tied", status=2), ALONE)


tap.main(globals())
