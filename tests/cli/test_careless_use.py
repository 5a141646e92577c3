"""What a slip of the hand must not cost: a file that is read is not written over, and what the user
typed comes back printable."""

from clitools import fine, npy, pack, refused, run, work
import tap

MANIFEST = ("ckpt-manifest: 1\nroot: {module: Linear, attributes: {in_features: 1, "
            "out_features: 2}, members: {weight: {parameter: f32, shape: [2, 1], init: ones}}}\n")
NET = pack("net", MANIFEST)
X = npy("x.npy", "<f4", [2, 1], "f", [1, 2])
LABELS = npy("labels.npy", "<i8", [2], "q", [0, 0])
EXPECTED = npy("expected.npy", "<f4", [2, 2], "f", [1, 1, 2, 2])


def unchanged(name, tool, *arguments):
    """The message of a misuse that leaves a file as it was."""
    before = (work / name).read_bytes()
    message = refused(tool, *arguments, status=2)
    tap.equal((work / name).read_bytes(), before, f"{name} after {tool} {arguments}")
    return message


def test_the_manifest_is_not_the_output():
    for output in ("net.yaml", "./net.yaml", work / "net.yaml"):
        tap.equal(unchanged("net.yaml", "ckpt-pack", "net.yaml", "-o", output),
                  f"--output is the manifest itself: '{output}'; try 'ckpt-pack --help'")


def test_the_manifest_behind_a_link_is_not_the_output():
    (work / "linked.yaml").symlink_to("net.yaml")
    unchanged("net.yaml", "ckpt-pack", "linked.yaml", "-o", "net.yaml")
    unchanged("net.yaml", "ckpt-pack", "linked.yaml", "-o", "linked.yaml")


def test_what_ckpt_run_reads_is_not_its_output():
    base = [NET, "--input", X]
    for name, what, more in ((NET, "the checkpoint", []), (X, "--input", []),
                             (LABELS, "--labels", ["--labels", LABELS]),
                             (EXPECTED, "--expect", ["--expect", EXPECTED])):
        tap.equal(unchanged(name, "ckpt-run", *base, *more, "--output", name),
                  f"--output is the same file as {what}: '{name}'; try 'ckpt-run --help'")


def test_a_checkpoint_may_be_made_from_itself():
    plain = MANIFEST.replace(", init: ones", "")
    (work / "plain.yaml").write_text(plain)
    before = (work / NET).read_bytes()
    fine("ckpt-pack", "plain.yaml", "--data", NET, "-o", NET)
    tap.equal((work / NET).read_bytes(), before)


def test_arguments_come_back_printable():
    nasty = "\u202ea\u009b\x1b\\x"
    for tool, arguments in (("ckpt-inspect", [f"--{nasty}"]), ("ckpt-inspect", [NET, nasty]),
                            ("ckpt-inspect", [NET, "--values", nasty]),
                            ("ckpt-run", [NET, "-i", X, "--module", nasty]),
                            ("ckpt-pack", [nasty, nasty, "-o", "x"]), ("ckpt-verify", [nasty])):
        shown = run(tool, *arguments).err.removesuffix("\n")
        tap.equal(shown.isprintable() and "\\u202ea\\x9b\\x1b" in shown, True, ascii(shown))


def test_an_empty_path_is_seen_in_the_message():
    for tool, arguments in (("ckpt-inspect", [""]), ("ckpt-verify", [""]),
                            ("ckpt-pack", ["net.yaml", "-o", ""])):
        tap.equal(refused(tool, *arguments).startswith("'': "), True, f"{tool} {arguments}")


def test_the_format_that_was_needed_is_named():
    tap.equal(refused("ckpt-run", NET, "--input", NET),
              f"{NET}: not a file of the format asked for, npy")


def test_complex_numbers_are_refused_with_the_name_of_the_file():
    name = npy("complex.npy", "<c8", [1, 1], "f", [1, 2])
    tap.equal(refused("ckpt-run", NET, "--input", name).startswith("complex.npy: "), True)


tap.main(globals())
