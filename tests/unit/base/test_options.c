/* SPDX-License-Identifier: MIT */
/* Options structs of callers that were compiled against an older or a newer library. */
#include "base/options.h"
#include "checkmain.h"

#include <string.h>

typedef struct options {
    size_t struct_size;
    int first;
    int second;
} options;

typedef struct newer_options {
    size_t struct_size;
    int first;
    int second;
    void *third;
} newer_options;

static ckpt_error err;

START_TEST(none_given_is_the_default) {
    options known = {0, 7, 7};
    assert_ok(ck_options_take(&known, sizeof known, NULL, "options", &err));
    ck_assert_uint_eq(known.struct_size, sizeof known);
    ck_assert_int_eq(known.first, 0);
    ck_assert_int_eq(known.second, 0);
}
END_TEST

START_TEST(an_older_caller_has_fewer_members) {
    options known = {0, 7, 7}, given = {offsetof(options, second), 1, 2};
    assert_ok(ck_options_take(&known, sizeof known, &given, "options", &err));
    ck_assert_uint_eq(known.struct_size, sizeof known);
    ck_assert_int_eq(known.first, 1);
    ck_assert_int_eq(known.second, 0);
}
END_TEST

START_TEST(a_newer_caller_may_leave_the_rest_zero) {
    newer_options given;
    options known;
    memset(&given, 0, sizeof given);
    given.struct_size = sizeof given;
    given.second = 5;
    assert_ok(ck_options_take(&known, sizeof known, &given, "options", &err));
    ck_assert_int_eq(known.second, 5);
    given.third = &given;
    assert_status(ck_options_take(&known, sizeof known, &given, "options", &err), CKPT_E_ARGUMENT);
    ck_assert_str_eq(err.message, "the options ask for something that this version does not have");
}
END_TEST

START_TEST(struct_size_must_be_set) {
    options known, given = {0, 1, 2};
    assert_status(ck_options_take(&known, sizeof known, &given, "options", &err), CKPT_E_ARGUMENT);
    ck_assert_str_eq(err.message, "the struct_size of the options is not set");
}
END_TEST

START_TEST(every_call_of_the_library_minds_it) {
    ckpt *c = NULL;
    ckpt_create_options create = {.struct_size = 1};
    ckpt_open_options open = {.struct_size = 1};
    ckpt_save_options save = {.struct_size = 1};
    ckpt_tensor_spec spec = {.struct_size = 1};
    ckpt_storage storage;
    ckpt_tensor tensor;
    void *data;
    size_t size;
    assert_status(ckpt_create(&create, &c, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_open_memory("", 0, NULL, &open, &c, &err), CKPT_E_ARGUMENT);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_status(ckpt_save_memory(c, &save, &data, &size, &err), CKPT_E_ARGUMENT);
    assert_ok(ckpt_storage_create(c, 4, &storage, &err));
    assert_status(ckpt_tensor_create(storage, &spec, &tensor, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, none_given_is_the_default);
    tcase_add_test(tests, an_older_caller_has_fewer_members);
    tcase_add_test(tests, a_newer_caller_may_leave_the_rest_zero);
    tcase_add_test(tests, struct_size_must_be_set);
    tcase_add_test(tests, every_call_of_the_library_minds_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
