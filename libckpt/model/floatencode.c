/* SPDX-License-Identifier: MIT */
#include "model/floatencode.h"

#include <string.h>

static uint32_t sign_of(const ck_float_format *format, bool negative) {
    return (uint32_t)negative << (format->bits - 1);
}

/* All exponent bits set and no mantissa bits: infinity in the manner of IEEE 754. */
static uint32_t top_exponent(const ck_float_format *format) {
    uint32_t magnitude = (1u << (format->bits - 1)) - 1;
    return magnitude & ~((1u << format->mantissa_bits) - 1);
}

uint32_t ck_float_encode_nan(const ck_float_format *format, bool negative, uint64_t payload) {
    uint32_t sign = sign_of(format, negative);
    if (format->specials == CK_FLOAT_FNUZ)
        return sign_of(format, true);
    if (format->specials == CK_FLOAT_FN)
        return sign | ((1u << (format->bits - 1)) - 1);
    uint32_t quiet = 1u << (format->mantissa_bits - 1);
    return sign | top_exponent(format) | quiet |
           (uint32_t)(payload >> (52 - format->mantissa_bits));
}

uint32_t ck_float_encode_infinity(const ck_float_format *format, bool negative) {
    if (format->specials == CK_FLOAT_FNUZ)
        return ck_float_encode_nan(format, negative, 0);
    if (format->specials == CK_FLOAT_FN)
        return sign_of(format, negative) | ((1u << (format->bits - 1)) - 2);
    return sign_of(format, negative) | top_exponent(format);
}

/* value / 2^shift, rounded to nearest, ties to even. */
static uint64_t shift_right_rounding(uint64_t value, int shift) {
    if (shift > 64)
        return 0;
    uint64_t kept = shift < 64 ? value >> shift : 0;
    uint64_t half = (uint64_t)1 << (shift - 1);
    uint64_t rest = value & (half | (half - 1));
    return kept + (rest > half || (rest == half && (kept & 1)));
}

static int top_bit(uint64_t value) {
    int bit = 0;
    for (int step = 32; step != 0; step /= 2) {
        if (value >> step != 0) {
            value >>= step;
            bit += step;
        }
    }
    return bit;
}

uint32_t ck_float_encode(const ck_float_format *format, const ck_exact *value) {
    int lowest = 1 - format->bias, digits = (int)format->mantissa_bits;
    uint32_t magnitude = 0;
    if (value->mantissa != 0) {
        int exponent = top_bit(value->mantissa) + value->exponent;
        int scale = exponent < lowest ? lowest : exponent;
        if (exponent > format->bias + 1)
            return ck_float_encode_infinity(format, value->negative);
        int shift = scale - digits - value->exponent;
        uint64_t rounded =
            shift > 0 ? shift_right_rounding(value->mantissa, shift) : value->mantissa << -shift;
        /* A carry out of the mantissa raises the exponent by itself. */
        magnitude = (uint32_t)rounded + ((uint32_t)(scale - lowest) << digits);
    }
    uint32_t greatest = (1u << (format->bits - 1)) - 1;
    bool overflows = format->specials == CK_FLOAT_IEEE ? magnitude >= top_exponent(format)
                     : format->specials == CK_FLOAT_FN ? magnitude >= greatest
                                                       : magnitude > greatest;
    if (overflows)
        return ck_float_encode_infinity(format, value->negative);
    if (format->specials == CK_FLOAT_FNUZ && magnitude == 0)
        return 0;
    return sign_of(format, value->negative) | magnitude;
}

uint32_t ck_float_encode_f64(const ck_float_format *format, uint64_t bits) {
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff);
    bool negative = bits >> 63;
    if (exponent == 0x7ff)
        return fraction != 0 ? ck_float_encode_nan(format, negative, fraction)
                             : ck_float_encode_infinity(format, negative);
    ck_exact value = {fraction, -1074, negative};
    if (exponent != 0) {
        value.mantissa |= (uint64_t)1 << 52;
        value.exponent += exponent - 1;
    }
    return ck_float_encode(format, &value);
}

uint32_t ck_float_encode_f32(const ck_float_format *format, uint32_t bits) {
    uint32_t fraction = bits & 0x7fffffu;
    int exponent = (int)(bits >> 23 & 0xff);
    bool negative = bits >> 31;
    if (exponent == 0xff)
        return fraction != 0 ? ck_float_encode_nan(format, negative, (uint64_t)fraction << 29)
                             : ck_float_encode_infinity(format, negative);
    ck_exact value = {fraction, -149, negative};
    if (exponent != 0) {
        value.mantissa |= 0x800000u;
        value.exponent += exponent - 1;
    }
    return ck_float_encode(format, &value);
}

uint16_t ck_f16_from_f32(uint32_t bits) {
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x47800000u) /* 2^16 */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000u) { /* 2^-14: the last place of 0.5f is that of the subnormals */
        float value;
        uint32_t sum;
        memcpy(&value, &magnitude, sizeof value);
        value += 0.5f;
        memcpy(&sum, &value, sizeof sum);
        return (uint16_t)(sign | (sum - 0x3f000000u));
    }
    return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfff + (magnitude >> 13 & 1)) >> 13));
}
