/* SPDX-License-Identifier: MIT */
#include "checkmain.h"
#include "exchange/jsontext.h"

#include <string.h>

static ck_json json_of(const char *text, size_t size) {
    ck_memory memory = ck_memory_from(NULL);
    ck_json json;
    ckpt_error err;
    assert_ok(ck_json_open(&json, &memory, text, size, "j", 8, &err));
    return json;
}

static void check_string(const char *text, const char *wanted, size_t wanted_size) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    size_t size = 0;
    assert_ok(ck_json_string(&json, "a string", &size, &err));
    ck_assert_msg(size == wanted_size && memcmp(ck_json_text(&json), wanted, size + 1) == 0, "%s",
                  text);
    assert_ok(ck_json_end(&json, &err));
    ck_json_close(&json);
}

static void refuse_string(const char *text) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    size_t size;
    ck_assert_msg(ck_json_string(&json, "a string", &size, &err) == CKPT_E_STRUCTURE, "%s", text);
    ck_assert_uint_ge(err.offset, 8);
    ck_json_close(&json);
}

START_TEST(strings) {
    check_string("\"\"", "", 0);
    check_string(" \t\r\n\"a\" \n", "a", 1);
    check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_string("\"\\u0041\\u00e9\\u20AC\\ud83D\\uDe00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 10);
    check_string("\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80", 4);
    check_string("\"\x7f\"", "\x7f", 1);
}
END_TEST

START_TEST(malformed_strings) {
    static const char *const texts[] = {
        "",
        "a",
        "'a'",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\U0041\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "\"\\ud800x\"",
        "\"a\nb\"",
        "\"\t\"",
        "\"\\\n\"",
        "\"\\a\"",
        "\"\\'\"",
        "\"\\ud83d\\n\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuse_string(texts[i]);
}
END_TEST

START_TEST(text_that_is_not_utf8) {
    static const struct {
        const char *text;
        size_t size;
        uint64_t offset;
    } cases[] = {
        {"\"\xff\"", 3, 9},     {"\"\xc3\"", 3, 9}, {"\"\xed\xa0\x80\"", 5, 9},
        {"\"\xc0\x80\"", 4, 9}, {"{}\0", 3, 10},    {"\xf5\x80\x80\x80", 4, 8},
    };
    ck_memory memory = ck_memory_from(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_json json;
        ckpt_error err;
        assert_status(ck_json_open(&json, &memory, cases[i].text, cases[i].size, "j", 8, &err),
                      CKPT_E_STRUCTURE);
        ck_assert_uint_eq(err.offset, cases[i].offset);
        ck_json_close(&json);
    }
}
END_TEST

static ckpt_status read_uint(const char *text, uint64_t *ret_value) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    ckpt_status status = ck_json_uint(&json, "a number", ret_value, &err);
    if (status == CKPT_OK)
        status = ck_json_end(&json, &err);
    ck_json_close(&json);
    return status;
}

START_TEST(numbers) {
    uint64_t value = 1;
    ck_assert_int_eq(read_uint("0", &value), CKPT_OK);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(read_uint(" 9223372036854775807 ", &value), CKPT_OK);
    ck_assert_uint_eq(value, INT64_MAX);
    ck_assert_int_eq(read_uint("9223372036854775808", &value), CKPT_E_OVERFLOW);
    ck_assert_int_eq(read_uint("99999999999999999999999999", &value), CKPT_E_OVERFLOW);
    static const char *const malformed[] = {
        "",     "-0",  "-1",  "+1",   "01",    "00",  "1.0", "1e0", "1E2", "0.0",           ".5",
        "0x10", "1_0", "NaN", "true", "\"1\"", "1 2", "0e",  "[1]", "1a",  "\xef\xbb\xbf_1"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        ck_assert_msg(read_uint(malformed[i], &value) == CKPT_E_STRUCTURE, "%s", malformed[i]);
}
END_TEST

/* [number, number ...] */
static ckpt_status read_list(const char *text, int *ret_count) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    bool more = false;
    uint64_t value;
    *ret_count = 0;
    ckpt_status status = ck_json_expect(&json, '[', "a list", &err);
    if (status == CKPT_OK)
        status = ck_json_more(&json, ']', true, &more, &err);
    while (status == CKPT_OK && more) {
        status = ck_json_uint(&json, "a number", &value, &err);
        *ret_count += 1;
        if (status == CKPT_OK)
            status = ck_json_more(&json, ']', false, &more, &err);
    }
    if (status == CKPT_OK)
        status = ck_json_end(&json, &err);
    ck_json_close(&json);
    return status;
}

START_TEST(lists) {
    static const char *const malformed[] = {"[",   "[1",  "[1,",    "[1,]", "[,1]", "[1 2]",
                                            "[]]", "[1}", "[1,,2]", "1]",   "{}",   "[1] x"};
    int count;
    ck_assert_int_eq(read_list("[]", &count), CKPT_OK);
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(read_list(" [ 1 , 2,3 ] ", &count), CKPT_OK);
    ck_assert_int_eq(count, 3);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        ck_assert_msg(read_list(malformed[i], &count) == CKPT_E_STRUCTURE, "%s", malformed[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jsontext");
    TCase *tests = tcase_create("jsontext");
    tcase_add_test(tests, strings);
    tcase_add_test(tests, malformed_strings);
    tcase_add_test(tests, text_that_is_not_utf8);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, lists);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
