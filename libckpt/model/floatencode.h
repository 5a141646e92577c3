/* SPDX-License-Identifier: MIT */
/* Numbers as floats of at most 16 bits, rounded once, to nearest even. */
#ifndef CK_FLOATENCODE_H
#define CK_FLOATENCODE_H

#include "model/smallfloat.h"

#include <stdbool.h>

/* mantissa * 2^exponent, exactly. */
typedef struct ck_exact {
    uint64_t mantissa;
    int exponent;
    bool negative;
} ck_exact;

/* Too great a magnitude, and infinity, becomes what PyTorch's conversions make of it: infinity; the
 * greatest number of a type of CK_FLOAT_FN, NaN in one of CK_FLOAT_FNUZ. Not for CK_FLOAT_FINITE
 * and CK_FLOAT_E8M0. */
uint32_t ck_float_encode(const ck_float_format *format, const ck_exact *value);
uint32_t ck_float_encode_infinity(const ck_float_format *format, bool negative);
/* Keeps the sign and the top of the payload (the uppermost of 52 bits) where the type has them. */
uint32_t ck_float_encode_nan(const ck_float_format *format, bool negative, uint64_t payload);
/* The bits of an f32, of an f64. */
uint32_t ck_float_encode_f32(const ck_float_format *format, uint32_t bits);
uint32_t ck_float_encode_f64(const ck_float_format *format, uint64_t bits);

/* The same for the two types that nearly all weights have, and back; fast. */
static inline uint16_t ck_bf16_from_f32(uint32_t bits) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) /* what was a bfloat16 is that one again */
        return (uint16_t)(bits >> 16 | ((bits & 0xffff) != 0 ? 0x40 : 0));
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

uint16_t ck_f16_from_f32(uint32_t bits);

#endif
