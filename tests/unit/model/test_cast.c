/* SPDX-License-Identifier: MIT */
/* Elements converted to narrower types: every value of a type comes back, and whatever lies between
 * two of them goes to the nearer one, or to the even one. What PyTorch makes of the same is
 * compared in tests/interop. */
#include "buildnet.h"

#include <math.h>

static ckpt_error err;

static const struct {
    ckpt_dtype dtype;
    unsigned bits;
    double beyond; /* what is too great becomes this */
    bool has_negative_zero;
} targets[] = {
    {CKPT_F16, 16, INFINITY, true},    {CKPT_BF16, 16, INFINITY, true},
    {CKPT_F8_E4M3FN, 8, 448, true},    {CKPT_F8_E5M2, 8, INFINITY, true},
    {CKPT_F8_E4M3FNUZ, 8, NAN, false}, {CKPT_F8_E5M2FNUZ, 8, NAN, false},
};

static double value_of(ckpt_dtype dtype, unsigned bits) {
    const unsigned char bytes[2] = {(unsigned char)bits, (unsigned char)(bits >> 8)};
    double value;
    quick_assert(ckpt_convert(dtype, bytes, CKPT_F64, &value, 1, &err) == CKPT_OK);
    return value;
}

/* By way of f64, and of f32 where that is exact: both must give the same. */
static unsigned encoded(ckpt_dtype dtype, double value) {
    unsigned char wide[2] = {0, 0}, narrow[2] = {0, 0};
    float single = (float)value;
    quick_assert(ckpt_convert(CKPT_F64, &value, dtype, wide, 1, &err) == CKPT_OK);
    if ((double)single == value) {
        quick_assert(ckpt_convert(CKPT_F32, &single, dtype, narrow, 1, &err) == CKPT_OK);
        quick_assert(memcmp(wide, narrow, 2) == 0);
    }
    return wide[0] | (unsigned)wide[1] << 8;
}

START_TEST(every_number_comes_back) {
    ckpt_dtype dtype = targets[_i].dtype;
    for (unsigned bits = 0; bits < 1u << targets[_i].bits; bits++) {
        double value = value_of(dtype, bits);
        if (!isnan(value))
            quick_assert(encoded(dtype, value) == bits);
        else
            quick_assert(isnan(value_of(dtype, encoded(dtype, value))));
    }
}
END_TEST

START_TEST(between_two_numbers_the_nearer_is_taken_and_in_the_middle_the_even_one) {
    ckpt_dtype dtype = targets[_i].dtype;
    unsigned sign = 1u << (targets[_i].bits - 1);
    for (unsigned bits = 0; bits + 1 < sign; bits++) {
        double low = value_of(dtype, bits), high = value_of(dtype, bits + 1);
        if (!isfinite(low) || !isfinite(high))
            break;
        double middle = low + (high - low) / 2;
        quick_assert(encoded(dtype, middle) == bits + (bits & 1));
        quick_assert(encoded(dtype, nextafter(middle, 0)) == bits);
        quick_assert(encoded(dtype, nextafter(middle, high)) == bits + 1);
        if (bits != 0)
            quick_assert(encoded(dtype, -nextafter(middle, high)) == (sign | (bits + 1)));
    }
}
END_TEST

START_TEST(beyond_the_greatest_number) {
    ckpt_dtype dtype = targets[_i].dtype;
    static const double great[] = {1e39, 1e300, INFINITY};
    for (int i = 0; i < 3; i++) {
        double above = value_of(dtype, encoded(dtype, great[i]));
        double below = value_of(dtype, encoded(dtype, -great[i]));
        ck_assert(isnan(targets[_i].beyond) ? isnan(above) && isnan(below)
                                            : above == targets[_i].beyond && below == -above);
    }
    ck_assert_uint_eq(encoded(dtype, -1e-300),
                      targets[_i].has_negative_zero ? 1u << (targets[_i].bits - 1) : 0);
    ck_assert(isnan(value_of(dtype, encoded(dtype, NAN))));
}
END_TEST

START_TEST(integers_round_once) {
    /* 2^62 + 2^54 + 1 lies just over the middle of two numbers of bf16; rounded to an f64 first, it
     * would be the middle, and go to the even one, which is 2^62. */
    const int64_t number = ((int64_t)1 << 62) + ((int64_t)1 << 54) + 1, least = INT64_MIN;
    uint16_t half;
    assert_ok(ckpt_convert(CKPT_I64, &number, CKPT_BF16, &half, 1, &err));
    ck_assert_uint_eq(half, 0x5e81);
    assert_ok(ckpt_convert(CKPT_I64, &number, CKPT_F16, &half, 1, &err));
    ck_assert_uint_eq(half, 0x7c00);
    assert_ok(ckpt_convert(CKPT_I64, &least, CKPT_BF16, &half, 1, &err));
    ck_assert_uint_eq(half, 0xdf00);
}
END_TEST

