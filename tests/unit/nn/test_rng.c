/* SPDX-License-Identifier: MIT */
#include "nn/rng.h"

#include "nntest.h"

/* The value that the C++ standard gives for std::mt19937 ([rand.predef]). */
START_TEST(test_ten_thousandth_number) {
    ckpt_rng rng;
    uint32_t number = 0;
    ckpt_rng_seed(&rng, 5489);
    for (int i = 0; i < 10000; i++)
        number = ck_rng_u32(&rng);
    ck_assert_uint_eq(number, UINT32_C(4123659995));
}
END_TEST

START_TEST(test_low_half_of_the_seed_counts) {
    ckpt_rng a, b;
    ckpt_rng_seed(&a, 7);
    ckpt_rng_seed(&b, (UINT64_C(1) << 32) + 7);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(ck_rng_u32(&a), ck_rng_u32(&b));
}
END_TEST

START_TEST(test_copy_continues_the_same_stream) {
    ckpt_rng a, b;
    ckpt_rng_seed(&a, 1);
    (void)ck_rng_normal64(&a);
    b = a;
    for (int i = 0; i < 5; i++)
        ck_assert_double_eq(ck_rng_normal64(&a), ck_rng_normal64(&b));
}
END_TEST

START_TEST(test_seeding_forgets_the_kept_normal_number) {
    ckpt_rng a, b;
    ckpt_rng_seed(&a, 1);
    (void)ck_rng_normal64(&a);
    ckpt_rng_seed(&a, 2);
    ckpt_rng_seed(&b, 2);
    ck_assert_double_eq(ck_rng_normal64(&a), ck_rng_normal64(&b));
}
END_TEST

START_TEST(test_first_draw_is_the_high_half_of_64_bits) {
    ckpt_rng a, b;
    ckpt_rng_seed(&a, 3);
    ckpt_rng_seed(&b, 3);
    uint64_t high = ck_rng_u32(&b);
    uint64_t low = ck_rng_u32(&b);
    ck_assert(ck_rng_u64(&a) == (high << 32 | low));
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_ten_thousandth_number,
        test_low_half_of_the_seed_counts,
        test_copy_continues_the_same_stream,
        test_seeding_forgets_the_kept_normal_number,
        test_first_draw_is_the_high_half_of_64_bits,
    };
    return RUN_CASES("rng", tests);
}
