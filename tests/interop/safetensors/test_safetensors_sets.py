"""Sets of shards: as huggingface_hub divides and names them, and refused where the index and the
shards do not agree.

    test_safetensors_sets.py MODEL_PROBE
"""

import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

safetensors = tap.need("safetensors")
torch = tap.need("torch")
import safetensors.torch

PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
SEED = 20240613
print(f"# seed {SEED}")
INDEX = "model.safetensors.index.json"


class Set:
    """A directory of its own."""

    def __init__(self, name):
        self.path = pathlib.Path(DIRECTORY.name, name)
        self.path.mkdir()

    def __truediv__(self, name):
        return self.path / name

    def names(self):
        return sorted(file.name for file in self.path.iterdir())


def run(*arguments):
    result = subprocess.run([PROBE, *arguments], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    return result.stdout.decode()


def opened(file):
    return run("open", file).rstrip("\n")


def dump(file):
    """In order: (name, kind, dtype, shape, bytes); the names of each tensor; the metadata."""
    tensors, ties, metadata = [], {}, {}
    for line in run("dump", file).split("\n")[:-1]:
        if "\t" in line:
            name, kind, dtype, shape, number, data = line.split("\t")
            tensors.append((name, kind, dtype, shape, data))
            ties.setdefault(number, []).append(name)
        else:
            key, _, value = line.partition("=")
            metadata[key] = value
    return tensors, sorted(map(sorted, ties.values())), metadata


def shards_of(sizes, limit):
    """What split_torch_state_dict_into_shards of huggingface_hub does, from its description: names
    in order, a new shard where the next tensor would make one too large, and a shard of its own for
    what is too large alone, which comes before the one that is being filled."""
    shards, current, filled = [], [], 0
    for name, size in sizes.items():
        if size > limit:
            shards.append([name])
            continue
        if filled + size > limit:
            shards.append(current)
            current, filled = [], 0
        current.append(name)
        filled += size
    if current:
        shards.append(current)
    return shards


def random_tensors(rng, count):
    return {f"{rng.choice('zab')}.{i}.{rng.choice(['w', 'ü'])}":
            torch.randint(0, 100, (rng.choice([0, 1, 10, 30, 100]),),
                          dtype=rng.choice([torch.uint8, torch.int16]))
            for i in range(count)}


def order_of_modules(names):
    """As the names stand when each has been added to a tree."""
    tree = {}
    for name in names:
        node = tree
        for component in name.split("."):
            node = node.setdefault(component, {})
    def walk(node, prefix):
        for component, child in node.items():
            yield from walk(child, prefix + [component]) if child else [".".join(prefix + [component])]
    return list(walk(tree, []))


def test_sets_are_divided_and_named_as_by_huggingface_hub():
    rng = random.Random(SEED)
    for number in range(25):
        place = Set(f"w{number}")
        tensors = random_tensors(rng, rng.randrange(2, 25))
        limit = rng.choice([50, 100, 150])
        safetensors.torch.save_file(tensors, place / "one.safetensors", metadata={"format": "pt"})
        names = [item[0] for item in dump(place / "one.safetensors")[0]]
        run("saveas", "safetensors", place / "one.safetensors", place / INDEX, str(limit))
        shards = shards_of({name: tensors[name].nbytes for name in names}, limit)
        files = [f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))]
        tap.equal(place.names(), sorted([*files, INDEX, "one.safetensors"]))
        for file, content in zip(files, shards):
            safetensors.torch.save_file({name: tensors[name] for name in content},
                                        place / "wanted", metadata={"format": "pt"})
            tap.equal((place / file).read_bytes(), (place / "wanted").read_bytes(), file)
        index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values()),
                              "format": "pt"},
                 "weight_map": {name: file for file, content in zip(files, shards)
                                for name in content}}
        tap.equal((place / INDEX).read_text(), json.dumps(index, indent=2) + "\n")


def test_sets_that_were_written_are_read():
    rng = random.Random(SEED + 1)
    for number in range(15):
        place = Set(f"r{number}")
        tensors = random_tensors(rng, rng.randrange(2, 25))
        kept = rng.choice(list(tensors))
        pairs = {"format": "pt", "~tie 1": kept, "~tie 2": kept}
        safetensors.torch.save_file(tensors, place / "one.safetensors", metadata=pairs)
        run("saveas", "safetensors", place / "one.safetensors", place / INDEX, "100")
        one, ties, metadata = dump(place / "one.safetensors")
        again, ties_again, metadata_again = dump(place / INDEX)
        tap.equal(sorted(again), sorted(one))
        tap.equal((ties_again, metadata_again), (ties, metadata))
        names = list(json.loads((place / INDEX).read_text())["weight_map"])
        tap.equal([item[0] for item in again if not item[0].startswith("~tie")],
                  order_of_modules(names))
        run("saveas", "safetensors", place / INDEX, place / "back.safetensors")
        run("saveas", "safetensors", place / "one.safetensors", place / "wanted.safetensors")
        tap.equal((place / "back.safetensors").read_bytes(),
                  (place / "wanted.safetensors").read_bytes())


