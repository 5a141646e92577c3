/* SPDX-License-Identifier: MIT */
/* What is taken away makes room for what comes: however often something is removed and added, the
 * checkpoint does not grow. */
#include "checkmain.h"
#include "faultmemory.h"

#include <stdio.h>

static ckpt_error err;
static fault_memory memory;
static ckpt *c;

static void setup(void) {
    static ckpt_allocator hook;
    fault_memory none = {0};
    memory = none;
    hook = fault_memory_hook(&memory);
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &hook};
    assert_ok(ckpt_create(&options, &c, &err));
}

static void teardown(void) {
    ckpt_free(c);
    ck_assert_uint_eq(memory.blocks, 0);
}

enum { ROUNDS = 2000 };

START_TEST(members_come_and_go) {
    uint32_t count = (uint32_t)_i;
    char name[16];
    ckpt_tensor tensor;
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_add_buffer(root, "t", CKPT_U8, 0, NULL, NULL, &tensor, &err));
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%u", (unsigned)i);
        assert_ok(ckpt_add_tensor(root, name, tensor, &err));
    }
    assert_ok(ckpt_add_tensor(root, "x", tensor, &err));
    assert_ok(ckpt_remove(root, "x", &err));
    size_t before = memory.bytes;
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(ckpt_add_tensor(root, "x", tensor, &err));
        assert_ok(ckpt_remove(root, "x", &err));
    }
    ck_assert_uint_eq(memory.bytes, before);
}
END_TEST

START_TEST(keys_come_and_go) {
    uint32_t count = (uint32_t)_i;
    char key[16];
    ckpt_value map;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "map", ckpt_map(), &map, &err));
    for (uint32_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "%u", (unsigned)i);
        assert_ok(ckpt_map_set(map, key, ckpt_int(i), NULL, &err));
    }
    assert_ok(ckpt_map_set(map, "x", ckpt_null(), NULL, &err));
    assert_ok(ckpt_map_remove(map, "x", &err));
    size_t before = memory.bytes;
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(ckpt_map_set(map, "x", ckpt_null(), NULL, &err));
        assert_ok(ckpt_map_remove(map, "x", &err));
    }
    ck_assert_uint_eq(memory.bytes, before);
    ck_assert_uint_eq(ckpt_value_count(map), count);
}
END_TEST

/* Two empty maps of a file do not take each other's room. */
START_TEST(empty_maps_stay_apart) {
    ckpt_value first, second;
    void *data;
    size_t size;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "a", ckpt_map(), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "b", ckpt_map(), NULL, &err));
    assert_ok(ckpt_save_memory(c, NULL, &data, &size, &err));
    ckpt *d;
    assert_ok(ckpt_open_memory(data, size, NULL, NULL, &d, &err));
    first = ckpt_map_get(ckpt_metadata(d), "a");
    second = ckpt_map_get(ckpt_metadata(d), "b");
    assert_ok(ckpt_map_set(first, "x", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_map_set(second, "y", ckpt_int(2), NULL, &err));
    assert_ok(ckpt_map_set(first, "z", ckpt_int(3), NULL, &err));
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(first, "x"), 0), 1);
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(first, "z"), 0), 3);
    ck_assert_int_eq(ckpt_value_int(ckpt_map_get(second, "y"), 0), 2);
    ck_assert_uint_eq(ckpt_value_count(second), 1);
    ckpt_free(d);
    ckpt_buffer_free(c, data, size);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reuse");
    TCase *tests = tcase_create("reuse");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, members_come_and_go, 0, 9);
    tcase_add_loop_test(tests, keys_come_and_go, 0, 9);
    tcase_add_test(tests, empty_maps_stay_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
