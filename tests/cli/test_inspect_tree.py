"""The default view of ckpt-inspect."""

import clitools
from clitools import fine, human_file, pack, same_text
import tap

SHARED = """\
ckpt-manifest: 1
metadata: {title: digits, epochs: 30}
root:
  module: Sequential
  members:
    "0":
      module: Linear
      attributes: {in_features: 64, out_features: 32, bias: true}
      members:
        weight: {parameter: f32, shape: [32, 64], init: ones}
        bias: {parameter: f32, shape: [32], init: zeros}
    "1": {module: ReLU}
    "2": &shared
      module: Linear
      attributes: {in_features: 32, out_features: 32, bias: true}
      members:
        weight: {parameter: f32, shape: [32, 32], init: ones}
        bias: {parameter: f32, shape: [32], init: zeros}
    "3": {module: ReLU}
    "4": *shared
"""


def test_shared_module_is_shown_once_and_named():
    name = pack("shared", SHARED)
    same_text(fine("ckpt-inspect", name), f"""\
shared.ckpt: ckpt 1.0, {human_file(name)}

Sequential(
  (0): Linear(in_features=64, out_features=32, bias=True)
    weight  f32  [32, 64]
    bias    f32  [32]
  (1): ReLU()
  (2): Linear(in_features=32, out_features=32, bias=True)  also 4 (shared)
    weight  f32  [32, 32]
    bias    f32  [32]
  (3): ReLU()
  (4): Linear  shared with 2
)

parameters  3,136 in 4 tensors
buffers     none
tensors     4 under 6 names in 5 modules
weights     12.2 KiB in 4 storages; ties save 4.1 KiB
metadata    title, epochs (--metadata)
integrity   index checked; all storages have checksums (ckpt-verify compares them)
""")


TIED = """\
ckpt-manifest: 1
storages: [{size: 48}]
root:
  module: LM
  attributes: {vocab: 10}
  members:
    embed:
      module: Embedding
      members:
        weight: &w {parameter: bf16, shape: [10, 4], init: zeros}
    q: {parameter: f32, shape: [2, 2], storage: 0, init: zeros}
    k: {parameter: f32, shape: [2, 2], storage: 0, storage_offset: 4, init: zeros}
    t: {parameter: f32, shape: [2, 2], storage: 0, storage_offset: 8, strides: [1, 2], init: zeros}
    frozen: {parameter: f32, shape: [], requires_grad: false, init: zeros}
    steps: {buffer: i64, shape: [1], init: zeros}
    head:
      module: Linear
      members:
        weight: *w
"""


def test_ties_views_and_kinds_are_marked():
    name = pack("tied", TIED)
    same_text(fine("ckpt-inspect", name), f"""\
tied.ckpt: ckpt 1.0, {human_file(name)}

LM(
  vocab=10
  (embed): Embedding()
    weight  bf16  [10, 4]  also head.weight (tied)
  q         f32   [2, 2]   shares storage with k and 1 more
  k         f32   [2, 2]   shares storage with q and 1 more
  t         f32   [2, 2]   strides [1, 2], shares storage with q and 1 more
  frozen    f32   []       no grad
  steps     i64   [1]      buffer
  (head): Linear()
    weight  bf16  [10, 4]  tied to embed.weight
)

parameters  53 in 5 tensors
buffers     1 in 1 tensor
tensors     6 under 7 names in 3 modules
weights     140 bytes in 4 storages; ties save 80 bytes
metadata    none
integrity   index checked; all storages have checksums (ckpt-verify compares them)
""")


def tree(name, *options):
    """The part of the default view between the empty lines."""
    return fine("ckpt-inspect", *options, name).split("\n\n")[1]


def block(number, width=4, extra=""):
    return f"""\
    "{number}":
      module: Block
      attributes: {{dim: {width}}}
      members:
        fc:
          module: Linear
          members:
            weight: {{parameter: f32, shape: [{width}, {width}], init: zeros{extra}}}
        act: {{module: ReLU}}
"""


def blocks(widths):
    return ("ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n" +
            "".join(block(i, w) for i, w in enumerate(widths)))


