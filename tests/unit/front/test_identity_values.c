/* SPDX-License-Identifier: MIT */
/* The digest of a model: differences of its metadata and attributes. */
#include "identitymodel.h"

/* The same value as metadata and as an attribute. */
static void assert_new_value(const char *key, ckpt_literal literal) {
    ckpt *c = base();
    assert_ok(ckpt_map_set(ckpt_metadata(c), key, literal, NULL, &err));
    assert_new(key, c);
    c = base();
    ckpt_module module = ckpt_find_module(ckpt_root(c), "second");
    assert_ok(ckpt_map_set(ckpt_module_attributes(module), key, literal, NULL, &err));
    assert_new(key, c);
}

START_TEST(values) {
    static const double negative_zero = -0.0;
    assert_new("base", base());
    assert_new_value("added", ckpt_null());
    assert_new_value("other key", ckpt_null());
    assert_new_value("added", ckpt_bool(false));
    assert_new_value("added", ckpt_bool(true));
    assert_new_value("added", ckpt_int(0));
    assert_new_value("added", ckpt_int(1));
    assert_new_value("added", ckpt_int(-1));
    assert_new_value("added", ckpt_float(0));
    assert_new_value("added", ckpt_float(negative_zero));
    assert_new_value("added", ckpt_float(1));
    assert_new_value("added", ckpt_string(""));
    assert_new_value("added", ckpt_string("1"));
    assert_new_value("added", ckpt_bytes("", 0));
    assert_new_value("added", ckpt_bytes("1", 1));
    assert_new_value("added", ckpt_bytes("1\0", 2));
    assert_new_value("added", ckpt_list());
    assert_new_value("added", ckpt_map());
    assert_new_value("step", ckpt_int(2));
}
END_TEST

START_TEST(nesting_and_order_of_values) {
    ckpt_value inner, list;
    assert_new("base", base());
    ckpt *c = base();
    assert_ok(ckpt_map_remove(ckpt_metadata(c), "step", &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "step", ckpt_int(1), NULL, &err));
    assert_new("another order of keys", c);
    c = base();
    list = ckpt_map_get(ckpt_metadata(c), "list");
    assert_ok(ckpt_list_append(list, ckpt_string("y"), NULL, &err));
    assert_new("a longer list", c);
    c = base();
    list = ckpt_map_get(ckpt_metadata(c), "list");
    assert_ok(ckpt_list_append(list, ckpt_list(), &inner, &err));
    assert_ok(ckpt_list_append(inner, ckpt_string("y"), NULL, &err));
    assert_new("a list in the list", c);
    c = base();
    list = ckpt_map_get(ckpt_metadata(c), "list");
    assert_ok(ckpt_list_append(list, ckpt_list(), NULL, &err));
    assert_ok(ckpt_list_append(list, ckpt_string("y"), NULL, &err));
    assert_new("a list beside", c);
}
END_TEST

static void setup(void) {
    known_count = 0;
}

int main(void) {
    Suite *suite = suite_create("identity_values");
    TCase *tcase = tcase_create("identity_values");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, values);
    tcase_add_test(tcase, nesting_and_order_of_values);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
