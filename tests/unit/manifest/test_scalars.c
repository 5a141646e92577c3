/* SPDX-License-Identifier: MIT */
/* The scalars of manifests: section 2.1 of spec/manifest.md, floats, base64. */
#include "checkmain.h"
#include "manifest/base64.h"
#include "base/floattext.h"
#include "manifest/plainscalar.h"
#include "testrandom.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static ck_plain resolve(const char *text) {
    return ck_plain_resolve(text, strlen(text));
}

START_TEST(plain_scalars_of_the_grammar) {
    ck_assert_int_eq(resolve("null").kind, CK_PLAIN_NULL);
    ck_assert_int_eq(resolve("true").kind, CK_PLAIN_BOOL);
    ck_assert(resolve("true").boolean);
    ck_assert(!resolve("false").boolean);
    ck_assert_int_eq(resolve("0").kind, CK_PLAIN_INT);
    ck_assert_int_eq(resolve("-17").integer, -17);
    ck_assert_int_eq(resolve("9223372036854775807").integer, INT64_MAX);
    ck_assert_int_eq(resolve("-9223372036854775808").integer, INT64_MIN);
    ck_assert_int_eq(resolve("1.").kind, CK_PLAIN_FLOAT);
    ck_assert_double_eq(resolve("+1.5e+3").number, 1500);
    ck_assert_double_eq(resolve("-0.25E-1").number, -0.025);
    ck_assert(isinf(resolve("-.inf").number) && resolve("-.inf").number < 0);
    ck_assert(isnan(resolve(".nan").number));
}
END_TEST

START_TEST(plain_scalars_that_are_strings) {
    static const char *const texts[] = {"Linear", "a b",  "-",    "-a",  ".",     "..",
                                        "_1",     "e5",   "x0",   "inf", ".info", "+.x",
                                        "nan",    "Nope", "yess", "$x",  "=="};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(resolve(texts[i]).kind == CK_PLAIN_STRING, "%s", texts[i]);
}
END_TEST

