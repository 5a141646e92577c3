# SPDX-License-Identifier: MIT
"""The library and spec/decoder.py judge the same files alike, and spec/vectors/image.py writes what
the library writes.

    cd BUILD/tests/vectors
    python3 .../test_readers.py --probe ckpt_probe --generate ckpt_generate
    python3 .../test_readers.py --probe ckpt_probe --generate ckpt_generate --count 100000 [--seed 7]

The first form prints TAP. The second tries that many files, a tenth of them as they were generated,
the others mutated ones of those and of the vectors, and keeps those on which the readers differ.
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
from image import Image  # noqa: E402
from invalid_vectors import INVALID  # noqa: E402
from valid_vectors import PART_FILES, VALID  # noqa: E402
from vector_manifest import manifest  # noqa: E402

ACCESS = ("map", "read", "memory", "reader")
SAMPLE = 600
SAMPLE_GENERATED = 60
LARGEST_BASE = 40000  # bytes of a generated file that is mutated
SEED = 20240607
LARGE = ("large-storage", "limits", "generation-3", "chunks")
BASES = [name for name in VALID if name not in LARGE]  # for mutations


class Program:
    """A process that answers each line with one."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, encoding="utf-8")

    def ask(self, what, path):
        self.process.stdin.write(f"{what} {path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the program died, status {self.process.wait()}: {what} {path}")
        return line.rstrip("\n")


def ours(data, directory=None):
    """What decoder.py says: an object, or the rule."""
    try:
        file = decoder.decode(data, verify=True, directory=directory)
    except decoder.Reject as rejection:
        return rejection.rule
    return decoder.describe(file, with_bytes=True)


def has_parts(data):
    """As the slots say. Such a file has its parts only when it is opened by its path."""
    return len(data) >= 8192 and (data[16] | data[4096 + 16]) & 1


def theirs(line):
    return line.split()[1].rstrip(":") if line.startswith("reject ") else json.loads(line)


class Comparison:
    def __init__(self, probe, generator):
        self.probe = Program(probe)
        self.generator = Program(generator)
        self.directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.directory.name) / "file.ckpt"
        make.write_parts(self.directory.name)

    def answers(self, data, access=ACCESS):
        """(what the decoder says, what the library says), the latter by every kind of access."""
        self.path.write_bytes(data)
        if has_parts(data):
            access = ("map", "read")
        lines = {self.probe.ask(kind, self.path) for kind in access}
        if len(lines) != 1:
            raise AssertionError("the kinds of access differ:\n" + "\n".join(sorted(lines)))
        return ours(data, self.directory.name), theirs(lines.pop())

    def agree(self, data, access=ACCESS):
        """Both reject, or both find the same; the reasons may differ. None, or the difference."""
        return self.judge(*self.answers(data, access))

    @staticmethod
    def judge(wanted, got):
        if isinstance(wanted, str) and isinstance(got, str) or wanted == got:
            return None
        return f"decoder.py: {str(wanted)[:300]}\nlibrary:    {str(got)[:300]}"


    def generated(self, seed):
        """(kind, bytes) of a random file."""
        kind = self.generator.ask(str(seed), self.path)
        return kind, self.path.read_bytes()

    def agree_on_generated(self, seed):
        """As agree, for a file that must be accepted; and saving what is read of it, if it is not
        edited, gives the very file."""
        kind, data = self.generated(seed)
        wanted, got = self.answers(data)
        if isinstance(wanted, str) or wanted != got:
            return data, f"decoder.py: {str(wanted)[:300]}\nlibrary:    {str(got)[:300]}"
        if kind != "edited":
            again = bytes.fromhex(json.loads(self.probe.ask("again", self.path)))
            if again != data:
                return data, f"{kind}: saved again, it has other bytes"
        return data, None


def mutated_files(comparison, count, seed):
    """(name, bytes); the file with a number is the same for every count. Half of them come from the
    vectors, half from generated files, which are used a few times each."""
    made = {name: VALID[name]()[0] for name in BASES}
    generated, base = "", b""
    for i in range(count):
        generator = random.Random(f"{seed}/{i}")
        if i % 16 == 0:
            generated, base = f"generated-{seed + i}", comparison.generated(seed + i)[1]
        name = generator.choice(BASES)
        data = made[name]
        if generator.randrange(2) and len(base) <= LARGEST_BASE:
            name, data = generated, base
        yield f"{name}-{seed}-{i}", mutate.mutated(generator, data)


