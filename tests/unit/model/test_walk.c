/* SPDX-License-Identifier: MIT */
/* Walks over names: what PyTorch's state_dict, named_parameters, named_buffers and named_modules
 * give for the same nets, in their order and with their treatment of duplicates. */
#include "buildnet.h"
#include "faultmemory.h"

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

/* The names of a walk, each with a '|' behind it and, if repeated, a '*' before that. */
static const char *names_of(ckpt_module start, ckpt_walk_kind kind, const char *skip) {
    static char names[2048];
    ckpt_walk *walk;
    ckpt_walk_item item;
    size_t size = 0;
    names[0] = '\0';
    assert_ok(ckpt_walk_create(start, kind, &walk, &err));
    while (ckpt_walk_next(walk, &item)) {
        ck_assert_uint_eq(strlen(item.name), item.name_size);
        const char *dot = strrchr(item.name, '.');
        ck_assert_ptr_eq(item.component, dot != NULL ? dot + 1 : item.name);
        size += (size_t)snprintf(names + size, sizeof names - size, "%s%s|", item.name,
                                 item.repeated ? "*" : "");
        if (skip != NULL && strcmp(item.name, skip) == 0)
            ckpt_walk_skip(walk);
    }
    ck_assert(!ckpt_walk_next(walk, &item));
    ckpt_walk_free(walk);
    return names;
}

/* Sequential(Linear, ReLU, shared, ReLU, shared, Linear) with a buffer, and the last weight tied to
 * the first one. */
static void build_shared(void) {
    new_linear(root, "0", 4, 4);
    new_module(root, "1", "ReLU");
    ckpt_module layer = new_linear(root, "2", 4, 4);
    uint64_t one = 1;
    assert_ok(ckpt_add_buffer(layer, "steps", CKPT_I64, 1, &one, NULL, NULL, &err));
    new_module(root, "3", "ReLU");
    share(root, "4", layer);
    new_linear(root, "5", 4, 4);
    assert_ok(
        ckpt_tie(ckpt_find_module(root, "5"), "weight", ckpt_find_tensor(root, "0.weight"), &err));
}

START_TEST(state_dict_repeats_what_is_shared_or_tied) {
    build_shared();
    ck_assert_str_eq(names_of(root, CKPT_WALK_STATE_DICT, NULL),
                     "0.weight|0.bias|2.weight|2.bias|2.steps|4.weight*|4.bias*|4.steps*|"
                     "5.weight*|5.bias|");
}
END_TEST

START_TEST(named_parameters_names_each_once) {
    build_shared();
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_PARAMETERS, NULL),
                     "0.weight|0.bias|2.weight|2.bias|5.bias|");
    ck_assert_str_eq(names_of(ckpt_find_module(root, "4"), CKPT_WALK_NAMED_PARAMETERS, NULL),
                     "weight|bias|");
    /* Seen from the layer itself the tied weight is the first of its name. */
    ck_assert_str_eq(names_of(ckpt_find_module(root, "5"), CKPT_WALK_NAMED_PARAMETERS, NULL),
                     "weight|bias|");
}
END_TEST

START_TEST(named_buffers_and_modules_name_each_once) {
    build_shared();
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_BUFFERS, NULL), "2.steps|");
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_MODULES, NULL), "|0|1|2|3|5|");
    ck_assert_str_eq(names_of(ckpt_find_module(root, "2"), CKPT_WALK_NAMED_MODULES, NULL), "|");
}
END_TEST

START_TEST(everything_is_every_name) {
    build_shared();
    ck_assert_str_eq(names_of(root, CKPT_WALK_EVERYTHING, NULL),
                     "0|0.weight|0.bias|1|2|2.weight|2.bias|2.steps|3|4*|4.weight*|4.bias*|"
                     "4.steps*|5|5.weight*|5.bias|");
}
END_TEST

START_TEST(a_shared_module_inside_a_shared_module_counts_at_every_place) {
    ckpt_module a = new_module(root, "a", ""), inner = new_module(a, "x", "");
    new_vector(inner, "w", 1);
    share(a, "y", inner);
    share(root, "b", a);
    ck_assert_str_eq(names_of(root, CKPT_WALK_STATE_DICT, NULL), "a.x.w|a.y.w*|b.x.w*|b.y.w*|");
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_PARAMETERS, NULL), "a.x.w|");
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_MODULES, NULL), "|a|a.x|");
    ck_assert_str_eq(names_of(root, CKPT_WALK_EVERYTHING, NULL),
                     "a|a.x|a.x.w|a.y*|a.y.w*|b*|b.x*|b.x.w*|b.y*|b.y.w*|");
}
END_TEST

