"""Each public header compiles alone, as C99, C11 and C++11, without a warning.

    test_headers.py CC...       the C compiler with its arguments
"""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "libckpt" / "include"
HEADERS = sorted(p.relative_to(INCLUDE).as_posix() for p in INCLUDE.rglob("*.h"))
CC = sys.argv[1:]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wundef", "-Werror"]


def compile_text(compiler, arguments, text):
    """What the compiler has to say; empty when it is content."""
    command = [*compiler, *arguments, *WARNINGS, "-fsyntax-only", f"-I{INCLUDE}", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return done.stderr or ("" if done.returncode == 0 else "failed")


def compile_each(compiler, arguments):
    assert len(HEADERS) > 5, f"only {HEADERS} under {INCLUDE}"
    for header in HEADERS:
        # Twice, for the guard; and something after it, since an empty unit is not C.
        text = f"#include <{header}>\n#include <{header}>\nint here;\n"
        said = compile_text(compiler, arguments, text)
        assert said == "", f"{header}:\n{said}"


def cxx():
    """A C++ compiler: one of its own, or what the C compiler brings along."""
    for name in ("c++", "g++", "clang++"):
        if shutil.which(name):
            return [name]
    return CC


def test_as_c99():
    compile_each(CC, ["-x", "c", "-std=c99", "-Wstrict-prototypes", "-Wmissing-prototypes"])


def test_as_c11():
    compile_each(CC, ["-x", "c", "-std=c11", "-Wconversion", "-Wcast-qual"])


def test_as_cxx11():
    arguments = ["-x", "c++", "-std=c++11"]
    if compile_text(cxx(), arguments, "int here;\n"):
        raise tap.Skip("there is no C++ compiler")
    compile_each(cxx(), arguments)


def test_as_cxx17_with_strict_warnings():
    arguments = ["-x", "c++", "-std=c++17", "-Wconversion", "-Wcast-qual"]
    if compile_text(cxx(), arguments, "int here;\n"):
        raise tap.Skip("there is no C++ compiler")
    compile_each(cxx(), arguments)


def test_functions_are_c_functions_for_cxx():
    """A header without extern "C" compiles, and does not link."""
    for header in HEADERS:
        text = (INCLUDE / header).read_text(encoding="utf-8")
        if "CKPT_API" in text.replace("define CKPT_API", ""):
            assert 'extern "C" {' in text, f"{header} has no extern \"C\""


tap.main(globals())
