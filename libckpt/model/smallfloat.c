/* SPDX-License-Identifier: MIT */
#include "model/smallfloat.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A NaN that keeps the sign and, from the top, the payload: what a conversion in hardware gives. */
static float nan_from(bool negative, uint32_t mantissa, unsigned mantissa_bits) {
    uint32_t payload = mantissa << (23 - mantissa_bits);
    return from_bits((uint32_t)negative << 31 | 0x7fc00000u | payload);
}

float ck_float_decode(const ck_float_format *format, uint32_t bits) {
    if (format->specials == CK_FLOAT_E8M0)
        return bits == 0xff ? from_bits(0x7fc00000u) : ldexpf(1.0f, (int)bits - format->bias);
    unsigned exponent_bits = format->bits - 1 - format->mantissa_bits;
    uint32_t mantissa = bits & ((1u << format->mantissa_bits) - 1);
    uint32_t greatest = (1u << exponent_bits) - 1;
    uint32_t exponent = bits >> format->mantissa_bits & greatest;
    bool negative = bits >> (format->bits - 1) & 1;
    bool all_ones = exponent == greatest && mantissa == (1u << format->mantissa_bits) - 1;

    if (format->specials == CK_FLOAT_IEEE && exponent == greatest) {
        if (mantissa != 0)
            return nan_from(negative, mantissa, format->mantissa_bits);
        return negative ? -INFINITY : INFINITY;
    }
    if (format->specials == CK_FLOAT_FN && all_ones)
        return nan_from(negative, 0, 0);
    if (format->specials == CK_FLOAT_FNUZ && negative && exponent == 0 && mantissa == 0)
        return nan_from(false, 0, 0);

    int scale = 1 - format->bias - (int)format->mantissa_bits;
    if (exponent != 0) {
        mantissa |= 1u << format->mantissa_bits;
        scale += (int)exponent - 1;
    }
    float magnitude = ldexpf((float)mantissa, scale);
    return negative ? -magnitude : magnitude;
}
