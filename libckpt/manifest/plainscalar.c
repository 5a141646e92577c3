/* SPDX-License-Identifier: MIT */
#include "manifest/plainscalar.h"

#include "base/checked.h"
#include "base/floattext.h"

#include <math.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool equals(const char *text, size_t size, const char *word) {
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equals_in_any_case(const char *text, size_t size, const char *word) {
    if (strlen(word) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(text[i]) != word[i])
            return false;
    return true;
}

bool ck_plain_uint(const char *text, size_t size, uint64_t *ret_value) {
    uint64_t value = 0;
    if (size == 0 || (size > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_digit(text[i]) || !ck_mul(value, 10, &value) ||
            !ck_add(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    *ret_value = value;
    return true;
}

static bool is_int(const char *text, size_t size) {
    size_t i = size > 0 && text[0] == '-';
    if (i == size || (text[i] == '0' && size > 1))
        return false;
    while (i < size && is_digit(text[i]))
        i++;
    return i == size;
}

static ck_plain resolve_int(const char *text, size_t size) {
    ck_plain plain = {.kind = CK_PLAIN_OUT_OF_RANGE};
    bool negative = text[0] == '-';
    uint64_t magnitude;
    if (!ck_plain_uint(text + negative, size - negative, &magnitude) ||
        magnitude > (uint64_t)INT64_MAX + negative)
        return plain;
    plain.kind = CK_PLAIN_INT;
    plain.integer = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return plain;
}

/* [-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)? */
static bool is_float(const char *text, size_t size) {
    size_t i = size > 0 && (text[0] == '-' || text[0] == '+');
    size_t first = i;
    while (i < size && is_digit(text[i]))
        i++;
    if (i == first || i == size || text[i] != '.')
        return false;
    i++;
    while (i < size && is_digit(text[i]))
        i++;
    if (i == size)
        return true;
    if (lower(text[i]) != 'e' || i + 2 >= size || (text[i + 1] != '-' && text[i + 1] != '+'))
        return false;
    i += 2;
    while (i < size && is_digit(text[i]))
        i++;
    return i == size;
}

static bool begins_like_a_number(const char *text, size_t size) {
    size_t i = size > 0 && (text[0] == '-' || text[0] == '+');
    i += i < size && text[i] == '.';
    return i < size && is_digit(text[i]);
}

static bool is_ambiguous_word(const char *text, size_t size) {
    static const char *const exactly[] = {"", "~", "=", "<<"};
    static const char *const in_any_case[] = {"null",  "true",  "false", "yes",   "no",
                                              "on",    "off",   "y",     "n",     ".inf",
                                              "+.inf", "-.inf", ".nan",  "+.nan", "-.nan"};
    for (size_t i = 0; i < sizeof exactly / sizeof exactly[0]; i++)
        if (equals(text, size, exactly[i]))
            return true;
    for (size_t i = 0; i < sizeof in_any_case / sizeof in_any_case[0]; i++)
        if (equals_in_any_case(text, size, in_any_case[i]))
            return true;
    return false;
}

static ck_plain resolve_number(const char *text, size_t size) {
    ck_plain plain = {.kind = CK_PLAIN_AMBIGUOUS};
    if (is_int(text, size))
        return resolve_int(text, size);
    if (is_float(text, size))
        plain.kind =
            ck_float_read(text, size, &plain.number) ? CK_PLAIN_FLOAT : CK_PLAIN_OUT_OF_RANGE;
    return plain;
}

static double canonical_nan(void) {
    const uint64_t bits = 0x7ff8000000000000u;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ck_plain ck_plain_resolve(const char *text, size_t size) {
    ck_plain plain = {.kind = CK_PLAIN_STRING};
    if (begins_like_a_number(text, size))
        return resolve_number(text, size);
    if (equals(text, size, "null")) {
        plain.kind = CK_PLAIN_NULL;
    } else if (equals(text, size, "true") || equals(text, size, "false")) {
        plain.kind = CK_PLAIN_BOOL;
        plain.boolean = text[0] == 't';
    } else if (equals(text, size, ".inf") || equals(text, size, "-.inf")) {
        plain.kind = CK_PLAIN_FLOAT;
        plain.number = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    } else if (equals(text, size, ".nan")) {
        plain.kind = CK_PLAIN_FLOAT;
        plain.number = canonical_nan();
    } else if (is_ambiguous_word(text, size)) {
        plain.kind = CK_PLAIN_AMBIGUOUS;
    }
    return plain;
}

static bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

bool ck_plain_may_stand(const char *text, size_t size) {
    if (size == 0 || text[size - 1] == ' ')
        return false;
    if (!is_letter(text[0]) && text[0] != '_' && text[0] != '$')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && strchr(" _-./$+()@", text[i]) == NULL)
            return false;
    return ck_plain_resolve(text, size).kind == CK_PLAIN_STRING;
}
