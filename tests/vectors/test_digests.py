# SPDX-License-Identifier: MIT
"""The digest of section 13.1: the same from both readers, and from the text itself.

    python3 tests/vectors/test_digests.py --probe BUILD/tests/vectors/ckpt_probe

That the library's digest is the decoder's for every vector, and for mutated files by every kind of
access, test_readers.py shows: the digest is part of what it compares.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
VECTORS = SPEC / "vectors"
sys.path[:0] = [str(ROOT / "tests"), str(SPEC), str(VECTORS)]

import tap  # noqa: E402

import decoder  # noqa: E402
import identity  # noqa: E402
import make  # noqa: E402
import mutate  # noqa: E402
from image import Image, Module, Storage, Tensor  # noqa: E402
from sound import pattern  # noqa: E402
from valid_vectors import VALID  # noqa: E402


def recorded():
    """{name of the vector: digest}"""
    lines = (VECTORS / "digests.txt").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def digest(data):
    return decoder.digest(decoder.decode(data, directory=VECTORS / "valid"))


def content(file):
    """All that the digest is of, by the numbers of the file."""
    described = decoder.describe(file)
    storages = [hashlib.sha256(file.storage_bytes(i)).hexdigest()
                for i in range(len(file.storage_records))]
    return json.dumps([described["metadata"], described["modules"], described["tensors"], storages])


def model(prefix=b"", **options):
    """A file with the same model for all options."""
    shared = Storage(pattern(9000, 3))
    weight = Tensor("f32", [10, 20], shared, offset=40)
    inner = Module("Linear", {"in": 20}, [("weight", weight), (
        "rows", Tensor("f32", [5, 20], shared, strides=[40, 1]))])
    root = Module("", None, [("a", inner), ("b", Module("Box", None, [("in it", inner)])),
                             ("tied", weight), ("u", Tensor("u8", [7], Storage(pattern(7, 4))))])
    return Image(root, {"epoch": 3, "name": "x"}, kept=prefix, **options).build()


def tests(probe):
    def test_recorded_digests_are_those_of_the_vectors():
        files = {path.name: path.read_bytes() for path in (VECTORS / "valid").glob("*.ckpt")}
        tap.equal(sorted(recorded()), sorted(files))
        for name, data in files.items():
            tap.equal(digest(data), recorded()[name], name)
        tap.equal(make.digests(make.vectors()), (VECTORS / "digests.txt").read_text())

    def test_library_gives_the_recorded_digests():
        for name, wanted in recorded().items():
            data = (VECTORS / "valid" / name).read_bytes()
            has_parts = decoder.decode(data).part_records
            for access in ("map", "read") if has_parts else ("map", "read", "memory", "reader"):
                process = subprocess.run([probe], input=f"{access} {VECTORS}/valid/{name}\n",
                                         capture_output=True, text=True, check=True)
                tap.equal(json.loads(process.stdout)["digest"], wanted, f"{name} by {access}")

    def test_stream_of_the_small_vector_word_by_word():
        def text(string):
            return struct.pack("<Q", len(string)) + string

        def numbers(*values):
            return struct.pack(f"<{len(values)}Q", *values)

        empty_map = numbers(7, 0)
        stream = bytes.fromhex("636B7074206964656E7469747920310A") + empty_map + numbers(3)
        stream += text(b"Sequential") + empty_map + numbers(3)
        stream += text(b"0") + numbers(1, 2) + text(b"1") + numbers(1, 1)
        stream += text(b"2") + numbers(1, 2)
        stream += text(b"ReLU") + empty_map + numbers(0)
        stream += text(b"Linear") + numbers(7, 1) + text(b"bias") + numbers(1, 0) + numbers(1)
        stream += text(b"weight") + numbers(2, 0)
        stream += numbers(1) + text(b"f32") + numbers(4, 1, 4, 4, 0, 0, 2, 2, 2)
        stream += numbers(1) + numbers(16) + hashlib.sha256(struct.pack("<4f", 1, 2, 3, 4)).digest()
        file = decoder.decode((VECTORS / "valid" / "small.ckpt").read_bytes())
        tap.equal(b"".join(identity.identity_stream(file)).hex(), stream.hex())
        tap.equal(hashlib.sha256(stream).hexdigest(), recorded()["small.ckpt"])

    def test_example_of_the_specification():
        text = (SPEC / "ckpt-format.md").read_text()
        match = re.search(r"small.ckpt` \(section 16\), for which the stream has (\d+) bytes, is\s+"
                          r"`([0-9a-f]{64})`", text)
        file = decoder.decode((VECTORS / "valid" / "small.ckpt").read_bytes())
        size = sum(map(len, identity.identity_stream(file)))
        tap.equal(match.groups(), (str(size), recorded()["small.ckpt"]))

    def test_layout_makes_no_difference():
        wanted = digest(model())
        for options in ({"chunk_log2": 12}, {"chunk_log2": 0}, {"minor": 1, "wider": 8},
                        {"extra": [(0x80000001, 0, 1, b"private")]}):
            tap.equal(digest(model(**options)), wanted, str(options))

    def test_generations_make_no_difference():
        known = recorded()
        for names in (("generation-2", "damaged-older-slot", "blank-older-slot",
                       "interrupted-second-edit"),
                      ("interrupted-edit", "interrupted-before-writing", "torn-slot",
                       "damaged-other-slot")):
            tap.equal(len({known[f"{name}.ckpt"] for name in names}), 1, str(names))

    def test_numbers_of_objects_make_no_difference():
        """The vector whose modules are in another order, saved in canonical form."""
        data, root, metadata = VALID["other-order"]()
        canonical = Image(root, metadata).build()
        if canonical == data:
            raise AssertionError("the vector is in canonical form")
        tap.equal(digest(canonical), digest(data))

    def test_change_behind_right_checksums_changes_the_digest():
        """Every accepted file that one field away from a sound one makes: the digest is another
        exactly when the content is."""
        accepted = changed = 0
        for base in ("views", "generation-2", "values", "tied-tensor", "shared-module"):
            original = decoder.decode(VALID[base]()[0])
            wanted, before = decoder.digest(original), content(original)
            for what, data in mutate.boundary_files(VALID[base]()[0]):
                try:
                    file = decoder.decode(data)
                except decoder.Reject:
                    continue
                accepted += 1
                same = content(file) == before
                changed += not same
                tap.equal(decoder.digest(file) == wanted, same, f"{base}: {what}")
        if changed < 30 or accepted == changed:
            raise AssertionError(f"{accepted} files are sound, {changed} of them another model")

    def test_decoder_as_a_program():
        path = VECTORS / "valid" / "views.ckpt"
        run = subprocess.run([sys.executable, SPEC / "decoder.py", "--digest", path],
                             capture_output=True, text=True)
        tap.equal((run.returncode, run.stdout), (0, recorded()["views.ckpt"] + "\n"))

    return {name: function for name, function in locals().items() if name.startswith("test_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probe", default=os.environ.get("CKPT_PROBE"))
    options = parser.parse_args()
    if not options.probe:
        parser.error("--probe, or CKPT_PROBE in the environment, names the program")
    tap.main(tests(options.probe))


main()
