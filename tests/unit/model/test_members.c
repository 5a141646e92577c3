/* SPDX-License-Identifier: MIT */
/* Changing the members of modules: share, rename, remove, tie, untie. */
#include "buildnet.h"

#include <stdio.h>

static ckpt_error err;
static ckpt *c;
static ckpt_module root;
static void *bytes;

/* "a" and "b" are linear layers, "c" is "a" again, "w" is the weight of "a". */
static void build(void) {
    c = new_ckpt(NULL);
    root = ckpt_root(c);
    ckpt_module a = new_linear(root, "a", 2, 3);
    new_linear(root, "b", 2, 3);
    share(root, "c", a);
    assert_ok(ckpt_add_tensor(root, "w", ckpt_module_tensor(a, "weight"), &err));
    float *weight = ckpt_storage_writable(ckpt_tensor_storage(ckpt_module_tensor(a, "weight")));
    for (int i = 0; i < 6; i++)
        weight[i] = (float)i;
    bytes = NULL;
}

static void build_and_open(void) {
    build();
    c = saved_and_opened(c, &bytes);
    root = ckpt_root(c);
}

static void teardown(void) {
    ckpt_free(c);
    free(bytes);
}

static const char *members_of(ckpt_module module) {
    static char names[256];
    size_t size = 0;
    names[0] = '\0';
    for (uint32_t i = 0; i < ckpt_module_member_count(module); i++) {
        ckpt_member member = ckpt_module_member(module, i);
        size += (size_t)snprintf(names + size, sizeof names - size, "%s|", member.name);
        /* By name the same is found as by place. */
        ckpt_member named = ckpt_module_member_named(module, member.name);
        ck_assert_int_eq(named.kind, member.kind);
        ck_assert(ckpt_module_same(named.module, member.module));
        ck_assert(ckpt_tensor_same(named.tensor, member.tensor));
    }
    return names;
}

static ckpt_tensor find(const char *name) {
    return ckpt_find_tensor(root, name);
}

START_TEST(a_shared_layer_is_one_module) {
    ckpt_module a = ckpt_module_child(root, "a");
    ck_assert(ckpt_module_same(a, ckpt_module_child(root, "c")));
    ck_assert(!ckpt_module_same(a, ckpt_module_child(root, "b")));
    new_vector(a, "extra", 1);
    ck_assert(ckpt_tensor_exists(find("c.extra")));
    ck_assert_str_eq(members_of(ckpt_module_child(root, "c")), "weight|bias|extra|");
}
END_TEST

START_TEST(renaming_keeps_the_place) {
    assert_ok(ckpt_rename(root, "b", "second layer", &err));
    ck_assert_str_eq(members_of(root), "a|second layer|c|w|");
    ck_assert(!ckpt_module_exists(ckpt_module_child(root, "b")));
    ck_assert(ckpt_tensor_exists(find("second layer.bias")));
    assert_ok(ckpt_rename(root, "w", "", &err));
    ck_assert(ckpt_tensor_same(find(""), find("a.weight")));
    assert_ok(ckpt_rename(root, "a", "a", &err));
    assert_status(ckpt_rename(root, "a", "c", &err), CKPT_E_EXISTS);
    assert_status(ckpt_rename(root, "b", "x", &err), CKPT_E_NOT_FOUND);
    assert_status(ckpt_rename(root, "a.weight", "x", &err), CKPT_E_NOT_FOUND);
    ck_assert_str_eq(members_of(root), "a|second layer|c||");
    /* Names can go round. */
    assert_ok(ckpt_rename(root, "a", "t", &err));
    assert_ok(ckpt_rename(root, "c", "a", &err));
    assert_ok(ckpt_rename(root, "t", "c", &err));
    ck_assert_str_eq(members_of(root), "c|second layer|a||");
}
END_TEST

START_TEST(what_is_removed_stays_under_its_other_names) {
    ckpt_tensor weight = find("w");
    assert_ok(ckpt_remove(root, "a", &err));
    ck_assert_str_eq(members_of(root), "b|c|w|");
    ck_assert(ckpt_tensor_same(find("c.weight"), weight));
    assert_ok(ckpt_remove(root, "c", &err));
    ck_assert(ckpt_tensor_same(find("w"), weight));
    assert_status(ckpt_remove(root, "c", &err), CKPT_E_NOT_FOUND);
    assert_ok(ckpt_remove(root, "w", &err));
    assert_ok(ckpt_remove(root, "b", &err));
    ck_assert_str_eq(members_of(root), "");
    new_linear(root, "b", 1, 1);
    ck_assert_str_eq(members_of(root), "b|");
}
END_TEST

START_TEST(removed_and_added_again_a_name_is_the_last) {
    ckpt_module a = ckpt_module_child(root, "a");
    assert_ok(ckpt_remove(root, "a", &err));
    share(root, "a", a);
    ck_assert_str_eq(members_of(root), "b|c|w|a|");
}
END_TEST

