"""Small files that speak of very much: an answer at once, and no memory for what is not there."""

from clitools import fine, npy, pack, refused, work
import tap

HUGE = (1 << 60) - 1

# A sanitizer's malloc is to fail as any other does, and silently.
SANITIZER = {"ASAN_OPTIONS": "allocator_may_return_null=1:log_path=/dev/null"}


def test_rows_without_elements():
    """So many batches that counting them would take years; there is nothing in them."""
    net = pack("relu", "ckpt-manifest: 1\nroot: {module: ReLU}\n")
    x = npy("rows.npy", "<f4", [HUGE, 0], "f", [])
    tap.equal(fine("ckpt-run", net, "--input", x).split("\n")[0], f"output f32 [{HUGE}, 0]")
    fine("ckpt-run", net, "--input", x, "--output", "y.npy")
    fine("ckpt-run", net, "--input", x, "--expect", "y.npy")


def refuse_manifest(manifest):
    (work / "hostile.yaml").write_text(manifest)
    message = refused("ckpt-pack", "hostile.yaml", "-o", "hostile.ckpt", environment=SANITIZER)
    tap.equal([p.name for p in work.iterdir() if "hostile" in p.name], ["hostile.yaml"])
    return message


def test_tensors_that_write_one_storage_again_and_again():
    tensor = "{parameter: u8, shape: [4194304], storage: 0, init: zeros}"
    members = "".join(f"    m{i}: {tensor}\n" for i in range(200))
    message = refuse_manifest("ckpt-manifest: 1\nstorages:\n- {size: 4194304}\nroot:\n  module: a\n"
                              "  members:\n" + members)
    tap.equal(message, "hostile.yaml:75:10: the tensors up to this one write more than 64 times "
              "the bytes of their storages, and 16 MiB")


def test_a_few_views_may_write_one_storage():
    tensor = "{parameter: u8, shape: [4194304], storage: 0, init: ones}"
    members = "".join(f"    m{i}: {tensor}\n" for i in range(10))
    pack("views", "ckpt-manifest: 1\nstorages:\n- {size: 4194304}\nroot:\n  module: a\n"
         "  members:\n" + members)


def test_tensors_that_no_memory_holds():
    for recipe in ("zeros", "normal"):
        message = refuse_manifest("ckpt-manifest: 1\nroot:\n  module: a\n  members:\n"
                                  f"    m: {{parameter: f32, shape: [{HUGE}], init: {recipe}}}\n")
        tap.equal(message, "hostile.yaml: out of memory")


def test_places_without_end():
    """Each module stands twice in the next: 2^100 names."""
    members = '    "0": &a0 {module: ReLU}\n' + "".join(
        f'    "{i}": &a{i} {{module: Sequential, members: {{"0": *a{i - 1}, "1": *a{i - 1}}}}}\n'
        for i in range(1, 100))
    message = refuse_manifest("ckpt-manifest: 1\nroot:\n  module: Sequential\n  members:\n" +
                              members)
    tap.equal(message.startswith("the file that would be written: offset "), True, message)
    tap.equal(message.endswith(": rule M7: there are more than 2^26 dotted names"), True, message)


tap.main(globals())
