# SPDX-License-Identifier: MIT
"""What the broken_*.py files are written with: sound images to start from, and ways to change one
thing in them. INVALID[name]() gives the bytes of a file; its name begins with the rule that the
file breaks."""

from image import Image, Module, Storage, Tensor
from sound import floats, pattern
from sound_generations import second_generation

INVALID = {}
HUGE = 2**64 - 1


def case(name, image, change=None, **hooks):
    """change(image) before it is built; hooks as build() takes them. image is a function."""
    def make():
        made = image()
        if change:
            change(made)
        return made.build(**hooks)
    assert name not in INVALID, name
    INVALID[name] = make


def broken(name):
    """A function that gives the bytes itself."""
    def register(function):
        assert name not in INVALID, name
        INVALID[name] = function
        return function
    return register


def fields(name, image, records, i, /, **values):
    """Sets fields of record i of a section."""
    case(name, image, lambda made: getattr(made, records)[i].update(values))


def entry(name, image, kind, /, **values):
    """Sets fields of a directory entry, while the sections stay where they are."""
    def change(directory):
        found = [e for e in directory["entries"] if e["kind"] == kind]
        found[0].update(values)
    case(name, image, on_directory=change)


def slot(name, image, page=0, **values):
    case(name, image, on_slots=lambda slots: slots[page].update(values))


def byte(name, at, image):
    """Sets a byte of the file to 1."""
    case(name, image, on_file=lambda file: file.__setitem__(at, 1))


# ---- images to start from ----

def sample():
    """A bit of everything: two storages with checksums, a shared module, a strided view."""
    shared = Module("Linear", {"n": 2}, [("w", Tensor("f32", [2, 3], floats(1, 2, 3, 4, 5, 6))),
                                         ("b", Tensor("f32", [2], floats(7, 8)))])
    view = Tensor("f32", [3, 2], shared.members[0][1].storage, strides=[1, 3])
    root = Module("Linear", {}, [("0", shared), ("1", Module("ReLU")), ("2", shared),
                                 ("t", view), ("w", shared.members[0][1])])
    return Image(root, {"b": b"bytes", "l": [1, 2.5, "Linear"], "m": {"n": None, "b": True}})


def empty():
    return Image(Module(""))


def tensor(dtype, shape, size, **options):
    """One tensor alone; size is that of its storage."""
    float_like = (dtype if isinstance(dtype, str) else "") in ("f32", "f4_e2m1fn", "complex64")
    root = Module("M", None, [("t", Tensor(dtype, shape, Storage(pattern(size)),
                                           **{"buffer": not float_like, **options}))])
    return Image(root)


def private(name="x1", class_=7, elements=1, size=1):
    """A tensor without elements of a private type: nothing depends on the layout of the type."""
    return lambda: tensor((name, class_, elements, size), [0], 0, buffer=False)


def chunks():
    root = Module("M", None, [("a", Tensor("u8", [5000], Storage(pattern(5000)), buffer=True)),
                              ("b", Tensor("u8", [10], Storage(pattern(10)), buffer=True))])
    return Image(root, chunk_log2=12)


def storages(*sizes, **options):
    root = Module("M")
    for i, size in enumerate(sizes):
        root.add(f"{i}", Tensor("u8", [size], Storage(pattern(size, i)), buffer=True))
    return lambda: Image(root, **options)


def values(metadata):
    return lambda: Image(Module(""), metadata)


def generation_2():
    return second_generation()[0]
