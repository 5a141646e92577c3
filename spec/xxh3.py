# SPDX-License-Identifier: MIT
"""XXH3, 64 bits, seed 0, in plain Python (xxHash specification 0.2.0).

    python3 spec/xxh3.py FILE...        prints the hash of each file, as xxhsum -H3 does

Slow (some ten megabytes in a second) and made to be read next to the specification.
"""

import struct
import sys

MASK = (1 << 64) - 1

PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")

STRIPE = 64  # bytes that eight accumulators take at a time


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def swap64(x):
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def fold(a, b):
    """The 128-bit product, its halves combined."""
    product = a * b
    return (product & MASK) ^ (product >> 64)


def avalanche(x):
    x ^= x >> 37
    x = x * PRIME_MX1 & MASK
    return x ^ x >> 32


def avalanche_xxh64(x):
    x ^= x >> 33
    x = x * PRIME64_2 & MASK
    x ^= x >> 29
    x = x * PRIME64_3 & MASK
    return x ^ x >> 32


def hash_to_16(data):
    size = len(data)
    if size > 8:
        low = u64(data, 0) ^ u64(SECRET, 24) ^ u64(SECRET, 32)
        high = u64(data, size - 8) ^ u64(SECRET, 40) ^ u64(SECRET, 48)
        return avalanche((size + swap64(low) + high + fold(low, high)) & MASK)
    if size >= 4:
        both = u32(data, size - 4) + (u32(data, 0) << 32)
        x = both ^ u64(SECRET, 8) ^ u64(SECRET, 16)
        x ^= (x << 49 | x >> 15) & MASK ^ (x << 24 | x >> 40) & MASK
        x = x * PRIME_MX2 & MASK
        x ^= (x >> 35) + size
        x = x * PRIME_MX2 & MASK
        return x ^ x >> 28
    if size > 0:
        both = data[0] << 16 | data[size >> 1] << 24 | data[size - 1] | size << 8
        return avalanche_xxh64(both ^ u32(SECRET, 0) ^ u32(SECRET, 4))
    return avalanche_xxh64(u64(SECRET, 56) ^ u64(SECRET, 64))


def mix16(data, at, secret_at):
    return fold(u64(data, at) ^ u64(SECRET, secret_at),
                u64(data, at + 8) ^ u64(SECRET, secret_at + 8))


def hash_17_to_128(data):
    size = len(data)
    total = size * PRIME64_1
    for i in range((size - 1) // 32, -1, -1):
        total += mix16(data, 16 * i, 32 * i) + mix16(data, size - 16 * (i + 1), 32 * i + 16)
    return avalanche(total & MASK)


def hash_129_to_240(data):
    size = len(data)
    total = size * PRIME64_1
    for i in range(8):
        total += mix16(data, 16 * i, 16 * i)
    total = avalanche(total & MASK)
    for i in range(8, size // 16):
        total += mix16(data, 16 * i, 16 * (i - 8) + 3)
    total += mix16(data, size - 16, 136 - 17)
    return avalanche(total & MASK)


def accumulate(lanes, words, keys):
    for i in range(8):
        value = words[i]
        keyed = value ^ keys[i]
        lanes[i ^ 1] += value
        lanes[i] += (keyed & 0xFFFFFFFF) * (keyed >> 32)
    for i in range(8):
        lanes[i] &= MASK


def hash_long(data):
    size = len(data)
    lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1]
    per_block = (len(SECRET) - STRIPE) // 8
    keys = [struct.unpack_from("<8Q", SECRET, 8 * i) for i in range(per_block)]
    scramble = struct.unpack_from("<8Q", SECRET, len(SECRET) - STRIPE)
    for stripe in range((size - 1) // STRIPE):
        words = struct.unpack_from("<8Q", data, STRIPE * stripe)
        accumulate(lanes, words, keys[stripe % per_block])
        if (stripe + 1) % per_block == 0:
            lanes = [(x ^ x >> 47 ^ key) * PRIME32_1 & MASK for x, key in zip(lanes, scramble)]
    accumulate(lanes, struct.unpack_from("<8Q", data, size - STRIPE),
               struct.unpack_from("<8Q", SECRET, len(SECRET) - STRIPE - 7))
    total = size * PRIME64_1
    for i in range(4):
        total += fold(lanes[2 * i] ^ u64(SECRET, 11 + 16 * i),
                      lanes[2 * i + 1] ^ u64(SECRET, 19 + 16 * i))
    return avalanche(total & MASK)


def xxh3_64(data):
    """The hash of a bytes-like object, as an integer."""
    data = memoryview(data)
    if len(data) <= 16:
        return hash_to_16(data)
    if len(data) <= 128:
        return hash_17_to_128(data)
    if len(data) <= 240:
        return hash_129_to_240(data)
    return hash_long(data)


def main(paths):
    for path in paths:
        with open(path, "rb") as file:
            print(f"XXH3_{xxh3_64(file.read()):016x}  {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
