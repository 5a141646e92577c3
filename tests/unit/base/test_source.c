/* SPDX-License-Identifier: MIT */
/* Sources of bytes: files that read in pieces, are interrupted, shrink, or are no files at all. */
#include "base/source.h"
#include "checkmain.h"
#include "faultfiles.h"
#include "faultmemory.h"
#include "testfiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 10000 };

static fault_memory watched;
static fault_files files;
static const ckpt_filesystem *hook;
static ck_memory memory;
static test_directory directory;
static char path[512];
static unsigned char content[SIZE], buffer[SIZE];
static ckpt_error err;
static ck_source source;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memset(&files, 0, sizeof files);
    memory = fault_memory_hook(&watched);
    hook = fault_files_hook(&files);
    directory = test_directory_create();
    test_path(&directory, "some\nfile", path, sizeof path);
    for (int i = 0; i < SIZE; i++)
        content[i] = (unsigned char)(i * 7 + i / 256);
    test_write_file(path, content, SIZE);
}

static void teardown(void) {
    test_directory_remove(&directory);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
    ck_assert_uint_eq(files.open_files, 0);
    ck_assert_uint_eq(files.maps, 0);
}

static ckpt_status open_file(bool map) {
    return ck_source_open(&source, &memory, hook, path, map, &err);
}

static void assert_whole_content(void) {
    memset(buffer, 0, SIZE);
    assert_ok(ck_source_read(&source, 0, buffer, SIZE, &err));
    ck_assert_mem_eq(buffer, content, SIZE);
}

START_TEST(short_and_interrupted_reads_go_on) {
    static const size_t transfers[] = {1, 7, 4096, 0};
    for (int i = 0; i < 4; i++) {
        files.largest_transfer = transfers[i];
        files.interrupts = i % 2 == 0;
        assert_ok(open_file(false));
        assert_whole_content();
        ck_source_close(&source);
    }
}
END_TEST

START_TEST(any_range_inside_is_read_and_none_outside) {
    assert_ok(open_file(false));
    assert_ok(ck_source_read(&source, 9990, buffer, 10, &err));
    ck_assert_mem_eq(buffer, content + 9990, 10);
    assert_ok(ck_source_read(&source, SIZE, buffer, 0, &err));
    assert_status(ck_source_read(&source, 9990, buffer, 11, &err), CKPT_E_TRUNCATED);
    ck_assert_uint_eq(err.offset, SIZE);
    ck_assert_ptr_nonnull(strstr(err.message, "some\\nfile: offset 10000: "));
    assert_status(ck_source_read(&source, SIZE + 1, buffer, 0, &err), CKPT_E_TRUNCATED);
    assert_status(ck_source_read(&source, UINT64_MAX, buffer, 2, &err), CKPT_E_TRUNCATED);
    ck_source_close(&source);
}
END_TEST

START_TEST(a_mapped_file_is_in_memory_and_still_read_by_calls) {
    assert_ok(open_file(true));
    ck_assert_ptr_nonnull(source.bytes);
    ck_assert_mem_eq(source.bytes, content, SIZE);
    uint64_t reads = files.counts[FILE_PREAD];
    assert_whole_content();
    ck_assert_uint_gt(files.counts[FILE_PREAD], reads);
    ck_source_close(&source);
}
END_TEST

START_TEST(a_file_that_shrinks_gives_an_error_where_it_ends) {
    for (int map = 0; map < 2; map++) {
        test_write_file(path, content, SIZE);
        assert_ok(open_file(map));
        ck_assert_int_eq(truncate(path, 6000), 0);
        assert_ok(ck_source_read(&source, 0, buffer, 6000, &err));
        assert_status(ck_source_read(&source, 5000, buffer, 2000, &err), CKPT_E_TRUNCATED);
        ck_assert_uint_eq(err.offset, 6000);
        ck_source_close(&source);
    }
}
END_TEST

START_TEST(a_file_that_grows_keeps_the_size_it_had) {
    assert_ok(open_file(false));
    ck_assert_int_eq(truncate(path, SIZE * 2), 0);
    ck_assert_uint_eq(source.size, SIZE);
    assert_status(ck_source_read(&source, SIZE, buffer, 1, &err), CKPT_E_TRUNCATED);
    ck_source_close(&source);
}
END_TEST