START_TEST(two_views_of_one_storage_are_two_tensors) {
    ckpt_tensor whole = new_vector(root, "whole", 4), half;
    uint64_t two = 2;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 1,
                             .shape = &two,
                             .storage_offset = 2};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(whole), &spec, &half, &err));
    assert_ok(ckpt_add_tensor(root, "half", half, &err));
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_PARAMETERS, NULL), "whole|half|");
}
END_TEST

START_TEST(a_skipped_module_is_passed_with_all_that_is_in_it) {
    build_shared();
    ck_assert_str_eq(names_of(root, CKPT_WALK_EVERYTHING, "2"),
                     "0|0.weight|0.bias|1|2|3|4*|4.weight|4.bias|4.steps|5|5.weight*|5.bias|");
    ck_assert_ptr_nonnull(strstr(names_of(root, CKPT_WALK_EVERYTHING, "1"), "|1|2|2.weight|"));
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_MODULES, "3"), "|0|1|2|3|5|");
    ck_assert_str_eq(names_of(root, CKPT_WALK_NAMED_MODULES, ""), "|");
}
END_TEST

START_TEST(skipping_at_a_tensor_skips_nothing) {
    build_shared();
    const char *names = names_of(root, CKPT_WALK_STATE_DICT, "0.weight");
    ck_assert_ptr_nonnull(strstr(names, "0.weight|0.bias|"));
    names = names_of(root, CKPT_WALK_EVERYTHING, "0.bias");
    ck_assert_ptr_nonnull(strstr(names, "0.bias|1|2|2.weight|"));
}
END_TEST

START_TEST(empty_names_make_dots) {
    ckpt_module nameless = new_module(root, "", "");
    new_vector(nameless, "w", 1);
    ckpt_module inner = new_module(nameless, "", "");
    new_vector(inner, "x", 1);
    new_vector(inner, "", 1);
    ck_assert_str_eq(names_of(root, CKPT_WALK_EVERYTHING, NULL), "|.w|.|..x|..|");
}
END_TEST

START_TEST(items_tell_where_they_are) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_module layer = new_linear(new_module(root, "a b", ""), "c", 2, 2);
    assert_ok(ckpt_walk_create(root, CKPT_WALK_EVERYTHING, &walk, &err));
    ck_assert(ckpt_walk_next(walk, &item));
    ck_assert_uint_eq(item.depth, 1);
    ck_assert(!ckpt_tensor_exists(item.tensor));
    ck_assert(ckpt_walk_next(walk, &item));
    ck_assert(ckpt_module_same(item.module, layer));
    ck_assert(ckpt_walk_next(walk, &item));
    ck_assert_str_eq(item.name, "a b.c.weight");
    ck_assert_str_eq(item.component, "weight");
    ck_assert_uint_eq(item.depth, 3);
    ck_assert(ckpt_module_same(item.module, layer));
    ck_assert(ckpt_tensor_same(item.tensor, ckpt_module_tensor(layer, "weight")));
    ckpt_walk_free(walk);
    ckpt_walk_free(NULL);
}
END_TEST

START_TEST(a_walk_can_be_freed_after_a_change) {
    fault_memory memory = {0};
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt *changed = new_ckpt(&hook);
    ckpt_walk *walk;
    assert_ok(ckpt_walk_create(ckpt_root(changed), CKPT_WALK_EVERYTHING, &walk, &err));
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "m%d", i);
        assert_ok(ckpt_add_module(ckpt_root(changed), name, "", NULL, &err));
    }
    ckpt_walk_free(walk);
    ckpt_free(changed);
    ck_assert_ptr_null(fault_memory_complaint(&memory));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("walk");
    TCase *tests = tcase_create("walk");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, state_dict_repeats_what_is_shared_or_tied);
    tcase_add_test(tests, named_parameters_names_each_once);
    tcase_add_test(tests, named_buffers_and_modules_name_each_once);
    tcase_add_test(tests, everything_is_every_name);
    tcase_add_test(tests, a_shared_module_inside_a_shared_module_counts_at_every_place);
    tcase_add_test(tests, two_views_of_one_storage_are_two_tensors);
    tcase_add_test(tests, a_skipped_module_is_passed_with_all_that_is_in_it);
    tcase_add_test(tests, skipping_at_a_tensor_skips_nothing);
    tcase_add_test(tests, empty_names_make_dots);
    tcase_add_test(tests, items_tell_where_they_are);
    tcase_add_test(tests, a_walk_can_be_freed_after_a_change);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
