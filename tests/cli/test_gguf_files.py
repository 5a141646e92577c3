# SPDX-License-Identifier: MIT
"""GGUF files in the tools."""

import json
import struct

from clitools import fine, read_safetensors, refused, run, same_text, work
import tap


def string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def value(key, kind, content):
    return string(key) + struct.pack("<I", kind) + content


def tensor(name, dims, kind, offset):
    return (string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset))


def gguf(name, values, tensors, data):
    head = (b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values) +
            b"".join(tensors))
    (work / name).write_bytes(head + b"\0" * (-len(head) % 32) + data)
    return name


def net(name="net.gguf", first=(), data=None):
    blocks = b"".join(struct.pack("<e32b", scale, *range(-16, 16)) for scale in (0.5, 2))
    values = [value("general.architecture", 8, string("llama")),
              value("llama.block_count", 4, struct.pack("<I", 1)),
              value("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 20) +
                    b"".join(string(f"t{i}") for i in range(20))), *first]
    tensors = [tensor("blk.0.weight", [32, 2], 8, 0), tensor("blk.0.bias", [3], 0, 96)]
    plain = blocks + b"\0" * 28 + struct.pack("<3f", 1, 2, 3) + b"\0" * 20
    return gguf(name, values, tensors, plain if data is None else data)


def test_the_tree():
    lines = fine("ckpt-inspect", net()).split("\n")
    tap.equal(lines[0].startswith("net.gguf: gguf 3"), True, lines[0])
    tap.equal("      weight  q8_0  [2, 32]" in lines, True, "\n".join(lines))
    tap.equal("parameters  67 in 2 tensors" in lines, True, "\n".join(lines))


def test_the_values_of_blocks():
    same_text(fine("ckpt-inspect", "-v", "blk.0.weight[:,:2]", net()),
              "blk.0.weight[:,:2]  q8_0 [2, 2]\n[[ -8.0,  -7.5],\n [-32.0, -30.0]]\n")
    shown = fine("ckpt-inspect", "--stats", net(), "blk.0.weight")
    tap.equal(shown.split("\n")[1].split()[:7],
              ["blk.0.weight", "q8_0", "[2,", "32]", "-32", "30", "-0.625"])


def test_blocks_become_floats_when_they_are_asked_to():
    """With a line that says so, and by no other way; what a block means is exact in f32."""
    wanted = struct.pack("<64f", *(scale * n for scale in (0.5, 2) for n in range(-16, 16)))
    fine("ckpt-convert", net(), "kept.ckpt")
    assert "weight  q8_0" in fine("ckpt-inspect", "kept.ckpt")
    for dtype, options in (("f32", ("--dtype", "f32")), ("f32", ("--dtype", "*.weight=f32"))):
        report = json.loads(fine("ckpt-convert", "--json", *options, net(), "wide.safetensors"))
        tap.equal([(c["kind"], c["what"], c["count"]) for c in report["changes"]], [("dtype", "q8_0 to f32", 1)])
        tap.equal([loss for loss in report["losses"] if loss["kind"] == "dtype"], [])
        tap.equal(read_safetensors("wide.safetensors")[0]["blk.0.weight"], ("F32", [2, 32], wanted))
    fine("ckpt-convert", "--dtype", "bf16", net(), "half.safetensors")
    half = b"".join(wanted[i + 2:i + 4] for i in range(0, len(wanted), 4))
    tap.equal(read_safetensors("half.safetensors")[0]["blk.0.weight"], ("BF16", [2, 32], half))
    shown = fine("ckpt-convert", "--dtype", "f32", "kept.ckpt", "wide.gguf")
    assert "  dtype     q8_0 to f32: 1\n" in shown, shown
    tap.equal(run("ckpt-diff", "--values", "wide.gguf", net()).status, 0)
    # Without being asked, a format that has no blocks takes none.
    assert "q8_0" in refused("ckpt-convert", net(), "no.safetensors")
    assert "q8_0" in refused("ckpt-convert", "--dtype", "q8_0", "wide.gguf", "no.gguf", status=1)


def test_long_lists_are_shortened():
    shown = fine("ckpt-inspect", "--metadata", net())
    same_text(shown, """\
general.architecture: string "llama"
llama.block_count: int 1
tokenizer.ggml.tokens: list of 20
  0: string "t0"
  1: string "t1"
  2: string "t2"
  3: string "t3"
  4: string "t4"
  5: string "t5"
  6: string "t6"
  7: string "t7"
  ... 10 more (--full)
  18: string "t18"
  19: string "t19"
gguf.types: map of 1
  llama.block_count: string "u32"
""")
    full = fine("ckpt-inspect", "--metadata", "--full", net())
    tap.equal([f't{i}"' in full for i in range(20)], [True] * 20)


def test_verify_reads_every_file_of_a_split_model():
    split = lambda i: [value("split.no", 2, struct.pack("<H", i)),
                       value("split.count", 2, struct.pack("<H", 2))]
    for i in range(2):
        gguf(f"s-0000{i + 1}-of-00002.gguf", split(i), [tensor(f"t{i}", [1], 0, 0)], b"\0" * 32)
    size = sum((work / f"s-0000{i}-of-00002.gguf").stat().st_size for i in (1, 2))
    tap.equal(fine("ckpt-verify", "s-00001-of-00002.gguf"),
              f"s-00001-of-00002.gguf: ok: structure only, {size} bytes without checksums\n")
    tap.equal(refused("ckpt-verify", "s-00002-of-00002.gguf"),
              "s-00002-of-00002.gguf: rule GG17: it is file 2 of 2 of a model; open the first, "
              "...-00001-of-00002.gguf")
    (work / "s-00002-of-00002.gguf").unlink()
    tap.equal(refused("ckpt-verify", "s-00001-of-00002.gguf"),
              "s-00002-of-00002.gguf: cannot open: no such file or directory")


def test_what_is_refused_is_told_with_its_place():
    tap.equal(refused("ckpt-inspect", net("bad.gguf", [value("", 0, b"\0")])),
              "bad.gguf: offset 357: rule GG5: a key is empty")
    tap.equal(refused("ckpt-verify", net("bad.gguf", data=b"\0" * 96)),
              "bad.gguf: offset 576: rule GG16: the file ends in the data, which need 588 bytes in "
              "all")


tap.main(globals())
