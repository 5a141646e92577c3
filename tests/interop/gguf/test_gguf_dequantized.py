# SPDX-License-Identifier: MIT
"""The values of quantised tensors, bit for bit those of the Python package gguf.

    test_gguf_dequantized.py GGUF_PROBE
"""

import numpy as np

from ggufwork import dump, names, save, work
import tap

gguf = tap.need("gguf")
Type = gguf.GGMLQuantizationType

# Those for which the package has formulas, and the library too.
KNOWN = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q2_K, Type.Q3_K, Type.Q4_K,
         Type.Q5_K, Type.Q6_K, Type.BF16, Type.IQ4_NL, Type.IQ4_XS, Type.TQ1_0, Type.TQ2_0,
         Type.MXFP4, Type.NVFP4, Type.F16]
# Where the scales (f16) lie in a block.
SCALES = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
          Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2],
          Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.TQ1_0: [52],
          Type.TQ2_0: [64]}
# Every kind of f16 but NaN, whose bits depend on the processor.
HALVES = np.array([0, -0.0, 1, -1, 6e-8, -6e-8, 6.1e-5, 65504, -65504, 0.1, -0.3, np.inf, -np.inf],
                  "<f2")
QUANTIZABLE = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.BF16, Type.TQ1_0,
               Type.TQ2_0, Type.MXFP4]


def random_blocks(rng, qtype, count):
    size = gguf.GGML_QUANT_SIZES[qtype][1]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for offset in SCALES.get(qtype, []):
        scales = np.where(rng.random(count) < 0.3, rng.choice(HALVES, count),
                          rng.normal(0, 1, count).astype("<f2"))
        blocks[:, offset:offset + 2] = scales.astype("<f2").view(np.uint8).reshape(count, 2)
    if qtype == Type.MXFP4:
        blocks[:256, 0] = np.arange(256)
    if qtype == Type.NVFP4:
        blocks[:256, :4] = np.arange(1024).reshape(256, 4) % 256
    return blocks


def write(path, tensors):
    writer = gguf.GGUFWriter(None, "llama")
    for name, (qtype, data) in tensors.items():
        writer.add_tensor(name, data, raw_dtype=qtype)
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def floats(path):
    content = dump(path, "floats")
    return {name: np.frombuffer(bytes.fromhex(t["data"]), "<f4").reshape(t["shape"])
            for name, t in zip(names(content), content["tensors"]) if t["data"]}


def same_bits(got, wanted, what):
    """NaN is NaN: which of them 0 * inf gives, the standard leaves open."""
    both_nan = np.isnan(got) & np.isnan(wanted)
    bad = (got.view("<u4") != wanted.view("<u4")) & ~both_nan
    tap.equal((got.shape, int(bad.sum())), (wanted.shape, 0), what)


def check(tensors):
    path, container = work / "q.gguf", work / "q.ckpt"
    write(path, tensors)
    save(path, container, "ckpt")
    for file in (path, container):
        values = floats(file)
        for name, (qtype, data) in tensors.items():
            with np.errstate(all="ignore"):
                wanted = gguf.quants.dequantize(data, qtype)
            same_bits(values[name], wanted.astype("<f4"), f"{name} of {file.name}")


def test_random_blocks_of_every_type():
    rng = np.random.default_rng(5)
    check({q.name: (q, random_blocks(rng, q, 3000).reshape(30, -1)) for q in KNOWN})


def test_what_the_package_quantizes():
    rng = np.random.default_rng(6)
    data = rng.normal(0, 0.05, (16, 512)).astype("f4")
    check({q.name: (q, gguf.quants.quantize(data, q)) for q in QUANTIZABLE})


def test_q8_k_which_the_package_has_not():
    rng = np.random.default_rng(7)
    blocks = rng.integers(0, 256, (100, 292), dtype=np.uint8)
    scales = rng.normal(0, 1, 100).astype("<f4")
    blocks[:, :4] = scales.view(np.uint8).reshape(100, 4)
    path = work / "q.gguf"
    write(path, {"x": (Type.Q8_K, blocks)})
    wanted = scales[:, None] * blocks[:, 4:260].view(np.int8).astype("f4")
    same_bits(floats(path)["x"], wanted, "q8_k")


def test_types_without_formulas_have_no_values():
    rng = np.random.default_rng(8)
    others = [t for t in Type if t not in KNOWN and gguf.GGML_QUANT_SIZES[t][0] > 1
              and t not in (Type.Q8_K, Type.Q8_1)]
    path = work / "q.gguf"
    write(path, {q.name: (q, random_blocks(rng, q, 2)) for q in others})
    tap.equal(floats(path), {})
    tap.equal(len(dump(path)["tensors"]), len(others))


tap.main(globals())
