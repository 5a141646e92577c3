"""Options, exit status, colour and lost output: what all tools have in common."""

import os
import pty
import re
import subprocess

from clitools import NAMES, ROOT, TOOLS, fine, npy, pack, refused, run, work
import tap

NET = pack("net", "ckpt-manifest: 1\nroot: {module: Linear, attributes: {in_features: 1, "
                  "out_features: 2}, members: {weight: {parameter: f32, shape: [2, 1], "
                  "init: ones}, bias: {parameter: f32, shape: [2], init: ones}}}\n")
X = npy("x.npy", "<f4", [1, 1], "f", [0])
ARGUMENTS = {"ckpt-inspect": [NET], "ckpt-verify": [NET], "ckpt-pack": ["net.yaml", "-o", NET],
             "ckpt-run": [NET, "-i", X], "ckpt-edit": [NET, "set", "a=1"],
             "ckpt-compact": [NET], "ckpt-convert": [NET, "converted.ckpt"],
             "ckpt-diff": [NET, NET], "ckpt-merge": [NET, "-o", "merged.ckpt"],
             "ckpt-split": [NET, "--shard-size", "1GB", "-o", "split.safetensors.index.json"]}


def test_help():
    for tool in NAMES:
        shown = fine(tool, "--help")
        tap.equal(shown.startswith(f"Usage: {tool} "), True)
        tap.equal("\nExamples:\n" in shown and "\nExit status: " in shown, True, tool)
        tap.equal(max(len(line) for line in shown.split("\n")) <= 100, True)
        tap.equal(fine(tool, "-h"), shown)


def test_every_option_of_the_help_is_in_the_manual_and_back():
    for tool in NAMES:
        manual = (ROOT / "man" / f"{tool}.1").read_text()
        listed = set(re.findall(r"^\.It .*?Fl -([a-z-]+)", manual, re.M)) | set(
            re.findall(r"^\.It Fl . , Fl -([a-z-]+)", manual, re.M))
        told = set(re.findall(r"^\s+(?:-., )?\s*--([a-z-]+)", fine(tool, "--help"), re.M))
        tap.equal(listed, told, tool)


def test_version():
    header = (ROOT / "libckpt/include/ckpt/version.h").read_text()
    version = re.search(r'CKPT_VERSION_STRING "(.*)"', header).group(1)
    for tool in NAMES:
        tap.equal(fine(tool, "--version"), f"{tool} (libckpt) {version}\n")


def test_wrong_usage():
    cases = [
        ("ckpt-inspect", [], "no file is given"),
        ("ckpt-inspect", ["--colour", NET], "unknown option '--colour'"),
        ("ckpt-inspect", ["--color"], "option '--color' needs a value"),
        ("ckpt-inspect", ["--color=red", NET], "--color takes auto, always or never, not 'red'"),
        ("ckpt-inspect", ["--json=1", NET], "option '--json=1' takes no value"),
        ("ckpt-inspect", ["--par", NET], "unknown option '--par'"),
        ("ckpt-inspect", ["-x", NET], "unknown option '-x'"),
        ("ckpt-inspect", ["--json", "--params", NET], "--json and --manifest go with no other view"),
        ("ckpt-inspect", ["--json", NET, "w"],
         "--json and --manifest show the whole file, not a selection"),
        ("ckpt-verify", [], "no file is given"),
        ("ckpt-verify", ["--json", NET], "unknown option '--json'"),
        ("ckpt-pack", ["-o", "x.ckpt"], "no manifest is given"),
        ("ckpt-pack", ["net.yaml"], "no output is given (-o FILE)"),
        ("ckpt-pack", ["a.yaml", "b.yaml", "-o", "x"], "more than one manifest: 'b.yaml'"),
        ("ckpt-pack", ["net.yaml", "-o", "x", "--chunk-size", "5000"],
         "--chunk-size takes a power of two from 4096 to 2^30, not '5000'"),
        ("ckpt-pack", ["net.yaml", "-o", "x", "--seed", "-1"],
         "--seed takes a number from 0 to 2^64 - 1, not '-1'"),
        ("ckpt-run", ["-i", X], "no checkpoint is given"),
        ("ckpt-run", [NET], "no input is given (--input X.npy)"),
        ("ckpt-run", [NET, "-i", X, "--batch", "0"], "--batch takes a number from 1 on, not '0'"),
        ("ckpt-run", [NET, "-i", X, "--tolerance", "nan"],
         "--tolerance takes a number from 0 on, not 'nan'"),
        ("ckpt-run", [NET, "-i", X, "--matmul", "gpu"],
         "--matmul takes builtin or cblas, not 'gpu'"),
    ]
    for tool, arguments, message in cases:
        tap.equal(refused(tool, *arguments, status=2), f"{message}; try '{tool} --help'")


