"""Whatever a file is named after, the output is printable and a line stays a line."""

from clitools import fine, pack, run, work
import json
import tap

NASTY = "a\x1b[31m\r\u202egnp\u2028\u200b\x07\x9b\\n"
LONG = "x" * 60000

NET = f"""\
ckpt-manifest: 1
metadata: {{{json.dumps(NASTY)}: {json.dumps(NASTY)}}}
root:
  module: {json.dumps(NASTY)}
  attributes: {{{json.dumps(NASTY)}: {json.dumps(NASTY)}}}
  members:
    {json.dumps(NASTY)}:
      module: {json.dumps(NASTY + "B")}
      attributes: {{{json.dumps(NASTY)}: {json.dumps(NASTY)}}}
      members:
        {json.dumps(NASTY)}: &w {{parameter: f32, shape: [3], init: ones}}
        {json.dumps(NASTY + "2")}: *w
    ? {LONG}
    : {{parameter: f32, shape: [1], init: ones}}
"""
NAME = pack("hostile", NET)


def check(text):
    for line in text.split("\n"):
        tap.equal(line.isprintable(), True, f"printable: {line[:200]!r}")


def test_every_view():
    for view in ([], ["--full"], ["--params"], ["--storages"], ["--metadata"], ["--stats"],
                 ["--json"], ["--tree", "--params"]):
        check(fine("ckpt-inspect", *view, NAME))


def test_manifest():
    check(fine("ckpt-inspect", "--manifest", NAME))


def test_names_are_escaped_not_lost():
    shown = fine("ckpt-inspect", "--params", NAME)
    tap.equal("a\\x1b[31m\\x0d\\u202egnp\\u2028" in shown, True, shown[:300])


def test_a_long_name_is_shortened_unless_all_is_wanted():
    tap.equal(max(len(line) for line in fine("ckpt-inspect", NAME).split("\n")) < 500, True)
    tap.equal(LONG in fine("ckpt-inspect", "--full", NAME), True)


def test_damage():
    content = bytearray((work / NAME).read_bytes())
    storages = json.loads(fine("ckpt-inspect", "--json", NAME))["storages"]
    content[storages[0]["file_offset"]] ^= 1
    (work / "damaged\x1b.ckpt").write_bytes(content)
    result = run("ckpt-verify", "damaged\x1b.ckpt")
    tap.equal(result.status, 1)
    check(result.out)
    check(result.err)


tap.main(globals())
