/* SPDX-License-Identifier: MIT */
/* Floats of at most 16 bits, decoded from a description. Every one of their values is an f32. */
#ifndef CK_SMALLFLOAT_H
#define CK_SMALLFLOAT_H

#include <stdint.h>

typedef enum ck_float_specials {
    CK_FLOAT_IEEE,   /* the greatest exponent is for infinities and NaNs */
    CK_FLOAT_FN,     /* finite: all ones is NaN, no infinities */
    CK_FLOAT_FNUZ,   /* finite, unsigned zero: the sign bit alone is NaN */
    CK_FLOAT_FINITE, /* neither NaN nor infinity */
    CK_FLOAT_E8M0    /* an exponent and nothing else; all ones is NaN */
} ck_float_specials;

typedef struct ck_float_format {
    unsigned bits;
    unsigned mantissa_bits;
    int bias;
    ck_float_specials specials;
} ck_float_format;

float ck_float_decode(const ck_float_format *format, uint32_t bits);

#endif
