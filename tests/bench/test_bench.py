# SPDX-License-Identifier: MIT
"""The measuring scripts run, whatever they measure. Arguments: the bench_library that was built;
bench_compress lies beside it."""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap

PROGRAM = sys.argv[1]


def run_quickly(script, *packages):
    for package in packages:
        try:
            __import__(package)
        except ModuleNotFoundError as error:
            raise tap.Skip(f"needs the Python package {package}") from error
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run([sys.executable, HERE / script, "--program", PROGRAM, "--directory",
                               directory, "--quick"], stdout=subprocess.PIPE, text=True, check=False)
        tap.equal(done.returncode, 0, "exit status")
        assert "\n| what | measured | aim |\n" in done.stdout, done.stdout
        tap.equal(os.listdir(directory), [], "what is left behind")


def test_opening():
    run_quickly("bench_open.py", "numpy", "safetensors", "torch")


def test_reading():
    run_quickly("bench_read.py")


def test_saving():
    run_quickly("bench_save.py", "numpy", "safetensors", "torch")


def test_memory():
    run_quickly("bench_memory.py")


def test_exchange():
    run_quickly("bench_exchange.py", "gguf", "numpy", "safetensors", "torch")


def test_compression():
    run_quickly("bench_compress.py", "safetensors", "torch")


tap.main(globals())