START_TEST(a_tie_makes_two_names_one_tensor) {
    ckpt_module b = ckpt_module_child(root, "b");
    ck_assert(!ckpt_tensor_same(find("b.weight"), find("a.weight")));
    assert_ok(ckpt_tie(b, "weight", find("a.weight"), &err));
    ck_assert(ckpt_tensor_same(find("b.weight"), find("w")));
    ck_assert_str_eq(members_of(b), "weight|bias|");
    assert_status(ckpt_tie(b, "bias", find("w"), &err), CKPT_E_SHAPE);
    assert_status(ckpt_tie(b, "none", find("w"), &err), CKPT_E_NOT_FOUND);
    assert_status(ckpt_tie(root, "a", find("w"), &err), CKPT_E_ARGUMENT);
    ckpt_tensor none = {NULL, 0};
    assert_status(ckpt_tie(b, "weight", none, &err), CKPT_E_ARGUMENT);
    uint64_t shape[2] = {3, 2};
    assert_ok(ckpt_add_parameter(root, "half", CKPT_F16, 2, shape, NULL, NULL, &err));
    assert_status(ckpt_tie(root, "half", find("w"), &err), CKPT_E_SHAPE);
}
END_TEST

START_TEST(untying_copies_the_bytes_to_a_storage_of_its_own) {
    ckpt_tensor loose;
    float values[6];
    assert_ok(ckpt_untie(root, "w", &loose, &err));
    ck_assert(ckpt_tensor_same(find("w"), loose));
    ck_assert(!ckpt_tensor_same(loose, find("a.weight")));
    ck_assert(ckpt_tensor_same(find("a.weight"), find("c.weight")));
    ck_assert(
        !ckpt_storage_same(ckpt_tensor_storage(loose), ckpt_tensor_storage(find("a.weight"))));
    float *own = ckpt_storage_writable(ckpt_tensor_storage(loose));
    ck_assert(own[5] == 5.0f);
    own[5] = -1.0f;
    assert_ok(ckpt_tensor_read(find("c.weight"), values, sizeof values, &err));
    ck_assert(values[5] == 5.0f);
    assert_status(ckpt_untie(root, "a", NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_untie(root, "x", NULL, &err), CKPT_E_NOT_FOUND);
}
END_TEST

START_TEST(untying_a_view_makes_it_dense) {
    uint64_t shape[2] = {2, 2}, strides[2] = {1, 2};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = strides,
                             .storage_offset = 1,
                             .is_buffer = true};
    ckpt_tensor view, dense;
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(find("w")), &spec, &view, &err));
    assert_ok(ckpt_add_tensor(root, "view", view, &err));
    assert_ok(ckpt_untie(root, "view", &dense, &err));
    ck_assert(ckpt_tensor_is_contiguous(dense));
    ck_assert(!ckpt_tensor_is_parameter(dense));
    ck_assert_uint_eq(ckpt_storage_size(ckpt_tensor_storage(dense)), 16);
    const float *values = ckpt_storage_writable(ckpt_tensor_storage(dense));
    static const float wanted[4] = {1, 3, 2, 4};
    ck_assert_mem_eq(values, wanted, sizeof wanted);
}
END_TEST

START_TEST(cycles_are_refused) {
    ckpt_module a = ckpt_module_child(root, "a"), inner = new_module(a, "inner", "");
    assert_status(ckpt_share_module(a, "x", root, &err), CKPT_E_STRUCTURE);
    assert_status(ckpt_share_module(a, "x", a, &err), CKPT_E_STRUCTURE);
    assert_status(ckpt_share_module(inner, "x", a, &err), CKPT_E_STRUCTURE);
    assert_status(ckpt_share_module(inner, "x", root, &err), CKPT_E_STRUCTURE);
    assert_ok(ckpt_share_module(ckpt_module_child(root, "b"), "x", inner, &err));
    assert_status(ckpt_share_module(inner, "x", ckpt_module_child(root, "b"), &err),
                  CKPT_E_STRUCTURE);
    /* Once the way is gone, so is the cycle. */
    assert_ok(ckpt_remove(a, "inner", &err));
    assert_ok(ckpt_share_module(inner, "x", a, &err));
}
END_TEST

START_TEST(parts_of_other_checkpoints_are_refused) {
    ckpt *other = new_ckpt(NULL);
    ckpt_module foreign = new_linear(ckpt_root(other), "a", 2, 3);
    assert_status(ckpt_share_module(root, "x", foreign, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_add_tensor(root, "x", ckpt_module_tensor(foreign, "weight"), &err),
                  CKPT_E_ARGUMENT);
    assert_status(ckpt_tie(root, "w", ckpt_module_tensor(foreign, "weight"), &err),
                  CKPT_E_ARGUMENT);
    ck_assert_str_eq(members_of(root), "a|b|c|w|");
    ckpt_free(other);
}
END_TEST

static TCase *changes(const char *name, void (*begin)(void)) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, a_shared_layer_is_one_module);
    tcase_add_test(tests, renaming_keeps_the_place);
    tcase_add_test(tests, what_is_removed_stays_under_its_other_names);
    tcase_add_test(tests, removed_and_added_again_a_name_is_the_last);
    tcase_add_test(tests, a_tie_makes_two_names_one_tensor);
    tcase_add_test(tests, untying_copies_the_bytes_to_a_storage_of_its_own);
    tcase_add_test(tests, untying_a_view_makes_it_dense);
    tcase_add_test(tests, cycles_are_refused);
    tcase_add_test(tests, parts_of_other_checkpoints_are_refused);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("members");
    suite_add_tcase(suite, changes("built", build));
    suite_add_tcase(suite, changes("opened", build_and_open));
    return run_suite(suite);
}
