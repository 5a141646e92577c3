# SPDX-License-Identifier: MIT
"""Which statuses and which rules of the specifications the tests have reached.

    python3 tests/reached.py COVERAGE.json

COVERAGE.json is what `gcovr --json` wrote of a run of the tests. A status (<ckpt/status.h>) or a rule
counts as reached when a statement that names it, where an error is made, was executed. Rules are
those in the tables of the specifications, and those that the library names.
Prints a table; the exit status is 1 if one was not reached.
"""

import bisect
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
STATUS = re.compile(r"^ +(CKPT_E_\w+) = ", re.MULTILINE)
RULE = re.compile(r"^\| `?([A-Z]{1,2}[0-9]{1,2})`? \| ", re.MULTILINE)


def blank(match):
    """Of a comment, the line ends stay."""
    return re.sub(r"[^\n]", " ", match[0])


def without_comments(text):
    return re.sub(r"/\*.*?\*/", blank, text, flags=re.DOTALL)


TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|[^\s\w]')
ELEMENT_TYPE = re.compile(r"(B?F|C|I|U)(8|16|32|64)")
CONDITION = ("if", "while", "for", "switch")


def statements(text):
    """Where each statement begins. A condition and what depends on it are two; what stands in
    brackets, or in the braces of an initialiser, is part of its statement."""
    begins, depth, first, before = [0], 0, "", ""
    for token in TOKEN.finditer(text):
        word = token[0]
        if not first:
            first = word
            begins.append(token.start())
        ends = False
        if word in "([" or word == "{" and (depth or before == "="):
            depth += 1
        elif word in ")]" or word == "}" and depth:
            depth -= 1
            ends = word == ")" and not depth and first in CONDITION
        elif not depth:
            ends = word in (";", "{", "}", "else", "do") or word == ":" and first in (
                "case", "default")
        before = word
        if ends:
            first = ""
    return begins


class Source:
    def __init__(self, path, counts):
        text = without_comments(path.read_text(encoding="utf-8"))
        self.text = re.sub(r"^#.*(?:\\\n.*)*", blank, text, flags=re.MULTILINE)
        self.begins = statements(self.text)
        self.counts = counts

    def was_executed(self, at):
        begin = self.begins[bisect.bisect_right(self.begins, at) - 1]
        first = self.text.count("\n", 0, begin) + 1
        last = self.text.count("\n", 0, at) + 1
        return any(self.counts.get(line, 0) > 0 for line in range(first, last + 1))

    def places(self, pattern):
        return [match.start() for match in re.finditer(pattern, self.text)]


def sources(coverage):
    for file in coverage["files"]:
        path = ROOT / file["file"]
        if path.suffix == ".c" and file["file"].startswith("libckpt/"):
            yield Source(path, {line["line_number"]: line["count"] for line in file["lines"]})


def is_compared(source, at, name):
    """CKPT_E_X is looked for here, not given."""
    before = source.text[:at].rstrip()
    return before.endswith(("==", "!=", "case")) or source.text[at + len(name):].lstrip().startswith(
        ("==", "!="))


def reached_statuses(all_sources, names):
    reached = set()
    for source in all_sources:
        for name in names - reached:
            for at in source.places(rf"\b{name}\b"):
                if not is_compared(source, at, name) and source.was_executed(at):
                    reached.add(name)
    return reached


def reached_rules(all_sources, names):
    reached = set()
    for source in all_sources:
        for at in source.places(r'"[A-Z]{1,2}[0-9]{1,2}"'):
            name = source.text[at + 1:source.text.index('"', at + 1)]
            if name in names and source.was_executed(at):
                reached.add(name)
    return reached


def report(what, names, reached):
    missing = sorted(names - reached)
    print(f"{len(reached & names):5} of {len(names)} {what} reached"
          + (": not " + ", ".join(missing) if missing else ""))
    return not missing


def main():
    coverage = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    all_sources = list(sources(coverage))
    status_header = ROOT / "libckpt/include/ckpt/status.h"
    statuses = set(STATUS.findall(status_header.read_text(encoding="utf-8")))
    rules = {rule for path in (ROOT / "spec").glob("*.md")
             for rule in RULE.findall(path.read_text(encoding="utf-8"))}
    rules |= {match[1] for source in all_sources
              for match in re.finditer(r'"([A-Z]{1,2}[0-9]{1,2})"', source.text)}
    rules = {name for name in rules if not ELEMENT_TYPE.fullmatch(name)}
    complete = report("statuses", statuses, reached_statuses(all_sources, statuses))
    complete &= report("rules", rules, reached_rules(all_sources, rules))
    sys.exit(not complete)


main()
