# SPDX-License-Identifier: MIT
"""The library and spec/decoder.py read the older generations of a file alike.

    python3 tests/vectors/test_generations.py --probe BUILD/tests/vectors/ckpt_probe
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "spec"), str(ROOT / "spec" / "vectors")]

import tap  # noqa: E402

import decoder  # noqa: E402
import make  # noqa: E402
import mutate  # noqa: E402
from image import Image, Module, read_slot  # noqa: E402
from invalid_vectors import INVALID  # noqa: E402
from valid_vectors import PART_FILES, VALID  # noqa: E402

NAMES = ("generation-2", "generation-3", "retired-encoded", "interrupted-second-edit",
         "blank-older-slot", "parts-of-the-older", "parts-of-both", "parts-of-the-newer")
SEED, SAMPLE = 7, 300
# Vectors whose slot has the wrong features: those of an older generation are what its index shows.
SHOWN_BY_THE_INDEX = {"E1-no-feature", "E1-nothing-encoded", "F1-no-feature",
                      "F1-nothing-elsewhere"}


def ours(data, generation, directory=None):
    """What decoder.py finds, or the rule."""
    try:
        file = decoder.decode(data, verify=True, generation=generation, directory=directory)
    except decoder.Reject as rejection:
        return rejection.rule
    return decoder.describe(file, with_bytes=True) if file else "CKPT_E_NOT_FOUND"


class Comparison:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, encoding="utf-8")
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name) / "file.ckpt"
        make.write_parts(self.directory.name)

    def ours(self, data, generation):
        return ours(data, generation, self.directory.name)

    def theirs(self, data, generation):
        self.path.write_bytes(data)
        self.process.stdin.write(f"generation-{generation} {self.path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line.startswith("reject "):
            return line.split()[1].rstrip(":")
        return json.loads(line)


def as_older(data):
    """The file of a first generation with an empty second one behind it, to which all before the
    index is one retired storage."""
    slot = read_slot(data, 0)
    begin, size = slot["index_offset"], slot["index_size"]
    retired = [(8192, begin - 8192, 2, 1, 0)] if begin > 8192 else []
    retired.append((begin, size, 1, 1, slot["index_checksum"]))
    return Image(Module(""), sequence=2, minor=slot["version_minor"], kept=data,
                 retired=retired).build()


def tests(comparison):
    def test_every_generation_is_read_alike():
        for name in NAMES:
            data = VALID[name]()[0]
            numbers = decoder.generations(decoder.decode(data))
            tap.equal(numbers, list(range(1, len(numbers) + 1)), name)
            for number in numbers:
                wanted = comparison.ours(data, number)
                tap.equal(wanted["generation"], number)
                tap.equal(comparison.theirs(data, number), wanted, f"{name}, generation {number}")

    def test_an_older_generation_is_what_its_file_was():
        """Cut off behind its index, and with the slot that it had, it is a file of its own."""
        data, first = VALID["generation-2"]()[0], VALID["interrupted-before-writing"]()[0]
        old = decoder.decode(data, generation=1)
        before = decoder.decode(first)
        tap.equal(data[8192:old.slot.file_size], first[8192:before.slot.file_size])
        got, wanted = (decoder.describe(file, with_bytes=True) for file in (old, before))
        tap.equal({**got, "recovered": None}, {**wanted, "recovered": None})

    def test_generations_that_are_not_there():
        data = VALID["generation-3"]()[0]
        for number in (4, 2**32 + 1, 2**64 - 1):
            tap.equal(comparison.ours(data, number), "CKPT_E_NOT_FOUND")
            tap.equal(comparison.theirs(data, number), "CKPT_E_NOT_FOUND")

    def test_rules_hold_for_older_generations():
        """A file that breaks a rule of its index or payload breaks it too when another generation
        follows, which does not mind."""
        tried = set()
        for name, broken in INVALID.items():
            rule = name.split("-")[0]
            if rule[0] in "HRG":
                continue
            data = broken()
            slot = read_slot(data, 0)
            if slot["sequence"] != 1 or slot["index_size"] == 0 or any(data[4096:8192]):
                continue  # what cannot be older, or not be retired
            data = as_older(data)
            newest, older = comparison.ours(data, 2), comparison.ours(data, 1)
            if isinstance(newest, str):
                raise AssertionError(f"{name}: the newest generation breaks {newest}")
            tap.equal(comparison.theirs(data, 2), newest, name)
            tap.equal(comparison.theirs(data, 1), older, name)
            if name in SHOWN_BY_THE_INDEX:
                tap.equal(isinstance(older, str), False, name)
            else:
                tap.equal(older, rule, name)
            tried.add(rule)
        missing = {f"F{i}" for i in range(1, 10)} - tried
        tap.equal(missing, set())

    def test_newest_generation_needs_no_part_of_an_older_one():
        """Without the part it is read and verified; the older generation says what it lacks."""
        part = pathlib.Path(comparison.directory.name) / "shard-2.part"
        for name in ("parts-of-the-older", "parts-of-both"):
            data = VALID[name]()[0]
            whole = comparison.ours(data, 2)
            for content, rule in ((None, "F8"), (PART_FILES["shard-2.part"] + b"x", "F8"),
                                  (bytes(5000), "C2")):
                part.unlink()
                if content is not None:
                    part.write_bytes(content)
                for reader in (comparison.ours, comparison.theirs):
                    tap.equal(reader(data, 2), whole, name)
                    tap.equal(reader(data, 1), rule, name)
                part.write_bytes(PART_FILES["shard-2.part"])

    def test_mutated_files():
        accepted = 0
        for i in range(SAMPLE):
            generator = random.Random(f"{SEED}/{i}")
            name = generator.choice(NAMES)
            data = mutate.mutated(generator, VALID[name]()[0])
            wanted, got = comparison.ours(data, 1), comparison.theirs(data, 1)
            if wanted != got and not (isinstance(wanted, str) and isinstance(got, str)):
                raise AssertionError(f"{name}, seed {SEED}, number {i}:\n{wanted}\n{got}")
            accepted += not isinstance(wanted, str)
        if not 0 < accepted < SAMPLE:
            raise AssertionError(f"{accepted} of {SAMPLE} mutated files are sound")

    return {name: function for name, function in locals().items() if name.startswith("test_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probe", default=os.environ.get("CKPT_PROBE"))
    options = parser.parse_args()
    if not options.probe:
        parser.error("--probe, or CKPT_PROBE in the environment, names the program")
    tap.main(tests(Comparison(options.probe)))


main()
