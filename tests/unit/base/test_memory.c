/* SPDX-License-Identifier: MIT */
/* The memory hook and the growable buffer: sizes that do not fit, failures that lose nothing. */
#include "base/buffer.h"
#include "checkmain.h"
#include "faultmemory.h"

#include <string.h>

static fault_memory watched;
static ck_memory memory;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memory = fault_memory_hook(&watched);
}

static void fail_from_now(void) {
    watched.fail_at = watched.requests + 1;
    watched.fail_ever_after = true;
}

static void teardown(void) {
    ck_assert_ptr_null(fault_memory_complaint(&watched));
}

START_TEST(a_request_for_nothing_is_not_a_failure) {
    void *block = ck_alloc(&memory, 0, 8);
    ck_assert_ptr_nonnull(block);
    block = ck_resize(&memory, block, 0, 0, 4);
    ck_assert_ptr_nonnull(block);
    ck_free(&memory, block, 0, 4);
    ck_free(&memory, NULL, 100, 100);
}
END_TEST

START_TEST(a_product_that_does_not_fit_is_refused_without_asking) {
    ck_assert_ptr_null(ck_alloc(&memory, SIZE_MAX, 2));
    ck_assert_ptr_null(ck_alloc(&memory, SIZE_MAX / 2 + 2, 2));
    ck_assert_ptr_null(ck_calloc(&memory, SIZE_MAX / 8 + 1, 8));
    ck_assert_ptr_null(ck_resize(&memory, NULL, 0, SIZE_MAX, SIZE_MAX));
    ck_assert_uint_eq(watched.requests, 0);
    ck_assert_ptr_null(ck_copy_string(&memory, "x", SIZE_MAX));
}
END_TEST

START_TEST(zeroed_memory_is_zero_whatever_the_allocator_gives) {
    unsigned char *block = ck_calloc(&memory, 3, 5);
    for (int i = 0; i < 15; i++)
        ck_assert_uint_eq(block[i], 0);
    ck_free(&memory, block, 3, 5);
}
END_TEST

START_TEST(a_copied_string_ends) {
    char *text = ck_copy_string(&memory, "shared layer", 6);
    ck_assert_str_eq(text, "shared");
    ck_free_string(&memory, text);
    text = ck_copy_string(&memory, NULL, 0);
    ck_assert_str_eq(text, "");
    ck_free_string(&memory, text);
    ck_free_string(&memory, NULL);
}
END_TEST

START_TEST(a_buffer_keeps_what_was_appended) {
    ck_buffer buffer = {NULL, 0, 0};
    for (unsigned i = 0; i < 5000; i++) {
        unsigned char byte = (unsigned char)(i * 7);
        ck_assert(ck_buffer_append(&memory, &buffer, &byte, 1));
    }
    ck_assert(ck_buffer_append_zeros(&memory, &buffer, 300));
    ck_assert(ck_buffer_append(&memory, &buffer, NULL, 0));
    ck_assert_uint_eq(buffer.size, 5300);
    for (unsigned i = 0; i < 5300; i++)
        ck_assert_uint_eq(buffer.bytes[i], i < 5000 ? (unsigned char)(i * 7) : 0);
    /* Growing by halves takes few requests. */
    ck_assert_uint_lt(watched.requests, 20);
    ck_buffer_clear(&memory, &buffer);
    ck_assert_ptr_null(buffer.bytes);
    ck_buffer_clear(&memory, &buffer);
}
END_TEST

START_TEST(a_buffer_that_cannot_grow_is_as_it_was) {
    ck_buffer buffer = {NULL, 0, 0};
    ck_assert(ck_buffer_append(&memory, &buffer, "weights", 7));
    ck_assert(!ck_buffer_reserve(&memory, &buffer, SIZE_MAX));
    ck_assert(!ck_buffer_reserve(&memory, &buffer, SIZE_MAX - 7));
    ck_assert(!ck_buffer_append_zeros(&memory, &buffer, SIZE_MAX / 2));
    fail_from_now();
    ck_assert(!ck_buffer_append_zeros(&memory, &buffer, 1000));
    ck_assert_uint_eq(buffer.size, 7);
    ck_assert_mem_eq(buffer.bytes, "weights", 7);
    ck_buffer_clear(&memory, &buffer);
}
END_TEST

START_TEST(without_an_allocator_the_one_of_c_is_used) {
    ck_memory libc = ck_memory_from(NULL);
    char *block = ck_alloc(&libc, 10, 1);
    memcpy(block, "123456789", 10);
    block = ck_resize(&libc, block, 10, 1000, 1);
    ck_assert_str_eq(block, "123456789");
    ck_free(&libc, block, 1000, 1);
}
END_TEST

START_TEST(large_blocks_keep_their_content_when_their_size_changes) {
    ck_memory libc = ck_memory_from(NULL);
    const size_t sizes[] = {1000, 9 << 20, (size_t)33 << 20, (size_t)5 << 20, 1000};
    unsigned char *block = NULL;
    size_t size = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = ck_resize(&libc, block, size, sizes[i], 1);
        ck_assert_ptr_nonnull(block);
        for (size_t at = 0; at < size && at < sizes[i]; at += 997)
            ck_assert_uint_eq(block[at], at % 251);
        for (size_t at = 0; at < sizes[i]; at++)
            block[at] = (unsigned char)(at % 251);
        size = sizes[i];
    }
    ck_free(&libc, block, size, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_request_for_nothing_is_not_a_failure);
    tcase_add_test(tests, a_product_that_does_not_fit_is_refused_without_asking);
    tcase_add_test(tests, zeroed_memory_is_zero_whatever_the_allocator_gives);
    tcase_add_test(tests, a_copied_string_ends);
    tcase_add_test(tests, a_buffer_keeps_what_was_appended);
    tcase_add_test(tests, a_buffer_that_cannot_grow_is_as_it_was);
    tcase_add_test(tests, without_an_allocator_the_one_of_c_is_used);
    tcase_add_test(tests, large_blocks_keep_their_content_when_their_size_changes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
