# SPDX-License-Identifier: MIT
"""What inputs can cost: none of at most 1 MiB takes more than 16 MiB of memory, or 100 ms; and twice
as much of anything takes at most twice the work.

    test_cost.py PROBE                  the memory of hostile inputs
    test_cost.py PROBE --growth         tasks of two sizes
    test_cost.py PROBE --instructions   the memory and the instructions of hostile inputs

Where twice as many things make more than twice as many bytes, the work may grow as the bytes do: the
index of each generation lists all that it has retired, so a file of twice as many generations has,
in the long run, four times as many bytes of indexes, and verifying reads them all.

Prints TAP. Instructions are counted by valgrind in place of time, so the machine and its load make
no difference; a build with optimisation and without sanitizers is needed.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import hostile  # noqa: E402

MEMORY = 16 << 20
# Of 100 ms, with a third to spare: reading the manifest of many keys takes 620 million instructions
# and 74 ms on the virtual machine (AMD EPYC, both cores loaded) where this was set.
INSTRUCTIONS = 700_000_000
GROWTH = 2.2
# Sizes for tasks that do much for each item; for the others 400.
SIZES = {"verify chunks": 100, "verify encoded chunks": 40, "digest of encoded chunks": 40,
         "open generations": 60, "verify generations": 60, "list generations": 60}


class Probe:
    def __init__(self, program, valgrind):
        self.command = [program]
        # Meson lets malloc fill what it gives, which would be counted.
        self.environment = {k: v for k, v in os.environ.items() if k != "MALLOC_PERTURB_"}
        if valgrind:
            self.command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                            "--toggle-collect=measured", program]

    def run(self, *words):
        """(peak of the memory, bytes of the file or text, instructions or None)"""
        result = subprocess.run([*self.command, *map(str, words)], capture_output=True, text=True,
                                check=False, env=self.environment)
        if result.returncode != 0:
            raise AssertionError(f"{words}: status {result.returncode}\n{result.stderr[-600:]}")
        counted = re.search(r"Collected : (\d+)", result.stderr)
        memory, size = map(int, result.stdout.split()[:2])
        return memory, size, int(counted[1]) if counted else None


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
            memory, _, instructions = probe.run(how, path)
            passed = memory <= MEMORY and (instructions or 0) <= INSTRUCTIONS
            counted = "" if instructions is None else f", {instructions / 1e6:.1f} million instructions"
            report.point(passed, name, f"{memory / 2**20:.1f} MiB{counted}")


def growth(program, probe, report):
    tasks = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout
    for task in tasks.splitlines():
        size = SIZES.get(task, 400)
        (_, bytes_once, once), (_, bytes_twice, twice) = (probe.run(task, n)
                                                          for n in (size, 2 * size))
        growth_of_bytes = bytes_twice / bytes_once if bytes_once else 2
        report.point(twice <= GROWTH / 2 * once * max(2, growth_of_bytes), f"twice as much: {task}",
                     f"{once / 1e6:.2f} and {twice / 1e6:.2f} million instructions, "
                     f"factor {twice / once:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probe")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--instructions", action="store_true")
    options = parser.parse_args()
    report = Report()
    if options.growth:
        growth(options.probe, Probe(options.probe, True), report)
    else:
        hostile_inputs(Probe(options.probe, options.instructions), report)
    print(f"1..{report.number}")
    sys.exit(report.failures != 0)


main()
