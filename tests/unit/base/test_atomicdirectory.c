/* SPDX-License-Identifier: MIT */
/* Directories that appear whole or not at all, and what is done about those of savers that died. */
#include "base/atomicdirectory.h"
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
static char path[512], other[512];
static ckpt_error err;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memset(&files, 0, sizeof files);
    memory = fault_memory_hook(&watched);
    hook = fault_files_hook(&files);
    directory = test_directory_create();
    test_path(&directory, "net", path, sizeof path);
}

static const char *at(const char *name) {
    test_path(&directory, name, other, sizeof other);
    return other;
}

static void teardown(void) {
    static const char *const known[] = {"net", ".net.1.tmp", ".net.2.tmp", "elsewhere"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct stat status;
        if (lstat(at(known[i]), &status) == 0 && S_ISDIR(status.st_mode))
            ck_assert_int_eq(hook->remove_tree(hook->ctx, at(known[i])), 0);
    }
    test_directory_remove(&directory);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
    ck_assert_uint_eq(files.open_files, 0);
}

static bool exists(const char *name) {
    struct stat status;
    return lstat(at(name), &status) == 0;
}

static ckpt_status begin(ck_atomic_directory *d) {
    return ck_atomic_directory_open(d, &memory, hook, path, true, &err);
}

static ckpt_status add_file(ck_atomic_directory *d, const char *name, const char *content) {
    ckpt_status status = ck_atomic_directory_begin(d, name, &err);
    if (status == CKPT_OK)
        status = ck_atomic_directory_write(d, content, strlen(content), 0, &err);
    return status == CKPT_OK ? ck_atomic_directory_end(d, &err) : status;
}

/* A file, and a directory with one. */
static ckpt_status save(void) {
    ck_atomic_directory d;
    ckpt_status status = begin(&d);
    if (status != CKPT_OK)
        return status;
    status = add_file(&d, "top", "new");
    if (status == CKPT_OK)
        status = ck_atomic_directory_add(&d, "part", &err);
    if (status == CKPT_OK)
        status = add_file(&d, "part/inner", "deep");
    if (status == CKPT_OK)
        return ck_atomic_directory_commit(&d, &err);
    ck_atomic_directory_abort(&d);
    return status;
}

static void assert_saved(void) {
    size_t size;
    char *bytes = test_read_file(at("net/part/inner"), &size);
    ck_assert_uint_eq(size, 4);
    ck_assert_mem_eq(bytes, "deep", 4);
    free(bytes);
    ck_assert(exists("net/top"));
}

/* What a saver leaves that is killed between two files. */
static void leave(const char *name) {
    char inside[64];
    ck_assert_int_eq(mkdir(at(name), 0777), 0);
    snprintf(inside, sizeof inside, "%s/top", name);
    test_write_file(at(inside), "old", 3);
    snprintf(inside, sizeof inside, "%s/part", name);
    ck_assert_int_eq(mkdir(at(inside), 0777), 0);
    snprintf(inside, sizeof inside, "%s/part/inner", name);
    test_write_file(at(inside), "old", 3);
}

