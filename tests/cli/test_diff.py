"""ckpt-diff: each kind of difference, across formats, and its exit status."""

import json
import math
import os
import pty
import struct
import subprocess

from clitools import TOOLS, fine, pack, refused, run, safetensors, work
import tap

BASE = """\
ckpt-manifest: 1
metadata: {title: digits, nested: {a: [1, 2], b: x}}
root:
  module: Net
  members:
    "0": &s
      module: Linear
      attributes: {bias: true}
      members:
        weight: {parameter: f32, shape: [300], init: ones}
        bias: &b {parameter: f32, shape: [3], init: ones}
    "1": *s
    tied: *b
    head: {parameter: f32, shape: [3], init: ones}
"""
A = pack("base", BASE)


def changed(name, *replacements):
    text = BASE
    for old, new in replacements:
        tap.equal(old in text, True, old)
        text = text.replace(old, new)
    return pack(name, text)


def lines(b, *options, a=A):
    result = run("ckpt-diff", *options, a, b)
    tap.equal(result.err, "")
    *differences, end, empty = result.out.split("\n")
    tap.equal((result.status, empty), (1 if differences else 0, ""))
    count = len(differences)
    tap.equal(end.split(";")[0], "no difference" if count == 0 else
              f"{count} difference" + "s" * (count > 1))
    return differences


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def one(name, dtype, count, content):
    return safetensors(name, {"x": (dtype, [count], content)})


def test_the_same():
    tap.equal(lines(A), [])
    fine("ckpt-convert", "-q", "-z", A, "z.ckpt")
    tap.equal(lines("z.ckpt"), [])
    tap.equal(fine("ckpt-diff", A, "z.ckpt"),
              "no difference; values of 3 tensors compared, 1.2 KiB\n")


def test_names():
    b = changed("names", ("    head:", "    other:"))
    tap.equal(lines(b), ["- tensor head: f32 [3]", "+ tensor other: f32 [3]"])
    b = changed("kind", ("    head: {parameter: f32, shape: [3], init: ones}",
                         "    head: {module: X}"))
    tap.equal(lines(b), ["~ name head: a tensor and a module"])
    b = changed("more", ("    head:", "    relu: {module: ReLU}\n    head:"))
    tap.equal(lines(b), ["+ module relu: ReLU"])
    tap.equal(lines(b, "--values"), [])


def test_order():
    text = BASE.split("\n")
    text[-2], text[-3] = text[-3], text[-2]
    tap.equal(lines(pack("order", "\n".join(text))),
              ["~ order head: stands before tied in the second"])


def test_modules():
    b = changed("modules", ("module: Linear", "module: Conv"), ("{bias: true}", "{bias: 1, size: 2}"))
    tap.equal(lines(b)[:3], ["~ type 0: 'Linear' and 'Conv'", "~ attribute 0: bias: true and int 1",
                             "+ attribute 0: size: int 2"])


def test_ties():
    b = changed("untied", ("tied: *b", "tied: {parameter: f32, shape: [3], init: ones}"))
    tap.equal(lines(b), ["~ tie tied: one with 0.bias, and on its own"])
    tap.equal(lines(A, a=b), ["~ tie tied: on its own, and one with 0.bias"])
    tap.equal(lines(b, "--values"), [])
    b = changed("unshared", ('"1": *s', '"1": {module: Linear, attributes: {bias: true}, members: '
                             "{weight: {parameter: f32, shape: [300], init: ones}, bias: *b}}"))
    tap.equal(lines(b), ["~ shared 1: one with 0, and on its own",
                         "~ tie 1.weight: one with 0.weight, and on its own"])


def test_metadata():
    b = changed("metadata", ("title: digits", "title: 3"), ("[1, 2]", "[1, 3]"), (", b: x", ""))
    tap.equal(lines(b), ['~ metadata title: "digits" and int 3',
                         "~ metadata nested.a[1]: int 2 and int 3",
                         '- metadata nested.b: "x"'])


def test_types_and_flags():
    b = changed("types", ("head: {parameter: f32", "head: {buffer: f16"))
    tap.equal(lines(b), ["~ dtype head: f32 and f16",
                         "~ flag head: a parameter with gradient and a buffer"])
    tap.equal(lines(b, "--values"), [])
    b = changed("shapes", ("head: {parameter: f32, shape: [3]", "head: {parameter: f32, shape: [1, 3]"))
    tap.equal(lines(b), ["~ shape head: [3] and [1, 3]"])


def test_values():
    a = one("a.safetensors", "F32", 4, floats(1, 2, 3, 4))
    b = one("b.safetensors", "F32", 4, floats(1, 2.5, 3, 4.0000005))
    tap.equal(lines(b, a=a), ["~ values x: 2 of 4 elements differ, by at most 0.5, 0.125 on average, "
                              "at most 2,097,152 ULP"])
    tap.equal(run("ckpt-diff", "--structure", a, b).out, "no difference\n")
    report = json.loads(run("ckpt-diff", "--json", a, b).out)
    tap.equal(report["same"], False)
    value, = report["differences"]
    tap.equal((value["elements"], value["differ"], value["max_abs"], value["max_ulp"]),
              (4, 2, 0.5, 2097152))
    tap.equal(value["mean_abs"], (0.5 + (struct.unpack("<f", floats(4.0000005))[0] - 4)) / 4)


