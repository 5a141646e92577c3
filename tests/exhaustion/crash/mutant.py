# SPDX-License-Identifier: MIT
"""Writes a source file of the library with one thing left out.

    python3 mutant.py SOURCE OUTPUT OLD NEW

OLD must stand in SOURCE exactly once: a mutant that has come to be the library itself is an error.
"""

import pathlib
import sys

source, output, old, new = sys.argv[1:]
text = pathlib.Path(source).read_text(encoding="utf-8")
if text.count(old) != 1:
    sys.exit(f"{source}: {old!r} stands there {text.count(old)} times, not once")
pathlib.Path(output).write_text(text.replace(old, new), encoding="utf-8")
