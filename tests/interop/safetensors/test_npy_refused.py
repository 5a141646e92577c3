"""What NumPy refuses is refused: arrays by hand, and headers that were mutated.

    test_npy_refused.py MODEL_PROBE
"""

import io
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

numpy = tap.need("numpy")
PROBE = sys.argv[1]
DIRECTORY = tempfile.TemporaryDirectory()
SEED = 20260722
print(f"# seed {SEED}")
warnings.simplefilter("ignore")

GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n"


def npy(header=GOOD, data=bytes(8), major=1, minor=0, magic=b"\x93NUMPY", size=None):
    header = header.encode("latin-1") if isinstance(header, str) else header
    size = len(header) if size is None else size
    return magic + bytes([major, minor]) + struct.pack("<H" if major == 1 else "<I", size) + header + data


def npz(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for key, content in members.items():
            archive.writestr(key, content)
    return out.getvalue()


def numpy_takes(content):
    try:
        loaded = numpy.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(loaded, numpy.ndarray):
            for key in loaded.files:
                loaded[key]
        return True
    except Exception:
        return False


def judge(files):
    """Statuses and messages."""
    paths = []
    for number, content in enumerate(files):
        paths.append(pathlib.Path(DIRECTORY.name, f"{number}.npy"))
        paths[-1].write_bytes(content)
    result = subprocess.run([PROBE, "open", *paths], capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, b""), "model_probe")
    lines = result.stdout.decode().splitlines()
    tap.equal(len(lines), len(files))
    return [line.partition(" ")[::2] for line in lines]


def changed(old, new):
    assert old in GOOD
    return npy(GOOD.replace(old, new))


def malformed():
    yield npy(magic=b"\x93NUMPZ")
    for version in ((0, 0), (4, 0), (255, 0)):
        yield npy(major=version[0], minor=version[1])
    yield npy(minor=1)
    for size in (0, 1, len(GOOD) - 3, 60000, 65535):
        yield npy(size=size)
    for text in ("", " ", "\n", "{", "}", "{}", "[]", "None", "1", "()", GOOD[:-3], GOOD.rstrip()[:-1], GOOD + "x",
                 "x" + GOOD, GOOD.replace("{", "("), GOOD + GOOD, GOOD.replace(":", "="), GOOD.replace("'", ""),
                 GOOD.replace("'", "`"), GOOD.replace(", 'shape'", " 'shape'")):
        yield npy(text)
    for major in (1, 2, 3):
        yield npy(GOOD + " " * (10001 - len(GOOD)), major=major)
    for key in ("'descr': '<f4', ", "'fortran_order': False, ", "'shape': (2, 1), "):
        yield changed(key, "")
    yield changed("}", "'more': 1}")
    for descr in ("''", "'<'", "'<f3'", "'<z4'", "4", "None", "'<f4", "['<f4']", "'|O'", "'O'",
                  "'<f4\\x00'", "'<i3'", "'<u0x'"):
        yield changed("'<f4'", descr)
    for order in ("0", "1", "None", "'False'", "false", "FALSE", "[]"):
        yield changed("False", order)
    for shape in ("2", "(2)", "[2, 1]", "None", "'2'", "(2.0,)", "('2',)", "(2, None)", "(2,, 1)", "(,)", "(2 1)", "(2, 1",
                  "2, 1)", "(02, 1)", "(2, 1e0)", "(--2, 1)", "(2**1, 1)", "(1 << 1, 1)", "(3, 1)", "(4294967296, 4294967296)",
                  "(18446744073709551618,)", "(9223372036854775808,)", "(4194305, 4194305, 211106198978564)"):
        yield changed("(2, 1)", shape)
    yield npy(data=b"")
    yield npy(data=bytes(7))
    yield npy(GOOD.replace("'<f4'", "'|O'"), data=b"\x80\x04N.")
    yield npz({"a.npy": npy(), "b.npy": npy()[:-1]})
    yield npz({"a.npy": npy(GOOD[:-4])})
    yield npz({"a.npy": npy(), "b.npy": npy(GOOD.replace("'<f4'", "'|O'"))})
    yield npz({"a.npy": npy()})[:-5]
    yield npz({"a.npy": npy()})[:-60]


