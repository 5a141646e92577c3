/* SPDX-License-Identifier: MIT */
#include "textbuffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ckpt/walk.h>

const char *text_string(const textbuf *t) {
    return t->data != NULL ? t->data : "";
}

void text_clear(textbuf *t) {
    text_cut(t, 0);
}

void text_cut(textbuf *t, size_t size) {
    if (size < t->size) {
        t->size = size;
        t->data[size] = '\0';
    }
}

void text_free(textbuf *t) {
    free(t->data);
    *t = (textbuf){0};
}

/* Room for size bytes more and a NUL. */
static char *reserve(textbuf *t, size_t size) {
    if (size >= SIZE_MAX / 2 - t->size) {
        fputs("out of memory\n", stderr);
        exit(TOOL_NO);
    }
    while (t->room <= t->size + size)
        t->data = tool_grow(t->data, t->room, &t->room, 1);
    return t->data + t->size;
}

void text_add_bytes(textbuf *t, const char *bytes, size_t size) {
    char *end = reserve(t, size);
    if (size != 0)
        memcpy(end, bytes, size);
    end[size] = '\0';
    t->size += size;
}

void text_add(textbuf *t, const char *string) {
    text_add_bytes(t, string, strlen(string));
}

void text_addf(textbuf *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    char *end = reserve(t, (size_t)size);
    va_start(arguments, format);
    vsnprintf(end, (size_t)size + 1, format, arguments);
    va_end(arguments);
    t->size += (size_t)size;
}

static bool begins_character(char c) {
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Drops all behind the first limit characters that were added after start. */
static void cut_characters(textbuf *t, size_t start, size_t limit) {
    size_t count = 0;
    for (size_t i = start; i < t->size; i++) {
        if (begins_character(t->data[i]) && count++ == limit) {
            text_cut(t, i);
            text_add(t, "...");
            return;
        }
    }
}

void text_add_escaped_bytes(textbuf *t, const char *bytes, size_t size, size_t limit) {
    size_t start = t->size;
    /* No character takes more than four bytes: what lies behind need not be escaped to be cut. */
    bool cut = limit != 0 && size / 4 > limit;
    if (cut) {
        size = limit * 4;
        while (size > 0 && !begins_character(bytes[size]))
            size--;
    }
    size_t wanted = ckpt_escape(bytes, size, NULL, 0);
    ckpt_escape(bytes, size, reserve(t, wanted), wanted + 1);
    t->size += wanted;
    if (cut)
        text_add(t, "...");
    if (limit != 0)
        cut_characters(t, start, limit);
}

void text_add_escaped(textbuf *t, const char *string, size_t limit) {
    text_add_escaped_bytes(t, string, strlen(string), limit);
}

bool text_sink(void *ctx, const char *bytes, size_t size) {
    text_add_bytes(ctx, bytes, size);
    return true;
}

size_t text_width(const char *string) {
    size_t width = 0;
    for (; *string != '\0'; string++)
        width += begins_character(*string);
    return width;
}
