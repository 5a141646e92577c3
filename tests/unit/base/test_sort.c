/* SPDX-License-Identifier: MIT */
/* The merge sort: sorted, stable, linear on what is sorted. */
#include "base/sort.h"
#include "checkmain.h"
#include "faultmemory.h"
#include "testrandom.h"

#include <string.h>

typedef struct record {
    uint32_t key;
    uint32_t place;
    unsigned char more[3]; /* a size that is no power of two */
} record;

static fault_memory watched;
static ck_memory memory;
static size_t comparisons;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memory = fault_memory_hook(&watched);
    comparisons = 0;
}

static void fail_from_now(void) {
    watched.fail_at = watched.requests + 1;
    watched.fail_ever_after = true;
}

static void teardown(void) {
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

static int compare(const void *a, const void *b) {
    const record *x = a, *y = b;
    comparisons++;
    return x->key < y->key ? -1 : x->key > y->key;
}

enum { MOST = 1100 };
static record records[MOST];

static void fill(size_t count, uint32_t different, test_random *random) {
    for (size_t i = 0; i < count; i++) {
        record r = {random_below(random, different), (uint32_t)i, {1, 2, (unsigned char)i}};
        records[i] = r;
    }
}

static void assert_sorted_and_stable(size_t count) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(records[i].more[2], (unsigned char)records[i].place);
        if (i == 0)
            continue;
        ck_assert_uint_le(records[i - 1].key, records[i].key);
        if (records[i - 1].key == records[i].key)
            ck_assert_uint_lt(records[i - 1].place, records[i].place);
    }
}

START_TEST(random_records_are_sorted_and_equal_ones_keep_their_order) {
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100, 1023, 1025, MOST};
    test_random random = {3};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        fill(counts[i], 20, &random);
        ck_assert(ck_sort(&memory, records, counts[i], sizeof(record), compare));
        assert_sorted_and_stable(counts[i]);
        fill(counts[i], 1u << 31, &random);
        ck_assert(ck_sort(&memory, records, counts[i], sizeof(record), compare));
        assert_sorted_and_stable(counts[i]);
    }
}
END_TEST

START_TEST(every_order_of_five_records_is_sorted) {
    for (uint32_t code = 0; code < 3125; code++) {
        uint32_t digits = code;
        for (uint32_t i = 0; i < 5; i++, digits /= 5) {
            record r = {digits % 5, i, {0, 0, (unsigned char)i}};
            records[i] = r;
        }
        ck_assert(ck_sort(&memory, records, 5, sizeof(record), compare));
        assert_sorted_and_stable(5);
    }
}
END_TEST

START_TEST(sorted_records_cost_one_comparison_each) {
    for (uint32_t i = 0; i < MOST; i++) {
        record r = {i / 3, i, {0, 0, (unsigned char)i}};
        records[i] = r;
    }
    ck_assert(ck_sort(&memory, records, MOST, sizeof(record), compare));
    assert_sorted_and_stable(MOST);
    ck_assert_uint_lt(comparisons, MOST);
}
END_TEST

START_TEST(reversed_records_cost_no_more_than_n_log_n) {
    for (uint32_t i = 0; i < 1024; i++) {
        record r = {2000 - i, i, {0, 0, (unsigned char)i}};
        records[i] = r;
    }
    ck_assert(ck_sort(&memory, records, 1024, sizeof(record), compare));
    assert_sorted_and_stable(1024);
    ck_assert_uint_le(comparisons, 1024 * 10);
}
END_TEST

START_TEST(without_memory_nothing_is_sorted_and_nothing_lost) {
    test_random random = {5};
    fill(100, 50, &random);
    fail_from_now();
    ck_assert(!ck_sort(&memory, records, 100, sizeof(record), compare));
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_uint_eq(records[i].place, i);
    ck_assert(ck_sort(&memory, records, 1, sizeof(record), compare));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sort");
    TCase *tests = tcase_create("sort");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, random_records_are_sorted_and_equal_ones_keep_their_order);
    tcase_add_test(tests, every_order_of_five_records_is_sorted);
    tcase_add_test(tests, sorted_records_cost_one_comparison_each);
    tcase_add_test(tests, reversed_records_cost_no_more_than_n_log_n);
    tcase_add_test(tests, without_memory_nothing_is_sorted_and_nothing_lost);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
