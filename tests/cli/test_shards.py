"""Sets of safetensors files, which are given by their index."""

import json
import struct

from clitools import fine, refused, work
import tap

A, B = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"


def shard(name, tensors, **metadata):
    """tensors: name to the floats of one dimension."""
    header, data = {"__metadata__": {"format": "pt", **metadata}}, b""
    for key, values in tensors.items():
        content = struct.pack(f"<{len(values)}f", *values)
        header[key] = {"dtype": "F32", "shape": [len(values)],
                       "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    (work / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


def make():
    shard(A, {"embed.weight": [1, 2, 3]}, **{"head.weight": "embed.weight"})
    shard(B, {"layer.0.bias": [4], "norm.weight": [5, 6]})
    (work / INDEX).write_text(json.dumps(
        {"metadata": {"total_size": 24},
         "weight_map": {"embed.weight": A, "layer.0.bias": B, "norm.weight": B}}, indent=2))


def test_a_set_is_one_checkpoint():
    make()
    shown = json.loads(fine("ckpt-inspect", "--json", INDEX))
    tap.equal(shown["file"]["format"], "safetensors")
    tap.equal([entry["names"] for entry in shown["tensors"]],
              [["embed.weight", "head.weight"], ["layer.0.bias"], ["norm.weight"]])
    tap.equal(shown["metadata"], {"format": "pt"})


def test_values_come_from_the_shards():
    make()
    assert "5" in fine("ckpt-inspect", "--values", "norm.weight", INDEX)


def test_a_set_is_verified():
    make()
    out = fine("ckpt-verify", INDEX)
    assert out.startswith(f"{INDEX}: "), out


def test_a_shard_that_is_missing_is_named():
    make()
    (work / B).unlink()
    line = refused("ckpt-inspect", INDEX)
    assert B in line, line


def test_a_shard_that_was_exchanged_is_refused():
    make()
    shard(B, {"layer.0.bias": [4]})
    line = refused("ckpt-inspect", INDEX)
    assert "norm.weight" in line and B in line, line


tap.main(globals())