def test_what_numpy_refuses_is_refused():
    files = list(malformed())
    for content, (status, message) in zip(files, judge(files)):
        assert not numpy_takes(content), f"NumPy takes: {content!r}"
        assert status != "CKPT_OK", f"taken: {content!r}"
        assert message.strip(), content


# rule: (file, status, what the message says)
RULES = {
    "NP1": [(npy(major=4), "CKPT_E_VERSION", "version"), (npy(minor=1), "CKPT_E_VERSION", "version")],
    "NP2": [(npy(GOOD + " " * 10000), "CKPT_E_LIMIT", "10000"), (npy(size=9000), "CKPT_E_TRUNCATED", "ends in the header"),
            (npy()[:9], "CKPT_E_TRUNCATED", "ends in the header")],
    "NP3": [(npy("x" + GOOD), "CKPT_E_STRUCTURE", "offset 10"), (changed("}", "'more': 1}"), "CKPT_E_STRUCTURE", "unknown"),
            (changed("}", "'shape': (2, 1)}"), "CKPT_E_STRUCTURE", "duplicate"), (npy(GOOD + "x"), "CKPT_E_STRUCTURE", "end"),
            (changed("'shape': (2, 1), ", ""), "CKPT_E_STRUCTURE", "lacks"), (npy("{'descr"), "CKPT_E_STRUCTURE", "offset")],
    "NP4": [(changed("<f4", "|O"), "CKPT_E_UNSUPPORTED", "unpickled"), (changed("<f4", "=f4"), "CKPT_E_STRUCTURE", "byte order"),
            (changed("'<f4'", "[('a', '<f4')]"), "CKPT_E_UNSUPPORTED", "structured"),
            (changed("'<f4'", "4"), "CKPT_E_STRUCTURE", "string"), (changed("'<f4'", "'\\x3cf4'"), "CKPT_E_STRUCTURE", "malformed")],
    "NP5": [(changed("False", word), "CKPT_E_STRUCTURE", "fortran_order") for word in ("0", "None", "'True'", "false")],
    "NP6": [(changed("(2, 1)", "[2, 1]"), "CKPT_E_STRUCTURE", "tuple"), (changed("(2, 1)", "(2)"), "CKPT_E_STRUCTURE", "','"),
            (changed("(2, 1)", "(-2, 1)"), "CKPT_E_STRUCTURE", "extent"), (changed("(2, 1)", "(02, 1)"), "CKPT_E_STRUCTURE", "decimal"),
            (changed("(2, 1)", "(" + "1, " * 65 + ")"), "CKPT_E_LIMIT", "64"),
            (changed("(2, 1)", "(18446744073709551616,)"), "CKPT_E_OVERFLOW", "2^64")],
    "NP7": [(npy(data=bytes(7)), "CKPT_E_TRUNCATED", "array"), (npy(data=bytes(9)), "CKPT_E_STRUCTURE", "behind"),
            (changed("(2, 1)", "(4294967296, 4294967296)"), "CKPT_E_OVERFLOW", "2^63")],
    "NP8": [(npz({"a.npy": npy(), "b.txt": b"x"}), "CKPT_E_UNSUPPORTED", "b.txt")],
}


