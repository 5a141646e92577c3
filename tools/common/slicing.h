/* SPDX-License-Identifier: MIT */
/* Slices in the notation of Python: "0:2, :, -1", "::2", "..., 0". */
#ifndef SLICING_H
#define SLICING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLICE_MAX_RANK = 64 };

/* The elements start, start + step, ... of one dimension, count of them. */
typedef struct slice {
    int64_t start;
    int64_t step;
    uint64_t count;
    bool is_index; /* a single number: the dimension is dropped from the result */
} slice;

/* Reads what stands between the brackets. Dimensions that are not mentioned are taken whole; an
 * empty text takes all. On failure false, with one line that tells why in message. */
bool slice_read(const char *string, uint32_t rank, const uint64_t *shape, slice *ret_slices,
                char *message, size_t message_size);

#endif