START_TEST(integers_keep_their_values_or_fail) {
    const int64_t fitting[] = {-128, 127, 0, -1};
    const int64_t not_fitting = 128;
    const bool truths[] = {true, false};
    int8_t bytes[4];
    uint64_t words[4];
    assert_ok(ckpt_convert(CKPT_I64, fitting, CKPT_I8, bytes, 4, &err));
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(bytes[i], fitting[i]);
    assert_status(ckpt_convert(CKPT_I64, &not_fitting, CKPT_I8, bytes, 1, &err), CKPT_E_BOUNDS);
    assert_status(ckpt_convert(CKPT_I64, fitting, CKPT_U64, words, 1, &err), CKPT_E_BOUNDS);
    assert_ok(ckpt_convert(CKPT_BOOL, truths, CKPT_U64, words, 2, &err));
    ck_assert_uint_eq(words[0], 1);
    ck_assert_uint_eq(words[1], 0);
    const uint64_t greatest = UINT64_MAX;
    assert_status(ckpt_convert(CKPT_U64, &greatest, CKPT_I64, words, 1, &err), CKPT_E_BOUNDS);
}
END_TEST

START_TEST(complex_numbers_are_two) {
    const double number[2] = {1.0 / 3, -2};
    float narrow[2];
    assert_ok(ckpt_convert(CKPT_COMPLEX128, number, CKPT_COMPLEX64, narrow, 1, &err));
    ck_assert_float_eq(narrow[0], (float)number[0]);
    ck_assert_float_eq(narrow[1], -2);
    assert_status(ckpt_convert(CKPT_COMPLEX128, number, CKPT_F32, narrow, 1, &err),
                  CKPT_E_UNSUPPORTED);
}
END_TEST

START_TEST(what_has_no_conversion_is_told_without_elements) {
    static const ckpt_dtype pairs[][2] = {
        {CKPT_F32, CKPT_I32},  {CKPT_F32, CKPT_BOOL},       {CKPT_F32, CKPT_F4_E2M1FN},
        {CKPT_I8, CKPT_BOOL},  {CKPT_F32, CKPT_F8_E8M0FNU}, {CKPT_DTYPE_OTHER, CKPT_F32},
        {CKPT_F32, CKPT_Q8_0}, {CKPT_F32, CKPT_COMPLEX64},  {CKPT_F32, CKPT_DTYPE_OTHER},
        {CKPT_F16, CKPT_Q4_K}, {CKPT_I32, CKPT_COMPLEX64},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_status(ckpt_convert(pairs[i][0], NULL, pairs[i][1], NULL, 0, &err),
                      CKPT_E_UNSUPPORTED);
}
END_TEST

/* ---- storages ---- */

START_TEST(a_storage_is_converted_from_any_byte_on) {
    enum { COUNT = 3000 };
    static float source[COUNT];
    static unsigned char all[COUNT * 2], part[COUNT * 2];
    ckpt *c = new_ckpt(NULL);
    ckpt_storage raw, cast;
    for (int i = 0; i < COUNT; i++)
        source[i] = (float)i * 1.001f - 7;
    assert_ok(ckpt_storage_borrow(c, source, sizeof source - 1, &raw, &err));
    assert_ok(ckpt_storage_cast(c, raw, CKPT_F32, CKPT_BF16, &cast, &err));
    ck_assert_uint_eq(ckpt_storage_size(cast), (COUNT - 1) * 2);
    assert_ok(ckpt_convert(CKPT_F32, source, CKPT_BF16, all, COUNT - 1, &err));
    static const size_t ranges[][2] = {{0, 5998}, {1, 1}, {0, 1}, {1, 2}, {1, 5996}, {5997, 1}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        assert_ok(ckpt_storage_read(cast, ranges[i][0], ranges[i][1], part, &err));
        ck_assert_mem_eq(part, all + ranges[i][0], ranges[i][1]);
    }
    assert_status(ckpt_storage_cast(c, raw, CKPT_F32, CKPT_I32, &cast, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
}
END_TEST

START_TEST(elements_that_share_bytes_are_converted_too) {
    static const unsigned char packed[] = {0x21, 0x43, 0x65, 0x87};
    float values[8];
    ckpt *c = new_ckpt(NULL);
    ckpt_storage raw, cast;
    assert_ok(ckpt_storage_borrow(c, packed, sizeof packed, &raw, &err));
    assert_ok(ckpt_storage_cast(c, raw, CKPT_F4_E2M1FN, CKPT_F32, &cast, &err));
    ck_assert_uint_eq(ckpt_storage_size(cast), sizeof values);
    assert_ok(ckpt_storage_read(cast, 0, sizeof values, values, &err));
    ck_assert_float_eq(values[0], 0.5f);
    ck_assert_float_eq(values[1], 1);
    assert_ok(ckpt_storage_read(cast, 20, 4, values, &err));
    ck_assert_float_eq(values[0], 4);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cast");
    TCase *tests = tcase_create("cast");
    int count = (int)(sizeof targets / sizeof targets[0]);
    tcase_add_loop_test(tests, every_number_comes_back, 0, count);
    tcase_add_loop_test(
        tests, between_two_numbers_the_nearer_is_taken_and_in_the_middle_the_even_one, 0, count);
    tcase_add_loop_test(tests, beyond_the_greatest_number, 0, count);
    tcase_add_test(tests, integers_round_once);
    tcase_add_test(tests, integers_keep_their_values_or_fail);
    tcase_add_test(tests, complex_numbers_are_two);
    tcase_add_test(tests, what_has_no_conversion_is_told_without_elements);
    tcase_add_test(tests, a_storage_is_converted_from_any_byte_on);
    tcase_add_test(tests, elements_that_share_bytes_are_converted_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
