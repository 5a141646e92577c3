"""Lists the results of one `meson test` run, one TAP point a line, for tests/run.sh.

    python3 summary.py BUILD testlog.json EXIT-STATUS

Prints `pass|fail|skip TAB name TAB reason`, and on stderr the end of what each failed test said. A
test that prints no TAP counts as one. A test that fails without a failed point, because it crashed,
leaked or was stopped, counts as one failure beside the points that it passed. Standard library only.
"""

import json
import re
import shlex
import sys

BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}
POINT = re.compile(
    r"^(?P<bad>not )?ok\b\s*\d*\s*(?:- )?(?P<text>.*?)"
    r"(?:\s+#\s*(?P<directive>SKIP|TODO)\S*\s*(?P<reason>.*))?$",
    re.IGNORECASE,
)
TAIL = 60
SKIP_ALL = re.compile(r"^1\.\.0\b\s*(?:#\s*SKIP\S*\s*(?P<reason>.*))?", re.IGNORECASE)


def clean(text):
    return re.sub(r"\s+", " ", text or "").strip()


def points(stdout):
    """Yields (result, text, reason) for each TAP point."""
    for line in stdout.splitlines():
        match = POINT.match(line)
        if match is None:
            continue
        directive = (match["directive"] or "").upper()
        if directive == "SKIP":
            result = "skip"
        elif match["bad"] and directive != "TODO":
            result = "fail"
        else:
            result = "pass"
        yield result, match["text"], match["reason"]


def results_of(test):
    """Yields (result, name, reason) for one line of Meson's log."""
    name, stdout, verdict = test["name"], test.get("stdout") or "", test["result"]
    found = list(points(stdout))
    for result, text, reason in found:
        yield result, f"{name}: {text}", reason
    if verdict in BAD:
        if not any(result == "fail" for result, _, _ in found):
            yield "fail", name, f"{verdict.lower()}, exit status {test.get('returncode')}"
    elif not found:
        skip_all = next(filter(None, map(SKIP_ALL.match, stdout.splitlines())), None)
        if verdict == "SKIP":
            yield "skip", name, skip_all["reason"] if skip_all else ""
        else:
            yield "pass", name, ""


def show_end(build, test):
    out = [line for line in (test.get("stdout") or "").splitlines() if not line.startswith("ok ")]
    said = out[-TAIL:] + (test.get("stderr") or "").splitlines()[-TAIL:]
    print(f"\n-- {build} / {test['name']}: {shlex.join(test['command'])}", file=sys.stderr)
    print("".join(f"   | {line[:400]}\n" for line in said), end="", file=sys.stderr)


def main():
    build, path, status = sys.argv[1:]
    results = []
    try:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                results += results_of(test)
                if test["result"] in BAD:
                    show_end(build, test)
    except OSError as error:
        results.append(("fail", "meson test", f"no log: {error.strerror}"))
    if not results:
        results.append(("fail", "meson test", "no test was run"))
    if status != "0" and not any(result == "fail" for result, _, _ in results):
        results.append(("fail", "meson test", f"exit status {status}"))
    for result, name, reason in results:
        print(result, f"{build} / {clean(name)}", clean(reason), sep="\t")


if __name__ == "__main__":
    main()
