# SPDX-License-Identifier: MIT
"""What the Python package gguf refuses is refused, whatever else is.

    test_gguf_strict.py GGUF_PROBE
"""

import random
import struct

from ggufwork import ARRAY, BOOL, F32, F64, I32, STRING, U8, U16, U32, U64, File, padded, probe, work, write
import tap

numpy = tap.need("numpy")
gguf = tap.need("gguf")
SEED = 20260721
print(f"# seed {SEED}")
F = File()


def sound():
    values = [F.value("general.architecture", STRING, "x"), F.value("general.alignment", U32, 8), F.value("n", U16, 7),
              F.value("b", BOOL, 1), F.value("s", ARRAY, (STRING, ["a", "bc"])), F.value("f", ARRAY, (F64, [1.0])),
              F.value("large", U64, 2**63)]
    tensors = [F.tensor("w", [4], 0, 0), F.tensor("blk.0.q", [32, 2], 2, 16), F.tensor("e", [0, 3], 1, 56)]
    yield F.whole(values, tensors, bytes(56), alignment=8)
    yield F.whole([], [F.tensor("w", [2, 2], 0, 0)], padded(struct.pack("<4f", 1, 2, 3, 4)), version=2)
    yield F.whole([F.value("a", ARRAY, (I32, [1, 2, 3])), F.value("z", F32, 0.5)])


def mutated(rng, content):
    out = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(4, len(out))
        kind = rng.randrange(4)
        if kind == 0:
            out[place] = rng.choice([0, 1, 2, 8, 9, 12, 13, 32, 255, rng.randrange(256)])
        elif kind == 1:
            struct.pack_into("<I", out, min(place, len(out) - 4), rng.choice([0, 1, 2, 3, 9, 2**31, 2**32 - 1]))
        elif kind == 2 and len(out) > 40:
            del out[place:place + rng.choice([1, 4, 8])]
        else:
            out[place:place] = rng.choice([b"\0", b"\1", b"\0" * 8, b"\xff"])
    return bytes(out)


def package_takes(path):
    """Reads all: the package itself looks at much of it only when it is asked."""
    try:
        reader = gguf.GGUFReader(path)
        for field in reader.fields.values():
            field.contents()
        for tensor in reader.tensors:
            tensor.data.tobytes()
        return True
    except Exception:
        return False


def we_take(paths):
    return [line == "CKPT_OK" for line in probe("open", *paths).splitlines()]


def test_what_the_package_refuses_is_refused():
    rng = random.Random(SEED)
    files = list(sound())
    files += [content[:size] for content in files for size in range(24, len(content), 5)]
    files += [mutated(rng, rng.choice(files[:3])) for _ in range(1500)]
    paths = [write(f"{i}.gguf", content) for i, content in enumerate(files)]
    ours = we_take(paths)
    tap.equal(ours[:3], [True] * 3)
    # The package may look for what a broken file promises for very long: it is asked only about files
    # that are taken here.
    taken = [(path, content) for path, content, mine in zip(paths, files, ours) if mine]
    for path, content in taken:
        assert package_takes(path), f"accepted: {content!r}"
    assert len(taken) > 100, len(taken)


def test_where_we_are_stricter():
    """The package takes these; which rule refuses them, spec/exchange.md says."""
    four, data = F.tensor("w", [4], 0, 0), padded(bytes(16))
    files = {"GG7": F.whole([F.value("k", BOOL, 2)], [four], data),
             "GG8": F.whole([F.string("a") + struct.pack("<IIQIQ", ARRAY, ARRAY, 1, U8, 0)], [four], data),
             "GG9": F.whole([F.value("general.alignment", U32, 2**25)]),
             "GG10": F.whole([], [F.tensor("n" * 64, [4], 0, 0)], data),
             "GG11": F.whole([], [F.tensor("a", [1, 1, 1, 1, 4], 0, 0)], data),
             "GG15": F.whole([], [F.tensor("a", [4], 0, 0), F.tensor("b", [4], 0, 0)], data),
             "GG16": F.whole([], [four], data * 2)}
    for rule, content in files.items():
        path = write("x.gguf", content)
        line = probe("open", path)
        tap.equal((line.split()[0] != "CKPT_OK", line.split()[1]), (True, rule), line)
        assert package_takes(path), rule


tap.main(globals())
