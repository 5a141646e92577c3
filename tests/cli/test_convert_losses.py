"""What ckpt-convert says about what it loses; --strict."""

import json
import struct

from clitools import fine, pack, refused, run, safetensors, work
import tap

LAYERS = "".join(f"""
    l{i}:
      module: Linear
      members: {{w: {{parameter: f32, shape: [2], init: ones}}}}""" for i in range(30))
NAME = pack("net", f"""\
ckpt-manifest: 1
metadata: {{deep: {{a: 1}}}}
root:
  module: Net
  members:{LAYERS}
    t1: &t {{parameter: f32, shape: [3], init: ones}}
    t2: *t
""")


def report(*arguments):
    return json.loads(fine("ckpt-convert", "--json", *arguments))


def kinds(losses):
    return sorted({loss["kind"] for loss in losses})


def test_what_a_flat_format_loses():
    told = report(NAME, "net.safetensors")
    losses = told["losses"]
    tap.equal([k for k in kinds(losses) if k in ("metadata", "module", "tie")], ["metadata", "module"])
    tap.equal(sorted(loss["name"] for loss in losses if loss["kind"] == "module"),
              sorted([""] + [f"l{i}" for i in range(30)]))
    tap.equal([(loss["kind"], loss["name"]) for loss in told["hidden"]], [("tie", "t2")])


def test_alike_losses_share_a_line():
    shown = fine("ckpt-convert", NAME, "net.safetensors")
    lines = [line for line in shown.split("\n") if line.startswith("  module ")]
    tap.equal(len(lines), 2, shown)
    tap.equal("l0, l1, l2 and 27 more: " in lines[1], True, lines)
    verbose = fine("ckpt-convert", "--verbose", NAME, "net.safetensors")
    tap.equal(len([x for x in verbose.split("\n") if x.startswith("  module ")]), 31, verbose)


def test_modules_in_several_places_in_a_state_dict():
    """Its tensors stay tied; that it was one module is lost, whether it had a type or not."""
    for module, message in (("{module: Linear, ", "nor that it stands in several places"),
                            ("{module: '', ", "does not say that the module stands in several places")):
        name = pack("shared", f"""\
ckpt-manifest: 1
root:
  module: ""
  members:
    a: &m {module}members: {{w: {{parameter: f32, shape: [2], init: ones}}}}}}
    b: *m
""")
        losses = report(name, "shared.pt")["losses"]
        tap.equal([(loss["kind"], loss["name"]) for loss in losses], [("module", "a")], losses)
        assert message in losses[0]["message"], losses
        tap.equal(run("ckpt-convert", "--strict", name, "shared.pt").status, 1)


def test_strict_writes_nothing():
    (work / "old.safetensors").write_bytes(b"old")
    before = sorted(path.name for path in work.iterdir())
    result = run("ckpt-convert", "--strict", NAME, "old.safetensors")
    tap.equal(result.status, 1)
    tap.equal(result.out.startswith("would be lost: "), True, result.out)
    tap.equal(result.err.startswith("ckpt-convert: the format would lose something: "), True,
              result.err)
    tap.equal((work / "old.safetensors").read_bytes(), b"old")
    tap.equal(sorted(path.name for path in work.iterdir()), before)


def test_strict_tells_programs_too():
    result = run("ckpt-convert", "--strict", "--json", NAME, "none.safetensors")
    told = json.loads(result.out)
    tap.equal((result.status, told["saved"]), (1, False))
    tap.equal("module" in kinds(told["losses"]), True, told)
    tap.equal(kinds(told["hidden"]), ["tie"], told)


def test_strict_is_content_where_nothing_is_lost():
    fine("ckpt-convert", "--strict", "-q", NAME, "same.ckpt")
    tap.equal(fine("ckpt-inspect", "--digest", "same.ckpt"), fine("ckpt-inspect", "--digest", NAME))


def test_what_is_hidden_from_others_is_no_loss():
    """Ties in safetensors and GGUF, long names in GGUF: told, and read back."""
    long = "n" * 70
    net = pack("hidden", f"""\
ckpt-manifest: 1
root:
  module: ""
  members:
    a: &a {{parameter: f32, shape: [2], init: ones}}
    {long}: *a
""")
    for output, wanted in (("h.safetensors", [("tie", long)]), ("h.gguf", [("tie", long)])):
        told = report("--strict", net, output)
        tap.equal((told["saved"], told["losses"]), (True, []), output)
        tap.equal([(loss["kind"], loss["name"]) for loss in told["hidden"]], wanted)
        assert "'a'" in told["hidden"][0]["message"], told
        tap.equal(run("ckpt-diff", net, output).status, 0, output)
        shown = fine("ckpt-convert", "--strict", net, output)
        tap.equal(shown.split("\n")[1:3], ["nothing is lost", "kept, but hidden from other software: 1 thing"])
    only = pack("long", f"ckpt-manifest: 1\nroot: {{module: '', members: {{{long}: "
                        "{parameter: f32, shape: [2], init: ones}}}\n")
    told = report("--strict", only, "long.gguf")
    tap.equal((told["losses"], [(h["kind"], h["name"]) for h in told["hidden"]]), ([], [("name", long)]))
    # Two tensors that are one view of a storage become one: the names agree, the tensors do not.
    twins = pack("twins", """\
ckpt-manifest: 1
storages: [{size: 8}]
root:
  module: ""
  members:
    a: {parameter: f32, shape: [2], storage: 0, init: ones}
    b: {parameter: f32, shape: [2], storage: 0, init: ones}
""")
    told = report(twins, "twins.safetensors")
    tap.equal(([(x["kind"], x["name"]) for x in told["losses"]], told["hidden"]), ([("tie", "b")], []))


def test_what_was_asked_for_is_no_loss():
    fine("ckpt-convert", "--strict", "-q", "-d", "bf16", "-r", "s/^l/layer/", "--drop", "t2", NAME,
         "changed.ckpt")


def test_what_choices_cannot_keep_is_a_loss():
    told = report("-r", "s/^l3\\.w/w/", NAME, "moved.ckpt")["losses"]
    tap.equal([(loss["kind"], loss["name"]) for loss in told], [("module", "l3")])
    result = run("ckpt-convert", "--strict", "-r", "s/^l3\\.w/w/", NAME, "x.ckpt")
    tap.equal((result.status, (work / "x.ckpt").exists()), (1, False))
    tap.equal(result.err, "ckpt-convert: x.ckpt: not written: something would be lost: module: l3: "
                          "no name leads to the module of type 'Linear' any more\n")


tap.main(globals())
