"""Tests in plain Python scripts that print TAP for Meson.

    import pathlib, sys
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    import tap

    numpy = tap.need("numpy")

    def test_zeros_have_no_sum():
        tap.equal(numpy.zeros(3).sum(), 0)

    tap.main(globals())
"""

import importlib
import sys
import traceback


class Skip(Exception):
    """Raised in a test that cannot run here; the argument tells why."""


def need(module):
    """Imports a module, or reports the whole script as skipped where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        print(f"1..0 # SKIP needs the Python package {error.name}")
        sys.exit(0)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what or 'value'}\n  got:    {got!r}\n  wanted: {wanted!r}")


def _run(function):
    try:
        function()
    except Skip as reason:
        return "ok", f" # SKIP {reason}", ""
    except Exception:
        return "not ok", "", traceback.format_exc()
    return "ok", "", ""


def main(names):
    """Runs every test_* function among `names` in the order of definition, and exits."""
    tests = [(n, f) for n, f in list(names.items()) if n.startswith("test_") and callable(f)]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        result, directive, details = _run(function)
        print(f"{result} {number} - {name.removeprefix('test_').replace('_', ' ')}{directive}")
        for line in details.splitlines():
            print(f"# {line}")
        sys.stdout.flush()
        failed += result != "ok"
    sys.exit(1 if failed else 0)
