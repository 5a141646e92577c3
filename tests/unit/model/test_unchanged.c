/* SPDX-License-Identifier: MIT */
/* A failed call changes nothing: neither what would be saved nor the numbers of objects, whether
 * the caller is wrong or memory runs out, in a new checkpoint or in an opened one. */
#include "buildnet.h"
#include "faultmemory.h"

static ckpt_error err;
static fault_memory watched;
static ckpt *c;
static ckpt_module root;
static void *bytes;

typedef struct state {
    void *data;
    size_t size;
    uint32_t modules, tensors, storages;
} state;

static void build(void) {
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    c = new_ckpt(&allocator);
    root = ckpt_root(c);
    ckpt_module layer = new_linear(root, "a", 2, 3);
    share(root, "b", layer);
    new_vector(root, "w", 5);
    ckpt_value list;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "list", ckpt_list(), &list, &err));
    for (int i = 0; i < 4; i++)
        assert_ok(ckpt_list_append(list, ckpt_int(i), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "bytes", ckpt_bytes("xyz", 3), NULL, &err));
    bytes = NULL;
}

static void build_and_open(void) {
    build();
    void *saved;
    size_t size;
    assert_ok(ckpt_save_memory(c, NULL, &saved, &size, &err));
    bytes = malloc(size);
    memcpy(bytes, saved, size);
    ckpt_buffer_free(c, saved, size);
    ckpt_free(c);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &allocator};
    assert_ok(ckpt_open_memory(bytes, size, NULL, &options, &c, &err));
    root = ckpt_root(c);
}