def test_wrong_usage_of_what_converts():
    cases = [
        ("ckpt-convert", [], "no input is given"),
        ("ckpt-convert", [NET], "no output is given"),
        ("ckpt-convert", [NET, "a.ckpt", "b.ckpt"], "more than an input and an output: 'b.ckpt'"),
        ("ckpt-convert", [NET, "x.bin"],
         "'x.bin' has no extension that tells a format; give --to FORMAT"),
        ("ckpt-convert", [NET, "x.ckpt", "-d", "float"], "--dtype: there is no type 'float'"),
        ("ckpt-convert", [NET, "x.ckpt", "-d", "a=b="], "--dtype: there is no type ''"),
        ("ckpt-convert", [NET, "x.ckpt", "-r", "a"],
         "--rename 'a': a rule is s/EXPRESSION/REPLACEMENT/"),
        ("ckpt-convert", [NET, "x.ckpt", "-r", "s/a/b"],
         "--rename 's/a/b': a rule is s/EXPRESSION/REPLACEMENT/ and perhaps g or i"),
        ("ckpt-convert", [NET, "x.ckpt", "-r", "s/a/b/x"],
         "--rename 's/a/b/x': a rule is s/EXPRESSION/REPLACEMENT/ and perhaps g or i"),
        ("ckpt-convert", [NET, "x.ckpt", "-r", "s/(a/b/"], "--rename 's/(a/b/': Unmatched ( or \\("),
        ("ckpt-convert", [NET, "x.ckpt", "-r", "s/(a)/\\2/"],
         "--rename 's/(a)/\\2/': the expression has no group 2"),
        ("ckpt-convert", [NET, "x.ckpt", "--shard-size", "5X"],
         "--shard-size takes a size such as 5GB or 512MiB, not '5X'"),
        ("ckpt-convert", [NET, "x.ckpt", "--shard-size", "0"],
         "--shard-size takes a size such as 5GB or 512MiB, not '0'"),
        ("ckpt-convert", [NET, "x.ckpt", "--shard-size", "99999999999TB"],
         "--shard-size takes a size such as 5GB or 512MiB, not '99999999999TB'"),
        ("ckpt-convert", [NET, "x.ckpt", "--threads", "0"],
         "--threads takes a number from 1 to 64, not '0'"),
        ("ckpt-convert", [NET, "x.ckpt", "--chunk-size", "5000"],
         "--chunk-size takes a power of two from 4096 to 2^30, not '5000'"),
        ("ckpt-convert", [NET, "x.npy", "-z"], "--compress is for the formats ckpt and npz, not npy"),
        ("ckpt-convert", [NET, "x.ckpt", "-q", "-j"], "--json and --quiet exclude each other"),
        ("ckpt-convert", [NET, "x.safetensors.index.json"],
         "'x.safetensors.index.json' is the index of shards; give --shard-size SIZE"),
        ("ckpt-convert", [NET, "x.safetensors", "--shard-size", "1GB"],
         "the output of shards in this format is their index: 'x.safetensors' must end in "
         ".safetensors.index.json"),
        ("ckpt-merge", ["-o", "x.ckpt"], "no input is given"),
        ("ckpt-merge", [NET], "no output is given"),
        ("ckpt-split", ["-o", "x.ckpt", "--shard-size", "1GB"], "no input is given"),
        ("ckpt-split", [NET, "-o", "x.ckpt"], "no size is given (--shard-size SIZE)"),
        ("ckpt-split", [NET, NET, "-o", "x.ckpt"], f"more than one input: '{NET}'"),
        ("ckpt-diff", [NET], "two files are compared"),
        ("ckpt-diff", [NET, NET, NET], f"more than two files: '{NET}'"),
        ("ckpt-diff", [NET, NET, "--rtol", "-1"], "--rtol takes a number from 0 on, not '-1'"),
        ("ckpt-diff", [NET, NET, "--atol", "nan"], "--atol takes a number from 0 on, not 'nan'"),
        ("ckpt-diff", [NET, NET, "--structure", "--atol", "1"], "--structure compares no values"),
        ("ckpt-diff", [NET, NET, "-q", "-j"], "--json and --quiet exclude each other"),
    ]
    for tool, arguments, message in cases:
        tap.equal(refused(tool, *arguments, status=2), f"{message}; try '{tool} --help'")


