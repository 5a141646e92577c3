/* SPDX-License-Identifier: MIT */
/* A large index is read in pieces, by several threads: it is the same as in one, and what fails or
 * is damaged in any of them is noticed. */
#include "checkmain.h"
#include "faultfiles.h"
#include "testfiles.h"

#include <errno.h>
#include <string.h>

#define CONTENT_SIZE (((size_t)20 << 20) + 12345)

static ckpt_error err;
static test_directory directory;
static char path[512];
static unsigned char *content;

static void setup(void) {
    ckpt *c;
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
    content = malloc(CONTENT_SIZE);
    ck_assert_ptr_nonnull(content);
    for (size_t i = 0; i < CONTENT_SIZE; i++)
        content[i] = (unsigned char)(i % 251 + (i >> 20));
    assert_ok(ckpt_create(NULL, &c, &err));
    ckpt_literal literal = ckpt_bytes(content, CONTENT_SIZE);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "tokenizer", literal, NULL, &err));
    assert_ok(ckpt_save(c, path, NULL, &err));
    ckpt_free(c);
}

static void teardown(void) {
    free(content);
    test_directory_remove(&directory);
}

START_TEST(any_number_of_threads_reads_the_same) {
    ckpt_open_options options = {.struct_size = sizeof options, .threads = (unsigned)_i};
    ckpt *c;
    size_t size;
    assert_ok(ckpt_open(path, &options, &c, &err));
    const void *read = ckpt_value_bytes(ckpt_map_get(ckpt_metadata(c), "tokenizer"), &size);
    ck_assert_uint_eq(size, CONTENT_SIZE);
    ck_assert(memcmp(read, content, size) == 0);
    ckpt_free(c);
}
END_TEST

/* One thread: the file system of the test is for one. */
START_TEST(a_disk_that_fails_in_any_piece_is_an_error) {
    static fault_files files;
    ckpt_open_options options = {.struct_size = sizeof options, .threads = 1};
    ckpt_status status = CKPT_E_IO;
    ckpt *c = NULL;
    uint64_t failed = 0;
    for (uint64_t at = 1; status != CKPT_OK; at++) {
        memset(&files, 0, sizeof files);
        options.filesystem = fault_files_hook(&files);
        files.sys_errno = EIO;
        files.fail_at = at;
        files.fail_ever_after = true;
        status = ckpt_open(path, &options, &c, &err);
        ck_assert(status == CKPT_OK || status == CKPT_E_IO);
        failed += status != CKPT_OK && files.counts[FILE_PREAD] > 1;
        if (status != CKPT_OK)
            ck_assert_uint_eq(files.open_files, 0);
    }
    ck_assert_uint_ge(failed, 6); /* pieces */
    ckpt_free(c);
}
END_TEST

START_TEST(damage_in_any_piece_is_found) {
    size_t size;
    unsigned char *bytes = test_read_file(path, &size);
    for (size_t at = size - 100; at > 16384; at -= at < 3000000 ? at : 3000000) {
        ckpt *c;
        bytes[at] ^= 1;
        test_write_file(path, bytes, size);
        bytes[at] ^= 1;
        ck_assert_int_eq(ckpt_open(path, NULL, &c, &err), CKPT_E_CHECKSUM);
    }
    free(bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("large index");
    TCase *tests = tcase_create("large index");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, any_number_of_threads_reads_the_same, 0, 5);
    tcase_add_test(tests, a_disk_that_fails_in_any_piece_is_an_error);
    tcase_add_test(tests, damage_in_any_piece_is_found);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
