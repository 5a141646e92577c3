/* SPDX-License-Identifier: MIT */
/* "meta": the message VariableMetaInfo as protobuf writes it as a text:
 *
 *     shape {
 *       dim: 3
 *     }
 *     data_type: kFloat
 *
 * Fields in any order, each once but for dim; what stands between them is white space. */
#include "exchange/oneflow.h"

#include <string.h>

typedef struct scanner {
    const char *at, *end;
} scanner;

static ckpt_status fail(ckpt_error *err, const char *what) {
    return ck_fail_rule(err, "O11", CKPT_E_STRUCTURE, "%s", what);
}

static void skip_space(scanner *s) {
    while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0')
        s->at++;
}

static bool take(scanner *s, char wanted) {
    skip_space(s);
    if (s->at == s->end || *s->at != wanted)
        return false;
    s->at++;
    return true;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t take_word(scanner *s, const char **ret_word) {
    skip_space(s);
    *ret_word = s->at;
    while (s->at < s->end && is_word(*s->at))
        s->at++;
    return (size_t)(s->at - *ret_word);
}

static bool same(const char *word, size_t size, const char *text) {
    return strlen(text) == size && memcmp(word, text, size) == 0;
}

/* At most 18 digits: what a shape of int64 can hold, and more than a file can have bytes. */
static bool take_number(scanner *s, uint64_t *ret_number) {
    const char *word;
    size_t size = take_word(s, &word);
    uint64_t number = 0;
    if (size == 0 || size > 18)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(word[i] - '0');
    }
    *ret_number = number;
    return true;
}

static ckpt_status take_shape(scanner *s, uint32_t *rank, uint64_t shape[CK_MAX_RANK],
                              ckpt_error *err) {
    (void)take(s, ':');
    if (!take(s, '{'))
        return fail(err, "the shape is not in braces");
    while (!take(s, '}')) {
        const char *word;
        size_t size = take_word(s, &word);
        if (!same(word, size, "dim") || !take(s, ':'))
            return fail(err, "a shape has other fields than dim");
        if (*rank == CK_MAX_RANK)
            return ck_fail_rule(err, "O11", CKPT_E_LIMIT, "more than %d dimensions", CK_MAX_RANK);
        if (!take_number(s, &shape[(*rank)++]))
            return fail(err, "a dim is not a number of at most 18 digits");
    }
    return CKPT_OK;
}

/* By name. */
static ckpt_status take_dtype(scanner *s, int *ret_dtype, ckpt_error *err) {
    const char *word;
    if (!take(s, ':'))
        return fail(err, "the data_type has no value");
    size_t size = take_word(s, &word);
    if (size == 0)
        return fail(err, "the data_type has no value");
    for (int i = 1; i < CK_ONEFLOW_DTYPE_COUNT; i++) {
        if (same(word, size, ck_oneflow_dtypes[i].proto)) {
            *ret_dtype = i;
            return CKPT_OK;
        }
    }
    return ck_fail_rule(err, "O11", CKPT_E_UNSUPPORTED, "the data_type '%s' is unknown",
                        ck_name_n(word, size).text);
}

ckpt_status ck_oneflow_parse_meta(const char *text, size_t size, int *ret_dtype, uint32_t *ret_rank,
                                  uint64_t shape[CK_MAX_RANK], ckpt_error *err) {
    scanner s = {text, text + size};
    bool has_shape = false;
    int dtype = 0;
    uint32_t rank = 0;
    for (skip_space(&s); s.at < s.end; skip_space(&s)) {
        const char *word;
        size_t word_size = take_word(&s, &word);
        ckpt_status status = CKPT_OK;
        if (same(word, word_size, "shape") && !has_shape) {
            has_shape = true;
            status = take_shape(&s, &rank, shape, err);
        } else if (same(word, word_size, "data_type") && dtype == 0) {
            status = take_dtype(&s, &dtype, err);
        } else {
            status = fail(err, "other fields than shape and data_type, each once");
        }
        if (status != CKPT_OK)
            return status;
    }
    if (!has_shape || dtype == 0)
        return fail(err, has_shape ? "no data_type" : "no shape");
    *ret_dtype = dtype;
    *ret_rank = rank;
    return CKPT_OK;
}