def test_formats_can_be_limited():
    for tool, *arguments in (["ckpt-inspect", NET], ["ckpt-verify", NET], ["ckpt-run", NET, "-i", X],
                             ["ckpt-convert", NET, "x.ckpt"], ["ckpt-merge", NET, "-o", "x.ckpt"]):
        tap.equal(refused(tool, *arguments, "--from", "npy,safetensors"),
                  f"{NET}: not a file of the format asked for, npy,safetensors")
        run(tool, *arguments, "--from", "ckpt,npy")
    tap.equal(refused("ckpt-diff", NET, NET, "--from", "npy", status=2),
              f"{NET}: not a file of the format asked for, npy")


def test_formats_that_do_not_exist_are_wrong_usage():
    names = "ckpt, safetensors, torch, torch-legacy, npz, npy, gguf, oneflow, oneflow-dir"
    for tool, *arguments in (["ckpt-inspect", NET], ["ckpt-verify", NET], ["ckpt-run", NET, "-i", X],
                             ["ckpt-diff", NET, NET], ["ckpt-convert", NET, "x.ckpt"],
                             ["ckpt-merge", NET, "-o", "x.ckpt"],
                             ["ckpt-split", NET, "--shard-size", "1K", "-o", "x.ckpt"]):
        for wanted in ("numpy", "npy,numpy", "numpy,npy"):
            tap.equal(refused(tool, *arguments, "--from", wanted, status=2),
                      f"--from: there is no format 'numpy'; there are {names}; try '{tool} --help'")


def test_help_and_manuals_name_all_formats():
    for tool in ("ckpt-inspect", "ckpt-verify", "ckpt-run", "ckpt-diff", "ckpt-convert", "ckpt-merge", "ckpt-split"):
        told = " ".join(fine(tool, "--help").partition("--from FORMATS")[2].split())
        assert "commas: ckpt, safetensors, torch, torch-legacy, npz, npy, gguf, oneflow, oneflow-dir -" in told, (tool, told)
        told = (ROOT / "man" / f"{tool}.1").read_text(encoding="utf-8").partition("\n.It Fl -from ")[2].partition("\n.It ")[0]
        tap.equal(re.findall(r"^\.Cm ([\w-]+)", told, re.MULTILINE),
                  "ckpt safetensors torch torch-legacy npz npy gguf oneflow oneflow-dir".split(), tool)


def test_two_dashes_end_the_options():
    (work / "--odd.ckpt").write_bytes((work / NET).read_bytes())
    tap.equal(fine("ckpt-verify", "-q", "--", "--odd.ckpt"), "")


def test_message_of_an_argument_is_one_line():
    message = refused("ckpt-inspect", "no\nsuch\x1b[31mfile")
    tap.equal(message.isprintable(), True, message)


def test_lost_output_is_an_error():
    for tool in NAMES:
        for arguments in (["--help"], ARGUMENTS[tool]):
            with open("/dev/full", "w") as full:
                result = run(tool, *arguments, stdout=full)
            status = 2 if tool == "ckpt-diff" else 1  # where 1 is an answer
            tap.equal((result.status, result.err),
                      (status, f"{tool}: standard output: No space left on device\n"), tool)


def on_terminal(*arguments, **environment):
    """What ckpt-inspect writes when its output is a terminal."""
    master, slave = pty.openpty()
    surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    surroundings.update(environment)
    with subprocess.Popen([TOOLS / "ckpt-inspect", *arguments, NET], cwd=work, stdout=slave,
                          env=surroundings) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:  # the end, on Linux
            pass
        tap.equal(process.wait(), 0)
    os.close(master)
    return shown


def test_colour():
    tap.equal(b"\x1b[" in on_terminal(TERM="xterm"), True)
    tap.equal(b"\x1b[" in on_terminal(TERM="xterm", NO_COLOR=""), True)
    tap.equal(b"\x1b[" in on_terminal(TERM="xterm", NO_COLOR="1"), False)
    tap.equal(b"\x1b[" in on_terminal(TERM="dumb"), False)
    tap.equal(b"\x1b[" in on_terminal("--color=never", TERM="xterm"), False)
    tap.equal(b"\x1b[" in on_terminal("--color=always", TERM="dumb", NO_COLOR="1"), True)
    plain = fine("ckpt-inspect", NET)
    tap.equal("\x1b" in plain, False)
    coloured = fine("ckpt-inspect", "--color", "always", NET)
    tap.equal(re.sub("\x1b\\[[0-9;]*m", "", coloured), plain)


tap.main(globals())
