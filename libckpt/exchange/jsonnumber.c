/* SPDX-License-Identifier: MIT */
/* Numbers of JSON, and values of any simple type. */
#include "exchange/jsoninner.h"

#include "base/checked.h"
#include "base/floattext.h"

#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

ckpt_status ck_json_uint(ck_json *json, const char *what, uint64_t *ret_value, ckpt_error *err) {
    uint64_t value = 0;
    ck_json_skip_space(json);
    if (!is_digit(ck_json_peek(json)))
        return ck_json_unexpected(json, what, err);
    bool zero = ck_json_peek(json) == '0';
    size_t first = json->position;
    while (is_digit(ck_json_peek(json))) {
        if (!ck_mul(value, 10, &value) ||
            !ck_add(value, (uint64_t)(ck_json_peek(json) - '0'), &value) || value > INT64_MAX) {
            ck_place place = {json->name, json->file_offset + first, json->rule, 0, 0};
            return ck_fail_at(err, &place, CKPT_E_OVERFLOW, "a number of 2^63 or more");
        }
        json->position++;
    }
    if ((zero && json->position - first > 1) ||
        (ck_json_peek(json) != '\0' && strchr(".eE", ck_json_peek(json))))
        return ck_json_fail(json, err, "expected %s in plain decimal", what);
    *ret_value = value;
    return CKPT_OK;
}

static void skip_digits(ck_json *json) {
    while (is_digit(ck_json_peek(json)))
        json->position++;
}

/* A number by the grammar of JSON, which json is at the beginning of. */
static bool take_number(ck_json *json, bool *ret_is_integer) {
    json->position += ck_json_peek(json) == '-';
    if (!is_digit(ck_json_peek(json)))
        return false;
    if (ck_json_peek(json) == '0')
        json->position++;
    else
        skip_digits(json);
    size_t end = json->position;
    if (ck_json_peek(json) == '.') {
        json->position++;
        if (!is_digit(ck_json_peek(json)))
            return false;
        skip_digits(json);
    }
    if (ck_json_peek(json) == 'e' || ck_json_peek(json) == 'E') {
        json->position++;
        json->position += ck_json_peek(json) == '+' || ck_json_peek(json) == '-';
        if (!is_digit(ck_json_peek(json)))
            return false;
        skip_digits(json);
    }
    *ret_is_integer = json->position == end;
    return true;
}

static bool to_integer(const char *text, size_t size, int64_t *ret_value) {
    bool negative = text[0] == '-';
    uint64_t value = 0, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    for (size_t i = negative; i < size; i++) {
        if (!ck_mul(value, 10, &value) || !ck_add(value, (uint64_t)(text[i] - '0'), &value) ||
            value > limit)
            return false;
    }
    *ret_value = negative ? (value != 0 ? -(int64_t)(value - 1) - 1 : 0) : (int64_t)value;
    return !negative || value != 0; /* -0 is no canonical integer */
}

static ckpt_status number_value(ck_json *json, ckpt_literal *ret_value, ckpt_error *err) {
    const char *text = json->text + json->position;
    size_t start = json->position;
    bool is_integer;
    int64_t integer;
    double number;
    if (!take_number(json, &is_integer))
        return ck_json_fail(json, err, "a malformed number");
    size_t size = json->position - start;
    if (is_integer ? !to_integer(text, size, &integer) : !ck_float_read(text, size, &number)) {
        json->position = start;
        return ck_json_fail(json, err, "a number that is -0 or out of range");
    }
    *ret_value = is_integer ? ckpt_int(integer) : ckpt_float(number);
    return CKPT_OK;
}

static bool take_word(ck_json *json, const char *word) {
    size_t size = strlen(word);
    if (json->size - json->position < size || memcmp(json->text + json->position, word, size) != 0)
        return false;
    json->position += size;
    return true;
}

ckpt_status ck_json_scalar(ck_json *json, const char *what, ckpt_literal *ret_value,
                           ckpt_error *err) {
    ck_json_skip_space(json);
    char c = ck_json_peek(json);
    if (c == '"') {
        size_t size;
        ckpt_status status = ck_json_string(json, what, &size, err);
        if (status == CKPT_OK)
            *ret_value = ckpt_string_n(ck_json_text(json), size);
        return status;
    }
    if (c == '-' || is_digit(c))
        return number_value(json, ret_value, err);
    if (take_word(json, "true"))
        *ret_value = ckpt_bool(true);
    else if (take_word(json, "false"))
        *ret_value = ckpt_bool(false);
    else if (take_word(json, "null"))
        *ret_value = ckpt_null();
    else
        return ck_json_unexpected(json, what, err);
    return CKPT_OK;
}
