"""Manifests, written by the library and read by PyYAML, and the other way round.

    test_manifest_yaml.py MODEL_PROBE
"""

import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

yaml = tap.need("yaml")
PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
SEED = 20240607
print(f"# seed {SEED}")


class Dumper(yaml.SafeDumper):
    """PyYAML leaves strings like 1e3 plain, which a manifest may not: quote all of them."""


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def run(*arguments):
    return subprocess.run([PROBE, *arguments], capture_output=True)


def reread(text):
    path = pathlib.Path(DIRECTORY.name, "m.yaml")
    path.write_text(text, encoding="utf-8", newline="")
    result = run("reread", path)
    if result.returncode != 0:
        raise AssertionError(f"{result.stderr.decode()}\n{text[:2000]}")
    return result.stdout.decode("utf-8")


def dump(document):
    return yaml.dump(document, Dumper=Dumper, sort_keys=False)


def random_string(rng):
    pools = ["abc _-./$+()@", "yesnoNULLtruefalse~0123456789.:e+-x", "\"'\\,[]{}#&*!|>%@`: \t\n",
             "\x01\x1b\x7f\x85\xa0\u2028\u2029\ufeff\u202e\u200bé漢字\U0001f600\ufffe"]
    return "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(12)))


def random_float(rng):
    value = struct.unpack("<d", rng.randbytes(8))[0]
    return value if math.isfinite(value) else rng.choice([math.inf, -math.inf, 0.0, -0.0, 1e16])


def random_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {random_string(rng).lstrip("$"): random_value(rng, depth + 1)
                for _ in range(rng.randrange(4))}
    return [None, rng.random() < 0.5, rng.randint(-2**63, 2**63 - 1), random_float(rng),
            random_string(rng), rng.randrange(100)][kind]


def random_tensor(rng):
    tensor = {rng.choice(["parameter", "buffer"]): rng.choice(["f32", "i64", "bf16", "bool"]),
              "shape": [rng.randrange(4) for _ in range(rng.randrange(3))]}
    return tensor


def random_module(rng, shared, depth=0):
    """shared: modules and tensors that are finished, to be used again."""
    module = {"module": random_string(rng)}
    attributes = {random_string(rng).lstrip("$"): random_value(rng) for _ in range(rng.randrange(3))}
    if attributes:
        module["attributes"] = attributes
    members = {}
    for _ in range(rng.randrange(5 if depth < 4 else 1)):
        name = random_string(rng).replace(".", "")
        if shared and rng.random() < 0.3:
            members[name] = rng.choice(shared)
        elif rng.random() < 0.5:
            members[name] = random_tensor(rng)
            shared.append(members[name])
        else:
            members[name] = random_module(rng, shared, depth + 1)
            shared.append(members[name])
    if members:
        module["members"] = members
    return module


def random_document(rng):
    document = {"ckpt-manifest": 1}
    metadata = {random_string(rng).lstrip("$"): random_value(rng) for _ in range(rng.randrange(5))}
    if metadata:
        document["metadata"] = metadata
    document["root"] = random_module(rng, [])
    return document


def fingerprint(value):
    """A value with its types and its order: 1 is not 1.0 and not True, -0.0 is not 0.0."""
    if isinstance(value, dict):
        return "map", [(k, fingerprint(v)) for k, v in value.items()]
    if isinstance(value, list):
        return "list", [fingerprint(v) for v in value]
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    return type(value).__name__, value


def identities(document):
    """For each member in the order of a walk, the number of the object: equal where it is tied."""
    numbers, found = {}, []

    def walk(module):
        for name, member in module.get("members", {}).items():
            new = id(member) not in numbers
            found.append((name, numbers.setdefault(id(member), len(numbers))))
            if new and "module" in member:
                walk(member)

    walk(document["root"])
    return found


def test_a_tie_is_one_object_in_python():
    text = reread("""
ckpt-manifest: 1
root:
  module: Sequential
  members:
    "0": &a
      module: Linear
      members:
        weight: &w {parameter: f32, shape: [2, 2]}
    "1": {module: ReLU}
    "2": *a
    "3": {module: Linear, members: {weight: *w}}
    "4": {module: ReLU}
""")
    members = yaml.safe_load(text)["root"]["members"]
    tap.equal(list(members), ["0", "1", "2", "3", "4"])
    assert members["0"] is members["2"]
    assert members["0"]["members"]["weight"] is members["3"]["members"]["weight"]
    assert members["1"] is not members["4"]


def test_what_PyYAML_writes_is_read_and_comes_back():
    rng = random.Random(SEED)
    for number in range(150):
        document = random_document(rng)
        text = reread(dump(document))
        again = yaml.safe_load(text)
        tap.equal(fingerprint(again), fingerprint(document), f"document {number}")
        tap.equal(identities(again), identities(document), f"ties of document {number}")
        tap.equal(reread(text), text, f"canonical text of document {number}")


def test_floats_keep_every_bit():
    rng = random.Random(SEED + 1)
    values = [random_float(rng) for _ in range(3000)]
    values += [m * 10.0 ** e for m in (1.0, -2.5, 9.99) for e in range(-30, 30)]
    text = reread(dump({"ckpt-manifest": 1, "metadata": {"x": values},
                        "root": {"module": ""}}))
    tap.equal(fingerprint(yaml.safe_load(text)["metadata"]["x"]), fingerprint(values))


def test_the_text_is_ASCII_where_characters_could_mislead():
    text = reread(dump({"ckpt-manifest": 1, "metadata": {"x": "a\u202eb\x1b\u2028\u200b"},
                        "root": {"module": "é"}}))
    for character in "\u202e\x1b\u2028\u200b":
        assert character not in text, ascii(character)
    assert "é" in text


def test_the_example_is_a_manifest():
    example = pathlib.Path(__file__).resolve().parents[3] / "examples/digits/digits.yaml"
    result = run("reread", example)
    tap.equal(result.returncode, 0, result.stderr.decode())
    again, wanted = yaml.safe_load(result.stdout), yaml.safe_load(example.read_text())
    tap.equal(again["root"], wanted["root"])
    tap.equal(again["metadata"], wanted["metadata"])
    assert again["root"]["members"]["2"] is again["root"]["members"]["4"]


tap.main(globals())
