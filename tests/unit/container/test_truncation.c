/* SPDX-License-Identifier: MIT */
/* A file cut at any length is refused as truncated, whichever way it is opened, and a file with
 * bytes behind its end is refused too (safety rule T1). */
#include "faultmemory.h"
#include "savednet.h"
#include "testfiles.h"

#include <unistd.h>

static ckpt_error err;

static void assert_truncated(ckpt_status status, size_t length) {
    ck_assert_msg(status == CKPT_E_TRUNCATED, "cut at %zu: %s", length, ckpt_status_name(status));
    ck_assert_uint_eq(err.status, CKPT_E_TRUNCATED);
    ck_assert_uint_ge(strlen(err.message), 10);
}

START_TEST(every_length_is_refused) {
    test_directory directory = test_directory_create();
    char path[512];
    saved_file file = save_sample(), cut = file;
    test_path(&directory, "net.ckpt", path, sizeof path);
    test_write_file(path, file.bytes, file.size);
    for (size_t length = file.size; length-- > 0;) {
        ckpt *c = NULL;
        cut.size = length;
        if (_i == IN_BY_MAP || _i == IN_BY_READ)
            ck_assert_int_eq(truncate(path, (off_t)length), 0);
        assert_truncated(open_way((way_in)_i, path, &cut, &c, &err), length);
        ck_assert_ptr_null(c);
    }
    free(file.bytes);
    test_directory_remove(&directory);
}
END_TEST

/* Memory that really ends there, so that the sanitizer sees a read behind it. */
START_TEST(nothing_behind_the_end_is_read) {
    fault_memory watched;
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &allocator};
    saved_file file = save_sample();
    for (size_t length = 0; length < file.size; length += length < 8300 && length > 10 ? 37 : 1) {
        ckpt *c = NULL;
        unsigned char *cut = malloc(length + (length == 0));
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, file.bytes, length);
        assert_truncated(ckpt_open_memory(cut, length, NULL, &options, &c, &err), length);
        ck_assert_ptr_null(fault_memory_complaint(&watched));
        free(cut);
    }
    free(file.bytes);
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused) {
    saved_file file = save_sample();
    for (size_t more = 1; more < 5000; more = more * 3 + 1) {
        ckpt *c = NULL;
        unsigned char *longer = calloc(file.size + more, 1);
        ck_assert_ptr_nonnull(longer);
        memcpy(longer, file.bytes, file.size);
        assert_status(ckpt_open_memory(longer, file.size + more, NULL, NULL, &c, &err),
                      CKPT_E_STRUCTURE);
        ck_assert_str_eq(err.rule, "H10");
        ck_assert_uint_eq(err.offset, file.size);
        free(longer);
    }
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("truncation");
    TCase *tests = tcase_create("truncation");
    tcase_add_loop_test(tests, every_length_is_refused, 0, WAYS_IN);
    tcase_add_test(tests, nothing_behind_the_end_is_read);
    tcase_add_test(tests, bytes_behind_the_end_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