static void teardown(void) {
    ckpt_free(c);
    free(bytes);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

static state take_state(void) {
    state s = {NULL, 0, ckpt_module_count(c), ckpt_tensor_count(c), ckpt_storage_count(c)};
    assert_ok(ckpt_save_memory(c, NULL, &s.data, &s.size, &err));
    return s;
}

static void assert_state(const state *before) {
    state now = take_state();
    ck_assert_uint_eq(now.size, before->size);
    ck_assert_mem_eq(now.data, before->data, now.size);
    ck_assert_uint_eq(now.modules, before->modules);
    ck_assert_uint_eq(now.tensors, before->tensors);
    ck_assert_uint_eq(now.storages, before->storages);
    ckpt_buffer_free(c, now.data, now.size);
}

/* ---- calls that are wrong ---- */

static ckpt_status add_taken_parameter(void) {
    const uint64_t shape[1] = {100000};
    return ckpt_add_parameter(root, "w", CKPT_F32, 1, shape, NULL, NULL, &err);
}
static ckpt_status add_taken_module(void) {
    return ckpt_add_module(root, "a", "New", NULL, &err);
}
static ckpt_status add_badly_named_buffer(void) {
    return ckpt_add_buffer(root, "x.y", CKPT_F32, 0, NULL, NULL, NULL, &err);
}
static ckpt_status add_half_block(void) {
    const uint64_t shape[1] = {33};
    return ckpt_add_parameter(root, "q", CKPT_Q4_0, 1, shape, NULL, NULL, &err);
}
static ckpt_status share_in_itself(void) {
    return ckpt_share_module(ckpt_module_child(root, "a"), "x", root, &err);
}
static ckpt_status rename_to_taken(void) {
    return ckpt_rename(root, "w", "a", &err);
}
static ckpt_status remove_nothing(void) {
    return ckpt_remove(root, "nothing", &err);
}
static ckpt_status tie_to_another_shape(void) {
    return ckpt_tie(root, "w", ckpt_find_tensor(root, "a.weight"), &err);
}
static ckpt_status untie_a_module(void) {
    return ckpt_untie(root, "a", NULL, &err);
}
static ckpt_status set_type_to_no_text(void) {
    return ckpt_set_module_type(root, "\xff", &err);
}
static ckpt_status set_no_text(void) {
    return ckpt_map_set(ckpt_metadata(c), "bytes", ckpt_string("\xff"), NULL, &err);
}
static ckpt_status append_to_a_map(void) {
    return ckpt_list_append(ckpt_metadata(c), ckpt_null(), NULL, &err);
}
static ckpt_status remove_no_key(void) {
    return ckpt_map_remove(ckpt_metadata(c), "nothing", &err);
}

static ckpt_status (*const wrong_calls[])(void) = {
    add_taken_parameter, add_taken_module,     add_badly_named_buffer,
    add_half_block,      share_in_itself,      rename_to_taken,
    remove_nothing,      tie_to_another_shape, untie_a_module,
    set_type_to_no_text, set_no_text,          append_to_a_map,
    remove_no_key,
};

START_TEST(a_wrong_call_changes_nothing) {
    state before = take_state();
    ck_assert_int_ne(wrong_calls[_i](), CKPT_OK);
    size_t blocks = watched.blocks, in_use = watched.bytes;
    /* The second time nothing more is kept, so what is refused again and again does not add up. */
    ck_assert_int_ne(wrong_calls[_i](), CKPT_OK);
    ck_assert_uint_eq(watched.blocks, blocks);
    ck_assert_uint_eq(watched.bytes, in_use);
    assert_state(&before);
    ckpt_buffer_free(c, before.data, before.size);
}
END_TEST

/* ---- calls that are right, without memory ---- */

static ckpt_status add_parameter(void) {
    const uint64_t shape[1] = {100};
    return ckpt_add_parameter(root, "new", CKPT_F32, 1, shape, NULL, NULL, &err);
}
static ckpt_status add_module(void) {
    return ckpt_add_module(root, "new", "New", NULL, &err);
}
static ckpt_status add_shared(void) {
    return ckpt_share_module(root, "new", ckpt_module_child(root, "a"), &err);
}
static ckpt_status add_tied(void) {
    return ckpt_add_tensor(root, "new", ckpt_find_tensor(root, "a.bias"), &err);
}
static ckpt_status rename_w(void) {
    return ckpt_rename(root, "w", "new", &err);
}
static ckpt_status untie_w(void) {
    return ckpt_untie(root, "w", NULL, &err);
}
static ckpt_status remove_w(void) {
    return ckpt_remove(root, "w", &err);
}
static ckpt_status set_string(void) {
    return ckpt_map_set(ckpt_metadata(c), "bytes", ckpt_string("new"), NULL, &err);
}
static ckpt_status set_bytes(void) {
    static char many[1000];
    return ckpt_map_set(ckpt_metadata(c), "new", ckpt_bytes(many, sizeof many), NULL, &err);
}
static ckpt_status append_item(void) {
    return ckpt_list_append(ckpt_map_get(ckpt_metadata(c), "list"), ckpt_string("new"), NULL, &err);
}
static ckpt_status remove_key(void) {
    return ckpt_map_remove(ckpt_metadata(c), "list", &err);
}

static ckpt_status (*const right_calls[])(void) = {
    add_parameter, add_module, add_shared, add_tied,    rename_w,   untie_w,
    remove_w,      set_string, set_bytes,  append_item, remove_key,
};

START_TEST(a_call_without_memory_changes_nothing) {
    state before = take_state();
    ckpt_status status = CKPT_E_NOMEM;
    for (int k = 1; status == CKPT_E_NOMEM; k++) {
        watched.fail_at = watched.requests + (uint64_t)k;
        status = right_calls[_i]();
        watched.fail_at = 0;
        ck_assert_int_lt(k, 100);
        if (status == CKPT_E_NOMEM)
            assert_state(&before);
    }
    ck_assert_int_eq(status, CKPT_OK);
    state after = take_state();
    ck_assert(after.size != before.size || memcmp(after.data, before.data, after.size) != 0 ||
              right_calls[_i] == untie_w);
    ckpt_buffer_free(c, after.data, after.size);
    ckpt_buffer_free(c, before.data, before.size);
}
END_TEST

static TCase *failures(const char *name, void (*begin)(void)) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_loop_test(tests, a_wrong_call_changes_nothing, 0,
                        sizeof wrong_calls / sizeof wrong_calls[0]);
    tcase_add_loop_test(tests, a_call_without_memory_changes_nothing, 0,
                        sizeof right_calls / sizeof right_calls[0]);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("unchanged");
    suite_add_tcase(suite, failures("built", build));
    suite_add_tcase(suite, failures("opened", build_and_open));
    return run_suite(suite);
}
