/* SPDX-License-Identifier: MIT */
/* The trie of names: what was added is found, nothing else is. */
#include "base/nametree.h"
#include "checkmain.h"
#include "faultmemory.h"
#include "testrandom.h"

#include <stdio.h>
#include <string.h>

static fault_memory watched;
static ck_memory memory;
static ck_nametree tree;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memory = fault_memory_hook(&watched);
    memset(&tree, 0, sizeof tree);
}

static void fail_from_now(void) {
    watched.fail_at = watched.requests + 1;
    watched.fail_ever_after = true;
}

static void teardown(void) {
    ck_nametree_clear(&memory, &tree);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

static ck_nametree_result add(const char *name, uint32_t value) {
    return ck_nametree_add(&memory, &tree, name, strlen(name), value);
}

static uint32_t get(const char *name) {
    return ck_nametree_get(&tree, name, strlen(name));
}

START_TEST(prefixes_of_each_other_are_different_names) {
    static const char *const names[] = {"weight",   "w",     "",        "weight_ih_l0",
                                        "we",       "weigh", "weightx", "\xc3\xa9",
                                        "\xc3\xa8", "a b",   " "};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_int_eq(add(names[i], i), CK_NAMETREE_ADDED);
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_uint_eq(get(names[i]), i);
    ck_assert_uint_eq(get("wei"), CK_NAMETREE_NONE);
    ck_assert_uint_eq(get("weight_"), CK_NAMETREE_NONE);
    ck_assert_uint_eq(get("x"), CK_NAMETREE_NONE);
}
END_TEST

START_TEST(a_known_name_keeps_its_value) {
    ck_assert_int_eq(add("bias", 1), CK_NAMETREE_ADDED);
    ck_assert_int_eq(add("bias", 2), CK_NAMETREE_KNOWN);
    ck_assert_uint_eq(get("bias"), 1);
}
END_TEST

START_TEST(an_empty_tree_has_nothing) {
    ck_assert_uint_eq(get(""), CK_NAMETREE_NONE);
    ck_assert_uint_eq(get("x"), CK_NAMETREE_NONE);
}
END_TEST

/* Short words over a small alphabet, so that many are the same and many share a beginning. */
START_TEST(random_names_give_what_a_list_gives) {
    static char names[4000][8];
    uint32_t count = 0;
    test_random random = {9};
    for (int step = 0; step < 4000; step++) {
        char name[8] = "";
        size_t size = random_below(&random, 7);
        for (size_t i = 0; i < size; i++)
            name[i] = "ab\x7f\xc3"[random_below(&random, 4)];
        uint32_t known = CK_NAMETREE_NONE;
        for (uint32_t i = 0; i < count && known == CK_NAMETREE_NONE; i++)
            known = strcmp(names[i], name) == 0 ? i : CK_NAMETREE_NONE;
        ck_assert_uint_eq(get(name), known);
        ck_assert_int_eq(add(name, count),
                         known == CK_NAMETREE_NONE ? CK_NAMETREE_ADDED : CK_NAMETREE_KNOWN);
        if (known == CK_NAMETREE_NONE)
            strcpy(names[count++], name);
    }
    for (uint32_t i = 0; i < count; i++)
        ck_assert_uint_eq(get(names[i]), i);
}
END_TEST

START_TEST(running_out_of_memory_loses_no_name) {
    char name[16];
    uint32_t count = 0;
    for (; count < 100; count++) {
        snprintf(name, sizeof name, "layer%u", (unsigned)count);
        ck_assert_int_eq(add(name, count), CK_NAMETREE_ADDED);
    }
    fail_from_now();
    ck_nametree_result result;
    do {
        snprintf(name, sizeof name, "layer%u", (unsigned)count);
        result = add(name, count++);
    } while (result == CK_NAMETREE_ADDED);
    ck_assert_int_eq(result, CK_NAMETREE_NOMEM);
    watched.fail_at = 0;
    /* The name that found no room can be added now, and the others are there. */
    ck_assert_int_eq(add(name, count - 1), CK_NAMETREE_ADDED);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "layer%u", (unsigned)i);
        ck_assert_uint_eq(get(name), i);
    }
}
END_TEST

/* Each name one byte longer than the one before: deep, but not slow and not recursive. */
START_TEST(names_with_long_common_beginnings_are_kept_apart) {
    static char name[3001];
    memset(name, 'x', sizeof name - 1);
    for (uint32_t size = 0; size < 3000; size++)
        ck_assert_int_eq(ck_nametree_add(&memory, &tree, name, size, size), CK_NAMETREE_ADDED);
    for (uint32_t size = 0; size < 3000; size++)
        ck_assert_uint_eq(ck_nametree_get(&tree, name, size), size);
    ck_assert_uint_eq(ck_nametree_get(&tree, name, 3000), CK_NAMETREE_NONE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("nametree");
    TCase *tests = tcase_create("nametree");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, prefixes_of_each_other_are_different_names);
    tcase_add_test(tests, a_known_name_keeps_its_value);
    tcase_add_test(tests, an_empty_tree_has_nothing);
    tcase_add_test(tests, random_names_give_what_a_list_gives);
    tcase_add_test(tests, running_out_of_memory_loses_no_name);
    tcase_add_test(tests, names_with_long_common_beginnings_are_kept_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