def test_every_rule_has_files_that_break_it():
    spec = pathlib.Path(__file__).resolve().parents[3] / "spec" / "exchange.md"
    tap.equal(list(RULES), re.findall(r"^\| (NP\d+) \|", spec.read_text(encoding="utf-8"), re.MULTILINE))
    for rule, cases in RULES.items():
        for (_, wanted, words), (status, message) in zip(cases, judge([case[0] for case in cases])):
            tap.equal((status, f"rule {rule}: " in message, words in message), (wanted, True, True), f"{rule}: {message}")
    # In an archive, the message names the entry.
    for content in (npz({"a.npy": npy(), "b.npy": npy(data=b"")}), npz({"b.npy": npy(minor=1)})):
        assert "b.npy" in judge([content])[0][1]


def test_where_we_are_stricter():
    """NumPy takes these."""
    files = {"bytes behind the array": (npy(data=bytes(9)), "CKPT_E_STRUCTURE"),
             "strings": (changed("<f4", "<U1"), "CKPT_E_UNSUPPORTED"),
             "raw bytes": (changed("<f4", "|V4"), "CKPT_E_UNSUPPORTED"),
             "dates": (npy(GOOD.replace("<f4", "<M8[s]"), data=bytes(16)), "CKPT_E_UNSUPPORTED"),
             "a structure": (changed("'<f4'", "[('a', '<f4')]"), "CKPT_E_UNSUPPORTED"),
             "the machine's byte order": (changed("<f4", "=f4"), "CKPT_E_STRUCTURE"),
             "a name of a type": (changed("<f4", "float32"), "CKPT_E_UNSUPPORTED"),
             "a number with an L, as Python 2 wrote it": (changed("(2, 1)", "(2L, 1)"), "CKPT_E_STRUCTURE"),
             "a key twice": (changed("}", "'shape': (2, 1)}"), "CKPT_E_STRUCTURE"),
             "an escape": (changed("'<f4'", "'\\x3cf4'"), "CKPT_E_STRUCTURE"),
             "a number in hexadecimal": (changed("(2, 1)", "(0x2, 1)"), "CKPT_E_STRUCTURE"),
             "a comment": (changed("}", "} # x"), "CKPT_E_STRUCTURE"),
             "a name that is no array": (npz({"a.npy": npy(), "b.txt": b"x"}), "CKPT_E_UNSUPPORTED")}
    for (what, (content, wanted)), (status, message) in zip(files.items(), judge([c for c, _ in files.values()])):
        assert numpy_takes(content), what
        tap.equal(status, wanted, f"{what}: {message}")


def mutated(rng, header):
    text = list(header)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(text))
        kind = rng.randrange(3)
        if kind == 0:
            text[place] = rng.choice("{}()[]',: 0123456789<>|=fiubcTrueFalse\n\tL-+_.")
        elif kind == 1:
            text.insert(place, rng.choice("{}()[]',: 012<>|\n\t-+_."))
        elif len(text) > 1:
            del text[place]
    return "".join(text)


def test_mutated_headers():
    rng = random.Random(SEED)
    bases = [(GOOD, 8), ("{'descr': '>i2', 'fortran_order': True, 'shape': (1, 2, 3), }\n", 12),
             ("{'descr': '|b1', 'fortran_order': False, 'shape': (), }\n", 1)]
    files = []
    for _ in range(2500):
        header, size = rng.choice(bases)
        files.append(npy(mutated(rng, header), bytes(size), major=rng.choice([1, 2, 3])))
    both = 0
    for content, (status, _) in zip(files, judge(files)):
        if status == "CKPT_OK":
            both += 1
            assert numpy_takes(content), f"accepted: {content!r}"
    assert both > 40, both


def test_the_longest_header_is_taken():
    content = npy(GOOD + " " * (10000 - len(GOOD)))
    assert numpy_takes(content)
    tap.equal(judge([content])[0][0], "CKPT_OK")


def test_every_shorter_file_is_refused():
    whole = npz({"a.npy": npy(), "b.npy": npy()})
    files = [npy()[:size] for size in range(len(npy()))] + [whole[:size] for size in range(0, len(whole), 3)]
    for content, (status, _) in zip(files, judge(files)):
        assert status != "CKPT_OK", len(content)


tap.main(globals())
