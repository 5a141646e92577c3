/* SPDX-License-Identifier: MIT */
#include "exchange/torchpath.h"

ckpt_status ck_torch_step(const ck_memory *memory, ck_buffer *path, const char *key, size_t size,
                          ckpt_error *err) {
    size_t before = path->size;
    bool fits = ck_buffer_append(memory, path, "/", 1);
    for (size_t i = 0; fits && i < size; i++) {
        const char *text = key[i] == '~' ? "~0" : key[i] == '/' ? "~1" : key + i;
        fits = ck_buffer_append(memory, path, text, text == key + i ? 1 : 2);
    }
    if (fits && ck_buffer_reserve(memory, path, 1))
        return CKPT_OK;
    path->size = before;
    return ck_fail_nomem(err);
}

const char *ck_torch_pointer(const ck_buffer *path) {
    if (path->size == 0)
        return "";
    path->bytes[path->size] = '\0';
    return (const char *)path->bytes;
}
