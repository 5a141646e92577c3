/* SPDX-License-Identifier: MIT */
#include "checkmain.h"
#include "exchange/jsonout.h"
#include "exchange/jsontext.h"

#include <string.h>

static const ck_place at = {"j", 8, NULL, 0, 0};

/* The same text to be unescaped in place; the caller frees it. */
static ck_json json_in_place(const char *text, size_t size, char **ret_copy) {
    ck_memory memory = ck_memory_from(NULL);
    ck_json json;
    ckpt_error err;
    *ret_copy = malloc(size + 1);
    memcpy(*ret_copy, text, size);
    assert_ok(ck_json_open_in_place(&json, &memory, *ret_copy, size, &at, &err));
    return json;
}

static ck_json json_of(const char *text, size_t size) {
    ck_memory memory = ck_memory_from(NULL);
    ck_json json;
    ckpt_error err;
    assert_ok(ck_json_open(&json, &memory, text, size, &at, &err));
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
    char *copy;
    json = json_in_place(text, strlen(text), &copy);
    assert_ok(ck_json_string(&json, "a string", &size, &err));
    ck_assert_msg(size == wanted_size && memcmp(ck_json_text(&json), wanted, size + 1) == 0, "%s",
                  text);
    ck_assert(ck_json_text(&json) > copy && ck_json_text(&json) + size < copy + strlen(text));
    assert_ok(ck_json_end(&json, &err));
    ck_json_close(&json);
    free(copy);
}

static void refuse_string(const char *text) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    size_t size;
    ck_assert_msg(ck_json_string(&json, "a string", &size, &err) == CKPT_E_STRUCTURE, "%s", text);
    ck_assert_uint_ge(err.offset, 8);
    ck_json_close(&json);
    char *copy;
    json = json_in_place(text, strlen(text), &copy);
    ck_assert_msg(ck_json_string(&json, "a string", &size, &err) == CKPT_E_STRUCTURE, "%s", text);
    ck_json_close(&json);
    free(copy);
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
        assert_status(ck_json_open(&json, &memory, cases[i].text, cases[i].size, &at, &err),
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

static void check_scalar(const char *text, ckpt_literal wanted) {
    ck_json json = json_of(text, strlen(text));
    ckpt_error err;
    ckpt_literal got = ckpt_null();
    assert_ok(ck_json_scalar(&json, "a value", &got, &err));
    ck_assert_msg(got.kind == wanted.kind, "%s", text);
    if (got.kind == CKPT_VALUE_STRING)
        ck_assert_str_eq(got.as.bytes.data, wanted.as.bytes.data);
    else if (got.kind == CKPT_VALUE_FLOAT)
        ck_assert_msg(memcmp(&got.as.number, &wanted.as.number, sizeof(double)) == 0, "%s", text);
    else if (got.kind == CKPT_VALUE_INT)
        ck_assert_int_eq(got.as.integer, wanted.as.integer);
    else if (got.kind == CKPT_VALUE_BOOL)
        ck_assert(got.as.boolean == wanted.as.boolean);
    assert_ok(ck_json_end(&json, &err));
    ck_json_close(&json);
}

START_TEST(scalars) {
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1.e1",
        "1e",
        "1e+",
        "-0",
        "0x1",
        "NaN",
        "-NaN",
        "inf",
        "tru",
        "nul",
        "True",
        "{}",
        "[1]",
        "1e999",
        "'a'",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
    };
    check_scalar(" null ", ckpt_null());
    check_scalar("true", ckpt_bool(true));
    check_scalar("false", ckpt_bool(false));
    check_scalar("\"a\\n\"", ckpt_string("a\n"));
    check_scalar("0", ckpt_int(0));
    check_scalar("-7", ckpt_int(-7));
    check_scalar("9223372036854775807", ckpt_int(INT64_MAX));
    check_scalar("-9223372036854775808", ckpt_int(INT64_MIN));
    check_scalar("1.5", ckpt_float(1.5));
    check_scalar("-0.0", ckpt_float(-0.0));
    check_scalar("1E+2", ckpt_float(100));
    check_scalar("0e0", ckpt_float(0));
    check_scalar("0.1", ckpt_float(0.1));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_json json = json_of(bad[i], strlen(bad[i]));
        ckpt_literal value;
        ckpt_error err;
        ckpt_status status = ck_json_scalar(&json, "a value", &value, &err);
        if (status == CKPT_OK)
            status = ck_json_end(&json, &err);
        ck_assert_msg(status == CKPT_E_STRUCTURE, "%s", bad[i]);
        ck_json_close(&json);
    }
}
END_TEST

static void check_written(const char *text, bool ascii, const char *wanted) {
    ck_memory memory = ck_memory_from(NULL);
    ck_buffer out = {NULL, 0, 0};
    ck_assert(ck_json_put_string(&memory, &out, text, strlen(text), ascii));
    ck_assert(ck_json_put_uint(&memory, &out, 0) && ck_json_put_uint(&memory, &out, UINT64_MAX));
    ck_assert(ck_json_put_text(&memory, &out, ""));
    size_t size = strlen(wanted);
    ck_assert_msg(memcmp(out.bytes, wanted, size) == 0, "%.*s", (int)out.size, (char *)out.bytes);
    ck_assert(out.size == size + 21 && memcmp(out.bytes + size, "018446744073709551615", 21) == 0);
    ck_buffer_clear(&memory, &out);
}

START_TEST(what_is_written) {
    check_written("", false, "\"\"");
    check_written("a b/", false, "\"a b/\"");
    check_written("\"\\\b\f\n\r\t\x01\x1f\x7f", false,
                  "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    check_written("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80", false,
                  "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"");
    check_written("~\x7f\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80", true,
                  "\"~\\u007f\\u00e9\\u2028\\ud83d\\ude00\"");
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
    tcase_add_test(tests, scalars);
    tcase_add_test(tests, what_is_written);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
