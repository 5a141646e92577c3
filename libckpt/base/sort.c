/* SPDX-License-Identifier: MIT */
#include "base/sort.h"

#include <string.h>

int ck_compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

typedef int (*comparison)(const void *a, const void *b);

/* Merges [0, middle) and [middle, count) of records, both sorted, by way of scratch. */
static void merge(char *records, char *scratch, size_t middle, size_t count, size_t size,
                  comparison compare) {
    if (compare(records + (middle - 1) * size, records + middle * size) <= 0)
        return;
    memcpy(scratch, records, middle * size);
    char *left = scratch, *left_end = scratch + middle * size;
    char *right = records + middle * size, *right_end = records + count * size, *out = records;
    while (left < left_end) {
        if (right < right_end && compare(right, left) < 0) {
            memcpy(out, right, size);
            right += size;
        } else {
            memcpy(out, left, size);
            left += size;
        }
        out += size;
    }
}

bool ck_sort(const ck_memory *memory, void *records, size_t count, size_t size,
             int (*compare)(const void *a, const void *b)) {
    if (count < 2)
        return true;
    char *scratch = ck_alloc(memory, count, size);
    if (scratch == NULL)
        return false;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; count - begin > width;) {
            size_t rest = count - begin, pair = rest < 2 * width ? rest : 2 * width;
            merge((char *)records + begin * size, scratch, width, pair, size, compare);
            begin += pair;
        }
    }
    ck_free(memory, scratch, count, size);
    return true;
}
