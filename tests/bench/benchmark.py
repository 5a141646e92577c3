# SPDX-License-Identifier: MIT
"""What the scripts of this directory share: ways that take turns, ratios with their spread, a table.

A way is a function without arguments that measures once and returns a dictionary ("seconds",
"anonymous" ...). Machines are busy with other things: in each round every way has its turn, and what
is told is the median over the rounds of the ratio within a round, with the least and the greatest.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    """One run of a script: its options, its files, its programs, its table."""

    def __init__(self, doc, rounds, takes_files=False):
        parser = argparse.ArgumentParser(
            description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--program", required=True, help="BUILD/tests/bench/bench_library")
        parser.add_argument("--directory", help="where files are made (default: the temporary one)")
        parser.add_argument("--rounds", type=int, default=0, help=f"default: {rounds}")
        parser.add_argument("--size", type=int, default=1024,
                            help="MiB of a large file (default: 1024)")
        parser.add_argument("--quick", action="store_true",
                            help="small sizes, two rounds: whether it works, not how fast it is")
        if takes_files:
            parser.add_argument("files", nargs="*", metavar="FILE")
        self.options = parser.parse_args()
        self.files = self.options.files if takes_files else []
        self.quick = self.options.quick
        self.size = 16 << 20 if self.quick else self.options.size << 20
        self.rounds = self.options.rounds or (2 if self.quick else rounds)
        self.rows = []
        self.peers = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="ckpt-bench-", dir=self.options.directory)
        self.show_machine()
        return self

    def __exit__(self, *_):
        if self.peers:
            self.peers.stdin.close()
            self.peers.wait()
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def ours(self, *arguments, program=None):
        """One measurement by bench_library, or a program beside it, in a process of its own."""
        path = self.options.program
        if program is not None:
            path = os.path.join(os.path.dirname(path), program)
        return run([path, *map(str, arguments)])

    def peer(self, *arguments):
        """One measurement of other software, in a process that stays."""
        if self.peers is None:
            self.peers = subprocess.Popen(peer_command("serve"), stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True)
        self.peers.stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
        self.peers.stdin.flush()
        line = self.peers.stdout.readline()
        if not line:
            raise SystemExit("the process of the other software has ended")
        return json.loads(line)

    def fresh_peer(self, *arguments):
        """The same in a process of its own, for what is about memory."""
        return run(peer_command(*map(str, arguments)))

    def take_turns(self, ways, at_most=1000):
        """Name to the results of all rounds; each way begins a round now and then."""
        results = {name: [] for name in ways}
        names = list(ways)
        for i in range(min(self.rounds, at_most)):
            for name in names[i % len(names):] + names[:i % len(names)]:
                results[name].append(ways[name]())
        return results

    def row(self, what, measured, aim=""):
        self.rows.append((what, measured, aim))
        print(f"  {what}: {measured}" + (f" (aim: {aim})" if aim else ""), flush=True)

    def show_machine(self):
        model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                      if line.startswith("model name")), platform.machine())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        print(f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB, Linux {platform.release()}, "
              f"load {os.getloadavg()[0]:.1f}, {self.rounds} rounds, files in {self.directory}")
        print(f"    {os.path.relpath(sys.argv[0])} {' '.join(sys.argv[1:])}", flush=True)

    def show_table(self):
        print("\n| what | measured | aim |\n|---|---|---|")
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


def peer_command(*arguments):
    return [sys.executable, os.path.join(HERE, "bench_peers.py"), *arguments]


def run(command):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def settle(*files):
    """Removes what was written, so that nobody who comes next waits until it is on the disk."""
    for file in files:
        if os.path.exists(file):
            os.unlink(file)


def ratios(results, over, under, key="seconds"):
    """The ratio of two ways, one for each round, ascending."""
    return sorted(a[key] / max(b[key], 1e-12) for a, b in zip(results[over], results[under]))


def spread(values, form="{:.2f}"):
    """Median, least, greatest."""
    values = sorted(values)
    show = form.format
    return f"{show(statistics.median(values))} ({show(values[0])} to {show(values[-1])})"


def ratio(results, over, under, key="seconds", form="{:.2f}"):
    return spread(ratios(results, over, under, key), form)


def median(results, name, key="seconds"):
    return statistics.median(r[key] for r in results[name])


def speed(results, name, size):
    """GB/s."""
    return spread([size / r["seconds"] / 1e9 for r in results[name]]) + " GB/s"
