/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <string.h>

bool ck_buffer_reserve(const ck_memory *memory, ck_buffer *buffer, size_t extra) {
    if (extra <= buffer->capacity - buffer->size)
        return true;
    if (extra > SIZE_MAX / 2 - buffer->size)
        return false;
    size_t wanted = buffer->size + extra;
    size_t grown = buffer->capacity + buffer->capacity / 2;
    size_t capacity = wanted > grown ? wanted : grown;
    if (capacity < 64)
        capacity = 64;
    void *bytes = ck_resize(memory, buffer->bytes, buffer->capacity, capacity, 1);
    if (bytes == NULL)
        return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool ck_buffer_append(const ck_memory *memory, ck_buffer *buffer, const void *bytes, size_t size) {
    if (!ck_buffer_reserve(memory, buffer, size))
        return false;
    if (size != 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return true;
}

bool ck_buffer_append_zeros(const ck_memory *memory, ck_buffer *buffer, size_t size) {
    if (!ck_buffer_reserve(memory, buffer, size))
        return false;
    if (size != 0)
        memset(buffer->bytes + buffer->size, 0, size);
    buffer->size += size;
    return true;
}

void ck_buffer_clear(const ck_memory *memory, ck_buffer *buffer) {
    ck_free(memory, buffer->bytes, buffer->capacity, 1);
    memset(buffer, 0, sizeof *buffer);
}
