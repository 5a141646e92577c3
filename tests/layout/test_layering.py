"""Who may include whom, and that a file is found by its name alone.

The rooms of the library and what each may include:

    include/ckpt <- base <- model <- container, manifest, exchange, nn <- front <- tools
"""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "libckpt"

MAY_INCLUDE = {
    "base": {"base"},
    "model": {"base", "model"},
    "container": {"base", "model", "container"},
    "manifest": {"base", "model", "manifest"},
    "exchange": {"base", "model", "exchange"},
    "nn": {"base", "model", "nn"},
    "front": {"base", "model", "container", "manifest", "exchange", "nn", "front"},
}

# Headers of other libraries, and of the system beyond C, have their places.
ONLY_IN = {
    "yaml.h": {"manifest"},
    "zlib.h": {"base", "container", "exchange"},
    "xxhash.h": {"model", "container"},
    "xxh_x86dispatch.h": {"model"},
    "cblas.h": {"nn"},
    "nettle/sha2.h": {"base"},
    "nettle/version.h": {"base"},
    "pthread.h": {"base", "model", "exchange"},
    "fcntl.h": {"base"},
    "unistd.h": {"base"},
    "sys/file.h": {"base"},
    "sys/mman.h": {"base"},
    "dirent.h": {"base"}, "sys/stat.h": {"base"},
}

C_HEADERS = {
    "assert.h", "complex.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h",
    "signal.h", "stdatomic.h",
    "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "string.h",
}

# Names that every directory may have.
ORDINARY = {"meson.build", "README.md", ".gitignore"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def is_ours(path):
    """Not in tests/.venv, where packages bring C files of their own."""
    return not any(part.startswith(".") for part in path.relative_to(ROOT).parts)


def sources(directory):
    files = [p for p in directory.rglob("*") if p.suffix in (".c", ".h") and is_ours(p)]
    assert files, f"no C files under {directory}"
    return sorted(files)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def complain(faults):
    tap.equal(sorted(faults), [], "files that break the rule")


def test_rooms_include_only_what_lies_below():
    faults = []
    for path in sources(LIBRARY):
        room = path.relative_to(LIBRARY).parts[0]
        if room == "include":
            continue
        assert room in MAY_INCLUDE, f"{room} is a room that has no place in the layers"
        for bracket, name in includes(path):
            if bracket == '"' and name.split("/")[0] not in MAY_INCLUDE[room]:
                faults.append(f"{path.relative_to(ROOT)} includes {name}")
    complain(faults)


def test_quoted_names_begin_with_their_room():
    faults = []
    for path in sources(LIBRARY):
        for bracket, name in includes(path):
            if bracket == '"' and not (LIBRARY / name).is_file():
                faults.append(f"{path.relative_to(ROOT)} includes {name}")
    complain(faults)


def test_public_headers_need_nothing_private():
    faults = []
    for path in sources(LIBRARY / "include"):
        for bracket, name in includes(path):
            if bracket == '"' or not (name.startswith("ckpt/") or name in C_HEADERS):
                faults.append(f"{path.relative_to(ROOT)} includes {name}")
    complain(faults)


def test_headers_of_other_libraries_stay_in_their_rooms():
    faults = []
    for path in sources(LIBRARY):
        room = path.relative_to(LIBRARY).parts[0]
        for bracket, name in includes(path):
            if bracket == '"' or name in C_HEADERS or name.startswith("ckpt/"):
                continue
            if room not in ONLY_IN.get(name, set()):
                faults.append(f"{path.relative_to(ROOT)} includes {name}")
    complain(faults)


def test_tools_use_public_headers_only():
    """Beside those of the library a tool has its own headers and those in tools/common."""
    faults = []
    for path in sources(ROOT / "tools"):
        for bracket, name in includes(path):
            if bracket == "<":
                if name.startswith("ckpt/") and not (LIBRARY / "include" / name).is_file():
                    faults.append(f"{path.relative_to(ROOT)} includes {name}")
                continue
            found = (path.parent / name).resolve()
            places = {path.parent.resolve(), (ROOT / "tools" / "common").resolve()}
            if found.parent not in places or not found.is_file():
                faults.append(f"{path.relative_to(ROOT)} includes {name}")
    complain(faults)


def test_every_header_has_a_guard_of_its_own():
    guards = collections.defaultdict(list)
    faults = []
    for path in sources(LIBRARY) + sources(ROOT / "tools") + sources(ROOT / "tests"):
        if path.suffix != ".h":
            continue
        found = re.search(r"^#ifndef (\w+)\n#define \1\b", path.read_text(encoding="utf-8"),
                          re.MULTILINE)
        if found:
            guards[found[1]].append(str(path.relative_to(ROOT)))
        else:
            faults.append(f"{path.relative_to(ROOT)} has no guard")
    faults += [" and ".join(paths) for paths in guards.values() if len(paths) > 1]
    complain(faults)


def tree():
    """The files of the repository: no builds, no environments, nothing hidden, no seeds for fuzzing
    (which are copies)."""
    pending = [ROOT]
    while pending:
        for path in pending.pop().iterdir():
            if path.name.startswith((".", "build")) or path.name in ("__pycache__", "corpus"):
                continue
            if path.is_dir():
                pending.append(path)
            else:
                yield path


def test_file_names_are_unique():
    places = collections.defaultdict(list)
    for path in tree():
        if path.name not in ORDINARY:
            places[path.name].append(str(path.relative_to(ROOT)))
    complain(" and ".join(sorted(paths)) for paths in places.values() if len(paths) > 1)


tap.main(globals())
