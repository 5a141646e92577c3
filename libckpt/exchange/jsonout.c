/* SPDX-License-Identifier: MIT */
#include "exchange/jsonout.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

bool ck_json_put_text(const ck_memory *memory, ck_buffer *out, const char *text) {
    return ck_buffer_append(memory, out, text, strlen(text));
}

bool ck_json_put_uint(const ck_memory *memory, ck_buffer *out, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return ck_buffer_append(memory, out, digits + first, sizeof digits - first);
}

static bool put_unit(const ck_memory *memory, ck_buffer *out, uint32_t unit) {
    char text[8];
    snprintf(text, sizeof text, "\\u%04x", (unsigned)(unit & 0xffff));
    return ck_buffer_append(memory, out, text, 6);
}

static bool put_escaped(const ck_memory *memory, ck_buffer *out, uint32_t code_point) {
    static const char values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *value = code_point < 0x80 ? strchr(values, (int)code_point) : NULL;
    if (value != NULL && code_point != 0) {
        char text[2] = {'\\', names[value - values]};
        return ck_buffer_append(memory, out, text, sizeof text);
    }
    if (code_point < 0x10000)
        return put_unit(memory, out, code_point);
    code_point -= 0x10000;
    return put_unit(memory, out, 0xd800 + (code_point >> 10)) &&
           put_unit(memory, out, 0xdc00 + (code_point & 0x3ff));
}

static bool stands_for_itself(char c, bool ascii) {
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte != '"' && byte != '\\' && (!ascii || byte < 0x7f);
}

bool ck_json_put_string(const ck_memory *memory, ck_buffer *out, const char *text, size_t size,
                        bool ascii) {
    const char *end = text + size;
    bool good = ck_buffer_append(memory, out, "\"", 1);
    while (good && text < end) {
        const char *run = text;
        while (text < end && stands_for_itself(*text, ascii))
            text++;
        good = ck_buffer_append(memory, out, run, (size_t)(text - run));
        if (good && text < end)
            good = put_escaped(memory, out, ck_utf8_next(&text, (size_t)(end - text)));
    }
    return good && ck_buffer_append(memory, out, "\"", 1);
}
