/* SPDX-License-Identifier: MIT */
/* A growable run of bytes, and growable arrays of fixed-size records made of it. */
#ifndef CK_BUFFER_H
#define CK_BUFFER_H

#include "base/memory.h"

/* All zeros is an empty buffer. bytes is aligned for any type. */
typedef struct ck_buffer {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
} ck_buffer;

/* Makes room for extra more bytes without changing the size. Grows by at least a half, so that n
 * appends cost O(n). False when memory runs out. */
bool ck_buffer_reserve(const ck_memory *memory, ck_buffer *buffer, size_t extra);
bool ck_buffer_append(const ck_memory *memory, ck_buffer *buffer, const void *bytes, size_t size);
/* size zero bytes at the end. */
bool ck_buffer_append_zeros(const ck_memory *memory, ck_buffer *buffer, size_t size);
void ck_buffer_clear(const ck_memory *memory, ck_buffer *buffer); /* frees; empty again */

#endif