def test_what_fits_into_one_file_is_one_file():
    place = Set("fits")
    safetensors.torch.save_file({"a": torch.ones(3)}, place / "one.safetensors")
    run("saveas", "safetensors", place / "one.safetensors", place / "model.safetensors", "12")
    tap.equal((place / "model.safetensors").read_bytes(), (place / "one.safetensors").read_bytes())
    run("saveas", "safetensors", place / "one.safetensors", place / INDEX, "12")
    tap.equal(place.names(), ["model-00001-of-00001.safetensors", "model.safetensors",
                              INDEX, "one.safetensors"])
    run("saveas", "safetensors", place / INDEX, place / "other.safetensors", "11")
    tap.equal((place / "other.safetensors").read_bytes(), (place / "one.safetensors").read_bytes())


# ---- sets that are wrong ----

A, B = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def make(name, index=None, text=None, a=("a.x", "a.y"), b=("b",)):
    place = Set(name)
    safetensors.torch.save_file({n: torch.ones(2) for n in a}, place / A, metadata={"k": "1"})
    safetensors.torch.save_file({n: torch.ones(3) for n in b}, place / B, metadata={"k": "1"})
    if text is None:
        text = json.dumps(index or good())
    (place / INDEX).write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def good(**more):
    return {"metadata": {"total_size": 28}, "weight_map": {"b": B, "a.x": A, "a.y": A}, **more}


def test_an_index_is_known_by_its_content():
    place = make("known")
    (place / "x.bin").write_bytes(b" \n" + (place / INDEX).read_bytes())
    tensors, _, metadata = dump(place / "x.bin")
    tap.equal([item[0] for item in tensors], ["b", "a.x", "a.y"])
    tap.equal(metadata, {"k": "1"})
    place = make("sorted", text=json.dumps({"weight_map": good()["weight_map"]}))
    tap.equal(opened(place / INDEX), "CKPT_OK")
    assert opened(make("other", text='{"weights": {}}') / INDEX).startswith("CKPT_E_FORMAT ")


def test_values_of_the_metadata():
    values = {"total_size": 28, "total_parameters": 7, "s": "text", "tie": "b", "flag": True,
              "nothing": None, "ratio": 1.5e-3}
    place = make("values", good(metadata=values))
    manifest = run("manifest", place / INDEX)
    for line in ("total_parameters: 7", "s: text", "flag: true", "nothing: null", "ratio: 0.0015"):
        assert line in manifest, (line, manifest)
    assert "total_size" not in manifest, manifest
    tap.equal(dump(place / INDEX)[1], [["a.x"], ["a.y"], ["b", "tie"]])


def losses(file):
    target = pathlib.Path(DIRECTORY.name, "losses.ckpt")
    return [line.split("\t")[:2] for line in
            run("saveas", "ckpt", file, target).split("\n")[:-1]]


def test_what_does_not_agree_but_does_no_harm_is_told():
    tap.equal(losses(make("total", good(metadata={"total_size": 27})) / INDEX),
              [["metadata", "total_size"]])
    place = make("texts")
    safetensors.torch.save_file({"b": torch.ones(3)}, place / B, metadata={"k": "2", "l": "3"})
    tap.equal(losses(place / INDEX), [["metadata", "k"]])
    tap.equal(dump(place / INDEX)[2], {"k": "2", "l": "3"})
    tap.equal(losses(make("none") / INDEX), [])


def test_maps_that_are_wrong_are_refused():
    cases = {
        "not in its shard": (dict(index=good(weight_map={"b": B, "a.x": A, "a.y": A, "a.z": A})),
                             "CKPT_E_MISMATCH", "a.z"),
        "not in the map": (dict(index=good(weight_map={"b": B, "a.x": A})),
                           "CKPT_E_MISMATCH", "a.y"),
        "in another shard": (dict(index=good(weight_map={"b": B, "a.x": A, "a.y": B})),
                             "CKPT_E_MISMATCH", "a.y"),
        "in two shards": (dict(a=("a.x", "a.y", "b")), "CKPT_E_MISMATCH", "b"),
        "through a tensor": (dict(index=good(weight_map={"b": B, "b.x": A}), a=("b.x",)),
                             "CKPT_E_UNSUPPORTED", "b.x"),
    }
    for number, (what, (arguments, status, name)) in enumerate(cases.items()):
        got = opened(make(f"map{number}", **arguments) / INDEX)
        assert got.startswith(status + " ") and f"'{name}'" in got, (what, got)
        assert INDEX in got, got


