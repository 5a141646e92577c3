/* SPDX-License-Identifier: MIT */
/* Error messages: one printable line, well-formed even when it is cut. */
#include "base/error.h"
#include "base/utf8.h"
#include "checkmain.h"

#include <errno.h>
#include <string.h>

static ckpt_error err;

static void setup(void) {
    memset(&err, 0x5a, sizeof err);
}

static const char *message_at(const char *name, uint64_t offset, const char *rule, uint32_t line,
                              uint32_t column) {
    ck_place place = {name, offset, rule, line, column};
    ck_set_error_at(&err, &place, CKPT_E_STRUCTURE, "what is %s", "wrong");
    return err.message;
}

START_TEST(every_part_of_the_place_can_be_left_out) {
    ck_assert_str_eq(message_at("f.ckpt", 64, "H11", 0, 0),
                     "f.ckpt: offset 64: rule H11: what is wrong");
    ck_assert_str_eq(message_at("f.ckpt", CKPT_NO_OFFSET, NULL, 0, 0), "f.ckpt: what is wrong");
    ck_assert_str_eq(message_at("f.yaml", CKPT_NO_OFFSET, NULL, 3, 14),
                     "f.yaml:3:14: what is wrong");
    ck_assert_str_eq(message_at("f", CKPT_NO_OFFSET, "T4", 0, 0), "f: rule T4: what is wrong");
    ck_assert_str_eq(message_at(NULL, 0, "T4", 0, 0), "offset 0: rule T4: what is wrong");
    ck_assert_str_eq(message_at(NULL, CKPT_NO_OFFSET, NULL, 0, 0), "what is wrong");
}
END_TEST

START_TEST(all_members_are_filled) {
    message_at("f.ckpt", 64, "H11", 0, 0);
    ck_assert_int_eq(err.status, CKPT_E_STRUCTURE);
    ck_assert_int_eq(err.sys_errno, 0);
    ck_assert_uint_eq(err.offset, 64);
    ck_assert_str_eq(err.rule, "H11");
    message_at("f", CKPT_NO_OFFSET, NULL, 3, 14);
    ck_assert_uint_eq(err.line, 3);
    ck_assert_uint_eq(err.column, 14);
    ck_assert_str_eq(err.rule, "");
    ck_assert_uint_eq(err.offset, CKPT_NO_OFFSET);
    ck_set_error(&err, CKPT_E_SHAPE, "plain");
    ck_assert_uint_eq(err.line, 0);
    ck_assert_uint_eq(err.offset, CKPT_NO_OFFSET);
    ck_assert_str_eq(err.message, "plain");
}
END_TEST

START_TEST(without_an_error_to_fill_the_status_still_returns) {
    ck_place place = {"f", 0, NULL, 0, 0};
    ck_assert_int_eq(ck_fail(NULL, CKPT_E_SHAPE, "x"), CKPT_E_SHAPE);
    ck_assert_int_eq(ck_fail_at(NULL, &place, CKPT_E_BOUNDS, "x"), CKPT_E_BOUNDS);
    ck_assert_int_eq(ck_fail_nomem(NULL), CKPT_E_NOMEM);
    ck_assert_int_eq(ck_fail_errno(NULL, "f", "read", EIO), CKPT_E_IO);
    ck_assert_int_eq(ck_error_prefix(NULL, CKPT_E_IO, "f"), CKPT_E_IO);
}
END_TEST

START_TEST(names_in_messages_are_escaped_and_cut) {
    char longest[300];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_str_eq(CK_NAME("a\x1b[0m\n"), "a\\x1b[0m\\n");
    ck_name_text cut = ck_name(longest);
    ck_assert_uint_eq(strlen(cut.text), sizeof cut.text - 1);
    ck_assert_str_eq(cut.text + sizeof cut.text - 5, "n...");
    longest[127] = '\0';
    ck_assert_str_eq(CK_NAME(longest), longest);
    ck_assert_str_eq(message_at("dir/\x1b]0;title\a", CKPT_NO_OFFSET, NULL, 0, 0),
                     "dir/\\x1b]0;title\\x07: what is wrong");
}
END_TEST

