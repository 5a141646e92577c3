/* SPDX-License-Identifier: MIT */
/* A file appears whole or not at all. (Every failing system call in turn: tests/exhaustion.) */
#include "base/atomicfile.h"
#include "checkmain.h"
#include "faultfiles.h"
#include "faultmemory.h"
#include "testfiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static fault_memory watched;
static fault_files files;
static const ckpt_filesystem *hook;
static ck_memory memory;
static test_directory directory;
static char path[512];
static ckpt_error err;
static ck_atomic_file file;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memset(&files, 0, sizeof files);
    memory = fault_memory_hook(&watched);
    hook = fault_files_hook(&files);
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
}

static void teardown(void) {
    test_directory_remove(&directory);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
    ck_assert_uint_eq(files.open_files, 0);
}

static ckpt_status begin(const char *where) {
    return ck_atomic_open(&file, &memory, hook, where, true, &err);
}

static void assert_content(const char *wanted) {
    size_t size;
    char *bytes = test_read_file(path, &size);
    ck_assert_uint_eq(size, strlen(wanted));
    ck_assert_mem_eq(bytes, wanted, size);
    free(bytes);
}

START_TEST(the_old_file_stands_until_the_new_one_is_whole) {
    test_write_file(path, "old", 3);
    assert_ok(begin(path));
    assert_ok(ck_atomic_write(&file, "new", 3, 2, &err));
    assert_content("old");
    assert_ok(ck_atomic_write(&file, "a ", 2, 0, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("a new");
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(what_is_thrown_away_leaves_nothing) {
    test_write_file(path, "old", 3);
    assert_ok(begin(path));
    assert_ok(ck_atomic_write(&file, "new", 3, 0, &err));
    ck_atomic_abort(&file);
    assert_content("old");
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(a_durable_file_is_synced_before_it_is_renamed_and_its_directory_after) {
    assert_ok(begin(path));
    assert_ok(ck_atomic_write(&file, "x", 1, 0, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    static const file_operation wanted[] = {FILE_PWRITE, FILE_SYNC, FILE_CLOSE, FILE_RENAME,
                                            FILE_SYNC_DIRECTORY};
    uint64_t next = 0;
    for (uint64_t i = 0; i < files.operations && next < 5; i++)
        next += files.records[i].operation == wanted[next];
    ck_assert_uint_eq(next, 5);
    ck_assert_uint_eq(files.counts[FILE_SYNC], 1);
}
END_TEST

START_TEST(a_file_that_need_not_be_durable_is_not_synced) {
    assert_ok(ck_atomic_open(&file, &memory, hook, path, false, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    ck_assert_uint_eq(files.counts[FILE_SYNC], 0);
    ck_assert_uint_eq(files.counts[FILE_SYNC_DIRECTORY], 0);
    assert_content("");
}
END_TEST

/* What the hints were, while a file was written. */
static struct {
    uint64_t reserved, begun[8], ends[8];
    int reserves, begins;
} hints;

static int note_reserve(void *ctx, int number, uint64_t size) {
    (void)ctx;
    (void)number;
    hints.reserves++;
    hints.reserved = size;
    return EIO;
}

static int note_begin_sync(void *ctx, int number, uint64_t offset, uint64_t size) {
    (void)ctx;
    (void)number;
    ck_assert_int_lt(hints.begins, 8);
    hints.begun[hints.begins] = offset;
    hints.ends[hints.begins++] = offset + size;
    return EIO;
}

/* _i: whether the file is to be durable. */
START_TEST(hints_are_given_and_what_becomes_of_them_does_not_matter) {
    static unsigned char piece[3 << 20];
    ckpt_filesystem with_hints = *hook;
    uint64_t end = 8192;
    with_hints.reserve = note_reserve;
    with_hints.begin_sync = note_begin_sync;
    memset(&hints, 0, sizeof hints);
    assert_ok(ck_atomic_open(&file, &memory, &with_hints, path, _i == 1, &err));
    ck_atomic_reserve(&file, 12345);
    for (int i = 0; i < 10; i++, end += sizeof piece)
        assert_ok(ck_atomic_write(&file, piece, sizeof piece, end, &err));
    assert_ok(ck_atomic_write(&file, "head", 4, 0, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    ck_assert_int_eq(hints.reserves, 1);
    ck_assert_uint_eq(hints.reserved, 12345);
    ck_assert_int_eq(hints.begins, _i == 1 ? 3 : 0);
    for (int i = 0; i < hints.begins; i++) {
        ck_assert_uint_eq(hints.begun[i], i == 0 ? 0 : hints.ends[i - 1]);
        ck_assert_uint_le(hints.ends[i], end);
    }
}
END_TEST

START_TEST(short_and_interrupted_writes_go_on) {
    files.largest_transfer = 1;
    files.interrupts = true;
    assert_ok(begin(path));
    assert_ok(ck_atomic_write(&file, "piece by piece", 14, 0, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("piece by piece");
}
END_TEST

START_TEST(what_killed_savers_have_left_is_taken_away) {
    static const char *const left[] = {".net.ckpt.1.tmp",   ".net.ckpt.2.tmp", ".net.ckpt.2.1.tmp",
                                       ".net.ckpt.2.4.tmp", ".net.ckpt.3.tmp", ".other.ckpt.1.tmp"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char taken[512];
        test_path(&directory, left[i], taken, sizeof taken);
        test_write_file(taken, "left over", 9);
    }
    assert_ok(begin(path));
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("");
    ck_assert_uint_eq(test_directory_count(&directory), 2); /* and the other's */
}
END_TEST

START_TEST(what_no_saver_has_left_is_passed_over) {
    char taken[512];
    test_path(&directory, ".net.ckpt.1.tmp", taken, sizeof taken);
    ck_assert_int_eq(symlink("/nowhere", taken), 0);
    test_path(&directory, ".net.ckpt.2.tmp", taken, sizeof taken);
    ck_assert_int_eq(mkfifo(taken, 0600), 0);
    assert_ok(begin(path));
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("");
    ck_assert_uint_eq(test_directory_count(&directory), 3);
}
END_TEST

START_TEST(where_files_cannot_be_locked_nothing_is_taken_away) {
    ckpt_filesystem plain = *hook;
    char taken[512];
    plain.lock = NULL;
    test_path(&directory, ".net.ckpt.1.tmp", taken, sizeof taken);
    test_write_file(taken, "left over", 9);
    assert_ok(ck_atomic_open(&file, &memory, &plain, path, true, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    ck_assert_uint_eq(test_directory_count(&directory), 2);
}
END_TEST

START_TEST(two_writers_of_one_path_do_not_disturb_each_other) {
    ck_atomic_file other;
    assert_ok(begin(path));
    assert_ok(ck_atomic_open(&other, &memory, hook, path, true, &err));
    assert_ok(ck_atomic_write(&file, "first", 5, 0, &err));
    assert_ok(ck_atomic_write(&other, "second", 6, 0, &err));
    assert_ok(ck_atomic_commit(&other, &err));
    assert_content("second");
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("first");
}
END_TEST

START_TEST(permissions_of_the_old_file_are_kept) {
    struct stat status;
    test_write_file(path, "old", 3);
    ck_assert_int_eq(chmod(path, 04640), 0);
    assert_ok(begin(path));
    assert_ok(ck_atomic_commit(&file, &err));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777u, 0640); /* but not to run as another user */
}
END_TEST

START_TEST(a_symbolic_link_is_replaced_and_its_target_left_alone) {
    char target[512];
    struct stat status;
    test_path(&directory, "target", target, sizeof target);
    test_write_file(target, "target", 6);
    ck_assert_int_eq(symlink("target", path), 0);
    assert_ok(begin(path));
    assert_ok(ck_atomic_commit(&file, &err));
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
    memcpy(path, target, sizeof path);
    assert_content("target");
}
END_TEST

START_TEST(what_is_no_file_is_not_replaced) {
    struct stat status;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_status(begin(path), CKPT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISFIFO(status.st_mode));
    assert_status(begin(directory.path), CKPT_E_IO);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(a_path_without_a_file_name_is_refused) {
    char slashed[600];
    snprintf(slashed, sizeof slashed, "%s/", directory.path);
    assert_status(begin(slashed), CKPT_E_ARGUMENT);
    assert_status(begin(""), CKPT_E_ARGUMENT);
    test_path(&directory, "none/net.ckpt", path, sizeof path);
    assert_status(begin(path), CKPT_E_NOT_FOUND);
    ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

START_TEST(the_longest_file_name_has_a_temporary_one) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    test_path(&directory, name, path, sizeof path);
    assert_ok(begin(path));
    assert_ok(ck_atomic_write(&file, "x", 1, 0, &err));
    assert_ok(ck_atomic_commit(&file, &err));
    assert_content("x");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("atomicfile");
    TCase *tests = tcase_create("atomicfile");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_old_file_stands_until_the_new_one_is_whole);
    tcase_add_test(tests, what_is_thrown_away_leaves_nothing);
    tcase_add_test(tests, a_durable_file_is_synced_before_it_is_renamed_and_its_directory_after);
    tcase_add_test(tests, a_file_that_need_not_be_durable_is_not_synced);
    tcase_add_loop_test(tests, hints_are_given_and_what_becomes_of_them_does_not_matter, 0, 2);
    tcase_add_test(tests, short_and_interrupted_writes_go_on);
    tcase_add_test(tests, what_killed_savers_have_left_is_taken_away);
    tcase_add_test(tests, what_no_saver_has_left_is_passed_over);
    tcase_add_test(tests, where_files_cannot_be_locked_nothing_is_taken_away);
    tcase_add_test(tests, two_writers_of_one_path_do_not_disturb_each_other);
    tcase_add_test(tests, permissions_of_the_old_file_are_kept);
    tcase_add_test(tests, a_symbolic_link_is_replaced_and_its_target_left_alone);
    tcase_add_test(tests, what_is_no_file_is_not_replaced);
    tcase_add_test(tests, a_path_without_a_file_name_is_refused);
    tcase_add_test(tests, the_longest_file_name_has_a_temporary_one);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
