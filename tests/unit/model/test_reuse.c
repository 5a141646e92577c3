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

/* As a queue: what is added behind and taken from the front needs no more and more room. */
START_TEST(queues_take_bounded_room) {
    char name[16];
    ckpt_value map;
    ckpt_module module;
    size_t after_some = 0;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "map", ckpt_map(), &map, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "queue", "", &module, &err));
    /* Names come again, since the table of strings keeps every text. */
    for (uint32_t i = 0; i < 40u * ROUNDS; i++) {
        snprintf(name, sizeof name, "%u", (unsigned)(i % 64));
        assert_ok(ckpt_map_set(map, name, ckpt_int(i), NULL, &err));
        assert_ok(ckpt_share_module(ckpt_root(c), name, module, &err));
        if (i < 32)
            continue;
        snprintf(name, sizeof name, "%u", (unsigned)((i - 32) % 64));
        ck_assert_int_eq(ckpt_value_int(ckpt_map_get(map, name), -1), i - 32);
        ck_assert_str_eq(ckpt_map_key(map, 0), name);
        assert_ok(ckpt_map_remove(map, name, &err));
        ck_assert_str_eq(ckpt_module_member(ckpt_root(c), 1).name, name);
        assert_ok(ckpt_remove(ckpt_root(c), name, &err));
        if (i == 20u * ROUNDS)
            after_some = memory.bytes;
    }
    ck_assert_uint_eq(ckpt_value_count(map), 32);
    ck_assert_uint_eq(ckpt_module_member_count(ckpt_root(c)), 33);
    ck_assert_uint_eq(memory.bytes, after_some);
}
END_TEST

/* Bytes that are set again and again, as the state of a generator is at every step. */
START_TEST(bytes_that_are_replaced_take_no_more_room) {
    unsigned char state[5000] = {0};
    size_t size;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "state", ckpt_bytes(state, sizeof state), NULL, &err));
    size_t before = memory.bytes;
    for (uint32_t i = 0; i < 300; i++) {
        state[i] = (unsigned char)i;
        size = sizeof state - i / 2;
        assert_ok(ckpt_map_set(ckpt_metadata(c), "state", ckpt_bytes(state, size), NULL, &err));
    }
    ck_assert_uint_eq(memory.bytes, before);
    const void *found = ckpt_value_bytes(ckpt_map_get(ckpt_metadata(c), "state"), &size);
    ck_assert_uint_eq(size, sizeof state - 149);
    ck_assert_mem_eq(found, state, size);
    /* Also when they are a part of themselves. */
    assert_ok(ckpt_map_set(ckpt_metadata(c), "state",
                           ckpt_bytes((const unsigned char *)found + 7, 100), NULL, &err));
    found = ckpt_value_bytes(ckpt_map_get(ckpt_metadata(c), "state"), &size);
    ck_assert_mem_eq(found, state + 7, 100);
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
    tcase_add_test(tests, queues_take_bounded_room);
    tcase_add_test(tests, bytes_that_are_replaced_take_no_more_room);
    tcase_add_test(tests, empty_maps_stay_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
