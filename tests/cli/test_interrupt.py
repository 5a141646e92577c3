"""Ctrl-C, and being asked to end: an old output stays as it was, and nothing half-written is left."""

import os
import signal
import subprocess
import time

from clitools import TOOLS, work
import tap

SIZE = 256 << 20


def sparse(name):
    """An array of zeros that takes no room until it is written somewhere else."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({SIZE},), }}".ljust(117) + "\n"
    with open(work / name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        file.truncate(file.tell() + SIZE)


def interrupted(number, *arguments):
    """The status of a tool that gets the signal as soon as it has begun to write into 'out'."""
    out = work / "out"
    before = os.listdir(out)
    process = subprocess.Popen([TOOLS / arguments[0], *arguments[1:]], cwd=work,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and os.listdir(out) == before:
        time.sleep(0.001)
    process.send_signal(number)
    tap.equal(process.communicate()[1], b"")
    return process.returncode


def test_nothing_is_left():
    (work / "out").mkdir()
    sparse("large.npy")
    (work / "large.yaml").write_text(
        "ckpt-manifest: 1\nroot: {module: Net, members: {x: {buffer: u8, shape: "
        f"[{SIZE}], data: large.npy}}}}}}\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        for output in ("out/a.ckpt", "out/a.safetensors", "out/a.pt", "out/a.npz"):
            (work / output).write_bytes(b"old")
            tap.equal(interrupted(number, "ckpt-convert", "large.npy", output), -number)
            tap.equal((work / output).read_bytes(), b"old", output)
            (work / output).unlink()
            tap.equal(os.listdir(work / "out"), [], output)
    tap.equal(interrupted(signal.SIGINT, "ckpt-pack", "large.yaml", "-o", "out/a.ckpt"),
              -signal.SIGINT)
    tap.equal(os.listdir(work / "out"), [])


def test_an_ignored_signal_stays_ignored():
    # What is ignored here is ignored in the processes that are started from here.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    tap.equal(interrupted(signal.SIGHUP, "ckpt-convert", "large.npy", "out/a.npz"), 0)
    tap.equal(os.listdir(work / "out"), ["a.npz"])


tap.main(globals())