def test_repeated_blocks_are_folded():
    name = pack("blocks", blocks([4] * 12 + [8]))
    same_text(tree(name), """\
Net(
  (0-11): 12 x Block(
    dim=4
    (fc): Linear()
      weight  f32  [4, 4]
    (act): ReLU()
  )
  (12): Block(
    dim=8
    (fc): Linear()
      weight  f32  [8, 8]
    (act): ReLU()
  )
)""")


def test_full_unfolds():
    shown = tree(pack("blocks", blocks([4] * 12)), "--full")
    tap.equal(shown.count("): Block("), 12)
    tap.equal(shown.count(" x "), 0)


def test_alternating_modules_are_folded():
    members = "".join(f'    "{i}": {{module: {"ReLU" if i % 2 else "Identity"}}}\n'
                      for i in range(10000))
    name = pack("long", f"ckpt-manifest: 1\nroot:\n  module: Sequential\n  members:\n{members}")
    same_text(tree(name), """\
Sequential(
  (0-9999): 5,000 x [
    (0): Identity()
    (1): ReLU()
  ]
)""")


def test_blocks_with_different_ties_are_not_folded():
    """The second block is like the first but for a tensor that it shares with the root."""
    name = pack("outside", """\
ckpt-manifest: 1
root:
  module: Net
  members:
    shared: &s {parameter: f32, shape: [2], init: zeros}
    "0": {module: Block, members: {a: {parameter: f32, shape: [2], init: zeros}}}
    "1": {module: Block, members: {a: *s}}
    "2": {module: Block, members: {a: *s}}
""")
    same_text(tree(name), """\
Net(
  shared  f32  [2]  also 1.a, 2.a (tied)
  (0): Block()
    a     f32  [2]
  (1-2): 2 x Block()
    a     f32  [2]  tied to shared
)""")


def test_blocks_that_are_tied_alike_inside_are_folded():
    members = "".join(f"""\
    "{i}":
      module: Block
      members:
        a: &t{i} {{parameter: f32, shape: [2], init: zeros}}
        b: *t{i}
""" for i in range(3))
    name = pack("inside", f"ckpt-manifest: 1\nroot:\n  module: Net\n  members:\n{members}")
    same_text(tree(name), """\
Net(
  (0-2): 3 x Block()
    a  f32  [2]  also 0.b (tied)
    b  f32  [2]  tied to 0.a
)""")


def test_places_of_one_shared_module_are_folded():
    aliases = "".join(f'    "{i}": *b\n' for i in range(1, 12))
    name = pack("albert", 'ckpt-manifest: 1\nroot:\n  module: Albert\n  members:\n'
                          '    "0": &b {module: Block, attributes: {dim: 4}}\n' + aliases)
    same_text(tree(name), """\
Albert(
  (0): Block(dim=4)  also 1, 2, 3 and 8 more (shared)
  (1-11): 11 x Block  shared with 0
)""")


def test_flat_list_of_tensors_is_folded_and_shortened():
    alike = "".join(f"    w{i}: {{parameter: f32, shape: [2], init: zeros}}\n" for i in range(100))
    other = "".join(f"    x{i}: {{parameter: f32, shape: [{i + 1}], init: zeros}}\n"
                    for i in range(100))
    name = pack("flat", f"ckpt-manifest: 1\nroot:\n  module: Flat\n  members:\n{alike}{other}")
    lines = tree(name).split("\n")
    tap.equal(lines[1], "  w0-w99  f32  [2]    100 of these")
    tap.equal(len(lines), 1 + 48 + 1 + 8)
    tap.equal(lines[49], "  ... 45 more members, x47 to x91")
    tap.equal(len(tree(name, "--full").split("\n")), 1 + 200)


def test_other_formats_say_what_they_lack():
    clitools.npy("x.npy", "<f4", [2], "f", [1.5, -2.0])
    same_text(fine("ckpt-inspect", "x.npy"), f"""\
x.npy: npy, {human_file("x.npy")}

Module()
  array  f32  [2]  buffer

parameters  none
buffers     2 in 1 tensor
tensors     1 in 1 module
weights     8 bytes in 1 storage
metadata    none
integrity   structure checked; the format npy has no checksums
""")


def test_missing_checksums_are_told():
    name = pack("unchecked", SHARED, "--no-checksums")
    last = fine("ckpt-inspect", name).split("\n")[-2]
    tap.equal(last, "integrity   index checked; no checksums of the payload")


tap.main(globals())
