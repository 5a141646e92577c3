/* SPDX-License-Identifier: MIT */
/* The bounded cursor: little-endian numbers, and a failure that sticks. */
#include "base/cursor.h"
#include "checkmain.h"

static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xf0};

START_TEST(numbers_are_little_endian_and_need_no_alignment) {
    ck_cursor cursor = ck_cursor_at(bytes, sizeof bytes);
    ck_assert_uint_eq(ck_cursor_u8(&cursor), 0x01);
    ck_assert_uint_eq(ck_cursor_u16(&cursor), 0x0302);
    ck_assert_uint_eq(ck_cursor_u32(&cursor), 0x07060504);
    ck_assert_uint_eq(ck_cursor_u64(&cursor), 0x0f0e0d0c0b0a0908u);
    ck_assert_uint_eq(ck_cursor_remaining(&cursor), 1);
    ck_assert_uint_eq(ck_cursor_u8(&cursor), 0xf0);
    ck_assert_uint_eq(ck_cursor_remaining(&cursor), 0);
    ck_assert(!cursor.failed);
}
END_TEST

START_TEST(taking_more_than_remains_gives_nothing) {
    ck_cursor cursor = ck_cursor_at(bytes, 4);
    ck_assert_ptr_null(ck_cursor_take(&cursor, 5));
    ck_assert(cursor.failed);
    cursor = ck_cursor_at(bytes, 4);
    ck_assert_ptr_null(ck_cursor_take(&cursor, SIZE_MAX));
    cursor = ck_cursor_at(bytes, 4);
    ck_cursor_u8(&cursor);
    /* position + size wraps to 0 here. */
    ck_assert_ptr_null(ck_cursor_take(&cursor, SIZE_MAX));
    ck_assert(cursor.failed);
}
END_TEST

START_TEST(after_a_failure_everything_is_zero) {
    ck_cursor cursor = ck_cursor_at(bytes, 7);
    ck_assert_uint_ne(ck_cursor_u32(&cursor), 0);
    ck_assert_uint_eq(ck_cursor_u32(&cursor), 0);
    ck_assert(cursor.failed);
    /* Three bytes would still be there. */
    ck_assert_uint_eq(ck_cursor_u8(&cursor), 0);
    ck_assert_uint_eq(ck_cursor_u16(&cursor), 0);
    ck_assert_uint_eq(ck_cursor_u64(&cursor), 0);
    ck_assert_ptr_null(ck_cursor_take(&cursor, 0));
    ck_assert_uint_eq(ck_cursor_remaining(&cursor), 0);
}
END_TEST

START_TEST(every_prefix_fails_exactly_where_it_ends) {
    for (size_t size = 0; size <= 15; size++) {
        ck_cursor cursor = ck_cursor_at(bytes, size);
        ck_cursor_u8(&cursor);
        ck_cursor_u16(&cursor);
        ck_cursor_u32(&cursor);
        ck_cursor_u64(&cursor);
        ck_assert_int_eq(cursor.failed, size < 15);
    }
}
END_TEST

START_TEST(nothing_can_be_taken_from_nothing) {
    ck_cursor cursor = ck_cursor_at(NULL, 0);
    ck_assert_uint_eq(ck_cursor_remaining(&cursor), 0);
    ck_assert_uint_eq(ck_cursor_u8(&cursor), 0);
    ck_assert(cursor.failed);
}
END_TEST

START_TEST(stores_and_loads_agree_at_any_alignment) {
    for (size_t shift = 0; shift < 8; shift++) {
        unsigned char room[24];
        memset(room, 0xee, sizeof room);
        ck_store64(room + shift, 0x8877665544332211u);
        ck_assert_uint_eq(room[shift], 0x11);
        ck_assert_uint_eq(room[shift + 7], 0x88);
        ck_assert_uint_eq(room[shift + 8], 0xee);
        ck_assert_uint_eq(ck_load64(room + shift), 0x8877665544332211u);
        ck_store32(room + shift, 0xdeadbeef);
        ck_assert_uint_eq(ck_load32(room + shift), 0xdeadbeef);
        ck_store16(room + shift, 0xcafe);
        ck_assert_uint_eq(ck_load16(room + shift), 0xcafe);
        ck_assert_uint_eq(room[shift + 2], 0xad);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cursor");
    TCase *tests = tcase_create("cursor");
    tcase_add_test(tests, numbers_are_little_endian_and_need_no_alignment);
    tcase_add_test(tests, taking_more_than_remains_gives_nothing);
    tcase_add_test(tests, after_a_failure_everything_is_zero);
    tcase_add_test(tests, every_prefix_fails_exactly_where_it_ends);
    tcase_add_test(tests, nothing_can_be_taken_from_nothing);
    tcase_add_test(tests, stores_and_loads_agree_at_any_alignment);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
