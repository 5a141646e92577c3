/* SPDX-License-Identifier: MIT */
/* ckpt_escape: text of a stranger made fit for a terminal. */
#include "base/utf8.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

typedef struct escaped_text {
    char *buffer;
    size_t size;
    size_t length; /* of the whole result, whether it fits or not */
} escaped_text;

/* Pieces that do not fit whole are left out, and so is all behind them: no half sequences. */
static void put(escaped_text *out, const char *piece, size_t size) {
    if (out->length < out->size && size < out->size - out->length) {
        memcpy(out->buffer + out->length, piece, size);
        out->buffer[out->length + size] = '\0';
    } else if (out->length < out->size) {
        out->size = out->length;
    }
    out->length += size;
}

static void put_escaped(escaped_text *out, uint32_t code_point) {
    char text[16];
    const char *format = code_point < 0x100     ? "\\x%02x"
                         : code_point < 0x10000 ? "\\u%04x"
                                                : "\\U%08x";
    int size = snprintf(text, sizeof text, format, (unsigned)code_point);
    put(out, text, (size_t)size);
}

size_t ckpt_escape(const char *text, size_t text_size, char *buffer, size_t size) {
    escaped_text out = {buffer, size, 0};
    if (size != 0)
        buffer[0] = '\0';
    const char *end = text + text_size;
    while (text < end) {
        const char *start = text;
        uint32_t c = ck_utf8_next(&text, (size_t)(end - text));
        if (c == UINT32_MAX)
            put_escaped(&out, (unsigned char)*start);
        else if (c == '\n')
            put(&out, "\\n", 2);
        else if (c == '\t')
            put(&out, "\\t", 2);
        else if (c == '\\')
            put(&out, "\\\\", 2);
        else if (ck_code_point_is_unsafe(c))
            put_escaped(&out, c);
        else
            put(&out, start, (size_t)(text - start));
    }
    return out.length;
}