START_TEST(plain_scalars_that_are_ambiguous) {
    static const char *const texts[] = {
        "",     "~",     "=",    "<<",    "Null", "NULL", "True",       "FALSE", "yes",
        "No",   "ON",    "off",  "y",     "N",    ".Inf", "+.inf",      "-.INF", ".NaN",
        "0x10", "010",   "0o17", "1_000", "1:20", "1e3",  "2024-01-31", "3x3",   "+5",
        "-0",   "00",    ".5",   "1.5e3", "1.e5", "-.5",  "1.2.3",      "1.0e",  "1.0e+",
        "0b1",  "-0x1f", "1,5",  "12e03", "1.5.",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(resolve(texts[i]).kind == CK_PLAIN_AMBIGUOUS, "%s", texts[i]);
}
END_TEST

START_TEST(numbers_out_of_range) {
    static const char *const texts[] = {"9223372036854775808", "-9223372036854775809",
                                        "99999999999999999999999", "1.0e+309", "-1.0e+99999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(resolve(texts[i]).kind == CK_PLAIN_OUT_OF_RANGE, "%s", texts[i]);
}
END_TEST

START_TEST(unsigned_numbers) {
    uint64_t value = 7;
    ck_assert(ck_plain_uint("18446744073709551615", 20, &value) && value == UINT64_MAX);
    ck_assert(ck_plain_uint("0", 1, &value) && value == 0);
    ck_assert(!ck_plain_uint("18446744073709551616", 20, &value));
    ck_assert(!ck_plain_uint("01", 2, &value));
    ck_assert(!ck_plain_uint("-1", 2, &value));
    ck_assert(!ck_plain_uint("", 0, &value));
}
END_TEST

START_TEST(what_may_stand_without_quotes) {
    static const char *const plain[] = {"Linear", "weight_v",        "a b",
                                        "$x",     "torch.nn.Linear", "A@b(c)"};
    static const char *const quoted[] = {"",     "0",    "a ",  " a", "-a",          "yes",
                                         "a: b", "a #b", "a,b", "[a", "caf\xc3\xa9", "a\nb",
                                         "null", "x{",   "true"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        ck_assert_msg(ck_plain_may_stand(plain[i], strlen(plain[i])), "%s", plain[i]);
    for (size_t i = 0; i < sizeof quoted / sizeof quoted[0]; i++)
        ck_assert_msg(!ck_plain_may_stand(quoted[i], strlen(quoted[i])), "%s", quoted[i]);
}
END_TEST

static void check_float(double value, const char *wanted) {
    char text[CK_FLOAT_TEXT_SIZE];
    ck_float_write(value, text);
    ck_assert_str_eq(text, wanted);
}

START_TEST(floats_are_written_in_the_shortest_way) {
    check_float(0.0, "0.0");
    check_float(-0.0, "-0.0");
    check_float(1.0, "1.0");
    check_float(0.1, "0.1");
    check_float(-2.5, "-2.5");
    check_float(1e-4, "0.0001");
    check_float(1e-5, "1.0e-5");
    check_float(123456789.125, "123456789.125");
    check_float(1e15, "1000000000000000.0");
    check_float(1e16, "1.0e+16");
    check_float(1.2345e20, "1.2345e+20");
    check_float(5e-324, "5.0e-324");
    check_float(1.7976931348623157e308, "1.7976931348623157e+308");
    check_float((double)INFINITY, ".inf");
    check_float(-(double)INFINITY, "-.inf");
    check_float((double)NAN, ".nan");
}
END_TEST

static void check_all_bits_come_back(void) {
    test_random r = {20240131};
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next(&r);
        double value, back;
        char text[CK_FLOAT_TEXT_SIZE];
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        ck_float_write(value, text);
        ck_plain plain = resolve(text);
        back = plain.number;
        ck_assert_msg(plain.kind == CK_PLAIN_FLOAT && memcmp(&back, &value, sizeof back) == 0, "%s",
                      text);
    }
}

START_TEST(floats_read_back_as_they_were) {
    check_all_bits_come_back();
}
END_TEST

START_TEST(floats_do_not_depend_on_the_locale) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (setlocale(LC_ALL, names[i]) != NULL)
            break;
    check_float(1234.5, "1234.5");
    check_all_bits_come_back();
}
END_TEST

START_TEST(long_decimals_are_rounded_correctly) {
    /* Halfway between 1 and the next float64, and a little more. */
    const char *half = "1.00000000000000011102230246251565404236316680908203125";
    const char *more = "1.00000000000000011102230246251565404236316680908203126";
    double value = 0;
    ck_assert(ck_float_read(half, strlen(half), &value));
    ck_assert(value == 1.0);
    ck_assert(ck_float_read(more, strlen(more), &value));
    ck_assert(value > 1.0);
}
END_TEST

static void check_base64(const char *bytes, const char *wanted) {
    size_t size = strlen(bytes), length = ck_base64_length(size), back_size = 99;
    char text[64];
    unsigned char back[64];
    ck_base64_write((const unsigned char *)bytes, size, text);
    ck_assert_uint_eq(length, strlen(wanted));
    ck_assert_int_eq(memcmp(text, wanted, length), 0);
    ck_assert(ck_base64_read(text, length, back, &back_size));
    ck_assert_uint_eq(back_size, size);
    ck_assert_int_eq(memcmp(back, bytes, size), 0);
}

START_TEST(base64_as_in_rfc_4648) {
    check_base64("", "");
    check_base64("f", "Zg==");
    check_base64("fo", "Zm8=");
    check_base64("foo", "Zm9v");
    check_base64("foobar", "Zm9vYmFy");
    check_base64("\xfb\xff\xbf", "+/+/");
}
END_TEST

START_TEST(base64_that_is_not_canonical_is_refused) {
    static const char *const texts[] = {"Z",    "Zg",   "Zg=",      "Zh==", "Zm9=",
                                        "====", "Z===", "Zg==Zg==", "Zm 8", "Zm9v\n",
                                        "Zm-_", "=Zg=", "Zg=8"};
    unsigned char bytes[64];
    size_t size;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!ck_base64_read(texts[i], strlen(texts[i]), bytes, &size), "%s", texts[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scalars");
    TCase *tests = tcase_create("scalars");
    tcase_add_test(tests, plain_scalars_of_the_grammar);
    tcase_add_test(tests, plain_scalars_that_are_strings);
    tcase_add_test(tests, plain_scalars_that_are_ambiguous);
    tcase_add_test(tests, numbers_out_of_range);
    tcase_add_test(tests, unsigned_numbers);
    tcase_add_test(tests, what_may_stand_without_quotes);
    tcase_add_test(tests, floats_are_written_in_the_shortest_way);
    tcase_add_test(tests, floats_read_back_as_they_were);
    tcase_add_test(tests, floats_do_not_depend_on_the_locale);
    tcase_add_test(tests, long_decimals_are_rounded_correctly);
    tcase_add_test(tests, base64_as_in_rfc_4648);
    tcase_add_test(tests, base64_that_is_not_canonical_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