START_TEST(it_appears_whole) {
    ck_atomic_directory d;
    ck_assert_int_eq(begin(&d), CKPT_OK);
    ck_assert(!exists("net") && exists(".net.1.tmp"));
    ck_atomic_directory_abort(&d);
    ck_assert_uint_eq(test_directory_count(&directory), 0);
    ck_assert_int_eq(save(), CKPT_OK);
    assert_saved();
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(nothing_is_replaced) {
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(save(), CKPT_E_EXISTS);
    ck_assert_int_eq(rmdir(path), 0);
    /* Not even what came while it was being made, be it empty. */
    ck_atomic_directory d;
    ck_assert_int_eq(begin(&d), CKPT_OK);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(ck_atomic_directory_commit(&d, &err), CKPT_E_EXISTS);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(every_failure_leaves_nothing) {
    uint64_t number = 1;
    files.sys_errno = EIO;
    for (;; number++) {
        fault_files_restart(&files);
        files.fail_at = number;
        ckpt_status status = save();
        files.fail_at = 0;
        if (files.failures == 0)
            break;
        if (status == CKPT_OK || status == CKPT_E_DURABILITY) {
            assert_saved();
            ck_assert_int_eq(hook->remove_tree(hook->ctx, path), 0);
        }
        /* A mkdir whose directory cannot be removed again leaves an empty one. */
        if (exists(".net.1.tmp"))
            ck_assert_int_eq(rmdir(at(".net.1.tmp")), 0);
        ck_assert_uint_eq(test_directory_count(&directory), 0);
    }
    ck_assert_uint_gt(number, 10);
    assert_saved();
}
END_TEST

START_TEST(left_overs_are_swept) {
    leave(".net.1.tmp");
    ck_assert_int_eq(save(), CKPT_OK);
    assert_saved();
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

/* By who saves a file of that name, too. */
START_TEST(files_sweep_them_too) {
    ck_atomic_file file;
    leave(".net.1.tmp");
    leave(".net.2.tmp");
    ck_assert_int_eq(ck_atomic_open(&file, &memory, hook, path, true, &err), CKPT_OK);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
    ck_assert_int_eq(ck_atomic_commit(&file, &err), CKPT_OK);
}
END_TEST

START_TEST(savers_at_work_are_left_alone) {
    ck_atomic_directory first, second;
    ck_assert_int_eq(begin(&first), CKPT_OK);
    ck_assert_int_eq(add_file(&first, "top", "first"), CKPT_OK);
    ck_assert_int_eq(begin(&second), CKPT_OK);
    ck_assert(exists(".net.1.tmp/top") && exists(".net.2.tmp"));
    ck_assert_int_eq(ck_atomic_directory_commit(&first, &err), CKPT_OK);
    ck_assert_int_eq(ck_atomic_directory_commit(&second, &err), CKPT_E_EXISTS);
    ck_assert(exists("net/top"));
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

/* What lies behind a link stays, whether the name itself is one or something in a left-over. */
START_TEST(links_are_not_followed) {
    char target[512];
    ck_assert_int_eq(mkdir(at("elsewhere"), 0777), 0);
    snprintf(target, sizeof target, "%s", other);
    test_write_file(at("elsewhere/precious"), "x", 1);
    ck_assert_int_eq(symlink(target, at(".net.1.tmp")), 0);
    leave(".net.2.tmp");
    ck_assert_int_eq(symlink(target, at(".net.2.tmp/link")), 0);
    ck_assert_int_eq(save(), CKPT_OK);
    ck_assert(exists("elsewhere/precious") && exists(".net.1.tmp") && !exists(".net.2.tmp"));
    ck_assert_int_eq(unlink(at(".net.1.tmp")), 0);
}
END_TEST

/* Nothing of ours is nested so deep: it stays, and another name is taken. */
START_TEST(what_cannot_be_ours_stays) {
    ck_assert_int_eq(mkdir(at(".net.1.tmp"), 0777), 0);
    ck_assert_int_eq(mkdir(at(".net.1.tmp/a"), 0777), 0);
    ck_assert_int_eq(mkdir(at(".net.1.tmp/a/b"), 0777), 0);
    ck_assert_int_eq(save(), CKPT_OK);
    assert_saved();
    ck_assert(exists(".net.1.tmp/a/b") && !exists(".net.2.tmp"));
    ck_assert_int_eq(rmdir(at(".net.1.tmp/a/b")), 0);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("directories");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, it_appears_whole);
    tcase_add_test(tests, nothing_is_replaced);
    tcase_add_test(tests, every_failure_leaves_nothing);
    tcase_add_test(tests, left_overs_are_swept);
    tcase_add_test(tests, files_sweep_them_too);
    tcase_add_test(tests, savers_at_work_are_left_alone);
    tcase_add_test(tests, links_are_not_followed);
    tcase_add_test(tests, what_cannot_be_ours_stays);
    Suite *suite = suite_create("base atomicdirectory");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
