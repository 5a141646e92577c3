/* SPDX-License-Identifier: MIT */
/* Names of strangers on a terminal: nothing but printable characters, and nothing half. */
#include "base/utf8.h"
#include "checkmain.h"

#include <stdio.h>

static void assert_escaped_n(const char *text, size_t size, const char *wanted) {
    char buffer[256];
    size_t length = ckpt_escape(text, size, buffer, sizeof buffer);
    ck_assert_str_eq(buffer, wanted);
    ck_assert_uint_eq(length, strlen(wanted));
}

static void assert_escaped(const char *text, const char *wanted) {
    assert_escaped_n(text, strlen(text), wanted);
}

START_TEST(ordinary_text_stays_as_it_is) {
    assert_escaped("", "");
    assert_escaped("block 1.2.weight", "block 1.2.weight");
    assert_escaped("\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80");
    assert_escaped("'quoted' \"twice\"", "'quoted' \"twice\"");
}
END_TEST

START_TEST(control_characters_are_spelled_out) {
    assert_escaped("a\nb\tc", "a\\nb\\tc");
    assert_escaped("\x1b[31mred", "\\x1b[31mred");
    assert_escaped("\r\a\b\x7f", "\\x0d\\x07\\x08\\x7f");
    assert_escaped("\xc2\x85\xc2\x9b", "\\x85\\x9b"); /* NEL, and CSI in one character */
    assert_escaped_n("a\0b", 3, "a\\x00b");
}
END_TEST

START_TEST(a_backslash_cannot_imitate_an_escape) {
    assert_escaped("\\n", "\\\\n");
    assert_escaped("\\x1b", "\\\\x1b");
}
END_TEST

START_TEST(characters_that_turn_or_hide_text_are_spelled_out) {
    assert_escaped("\xe2\x80\xae"
                   "dlrow",
                   "\\u202edlrow");
    assert_escaped("\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069");
    assert_escaped("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c");
    assert_escaped("\xe2\x80\x8b\xef\xbb\xbf\xc2\xad", "\\u200b\\ufeff\\xad");
    assert_escaped("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
    assert_escaped("\xf3\xa0\x81\x81", "\\U000e0041");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_spelled_out_one_by_one) {
    assert_escaped("a\xff"
                   "b",
                   "a\\xffb");
    assert_escaped("\xc0\x80", "\\xc0\\x80");
    assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");
    assert_escaped_n("\xe2\x82\xac", 2, "\\xe2\\x82");
}
END_TEST

START_TEST(whatever_comes_in_only_printable_characters_come_out) {
    for (uint32_t first = 0; first < 256; first++) {
        for (uint32_t second = 0; second < 256; second++) {
            char text[3] = {(char)first, (char)second, 'x'}, buffer[64];
            size_t length = ckpt_escape(text, 3, buffer, sizeof buffer);
            quick_assert(length < sizeof buffer);
            quick_assert(ck_utf8_valid(buffer, length));
            for (const char *p = buffer; p < buffer + length;)
                quick_assert(
                    !ck_code_point_is_unsafe(ck_utf8_next(&p, (size_t)(buffer + length - p))));
        }
    }
}
END_TEST

/* The pieces that the text below is made of, which must not be split. */
static const char *const pieces[] = {"a",       "\\n",   "\xc3\xa9",    "\\x1b", "\xf0\x9f\x98\x80",
                                     "\\u202e", "\\xff", "\\U000e0041", "z"};
static const char mixed[] = "a\n\xc3\xa9\x1b\xf0\x9f\x98\x80\xe2\x80\xae\xff\xf3\xa0\x81\x81z";

START_TEST(a_result_that_does_not_fit_is_cut_between_pieces) {
    char whole[64] = "";
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        strcat(whole, pieces[i]);
    for (size_t size = 1; size <= strlen(whole) + 2; size++) {
        char buffer[80], wanted[80] = "";
        memset(buffer, '#', sizeof buffer);
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            if (strlen(wanted) + strlen(pieces[i]) >= size)
                break;
            strcat(wanted, pieces[i]);
        }
        ck_assert_uint_eq(ckpt_escape(mixed, sizeof mixed - 1, buffer, size), strlen(whole));
        ck_assert_str_eq(buffer, wanted);
        ck_assert_int_eq(buffer[size], '#');
    }
}
END_TEST

START_TEST(without_room_only_the_length_is_told) {
    char untouched = '#';
    ck_assert_uint_eq(ckpt_escape("a\nb", 3, &untouched, 0), 4);
    ck_assert_int_eq(untouched, '#');
    ck_assert_uint_eq(ckpt_escape("a\nb", 3, NULL, 0), 4);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("escape");
    TCase *tests = tcase_create("escape");
    tcase_add_test(tests, ordinary_text_stays_as_it_is);
    tcase_add_test(tests, control_characters_are_spelled_out);
    tcase_add_test(tests, a_backslash_cannot_imitate_an_escape);
    tcase_add_test(tests, characters_that_turn_or_hide_text_are_spelled_out);
    tcase_add_test(tests, bytes_that_are_no_utf8_are_spelled_out_one_by_one);
    tcase_add_test(tests, whatever_comes_in_only_printable_characters_come_out);
    tcase_add_test(tests, a_result_that_does_not_fit_is_cut_between_pieces);
    tcase_add_test(tests, without_room_only_the_length_is_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
