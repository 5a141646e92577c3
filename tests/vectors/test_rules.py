# SPDX-License-Identifier: MIT
"""The specification, its test vectors and its decoder agree."""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
VECTORS = SPEC / "vectors"
sys.path[:0] = [str(ROOT / "tests"), str(SPEC), str(VECTORS)]

import tap  # noqa: E402

import decoder  # noqa: E402
import hexdump  # noqa: E402
import make  # noqa: E402
from invalid_vectors import INVALID, UNSTORED  # noqa: E402
from xxh3 import xxh3_64  # noqa: E402

PARTS = tempfile.TemporaryDirectory()
make.write_parts(PARTS.name)
TEXT = (SPEC / "ckpt-format.md").read_text()
RULE = re.compile(r"^\| ([A-Z][0-9]+) \| ", re.MULTILINE)
PAYLOAD_RULES = ("C2", "C3", "F8", "F9", "Y1", "G1")


def stored(part):
    return sorted((VECTORS / part).glob("*.ckpt"))


def rejected_by(data, verify=True):
    try:
        decoder.decode(data, verify, directory=PARTS.name)
    except decoder.Reject as rejection:
        return rejection.rule
    return None


def test_rule_identifiers_stand_once():
    rules = RULE.findall(TEXT)
    tap.equal(len(rules), len(set(rules)))
    if len(rules) < 70:
        raise AssertionError(f"only {len(rules)} rules found")


def test_every_rule_has_a_vector_and_every_vector_a_rule():
    tap.equal({path.name.split("-")[0] for path in stored("invalid")}, set(RULE.findall(TEXT)))


def test_the_decoder_knows_exactly_the_rules_of_the_text():
    source = (SPEC / "decoder.py").read_text()
    tap.equal(set(re.findall(r'"([A-Z][0-9]{1,2})"', source)), set(RULE.findall(TEXT)))


def test_valid_vectors_are_accepted():
    for path in stored("valid"):
        tap.equal(rejected_by(path.read_bytes()), None, path.name)


def test_valid_vectors_have_a_manifest():
    tap.equal([path.with_suffix(".yaml").name for path in stored("valid")],
              sorted(path.name for path in (VECTORS / "valid").glob("*.yaml")))


def test_invalid_vectors_break_the_rule_of_their_name():
    for path in stored("invalid"):
        tap.equal(rejected_by(path.read_bytes()), path.name.split("-")[0], path.name)


def test_vectors_that_are_not_stored_break_the_rule_of_their_name():
    for name in sorted(UNSTORED):
        tap.equal(rejected_by(INVALID[name]()), name.split("-")[0], name)


def test_payload_rules_do_not_hinder_opening():
    for path in stored("invalid"):
        if path.name.startswith(PAYLOAD_RULES):
            tap.equal(rejected_by(path.read_bytes(), verify=False), None, path.name)


def test_stored_vectors_are_those_that_make_py_makes():
    wanted = make.vectors()
    got = {f"{path.parent.name}/{path.name}": path.read_bytes()
           for part in ("valid", "invalid") for path in (VECTORS / part).iterdir()}
    tap.equal(sorted(got), sorted(wanted))
    for name in wanted:
        if got[name] != wanted[name]:
            raise AssertionError(f"{name} is not what make.py makes")


def test_truncated_files_are_rejected():
    for name in ("small", "generation-2", "interrupted-edit"):
        data = (VECTORS / "valid" / f"{name}.ckpt").read_bytes()
        end = len(data) if name != "interrupted-edit" else decoder.decode(data).slot.file_size
        for size in [*range(0, 8192, 512), *range(8192, end)]:
            if rejected_by(data[:size], verify=False) is None:
                raise AssertionError(f"{name} is accepted with {size} of {len(data)} bytes")


def test_hex_dump_of_the_specification_is_that_of_its_vector():
    tap.equal(TEXT.partition("## 16. A file, byte by byte\n\n")[2], hexdump.section_16())
    data = (VECTORS / "valid" / "small.ckpt").read_bytes()
    covered = 0
    for line in hexdump.section_16().splitlines():
        match = re.match(r"([0-9a-f]{8})  (.*)", line)
        if not match:
            continue
        at, rest = int(match[1], 16), match[2]
        tap.equal(at, covered, "offset of the next line")
        zeros = re.match(r"(?:zeros up to ([0-9a-f]{8})|([0-9]+) zeros)", rest)
        if zeros:
            covered = int(zeros[1], 16) if zeros[1] else at + int(zeros[2])
            tap.equal(any(data[at:covered]), False, line)
        else:
            raw = bytes.fromhex(rest[:47])
            tap.equal(raw, data[at:at + len(raw)], line)
            covered += len(raw)
    tap.equal(covered, len(data))


def test_decoder_as_a_program():
    program = [sys.executable, str(SPEC / "decoder.py")]
    good = subprocess.run([*program, VECTORS / "valid" / "views.ckpt"],
                          capture_output=True, text=True)
    tap.equal((good.returncode, good.stdout), (0, "accept\n"))
    bad = subprocess.run([*program, "--json", VECTORS / "invalid" / "T2-rank-65.ckpt"],
                         capture_output=True, text=True)
    tap.equal((bad.returncode, bad.stdout[:11]), (1, "reject T2: "))


def test_registry_of_the_decoder_is_that_of_the_text():
    """Reads the table of section 6, whose cells list several names and layouts each."""
    table = TEXT.partition("The registry; names not in it")[2].partition("| rule |")[0]
    found = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 3 or not cells[1].isdigit():
            continue
        names, layouts = cells[0].split(), cells[2].split()
        layouts = layouts * len(names) if len(layouts) == 1 else layouts
        for name, layout in zip(names, layouts, strict=True):
            elements, size = layout.split("/")
            found[name] = (int(cells[1]), int(elements), int(size))
    tap.equal(found, decoder.REGISTRY)


def test_checksum_of_known_inputs():
    """From xxHash's own implementation; the sizes reach every branch."""
    known = {0: 0x2D06800538D394C2}
    known.update(KNOWN_CHECKSUMS)
    for size, checksum in known.items():
        tap.equal(xxh3_64(bytes(i * 7 % 251 for i in range(size))), checksum, f"{size} bytes")


KNOWN_CHECKSUMS = {  # size: checksum
    1: 0xC44BDFF4074EECDB, 3: 0xC3489259E968AD9E, 4: 0xD3D60C1519014E89,
    8: 0xB88DEE77F6BF6980, 9: 0x03688DCAD730D826, 16: 0x9DA23836ADF2BE1E,
    17: 0xF34C3C9CF5A112D1, 32: 0x99CB9AD0F1A11FBE, 33: 0xC077B45492D29CDE,
    128: 0x4C659B745F435148, 129: 0xB85222B83902B6E5, 240: 0xD6DFBF67B0675B54,
    241: 0xC614C8C3575348C1, 1024: 0xF22EF3DC84FF47EA, 1025: 0x43F869A83769A435,
    4096: 0x5D9027C84D5F33F7, 70000: 0xA0013843C2D0EE14}

tap.main(globals())
