# SPDX-License-Identifier: MIT
"""Models in several GGUF files: those of the Python package read, ours read by it.

    test_gguf_split.py GGUF_PROBE
"""

import shutil
import subprocess

from ggufwork import PROBE, F32, I32, STRING, U8, U16, File, dump, names, opened, padded, plain, probe, save, work
import tap

numpy = tap.need("numpy")
gguf = tap.need("gguf")
F = File()


def folder(name):
    shutil.rmtree(work / name, ignore_errors=True)
    (work / name).mkdir()
    return work / name


def official_split(directory, **options):
    writer = gguf.GGUFWriter(directory / "net.gguf", "llama", **options)
    writer.add_uint32("llama.block_count", 5)
    for i in range(5):
        writer.add_tensor(f"blk.{i}.weight", numpy.arange(100 * i, 100 * i + 100, dtype="f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sorted(directory.iterdir())


def check_content(path):
    content = dump(path)
    tap.equal(names(content), [f"blk.{i}.weight" for i in range(5)])
    for i, tensor in enumerate(content["tensors"]):
        tap.equal(tensor["data"], numpy.arange(100 * i, 100 * i + 100, dtype="f4").tobytes().hex())
    tap.equal(plain(content["metadata"]), {"general.architecture": "llama", "llama.block_count": 5,
                                           "gguf.types": {"llama.block_count": "u32"}})


def test_files_of_the_package_are_one_model():
    for options, count in (({"split_max_tensors": 2}, 3), ({"split_max_size": 400}, 5),
                           ({"split_max_tensors": 4, "small_first_shard": True}, 3)):
        files = official_split(folder("a"), **options)
        tap.equal(len(files), count, f"{options}")
        check_content(files[0])
        for other in files[1:]:
            tap.equal(opened(other), "CKPT_E_UNSUPPORTED GG17", other.name)


def test_ours_are_those_of_the_package():
    whole = official_split(folder("a"))[0]
    for size, count in ((400, 5), (800, 3), (1200, 2)):
        files = official_split(folder("b"), split_max_size=size)
        ours = folder("c")
        tap.equal(save(whole, ours / files[0].name, shard_size=size), [])
        tap.equal([f.name for f in sorted(ours.iterdir())], [f.name for f in files])
        check_content(ours / files[0].name)
        for mine, theirs in zip(sorted(ours.iterdir()), files):
            a, b = gguf.GGUFReader(mine), gguf.GGUFReader(theirs)
            tap.equal([(t.name, t.data.tobytes()) for t in a.tensors],
                      [(t.name, t.data.tobytes()) for t in b.tensors])
            tap.equal({k: (tuple(f.types), f.contents()) for k, f in a.fields.items()
                       if k != "GGUF.kv_count"},
                      {k: (tuple(f.types), f.contents()) for k, f in b.fields.items()
                       if k != "GGUF.kv_count"}, mine.name)
        merged = work / "merged.gguf"
        save(ours / files[0].name, merged)
        tap.equal(merged.read_bytes(), whole.read_bytes(), "merged again")


def test_an_alignment_is_that_of_every_file():
    writer = gguf.GGUFWriter(work / "a.gguf", "llama")
    writer.add_custom_alignment(256)
    for i in range(4):
        writer.add_tensor(f"t{i}", numpy.full(3, i, "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    target = folder("c")
    save(work / "a.gguf", target / "x-00001-of-00002.gguf", shard_size=24)
    for path in target.iterdir():
        for tensor in gguf.GGUFReader(path).tensors:
            tap.equal(tensor.data.tolist(), [float(tensor.name[1])] * 3)
            tap.equal(tensor.data_offset % 256, 0)
    save(target / "x-00001-of-00002.gguf", work / "b.gguf")
    tap.equal((work / "b.gguf").read_bytes(), (work / "a.gguf").read_bytes())


def test_the_name_must_be_that_of_the_first():
    whole = official_split(folder("a"))[0]
    target = folder("c")
    for name in ("x.gguf", "x-00001-of-00002.gguf", "x-00002-of-00003.gguf", "x-00001-of-00003"):
        result = subprocess.run([PROBE, "save", "gguf", "800", whole, target / name],
                                capture_output=True, text=True)
        tap.equal(result.returncode, 1, name)
        tap.equal("the model needs 3 files; the name of the first must end in -00001-of-00003.gguf"
                  in result.stderr, True, result.stderr)
        tap.equal(list(target.iterdir()), [], name)
    # What needs one file only may have any name.
    save(whole, target / "x.gguf", shard_size=10**6)
    tap.equal((target / "x.gguf").read_bytes(), whole.read_bytes())


def part(number, count, tensors=None, name=None, extra=(), total=True):
    values = [F.value("split.no", U16, number), F.value("split.count", U16, count), *extra]
    if total:
        values.append(F.value("split.tensors.count", I32, count if tensors is None else tensors))
    data = padded(bytes([number] * 4))
    return F.whole(values, [F.tensor(name or f"t{number}", [1], 0, 0)], data)


def put(directory, name, content):
    (directory / name).write_bytes(content)


def try_second(second, first=None):
    target = folder("d")
    put(target, "x-00001-of-00002.gguf", first or part(0, 2))
    if second is not None:
        put(target, "x-00002-of-00002.gguf", second)
    return opened(target / "x-00001-of-00002.gguf")


def test_what_does_not_fit_together_is_refused():
    tap.equal(try_second(part(1, 2)), "")
    tap.equal(try_second(None), "CKPT_E_NOT_FOUND -")
    tap.equal(try_second(part(0, 2)), "CKPT_E_MISMATCH GG17")
    tap.equal(try_second(part(1, 3)), "CKPT_E_MISMATCH GG17")
    tap.equal(try_second(F.whole()), "CKPT_E_MISMATCH GG17")
    tap.equal(try_second(part(1, 2, name="t0")), "CKPT_E_EXISTS -")
    tap.equal(try_second(part(1, 2)[:-40]), "CKPT_E_TRUNCATED GG16")
    tap.equal(try_second(part(1, 2), part(0, 2, tensors=3)), "CKPT_E_MISMATCH GG17")
    tap.equal(try_second(part(1, 2), part(0, 2, total=False)), "")
    tap.equal(try_second(b"{}"), "CKPT_E_TRUNCATED -")


def test_links_are_not_followed():
    target = folder("d")
    put(target, "x-00001-of-00002.gguf", part(0, 2))
    put(work, "elsewhere", part(1, 2))
    (target / "x-00002-of-00002.gguf").symlink_to(work / "elsewhere")
    tap.equal(opened(target / "x-00001-of-00002.gguf"), "CKPT_E_IO -")


def test_values_of_other_files_are_reported():
    target = folder("d")
    put(target, "x-00001-of-00002.gguf", part(0, 2, extra=[F.value("a", STRING, "1")]))
    put(target, "x-00002-of-00002.gguf", part(1, 2, extra=[F.value("b", U8, 1)]))
    losses = save(target / "x-00001-of-00002.gguf", work / "b.gguf")
    tap.equal([loss[:2] for loss in losses], [("metadata", "b")])
    tap.equal(plain(dump(work / "b.gguf")["metadata"]), {"a": "1"})


tap.main(globals())
