"""What flow.save writes is read as it was meant, and what the library writes is the object it was.
OneFlow itself was not run: see oneflowfiles.py.

    test_oneflow.py MODEL_PROBE
"""

import itertools
import os
import random
import struct

from oneflowfiles import *

SEED = 20260715
print(f"# seed {SEED}; OneFlow itself is not run")


def expected(made):
    floating = np.dtype(NUMBERS[made.dtype.number][3]).kind in "fc"
    kind = "parameter" if isinstance(made, Parameter) or floating else "buffer"
    return (kind, NUMBERS[made.dtype.number][4], ",".join(map(str, made.array.shape)), raw(made).hex())


def check_state(state, file):
    got = dump(file)
    tap.equal(list(got), list(state), "names")
    for name, made in state.items():
        wanted = expected(made)
        tap.equal(got[name][:3], wanted[:3], name)
        assert got[name][4] == wanted[3], f"{name}: bytes"
    for a, b in itertools.combinations(state, 2):
        tap.equal(got[a][3] == got[b][3], state[a] is state[b], f"{a} is {b}")


def random_state(rng, **options):
    state = OrderedDict()
    for i in range(rng.randrange(10)):
        tie = state and rng.random() < 0.2
        state[f"{rng.choice('ab')}{i}.weight"] = (rng.choice(list(state.values())) if tie
                                                  else random_tensor(rng, **options))
    return state


def test_single_files_of_both_protocols_and_numpys():
    rng = random.Random(SEED)
    for number, protocol, old in itertools.product(range(12), (4, 5), (False, True)):
        state = random_state(rng)
        check_state(state, save(state, path("x"), protocol, old))


def test_every_dtype_and_shape():
    rng = random.Random(SEED + 1)
    shapes = [(), (1,), (0,), (3,), (2, 3), (0, 5), (2, 0, 3), (2, 1, 2, 1)]
    state = {f"{NUMBERS[n][1]}.{i}": tensor(random_array(rng, n, shape), n)
             for n, (i, shape) in itertools.product(NUMBERS, enumerate(shapes))}
    for protocol in (3, 4, 5):
        check_state(state, save(state, path("x"), protocol))
    check_state(state, save_directory(state, path("every")))


def test_directories():
    rng = random.Random(SEED + 2)
    for number in range(12):
        state = random_state(rng, order=False)
        directory = save_directory(state, path(f"d{number}"), magic=number % 2 == 1)
        check_state(state, directory)
        check_state(state, f"{directory}/")
        check_state(state, directory / "pickled_data")


def test_more_tensors_than_files_may_be_open():
    rng = random.Random(SEED + 3)
    state = {f"t{i}": tensor(random_array(rng, 2, (3,)), 2) for i in range(230)}
    check_state(state, save_directory(state, path("many")))


def test_bfloat16_is_narrowed_exactly():
    values = [0.0, -0.0, 1.0, float("inf"), float("-inf"), 1e-40]
    bits = [struct.unpack("<I", struct.pack("<f", v))[0] & 0xffff0000 for v in values] + [0x7fc10000, 0xff810000]
    array = np.array(bits, "u4").view("f4")
    halves = b"".join(struct.pack("<H", b >> 16) for b in bits).hex()
    for data in (array, array.astype(">f4")):
        tap.equal(dump(save({"a": tensor(data, 11)}, path("x")))["a"][1:3] + (halves,),
                  ("bf16", "8", dump(path("x"))["a"][4]))
    save({"a": tensor(np.array([1.1], "f4"), 11)}, path("x"))
    assert "no bfloat16" in run("dump", path("x"), fails=True)


def test_big_tensors_are_converted_in_pieces():
    rng = random.Random(SEED + 4)
    state = {"a": tensor(random_array(rng, 11, (100003,)), 11), "b": tensor(random_array(rng, 2, (70001,)), 2)}
    check_state(state, save(state, path("x"), 5))
    tap.equal(convert("oneflow", path("x"), path("y")), [])
    Same().check(dict(state), load(path("y")))


def test_objects_come_back_as_they_were():
    rng = random.Random(SEED + 5)
    for number in range(80):
        thing = random_object(rng)
        file = save(thing, path("x"), rng.choice([4, 5]), rng.random() < 0.5)
        losses = [loss for loss in convert("oneflow", file, path("y"))
                  if loss[0] not in ("view", "tie") and "several places" not in loss[2] and loss[0] != "flag"]
        tap.equal(losses, [], repr(thing))
        Same().check(thing, load(path("y")), "object")
        # What is written is read again as what it was.
        convert("oneflow", path("y"), path("z"))
        tap.equal(path("z").read_bytes(), path("y").read_bytes(), "twice")


