/* SPDX-License-Identifier: MIT */
/* JSON on stdout, pure ASCII, indented; arrays of numbers stand on one line. */
#ifndef JSONWRITER_H
#define JSONWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH = 128 };

typedef struct json {
    int depth;
    bool has_items[JSON_DEPTH];
    bool on_one_line[JSON_DEPTH];
    bool after_key;
} json;

/* Objects and arrays; depth is at most JSON_DEPTH - 1. A compact one stands on one line, and so
 * does all that is in it. */
void json_begin(json *j, char bracket, bool compact);
void json_end(json *j, char bracket);
void json_key(json *j, const char *key);

void json_null(json *j);
void json_bool(json *j, bool value);
void json_int(json *j, int64_t value);
void json_uint(json *j, uint64_t value);
/* Always with a point or an exponent; what is not finite becomes the string "NaN", "Infinity" or
 * "-Infinity". */
void json_float(json *j, double value);
/* Whatever is not printable ASCII is written as \uXXXX; malformed UTF-8 as \ufffd. */
void json_string(json *j, const char *string);
void json_string_n(json *j, const char *string, size_t size);
void json_hex(json *j, const unsigned char *bytes, size_t size);

#endif