def test_shards_lie_beside_their_index():
    outside = pathlib.Path(DIRECTORY.name, "outside.safetensors")
    safetensors.torch.save_file({"b": torch.ones(3)}, outside)
    for number, name in enumerate(["../outside.safetensors", str(outside), "..", ".", "", "x/y",
                                   "./" + B]):
        place = make(f"path{number}", good(weight_map={"b": name, "a.x": A, "a.y": A}))
        assert opened(place / INDEX).startswith("CKPT_E_BOUNDS "), name
    place = make("link")
    (place / B).unlink()
    os.symlink(outside, place / B)
    assert opened(place / INDEX).startswith("CKPT_E_IO "), opened(place / INDEX)
    place = make("fifo")
    (place / B).unlink()
    os.mkfifo(place / B)
    assert not opened(place / INDEX).startswith("CKPT_OK"), "a pipe"


def test_a_shard_that_is_missing_or_malformed_is_named():
    place = make("missing")
    (place / B).unlink()
    got = opened(place / INDEX)
    assert got.startswith("CKPT_E_NOT_FOUND ") and B in got, got
    place = make("short")
    (place / A).write_bytes((place / A).read_bytes()[:-1])
    got = opened(place / INDEX)
    assert got.startswith("CKPT_E_TRUNCATED ") and A in got, got
    place = make("self", good(weight_map={"b": INDEX, "a.x": A, "a.y": A}))
    assert opened(place / INDEX).startswith("CKPT_E_"), "an index that is its own shard"


def test_texts_that_are_no_index_are_refused():
    start, entry = '{"weight_map": ', f'"b": "{B}"'
    texts = [
        "{", '{"metadata"', '{"metadata":', '{"metadata":{}}', '{"metadata":{},}', start, start + "{",
        start + "{}", start + "{}}x", start + "{}}{}", start + "{},}", start + "[]}", start + "null}",
        start + '"b"}', start + '{"b": 1}}', start + '{"b": null}}', start + '{"b": ["x"]}}',
        start + "{" + entry + "," + entry + "}}", start + "{" + entry + ', "\\u0062": "' + A + '"}}',
        start + "{" + entry + ",}}", start + "{" + entry + "} " + '"metadata": {}}',
        start + '{}, "weight_map": {}}', '{"metadata": {}, "metadata": {}, "weight_map": {}}',
        start + '{}, "other": 1}', '{"metadata": [], "weight_map": {}}',
        '{"metadata": {"a": 1, "a": 2}, "weight_map": {}}',
        '{"metadata": {"a": "1", "\\u0061": "2"}, "weight_map": {}}',
        '{"metadata": {"a": {}}, "weight_map": {}}', '{"metadata": {"a": []}, "weight_map": {}}',
        start + '{"\\ud800": "' + B + '"}}', start + '{"\\u0000": "' + B + '"}}',
        start + '{"b": "' + B + '\\u0000"}}', b'{"weight_map": {"\xff": "x"}}',
        b'\xef\xbb\xbf{"weight_map": {}}', '{"weight_map": {}}\0',
    ]
    for number in ("01", "+1", "-0", "1.", ".5", "1e", "0x1", "NaN", "Infinity", "-", "1e999", "tru",
                   "9223372036854775808", "--1", "1 2"):
        texts.append('{"metadata": {"a": ' + number + '}, "weight_map": {}}')
    accepted = [start + "{}}"]
    texts.remove(start + "{}")
    for number, text in enumerate(texts):
        got = opened(make(f"text{number}", text=text) / INDEX)
        assert not got.startswith("CKPT_OK"), text
        assert not got.startswith("CKPT_E_MISMATCH"), (text, got)
    for number in ("0", "-1", "1.0", "-0.0", "1E+2", "9223372036854775807", "-9223372036854775808",
                   '"x"', "true", "false", "null"):
        accepted.append('{"metadata": {"a": ' + number + '}, "weight_map": {}}')
    for number, text in enumerate(accepted):
        tap.equal(opened(make(f"taken{number}", text=text) / INDEX), "CKPT_OK", text)


def test_an_index_without_its_directory_has_no_shards():
    place = make("memory")
    got = run("openmemory", place / INDEX)
    assert got.startswith("CKPT_E_UNSUPPORTED "), got


tap.main(globals())