START_TEST(a_cut_name_has_no_half_characters) {
    for (size_t shift = 0; shift < 4; shift++) {
        char name[400] = "";
        memset(name, 'x', shift);
        for (int i = 0; i < 60; i++)
            strcat(name, "\xf0\x9f\x98\x80");
        ck_name_text cut = ck_name(name);
        ck_assert(ck_utf8_valid(cut.text, strlen(cut.text)));
        ck_assert_str_eq(cut.text + strlen(cut.text) - 3, "...");
    }
}
END_TEST

START_TEST(a_message_that_is_too_long_is_cut_between_characters) {
    for (size_t shift = 0; shift < 4; shift++) {
        char text[1000] = "";
        memset(text, 'x', shift);
        while (strlen(text) < 900)
            strcat(text, "\xe2\x82\xac\xf0\x9f\x98\x80");
        ck_set_error(&err, CKPT_E_SHAPE, "%s", text);
        size_t size = strlen(err.message);
        ck_assert(ck_utf8_valid(err.message, size));
        ck_assert_uint_ge(size, sizeof err.message - 4);
        ck_assert_mem_eq(err.message, text, size);
    }
}
END_TEST

START_TEST(system_errors_are_told_in_words_and_kept) {
    ck_assert_int_eq(ck_fail_errno(&err, "f", "read", EIO), CKPT_E_IO);
    ck_assert_str_eq(err.message, "f: cannot read: input/output error");
    ck_assert_int_eq(err.sys_errno, EIO);
    ck_assert_int_eq(ck_fail_errno(&err, "f", "open", ENOENT), CKPT_E_NOT_FOUND);
    ck_assert_int_eq(ck_fail_errno(&err, "f", "map", ENOMEM), CKPT_E_NOMEM);
    ck_fail_errno(&err, "f", "read", 9999);
    ck_assert_str_eq(err.message, "f: cannot read: system error 9999");
    ck_assert_int_eq(ck_fail_nomem(&err), CKPT_E_NOMEM);
    ck_assert_int_eq(err.sys_errno, ENOMEM);
}
END_TEST

START_TEST(a_file_name_can_be_put_before_a_message) {
    ck_place place = {NULL, 8, "X1", 0, 0};
    ck_set_error_at(&err, &place, CKPT_E_BOUNDS, "too short");
    ck_assert_int_eq(ck_error_prefix(&err, CKPT_E_BOUNDS, "a\nb.ckpt"), CKPT_E_BOUNDS);
    ck_assert_str_eq(err.message, "a\\nb.ckpt: offset 8: rule X1: too short");
    ck_assert_str_eq(err.rule, "X1");
    ck_assert_int_eq(ck_error_prefix(&err, CKPT_OK, "f"), CKPT_OK);
    ck_assert_str_eq(err.message, "a\\nb.ckpt: offset 8: rule X1: too short");
}
END_TEST

START_TEST(statuses_have_names) {
    ck_assert_str_eq(ckpt_status_name(CKPT_OK), "CKPT_OK");
    ck_assert_str_eq(ckpt_status_name(CKPT_E_ARGUMENT), "CKPT_E_ARGUMENT");
    ck_assert_str_eq(ckpt_status_name(CKPT_E_CHECKSUM), "CKPT_E_CHECKSUM");
    ck_assert_str_eq(ckpt_status_name(CKPT_E_CANCELLED), "CKPT_E_CANCELLED");
    ck_assert_str_eq(ckpt_status_name((ckpt_status)20), "CKPT_E_?");
    ck_assert_str_eq(ckpt_status_name((ckpt_status)-1), "CKPT_E_?");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("errortext");
    TCase *tests = tcase_create("errortext");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, every_part_of_the_place_can_be_left_out);
    tcase_add_test(tests, all_members_are_filled);
    tcase_add_test(tests, without_an_error_to_fill_the_status_still_returns);
    tcase_add_test(tests, names_in_messages_are_escaped_and_cut);
    tcase_add_test(tests, a_cut_name_has_no_half_characters);
    tcase_add_test(tests, a_message_that_is_too_long_is_cut_between_characters);
    tcase_add_test(tests, system_errors_are_told_in_words_and_kept);
    tcase_add_test(tests, a_file_name_can_be_put_before_a_message);
    tcase_add_test(tests, statuses_have_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
