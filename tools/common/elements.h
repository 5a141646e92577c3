/* SPDX-License-Identifier: MIT */
/* The elements of a tensor, read in pieces through the checks of the library, so that a few numbers
 * of a tensor of any size need little memory. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

#include "numbertext.h"

enum { ELEMENT_WINDOWS = 64, LARGEST_BLOCK = 256 };

/* Parts of the storage that are in memory, each in a slot that its number chooses. */
typedef struct element_window {
    unsigned char *bytes;
    uint64_t number; /* of the part, from 1; 0 for an empty slot */
} element_window;

typedef struct elements {
    ckpt_storage storage;
    ckpt_dtype_info dtype;
    uint64_t storage_size;
    size_t window_size; /* bytes, a multiple of the dtype's block */
    element_window windows[ELEMENT_WINDOWS];
    double block[LARGEST_BLOCK]; /* of a type with several elements in a block: the values of */
    uint64_t decoded;            /* this block, from 1; 0: of none */
} elements;

/* False when values of this dtype cannot be shown: the library cannot convert it. */
bool elements_open(elements *e, ckpt_tensor tensor);
void elements_close(elements *e);

/* The bytes of element `index` of the storage and of as many after it as lie in one piece, at most
 * limit; their count goes to *ret_count. For types with several elements in a block: the bytes of
 * the block that the element is in, and a count of 1. Valid until the next call. */
ckpt_status elements_at(elements *e, uint64_t index, uint64_t limit,
                        const unsigned char **ret_bytes, size_t *ret_count, ckpt_error *err);

/* Converts elements to f64, as ckpt_convert does; complex ones are not taken. */
ckpt_status elements_read(elements *e, uint64_t index, uint64_t limit, double *values,
                          size_t *ret_count, ckpt_error *err);

/* An element as text: True, -12, 0.5, 1.0-2.5j. */
ckpt_status elements_text(elements *e, uint64_t index, number_text *ret_text, ckpt_error *err);

#endif
