/* SPDX-License-Identifier: MIT */
/* What the files of the JSON reader share. */
#ifndef CK_JSONINNER_H
#define CK_JSONINNER_H

#include "exchange/jsontext.h"

/* The next character, NUL at the end. */
static inline char ck_json_peek(const ck_json *json) {
    return json->position < json->size ? json->text[json->position] : '\0';
}

static inline bool ck_json_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline void ck_json_skip_space(ck_json *json) {
    while (json->position < json->size && ck_json_is_space(json->text[json->position]))
        json->position++;
}

/* CKPT_E_STRUCTURE: something else than `what` is next. */
ckpt_status ck_json_unexpected(const ck_json *json, const char *what, ckpt_error *err);

#endif
