/* SPDX-License-Identifier: MIT */
/* The hash map against an array that holds the same. */
#include "base/hashmap.h"
#include "checkmain.h"
#include "faultmemory.h"
#include "testrandom.h"

#include <string.h>

static fault_memory watched;
static ck_memory memory;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memory = fault_memory_hook(&watched);
}

static void fail_from_now(void) {
    watched.fail_at = watched.requests + 1;
    watched.fail_ever_after = true;
}

static void teardown(void) {
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

enum { KEYS = 3000 };

/* Keys as the library has them: pairs of small numbers. */
static uint64_t key_of(uint32_t i) {
    return (uint64_t)(i % 60) << 32 | i / 60;
}

static void assert_same(const ck_hashmap *map, const uint32_t *reference) {
    size_t count = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        quick_assert(ck_hashmap_get(map, key_of(i)) == reference[i]);
        count += reference[i] != CK_HASH_NONE;
    }
    ck_assert_uint_eq(map->count, count);
}

START_TEST(random_changes_give_what_an_array_gives) {
    static uint32_t reference[KEYS];
    ck_hashmap map = {.seed = (uint64_t)_i * 0x123456789abcdefu};
    test_random random = {1};
    memset(reference, 0xff, sizeof reference);
    for (int step = 0; step < 60000; step++) {
        uint32_t i = random_below(&random, KEYS);
        /* Fill for a while, then empty, so that long probes form and are closed again. */
        bool remove = random_below(&random, 100) < (step / 10000 % 2 == 0 ? 25u : 75u);
        if (remove) {
            ck_hashmap_remove(&map, key_of(i));
            reference[i] = CK_HASH_NONE;
        } else {
            uint32_t value = random_below(&random, 1000000);
            quick_assert(ck_hashmap_set(&memory, &map, key_of(i), value));
            reference[i] = value;
        }
        if (step % 4000 == 0)
            assert_same(&map, reference);
    }
    assert_same(&map, reference);
    ck_hashmap_clear(&memory, &map);
    ck_assert_uint_eq(ck_hashmap_get(&map, key_of(1)), CK_HASH_NONE);
}
END_TEST

START_TEST(an_empty_map_has_nothing) {
    ck_hashmap map = {0};
    ck_assert_uint_eq(ck_hashmap_get(&map, 0), CK_HASH_NONE);
    ck_hashmap_remove(&map, 0);
    ck_hashmap_clear(&memory, &map);
}
END_TEST

START_TEST(zero_and_all_ones_are_keys_like_others) {
    ck_hashmap map = {0};
    ck_assert(ck_hashmap_set(&memory, &map, 0, 7));
    ck_assert(ck_hashmap_set(&memory, &map, UINT64_MAX, 8));
    ck_assert_uint_eq(ck_hashmap_get(&map, 0), 7);
    ck_assert_uint_eq(ck_hashmap_get(&map, UINT64_MAX), 8);
    ck_hashmap_remove(&map, 0);
    ck_assert_uint_eq(ck_hashmap_get(&map, 0), CK_HASH_NONE);
    ck_assert_uint_eq(ck_hashmap_get(&map, UINT64_MAX), 8);
    ck_hashmap_clear(&memory, &map);
}
END_TEST

START_TEST(setting_again_replaces) {
    ck_hashmap map = {0};
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert(ck_hashmap_set(&memory, &map, 42, i));
    ck_assert_uint_eq(map.count, 1);
    ck_assert_uint_eq(ck_hashmap_get(&map, 42), 999);
    ck_hashmap_clear(&memory, &map);
}
END_TEST

START_TEST(after_reserving_setting_cannot_fail) {
    ck_hashmap map = {0};
    ck_assert(ck_hashmap_set(&memory, &map, 1, 1));
    ck_assert(ck_hashmap_reserve(&memory, &map, 500));
    fail_from_now();
    for (uint32_t i = 0; i < 500; i++)
        ck_assert(ck_hashmap_set(&memory, &map, 100 + i, i));
    for (uint32_t i = 0; i < 500; i++)
        ck_assert_uint_eq(ck_hashmap_get(&map, 100 + i), i);
    ck_hashmap_clear(&memory, &map);
}
END_TEST

START_TEST(a_map_that_cannot_grow_keeps_what_it_has) {
    ck_hashmap map = {0};
    uint32_t count = 0;
    ck_assert(ck_hashmap_set(&memory, &map, 0, 0));
    fail_from_now();
    while (ck_hashmap_set(&memory, &map, count + 1, count + 1))
        count++;
    ck_assert(!ck_hashmap_reserve(&memory, &map, SIZE_MAX));
    ck_assert(!ck_hashmap_reserve(&memory, &map, SIZE_MAX / 4));
    for (uint32_t i = 0; i <= count; i++)
        ck_assert_uint_eq(ck_hashmap_get(&map, i), i);
    ck_assert_uint_eq(ck_hashmap_get(&map, count + 1), CK_HASH_NONE);
    ck_hashmap_clear(&memory, &map);
}
END_TEST

START_TEST(mixing_is_a_bijection_on_a_sample) {
    /* SplitMix64 from state 0: its first published outputs. */
    ck_assert_uint_eq(ck_hash_mix(0), 0xe220a8397b1dcdafu);
    ck_assert_uint_eq(ck_hash_mix(0x9e3779b97f4a7c15u), 0x6e789e6aa1b965f4u);
    for (uint64_t i = 0; i < 64; i++)
        ck_assert_uint_ne(ck_hash_mix((uint64_t)1 << i), ck_hash_mix(0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("hashmap");
    TCase *tests = tcase_create("hashmap");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, random_changes_give_what_an_array_gives, 0, 3);
    tcase_add_test(tests, an_empty_map_has_nothing);
    tcase_add_test(tests, zero_and_all_ones_are_keys_like_others);
    tcase_add_test(tests, setting_again_replaces);
    tcase_add_test(tests, after_reserving_setting_cannot_fail);
    tcase_add_test(tests, a_map_that_cannot_grow_keeps_what_it_has);
    tcase_add_test(tests, mixing_is_a_bijection_on_a_sample);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
