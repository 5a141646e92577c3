# SPDX-License-Identifier: MIT
"""GGUF files of the Python package gguf read by the library, and the other way round.

    test_gguf_official.py GGUF_PROBE
"""

import random
import struct

from ggufwork import dump, float_bits, names, plain, save, work
import tap

numpy = tap.need("numpy")
gguf = tap.need("gguf")
Kind = gguf.GGUFValueType
Type = gguf.GGMLQuantizationType

INTEGERS = {Kind.UINT8: (0, 2**8 - 1), Kind.INT8: (-2**7, 2**7 - 1), Kind.UINT16: (0, 2**16 - 1),
            Kind.INT16: (-2**15, 2**15 - 1), Kind.UINT32: (0, 2**32 - 1),
            Kind.INT32: (-2**31, 2**31 - 1), Kind.UINT64: (0, 2**64 - 1),
            Kind.INT64: (-2**63, 2**63 - 1)}
SHORT = {Kind.UINT8: "u8", Kind.INT8: "i8", Kind.UINT16: "u16", Kind.INT16: "i16",
         Kind.UINT32: "u32", Kind.INT32: "i32", Kind.FLOAT32: "f32", Kind.UINT64: "u64",
         Kind.INT64: "i64", Kind.FLOAT64: "f64", Kind.BOOL: "bool", Kind.STRING: "string"}
# What the value alone shows.
NATURAL = {"bool", "i64", "f64", "string", "[bool]", "[i64]", "[f64]", "[string]", "[u8]"}
ARRAYS = {Type.F32: "f4", Type.F16: "f2", Type.F64: "f8", Type.I8: "i1", Type.I16: "i2",
          Type.I32: "i4", Type.I64: "i8"}
# The package gives q8_1 blocks of 40 bytes; GGML's have 36.
TYPES = [t for t in Type if t != Type.Q8_1]
TEXTS = ["", "a", "é", "\u2028", "日本語", "x" * 3000, "<0x00>", "tab\tnewline\n"]


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def random_scalar(rng, kind):
    if kind in INTEGERS:
        low, high = INTEGERS[kind]
        return rng.choice([low, high, 0, 1, rng.randint(low, high)])
    if kind == Kind.BOOL:
        return rng.random() < 0.5
    if kind == Kind.STRING:
        return rng.choice(TEXTS[1:])
    value = rng.choice([0.0, -0.0, 1e-5, -3.25, float("inf"), rng.gauss(0, 1e3)])
    return f32(value) if kind == Kind.FLOAT32 else value


def as_ours(kind, value):
    if kind in (Kind.FLOAT32, Kind.FLOAT64):
        return float_bits(value)
    return str(value) if kind == Kind.UINT64 and value > 2**63 - 1 else value


def random_values(rng, writer):
    """Puts them into the writer; what the library must see, and the types that it must note."""
    wanted, types = {}, {}
    for i in range(rng.randint(1, 25)):
        key = rng.choice(["general.x", "tokenizer.ggml.", "weiß ", "a"]) + str(i)
        kind = rng.choice(list(SHORT))
        name = SHORT[kind]
        if rng.random() < 0.5:
            value = random_scalar(rng, kind)
            writer.add_key_value(key, value, kind)
            wanted[key] = as_ours(kind, value)
        else:
            value = [random_scalar(rng, kind) for _ in range(rng.choice([1, 2, 7, 300]))]
            writer.add_key_value(key, value, Kind.ARRAY, kind)
            wanted[key] = bytes(value) if kind == Kind.UINT8 else [as_ours(kind, v) for v in value]
            name = f"[{name}]"
        if name not in NATURAL:
            types[key] = name
    return wanted, types


