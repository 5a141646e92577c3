/* SPDX-License-Identifier: MIT */
/* Elements as f32 and f64: every bit pattern of the small floats, and integers where they round. */
#include "buildnet.h"
#include "float8table.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

static ckpt_error err;

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? 0x7fc00000u : bits;
}

/* Both targets must give the same, to the sign of zero; source is deliberately not aligned. */
static float convert_one(ckpt_dtype from, const void *element, size_t size) {
    unsigned char source[17], target[17];
    float narrow;
    double wide;
    memcpy(source + 1, element, size);
    assert_ok(ckpt_convert(from, source + 1, CKPT_F32, target + 1, 1, &err));
    memcpy(&narrow, target + 1, sizeof narrow);
    assert_ok(ckpt_convert(from, source + 1, CKPT_F64, target + 1, 1, &err));
    memcpy(&wide, target + 1, sizeof wide);
    quick_assert(bits_of(narrow) == bits_of((float)wide));
    quick_assert(isnan(wide) || (double)(float)wide == wide || from == CKPT_F64 || size >= 4);
    return narrow;
}

static const struct {
    ckpt_dtype dtype;
    const uint32_t *bits;
} eight_bits[] = {
    {CKPT_F8_E4M3FN, f8_e4m3fn_bits},     {CKPT_F8_E5M2, f8_e5m2_bits},
    {CKPT_F8_E4M3FNUZ, f8_e4m3fnuz_bits}, {CKPT_F8_E5M2FNUZ, f8_e5m2fnuz_bits},
    {CKPT_F8_E8M0FNU, f8_e8m0fnu_bits},
};

START_TEST(all_eight_bit_floats_have_the_values_of_pytorch) {
    for (unsigned i = 0; i < 256; i++) {
        unsigned char element = (unsigned char)i;
        uint32_t bits = bits_of(convert_one(eight_bits[_i].dtype, &element, 1));
        ck_assert_msg(bits == eight_bits[_i].bits[i], "0x%02x: %08x, not %08x", i, bits,
                      eight_bits[_i].bits[i]);
    }
}
END_TEST

/* The four values of a run of six-bit floats, packed from the lowest bit up. */
static void unpack_six(ckpt_dtype dtype, const unsigned values[4], float *ret_floats) {
    uint32_t word = values[0] | values[1] << 6 | values[2] << 12 | values[3] << 18;
    unsigned char block[3] = {(unsigned char)word, (unsigned char)(word >> 8),
                              (unsigned char)(word >> 16)};
    assert_ok(ckpt_convert(dtype, block, CKPT_F32, ret_floats, 4, &err));
}

START_TEST(six_bit_floats_have_the_values_of_the_mx_specification) {
    /* By exponent: the first value and the step between values. */
    static const float first[2][8] = {{0, 1, 2, 4}, {0, 0.25f, 0.5f, 1, 2, 4, 8, 16}};
    static const float step[2][8] = {{0.125f, 0.125f, 0.25f, 0.5f},
                                     {0.0625f, 0.0625f, 0.125f, 0.25f, 0.5f, 1, 2, 4}};
    for (unsigned i = 0; i < 64; i++) {
        unsigned magnitude = i & 31, all[4] = {i, 63 - i, i ^ 21, i};
        for (int type = 0; type < 2; type++) {
            unsigned steps = type == 0 ? 8 : 4;
            float wanted = first[type][magnitude / steps] +
                           step[type][magnitude / steps] * (float)(magnitude % steps);
            float got[4];
            unpack_six(type == 0 ? CKPT_F6_E2M3FN : CKPT_F6_E3M2FN, all, got);
            wanted = i >= 32 ? -wanted : wanted;
            ck_assert_uint_eq(bits_of(got[0]), bits_of(wanted));
            ck_assert_uint_eq(bits_of(got[3]), bits_of(wanted));
        }
    }
}
END_TEST

