/* SPDX-License-Identifier: MIT */
/* Arithmetic on numbers from files. Each returns false, and stores nothing, when the result does
 * not fit; there is no other arithmetic on untrusted sizes in the library. */
#ifndef CK_CHECKED_H
#define CK_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool ck_add(uint64_t a, uint64_t b, uint64_t *ret_sum) {
    if (a > UINT64_MAX - b)
        return false;
    *ret_sum = a + b;
    return true;
}

static inline bool ck_mul(uint64_t a, uint64_t b, uint64_t *ret_product) {
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *ret_product = a * b;
    return true;
}

/* Rounds up to a multiple of alignment, which is a power of two. */
static inline bool ck_align(uint64_t value, uint64_t alignment, uint64_t *ret_aligned) {
    uint64_t sum;
    if (!ck_add(value, alignment - 1, &sum))
        return false;
    *ret_aligned = sum & ~(alignment - 1);
    return true;
}

static inline bool ck_to_size(uint64_t value, size_t *ret_size) {
    if (value > SIZE_MAX)
        return false;
    *ret_size = (size_t)value;
    return true;
}

/* [offset, offset + size) lies inside [0, limit). */
static inline bool ck_within(uint64_t offset, uint64_t size, uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

/* Sums for display, where "very many" is answer enough. */
static inline uint64_t ck_add_saturated(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t ck_mul_saturated(uint64_t a, uint64_t b) {
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

#endif
