/* SPDX-License-Identifier: MIT */
#include "jsonwriter.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numbertext.h"

static void new_line(const json *j) {
    putchar('\n');
    for (int i = 0; i < j->depth; i++)
        fputs("  ", stdout);
}

/* What stands before a value or a key. */
static void lead_in(json *j) {
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    if (j->depth == 0)
        return;
    bool *has_items = &j->has_items[j->depth];
    if (*has_items)
        putchar(',');
    if (!j->on_one_line[j->depth])
        new_line(j);
    else if (*has_items)
        putchar(' ');
    *has_items = true;
}

void json_begin(json *j, char bracket, bool compact) {
    lead_in(j);
    putchar(bracket);
    bool inherited = j->depth > 0 && j->on_one_line[j->depth];
    j->depth++;
    j->has_items[j->depth] = false;
    j->on_one_line[j->depth] = compact || inherited;
}

void json_end(json *j, char bracket) {
    bool broken = j->has_items[j->depth] && !j->on_one_line[j->depth];
    j->depth--;
    if (broken)
        new_line(j);
    putchar(bracket);
    if (j->depth == 0)
        putchar('\n');
}

void json_key(json *j, const char *key) {
    json_string(j, key);
    fputs(": ", stdout);
    j->after_key = true;
}

void json_null(json *j) {
    lead_in(j);
    fputs("null", stdout);
}

void json_bool(json *j, bool value) {
    lead_in(j);
    fputs(value ? "true" : "false", stdout);
}

void json_int(json *j, int64_t value) {
    lead_in(j);
    printf("%" PRId64, value);
}

void json_uint(json *j, uint64_t value) {
    lead_in(j);
    printf("%" PRIu64, value);
}

void json_float(json *j, double value) {
    if (isnan(value)) {
        json_string(j, "NaN");
    } else if (isinf(value)) {
        json_string(j, value < 0 ? "-Infinity" : "Infinity");
    } else {
        lead_in(j);
        fputs(number_shortest(value, 53).text, stdout);
    }
}

/* The code point at p and its size; 0xfffd and 1 where the bytes are no UTF-8. */
static uint32_t decode(const unsigned char *p, size_t left, size_t *ret_size) {
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
    uint32_t value = size == 1 ? p[0] : size != 0 ? p[0] & (0xffu >> (size + 1)) : 0xfffd;
    bool good = size != 0 && size <= left && p[0] < 0xf8;
    for (size_t i = 1; good && i < size; i++) {
        good = (p[i] & 0xc0) == 0x80;
        value = value << 6 | (p[i] & 0x3f);
    }
    good = good && value >= lowest[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    *ret_size = good ? size : 1;
    return good ? value : 0xfffd;
}

static void put_character(uint32_t value) {
    if (value == '"' || value == '\\')
        printf("\\%c", (int)value);
    else if (value >= 0x20 && value < 0x7f)
        putchar((int)value);
    else if (value == '\n')
        fputs("\\n", stdout);
    else if (value < 0x10000)
        printf("\\u%04" PRIx32, value);
    else
        printf("\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((value - 0x10000) >> 10),
               0xdc00 + ((value - 0x10000) & 0x3ff));
}

void json_string_n(json *j, const char *string, size_t size) {
    lead_in(j);
    putchar('"');
    for (size_t i = 0; i < size;) {
        size_t step;
        put_character(decode((const unsigned char *)string + i, size - i, &step));
        i += step;
    }
    putchar('"');
}

void json_string(json *j, const char *string) {
    json_string_n(j, string, strlen(string));
}

void json_hex(json *j, const unsigned char *bytes, size_t size) {
    lead_in(j);
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    putchar('"');
}
