/* SPDX-License-Identifier: MIT */
/* From a module to its parts, by index and by name, in a checkpoint just built and in one opened.
 */
#include "buildnet.h"

#include <stdio.h>

static ckpt_error err;
static ckpt *net;
static void *bytes;

/* Sequential(Linear, ReLU, Linear) as "net", and the nested regression net as "rgnet". */
static void build(void) {
    net = new_ckpt(NULL);
    ckpt_module root = ckpt_root(net), seq = new_module(root, "net", "Sequential");
    new_linear(seq, "0", 4, 8);
    new_module(seq, "1", "ReLU");
    new_linear(seq, "2", 8, 1);
    ckpt_module rgnet = new_module(root, "rgnet", "Sequential");
    ckpt_module blocks = new_module(rgnet, "0", "Sequential");
    for (int i = 0; i < 3; i++) {
        ckpt_module block =
            new_module(blocks, (char[]){'b', ' ', (char)('0' + i), '\0'}, "Sequential");
        new_linear(block, "0", 4, 8);
        new_module(block, "1", "ReLU");
    }
    new_vector(root, "scale", 3);
    bytes = NULL;
}

static void build_and_open(void) {
    build();
    net = saved_and_opened(net, &bytes);
}

static void teardown(void) {
    ckpt_free(net);
    free(bytes);
}

static ckpt_module module_net(void) {
    return ckpt_module_child(ckpt_root(net), "net");
}

START_TEST(a_bias_is_reached_by_index_and_name) {
    ckpt_tensor bias = ckpt_module_tensor(ckpt_module_at(module_net(), 2), "bias");
    ck_assert(ckpt_tensor_exists(bias));
    ck_assert_uint_eq(ckpt_tensor_numel(bias), 1);
    ck_assert(ckpt_tensor_same(bias, ckpt_find_tensor(module_net(), "2.bias")));
    ck_assert(ckpt_tensor_same(bias, ckpt_find_tensor(ckpt_root(net), "net.2.bias")));
}
END_TEST

START_TEST(nested_modules_are_reached_by_indexes) {
    ckpt_module rgnet = ckpt_module_child(ckpt_root(net), "rgnet");
    ckpt_module layer = ckpt_module_at(ckpt_module_at(ckpt_module_at(rgnet, 0), 1), 0);
    ckpt_tensor bias = ckpt_module_tensor(layer, "bias");
    ck_assert_uint_eq(ckpt_tensor_numel(bias), 8);
    ck_assert(ckpt_tensor_same(bias, ckpt_find_tensor(rgnet, "0.b 1.0.bias")));
    ck_assert(ckpt_module_same(layer, ckpt_find_module(rgnet, "0.b 1.0")));
    ck_assert(!ckpt_tensor_same(bias, ckpt_find_tensor(rgnet, "0.b 2.0.bias")));
}
END_TEST

START_TEST(an_index_counts_modules_only) {
    ckpt_module root = ckpt_root(net);
    ck_assert_uint_eq(ckpt_module_member_count(root), 3);
    ck_assert(ckpt_module_same(ckpt_module_at(root, 1), ckpt_find_module(root, "rgnet")));
    ck_assert(!ckpt_module_exists(ckpt_module_at(root, 2)));
    ck_assert(!ckpt_module_exists(ckpt_module_at(root, UINT32_MAX)));
    ckpt_member last = ckpt_module_member(root, 2);
    ck_assert_str_eq(last.name, "scale");
    ck_assert_int_eq(last.kind, CKPT_MEMBER_TENSOR);
    ck_assert(!ckpt_module_exists(last.module));
}
END_TEST

START_TEST(the_empty_dotted_name_is_the_module_itself) {
    ck_assert(ckpt_module_same(ckpt_find_module(module_net(), ""), module_net()));
    ck_assert(!ckpt_tensor_exists(ckpt_find_tensor(module_net(), "")));
}
END_TEST