def random_array(rng, qtype, shape):
    data = rng.randbytes(int(numpy.prod(shape, dtype=numpy.int64)) * 8)
    if qtype in ARRAYS:
        kind = numpy.dtype(ARRAYS[qtype])
        count = int(numpy.prod(shape, dtype=numpy.int64))
        return numpy.frombuffer(data, kind, count).reshape(shape)
    if qtype == Type.BF16:
        return numpy.frombuffer(data, numpy.uint8, int(numpy.prod(shape)) * 2).reshape(
            *shape[:-1], shape[-1] * 2)
    row, size = gguf.GGML_QUANT_SIZES[qtype]
    byte_shape = (*shape[:-1], shape[-1] // row * size)
    return numpy.frombuffer(rng.randbytes(int(numpy.prod(byte_shape))), numpy.uint8).reshape(
        byte_shape)


def random_tensors(rng, writer, order="<"):
    wanted = []
    for i in range(rng.randint(0, 12)):
        qtype = rng.choice(TYPES)
        block = gguf.GGML_QUANT_SIZES[qtype][0]
        plain_type = qtype in ARRAYS
        rank = rng.randint(0 if plain_type else 1, 4)
        shape = [rng.choice([1, 2, 3, 0 if plain_type else 1]) for _ in range(rank)]
        if not plain_type:
            shape[-1] = block * rng.choice([1, 2])
        array = random_array(rng, qtype, shape)
        name = rng.choice(["blk.%d.attn_q.weight", "token %d", "ü.%d", "%d.bias", "x.x.x%d"]) % i
        writer.add_tensor(name, array, raw_dtype=None if plain_type else qtype)
        wanted.append((name, qtype.name.lower(), shape, array.tobytes()))
    return wanted


def written(path, writer):
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def seen(content):
    """Tensors of the dump, as random_tensors has them."""
    return [(name, t["dtype"], t["shape"], bytes.fromhex(t["data"]))
            for name, t in zip(names(content), content["tensors"])]


def in_tree_order(wanted):
    """The library has a tree of modules: what begins alike stands together, from the first on."""
    def order(items, depth):
        groups = {}
        for item in items:
            groups.setdefault(item[0].split(".")[depth], []).append(item)
        for component, group in groups.items():
            if len(group) == 1 and len(group[0][0].split(".")) == depth + 1:
                yield group[0]
            else:
                yield from order(group, depth + 1)
    return list(order(wanted, 0))


def make(seed, path):
    rng = random.Random(seed)
    writer = gguf.GGUFWriter(None, "llama")
    if rng.random() < 0.4:
        writer.add_custom_alignment(rng.choice([8, 16, 64, 4096]))
    values, types = random_values(rng, writer)
    tensors = random_tensors(rng, writer)
    written(path, writer)
    return values, types, tensors


def official(path):
    """Everything that the package's reader sees: fields, and tensors with their bytes."""
    reader = gguf.GGUFReader(path)
    fields = {key: (tuple(field.types), b"|".join(p.tobytes() for p in field.parts[3:]))
              for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = [(t.name, t.tensor_type, t.shape.tolist(), t.data.tobytes())
               for t in reader.tensors]
    return fields, tensors


def test_random_files_are_read_bit_for_bit():
    path = work / "a.gguf"
    for seed in range(60):
        values, types, tensors = make(seed, path)
        content = dump(path)
        tap.equal((content["format"], content["version"]), ("gguf", 3))
        metadata = plain(content["metadata"])
        noted = metadata.pop("gguf.types", {})
        metadata.pop("general.alignment", None)
        noted.pop("general.alignment", None)
        tap.equal(metadata.pop("general.architecture"), "llama")
        tap.equal(list(metadata.items()), list(values.items()), f"metadata of seed {seed}")
        tap.equal(noted, types, f"types of seed {seed}")
        tap.equal(seen(content), in_tree_order(tensors), f"tensors of seed {seed}")


def test_random_files_are_written_so_that_the_package_reads_the_same():
    path, copy, container, back = (work / n for n in ("a.gguf", "b.gguf", "c.ckpt", "d.gguf"))
    for seed in range(60, 120):
        make(seed, path)
        tap.equal([loss for loss in save(path, copy) if loss[0] != "order"], [],
                  f"losses of seed {seed}")
        fields, tensors = official(path)
        tap.equal(official(copy), (fields, in_tree_order(tensors)), f"seed {seed}")
        save(path, container, "ckpt")
        tap.equal(save(container, back), [], f"losses of seed {seed}")
        tap.equal(back.read_bytes(), copy.read_bytes(), f"by way of .ckpt, seed {seed}")


def test_a_file_in_our_order_is_written_byte_for_byte():
    path, copy = work / "a.gguf", work / "b.gguf"
    for alignment in (0, 8, 256):
        writer = gguf.GGUFWriter(None, "llama")
        if alignment:
            writer.add_custom_alignment(alignment)
        writer.add_uint32("llama.block_count", 2)
        writer.add_float32("llama.rope.freq_base", 1e6)
        writer.add_array("tokenizer.ggml.tokens", ["<s>", "</s>", "a", "ü"])
        writer.add_array("tokenizer.ggml.scores", [0.5, -1.0, 0.0, 2.0])
        writer.add_uint64("large", 2**64 - 1)
        for i in range(2):
            writer.add_tensor(f"blk.{i}.weight", numpy.arange(96, dtype="f4").reshape(2, 48))
            writer.add_tensor(f"blk.{i}.bias", numpy.arange(3, dtype="f2"))
        writer.add_tensor("scalar", numpy.array(2.5, "f4"))
        written(path, writer)
        tap.equal(save(path, copy), [])
        tap.equal(copy.read_bytes(), path.read_bytes(), f"alignment {alignment}")


def test_another_order_of_names_is_reported():
    path = work / "a.gguf"
    for tensor_names, wanted in ((["a.x", "b", "a.y"], 1), (["a.x", "a.y", "b"], 0), (["a.b.c", "a.d", "a.b.e"], 1)):
        writer = gguf.GGUFWriter(None, "llama")
        for name in tensor_names:
            writer.add_tensor(name, numpy.zeros(1, "f4"))
        written(path, writer)
        tap.equal([kind for kind, _, _ in save(path, work / "b.gguf")], ["order"] * wanted)


def test_a_vocabulary_comes_back_exactly():
    path, copy = work / "a.gguf", work / "b.gguf"
    rng = random.Random(1)
    tokens = [f"tok{i}é" if i % 3 else rng.randbytes(6) for i in range(128000)]
    writer = gguf.GGUFWriter(None, "llama")
    writer.add_array("tokenizer.ggml.tokens", tokens)
    writer.add_key_value("tokenizer.ggml.token_type", [1, 3] * 64000, Kind.ARRAY, Kind.INT32)
    writer.add_key_value("tokenizer.ggml.scores", [f32(-i / 3) for i in range(128000)],
                         Kind.ARRAY, Kind.FLOAT32)
    writer.add_key_value("charsmap", rng.randbytes(240000), Kind.ARRAY)
    written(path, writer)
    tap.equal(save(path, copy), [])
    tap.equal(copy.read_bytes() == path.read_bytes(), True, "the same bytes")


def test_big_endian_files_are_read():
    path = work / "a.gguf"
    for seed in range(40):
        rng = random.Random(seed)
        writer = gguf.GGUFWriter(None, "llama", endianess=gguf.GGUFEndian.BIG)
        values, types = random_values(rng, writer)
        wanted = []
        for i, qtype in enumerate([*ARRAYS, Type.BF16]):
            array = random_array(rng, qtype, [2, 3])
            wide = array.view("<u2") if qtype == Type.BF16 else array
            writer.add_tensor(f"t{i}", wide, raw_dtype=qtype,
                              raw_shape=[2, 3] if qtype == Type.BF16 else None)
            wanted.append((f"t{i}", qtype.name.lower(), [2, 3], array.tobytes()))
        written(path, writer)
        content = dump(path)
        metadata = plain(content["metadata"])
        tap.equal(metadata.pop("gguf.types", {}), types, f"seed {seed}")
        metadata.pop("general.architecture")
        tap.equal(metadata, values, f"seed {seed}")
        tap.equal(seen(content), wanted, f"seed {seed}")


tap.main(globals())
