"""ckpt-merge and ckpt-split."""

import json
import struct

from clitools import fine, pack, refused, run, safetensors, work
import tap


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def tensors(name):
    return sorted(t["name"] for t in json.loads(fine("ckpt-inspect", "--json", name))["tensors"])


def part(name, members, metadata="{}"):
    return pack(name, f"ckpt-manifest: 1\nmetadata: {metadata}\nroot:\n  module: Net\n  members:\n"
                + "".join(f"    {line}\n" for line in members))


A = part("a", ["body: {module: Body, members: {w: {parameter: f32, shape: [4], init: ones}}}"],
         "{step: 1, from: a}")
B = part("b", ["body: {module: Body, members: {v: {parameter: f32, shape: [4], init: zeros}}}",
               "head: {parameter: f32, shape: [2], init: ones}"], "{step: 1, from: b}")


def test_parts_become_one():
    shown = fine("ckpt-merge", A, B, "-o", "whole.ckpt")
    tap.equal(tensors("whole.ckpt"), ["body.v", "body.w", "head"])
    tap.equal("(body): Body(" in fine("ckpt-inspect", "whole.ckpt"), True)
    tap.equal("lost: 1 thing\n  metadata  from: another value than one before, which is kept\n"
              in shown, True, shown)
    tap.equal("from: string \"a\"" in fine("ckpt-inspect", "-m", "whole.ckpt"), True)


def test_formats_may_differ():
    safetensors("c.safetensors", {"other.x": ("F32", [2], floats(1, 2))})
    fine("ckpt-merge", "-q", A, "c.safetensors", "-o", "mixed.ckpt")
    tap.equal(tensors("mixed.ckpt"), ["body.w", "other.x"])


def test_a_part_may_be_the_output():
    (work / "own.ckpt").write_bytes((work / A).read_bytes())
    fine("ckpt-merge", "-q", "own.ckpt", B, "-o", "own.ckpt")
    tap.equal(tensors("own.ckpt"), ["body.v", "body.w", "head"])


def test_the_same_name_twice_is_refused():
    (work / "out.ckpt").write_bytes(b"old")
    tap.equal(refused("ckpt-merge", A, B, A, "-o", "out.ckpt"), f"{A}: the name 'body.w' is in both")
    tap.equal((work / "out.ckpt").read_bytes(), b"old")
    safetensors("d.safetensors", {"body": ("F32", [1], floats(1))})
    tap.equal(refused("ckpt-merge", A, "d.safetensors", "-o", "out.ckpt").startswith(
        "d.safetensors: "), True)
    tap.equal((work / "out.ckpt").read_bytes(), b"old")


def test_strict():
    result = run("ckpt-merge", "--strict", A, B, "-o", "strict.ckpt")
    tap.equal((result.status, (work / "strict.ckpt").exists()), (1, False))


def test_split_and_merged_again():
    safetensors("big.safetensors",
                {f"t{i:02}": ("F32", [250], floats(*([i] * 250))) for i in range(10)})
    fine("ckpt-split", "-q", "big.safetensors", "--shard-size", "2500B", "-o",
         "big.safetensors.index.json")
    shards = sorted(p.name for p in work.glob("big-*-of-*.safetensors"))
    tap.equal(len(shards), 5, shards)
    fine("ckpt-merge", "-q", "big.safetensors.index.json", "-o", "again.safetensors")
    tap.equal(fine("ckpt-diff", "--values", "big.safetensors", "again.safetensors").split(";")[0],
              "no difference")
    (work / shards[2]).unlink()
    message = refused("ckpt-merge", "big.safetensors.index.json", "-o", "lost.safetensors")
    tap.equal(shards[2] in message, True, message)
    tap.equal((work / "lost.safetensors").exists(), False)


def test_ckpt_shards():
    safetensors("many.safetensors",
                {f"t{i}": ("F32", [2500], floats(*([i] * 2500))) for i in range(6)})
    fine("ckpt-split", "-q", "many.safetensors", "--shard-size", "25KB", "-o", "many.ckpt")
    parts = sorted(p.name for p in work.glob("many-*.part"))
    tap.equal(len(parts), 3, parts)
    tap.equal(fine("ckpt-inspect", "--digest", "many.ckpt"),
              fine("ckpt-inspect", "--digest", "many.safetensors"))
    fine("ckpt-merge", "-q", "many.ckpt", "-o", "one.ckpt")
    for path in parts:
        (work / path).unlink()
    fine("ckpt-diff", "many.safetensors", "one.ckpt")
    refused("ckpt-merge", "many.ckpt", "-o", "none.ckpt")
    tap.equal((work / "none.ckpt").exists(), False)


def test_shards_of_pytorch_are_named():
    for number, head in enumerate((b"PK\3\4\0\0\x08\x08", b"\x80\x02\x8a\nl\xfc\x9cF")):
        shard = f"pytorch_model-{number}.bin"
        (work / shard).write_bytes(head + bytes(100))
        (work / "bin.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
        message = refused("ckpt-inspect", "bin.index.json")
        tap.equal(message.endswith(f"{shard}: rule SI8: a shard that PyTorch wrote, not a safetensors file: open "
                                   "each of them by itself, or put them together with ckpt-merge"),
                  True, message)


def test_formats_without_shards():
    tap.equal(refused("ckpt-split", A, "--shard-size", "1K", "-o", "x.npy", status=2),
              "the format 'npy' has no shards; try 'ckpt-split --help'")


def test_one_gguf_file_has_not_the_name_of_one_of_three():
    safetensors("g.safetensors", {"x": ("F32", [4], floats(1, 2, 3, 4))})
    message = refused("ckpt-split", "g.safetensors", "--shard-size", "1M", "-o",
                      "g-00001-of-00003.gguf")
    tap.equal("the model needs one file, not one of 3" in message, True, message)
    tap.equal(list(work.glob("g-*")), [])
    for name in ("g-00001-of-00001.gguf", "g-of-3.gguf"):
        fine("ckpt-split", "-q", "g.safetensors", "--shard-size", "1M", "-o", name)


tap.main(globals())
