/* SPDX-License-Identifier: MIT */
/* Blocks of 256 elements. Numbers of two bits lie in runs of 128 elements: 32 bytes, the lowest
 * bits of which are the first 32 elements, the next bits the next 32, and so on. */
#include "base/endian.h"
#include "model/dequant.h"

enum { ELEMENTS = 256 };

static int two_bits(const unsigned char *qs, int i) {
    return qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

/* Nibbles in runs of 64 elements: 32 bytes, first all low ones. */
static int nibble(const unsigned char *qs, int i) {
    return qs[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
}

/* One bit for each element in 32 bytes: bit b of them for the b-th 32 elements. */
static int one_bit(const unsigned char *bits, int i) {
    return bits[i % 32] >> (i / 32) & 1;
}

/* scales[16] (low nibble: scale, high: minimum), qs[64], d, dmin: d * scale * q - dmin * min */
void ck_dequant_q2_k(const unsigned char *block, float *values) {
    float d = ck_load_f16(block + 80), dmin = ck_load_f16(block + 82);
    for (int i = 0; i < ELEMENTS; i++) {
        unsigned char scale = block[i / 16];
        values[i] =
            d * (float)(scale & 15) * (float)two_bits(block + 16, i) - dmin * (float)(scale >> 4);
    }
}

/* Sixteen scales of six bits, from -32: low nibbles in 8 bytes, first all low halves; the two upper
 * bits in the 4 bytes behind. */
static int q3_k_scale(const unsigned char *scales, int i) {
    int low = scales[i % 8] >> (i / 8 * 4) & 15, high = scales[8 + i % 4] >> (i / 4 * 2) & 3;
    return (low | high << 4) - 32;
}

/* Third bits (inverted) [32], qs[64], scales[12], d: d * scale * (q - 4) */
void ck_dequant_q3_k(const unsigned char *block, float *values) {
    float d = ck_load_f16(block + 108);
    for (int i = 0; i < ELEMENTS; i++) {
        int q = two_bits(block + 32, i) - (one_bit(block, i) ? 0 : 4);
        values[i] = d * (float)q3_k_scale(block + 96, i / 16) * (float)q;
    }
}

/* Scale and minimum, six bits each, of eight parts, in 12 bytes: those of the first four parts in
 * the low bits of bytes 0 to 3 and 4 to 7; of the other four the low nibbles in bytes 8 to 11, the
 * rest above those of the first four. */
static void scale_and_minimum(const unsigned char *scales, int part, float *ret_scale,
                              float *ret_minimum) {
    const unsigned char *s = scales + part % 4;
    int scale = part < 4 ? s[0] & 63 : (s[8] & 15) | (s[0] >> 2 & 48);
    int minimum = part < 4 ? s[4] & 63 : s[8] >> 4 | (s[4] >> 2 & 48);
    *ret_scale = (float)scale;
    *ret_minimum = (float)minimum;
}

/* d, dmin, scales[12], qs[128]: d * scale * q - dmin * min */
void ck_dequant_q4_k(const unsigned char *block, float *values) {
    float d = ck_load_f16(block), dmin = ck_load_f16(block + 2), scale, minimum;
    for (int i = 0; i < ELEMENTS; i++) {
        scale_and_minimum(block + 4, i / 32, &scale, &minimum);
        values[i] = d * scale * (float)nibble(block + 16, i) - dmin * minimum;
    }
}

/* The same with fifth bits [32] before qs. */
void ck_dequant_q5_k(const unsigned char *block, float *values) {
    float d = ck_load_f16(block), dmin = ck_load_f16(block + 2), scale, minimum;
    for (int i = 0; i < ELEMENTS; i++) {
        int q = nibble(block + 48, i) | one_bit(block + 16, i) << 4;
        scale_and_minimum(block + 4, i / 32, &scale, &minimum);
        values[i] = d * scale * (float)q - dmin * minimum;
    }
}

/* Low nibbles [128], in runs of 128 elements; upper bits [64]; scales[16], signed; d:
 * d * scale * (q - 32) */
void ck_dequant_q6_k(const unsigned char *block, float *values) {
    float d = ck_load_f16(block + 208);
    for (int i = 0; i < ELEMENTS; i++) {
        int low = block[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
        int q = (low | two_bits(block + 128, i) << 4) - 32;
        values[i] = d * (float)(signed char)block[192 + i / 16] * (float)q;
    }
}

/* d (f32), qs[256], signed, sums of 16 (i16) that are not needed here: d * q */
void ck_dequant_q8_k(const unsigned char *block, float *values) {
    uint32_t bits = ck_load32(block);
    float d;
    memcpy(&d, &bits, sizeof d);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)(signed char)block[4 + i];
}

/* d, upper bits of the scales (16), lower nibbles of the scales [4], qs[128] in runs of 32
 * elements: d * (scale - 32) * value[q] */
void ck_dequant_iq4_xs(const unsigned char *block, float *values) {
    float d = ck_load_f16(block);
    unsigned high = ck_load16(block + 2);
    for (int i = 0; i < ELEMENTS; i++) {
        int part = i / 32;
        int low = block[4 + part / 2] >> (part % 2 * 4) & 15;
        int scale = (low | (int)(high >> part * 2 & 3) << 4) - 32;
        int q = block[8 + part * 16 + i % 16] >> (i / 16 % 2 * 4) & 15;
        values[i] = d * (float)scale * (float)ck_iq4_values[q];
    }
}

/* The n-th digit to the base of three of a byte that holds a fraction, less one. */
static int ternary_digit(unsigned char byte, int n) {
    static const unsigned char powers[5] = {1, 3, 9, 27, 81};
    unsigned char shifted = (unsigned char)(byte * powers[n]);
    return (shifted * 3 >> 8) - 1;
}

/* qs[48] with five digits each, of which the first 32 bytes go together, and the last 16; qh[4]
 * with four digits each; d: d * digit */
void ck_dequant_tq1_0(const unsigned char *block, float *values) {
    float d = ck_load_f16(block + 52);
    for (int i = 0; i < ELEMENTS; i++) {
        int digit = i < 160   ? ternary_digit(block[i % 32], i / 32)
                    : i < 240 ? ternary_digit(block[32 + i % 16], (i - 160) / 16)
                              : ternary_digit(block[48 + i % 4], (i - 240) / 4);
        values[i] = d * (float)digit;
    }
}

/* qs[64], d: d * (q - 1) */
void ck_dequant_tq2_0(const unsigned char *block, float *values) {
    float d = ck_load_f16(block + 64);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)(two_bits(block, i) - 1);
}
