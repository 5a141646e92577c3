/* SPDX-License-Identifier: MIT */
#include "exchange/npyheader.h"

#include "base/checked.h"

#include <stdio.h>
#include <string.h>

typedef struct parser {
    const char *text;
    size_t size, position;
    const char *file;
    uint64_t offset;
    const char *rule; /* that what is being read must keep */
    ckpt_error *err;
} parser;

static ckpt_status fail(const parser *p, ckpt_status status, const char *what) {
    ck_place place = {p->file, CKPT_NO_OFFSET, p->rule, 0, 0};
    if (p->offset != CKPT_NO_OFFSET)
        place.offset = p->offset + p->position;
    return ck_fail_at(p->err, &place, status, "%s", what);
}

static void skip_space(parser *p) {
    while (p->position < p->size && memchr(" \t\n\r", p->text[p->position], 4) != NULL)
        p->position++;
}

/* White space, then that word; false, and nothing is taken of the word, when there is another. */
static bool take(parser *p, const char *word) {
    size_t size = strlen(word);
    skip_space(p);
    if (p->size - p->position < size || memcmp(p->text + p->position, word, size) != 0)
        return false;
    p->position += size;
    return true;
}

/* A string in single or double quotes, without escapes. */
static ckpt_status take_string(parser *p, const char **ret_text, size_t *ret_size) {
    skip_space(p);
    char quote = p->position < p->size ? p->text[p->position] : '\0';
    if (quote != '\'' && quote != '"')
        return fail(p, CKPT_E_STRUCTURE, "expected a string in the header");
    const char *begin = p->text + p->position + 1;
    const char *end = memchr(begin, quote, p->size - p->position - 1);
    if (end == NULL || memchr(begin, '\\', (size_t)(end - begin)) != NULL)
        return fail(p, CKPT_E_STRUCTURE, "a malformed string in the header");
    *ret_text = begin;
    *ret_size = (size_t)(end - begin);
    p->position += *ret_size + 2;
    return CKPT_OK;
}

static ckpt_status take_extent(parser *p, uint64_t *ret_extent) {
    uint64_t extent = 0;
    skip_space(p);
    size_t first = p->position;
    for (; p->position < p->size; p->position++) {
        char c = p->text[p->position];
        if (c < '0' || c > '9')
            break;
        if (!ck_mul(extent, 10, &extent) || !ck_add(extent, (uint64_t)(c - '0'), &extent))
            return fail(p, CKPT_E_OVERFLOW, "an extent of 2^64 or more");
    }
    if (p->position == first || (p->text[first] == '0' && p->position - first > 1))
        return fail(p, CKPT_E_STRUCTURE, "expected an extent in plain decimal");
    *ret_extent = extent;
    return CKPT_OK;
}

/* (), (3,), (2, 3) or (2, 3, ) */
static ckpt_status take_shape(parser *p, ck_npy_header *header) {
    header->rank = 0;
    if (!take(p, "("))
        return fail(p, CKPT_E_STRUCTURE, "expected the shape, a tuple");
    while (!take(p, ")")) {
        if (header->rank == CK_MAX_RANK)
            return fail(p, CKPT_E_LIMIT, "a shape of more than 64 dimensions");
        ckpt_status status = take_extent(p, &header->shape[header->rank]);
        if (status != CKPT_OK)
            return status;
        bool comma = take(p, ",");
        if (!comma && header->rank == 0)
            return fail(p, CKPT_E_STRUCTURE, "expected a ',' behind the first extent");
        header->rank++;
        if (!comma) {
            if (take(p, ")"))
                break;
            return fail(p, CKPT_E_STRUCTURE, "expected ',' or ')' in the shape");
        }
    }
    return CKPT_OK;
}

static ckpt_status refuse_kind(const parser *p, const char *text, size_t size) {
    const char *what = "an unknown descr";
    char message[256];
    switch (size > 1 ? text[1] : '\0') {
    case 'O': what = "Python objects, which would be unpickled"; break;
    case 'U':
    case 'S':
    case 'a': what = "strings"; break;
    case 'V': what = "raw bytes, which could be bfloat16 or anything else"; break;
    case 'M':
    case 'm': what = "dates or times"; break;
    case 'f':
    case 'c': what = "floats of a size that is the machine's own"; break;
    default: break;
    }
    snprintf(message, sizeof message, "the array has the type '%s': %s",
             ck_name_n(text, size < 20 ? size : 20).text, what);
    return fail(p, CKPT_E_UNSUPPORTED, message);
}

