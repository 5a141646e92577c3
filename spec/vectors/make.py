# SPDX-License-Identifier: MIT
"""Makes the test vectors.

    python3 spec/vectors/make.py              writes valid/ and invalid/ beside this file
    python3 spec/vectors/make.py --all DIR    the same in DIR, with the vectors that are not stored

valid/NAME.ckpt is a file that a reader accepts, valid/NAME.part a file that others name (section 8.2), valid/NAME.yaml the manifest of what is in it and its line in digests.txt the digest (section 13.1 of the specification), as sha256sum writes lists.
invalid/RULE-NAME.ckpt breaks RULE. The same bytes every time, on every machine."""

import pathlib
import sys
import tempfile

from broken_parts import DAMAGED_FILES
from invalid_vectors import INVALID, UNSTORED
from valid_vectors import PART_FILES, VALID
from vector_manifest import manifest

import decoder  # one directory up, which image.py has put on the path

HERE = pathlib.Path(__file__).resolve().parent


def vectors(everything=False):
    """{relative path: bytes}"""
    files = {}
    for name, make in VALID.items():
        data, root, metadata = make()
        files[f"valid/{name}.ckpt"] = data
        files[f"valid/{name}.yaml"] = manifest(root, metadata).encode()
    for name, data in PART_FILES.items():
        files[f"valid/{name}"] = data
    for name, data in DAMAGED_FILES.items():
        files[f"invalid/{name}"] = data
    for name, make in INVALID.items():
        if everything or name not in UNSTORED:
            files[f"invalid/{name}.ckpt"] = make()
    return files


def write_parts(directory):
    """All files that vectors name, for readers of vectors that are made elsewhere."""
    for name, data in (PART_FILES | DAMAGED_FILES).items():
        (pathlib.Path(directory) / name).write_bytes(data)


def digests(files):
    """The text of digests.txt."""
    with tempfile.TemporaryDirectory() as directory:
        write_parts(directory)
        lines = [f"{decoder.digest(decoder.decode(data, directory=directory))}"
                 f"  {name.removeprefix('valid/')}\n"
                 for name, data in sorted(files.items())
                 if name.startswith("valid/") and name.endswith(".ckpt")]
    return "".join(lines)


def write(directory, files):
    for part in ("valid", "invalid"):
        (directory / part).mkdir(parents=True, exist_ok=True)
        for old in (directory / part).iterdir():
            if f"{part}/{old.name}" not in files:
                old.unlink()
    for path, data in files.items():
        (directory / path).write_bytes(data)
    (directory / "digests.txt").write_text(digests(files))


def main(arguments):
    if arguments and (arguments[0] != "--all" or len(arguments) != 2):
        print(__doc__, file=sys.stderr)
        return 2
    files = vectors(everything=bool(arguments))
    write(pathlib.Path(arguments[1]) if arguments else HERE, files)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
