/* SPDX-License-Identifier: MIT */
/* Large modules, maps and lists: 10^5 members each, found again, saved, opened, changed. Anything
 * quadratic in there would not end within the time that a test has. */
#include "buildnet.h"

#include <stdio.h>

enum { MANY = 100000 };

static ckpt_error err;
static ckpt *c;
static void *bytes;

static void setup(void) {
    c = new_ckpt(NULL);
    bytes = NULL;
}

static void teardown(void) {
    ckpt_free(c);
    free(bytes);
}

static void reopen(void) {
    void *before = bytes;
    c = saved_and_opened(c, &bytes);
    free(before);
}

/* In an order that is not that of the names. */
static const char *name_of(uint32_t i) {
    static char name[32];
    snprintf(name, sizeof name, "n%u", (unsigned)(i * 7919u % MANY));
    return name;
}

START_TEST(a_module_takes_many_tensors) {
    ckpt_tensor tensor = new_vector(ckpt_root(c), "first", 1);
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(ckpt_add_tensor(ckpt_root(c), name_of(i), tensor, &err));
    assert_status(ckpt_add_tensor(ckpt_root(c), name_of(5), tensor, &err), CKPT_E_EXISTS);
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_uint_eq(ckpt_module_member_count(ckpt_root(c)), MANY + 1);
        for (uint32_t i = 0; i < MANY; i++) {
            quick_assert(ckpt_tensor_exists(ckpt_module_tensor(ckpt_root(c), name_of(i))));
            quick_assert(strcmp(ckpt_module_member(ckpt_root(c), i + 1).name, name_of(i)) == 0);
        }
        reopen();
    }
    /* One change thaws it all; then one by one. */
    for (uint32_t i = 0; i < MANY; i += 1000) {
        char renamed[32];
        snprintf(renamed, sizeof renamed, "renamed %u", (unsigned)i);
        assert_ok(ckpt_rename(ckpt_root(c), name_of(i), renamed, &err));
        ck_assert(!ckpt_tensor_exists(ckpt_module_tensor(ckpt_root(c), name_of(i))));
    }
    assert_ok(ckpt_remove(ckpt_root(c), "first", &err));
    ck_assert_str_eq(ckpt_module_member(ckpt_root(c), 1).name, name_of(1));
}
END_TEST

START_TEST(a_module_takes_many_modules) {
    ckpt_module layer = new_linear(ckpt_root(c), "first", 1, 1);
    for (uint32_t i = 0; i < MANY; i++) {
        if (i % 2 == 0)
            share(ckpt_root(c), name_of(i), layer);
        else
            new_module(ckpt_root(c), name_of(i), "ReLU");
    }
    reopen();
    ck_assert_uint_eq(ckpt_module_count(c), 2 + MANY / 2);
    for (uint32_t i = 0; i < MANY; i++) {
        ckpt_module module = ckpt_module_child(ckpt_root(c), name_of(i));
        quick_assert(strcmp(ckpt_module_type(module), i % 2 == 0 ? "Linear" : "ReLU") == 0);
    }
}
END_TEST

START_TEST(a_map_takes_many_keys) {
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(ckpt_map_set(ckpt_metadata(c), name_of(i), ckpt_int(i), NULL, &err));
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(ckpt_map_set(ckpt_metadata(c), name_of(i), ckpt_int(i + 1), NULL, &err));
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_uint_eq(ckpt_value_count(ckpt_metadata(c)), MANY);
        for (uint32_t i = 0; i < MANY; i++)
            quick_assert(ckpt_value_int(ckpt_map_get(ckpt_metadata(c), name_of(i)), 0) == i + 1);
        reopen();
    }
    assert_ok(ckpt_map_set(ckpt_metadata(c), "one more", ckpt_null(), NULL, &err));
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(ckpt_metadata(c), name_of(77)), 0), 78);
}
END_TEST

START_TEST(a_list_takes_many_items) {
    ckpt_value list;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "list", ckpt_list(), &list, &err));
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(ckpt_list_append(
            list, i % 3 == 0 ? ckpt_bytes("abc", 3) : ckpt_string(name_of(i)), NULL, &err));
    reopen();
    list = ckpt_map_get(ckpt_metadata(c), "list");
    ck_assert_uint_eq(ckpt_value_count(list), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        ckpt_value item = ckpt_value_at(list, i);
        if (i % 3 != 0)
            quick_assert(strcmp(ckpt_value_string(item), name_of(i)) == 0);
        else
            quick_assert(ckpt_value_kind(item) == CKPT_VALUE_BYTES);
    }
}
END_TEST

START_TEST(a_checkpoint_takes_many_storages) {
    const uint64_t shape[1] = {1};
    for (uint32_t i = 0; i < MANY; i++) {
        float value = (float)i;
        assert_ok(
            ckpt_add_parameter(ckpt_root(c), name_of(i), CKPT_F32, 1, shape, &value, NULL, &err));
    }
    reopen();
    ck_assert_uint_eq(ckpt_storage_count(c), MANY);
    for (uint32_t i = 0; i < MANY; i += 97) {
        float value;
        ckpt_tensor tensor = ckpt_module_tensor(ckpt_root(c), name_of(i));
        assert_ok(ckpt_tensor_read(tensor, &value, sizeof value, &err));
        ck_assert(value == (float)i);
    }
    ck_assert_int_eq(ckpt_verify(c, NULL, NULL, &err), CKPT_OK);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("growth");
    TCase *tests = tcase_create("growth");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_module_takes_many_tensors);
    tcase_add_test(tests, a_module_takes_many_modules);
    tcase_add_test(tests, a_map_takes_many_keys);
    tcase_add_test(tests, a_list_takes_many_items);
    tcase_add_test(tests, a_checkpoint_takes_many_storages);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
