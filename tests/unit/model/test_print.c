/* SPDX-License-Identifier: MIT */
/* The printed tree. The texts are those that PyTorch 2.13 prints for the same nets. */
#include "buildnet.h"

#include <math.h>

static ckpt_error err;
static ckpt *c;
static ckpt_module root;
static kept_text kept;

static void setup(void) {
    c = new_ckpt(NULL);
    root = ckpt_root(c);
    memset(&kept, 0, sizeof kept);
}

static void teardown(void) {
    ckpt_free(c);
}

static const char *printed(ckpt_module module) {
    memset(&kept, 0, sizeof kept);
    assert_ok(ckpt_print_module(module, keep_text, &kept, &err));
    return kept.text;
}

static void set_type(ckpt_module module, const char *type) {
    assert_ok(ckpt_set_module_type(module, type, &err));
}

START_TEST(a_shared_layer_is_printed_at_both_places) {
    set_type(root, "Sequential");
    new_linear(root, "0", 64, 32);
    new_module(root, "1", "ReLU");
    ckpt_module layer = new_linear(root, "2", 32, 32);
    new_module(root, "3", "ReLU");
    share(root, "4", layer);
    new_module(root, "5", "ReLU");
    new_linear(root, "6", 32, 10);
    ck_assert_str_eq(printed(root), "Sequential(\n"
                                    "  (0): Linear(in_features=64, out_features=32, bias=True)\n"
                                    "  (1): ReLU()\n"
                                    "  (2): Linear(in_features=32, out_features=32, bias=True)\n"
                                    "  (3): ReLU()\n"
                                    "  (4): Linear(in_features=32, out_features=32, bias=True)\n"
                                    "  (5): ReLU()\n"
                                    "  (6): Linear(in_features=32, out_features=10, bias=True)\n"
                                    ")\n");
}
END_TEST

static void add_block(ckpt_module blocks, const char *name) {
    ckpt_module block = new_module(blocks, name, "Sequential");
    new_linear(block, "0", 4, 8);
    new_module(block, "1", "ReLU");
    new_linear(block, "2", 8, 4);
    new_module(block, "3", "ReLU");
}

START_TEST(nested_modules_are_indented) {
    set_type(root, "Sequential");
    ckpt_module blocks = new_module(root, "0", "Sequential");
    add_block(blocks, "block 0");
    add_block(blocks, "block 1");
    new_linear(root, "1", 4, 1);
    ck_assert_str_eq(printed(root), "Sequential(\n"
                                    "  (0): Sequential(\n"
                                    "    (block 0): Sequential(\n"
                                    "      (0): Linear(in_features=4, out_features=8, bias=True)\n"
                                    "      (1): ReLU()\n"
                                    "      (2): Linear(in_features=8, out_features=4, bias=True)\n"
                                    "      (3): ReLU()\n"
                                    "    )\n"
                                    "    (block 1): Sequential(\n"
                                    "      (0): Linear(in_features=4, out_features=8, bias=True)\n"
                                    "      (1): ReLU()\n"
                                    "      (2): Linear(in_features=8, out_features=4, bias=True)\n"
                                    "      (3): ReLU()\n"
                                    "    )\n"
                                    "  )\n"
                                    "  (1): Linear(in_features=4, out_features=1, bias=True)\n"
                                    ")\n");
    ck_assert_str_eq(printed(ckpt_find_module(root, "0.block 1.1")), "ReLU()\n");
}
END_TEST

START_TEST(attributes_beside_children_have_a_line) {
    set_type(root, "Sequential");
    ckpt_module module = new_module(root, "0", "M");
    new_vector(module, "w", 2); /* tensors are no lines */
    set_attribute(module, "hidden", ckpt_int(3));
    new_module(module, "act", "Tanh");
    new_module(module, "empty", "Sequential");
    ck_assert_str_eq(printed(root), "Sequential(\n"
                                    "  (0): M(\n"
                                    "    hidden=3\n"
                                    "    (act): Tanh()\n"
                                    "    (empty): Sequential()\n"
                                    "  )\n"
                                    ")\n");
    ck_assert_str_eq(printed(module), "M(\n"
                                      "  hidden=3\n"
                                      "  (act): Tanh()\n"
                                      "  (empty): Sequential()\n"
                                      ")\n");
}
END_TEST

START_TEST(a_module_without_a_type_is_called_module) {
    ck_assert_str_eq(printed(root), "Module()\n");
    new_vector(root, "w", 2);
    ck_assert_str_eq(printed(root), "Module()\n");
}
END_TEST

static const char *attributes_of(ckpt_module module) {
    memset(&kept, 0, sizeof kept);
    assert_ok(ckpt_print_attributes(module, keep_text, &kept, &err));
    return kept.text;
}

START_TEST(values_are_printed_as_python_does) {
    ckpt_value pair, inner;
    set_attribute(root, "a", ckpt_null());
    set_attribute(root, "b", ckpt_bool(false));
    set_attribute(root, "c", ckpt_int(INT64_MIN));
    set_attribute(root, "d", ckpt_string("tanh"));
    assert_ok(ckpt_map_set(ckpt_module_attributes(root), "e", ckpt_list(), &pair, &err));
    assert_ok(ckpt_list_append(pair, ckpt_int(3), NULL, &err));
    pair = ckpt_map_get(ckpt_module_attributes(root), "e");
    assert_ok(ckpt_list_append(pair, ckpt_list(), &inner, &err));
    assert_ok(ckpt_list_append(inner, ckpt_bool(true), NULL, &err));
    set_attribute(root, "f", ckpt_list());
    ck_assert_str_eq(attributes_of(root),
                     "a=None, b=False, c=-9223372036854775808, d='tanh', e=(3, (True,)), f=()");
}
END_TEST