START_TEST(what_cannot_be_mapped_is_read) {
    for (int i = 0; i < 2; i++) {
        files.fail_at = 0;
        fault_files_restart(&files);
        assert_ok(open_file(true));
        ck_source_close(&source);
        uint64_t map_call = 0;
        while (files.records[map_call].operation != FILE_MAP)
            map_call++;
        fault_files_restart(&files);
        files.fail_at = map_call + 1;
        files.sys_errno = i == 0 ? ENODEV : ENOMEM;
        assert_ok(open_file(true));
        ck_assert_ptr_null(source.bytes);
        assert_whole_content();
        ck_source_close(&source);
    }
}
END_TEST

START_TEST(an_empty_file_is_a_source_without_bytes) {
    test_write_file(path, "", 0);
    for (int map = 0; map < 2; map++) {
        assert_ok(open_file(map));
        ck_assert_uint_eq(source.size, 0);
        ck_assert_ptr_null(source.bytes);
        ck_source_close(&source);
    }
}
END_TEST

START_TEST(only_regular_files_are_sources) {
    char other[512];
    assert_status(ck_source_open(&source, &memory, hook, directory.path, true, &err), CKPT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    assert_status(ck_source_open(&source, &memory, hook, "/dev/null", true, &err), CKPT_E_IO);
    /* A FIFO that nobody writes to must not make us wait. */
    test_path(&directory, "fifo", other, sizeof other);
    ck_assert_int_eq(mkfifo(other, 0600), 0);
    assert_status(ck_source_open(&source, &memory, hook, other, false, &err), CKPT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    test_path(&directory, "missing", other, sizeof other);
    assert_status(ck_source_open(&source, &memory, hook, other, false, &err), CKPT_E_NOT_FOUND);
    ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

START_TEST(every_failing_call_is_told_and_nothing_stays_open) {
    assert_ok(open_file(false));
    assert_whole_content();
    ck_source_close(&source);
    for (uint64_t k = 1; k <= 3; k++) { /* open, status, pread */
        fault_files_restart(&files);
        files.fail_at = k;
        files.sys_errno = EIO;
        ckpt_status status = open_file(false);
        if (status == CKPT_OK) {
            status = ck_source_read(&source, 0, buffer, SIZE, &err);
            ck_source_close(&source);
        }
        ck_assert_int_eq(status, CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, EIO);
    }
}
END_TEST

static int read_some(void *ctx, void *into, size_t size, uint64_t offset) {
    if (offset + size > SIZE)
        return EINVAL;
    memcpy(into, (const unsigned char *)ctx + offset, size);
    return offset == 13 ? EPERM : 0;
}

START_TEST(memory_and_functions_are_sources_too) {
    assert_ok(ck_source_from_memory(&source, &memory, content, SIZE, NULL, &err));
    assert_whole_content();
    assert_status(ck_source_read(&source, SIZE - 1, buffer, 2, &err), CKPT_E_TRUNCATED);
    ck_assert_ptr_nonnull(strstr(err.message, "memory: "));
    ck_source_close(&source);
    ckpt_reader reader = {content, SIZE, read_some};
    assert_ok(ck_source_from_reader(&source, &memory, &reader, "object", &err));
    assert_whole_content();
    /* The reader is never asked for what lies outside. */
    assert_status(ck_source_read(&source, SIZE - 1, buffer, 2, &err), CKPT_E_TRUNCATED);
    assert_status(ck_source_read(&source, 13, buffer, 2, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, EPERM);
    ck_source_close(&source);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("source");
    TCase *tests = tcase_create("source");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, short_and_interrupted_reads_go_on);
    tcase_add_test(tests, any_range_inside_is_read_and_none_outside);
    tcase_add_test(tests, a_mapped_file_is_in_memory_and_still_read_by_calls);
    tcase_add_test(tests, a_file_that_shrinks_gives_an_error_where_it_ends);
    tcase_add_test(tests, a_file_that_grows_keeps_the_size_it_had);
    tcase_add_test(tests, what_cannot_be_mapped_is_read);
    tcase_add_test(tests, an_empty_file_is_a_source_without_bytes);
    tcase_add_test(tests, only_regular_files_are_sources);
    tcase_add_test(tests, every_failing_call_is_told_and_nothing_stays_open);
    tcase_add_test(tests, memory_and_functions_are_sources_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
