/* SPDX-License-Identifier: MIT */
#include "exchange/ggufwrite.h"

#include "base/endian.h"

#include <string.h>

bool ck_gguf_put_number(const ck_memory *memory, ck_buffer *out, uint64_t value, uint32_t size) {
    unsigned char bytes[8];
    ck_store64(bytes, value);
    return ck_buffer_append(memory, out, bytes, size);
}

bool ck_gguf_put_string(const ck_memory *memory, ck_buffer *out, const void *text, size_t size) {
    return ck_gguf_put_number(memory, out, size, 8) && ck_buffer_append(memory, out, text, size);
}

bool ck_gguf_put_key(const ck_memory *memory, ck_buffer *out, const char *key, ck_gguf_type type) {
    return ck_gguf_put_string(memory, out, key, strlen(key)) &&
           ck_gguf_put_number(memory, out, type.is_array ? CK_GGUF_ARRAY : type.kind, 4) &&
           (!type.is_array || ck_gguf_put_number(memory, out, type.kind, 4));
}

bool ck_gguf_put_integer(const ck_memory *memory, ck_buffer *out, const char *key,
                         ck_gguf_kind kind, uint64_t value) {
    ck_gguf_type type = {kind, false};
    return ck_gguf_put_key(memory, out, key, type) &&
           ck_gguf_put_number(memory, out, value, ck_gguf_kind_size(kind));
}
