# SPDX-License-Identifier: MIT
"""Every place that lists the formats lists the same: the library's table, the headers, the tools.

    test_formats.py
"""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
Format = collections.namedtuple("Format", "is_written has_shards")
DEFINITION = re.compile(r"^const ck_format (ck_format_\w+) = \{\n(.*?)^\};",
                        re.DOTALL | re.MULTILINE)


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def between(path, begin, end):
    """What stands there between the two, which must be there."""
    found = re.search(re.escape(begin) + "(.*?)" + re.escape(end), text(path), re.DOTALL)
    assert found, f"{path} has no {begin!r} ... {end!r}"
    return found[1]


def defined():
    """{identifier: (name, Format)} of all definitions of a ck_format in the library."""
    formats = {}
    for path in sorted((ROOT / "libckpt").rglob("*.c")):
        source = path.read_text(encoding="utf-8")
        for identifier, body in DEFINITION.findall(source):
            fields = dict(re.findall(r"\.(\w+) = ([^,]+),", body))
            formats[identifier] = (fields["name"].strip('"'), Format(
                "write" in fields or "write_directory" in fields,
                fields.get("has_shards") == "true"))
    assert "ck_format_ckpt" in formats, f"only {sorted(formats)}"
    return formats


def names():
    return sorted(name for name, _ in defined().values())


def written():
    return sorted(name for name, known in defined().values() if known.is_written)


def test_table_of_the_library():
    table = between("libckpt/front/formats.c", "formats_table[] = {", "};")
    tap.equal(sorted(re.findall(r"&(\w+)", table)), sorted(defined()))


def test_declarations():
    header = text("libckpt/model/format.h")
    found = re.findall(r"^extern const ck_format (\w+);", header, re.MULTILINE)
    tap.equal(sorted(found), sorted(defined()))


def test_comment_of_the_option():
    comment = between("libckpt/include/ckpt/file.h", "const char *formats;", "*/")
    tap.equal(sorted(re.findall(r'"([^"]+)"', comment)), names())


def test_table_of_the_tools():
    table = between("tools/common/formatnames.c", "formats[] = {", "};")
    listed = re.findall(r'\{"([^"]+)", (true|false), (true|false)\}', table)
    tap.equal(sorted((name, Format(write == "true", shards == "true"))
                     for name, write, shards in listed), sorted(defined().values()))


def test_extensions_of_the_tools():
    """What an extension stands for can be written."""
    table = between("tools/common/formatnames.c", "known[] = {", "};")
    tap.equal(sorted(set(re.findall(r'\{"[^"]+", "([^"]+)"\}', table))), written())


def listed_in_prose(words):
    """The names in "a, b, c or d"."""
    return sorted(re.findall(r"[a-z][a-z-]*", re.sub(r"\bor\b", " ", words)))


def test_help_of_the_tools():
    for path in ("tools/convert/convertoptions.c", "tools/merge/mergemain.c"):
        words = between(path, "--to FORMAT", ", a directory")
        tap.equal(listed_in_prose(words.replace('\\n"', " ")), written(), path)


def test_manual_of_the_tools():
    words = between("man/ckpt-convert.1", ".It Fl t , Fl -to Ar format\n", "By default")
    tap.equal(sorted(re.findall(r"^\.Cm (\S+)", words, re.MULTILINE)), written())


tap.main(globals())
