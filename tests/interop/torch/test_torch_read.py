"""Files that PyTorch writes are read as they were meant.

    test_torch_read.py MODEL_PROBE
"""

import itertools
import random
import zipfile

from torchfiles import *

SEED = 20260711
print(f"# seed {SEED}")


def check_tensor(got, tensor, what):
    wanted_type = TYPES[str(tensor.dtype).removeprefix("torch.")]
    floating = tensor.is_floating_point() or tensor.is_complex()
    tap.equal(got[:3] + got[4:],
              ("parameter" if floating else "buffer", wanted_type,
               ",".join(map(str, tensor.shape)), raw(tensor).hex()), what)


def check_state(state, file, **options):
    got = dump(save(state, file, **options))
    tap.equal(list(got), list(state), "names")
    for key, tensor in state.items():
        check_tensor(got[key], tensor, key)
    return got


def random_state(rng):
    state, bases = OrderedDict(), []
    for number in range(rng.randrange(12)):
        key = f"{rng.choice('abc')}{number}.{rng.choice(['', ' ü', 'x', '0'])}.{rng.choice(['weight', 'bias'])}"
        if bases and rng.random() < 0.4:
            state[key] = random_view(rng, rng.choice(bases))
        else:
            state[key] = random_tensor(rng)
            if state[key].dim() > 0:
                bases.append(state[key])
    return state


def test_random_state_dicts():
    rng = random.Random(SEED)
    for number in range(50):
        torch.manual_seed(number)
        check_state(random_state(rng), path(f"{number}.pt"))
        check_state(random_state(rng), path(f"{number}.pth"), _use_new_zipfile_serialization=False)


def test_every_dtype_and_shape():
    rng = random.Random(SEED + 1)
    shapes = [(), (1,), (0,), (3,), (2, 3), (0, 5), (2, 0, 3), (2, 1, 2, 1)]
    state = {f"{dtype}.{number}": random_tensor(rng, getattr(torch, dtype), shape)
             for dtype, (number, shape) in itertools.product(TYPES, enumerate(shapes))}
    check_state(state, path())
    typed = {k: v for k, v in state.items() if v.dtype in torch.storage._dtype_to_storage_type_map()}
    check_state(typed, path(), _use_new_zipfile_serialization=False)


def test_opaque_dtypes_keep_their_bytes():
    data = torch.arange(8, dtype=torch.uint8)
    for kind in OPAQUE:
        got = dump(save({"a": data.view(getattr(torch, kind))}))["a"]
        tap.equal((got[1], got[4]), (kind, bytes(range(8)).hex()), kind)


def test_float4_has_two_elements_in_one():
    data = torch.arange(6, dtype=torch.uint8).reshape(2, 3).view(torch.float4_e2m1fn_x2)
    got = dump(save({"a": data, "b": data.t(), "c": data[1]}))
    tap.equal(got["a"][1:3], ("f4_e2m1fn", "2,6"))
    tap.equal(got["b"][1:3], ("float4_e2m1fn_x2", "3,2"))
    tap.equal(got["c"][1:3] + got["c"][4:], ("f4_e2m1fn", "6", "030405"))


def test_ties_views_and_parameters():
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4))
    net[2].weight = net[0].weight
    net[2].bias.requires_grad_(False)
    for legacy in (False, True):
        got = dump(save(net.state_dict(), _use_new_zipfile_serialization=not legacy))
        tap.equal(got["0.weight"][3], got["2.weight"][3], "tied")
        assert got["0.bias"][3] != got["2.bias"][3]
    got = dump(save(dict(net.named_parameters(remove_duplicate=False))))
    tap.equal(got["0.weight"][3], got["2.weight"][3], "one object")
    base = torch.arange(24.).reshape(4, 6)
    got = dump(save({"base": base, "row": base[1], "column": base[:, 2], "turned": base.t(),
                     "same": base.view(4, 6), "wide": base[0].expand(3, 6)}))
    tap.equal(got["base"][3], got["same"][3])
    tap.equal(len({v[3] for v in got.values()}), 5)
    tap.equal(got["wide"][4], raw(base[0]).hex() * 3)


def test_metadata_gives_modules_without_tensors():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(),
                              torch.nn.Sequential(torch.nn.Dropout(), torch.nn.BatchNorm1d(2)))
    save(net.state_dict())
    text = run("manifest", path())
    for line in ('"1": {module: ""}', '"0": {module: ""}', "torch.versions:"):
        assert line in text, (line, text)
    got = dump(path())
    tap.equal(list(got), list(net.state_dict()))