def keep(name, data, difference):
    kept = pathlib.Path(f"{name}.ckpt")
    kept.write_bytes(data)
    print(f"{kept}:\n{difference}", flush=True)


def search(comparison, count, seed):
    """The command of its own; returns the number of files on which the readers differ."""
    different = accepted = 0
    for i in range(count // 10):
        data, difference = comparison.agree_on_generated(seed + i)
        if difference:
            different += 1
            keep(f"generated-{seed + i}", data, difference)
    for name, data in mutated_files(comparison, count - count // 10, seed):
        wanted, got = comparison.answers(data)
        accepted += not isinstance(wanted, str)
        difference = comparison.judge(wanted, got)
        if difference:
            different += 1
            keep(name, data, difference)
    print(f"{count // 10} generated files; {count - count // 10} mutated ones, {accepted} of them "
          f"accepted; {different} differences")
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probe", required=True)
    parser.add_argument("--generate", required=True)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    comparison = Comparison(options.probe, options.generate)
    if options.count:
        sys.exit(1 if search(comparison, options.count, options.seed) else 0)
    tap.main(tests(comparison))


def tests(comparison):
    def test_valid_vectors_are_read_alike():
        for name, make in VALID.items():
            wanted, got = comparison.answers(make()[0])
            tap.equal(got, wanted, name)

    def test_valid_vectors_have_their_manifest():
        for name, make in VALID.items():
            data, root, metadata = make()
            comparison.path.write_bytes(data)
            got = json.loads(comparison.probe.ask("manifest", comparison.path))
            tap.equal(got, manifest(root, metadata), name)

    def test_saving_gives_the_canonical_form():
        for name, make in VALID.items():
            data, root, metadata = make()
            comparison.path.write_bytes(data)
            got = bytes.fromhex(json.loads(comparison.probe.ask("save", comparison.path)))
            for storage in Image(root, metadata, parts=PART_FILES).payload:
                storage.at = storage.chunk_log2 = storage.form = storage.chunks = None
                storage.part = None
            wanted = Image(root, metadata)
            if got != wanted.build():
                raise AssertionError(f"{name}: {len(got)} bytes, but not those of image.py")

    def test_invalid_vectors_break_the_same_rule():
        for name, make in INVALID.items():
            wanted, got = comparison.answers(make())
            tap.equal(wanted, name.split("-")[0], name)
            # Without a magic it is no .ckpt file to the library, and no rule of the format.
            if got in ("CKPT_E_FORMAT", "CKPT_E_TRUNCATED") and wanted in ("H1", "H2"):
                continue
            tap.equal(got, wanted, name)

    def test_boundary_values_in_every_field():
        for base in ("views", "generation-2", "values", "shards"):
            for what, data in mutate.boundary_files(VALID[base]()[0]):
                difference = comparison.agree(data, ("memory",))
                if difference:
                    raise AssertionError(f"{base}: {what}\n{difference}")

    def test_generated_files():
        print(f"# seed {SEED}, {SAMPLE_GENERATED} files")
        for i in range(SAMPLE_GENERATED):
            _, difference = comparison.agree_on_generated(SEED + i)
            if difference:
                raise AssertionError(f"seed {SEED + i}\n{difference}")

    def test_mutated_files():
        print(f"# seed {SEED}, {SAMPLE} files")
        accepted = 0
        for name, data in mutated_files(comparison, SAMPLE, SEED):
            wanted, got = comparison.answers(data)
            difference = comparison.judge(wanted, got)
            if difference:
                raise AssertionError(f"{name}\n{difference}")
            accepted += not isinstance(wanted, str)
        # Mutations that leave nothing to compare would prove little.
        if not SAMPLE // 20 < accepted < SAMPLE // 2:
            raise AssertionError(f"{accepted} of {SAMPLE} mutated files are sound")

    def test_files_without_their_place_have_no_parts():
        for name in ("shards", "base", "encoded-shard"):
            comparison.path.write_bytes(VALID[name]()[0])
            for access in ("memory", "reader"):
                tap.equal(theirs(comparison.probe.ask(access, comparison.path)), "F8", name)
                tap.equal(ours(VALID[name]()[0]), "F8", name)

    def test_truncated_files():
        data = VALID["small"]()[0]
        for size in range(len(data)):
            wanted, got = comparison.answers(data[:size], ("memory",))
            if not isinstance(got, str) or not isinstance(wanted, str):
                raise AssertionError(f"accepted with {size} of {len(data)} bytes")

    return {name: function for name, function in locals().items() if name.startswith("test_")}


main()
