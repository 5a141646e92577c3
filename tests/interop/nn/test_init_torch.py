"""Initial values, drawn by the library and by torch.nn.init from the same seed.

    test_init_torch.py INIT_PROBE
"""

import itertools
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import tap

numpy = tap.need("numpy")
torch = tap.need("torch")
PROBE = sys.argv[1]

DTYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32,
          "f64": torch.float64}
INTEGERS = {"bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16,
            "i32": torch.int32, "i64": torch.int64}

# torch compiles its uniform kernel with fused multiply-add for CPUs that have it; on others the
# last bit may differ.
FUSED = torch.backends.cpu.get_cpu_capability() != "DEFAULT"


def bits(tensor):
    return tensor.detach().reshape(-1).view(torch.uint8).numpy().tobytes().hex()


def run(commands):
    result = subprocess.run([PROBE], input="\n".join(commands), text=True, capture_output=True)
    tap.equal((result.returncode, result.stderr), (0, ""), "init_probe")
    return result.stdout.splitlines()


def command(dtype, shape, recipe, **keys):
    words = " ".join(f"{key} {value!r}" if not isinstance(value, str) else f"{key} {value}"
                     for key, value in keys.items())
    return f"fill {dtype} {len(shape)} {' '.join(map(str, shape))} {recipe} {words} ;"


def fill(tensor, recipe, keys):
    names = {"uniform": {"low": "a", "high": "b"}, "constant": {"value": "val"}}.get(recipe, {})
    getattr(torch.nn.init, recipe + "_")(tensor, **{names.get(k, k): v for k, v in keys.items()})
    return tensor


def from_hex(text, dtype, shape):
    return torch.frombuffer(bytearray.fromhex(text), dtype=dtype).reshape(shape)


def same(cases, close=False):
    """Fills one tensor after the other from one generator, here and there."""
    for seed in (0, 1, 20231123, 2**32 + 5):
        lines = run([f"seed {seed}"] + [command(d, s, r, **k) for d, s, r, k in cases])
        torch.manual_seed(seed)
        for (dtype, shape, recipe, keys), line in zip(cases, lines, strict=True):
            wanted = fill(torch.empty(shape, dtype=DTYPES[dtype]), recipe, keys)
            what = f"seed {seed}: {recipe} {keys} {dtype} {shape}"
            if not close:
                tap.equal(line, bits(wanted), what)
                continue
            got = from_hex(line, DTYPES[dtype], shape).double()
            eps = torch.finfo(wanted.dtype).eps
            allowed = 16 * eps * keys.get("std", 1.0) + eps * wanted.double().abs()
            excess = ((got - wanted.double()).abs() - allowed).max()
            if excess > 0:
                raise AssertionError(f"{what}: off by {excess} more than allowed")


SHAPES = [(), (1,), (3, 5), (16,), (17,), (40, 13), (7, 5, 3, 2)]


def test_uniform_is_the_same_bit_for_bit():
    same([(d, s, "uniform", dict(low=a, high=b)) for d in DTYPES for s in SHAPES
          for a, b in [(0.0, 1.0), (-0.37, 0.37), (-1 / 3, 2.2), (5.0, 5.0)]], close=not FUSED)


def test_normal_is_the_same_to_a_few_units_in_the_last_place():
    same([(d, s, "normal", dict(mean=m, std=t)) for d in DTYPES for s in SHAPES
          for m, t in [(0.0, 1.0), (0.25, 0.02)]], close=True)


def test_both_leave_the_generator_in_the_same_state():
    for dtype, count in itertools.product(DTYPES, [1, 2, 15, 16, 17, 47, 1000]):
        cases = [(dtype, (count,), "normal", {}), ("f32", (4,), "uniform", {})]
        lines = run(["seed 7"] + [command(*case[:3]) for case in cases])
        torch.manual_seed(7)
        for (d, shape, recipe, keys), line in zip(cases, lines):
            wanted = fill(torch.empty(shape, dtype=DTYPES[d]), recipe, keys)
            if recipe == "uniform":
                tap.equal(line, bits(wanted), f"uniform behind normal {dtype} {count}")


def test_xavier_and_kaiming_uniform_are_the_same_bit_for_bit():
    shapes = [(3, 5), (40, 13), (7, 5, 3, 2), (2, 3, 5)]
    cases = [("f32", s, "xavier_uniform", dict(gain=g)) for s in shapes for g in (1.0, 0.3)]
    for s, mode, a in itertools.product(shapes, ["fan_in", "fan_out"], [0.0, 5**0.5]):
        cases.append(("f32", s, "kaiming_uniform", dict(a=a, mode=mode)))
    for name in ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                 "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]:
        cases.append(("f32", (6, 4), "kaiming_uniform", dict(nonlinearity=name)))
    same(cases, close=not FUSED)


def test_xavier_and_kaiming_normal_are_the_same_to_a_few_units_in_the_last_place():
    shapes = [(3, 5), (40, 13), (7, 5, 3, 2)]
    cases = [("f32", s, "xavier_normal", dict(gain=g)) for s in shapes for g in (1.0, 0.3)]
    for s, mode in itertools.product(shapes, ["fan_in", "fan_out"]):
        cases.append(("f32", s, "kaiming_normal", dict(mode=mode, nonlinearity="relu")))
    same(cases, close=True)


def test_constants_in_every_dtype():
    cases = [(d, (2, 3), r, {}) for d in {**DTYPES, **INTEGERS} for r in ("zeros", "ones")]
    cases += [(d, (3,), "constant", dict(value=v)) for d in DTYPES
              for v in (0.1, -2.5, 1e-7, 300.0)]
    cases += [(d, (3,), "constant", dict(value=1.0)) for d in INTEGERS]
    cases += [(d, (3,), "constant", dict(value=-7.0)) for d in ("i8", "i16", "i32", "i64")]
    lines = run([command(d, s, r, **k) for d, s, r, k in cases])
    for (dtype, shape, recipe, keys), line in zip(cases, lines, strict=True):
        empty = torch.empty(shape, dtype={**DTYPES, **INTEGERS}[dtype])
        tap.equal(line, bits(fill(empty, recipe, keys)), f"{recipe} {keys} {dtype}")


def test_constants_round_to_nearest_even_in_the_16_bit_types():
    magnitudes = 10.0 ** numpy.arange(-9, 1).repeat(50)
    values = numpy.random.default_rng(1).standard_normal(500) * magnitudes
    halves = [1 + 2.0**-11, 1 + 3 * 2.0**-11, 65503.9, 2.0**-24, 2.0**-25, 3 * 2.0**-25,
              1 + 2.0**-8, 1 + 3 * 2.0**-8]
    cases = [(d, (1,), "constant", dict(value=float(v))) for d in ("f16", "bf16")
             for v in [*values, *halves]]
    lines = run([command(d, s, r, **k) for d, s, r, k in cases])
    for (dtype, shape, recipe, keys), line in zip(cases, lines, strict=True):
        wanted = torch.tensor([keys["value"]], dtype=torch.float32).to(DTYPES[dtype])
        tap.equal(line, bits(wanted), f"{keys} in {dtype}")


tap.main(globals())
