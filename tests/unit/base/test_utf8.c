/* SPDX-License-Identifier: MIT */
/* Well-formed UTF-8, against a decoder that is written another way. */
#include "base/utf8.h"
#include "checkmain.h"

/* How RFC 3629 encodes a number; 0 bytes for one that has no encoding. */
static size_t encode(uint32_t c, unsigned char *out) {
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xc0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        if (c >= 0xd800 && c < 0xe000)
            return 0;
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

static bool valid(const void *bytes, size_t size) {
    return ck_utf8_valid((const char *)bytes, size);
}

START_TEST(every_code_point_is_taken_and_given_back) {
    for (uint32_t c = 1; c < 0x110000; c++) {
        unsigned char bytes[4];
        size_t size = encode(c, bytes);
        if (size == 0)
            continue;
        const char *text = (const char *)bytes;
        if (!valid(bytes, size) || ck_utf8_next(&text, size) != c ||
            text != (const char *)bytes + size)
            ck_abort_msg("U+%04X", (unsigned)c);
    }
}
END_TEST

/* All sequences of up to three bytes, and those of four that begin like one: valid exactly when
 * they are what some code points encode to. */
START_TEST(all_short_sequences_are_judged_right) {
    unsigned char bytes[3];
    for (uint32_t i = 0; i < 0x1000000; i++) {
        bytes[0] = (unsigned char)(i >> 16);
        bytes[1] = (unsigned char)(i >> 8);
        bytes[2] = (unsigned char)i;
        if (bytes[0] < 0xc0) /* the rest is all in what begins with a lead byte */
            continue;
        uint32_t c2 = (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu);
        uint32_t c3 = (bytes[0] & 0x0fu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
        unsigned char again[4];
        size_t two = encode(c2, again);
        bool is_two = two == 2 && memcmp(again, bytes, 2) == 0 && bytes[2] != 0 && bytes[2] < 0x80;
        bool is_three = encode(c3, again) == 3 && memcmp(again, bytes, 3) == 0;
        if (valid(bytes, 3) != (is_two || is_three))
            ck_abort_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *what;
} ill_formed[] = {
    {"\0", 1, "NUL"},
    {"abcdefg\0ijklmnop", 16, "NUL among eight ASCII bytes"},
    {"\x80", 1, "a continuation byte alone"},
    {"\xbf\xbf", 2, "continuation bytes alone"},
    {"\xc0\x80", 2, "NUL in two bytes"},
    {"\xc1\xbf", 2, "ASCII in two bytes"},
    {"\xe0\x80\x80", 3, "NUL in three bytes"},
    {"\xe0\x9f\xbf", 3, "U+07FF in three bytes"},
    {"\xf0\x80\x80\x80", 4, "NUL in four bytes"},
    {"\xf0\x8f\xbf\xbf", 4, "U+FFFF in four bytes"},
    {"\xed\xa0\x80", 3, "the first surrogate"},
    {"\xed\xbf\xbf", 3, "the last surrogate"},
    {"\xed\xa0\xbd\xed\xb8\x80", 6, "a pair of surrogates"},
    {"\xf4\x90\x80\x80", 4, "U+110000"},
    {"\xf5\x80\x80\x80", 4, "a lead byte above F4"},
    {"\xf8\x88\x80\x80\x80", 5, "five bytes"},
    {"\xfe", 1, "FE"},
    {"\xff", 1, "FF"},
    {"\xc3", 1, "two bytes cut after one"},
    {"\xe2\x82", 2, "three bytes cut after two"},
    {"\xf0\x9f\x98", 3, "four bytes cut after three"},
    {"\xc3(", 2, "a lead byte before ASCII"},
    {"\xe2\x82(", 3, "a third byte that is ASCII"},
    {"\xf0\x9f\x98(", 4, "a fourth byte that is ASCII"},
    {"weights\x80", 8, "a continuation byte at the end of eight"},
};

START_TEST(each_kind_of_ill_formed_text_is_refused) {
    for (size_t i = 0; i < sizeof ill_formed / sizeof ill_formed[0]; i++) {
        ck_assert_msg(!valid(ill_formed[i].bytes, ill_formed[i].size), "%s", ill_formed[i].what);
        /* And anywhere in a longer text, at any distance from eight bytes. */
        for (size_t before = 0; before < 9; before++) {
            char text[32];
            memset(text, 'x', sizeof text);
            memcpy(text + before, ill_formed[i].bytes, ill_formed[i].size);
            ck_assert_msg(!valid(text, sizeof text), "%s", ill_formed[i].what);
        }
    }
}
END_TEST

START_TEST(a_byte_that_begins_nothing_is_passed_alone) {
    const char *begin = "\xe2\x82(", *text = begin;
    ck_assert_uint_eq(ck_utf8_next(&text, 3), UINT32_MAX);
    ck_assert_ptr_eq(text, begin + 1);
    ck_assert_uint_eq(ck_utf8_next(&text, 2), UINT32_MAX);
    ck_assert_uint_eq(ck_utf8_next(&text, 1), '(');
    ck_assert_ptr_eq(text, begin + 3);
}
END_TEST

START_TEST(the_empty_text_is_well_formed) {
    ck_assert(valid("", 0));
    ck_assert(valid(NULL, 0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("utf8");
    tcase_add_test(tests, every_code_point_is_taken_and_given_back);
    tcase_add_test(tests, all_short_sequences_are_judged_right);
    tcase_add_test(tests, each_kind_of_ill_formed_text_is_refused);
    tcase_add_test(tests, a_byte_that_begins_nothing_is_passed_alone);
    tcase_add_test(tests, the_empty_text_is_well_formed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
