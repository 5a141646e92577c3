"""What the library exports, what it calls, and that it keeps no state.

    test_symbols.py NM READELF SHARED STATIC INSTRUMENTED

SHARED and STATIC are the built libraries; INSTRUMENTED is "yes" when a sanitizer or a coverage tool
has added its own data to them.
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
NM, READELF, SHARED, STATIC, INSTRUMENTED = sys.argv[1:]
LIST = pathlib.Path(__file__).with_name("symbols.txt")

# Functions of C and POSIX that only these members of the library may call.
MEMORY = {"memory.c"}
FILES = {"posixfiles.c", "posixtree.c"}
RESERVED = {
    **dict.fromkeys("malloc calloc realloc free".split(), MEMORY),
    **dict.fromkeys(
        "open openat close read write pread pwrite fstat lstat stat fchmod chmod fsync fdatasync "
        "rename unlink mmap munmap".split(), FILES),
}

# These nobody may call: they end the program, write to its terminal, allocate past the hook, keep
# state that threads share, or depend on the locale of the program where text is meant for files.
FORBIDDEN = set(
    "exit _exit _Exit quick_exit abort __assert_fail raise kill signal longjmp "
    "printf vprintf fprintf vfprintf puts putchar putc fputc fputs fwrite perror stdout stderr "
    "fopen fdopen freopen fclose fread fgets getline tmpfile mkstemp tmpnam "
    "strdup strndup aligned_alloc posix_memalign memalign reallocarray asprintf vasprintf "
    "open_memstream alloca qsort "
    "strtok strerror localtime gmtime asctime ctime rand srand random drand48 getenv setenv "
    "setlocale strcoll system popen fork execve dlopen gets sprintf vsprintf strncpy".split())


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported():
    names = [line.split()[-1] for line in run(NM, "-D", "--defined-only", SHARED).splitlines()]
    # Sanitizers and coverage tools export names that C reserves for them.
    return sorted({name.split("@")[0] for name in names if not name.startswith("_")})


def declared():
    text = "\n".join(p.read_text(encoding="utf-8")
                     for p in sorted((ROOT / "libckpt" / "include").rglob("*.h")))
    return sorted(set(re.findall(r"^CKPT_API\b[^;(]*?\b(ckpt_\w+)\s*\(", text, re.MULTILINE)))


def plain(name):
    """pread64 and __printf_chk are pread and printf."""
    name = name.split("@")[0]
    name = re.sub(r"^__(\w+)_chk$", r"\1", name)
    return re.sub(r"64$", "", name)


def calls():
    """Pairs of a member of the static library and an undefined symbol in it."""
    for line in run(NM, "-A", "--undefined-only", STATIC).splitlines():
        found = re.match(r"(.*):\s+[Uw] (\S+)$", line)
        if found:
            # Meson names the object of base/memory.c base_memory.c.o.
            member = found[1].split(":")[-1].split("/")[-1].removesuffix(".o")
            yield member.split("_", 1)[-1], plain(found[2])


def test_exported_symbols_are_those_of_the_list():
    tap.equal(exported(), LIST.read_text(encoding="ascii").split(), "exported symbols")


def test_every_declared_function_is_exported_and_no_other():
    tap.equal(declared(), exported(), "declared functions")


def test_no_forbidden_function_is_called():
    found = sorted(f"{member} calls {name}" for member, name in calls() if name in FORBIDDEN)
    tap.equal(found, [], "calls")


def test_memory_and_files_are_reached_through_the_hooks():
    all_calls = list(calls())
    found = sorted(f"{member} calls {name}" for member, name in all_calls
                   if name in RESERVED and member not in RESERVED[name])
    tap.equal(found, [], "calls")
    # The test would notice: the hooks themselves do call them.
    assert ("memory.c", "realloc") in all_calls, "memory.c was not looked at"
    assert ("posixfiles.c", "pread") in all_calls, "posixfiles.c was not looked at"


def test_there_is_no_state():
    """No writable data anywhere; constant tables with addresses in them are .data.rel.ro."""
    if INSTRUMENTED == "yes":
        return
    member, found, seen = "", [], 0
    for line in run(READELF, "-S", "-W", STATIC).splitlines():
        if line.startswith("File:"):
            member, seen = line.split("/")[-1], seen + 1
        section = re.search(r"\] (\.t?(?:data|bss)(?:\.(?!rel\.ro)\S*)?)\s+\w+\s+\w+ \w+ (\w+)", line)
        if section and int(section[2], 16) != 0:
            found.append(f"{member} has {section[1]}")
    assert seen > 20, f"only {seen} members in {STATIC}"
    tap.equal(found, [], "state")


tap.main(globals())