static ckpt_status take_descr(parser *p, ck_npy_header *header) {
    static const struct {
        char name[4];
        ckpt_dtype dtype;
    } kinds[] = {
        {"b1", CKPT_BOOL},      {"i1", CKPT_I8},          {"u1", CKPT_U8},  {"i2", CKPT_I16},
        {"u2", CKPT_U16},       {"i4", CKPT_I32},         {"u4", CKPT_U32}, {"i8", CKPT_I64},
        {"u8", CKPT_U64},       {"f2", CKPT_F16},         {"f4", CKPT_F32}, {"f8", CKPT_F64},
        {"c8", CKPT_COMPLEX64}, {"c16", CKPT_COMPLEX128},
    };
    const char *text;
    size_t size;
    if (take(p, "["))
        return fail(p, CKPT_E_UNSUPPORTED, "the array is a structured one");
    ckpt_status status = take_string(p, &text, &size);
    if (status != CKPT_OK)
        return status;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (size != strlen(kinds[i].name) + 1 || memcmp(text + 1, kinds[i].name, size - 1) != 0)
            continue;
        bool one_byte = size == 3 && text[2] == '1';
        if (text[0] != '<' && text[0] != '>' && !(text[0] == '|' && one_byte))
            return fail(p, CKPT_E_STRUCTURE, "expected a byte order '<' or '>' in descr");
        header->dtype = kinds[i].dtype;
        header->swap = text[0] == '>' && !one_byte;
        return CKPT_OK;
    }
    return refuse_kind(p, text, size);
}

static ckpt_status take_order(parser *p, ck_npy_header *header) {
    header->fortran_order = take(p, "True");
    if (!header->fortran_order && !take(p, "False"))
        return fail(p, CKPT_E_STRUCTURE, "expected fortran_order to be True or False");
    return CKPT_OK;
}

static ckpt_status take_entry(parser *p, ck_npy_header *header, unsigned *seen) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const char *text;
    size_t size;
    ckpt_status status = take_string(p, &text, &size);
    if (status != CKPT_OK)
        return status;
    unsigned key = 0;
    while (key < 3 && (strlen(keys[key]) != size || memcmp(keys[key], text, size) != 0))
        key++;
    if (key == 3 || (*seen & 1u << key))
        return fail(p, CKPT_E_STRUCTURE, "an unknown or duplicate key in the header");
    *seen |= 1u << key;
    if (!take(p, ":"))
        return fail(p, CKPT_E_STRUCTURE, "expected ':' in the header");
    switch (key) {
    case 0:
        p->rule = "NP4";
        status = take_descr(p, header);
        break;
    case 1:
        p->rule = "NP5";
        status = take_order(p, header);
        break;
    default:
        p->rule = "NP6";
        status = take_shape(p, header);
        break;
    }
    p->rule = "NP3";
    return status;
}

ckpt_status ck_npy_parse(const char *text, size_t size, const char *file, uint64_t offset,
                         ck_npy_header *ret_header, ckpt_error *err) {
    parser p = {text, size, 0, file, offset, "NP3", err};
    unsigned seen = 0;
    if (!take(&p, "{"))
        return fail(&p, CKPT_E_STRUCTURE, "expected '{' in the header");
    while (!take(&p, "}")) {
        ckpt_status status = take_entry(&p, ret_header, &seen);
        if (status != CKPT_OK)
            return status;
        if (!take(&p, ",")) {
            if (take(&p, "}"))
                break;
            return fail(&p, CKPT_E_STRUCTURE, "expected ',' or '}' in the header");
        }
    }
    skip_space(&p);
    if (p.position != size)
        return fail(&p, CKPT_E_STRUCTURE, "expected the end of the header");
    if (seen != 7)
        return fail(&p, CKPT_E_STRUCTURE, "the header lacks descr, fortran_order or shape");
    return CKPT_OK;
}
