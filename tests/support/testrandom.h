/* SPDX-License-Identifier: MIT */
/* A small generator of repeatable numbers for tests (splitmix64): the same seed, the same numbers.
 */
#ifndef TESTRANDOM_H
#define TESTRANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct test_random {
    uint64_t state;
} test_random;

static inline uint64_t random_next(test_random *r) {
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A number below limit, which is not 0. */
static inline uint32_t random_below(test_random *r, uint32_t limit) {
    return (uint32_t)((random_next(r) >> 32) * limit >> 32);
}

static inline bool random_chance(test_random *r, uint32_t percent) {
    return random_below(r, 100) < percent;
}

static inline void random_fill(test_random *r, void *bytes, size_t size) {
    unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        p[i] = (unsigned char)random_next(r);
}

#endif