def test_one_ulp_and_the_sign_of_zero():
    a = one("a.safetensors", "F32", 3, floats(1, 0.0, 2))
    b = one("b.safetensors", "F32", 3, struct.pack("<3I", 0x3f800001, 0x80000000, 0x40000000))
    tap.equal(lines(b, a=a)[0].split("average, ")[1], "at most 1 ULP")
    c = one("c.safetensors", "F32", 3, struct.pack("<3I", 0x3f800000, 0x80000000, 0x40000000))
    tap.equal(lines(c, a=a),
              ["~ values x: 1 of 3 elements have other bits, signs of zeros or NaNs"])
    tap.equal(lines(c, "--atol", "0", a=a), [])


def test_scales_have_no_sign():
    a = one("a.safetensors", "F8_E8M0", 3, bytes([0x7f, 0x7e, 0xfe]))
    b = one("b.safetensors", "F8_E8M0", 3, bytes([0x80, 0x80, 0xfe]))
    tap.equal(lines(b, a=a)[0].split("average, ")[1], "at most 2 ULP")


def test_what_is_not_a_number():
    nan, inf = float("nan"), float("inf")
    a = one("a.safetensors", "F32", 4, floats(nan, nan, inf, inf))
    b = one("b.safetensors", "F32", 4, floats(nan, 1, inf, -inf))
    tap.equal(lines(b, a=a), ["~ values x: 2 of 4 elements differ, by at most inf, inf on average, at "
                              "most 4,278,190,080 ULP; 1 are NaN in one only"])
    tap.equal(len(lines(b, "--rtol", "1", a=a)), 1)
    c = one("c.safetensors", "F32", 4, floats(nan, nan, 1, inf))
    tap.equal([text.split("; ")[1] for text in lines(a, "--rtol", "1", a=c)],
              ["1 beyond the tolerance"])


def test_tolerances():
    a = one("a.safetensors", "F32", 2, floats(1, 100))
    b = one("b.safetensors", "F32", 2, floats(1.01, 101))
    tap.equal(lines(b, "--rtol", "0.011", a=a), [])
    tap.equal(lines(b, "--atol", "0.5", a=a)[0].split("; ")[1], "1 beyond the tolerance")
    tap.equal(lines(b, "--atol", "0.5", "--rtol", "0.006", a=a), [])


def test_values_across_types():
    a = one("a.safetensors", "F32", 2, floats(1, 1.0000001))
    fine("ckpt-convert", "-q", "-d", "bf16", a, "half.ckpt")
    tap.equal(lines("half.ckpt", "--values", a=a),
              ["~ values x: 1 of 2 elements differ, by at most 1.19209e-07, 5.96046e-08 on average"])
    tap.equal(lines("half.ckpt", "--values", "--rtol", "0.01", a=a), [])


def test_integers_exactly():
    a = one("a.safetensors", "I64", 2, struct.pack("<2q", 2 ** 60, -1))
    b = one("b.safetensors", "I64", 2, struct.pack("<2q", 2 ** 60 + 1, 1))
    tap.equal(lines(b, a=a), ["~ values x: 2 of 2 elements differ, by at most 2, 1.5 on average"])


def test_exit_status():
    b = changed("quiet", ("    head:", "    other:"))
    for options, wanted in (([A, A], 0), ([A, b], 1), ([A, b, "--quiet"], 1)):
        result = run("ckpt-diff", *options)
        tap.equal(result.status, wanted)
    tap.equal(run("ckpt-diff", "-q", A, b).out, "")
    tap.equal(refused("ckpt-diff", A, "missing.ckpt", status=2),
              "missing.ckpt: cannot open: no such file or directory")
    damaged = bytearray((work / A).read_bytes())
    layout = json.loads(fine("ckpt-inspect", "--json", A))["storages"]
    damaged[layout[0]["file_offset"]] ^= 1
    (work / "damaged.ckpt").write_bytes(damaged)
    changed("plain")
    fine("ckpt-pack", "plain.yaml", "-o", "small.ckpt", "--chunk-size", "4096")
    message = refused("ckpt-diff", "-q", "small.ckpt", "damaged.ckpt", status=2)
    tap.equal("rule C2" in message, True, message)


def test_views():
    fine("ckpt-convert", "-q", A, "same.ckpt")
    tap.equal(lines("same.ckpt", "--structure"), [])


def on_terminal(*arguments):
    """Status, stdout, and what a terminal at stderr is sent."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([TOOLS / "ckpt-diff", *arguments], cwd=work, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    out = process.communicate()[0]
    shown = b""
    try:
        while piece := os.read(leader, 4096):
            shown += piece
    except OSError:  # as a terminal ends on Linux
        pass
    os.close(leader)
    return process.returncode, out, shown.decode()


def test_progress_is_for_terminals():
    """One line, gone in the end; nothing of it on stdout, or where stderr is no terminal."""
    b = one("other.safetensors", "F32", 4, floats(1, 2, 3, 5))
    a = one("one.safetensors", "F32", 4, floats(1, 2, 3, 4))
    status, out, shown = on_terminal(a, b)
    tap.equal((status, out), (1, run("ckpt-diff", a, b).out))
    for piece in shown.split("\x1b[K"):
        tap.equal(piece == "\r" or piece == "" or piece.startswith("\rone.safetensors: "), True, shown)
    tap.equal(shown.endswith("\r\x1b[K"), True, shown)
    tap.equal(run("ckpt-diff", a, b).err, "")
    tap.equal(on_terminal("--quiet", a, b), (1, "", ""))


def test_names_of_strangers_are_escaped():
    nasty = "a\x1b[31m\u202e\n"
    a = safetensors("a.safetensors", {nasty: ("F32", [1], floats(1))})
    for line in lines(A, a=a):
        tap.equal(line.isprintable(), True, line)


tap.main(globals())
