/* SPDX-License-Identifier: MIT */
#include "exchange/jsoninner.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

ckpt_status ck_json_fail(const ck_json *json, ckpt_error *err, const char *format, ...) {
    ck_place place = {json->name, json->file_offset + json->position, json->rule, 0, 0};
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "%s", text);
}

ckpt_status ck_json_open(ck_json *json, const ck_memory *memory, const char *text, size_t size,
                         const ck_place *place, ckpt_error *err) {
    memset(json, 0, sizeof *json);
    json->memory = *memory;
    json->name = place->name;
    json->file_offset = place->offset;
    json->rule = place->rule;
    json->text = text;
    json->size = size;
    if (ck_utf8_valid(text, size))
        return CKPT_OK;
    const char *p = text, *end = text + size;
    while (p < end) {
        json->position = (size_t)(p - text);
        if (*p == '\0')
            return ck_json_fail(json, err, "a NUL in the JSON text");
        if (ck_utf8_next(&p, (size_t)(end - p)) == UINT32_MAX)
            break;
    }
    return ck_json_fail(json, err, "the JSON text is not UTF-8");
}

ckpt_status ck_json_open_in_place(ck_json *json, const ck_memory *memory, char *text, size_t size,
                                  const ck_place *place, ckpt_error *err) {
    ckpt_status status = ck_json_open(json, memory, text, size, place, err);
    json->in_place = text;
    return status;
}

void ck_json_close(ck_json *json) {
    ck_buffer_clear(&json->memory, &json->string);
}

ckpt_status ck_json_unexpected(const ck_json *json, const char *what, ckpt_error *err) {
    if (json->position >= json->size)
        return ck_json_fail(json, err, "expected %s, but the JSON text ends", what);
    return ck_json_fail(json, err, "expected %s, got '%s'", what,
                        ck_name_n(json->text + json->position, 1).text);
}

ckpt_status ck_json_expect(ck_json *json, char c, const char *what, ckpt_error *err) {
    ck_json_skip_space(json);
    if (ck_json_peek(json) != c)
        return ck_json_unexpected(json, what, err);
    json->position++;
    return CKPT_OK;
}

ckpt_status ck_json_more(ck_json *json, char end, bool first, bool *ret_more, ckpt_error *err) {
    ck_json_skip_space(json);
    *ret_more = ck_json_peek(json) != end;
    if (!*ret_more) {
        json->position++;
        return CKPT_OK;
    }
    return first ? CKPT_OK
                 : ck_json_expect(json, ',', end == '}' ? "',' or '}'" : "',' or ']'", err);
}

/* Four hexadecimal digits behind \u. */
static bool take_hex(ck_json *json, uint32_t *ret_unit) {
    uint32_t unit = 0;
    if (json->size - json->position < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = json->text[json->position++];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        unit = unit << 4 | digit;
    }
    *ret_unit = unit;
    return true;
}

/* A code point behind \u, a pair of surrogates included; false for anything that is none. */
static bool take_code_point(ck_json *json, uint32_t *ret_code_point) {
    uint32_t high, low;
    if (!take_hex(json, &high) || high == 0 || (high >= 0xdc00 && high < 0xe000))
        return false;
    if (high < 0xd800 || high >= 0xe000) {
        *ret_code_point = high;
        return true;
    }
    if (json->size - json->position < 2 || memcmp(json->text + json->position, "\\u", 2) != 0)
        return false;
    json->position += 2;
    if (!take_hex(json, &low) || low < 0xdc00 || low >= 0xe000)
        return false;
    *ret_code_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static size_t encode_utf8(uint32_t code_point, char text[4]) {
    size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; code_point >>= 6)
        text[i] = (char)(0x80 | (code_point & 0x3f));
    text[0] = (char)(first[size] | code_point);
    return size;
}

/* One escape sequence, the backslash taken already. */
static ckpt_status take_escape(ck_json *json, char text[4], size_t *ret_size, ckpt_error *err) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint32_t code_point;
    char c = ck_json_peek(json);
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    json->position++;
    *ret_size = 1;
    if (name != NULL)
        text[0] = values[name - names];
    else if (c == 'u' && take_code_point(json, &code_point))
        *ret_size = encode_utf8(code_point, text);
    else
        return ck_json_fail(json, err, "a malformed escape in a string");
    return CKPT_OK;
}

/* As many characters as stand for themselves. */
static size_t plain_length(const ck_json *json) {
    size_t i = json->position;
    while (i < json->size && json->text[i] != '"' && json->text[i] != '\\' &&
           (unsigned char)json->text[i] >= 0x20)
        i++;
    return i - json->position;
}

/* Puts the next bytes of the string behind those that it has; *size of them are in place. */
static bool put(ck_json *json, const char *text, size_t count, size_t *size) {
    if (json->in_place == NULL)
        return ck_buffer_append(&json->memory, &json->string, text, count);
    /* What is unescaped is shorter than what it was. */
    char *end = json->in_place + (json->placed - json->in_place) + *size;
    if (end != text)
        memmove(end, text, count);
    *size += count;
    return true;
}

/* The quote that begins the string has been taken. */
static ckpt_status take_string(ck_json *json, size_t *size, ckpt_error *err) {
    for (;;) {
        size_t length = plain_length(json), escaped_size;
        char escaped[4];
        if (!put(json, json->text + json->position, length, size))
            return ck_fail_nomem(err);
        json->position += length;
        char c = ck_json_peek(json);
        if (c != '"' && c != '\\')
            return json->position < json->size
                       ? ck_json_fail(json, err, "a control character in a string")
                       : ck_json_fail(json, err, "a string without end");
        json->position++;
        if (c == '"')
            return CKPT_OK;
        ckpt_status status = take_escape(json, escaped, &escaped_size, err);
        if (status != CKPT_OK)
            return status;
        if (!put(json, escaped, escaped_size, size))
            return ck_fail_nomem(err);
    }
}

ckpt_status ck_json_string(ck_json *json, const char *what, size_t *ret_size, ckpt_error *err) {
    size_t size = 0;
    ckpt_status status = ck_json_expect(json, '"', what, err);
    json->string.size = 0;
    json->placed = json->text + json->position;
    if (status == CKPT_OK)
        status = take_string(json, &size, err);
    if (status != CKPT_OK)
        return status;
    *ret_size = json->in_place == NULL ? json->string.size : size;
    return put(json, "", 1, &size) ? CKPT_OK : ck_fail_nomem(err);
}

ckpt_status ck_json_key(ck_json *json, size_t *ret_size, ckpt_error *err) {
    ckpt_status status = ck_json_string(json, "a key, a string", ret_size, err);
    return status == CKPT_OK ? ck_json_expect(json, ':', "':'", err) : status;
}

ckpt_status ck_json_end(ck_json *json, ckpt_error *err) {
    ck_json_skip_space(json);
    if (json->position < json->size)
        return ck_json_unexpected(json, "the end of the JSON text", err);
    return CKPT_OK;
}
