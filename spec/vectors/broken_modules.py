# SPDX-License-Identifier: MIT
"""Files that break a rule of section 7: modules and members."""

from breaking import HUGE, broken, case, empty, fields, sample
from image import NONE, Image, Module, Storage, Tensor
from sound import floats

# ---- section 7: modules ----

@broken("M1-no-module")
def _():
    image = empty()
    image.modules.clear()
    image.values.pop()
    image.values[0]["payload"] = 1
    image.set_strings([])
    return image.build()


fields("M2-first-is-1", empty, "modules", 0, first_member=1)
fields("M2-first-too-small", sample, "modules", 2, first_member=4)
fields("M2-first-too-great", sample, "modules", 2, first_member=6)
fields("M2-first-of-32-bits", sample, "modules", 2, first_member=2**32 + 5)
fields("M2-first-of-64-bits", sample, "modules", 2, first_member=HUGE)
fields("M2-count-too-great", sample, "modules", 2, member_count=3)
fields("M2-count-of-31-bits", sample, "modules", 2, member_count=2**31)
fields("M2-count-of-32-bits", sample, "modules", 2, member_count=NONE)
case("M2-member-of-none", sample, lambda image: image.members.append(image.members[-1]))
fields("M3-program", sample, "modules", 0, program=0)
fields("M3-program-of-the-last", sample, "modules", 2, program=NONE - 1)
fields("M3-reserved", sample, "modules", 1, reserved=1)


def loose_module(image):
    image.modules.append({**image.modules[-1], "member_count": 0,
                          "first_member": len(image.members)})
    image.values.append({**image.values[1]})
    for value in image.values:
        value["payload"] += value["type"] in (6, 7)


case("M4-no-member", empty, loose_module)
case("M4-last-no-member", lambda: Image(Module("a", None, [("a", Module("a"))])), loose_module)


def chain(length, name="a", end=None, branches=1):
    """length members from the root to the last module, each level under one or more names."""
    module = root = Module("")
    for _ in range(length):
        child = Module("")
        for i in range(branches):
            module.add(name if i == 0 else f"{name}{i}", child)
        module = child
    if end:
        module.add(name, end)
    return lambda: Image(root)


case("M5-129-modules", chain(129))
case("M5-300-modules", chain(300))
case("M5-128-modules-and-a-tensor", chain(128, end=Tensor("f32", [1], floats(1))))


@broken("M5-the-longer-of-two-ways")
def _():
    """Module 128 is a member of the root too, where it is not deep."""
    last = Module("")
    module = root = Module("", None, [("near", last)])
    for _ in range(128):
        module = module.add("far", Module(""))
    module.add("last", last)
    return Image(root).build()


@broken("M6-65536-bytes")
def _():
    module = root = Module("")
    for i in range(128):
        module = module.add("n" * (512 if i == 64 else 511), Module(""))
    return Image(root).build()


@broken("M6-the-longer-of-two-ways")
def _():
    last = Module("")
    root = Module("", None, [("a", last), ("b" * 32767, Module("", None, [("c" * 32768, last)]))])
    last.add("", Module(""))
    return Image(root).build()


case("M6-tensor", lambda: Image(Module("", None, [("n" * 65536, Tensor("u8", [0], Storage(b""),
                                                                      buffer=True))])))


@broken("M7-one-too-many")
def _():
    """Twenty-five levels of two names each make 2^26 - 2 names; three more pass the limit."""
    return doubled(3)


def doubled(more):
    module = root = Module("")
    for _ in range(25):
        child = Module("")
        module.members += [("a", child), ("b", child)]
        module = child
    root.members += [(f"c{i}", Module("")) for i in range(more)]
    return Image(root).build()


case("M7-2-to-the-32", chain(32, branches=2))
case("M7-2-to-the-64", chain(64, branches=2))
case("M7-2-to-the-128", chain(128, branches=2))

# ---- section 7: members ----

for _kind in (0, 3, NONE):
    fields(f"N1-kind-{_kind:#x}", sample, "members", 4, kind=_kind)
case("N2-dot", lambda: Image(Module("a", None, [(".", Module("a"))])))
case("N2-dot-inside", lambda: Image(Module("a", None, [("a.b", Module("a"))])))
case("N2-dot-at-the-end", lambda: Image(Module("a", None, [
    ("a.", Tensor("f32", [1], floats(1)))])))
fields("N3-by-name-is-count", sample, "members", 4, by_name=5)
fields("N3-by-name-of-31-bits", sample, "members", 4, by_name=2**31)
fields("N3-by-name-of-32-bits", sample, "members", 4, by_name=NONE)
fields("N3-by-name-twice", sample, "members", 4, by_name=3)
case("N3-by-name-descending", sample, lambda image: (
    image.members[0].update(by_name=1), image.members[1].update(by_name=0)))
case("N3-name-twice", lambda: Image(Module("a", None, [
    ("a", Module("a")), ("b", Module("a"))])), lambda image: (
        image.set_strings([b"a"]), image.members[1].update(name=0)))
case("N3-name-twice-module-and-tensor", lambda: Image(Module("a", None, [
    ("a", Module("a")), ("b", Tensor("u8", [0], Storage(b""), buffer=True))])), lambda image: (
        image.set_strings([b"a", b"u8"]), image.members[1].update(name=0),
        image.dtypes[0].update(name=1)))
fields("N4-root-in-itself", sample, "members", 2, target=0)
fields("N4-target-is-count", sample, "members", 2, target=3)
fields("N4-target-of-31-bits", sample, "members", 2, target=2**31)
fields("N4-target-of-32-bits", sample, "members", 2, target=NONE)


def nested():
    """Root, b and a; each may point at what comes behind it. Both hold a third name for a."""
    a = Module("A")
    b = Module("A", None, [("0", a), ("1", a)])
    return Image(Module("A", None, [("0", b), ("1", a)]))


fields("N4-module-in-itself", nested, "members", 3, target=1)
fields("N4-cycle", nested, "members", 3, target=0)


def three_tensors():
    storage = floats(1)
    return Image(Module("M", None, [(name, Tensor("f32", [1], storage)) for name in "abc"]
                        + [("d", Module("M"))]))


@broken("N5-swapped")
def _():
    image = three_tensors()
    image.members[0]["target"], image.members[1]["target"] = 1, 0
    return image.build()


fields("N5-target-is-count", lambda: Image(Module("M", None, [
    (name, t) for t in [Tensor("f32", [1], floats(1))] for name in "ab"])), "members", 1, target=1)
fields("N5-target-of-31-bits", sample, "members", 4, target=2**31)
fields("N5-target-of-32-bits", sample, "members", 4, target=NONE)
fields("N5-not-named", three_tensors, "members", 2, target=0)


@broken("N5-never-named")
def _():
    """A tensor record and no member at all."""
    image = three_tensors()
    image.members = image.members[3:]
    image.modules[0]["member_count"] = 1
    image.modules[1]["first_member"] = 1
    image.members[0]["by_name"] = 0
    image.set_strings([b"M", b"d", b"f32"])
    image.members[0]["name"], image.dtypes[0]["name"] = 1, 2
    return image.build()
