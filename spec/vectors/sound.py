# SPDX-License-Identifier: MIT
"""What the sound_*.py files are written with: bytes, tensors and modules to describe. VALID[name]()
gives (bytes, root module, metadata) of a file that a reader must accept."""

import struct

from image import Image, Module, Storage, Tensor

VALID = {}


def valid(function):
    VALID[function.__name__.replace("_", "-")] = function
    return function


def pattern(size, seed=1):
    """Bytes that do not repeat soon."""
    state, out = seed, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += struct.pack("<I", state >> 32)
    return bytes(out[:size])


def floats(*numbers):
    return Storage(struct.pack(f"<{len(numbers)}f", *numbers))


def alike(size, period=64):
    """Bytes that make runs in planes of every width."""
    return bytes((i // period) % 251 for i in range(size))


def ramp(count, first=0.0):
    return floats(*(first + 0.125 * i for i in range(count)))


def linear(inputs, outputs, first=0.0):
    return Module("Linear", {"in_features": inputs, "out_features": outputs, "bias": True},
                  [("weight", Tensor("f32", [outputs, inputs], ramp(inputs * outputs, first))),
                   ("bias", Tensor("f32", [outputs], ramp(outputs, -first)))])


def written(root, metadata=None, **options):
    return Image(root, metadata, **options).build(), root, metadata or {}