def test_training_checkpoints():
    for make in (lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
                 lambda p: torch.optim.Adam(p, amsgrad=True),
                 lambda p: torch.optim.AdamW(p), lambda p: torch.optim.Adagrad(p),
                 lambda p: torch.optim.RMSprop(p, momentum=0.1)):
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
        optimizer = make(net.parameters())
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        net(torch.randn(5, 3)).pow(2).sum().backward()
        optimizer.step()
        scheduler.step()
        thing = {"epoch": 7, "model": net.state_dict(), "optimizer": optimizer.state_dict(),
                 "scheduler": scheduler.state_dict(), "rng": torch.get_rng_state(),
                 "history": [(1, 0.5), (2, 0.25)], "best": None}
        got = dump(save(thing))
        for key, tensor in net.state_dict().items():
            check_tensor(got[f"model.{key}"], tensor, key)
        for number, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    line = got[f"optimizer.state.{number}.{key}"]
                    tap.equal((line[0], line[4]), ("buffer", raw(value).hex()), key)
        tap.equal(got["rng"][4], raw(thing["rng"]).hex())


def test_every_kind_of_archive():
    state = {"a": torch.arange(1000.), "b": torch.arange(3)}
    wanted = dump(save(state))
    with zipfile.ZipFile(path()) as file:
        records = {n.split("/", 1)[1]: file.read(n) for n in file.namelist()}
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        names = list(records)
        for order in (names, names[::-1], sorted(names)):
            for left_out in ((), (".format_version", ".storage_alignment", "byteorder",
                                  ".data/serialization_id")):
                with zipfile.ZipFile(path("y.pt"), "w", compression) as file:
                    for record in order:
                        if record not in left_out:
                            file.writestr(f"some folder/{record}", records[record])
                tap.equal(dump(path("y.pt")), wanted)
                assert torch.load(path("y.pt"), weights_only=True)["b"].tolist() == [0, 1, 2]


def test_big_endian_files():
    rng = random.Random(SEED + 2)
    state = {dtype: random_tensor(rng, getattr(torch, dtype), (3,)) for dtype in TYPES}
    wanted = dump(save(state))
    out = {}
    with zipfile.ZipFile(path()) as file:
        for record in file.namelist():
            content = file.read(record)
            if record.endswith("/byteorder"):
                content = b"big"
            if "/data/" in record:
                number = int(record.rsplit("/", 1)[1])
                kept = list(state.values())[number]
                unit = kept.element_size() // (2 if kept.is_complex() else 1)
                content = b"".join(content[i:i + unit][::-1] for i in range(0, len(content), unit))
            out[record] = content
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(path("big.pt"), "w", compression) as file:
            for record, content in out.items():
                file.writestr(record, content)
        tap.equal(dump(path("big.pt")), wanted)
    mixed = tensor(storage(kind="UntypedStorage", module="torch.storage", numel=16), size=(8,),
                   function="_rebuild_tensor_v3", extra=name("torch", "uint16"))
    other = mixed.replace(b"uint16", b"uint32").replace(extents((8,)), extents((4,)))
    for byteorder, wanted in ((b"little", "CKPT_OK"), (b"big", "CKPT_E_UNSUPPORTED")):
        [(status, _)] = judge([archive(pickled(b"}" + text("a") + mixed + b"s" + text("b") + other +
                                               b"s"), FOUR_FLOATS, byteorder=byteorder)])
        tap.equal(status, wanted)


def test_storages_without_tensors_and_old_functions():
    [(status, message)] = judge([archive(one(storage()), FOUR_FLOATS)])
    tap.equal(status, "CKPT_OK", message)
    body = (name("torch._utils", "_rebuild_tensor") + b"(" + storage() + integer(1) + extents((3,)) +
            extents((1,)) + b"tR")
    path().write_bytes(archive(one(body), FOUR_FLOATS))
    tap.equal(dump(path())["a"][1:3] + dump(path())["a"][4:], ("f32", "3", bytes(range(4, 16)).hex()))


def test_texts_of_python_2():
    body = tensor().replace(text("storage"), b"U\x07storage").replace(text("cpu"), b"U\x03cpu")
    content = archive(pickled(b"}U\x01a" + body + b"s"), FOUR_FLOATS)
    assert torch_takes(content)
    path().write_bytes(content)
    tap.equal(list(dump(path())), ["a"])


def test_views_of_the_old_format():
    """Before storages were told apart by their place, the old format had views of storages."""
    import struct
    magic = pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2)

    def view(first, numel):
        return (b"(" + text("storage") + name("torch", "FloatStorage") + text("k") + text("cpu") +
                integer(4) + b"(" + text("v") + integer(first) + integer(numel) + b"ttQ")

    def file(stored, size):
        return (magic + one(tensor(stored, size=(size,))) + pickle.dumps(["k"], 2) +
                struct.pack("<q", 4) + bytes(range(16)))

    path().write_bytes(file(view(1, 2), 2))
    tap.equal(dump(path())["a"][4], bytes(range(4, 12)).hex())
    (bounds, _), (outside, _) = judge([file(view(1, 2), 3), file(view(3, 2), 1)])
    tap.equal((bounds, outside), ("CKPT_E_BOUNDS", "CKPT_E_BOUNDS"))


tap.main(globals())
