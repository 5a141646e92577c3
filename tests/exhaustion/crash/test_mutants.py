# SPDX-License-Identifier: MIT
"""The crash test fails for a library that leaves out a sync or the rename: each NAME=PROGRAM given
is the crash test, linked with such a library."""

import subprocess
import sys


def main():
    mutants = [argument.split("=", 1) for argument in sys.argv[1:]]
    print(f"1..{len(mutants)}")
    for number, (name, program) in enumerate(mutants, 1):
        result = subprocess.run([program, "--scenarios"], capture_output=True, text=True,
                                check=False)
        failed = [line for line in result.stdout.splitlines() if line.startswith("not ok")]
        caught = result.returncode == 1 and bool(failed)
        print(f"{'ok' if caught else 'not ok'} {number} - {name.replace('_', ' ')} is caught")
        for line in failed or result.stdout.splitlines()[-3:]:
            print(f"# {line}")


main()