START_TEST(what_is_not_there_is_not_found) {
    static const char *const names[] = {"net.3.bias",  "net.2",       "net.2.",       ".net.2.bias",
                                        "net..2.bias", "2.bias",      "net.2.bias.x", "scale.x",
                                        "net.2.bia",   "net.2.biass", "NET.2.bias"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(!ckpt_tensor_exists(ckpt_find_tensor(ckpt_root(net), names[i])), "%s",
                      names[i]);
    ck_assert(!ckpt_module_exists(ckpt_find_module(ckpt_root(net), "scale")));
    ck_assert(!ckpt_module_exists(ckpt_find_module(ckpt_root(net), "net.")));
    ck_assert(!ckpt_module_exists(ckpt_module_child(module_net(), "0.weight")));
    ckpt_member none = ckpt_module_member_named(module_net(), "9");
    ck_assert_ptr_null(none.name);
    ck_assert_int_eq(none.kind, CKPT_MEMBER_NONE);
    none = ckpt_module_member(module_net(), 3);
    ck_assert_int_eq(none.kind, CKPT_MEMBER_NONE);
}
END_TEST

START_TEST(objects_have_numbers) {
    ck_assert_uint_eq(ckpt_module_count(net), 1 + 4 + 2 + 9);
    ck_assert_uint_eq(ckpt_tensor_count(net), 11);
    ck_assert_uint_eq(ckpt_storage_count(net), 11);
    ck_assert(ckpt_module_same(ckpt_module_by_id(net, 0), ckpt_root(net)));
    ck_assert(!ckpt_module_exists(ckpt_module_by_id(net, 16)));
    ck_assert(!ckpt_tensor_exists(ckpt_tensor_by_id(net, 11)));
    ck_assert(!ckpt_storage_exists(ckpt_storage_by_id(net, 11)));
    for (uint32_t i = 0; i < 11; i++)
        ck_assert(ckpt_tensor_exists(ckpt_tensor_by_id(net, i)));
}
END_TEST

/* A component may be empty or hold anything but a dot and NUL. */
static const char *const odd_names[] = {"",
                                        " ",
                                        "a b",
                                        "\n",
                                        "\x1b[31m",
                                        "'",
                                        "\"",
                                        "a/b",
                                        "-",
                                        "0",
                                        "\xc3\xa9\xf0\x9f\x98\x80",
                                        "weight ",
                                        "\xe2\x80\xae"};
enum { ODD = sizeof odd_names / sizeof odd_names[0] };

static void assert_odd_names_found(void) {
    ckpt_module holder = ckpt_module_at(ckpt_root(net), 2);
    char dotted[64];
    for (int i = 0; i < ODD; i++) {
        ckpt_module module = ckpt_module_child(holder, odd_names[i]);
        ck_assert_str_eq(ckpt_module_type(module), odd_names[i]);
        ckpt_tensor tensor = ckpt_module_tensor(module, odd_names[i]);
        ck_assert_uint_eq(ckpt_tensor_numel(tensor), (uint64_t)i);
        snprintf(dotted, sizeof dotted, "odd.%s.%s", odd_names[i], odd_names[i]);
        ck_assert(ckpt_tensor_same(tensor, ckpt_find_tensor(ckpt_root(net), dotted)));
    }
}

START_TEST(odd_names_are_names) {
    ckpt_module holder = new_module(ckpt_root(net), "odd", "");
    for (int i = 0; i < ODD; i++)
        new_vector(new_module(holder, odd_names[i], odd_names[i]), odd_names[i], (uint64_t)i);
    assert_odd_names_found();
    void *before = bytes;
    net = saved_and_opened(net, &bytes);
    assert_odd_names_found();
    free(before);
}
END_TEST

static const char *const bad_names[] = {"a.b", ".", "\xff", "\xc0\x80", "\xed\xa0\x80", "a\xc3"};

START_TEST(names_that_are_none_are_refused) {
    ckpt_module root = ckpt_root(net);
    static char longest[65537];
    memset(longest, 'x', 65536);
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        assert_status(ckpt_add_module(root, bad_names[i], "", NULL, &err), CKPT_E_ARGUMENT);
        assert_status(ckpt_rename(root, "scale", bad_names[i], &err), CKPT_E_ARGUMENT);
    }
    assert_status(ckpt_add_module(root, longest, "", NULL, &err), CKPT_E_ARGUMENT);
    longest[65535] = '\0';
    assert_ok(ckpt_add_module(root, longest, "", NULL, &err));
    assert_status(ckpt_set_module_type(root, "\xff", &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_add_module(root, "scale", "", NULL, &err), CKPT_E_EXISTS);
    ck_assert_ptr_nonnull(strstr(err.message, "'scale'"));
}
END_TEST

static TCase *navigation(const char *name, void (*begin)(void)) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, a_bias_is_reached_by_index_and_name);
    tcase_add_test(tests, nested_modules_are_reached_by_indexes);
    tcase_add_test(tests, an_index_counts_modules_only);
    tcase_add_test(tests, the_empty_dotted_name_is_the_module_itself);
    tcase_add_test(tests, what_is_not_there_is_not_found);
    tcase_add_test(tests, objects_have_numbers);
    tcase_add_test(tests, odd_names_are_names);
    tcase_add_test(tests, names_that_are_none_are_refused);
    return tests;
}

int main(void) {
    Suite *suite = suite_create("navigate");
    suite_add_tcase(suite, navigation("built", build));
    suite_add_tcase(suite, navigation("opened", build_and_open));
    return run_suite(suite);
}
