/* SPDX-License-Identifier: MIT */
/* Checked arithmetic at the numbers where unchecked arithmetic goes wrong. */
#include "base/checked.h"
#include "checkmain.h"

static const uint64_t boundaries[] = {
    0,
    1,
    2,
    3,
    63,
    64,
    65,
    ((uint64_t)1 << 31) - 1,
    (uint64_t)1 << 31,
    ((uint64_t)1 << 31) + 1,
    ((uint64_t)1 << 32) - 1,
    (uint64_t)1 << 32,
    ((uint64_t)1 << 32) + 1,
    ((uint64_t)1 << 63) - 1,
    (uint64_t)1 << 63,
    ((uint64_t)1 << 63) + 1,
    UINT64_MAX - 64,
    UINT64_MAX - 63,
    UINT64_MAX - 1,
    UINT64_MAX,
};
enum { BOUNDARIES = sizeof boundaries / sizeof boundaries[0] };

#define UNTOUCHED ((uint64_t)0xabcdef)

/* The product of two 64-bit numbers in 128 bits, from products of 32-bit halves. */
static uint64_t high_half_of_product(uint64_t a, uint64_t b) {
    uint64_t low_a = a & UINT32_MAX, high_a = a >> 32, low_b = b & UINT32_MAX, high_b = b >> 32;
    uint64_t middle = high_a * low_b + ((low_a * low_b) >> 32);
    uint64_t other = low_a * high_b + (middle & UINT32_MAX);
    return high_a * high_b + (middle >> 32) + (other >> 32);
}

START_TEST(sums_that_fit_are_exact_and_others_refused) {
    for (int i = 0; i < BOUNDARIES; i++) {
        for (int k = 0; k < BOUNDARIES; k++) {
            uint64_t a = boundaries[i], b = boundaries[k], sum = UNTOUCHED;
            bool fits = a + b >= a; /* unsigned: wraps below a exactly when it does not fit */
            ck_assert_int_eq(ck_add(a, b, &sum), fits);
            ck_assert_uint_eq(sum, fits ? a + b : UNTOUCHED);
            ck_assert_uint_eq(ck_add_saturated(a, b), fits ? a + b : UINT64_MAX);
        }
    }
}
END_TEST

START_TEST(products_that_fit_are_exact_and_others_refused) {
    for (int i = 0; i < BOUNDARIES; i++) {
        for (int k = 0; k < BOUNDARIES; k++) {
            uint64_t a = boundaries[i], b = boundaries[k], product = UNTOUCHED;
            bool fits = high_half_of_product(a, b) == 0;
            ck_assert_int_eq(ck_mul(a, b, &product), fits);
            ck_assert_uint_eq(product, fits ? a * b : UNTOUCHED);
            ck_assert_uint_eq(ck_mul_saturated(a, b), fits ? a * b : UINT64_MAX);
        }
    }
}
END_TEST

START_TEST(alignment_rounds_up_to_the_next_multiple) {
    static const uint64_t alignments[] = {1, 8, 64, 4096, (uint64_t)1 << 63};
    for (int i = 0; i < BOUNDARIES; i++) {
        for (int k = 0; k < 5; k++) {
            uint64_t value = boundaries[i], alignment = alignments[k], aligned = UNTOUCHED;
            uint64_t over = value % alignment;
            uint64_t missing = over != 0 ? alignment - over : 0;
            bool fits = value <= UINT64_MAX - missing;
            /* At the very end of the range a number that is aligned already may be refused. */
            if (value > UINT64_MAX - (alignment - 1) && missing == 0)
                continue;
            ck_assert_int_eq(ck_align(value, alignment, &aligned), fits);
            ck_assert_uint_eq(aligned, fits ? value + missing : UNTOUCHED);
        }
    }
}
END_TEST

START_TEST(a_range_is_within_a_limit_or_not_without_wrapping) {
    for (int i = 0; i < BOUNDARIES; i++) {
        for (int k = 0; k < BOUNDARIES; k++) {
            for (int m = 0; m < BOUNDARIES; m++) {
                uint64_t offset = boundaries[i], size = boundaries[k], limit = boundaries[m];
                bool wraps = offset + size < offset;
                ck_assert_int_eq(ck_within(offset, size, limit), !wraps && offset + size <= limit);
            }
        }
    }
}
END_TEST

START_TEST(sizes_beyond_size_t_are_refused) {
    for (int i = 0; i < BOUNDARIES; i++) {
        size_t size = 7;
        bool fits = boundaries[i] <= SIZE_MAX;
        ck_assert_int_eq(ck_to_size(boundaries[i], &size), fits);
        ck_assert_uint_eq(size, fits ? (size_t)boundaries[i] : 7);
    }
}
END_TEST

START_TEST(a_product_of_extents_that_wraps_to_a_legal_size_is_refused) {
    uint64_t extents[3] = {4194305, 4194305, 211106198978564u}, numel = 1;
    /* Unchecked, the product is 4. */
    ck_assert_uint_eq(extents[0] * extents[1] * extents[2], 4);
    ck_assert(ck_mul(numel, extents[0], &numel));
    ck_assert(ck_mul(numel, extents[1], &numel));
    ck_assert(!ck_mul(numel, extents[2], &numel));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checked");
    TCase *tests = tcase_create("checked");
    tcase_add_test(tests, sums_that_fit_are_exact_and_others_refused);
    tcase_add_test(tests, products_that_fit_are_exact_and_others_refused);
    tcase_add_test(tests, alignment_rounds_up_to_the_next_multiple);
    tcase_add_test(tests, a_range_is_within_a_limit_or_not_without_wrapping);
    tcase_add_test(tests, sizes_beyond_size_t_are_refused);
    tcase_add_test(tests, a_product_of_extents_that_wraps_to_a_legal_size_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
