"""--params, --storages, --metadata, --stats, --manifest and patterns."""

from clitools import fine, pack, refused, same_text, work
import tap

NET = """\
ckpt-manifest: 1
storages: [{size: 32}]
root:
  module: Net
  members:
    enc:
      module: ModuleList
      members:
        "0": &shared
          module: Linear
          members:
            weight: {parameter: f32, shape: [2, 3], data: {file: net.bin, offset: 0}}
        "1": *shared
    a: {parameter: f32, shape: [4], storage: 0, data: {file: net.bin, offset: 0}}
    b: {parameter: f32, shape: [4], storage: 0, storage_offset: 4, init: ones}
    flags: {buffer: bool, shape: [3], init: ones}
"""


def net():
    import struct
    (work / "net.bin").write_bytes(struct.pack("<6f", 1, 2, 3, float("nan"), float("inf"), 0))
    return pack("net", NET)


def test_params():
    same_text(fine("ckpt-inspect", "--params", net()), """\
name          dtype  shape   elements  bytes  storage  notes
enc.0.weight  f32    [2, 3]         6     24        2
enc.1.weight  f32    [2, 3]         6     24        2  tied to enc.0.weight
a             f32    [4]            4     16        0  shares storage with b
b             f32    [4]            4     16        0  shares storage with a
flags         bool   [3]            3      3        1  buffer
""")


def test_patterns_select_tensors_and_modules():
    name = net()
    rows = lambda *patterns: [line.split()[0] for line in
                              fine("ckpt-inspect", name, *patterns).split("\n")[1:-1]]
    tap.equal(rows("*.weight"), ["enc.0.weight", "enc.1.weight"])
    tap.equal(rows("enc.?"), ["enc.0.weight", "enc.1.weight"])
    tap.equal(rows("enc.[!0].*"), ["enc.1.weight"])
    tap.equal(rows("[ab]"), ["a", "b"])
    tap.equal(rows("flags", "b"), ["b", "flags"])
    tap.equal(rows("--select", "en*"), ["enc.0.weight", "enc.1.weight"])


def test_pattern_that_matches_nothing():
    tap.equal(refused("ckpt-inspect", net(), "a", "decoder.*"),
              "net.ckpt: no tensor or module matches 'decoder.*'")


def test_glob_takes_no_exponential_time():
    refused("ckpt-inspect", net(), "*a" * 60)


def test_storages():
    name = net()
    lines = fine("ckpt-inspect", "--storages", name).split("\n")
    cells = [line.split() for line in lines]
    tap.equal(cells[0], ["storage", "bytes", "offset", "stored", "encoding", "chunks", "names"])
    tap.equal(cells[1][:2] + cells[1][3:], "0 32 32 raw 1 a, b".split())
    tap.equal(cells[2][:2] + cells[2][3:], "1 3 3 raw 1 flags".split())
    tap.equal(cells[3][:2] + cells[3][3:], "2 24 24 raw 1 enc.0.weight = enc.1.weight".split())
    tap.equal(lines[4:], ["3 storages, 59 bytes; 2 under several names", ""])
    content = (work / name).read_bytes()
    offset = int(cells[2][2].replace(",", ""))
    tap.equal(content[offset:offset + 3], b"\1\1\1")


def test_storages_of_a_pattern():
    lines = fine("ckpt-inspect", "--storages", net(), "enc.1").split("\n")
    tap.equal([line.split()[0] for line in lines[1:-2]], ["2"])


def test_stats():
    same_text(fine("ckpt-inspect", "--stats", net()), """\
name          dtype  shape   min  max  mean       std  zeros  nan  inf  histogram
enc.0.weight  f32    [2, 3]    0    3   1.5   1.11803      1    1    1  |█    █    █    █|
a             f32    [4]       1    3     2  0.816497      0    1    0  |█       █      █|
b             f32    [4]       1    1     1         0      0    0    0
flags         bool   [3]       1    1     1         0      0    0    0
""")


def test_stats_in_ascii():
    shown = fine("ckpt-inspect", "--stats", net(), "a", environment={"LC_ALL": "C"})
    tap.equal("|#       #      #|" in shown, True, shown)


def test_metadata():
    name = pack("meta", """\
ckpt-manifest: 1
metadata:
  title: "two\\nlines"
  steps: -9223372036854775808
  rate: 0.1
  whole: 3.0
  bad: .nan
  none: null
  ready: true
  blob: {$bytes: "AAEC/w=="}
  nested: {a: [1, x, {}], "": []}
root: {module: Net}
""")
    same_text(fine("ckpt-inspect", "--metadata", name), """\
title: string "two\\nlines"
steps: int -9223372036854775808
rate: float 0.1
whole: float 3.0
bad: float nan
none: null
ready: bool true
blob: bytes of 4: 00 01 02 ff
nested: map of 2
  a: list of 3
    0: int 1
    1: string "x"
    2: map of 0
  : list of 0
""")


def test_no_metadata():
    tap.equal(fine("ckpt-inspect", "-m", net()), "no metadata\n")


def test_manifest_is_what_pack_takes():
    name = net()
    text = fine("ckpt-inspect", "--manifest", name)
    (work / "again.yaml").write_text(text, encoding="utf-8")
    fine("ckpt-pack", "again.yaml", "--data", name, "-o", "again.ckpt")
    tap.equal((work / "again.ckpt").read_bytes(), (work / name).read_bytes())


def test_views_follow_in_one_order():
    name = net()
    shown = fine("ckpt-inspect", "--metadata", "--storages", "--params", name)
    parts = [fine("ckpt-inspect", view, name) for view in ("--params", "--storages", "--metadata")]
    same_text(shown, "\n".join(parts))


tap.main(globals())
