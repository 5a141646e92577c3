/* SPDX-License-Identifier: MIT */
/* Blocks of 32 elements (nvfp4: 64): nibbles lie as two halves, the first half of the elements in
 * the low ones. */
#include "base/endian.h"
#include "model/dequant.h"

enum { ELEMENTS = 32, HALF = ELEMENTS / 2 };

static int nibble(const unsigned char *qs, int i) {
    return i < HALF ? qs[i] & 15 : qs[i - HALF] >> 4;
}

/* d, qs[16]: d * (q - 8) */
void ck_dequant_q4_0(const unsigned char *block, float *values) {
    float d = ck_load_f16(block);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)(nibble(block + 2, i) - 8);
}

/* d, m, qs[16]: d * q + m */
void ck_dequant_q4_1(const unsigned char *block, float *values) {
    float d = ck_load_f16(block), m = ck_load_f16(block + 2);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)nibble(block + 4, i) + m;
}

static int five_bits(const unsigned char *qs, uint32_t high, int i) {
    return nibble(qs, i) | (int)(high >> i & 1) << 4;
}

/* d, fifth bits (32), qs[16]: d * (q - 16) */
void ck_dequant_q5_0(const unsigned char *block, float *values) {
    float d = ck_load_f16(block);
    uint32_t high = ck_load32(block + 2);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)(five_bits(block + 6, high, i) - 16);
}

/* d, m, fifth bits (32), qs[16]: d * q + m */
void ck_dequant_q5_1(const unsigned char *block, float *values) {
    float d = ck_load_f16(block), m = ck_load_f16(block + 2);
    uint32_t high = ck_load32(block + 4);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)five_bits(block + 8, high, i) + m;
}

/* d, qs[32], signed: d * q */
void ck_dequant_q8_0(const unsigned char *block, float *values) {
    float d = ck_load_f16(block);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)(signed char)block[2 + i];
}

const signed char ck_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113};

/* d, qs[16]: d * value[q] */
void ck_dequant_iq4_nl(const unsigned char *block, float *values) {
    float d = ck_load_f16(block);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)ck_iq4_values[nibble(block + 2, i)];
}

/* The numbers of f4_e2m1, doubled. */
static const signed char four_bit_floats[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                0, -1, -2, -3, -4, -6, -8, -12};

/* Half of 2^(e - 127); what would be below the normal numbers is made of its bits. */
static float half_power(unsigned char e) {
    uint32_t bits = e < 2 ? (uint32_t)0x00200000 << e : (uint32_t)(e - 1) << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e, qs[16]: 2^(e - 127) * f4_e2m1 (OCP Microscaling Formats 1.0). An e of 255 is no NaN here. */
void ck_dequant_mxfp4(const unsigned char *block, float *values) {
    float d = half_power(block[0]);
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = d * (float)four_bit_floats[nibble(block + 1, i)];
}

/* Half of an unsigned e4m3; the sign bit counts for nothing, and 0x7f, its NaN, is 0. */
static float half_e4m3(unsigned char bits) {
    int exponent = bits >> 3 & 15, mantissa = bits & 7;
    if (bits == 0x7f)
        return 0;
    if (exponent == 0)
        return (float)mantissa * 0x1p-10f;
    float value = (float)(8 + mantissa) * 0x1p-11f; /* halved, for an exponent of 0 */
    for (; exponent > 0; exponent--)
        value *= 2;
    return value;
}

/* Four scales (e4m3), qs[32]: 16 elements for each scale, in two halves as above. */
void ck_dequant_nvfp4(const unsigned char *block, float *values) {
    for (int part = 0; part < 4; part++) {
        float d = half_e4m3(block[part]);
        const unsigned char *qs = block + 4 + part * 8;
        for (int i = 0; i < 8; i++) {
            values[part * 16 + i] = d * (float)four_bit_floats[qs[i] & 15];
            values[part * 16 + 8 + i] = d * (float)four_bit_floats[qs[i] >> 4];
        }
    }
}
