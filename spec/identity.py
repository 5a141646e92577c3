# SPDX-License-Identifier: MIT
"""The digest of a model (ckpt-format.md, section 13.1), from a Checkpoint of decoder.py."""

import hashlib
import struct

VALUE_BYTES = 11
NULL, BOOL, INTEGER, DOUBLE, STRING, BYTES, LIST, MAP = range(8)
MODULE, TENSOR = 1, 2


class Canonical:
    """Which object of the file has which number in the canonical form."""

    def __init__(self, file):
        self.modules = canonical_modules(file)
        self.tensors = first_named(
            target for module in self.modules
            for _, target, _, kind in members_of(file, module) if kind == TENSOR)
        self.storages = first_named(file.tensors[tensor][0] for tensor in self.tensors)


def members_of(file, module):
    _, first, count = file.modules[module]
    return file.member_records[first:first + count]


def first_named(numbers):
    """{number: its place among the different ones}; in this order."""
    places = {}
    for number in numbers:
        places.setdefault(number, len(places))
    return places


def canonical_modules(file):
    finished, seen = [], {0}
    stack = [(0, reversed(members_of(file, 0)))]
    while stack:
        module, rest = stack[-1]
        for _, target, _, kind in rest:
            if kind == MODULE and target not in seen:
                seen.add(target)
                stack.append((target, reversed(members_of(file, target))))
                break
        else:
            finished.append(module)
            stack.pop()
    return {module: place for place, module in enumerate(reversed(finished))}


def number(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def text(raw):
    raw = raw.encode() if isinstance(raw, str) else raw
    return number(len(raw)) + raw


def value_stream(file, root):
    """Depth first, with the elements still to come on a stack."""
    raw = file.sections[VALUE_BYTES].begin
    out, stack = [], [(None, root)]
    while stack:
        key, i = stack.pop()
        _, _, type_, count, content = file.value_records[i]
        if key is not None:
            out.append(text(file.strings[key]))
        out.append(number(type_))
        if type_ in (BOOL, INTEGER, DOUBLE):
            out.append(number(content))
        elif type_ == STRING:
            out.append(text(file.strings[content]))
        elif type_ == BYTES:
            out.append(text(file.data[raw + content:raw + content + count]))
        elif type_ in (LIST, MAP):
            out.append(number(count))
            stack.extend((file.value_records[k][0] if type_ == MAP else None, k)
                         for k in range(content + count - 1, content - 1, -1))
    return b"".join(out)


def module_stream(file, canonical, module):
    members = members_of(file, module)
    out = [text(file.modules[module][0]), value_stream(file, 1 + module), number(len(members))]
    for name, target, _, kind in members:
        places = canonical.modules if kind == MODULE else canonical.tensors
        out.append(text(file.strings[name]) + number(kind, places[target]))
    return b"".join(out)


def tensor_stream(file, canonical, tensor):
    storage, dtype, flags, offset, shape, strides = file.tensors[tensor]
    name, class_, elements, size = file.dtypes[dtype]
    return text(name) + number(class_, elements, size, flags, canonical.storages[storage], offset,
                               len(shape), *shape, *(strides or ()))


def identity_stream(file):
    canonical = Canonical(file)
    yield b"ckpt identity 1\n" + value_stream(file, 0)
    yield number(len(canonical.modules))
    yield from (module_stream(file, canonical, module) for module in canonical.modules)
    yield number(len(canonical.tensors))
    yield from (tensor_stream(file, canonical, tensor) for tensor in canonical.tensors)
    yield number(len(canonical.storages))
    for storage in canonical.storages:
        raw = file.storage_bytes(storage)
        yield number(len(raw)) + hashlib.sha256(raw).digest()


def digest(file):
    total = hashlib.sha256()
    for part in identity_stream(file):
        total.update(part)
    return total.hexdigest()
