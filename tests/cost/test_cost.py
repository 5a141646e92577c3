# SPDX-License-Identifier: MIT
"""Work and memory that inputs can cost: no input of at most 1 MiB takes more than 16 MiB, or than
some number of instructions; and twice as much of anything takes at most twice as long.

    test_cost.py PROBE                     the memory of hostile inputs
    test_cost.py PROBE --valgrind          their instructions too, and those of tasks of two sizes

Prints TAP. Instructions are counted by valgrind, so the machine and its load make no difference.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hostile  # noqa: E402

MEMORY = 16 << 20
# What a core of 2 GHz that does one instruction in a cycle does in 100 ms.
INSTRUCTIONS = 200_000_000
GROWTH = 2.2
# Sizes for tasks that do much for each item; for the others 400.
SIZES = {"verify chunks": 100, "verify encoded chunks": 40, "digest of encoded chunks": 40,
         "open generations": 60, "verify generations": 60, "list generations": 60}


class Probe:
    def __init__(self, program, valgrind):
        self.command = [program]
        if valgrind:
            self.command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                            "--toggle-collect=measured", program]

    def run(self, *words):
        """(peak of the memory, instructions or None)"""
        result = subprocess.run([*self.command, *map(str, words)], capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise AssertionError(f"{words}: status {result.returncode}\n{result.stderr[-600:]}")
        counted = re.search(r"Collected : (\d+)", result.stderr)
        return int(result.stdout.split()[0]), int(counted[1]) if counted else None


class Report:
    def __init__(self):
        self.number = self.failures = 0

    def point(self, passed, name, detail):
        self.number += 1
        self.failures += not passed
        print(f"{'ok' if passed else 'not ok'} {self.number} - {name}")
        print(f"# {detail}", flush=True)


def hostile_inputs(probe, report):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "input"
        for name, how, data in hostile.inputs():
            assert len(data) <= 1 << 20, name
            path.write_bytes(data)
            memory, instructions = probe.run(how, path)
            passed = memory <= MEMORY and (instructions or 0) <= INSTRUCTIONS
            counted = "" if instructions is None else f", {instructions / 1e6:.1f} million instructions"
            report.point(passed, name, f"{memory / 2**20:.1f} MiB{counted}")


def growth(program, probe, report):
    tasks = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    for task in tasks.splitlines():
        size = SIZES.get(task, 400)
        once, twice = (probe.run(task, n)[1] for n in (size, 2 * size))
        report.point(twice <= GROWTH * once, f"twice as much: {task}",
                     f"{once / 1e6:.2f} and {twice / 1e6:.2f} million instructions, "
                     f"factor {twice / once:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probe")
    parser.add_argument("--valgrind", action="store_true")
    options = parser.parse_args()
    probe, report = Probe(options.probe, options.valgrind), Report()
    hostile_inputs(probe, report)
    if options.valgrind:
        growth(options.probe, probe, report)
    print(f"1..{report.number}")
    sys.exit(report.failures != 0)


main()