def test_a_frozenset_is_a_set_to_pytorch_which_is_told():
    """It stays one where the pickle has them; PyTorch's have none."""
    thing = {"w": tensor(np.zeros(2, "f4"), 2), "ids": frozenset({1, 2}), "deep": [frozenset()]}
    file = save(thing, path("x"))
    tap.equal(convert("oneflow", file, path("y")), [])
    Same().check(thing, load(path("y")))
    told = [loss for loss in convert("torch", file, path("y.pt")) if loss[0] == "metadata"]
    tap.equal([(name, "frozenset" in message) for _, name, message in told],
              [("/ids", True), ("/deep/0", True)])
    # A copy by way of .ckpt keeps it.
    convert("ckpt", file, path("y.ckpt"))
    tap.equal(convert("oneflow", path("y.ckpt"), path("z")), [])
    Same().check(thing, load(path("z")))


def test_directories_come_back_as_they_were():
    rng = random.Random(SEED + 6)
    for number in range(20):
        state = random_state(rng)
        state["optimizer"] = {"state": {0: {"momentum": random_tensor(rng, 2)}}, "param_groups": [{"lr": 0.1}]}
        wanted = {k: v for k, v in state.items() if not isinstance(v, Tensor) or v.dtype.number != 11}
        out = path(f"out{number}")
        convert("oneflow-dir", save(wanted, path("x")), out)
        tap.equal(sorted(p.name for p in out.iterdir() if p.is_file()), ["pickled_data"])
        Same().check(wanted, load(out), "object")
        if number == 0:
            tap.equal(run("manifest", out), run("manifest", out / "pickled_data").replace("/pickled_data", ""))


def test_bfloat16_is_widened_for_a_directory():
    save({"a": tensor(np.array([1.5, -2], "f4"), 11)}, path("x"))
    (loss,) = convert("oneflow-dir", path("x"), path("wide"))
    tap.equal(loss[:2], ("dtype", "a"))
    made = load(path("wide"))["a"]
    tap.equal((made.dtype.number, made.array.tolist()), (2, [1.5, -2]))


def test_a_directory_is_new_or_not_at_all():
    file = save({"a": tensor(np.zeros(2, "f4"), 2)}, path("x"))
    for name, make in (("full", lambda p: (p.mkdir(), (p / "f").write_text("x"))), ("empty", lambda p: p.mkdir()),
                       ("file", lambda p: p.write_text("x")), ("link", lambda p: p.symlink_to("nowhere"))):
        make(path(name))
        message = run("saveas", "oneflow-dir", file, path(name), fails=True)
        assert message.startswith("CKPT_E_EXISTS"), message
    assert "CKPT_E_NOT_FOUND" in run("saveas", "oneflow-dir", file, path("no/where"), fails=True)
    convert("oneflow-dir", file, f"{path('slash')}/")
    assert (path("slash") / "pickled_data").is_file()
    tap.equal([p.name for p in path("").iterdir() if p.name.startswith(".")], [], "left-overs")


def test_losses_are_told():
    rows = np.arange(12, dtype="f4").reshape(3, 4)
    file = save({"a": tensor(np.asfortranarray(rows), 2), "b": tensor(rows, 2)}, path("x"))
    tap.equal([loss[:2] for loss in convert("oneflow", file, path("y"))], [("view", "a")])
    # Two tensors of one array.
    shared = np.zeros(4, "f4")
    file = save([tensor(shared, 2), tensor(shared, 2)], path("x"))
    tap.equal([loss[:2] for loss in convert("oneflow", file, path("y"))], [("tie", "1")])
    file = save({"a": tensor(np.zeros(2, "i1"), 1)}, path("x"))
    tap.equal([loss[:2] for loss in convert("oneflow", file, path("y"))], [("dtype", "/a")])


def test_dtypes_that_oneflow_has_not_are_refused_by_name():
    file = save({"m.a": tensor(np.zeros(2, "u2"), 13)}, path("x"))
    tap.equal(dump(file)["m.a"][1], "u16")
    for format in ("oneflow", "oneflow-dir"):
        message = run("saveas", format, file, path("refused"), fails=True)
        assert "u16" in message and "m.a" in message, message
    assert not path("refused").exists()


tap.main(globals())
