/* SPDX-License-Identifier: MIT */
#include "container/planestrategy.h"

enum { FRACTION_BITS = 12 };

/* The binary logarithm of x, which is not 0, times 2^12: the whole part by shifting, then a bit of
 * the fraction for each squaring. */
static uint32_t logarithm(uint32_t x) {
    uint32_t whole = 0;
    uint64_t m = x;
    while (x >> whole > 1)
        whole++;
    m = (m << 31) >> whole;
    uint32_t result = whole;
    for (int i = 0; i < FRACTION_BITS; i++) {
        m = m * m >> 31;
        uint32_t bit = (uint32_t)(m >> 32);
        m >>= bit;
        result = result << 1 | bit;
    }
    return result;
}

/* Four tables, so that equal bytes in a row do not wait for each other. */
static void count(const unsigned char *bytes, size_t size, uint32_t *ret_counts) {
    uint32_t counts[4][256] = {{0}};
    size_t i = 0;
    for (; i + 4 <= size; i += 4) {
        counts[0][bytes[i]]++;
        counts[1][bytes[i + 1]]++;
        counts[2][bytes[i + 2]]++;
        counts[3][bytes[i + 3]]++;
    }
    for (; i < size; i++)
        counts[0][bytes[i]]++;
    for (int b = 0; b < 256; b++)
        ret_counts[b] = counts[0][b] + counts[1][b] + counts[2][b] + counts[3][b];
}

uint64_t ck_entropy_size(const unsigned char *bytes, size_t size) {
    uint32_t counts[256];
    uint64_t sum = 0;
    if (size == 0)
        return 0;
    count(bytes, size, counts);
    uint32_t all = logarithm((uint32_t)size);
    for (int b = 0; b < 256; b++) {
        if (counts[b] != 0)
            sum += (uint64_t)counts[b] * (all - logarithm(counts[b]));
    }
    return (sum >> FRACTION_BITS) / 8;
}
