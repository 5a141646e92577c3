/* SPDX-License-Identifier: MIT */
/* The limits of the format, kept while building too: a save or a walk that would pass them fails,
 * at once, however many paths there are. */
#include "buildnet.h"

#include <stdio.h>

static ckpt_error err;
static ckpt *c;
static ckpt_module root;

static void setup(void) {
    c = new_ckpt(NULL);
    root = ckpt_root(c);
}

static void teardown(void) {
    ckpt_free(c);
}

static ckpt_status walk_all(ckpt_module start, uint64_t *ret_names) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(start, CKPT_WALK_EVERYTHING, &walk, &err);
    if (status != CKPT_OK)
        return status;
    *ret_names = 0;
    while (ckpt_walk_next(walk, &item))
        ++*ret_names;
    ckpt_walk_free(walk);
    return CKPT_OK;
}

static ckpt_status save(void) {
    void *data;
    size_t size;
    ckpt_status status = ckpt_save_memory(c, NULL, &data, &size, &err);
    if (status == CKPT_OK)
        ckpt_buffer_free(c, data, size);
    return status;
}

static ckpt_status print(void) {
    kept_text kept = {"", 0};
    return ckpt_print_module(root, keep_text, &kept, &err);
}

START_TEST(a_path_has_128_members_at_most) {
    ckpt_module module = root;
    uint64_t names;
    for (int depth = 1; depth <= 127; depth++)
        module = new_module(module, "m", "");
    new_vector(module, "w", 1);
    assert_ok(walk_all(root, &names));
    ck_assert_uint_eq(names, 128);
    assert_ok(save());
    module = new_module(module, "m", "");
    assert_ok(save());
    new_vector(module, "w", 1);
    assert_status(save(), CKPT_E_LIMIT);
    ck_assert_str_eq(err.rule, "M5");
    assert_status(walk_all(root, &names), CKPT_E_LIMIT);
    assert_status(print(), CKPT_E_LIMIT);
    assert_ok(walk_all(ckpt_find_module(root, "m"), &names)); /* one less from there */
    assert_ok(ckpt_remove(module, "w", &err));
    assert_ok(save());
}
END_TEST

/* Deep enough to break a recursion. */
START_TEST(a_very_deep_chain_is_refused_and_no_more) {
    ckpt_module module = root;
    ckpt_summary summary;
    uint64_t names;
    for (int depth = 0; depth < 50000; depth++)
        module = new_module(module, "m", "");
    assert_status(ckpt_share_module(module, "x", root, &err), CKPT_E_STRUCTURE);
    assert_status(walk_all(root, &names), CKPT_E_LIMIT);
    assert_status(save(), CKPT_E_LIMIT);
    assert_ok(ckpt_summarize(root, &summary, &err));
    ck_assert_uint_eq(summary.modules, 50001);
}
END_TEST

START_TEST(a_dotted_name_has_65535_bytes_at_most) {
    static char name[65536];
    uint64_t names;
    memset(name, 'n', sizeof name);
    name[65535 - 5] = '\0';
    ckpt_module module = new_module(root, name, "");
    new_vector(module, "1234", 1);
    assert_ok(walk_all(root, &names));
    assert_ok(save());
    new_vector(module, "12345", 1);
    assert_status(walk_all(root, &names), CKPT_E_LIMIT);
    assert_status(save(), CKPT_E_LIMIT);
    ck_assert_str_eq(err.rule, "M6");
    assert_ok(ckpt_remove(module, "12345", &err));
    assert_ok(save());
}
END_TEST

/* Each level holds the next one twice: 2^levels paths. */
static ckpt_module build_doubling(int levels) {
    ckpt_module inner = new_module(root, "keep", "");
    new_vector(inner, "w", 1);
    assert_ok(ckpt_remove(root, "keep", &err));
    for (int level = 0; level < levels; level++) {
        ckpt_module outer = new_module(root, "level", "");
        share(outer, "a", inner);
        share(outer, "b", inner);
        assert_ok(ckpt_remove(root, "level", &err));
        inner = outer;
    }
    share(root, "top", inner);
    return inner;
}

START_TEST(there_are_2_to_the_26_names_at_most) {
    uint64_t names;
    /* 1 for top, 2 + 4 + ... + 2^24 for modules, 2^24 for the tensor: 3 x 2^24 - 1. */
    build_doubling(24);
    assert_ok(save());
    share(root, "again", ckpt_module_child(root, "top"));
    assert_status(save(), CKPT_E_LIMIT);
    ck_assert_str_eq(err.rule, "M7");
    assert_status(walk_all(root, &names), CKPT_E_LIMIT);
    assert_ok(ckpt_remove(root, "again", &err));
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        new_module(root, name, "");
    }
    assert_ok(save());
}
END_TEST

START_TEST(exponentially_many_paths_are_refused_and_counted_at_once) {
    ckpt_summary summary;
    uint64_t names;
    build_doubling(120);
    assert_status(walk_all(root, &names), CKPT_E_LIMIT);
    assert_status(print(), CKPT_E_LIMIT);
    assert_status(save(), CKPT_E_LIMIT);
    assert_ok(ckpt_summarize(root, &summary, &err));
    ck_assert_uint_eq(summary.modules, 122);
    ck_assert_uint_eq(summary.tensors, 1);
    ck_assert_uint_eq(summary.names, UINT64_MAX);
    ck_assert_uint_eq(summary.untied_bytes, UINT64_MAX);
    ck_assert_uint_eq(summary.storage_bytes, 4);
    ck_assert_uint_eq(summary.parameters, 1);
}
END_TEST

START_TEST(a_summary_counts_what_is_shared_once) {
    ckpt_summary summary;
    ckpt_module layer = new_linear(root, "0", 3, 3);
    share(root, "1", layer);
    assert_ok(ckpt_add_tensor(root, "tied", ckpt_module_tensor(layer, "weight"), &err));
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = CKPT_F32, .is_buffer = true};
    ckpt_tensor view;
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(ckpt_find_tensor(root, "0.weight")), &spec,
                                 &view, &err));
    assert_ok(ckpt_add_tensor(root, "corner", view, &err));
    assert_ok(ckpt_summarize(root, &summary, &err));
    ck_assert_uint_eq(summary.modules, 2);
    ck_assert_uint_eq(summary.tensors, 3);
    ck_assert_uint_eq(summary.storages, 2);
    ck_assert_uint_eq(summary.names, 6);
    ck_assert_uint_eq(summary.parameters, 12);
    ck_assert_uint_eq(summary.buffers, 1);
    ck_assert_uint_eq(summary.storage_bytes, 48);
    ck_assert_uint_eq(summary.untied_bytes, 36 * 3 + 12 * 2 + 4);
    assert_ok(ckpt_summarize(layer, &summary, &err));
    ck_assert_uint_eq(summary.modules, 1);
    ck_assert_uint_eq(summary.names, 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_path_has_128_members_at_most);
    tcase_add_test(tests, a_very_deep_chain_is_refused_and_no_more);
    tcase_add_test(tests, a_dotted_name_has_65535_bytes_at_most);
    tcase_add_test(tests, there_are_2_to_the_26_names_at_most);
    tcase_add_test(tests, exponentially_many_paths_are_refused_and_counted_at_once);
    tcase_add_test(tests, a_summary_counts_what_is_shared_once);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
