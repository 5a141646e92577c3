"""ckpt-run."""

import struct

import clitools
from clitools import fine, npy, pack, read_npy, refused, same_text, work
import tap

# Two inputs, three outputs: x0 + x1, x0 - x1, 1.
NET = """\
ckpt-manifest: 1
root:
  module: Sequential
  members:
    "0": {module: Identity}
    "1":
      module: Linear
      attributes: {in_features: 2, out_features: 3, bias: true}
      members:
        weight: {parameter: f32, shape: [3, 2], data: {file: run.bin, offset: 0}}
        bias: {parameter: f32, shape: [3], data: {file: run.bin, offset: 24}}
"""
(work / "run.bin").write_bytes(struct.pack("<9f", 1, 1, 1, -1, 0, 0, 0, 0, 1))
NAME = pack("run", NET)
X = npy("x.npy", "<f4", [4, 2], "f", [1, 1, 0, 2, -3, 1, -1, -1])
Y = [2, 0, 1, 2, -2, 1, -2, -4, 1, -2, 0, 1]


def test_rows_are_printed():
    same_text(fine("ckpt-run", NAME, "--input", X), """\
output f32 [4, 3]
0:           2           0           1
1:           2          -2           1
2:          -2          -4           1
3:          -2           0           1
""")


def test_output_is_saved():
    for batch in ("1", "3", "100"):
        tap.equal(fine("ckpt-run", NAME, "-i", X, "-o", "y.npy", "--batch", batch), "")
        header, data = read_npy("y.npy")
        tap.equal("'<f4'" in header and "(4, 3)" in header, True, header)
        tap.equal(list(struct.unpack("<12f", data)), Y)


def test_accuracy():
    npy("labels.npy", "|u1", [4], "B", [0, 2, 2, 1])
    same_text(fine("ckpt-run", NAME, "--input", X, "--labels", "labels.npy"), """\
accuracy 0.5000 (2 of 4)
confusion (rows: true class, columns: predicted)
   0  1  2
0  1  .  .
1  .  .  1
2  1  .  1
""")


def test_expected_output():
    npy("same.npy", "<f4", [4, 3], "f", Y)
    npy("near.npy", "<f8", [4, 3], "d", Y[:5] + [1.25] + Y[6:])
    npy("nan.npy", "<f4", [4, 3], "f", Y[:-1] + [float("nan")])
    npy("flat.npy", "<f4", [12], "f", Y)
    tap.equal(fine("ckpt-run", NAME, "-i", X, "--expect", "same.npy"),
              "largest difference 0, tolerance 1e-05\n")
    tap.equal(fine("ckpt-run", NAME, "-i", X, "--expect", "near.npy", "--tolerance", "0.25"),
              "largest difference 0.25 at [1, 2], tolerance 0.25\n")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--expect", "near.npy"),
              "near.npy: largest difference 0.25 at [1, 2], tolerance 1e-05")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--expect", "nan.npy", "--tolerance", "1e9"),
              "nan.npy: largest difference inf at [3, 2], tolerance 1e+09")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--expect", "flat.npy"),
              "flat.npy: the array is [12], the net gives [4, 3]")


def test_input_of_another_type_is_converted():
    npy("ints.npy", "<i8", [4, 2], "q", [1, 1, 0, 2, -3, 1, -1, -1])
    tap.equal(fine("ckpt-run", NAME, "-i", "ints.npy"), fine("ckpt-run", NAME, "-i", X))


def test_no_rows():
    npy("none.npy", "<f4", [0, 2], "f", [])
    tap.equal(fine("ckpt-run", NAME, "-i", "none.npy", "-o", "y.npy"), "")
    header, data = read_npy("y.npy")
    tap.equal("(0, 3)" in header, True, header)
    tap.equal(data, b"")


def test_a_module_of_the_net():
    tap.equal(fine("ckpt-run", NAME, "-i", X, "--module", "1"), fine("ckpt-run", NAME, "-i", X))
    tap.equal(fine("ckpt-run", NAME, "-i", X, "--module", "0").split("\n")[0], "output f32 [4, 2]")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--module", "7"),
              "run.ckpt: no module is named '7'")


def test_builtin_matrix_product():
    tap.equal(fine("ckpt-run", NAME, "-i", X, "--matmul", "builtin"), fine("ckpt-run", NAME, "-i", X))


def test_what_does_not_fit():
    npy("wide.npy", "<f4", [2, 3], "f", [0] * 6)
    npy("scalar.npy", "<f4", [], "f", [0])
    npy("short.npy", "<i8", [3], "q", [0, 0, 0])
    npy("class.npy", "<i8", [4], "q", [0, 0, 3, 0])
    npy("half.npy", "<f4", [4], "f", [0, 0, 0.5, 0])
    refused("ckpt-run", NAME, "-i", "wide.npy")
    refused("ckpt-run", NAME, "-i", "scalar.npy")
    refused("ckpt-run", NAME, "-i", NAME)
    refused("ckpt-run", NAME, "-i", "missing.npy")
    refused("ckpt-run", X, "-i", X)
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--labels", "short.npy"),
              "short.npy: one label for each of the 4 rows is needed, in one dimension")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--labels", "class.npy"),
              "class.npy: the label of row 2 is 3, but the net has 3 classes")
    tap.equal(refused("ckpt-run", NAME, "-i", X, "--labels", "half.npy"),
              "half.npy: the label of row 2 is 0.5, no class number")


def test_digits():
    """The example, from its manifest to the answers, in a directory with nothing else."""
    digits = clitools.ROOT / "examples" / "digits"
    fine("ckpt-pack", digits / "digits.yaml", "-o", "digits.ckpt")
    arrays = ["--input", digits / "test_images.npy", "--labels", digits / "test_labels.npy",
              "--expect", digits / "test_logits.npy", "--tolerance", "1e-5"]
    lines = fine("ckpt-run", "digits.ckpt", *arrays).split("\n")
    word, accuracy, counts = lines[0].split(" ", 2)
    tap.equal(word, "accuracy")
    tap.equal(float(accuracy) > 0.95 and counts.endswith(" of 360)"), True, lines[0])
    tap.equal(lines[-2].startswith("largest difference "), True, lines[-2])


tap.main(globals())
