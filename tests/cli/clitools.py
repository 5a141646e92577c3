"""Running the built tools, and the small files that their tests need.

The scripts take the directory of the tools as their argument:  python3 test_usage.py build/tools
"""

import atexit
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "tools").resolve()
NAMES = ["ckpt-compact", "ckpt-convert", "ckpt-diff", "ckpt-edit", "ckpt-inspect", "ckpt-merge",
         "ckpt-pack", "ckpt-run", "ckpt-split", "ckpt-verify"]

work = pathlib.Path(tempfile.mkdtemp(prefix="libckpt-cli-"))
atexit.register(shutil.rmtree, work, ignore_errors=True)


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode("utf-8") if process.stdout is not None else ""
        self.err = process.stderr.decode("utf-8")


def run(tool, *arguments, environment=None, **options):
    """Runs a tool in the work directory, in UTF-8, without a terminal."""
    surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    surroundings["LC_ALL"] = "C.UTF-8"
    surroundings.update(environment or {})
    options.setdefault("stdout", subprocess.PIPE)
    return Result(subprocess.run([TOOLS / tool, *map(str, arguments)], cwd=work, env=surroundings,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **options))


def fine(tool, *arguments, **options):
    """The output of a run that must succeed and be silent on stderr."""
    result = run(tool, *arguments, **options)
    tap.equal((result.status, result.err), (0, ""), f"{tool} {arguments}")
    return result.out


def refused(tool, *arguments, status=1, **options):
    """The one line on stderr of a run that must fail."""
    result = run(tool, *arguments, **options)
    tap.equal(result.status, status, f"status of {tool} {arguments}: {result.err}")
    lines = result.err.split("\n")
    tap.equal(len(lines), 2, f"lines on stderr of {tool} {arguments}: {result.err!r}")
    tap.equal(lines[0].startswith(f"{tool}: "), True, result.err)
    return lines[0].removeprefix(f"{tool}: ")


def pack(name, manifest, *options):
    """Writes a manifest and packs it; the name of the checkpoint."""
    (work / f"{name}.yaml").write_text(manifest, encoding="utf-8")
    fine("ckpt-pack", f"{name}.yaml", "-o", f"{name}.ckpt", *options)
    return f"{name}.ckpt"


def npy(name, descr, shape, code, values):
    """A .npy file of version 1.0; code is that of struct."""
    header = repr({"descr": descr, "fortran_order": False, "shape": tuple(shape)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    data = struct.pack(f"<{len(values)}{code}", *values)
    (work / name).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)
    return name


def read_npy(name):
    """Header text and bytes of a .npy file of version 1.0."""
    content = (work / name).read_bytes()
    size, = struct.unpack("<H", content[8:10])
    return content[10:10 + size].decode(), content[10 + size:]


def human(size):
    """A size as the tools write it, up to MiB."""
    if size < 1024:
        return f"{size} bytes"
    return f"{size / 1024:.1f} KiB" if size < 1023.95 * 1024 else f"{size / 1024 ** 2:.1f} MiB"


def human_file(name):
    return human((work / name).stat().st_size)


def same_text(got, wanted):
    """Texts compared line by line, so that a failure shows the line."""
    for number, (a, b) in enumerate(zip(got.split("\n"), wanted.split("\n")), 1):
        tap.equal(a, b, f"line {number} of\n{got}")
    tap.equal(got, wanted)


def safetensors(name, tensors, metadata=None):
    """A .safetensors file; tensors: name to (dtype, shape, bytes), in the order of the file."""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for tensor, (dtype, shape, content) in tensors.items():
        header[tensor] = {"dtype": dtype, "shape": list(shape),
                          "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (work / name).write_bytes(struct.pack("<Q", len(text)) + text + data)
    return name


def read_safetensors(name):
    """Name to (dtype, shape, bytes), and the metadata."""
    content = (work / name).read_bytes()
    size, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    metadata = header.pop("__metadata__", {})
    data = content[8 + size:]
    return {tensor: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for tensor, entry in header.items()}, metadata