static const struct {
    double value;
    const char *text;
} floats[] = {
    {0.01, "0.01"},
    {1e-5, "1e-05"},
    {1e-4, "0.0001"},
    {0.1, "0.1"},
    {0.5, "0.5"},
    {1, "1.0"},
    {100, "100.0"},
    {10000, "10000.0"},
    {123456789, "123456789.0"},
    {1234567.5, "1234567.5"},
    {1e15, "1000000000000000.0"},
    {1e16, "1e+16"},
    {1e22, "1e+22"},
    {1e100, "1e+100"},
    {1.5e-7, "1.5e-07"},
    {5e-324, "5e-324"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
    {0.0, "0.0"},
    {-0.0, "-0.0"},
    {-2.5, "-2.5"},
    {1.0 / 3, "0.3333333333333333"},
    {INFINITY, "inf"},
    {-INFINITY, "-inf"},
    {NAN, "nan"},
};

START_TEST(floats_have_the_shortest_digits) {
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        char wanted[64] = "x=";
        set_attribute(root, "x", ckpt_float(floats[i].value));
        ck_assert_str_eq(attributes_of(root), strcat(wanted, floats[i].text));
    }
}
END_TEST

START_TEST(names_and_types_of_strangers_are_escaped) {
    set_type(root, "Evil\x1b[2J");
    new_module(root, "line\nbreak", "A\xe2\x80\xae");
    set_attribute(ckpt_module_at(root, 0), "k\r", ckpt_string("\x07"));
    ck_assert_str_eq(printed(root), "Evil\\x1b[2J(\n"
                                    "  (line\\nbreak): A\\u202e(k\\x0d='\\x07')\n"
                                    ")\n");
}
END_TEST

START_TEST(long_names_are_printed_whole) {
    static char name[1201], wanted[2500] = "Module(\n  (";
    for (int i = 0; i < 300; i++) {
        memcpy(name + 4 * i, "\xe2\x82\xac\t", 4);
        strcat(wanted, "\xe2\x82\xac\\t");
    }
    strcat(wanted, "): X()\n)\n");
    new_module(root, name, "X");
    ck_assert_str_eq(printed(root), wanted);
}
END_TEST

static bool stop_after(void *ctx, const char *text, size_t size) {
    int *left = ctx;
    (void)text;
    (void)size;
    ck_assert_int_gt(*left, 0); /* not called again after it said no */
    return --*left > 0;
}

START_TEST(a_sink_can_stop) {
    new_linear(root, "0", 2, 2);
    new_linear(root, "1", 2, 2);
    for (int calls = 1; calls < 20; calls++) {
        int left = calls;
        assert_status(ckpt_print_module(root, stop_after, &left, &err), CKPT_E_CANCELLED);
        left = 1;
        assert_status(ckpt_print_attributes(ckpt_module_at(root, 0), stop_after, &left, &err),
                      CKPT_E_CANCELLED);
    }
}
END_TEST

static void add_pair(ckpt_module list, const char *name, uint64_t width) {
    ckpt_module pair = new_module(list, name, "Sequential");
    new_linear(pair, "0", 4, width);
    new_module(pair, "1", "ReLU");
}

START_TEST(a_module_list_folds_what_looks_alike) {
    set_type(root, "Net");
    ckpt_module layers = new_module(root, "layers", "ModuleList");
    add_pair(layers, "0", 4);
    add_pair(layers, "1", 4);
    add_pair(layers, "2", 4);
    add_pair(layers, "3", 8);
    new_module(layers, "4", "ReLU");
    new_module(layers, "5", "ReLU");
    new_module(root, "empty", "ModuleList");
    new_linear(root, "head", 8, 2);
    ck_assert_str_eq(printed(root), "Net(\n"
                                    "  (layers): ModuleList(\n"
                                    "    (0-2): 3 x Sequential(\n"
                                    "      (0): Linear(in_features=4, out_features=4, bias=True)\n"
                                    "      (1): ReLU()\n"
                                    "    )\n"
                                    "    (3): Sequential(\n"
                                    "      (0): Linear(in_features=4, out_features=8, bias=True)\n"
                                    "      (1): ReLU()\n"
                                    "    )\n"
                                    "    (4-5): 2 x ReLU()\n"
                                    "  )\n"
                                    "  (empty): ModuleList()\n"
                                    "  (head): Linear(in_features=8, out_features=2, bias=True)\n"
                                    ")\n");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("print");
    TCase *tests = tcase_create("print");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_shared_layer_is_printed_at_both_places);
    tcase_add_test(tests, nested_modules_are_indented);
    tcase_add_test(tests, attributes_beside_children_have_a_line);
    tcase_add_test(tests, a_module_without_a_type_is_called_module);
    tcase_add_test(tests, values_are_printed_as_python_does);
    tcase_add_test(tests, floats_have_the_shortest_digits);
    tcase_add_test(tests, names_and_types_of_strangers_are_escaped);
    tcase_add_test(tests, long_names_are_printed_whole);
    tcase_add_test(tests, a_module_list_folds_what_looks_alike);
    tcase_add_test(tests, a_sink_can_stop);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
