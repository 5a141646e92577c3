"""--json: what the manual page promises."""

import json

from clitools import fine, pack, work
import tap

NET = """\
ckpt-manifest: 1
metadata:
  big: 9223372036854775807
  whole: 1.0
  tiny: 5.0e-324
  nan: .nan
  inf: -.inf
  text: "a\\"\\\\\\e\\u202E\\U0001D4DC"
  blob: {$bytes: "AP8="}
  list: [null, true]
storages: [{size: 40}]
root:
  module: Net
  members:
    a:
      module: Block
      attributes: {dim: 2}
      members:
        w: &w {parameter: f16, shape: [2, 2], init: zeros}
        step: {buffer: u8, shape: [], init: zeros}
    b: {module: Block, members: {w: *w}}
    v: {parameter: f32, shape: [2, 3], strides: [1, 2], storage: 0, storage_offset: 4, init: ones}
"""


def read():
    name = pack("json", NET)
    text = fine("ckpt-inspect", "--json", name)
    tap.equal(text.isascii(), True)
    return json.loads(text)


def test_top_level():
    whole = read()
    tap.equal(list(whole), ["schema", "file", "totals", "metadata", "modules", "tensors",
                            "storages"])
    tap.equal(whole["schema"], 1)


def test_file():
    file = read()["file"]
    size = (work / "json.ckpt").stat().st_size
    tap.equal(file.pop("index_size") < size, True)
    tap.equal(file, {"path": "json.ckpt", "format": "ckpt", "version": [1, 0], "size": size,
                     "generation": 1, "recovered": "", "storages_with_checksums": 3,
                     "parts": []})


def test_totals():
    tap.equal(read()["totals"], {"modules": 3, "tensors": 3, "storages": 3, "names": 4,
                                 "parameters": 10, "buffers": 1, "storage_bytes": 49,
                                 "untied_bytes": 41})


def test_metadata():
    metadata = read()["metadata"]
    tap.equal(metadata, {"big": 2**63 - 1, "whole": 1.0, "tiny": 5e-324, "nan": "NaN",
                         "inf": "-Infinity", "text": "a\"\\\x1b\u202e\U0001d4dc",
                         "blob": {"$bytes": "00ff"}, "list": [None, True]})
    tap.equal(type(metadata["whole"]), float)


def test_modules():
    modules = read()["modules"]
    tap.equal(modules[0]["name"], "")
    by_name = {m["name"]: m for m in modules}
    tap.equal(sorted(by_name), ["", "a", "b"])
    tap.equal(by_name["a"]["type"], "Block")
    tap.equal(by_name["a"]["attributes"], {"dim": 2})
    tap.equal([m["name"] for m in by_name["a"]["members"]], ["w", "step"])
    tap.equal(by_name["a"]["members"][0], by_name["b"]["members"][0])
    tap.equal(by_name[""]["members"][0], {"name": "a", "module": by_name["a"]["id"]})


def test_tensors():
    by_name = {t["name"]: t for t in read()["tensors"]}
    tap.equal(sorted(by_name), ["a.step", "a.w", "v"])
    tied = by_name["a.w"]
    tap.equal((tied["names"], tied["name_count"]), (["a.w", "b.w"], 2))
    tap.equal(by_name["a.step"], {
        "id": by_name["a.step"]["id"], "name": "a.step", "names": ["a.step"], "name_count": 1,
        "kind": "buffer", "requires_grad": False, "dtype": "u8", "shape": [], "strides": [],
        "storage": by_name["a.step"]["storage"], "storage_offset": 0, "contiguous": True,
        "elements": 1, "bytes": 1})
    view = by_name["v"]
    tap.equal((view["strides"], view["storage_offset"], view["contiguous"], view["requires_grad"]),
              ([1, 2], 4, False, True))


def test_storages():
    whole = read()
    content = (work / "json.ckpt").read_bytes()
    for storage in whole["storages"]:
        tap.equal(storage["encoding"], "raw")
        tap.equal(storage["stored_bytes"], storage["bytes"])
        tap.equal((storage["chunk_size"], storage["chunk_count"]), (2**20, 1))
        tap.equal(len(storage["tensors"]), 1)
    view = next(t for t in whole["tensors"] if t["name"] == "v")
    storage = whole["storages"][view["storage"]]
    start = storage["file_offset"]
    tap.equal(content[start:start + 40], bytes(16) + b"\0\0\x80\x3f" * 6)


def test_millions_of_names_give_a_short_description():
    """A chain of modules that each stand at two places has 2^20 names for one tensor."""
    text = "{module: M, members: {w: {parameter: f32, shape: [], init: zeros}}}"
    for level in range(20):
        text = f"{{module: M, members: {{a: &m{level} {text}, b: *m{level}}}}}"
    name = pack("chain", f"ckpt-manifest: 1\nroot: {text}\n")
    whole = json.loads(fine("ckpt-inspect", "--json", name))
    tap.equal(whole["totals"]["names"], 2**20)
    tap.equal(whole["tensors"][0]["name_count"], 2**20)
    tap.equal(len(whole["tensors"][0]["names"]), 64)
    tap.equal(len(whole["modules"]), 21)


tap.main(globals())