START_TEST(four_bit_floats_have_the_values_of_the_mx_specification) {
    static const float values[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (unsigned i = 0; i < 256; i++) {
        unsigned char both = (unsigned char)i;
        float got[2];
        assert_ok(ckpt_convert(CKPT_F4_E2M1FN, &both, CKPT_F32, got, 2, &err));
        for (unsigned k = 0; k < 2; k++) {
            unsigned nibble = k == 0 ? i & 15 : i >> 4;
            float wanted = nibble >= 8 ? -values[nibble - 8] : values[nibble];
            ck_assert_uint_eq(bits_of(got[k]), bits_of(wanted));
        }
    }
}
END_TEST

START_TEST(an_odd_count_of_packed_elements_reads_no_further) {
    unsigned char *block = malloc(2); /* the sanitizer knows where it ends */
    float got[2];
    ck_assert_ptr_nonnull(block);
    block[0] = 0x41;
    block[1] = 0x02;
    assert_ok(ckpt_convert(CKPT_F6_E2M3FN, block, CKPT_F32, got, 2, &err));
    ck_assert(got[0] == 0.125f && got[1] == 1.125f);
    free(block);
}
END_TEST

START_TEST(all_halves_have_their_values) {
    for (uint32_t i = 0; i < 65536; i++) {
        unsigned char element[2] = {(unsigned char)i, (unsigned char)(i >> 8)};
        uint32_t exponent = i >> 10 & 31, mantissa = i & 1023;
        double wanted =
            exponent == 0 ? mantissa / 16777216.0 : (1024 + mantissa) * pow(2, (int)exponent - 25);
        if (exponent == 31)
            wanted = mantissa != 0 ? NAN : INFINITY;
        float got = convert_one(CKPT_F16, element, 2);
        quick_assert(bits_of(got) == bits_of((float)(i >= 32768 ? -wanted : wanted)));
        /* A bf16 is the upper half of an f32. */
        uint32_t upper = i << 16;
        float brain;
        memcpy(&brain, &upper, sizeof brain);
        quick_assert(bits_of(convert_one(CKPT_BF16, element, 2)) == bits_of(brain));
    }
}
END_TEST

static const struct {
    ckpt_dtype from;
    uint64_t bits; /* little-endian */
    float narrow;
    double wide;
} numbers[] = {
    {CKPT_BOOL, 0, 0, 0},
    {CKPT_BOOL, 1, 1, 1},
    {CKPT_BOOL, 2, 1, 1},
    {CKPT_U8, 0xff, 255, 255},
    {CKPT_I8, 0xff, -1, -1},
    {CKPT_I8, 0x80, -128, -128},
    {CKPT_U16, 0xffff, 65535, 65535},
    {CKPT_I16, 0x8000, -32768, -32768},
    {CKPT_U32, 0xffffffff, 4294967296.0f, 4294967295.0},
    {CKPT_U32, 16777217, 16777216, 16777217}, /* halfway, to even */
    {CKPT_U32, 16777219, 16777220, 16777219}, /* halfway, to even, up */
    {CKPT_I32, 0x80000000, -2147483648.0f, -2147483648.0},
    {CKPT_I32, 0xfeffffff, -16777216, -16777217}, /* halfway, to even */
    {CKPT_U64, UINT64_MAX, 18446744073709551616.0f, 18446744073709551616.0},
    {CKPT_I64, (uint64_t)1 << 63, -9223372036854775808.0f, -9223372036854775808.0},
    {CKPT_I64, INT64_MAX, 9223372036854775808.0f, 9223372036854775808.0},
    {CKPT_U64, 9007199254740993u, 9007199254740992.0f, 9007199254740992.0},
    /* Just over halfway between two f32: by way of f64 it would become exactly halfway, and round
     * down. */
    {CKPT_U64, 0x8000008000000001u, 9223373136366403584.0f, 9223372586610589696.0},
    {CKPT_I64, 0x4000004000000001u, 4611686568183201792.0f, 4611686293305294848.0},
    {CKPT_I64, 0xbfffffbfffffffffu, -4611686568183201792.0f, -4611686293305294848.0},
    {CKPT_F32, 0x3dcccccd, 0.1f, 0.100000001490116119384765625},
    {CKPT_F32, 0x00000001, 1.401298464324817e-45f, 1.401298464324817e-45},
    {CKPT_F64, 0x3fb999999999999au, 0.1f, 0.1},
    {CKPT_F64, 0x47effffff0000000u, INFINITY, 3.4028235677973366e+38}, /* halfway to 2^128 */
    {CKPT_F64, 0x47efffffefffffffu, FLT_MAX, 3.4028235677973362e+38},
    {CKPT_F64, 0x0000000000000001u, 0, 5e-324},
    {CKPT_F64, 0x8000000000000000u, -0.0f, -0.0},
};

START_TEST(numbers_are_exact_or_rounded_to_nearest_even) {
    unsigned char element[8];
    float narrow;
    double wide;
    for (int i = 0; i < 8; i++)
        element[i] = (unsigned char)(numbers[_i].bits >> 8 * i);
    assert_ok(ckpt_convert(numbers[_i].from, element, CKPT_F32, &narrow, 1, &err));
    assert_ok(ckpt_convert(numbers[_i].from, element, CKPT_F64, &wide, 1, &err));
    ck_assert_uint_eq(bits_of(narrow), bits_of(numbers[_i].narrow));
    ck_assert_mem_eq(&wide, &numbers[_i].wide, sizeof wide);
}
END_TEST

START_TEST(runs_of_elements_are_converted_one_by_one) {
    unsigned char source[256];
    float got[256];
    for (int i = 0; i < 256; i++)
        source[i] = (unsigned char)i;
    assert_ok(ckpt_convert(CKPT_I8, source, CKPT_F32, got, 256, &err));
    for (int i = 0; i < 256; i++)
        ck_assert(got[i] == (float)(i < 128 ? i : i - 256));
    got[0] = 77;
    assert_ok(ckpt_convert(CKPT_I8, source, CKPT_F32, got, 0, &err));
    ck_assert(got[0] == 77);
}
END_TEST

/* Whole blocks of all types: tests/interop/gguf/test_gguf_dequantized.py. */
START_TEST(the_last_block_may_be_wanted_in_part) {
    unsigned char blocks[3 * 34] = {0};
    float got[71];
    double wide[35];
    for (int b = 0; b < 3; b++) {
        blocks[b * 34 + 1] = (unsigned char)(0x3c + 4 * b); /* f16: 1, 2, 4 */
        for (int i = 0; i < 32; i++)
            blocks[b * 34 + 2 + i] = (unsigned char)(i - 16);
    }
    got[70] = 77;
    assert_ok(ckpt_convert(CKPT_Q8_0, blocks, CKPT_F32, got, 70, &err));
    for (int i = 0; i < 70; i++)
        ck_assert(got[i] == (float)((1 << i / 32) * (i % 32 - 16)));
    ck_assert(got[70] == 77);
    wide[34] = 77;
    assert_ok(ckpt_convert(CKPT_Q8_0, blocks, CKPT_F64, wide, 34, &err));
    ck_assert(wide[33] == -30 && wide[34] == 77);
}
END_TEST

START_TEST(pairs_that_mean_nothing_are_refused) {
    unsigned char source[64] = {0}, target[64];
    static const ckpt_dtype from[] = {CKPT_COMPLEX64,   CKPT_Q8_1,        CKPT_IQ2_XXS,
                                      CKPT_DTYPE_OTHER, CKPT_DTYPE_COUNT, (ckpt_dtype)-1};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
        assert_status(ckpt_convert(from[i], source, CKPT_F32, target, 1, &err), CKPT_E_UNSUPPORTED);
    assert_status(ckpt_convert(CKPT_F32, source, CKPT_I32, target, 1, &err), CKPT_E_UNSUPPORTED);
    assert_status(ckpt_convert(CKPT_F32, source, CKPT_DTYPE_OTHER, target, 1, &err),
                  CKPT_E_UNSUPPORTED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("convert");
    TCase *tests = tcase_create("convert");
    tcase_add_loop_test(tests, all_eight_bit_floats_have_the_values_of_pytorch, 0,
                        sizeof eight_bits / sizeof eight_bits[0]);
    tcase_add_test(tests, six_bit_floats_have_the_values_of_the_mx_specification);
    tcase_add_test(tests, four_bit_floats_have_the_values_of_the_mx_specification);
    tcase_add_test(tests, an_odd_count_of_packed_elements_reads_no_further);
    tcase_add_test(tests, all_halves_have_their_values);
    tcase_add_loop_test(tests, numbers_are_exact_or_rounded_to_nearest_even, 0,
                        sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tests, runs_of_elements_are_converted_one_by_one);
    tcase_add_test(tests, the_last_block_may_be_wanted_in_part);
    tcase_add_test(tests, pairs_that_mean_nothing_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
