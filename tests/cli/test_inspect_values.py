"""--values: the numbers of tensors."""

import struct

from clitools import fine, pack, refused, same_text, work
import tap


def net():
    (work / "values.bin").write_bytes(
        struct.pack("<6f", 0.1, -2, 3e-5, 1e20, float("nan"), float("-inf")) +
        struct.pack("<3q", -2**63, 2**63 - 1, 0) + struct.pack("<Q", 2**64 - 1) +
        struct.pack("<2d", 0.1, 1 / 3) + struct.pack("<2f", 1, -0.5) + struct.pack("<2e", 0.1, 65504) +
        bytes([0x21, 0x4f, 0x7e, 0x00]) + bytes([0x00, 0x3f, 0x80, 0xff]))
    return pack("values", """\
ckpt-manifest: 1
storages: [{size: 48}]
root:
  module: Net
  members:
    floats: {parameter: f32, shape: [2, 3], data: {file: values.bin, offset: 0}}
    ints: {buffer: i64, shape: [3], data: {file: values.bin, offset: 24}}
    large: {buffer: u64, shape: [], data: {file: values.bin, offset: 48}}
    doubles: {parameter: f64, shape: [2], data: {file: values.bin, offset: 56}}
    pair: {parameter: complex64, shape: [1], data: {file: values.bin, offset: 72}}
    halves: {parameter: f16, shape: [2], data: {file: values.bin, offset: 80}}
    nibbles: {parameter: f4_e2m1fn, shape: [2, 4], data: {file: values.bin, offset: 84}}
    brains: {parameter: bf16, shape: [2], data: {file: values.bin, offset: 88}}
    blocks: {buffer: q8_0, shape: [2, 32], data: {file: blocks.bin, offset: 0}}
    opaque: {buffer: iq2_xxs, shape: [1, 256], data: {file: long.bin, offset: 0}}
    flags: {buffer: bool, shape: [2], init: ones}
    empty: {parameter: f32, shape: [1152921504606846976, 0], init: zeros}
    long: {buffer: u8, shape: [40, 50], data: {file: long.bin, offset: 0}}
    turned: {parameter: f32, shape: [3, 4], strides: [1, 3], storage: 0, data: {file: turned.bin, offset: 0}}
    "odd[0]": {buffer: u8, shape: [2], init: ones}
""")


(work / "blocks.bin").write_bytes(b"".join(
    struct.pack("<e32b", scale, *range(-16, 16)) for scale in (0.5, 0.1)))
(work / "long.bin").write_bytes(bytes(range(200)) * 10)
(work / "turned.bin").write_bytes(struct.pack("<12f", *range(12)))
NAME = net()


def values(argument, *options):
    return fine("ckpt-inspect", *options, "--values", argument, NAME)


def test_floats_are_the_shortest_that_read_back():
    same_text(values("floats"), """\
floats  f32 [2, 3]
[[ 0.1  , -2.0  ,  3e-05],
 [ 1e+20,    nan,   -inf]]
""")
    same_text(values("doubles"), "doubles  f64 [2]\n[0.1               , 0.3333333333333333]\n")
    same_text(values("halves"), "halves  f16 [2]\n[    0.1, 65504.0]\n")


def test_integers_are_exact():
    same_text(values("ints"), """\
ints  i64 [3]
[-9223372036854775808,  9223372036854775807,                    0]
""")
    same_text(values("large"), "large  u64 []\n18446744073709551615\n")


def test_other_types():
    same_text(values("flags"), "flags  bool [2]\n[True, True]\n")
    same_text(values("nibbles"), """\
nibbles  f4_e2m1fn [2, 4]
[[ 0.5,  1.0, -6.0,  2.0],
 [-4.0,  6.0,  0.0,  0.0]]
""")
    same_text(values("nibbles[1,1]"), "nibbles[1,1]  f4_e2m1fn []\n6.0\n")
    same_text(values("brains"), "brains  bf16 [2]\n[ 0.5, -inf]\n")
    same_text(values("pair"), "pair  complex64 [1]\n[1.0-0.5j]\n")


def test_quantised_blocks_are_decoded():
    same_text(values("blocks[:,30:]"), """\
blocks[:,30:]  q8_0 [2, 2]
[[7.0      , 7.5      ],
 [1.3996582, 1.4996338]]
""")
    same_text(values("blocks[0,::31]"), "blocks[0,::31]  q8_0 [2]\n[-8.0,  7.5]\n")


def test_slices_are_those_of_python():
    rows = [[4 * r + c for c in range(4)] for r in range(3)]
    flat = lambda text: [float(x) for x in
                         text.split("\n", 1)[1].replace("[", " ").replace("]", " ")
                         .replace(",", " ").split()]
    same_text(values("turned[1:,::-2]"), "turned[1:,::-2]  f32 [2, 2]\n[[ 7.0,  5.0],\n [11.0,  9.0]]\n")
    tap.equal(flat(values("turned")), [float(x) for row in rows for x in row])
    tap.equal(flat(values("turned[-1]")), [float(x) for x in rows[-1]])
    tap.equal(flat(values("turned[..., 2]")), [float(row[2]) for row in rows])
    tap.equal(flat(values("turned[ 0:100 , -3:-1 ]")),
              [float(x) for row in rows for x in row[-3:-1]])
    tap.equal(flat(values("turned[5:]")), [])
    tap.equal(flat(values("turned[2,3]")), [11.0])
    tap.equal(flat(values("turned[::-9223372036854775808, 0]")), [8.0])


def test_long_tensors_are_shortened():
    shown = values("long").split("\n")
    tap.equal(shown[0], "long  u8 [40, 50]")
    tap.equal(shown[1], "[[  0,   1,   2, ...,  47,  48,  49],")
    tap.equal(shown[4], " ...,")
    tap.equal(len(shown), 9)
    full = values("long", "--full")
    tap.equal(full.count("..."), 0)
    tap.equal(full.count(","), 2000 - 1 + 1)
    tap.equal(max(len(line) for line in full.split("\n")) <= 80, True)


def test_nothing_is_shown_of_an_empty_tensor():
    same_text(values("empty"), "empty  f32 [1152921504606846976, 0]\n[]\n")


def test_a_name_may_look_like_a_slice():
    same_text(values("odd[0]"), "odd[0]  u8 [2]\n[1, 1]\n")
    same_text(values("odd[0][1]"), "odd[0][1]  u8 []\n1\n")


def test_values_may_be_repeated():
    shown = fine("ckpt-inspect", "-v", "large", "-v", "flags", NAME)
    same_text(shown, values("large") + "\n" + values("flags"))


def test_refusals():
    message = lambda argument: refused("ckpt-inspect", "-v", argument, NAME)
    tap.equal(message("nothing"), "values.ckpt: no tensor is named 'nothing'")
    tap.equal(message("opaque"), "opaque: values of type 'iq2_xxs' cannot be shown")
    tap.equal(message("ints[3]"),
              "ints[3]: index 3 is out of range for dimension 0 of 3 elements")
    tap.equal(message("ints[0,0]"), "ints[0,0]: 2 indices for a tensor of 1 dimensions")
    tap.equal(message("ints[::0]"), "ints[::0]: a step of 0")
    for wrong in ("ints[x]", "ints[1;2]", "ints[,]", "ints[...,...]", "ints[0:1:2:3]",
                  "ints[99999999999999999999]"):
        tap.equal(message(wrong), f"{wrong}: a slice is written as in Python: [0:2, :, -1]")


tap.main(globals())
