/* SPDX-License-Identifier: MIT */
/* Saving to a path: over the file that is open, over links, where it cannot be, and what is left
 * behind (nothing). */
#include "comparemodels.h"
#include "savednet.h"
#include "testfiles.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static ckpt_error err;
static test_directory directory;
static char path[512];

static void setup(void) {
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
}

static void teardown(void) {
    test_directory_remove(&directory);
}

static void assert_same_model(ckpt *a, ckpt *b) {
    char difference[256];
    ck_assert_msg(models_differ(a, b, difference, sizeof difference) == NULL, "%s", difference);
}

START_TEST(the_file_whose_tensors_are_open_can_be_replaced) {
    ckpt *c = build_bytes(300000), *opened, *again;
    ckpt_open_options options = {.struct_size = sizeof options, .access = (ckpt_access)_i};
    const void *before;
    assert_ok(ckpt_save(c, path, NULL, &err));
    assert_ok(ckpt_open(path, &options, &opened, &err));
    assert_ok(ckpt_tensor_data(ckpt_find_tensor(ckpt_root(opened), "w"), &before, &err));
    uint64_t three = 3;
    assert_ok(ckpt_add_parameter(ckpt_root(c), "added", CKPT_U8, 1, &three, "abc", NULL, &err));
    assert_ok(
        ckpt_add_parameter(ckpt_root(opened), "added", CKPT_U8, 1, &three, "abc", NULL, &err));
    for (int i = 0; i < 3; i++)
        assert_ok(ckpt_save(opened, path, NULL, &err));
    /* What was mapped is still what it was. */
    ck_assert_int_eq(((const unsigned char *)before)[299999], 299999 % 251);
    assert_ok(ckpt_open(path, &options, &again, &err));
    assert_same_model(c, again);
    assert_ok(ckpt_verify(again, NULL, NULL, &err));
    assert_ok(ckpt_verify(opened, NULL, NULL, &err));
    ckpt_free(again);
    ckpt_free(opened);
    ckpt_free(c);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(permissions_are_kept_and_links_replaced) {
    ckpt *c = build_sample(NULL), *opened;
    struct stat status;
    char target[512];
    assert_ok(ckpt_save(c, path, NULL, &err));
    ck_assert_int_eq(chmod(path, 0600), 0);
    assert_ok(ckpt_save(c, path, NULL, &err));
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777u, 0600);
    test_path(&directory, "target", target, sizeof target);
    test_write_file(target, "untouched", 9);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("target", path), 0);
    assert_ok(ckpt_save(c, path, NULL, &err));
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
    ck_assert_int_eq(stat(target, &status), 0);
    ck_assert_int_eq(status.st_size, 9);
    assert_ok(ckpt_open(path, NULL, &opened, &err));
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(a_path_that_cannot_be_is_refused_and_nothing_left) {
    ckpt *c = build_sample(NULL);
    char other[600];
    assert_status(ckpt_save(c, directory.path, NULL, &err), CKPT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "not a regular file"));
    snprintf(other, sizeof other, "%s/", path);
    assert_status(ckpt_save(c, other, NULL, &err), CKPT_E_ARGUMENT);
    test_path(&directory, "none/net.ckpt", other, sizeof other);
    assert_status(ckpt_save(c, other, NULL, &err), CKPT_E_NOT_FOUND);
    test_write_file(path, "a file", 6);
    snprintf(other, sizeof other, "%s/net.ckpt", path);
    assert_status(ckpt_save(c, other, NULL, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, ENOTDIR);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
    ckpt_free(c);
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_told) {
    ckpt *c = build_sample(NULL);
    if (geteuid() != 0) { /* to root every directory is writable */
        ck_assert_int_eq(chmod(directory.path, 0500), 0);
        assert_status(ckpt_save(c, path, NULL, &err), CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, EACCES);
        ck_assert_int_eq(chmod(directory.path, 0700), 0);
    } else {
        assert_status(ckpt_save(c, "/proc/net.ckpt", NULL, &err), CKPT_E_NOT_FOUND);
    }
    ck_assert_uint_eq(test_directory_count(&directory), 0);
    ckpt_free(c);
}
END_TEST

static bool stop(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    return done < total; /* at the very last step */
}

START_TEST(a_save_that_fails_leaves_the_old_file) {
    ckpt *c = build_bytes(200000), *opened;
    ckpt_save_options options = {.struct_size = sizeof options, .progress = stop};
    test_write_file(path, "old", 3);
    assert_status(ckpt_save(c, path, &options, &err), CKPT_E_CANCELLED);
    size_t size;
    char *old = test_read_file(path, &size);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(old, "old", 3);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
    assert_status(ckpt_open(path, NULL, &opened, &err), CKPT_E_FORMAT);
    free(old);
    ckpt_free(c);
}
END_TEST

START_TEST(paths_of_strangers_are_escaped_in_messages) {
    ckpt *c;
    test_path(&directory, "a\x1b[31m\nb", path, sizeof path);
    assert_status(ckpt_open(path, NULL, &c, &err), CKPT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "/a\\x1b[31m\\nb: cannot open"));
    ck_assert_ptr_null(strchr(err.message, '\n'));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("savepath");
    TCase *tests = tcase_create("savepath");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, the_file_whose_tensors_are_open_can_be_replaced, 0, 2);
    tcase_add_test(tests, permissions_are_kept_and_links_replaced);
    tcase_add_test(tests, a_path_that_cannot_be_is_refused_and_nothing_left);
    tcase_add_test(tests, a_directory_that_cannot_be_written_is_told);
    tcase_add_test(tests, a_save_that_fails_leaves_the_old_file);
    tcase_add_test(tests, paths_of_strangers_are_escaped_in_messages);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
