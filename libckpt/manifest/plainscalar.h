/* SPDX-License-Identifier: MIT */
/* The types of plain scalars: section 2.1 of spec/manifest.md. */
#ifndef CK_PLAINSCALAR_H
#define CK_PLAINSCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ck_plain_kind {
    CK_PLAIN_NULL,
    CK_PLAIN_BOOL,
    CK_PLAIN_INT,
    CK_PLAIN_FLOAT,
    CK_PLAIN_STRING,
    CK_PLAIN_AMBIGUOUS,   /* readers of YAML disagree about it */
    CK_PLAIN_OUT_OF_RANGE /* a number, but not of 64 bits */
} ck_plain_kind;

typedef struct ck_plain {
    ck_plain_kind kind;
    bool boolean;
    int64_t integer;
    double number;
} ck_plain;

ck_plain ck_plain_resolve(const char *text, size_t size);

/* 0 to 2^64-1 in canonical decimal. */
bool ck_plain_uint(const char *text, size_t size, uint64_t *ret_value);

/* The string may be written without quotes. */
bool ck_plain_may_stand(const char *text, size_t size);

#endif
