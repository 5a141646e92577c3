/* SPDX-License-Identifier: MIT */
/* The order of a save, failing syncs, saving over the file that is mapped, and a few faults that
 * the system itself makes. */
#include "checkmain.h"
#include "comparemodels.h"
#include "randommodel.h"
#include "sweep.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static sweep *s;

static void set_up(void) {
    s = sweep_create();
    test_write_file(s->target, s->old, s->old_size);
}

static void tear_down(void) {
    sweep_free(s);
}

static ckpt_status save_source_to_target(bool not_durable, ckpt_error *err) {
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    ckpt_save_options options = sweep_save_options(s);
    options.not_durable = not_durable;
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, s->target, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    ck_assert_ptr_null(s->complaint);
    return status;
}

static uint64_t find(file_operation operation, uint64_t from) {
    for (uint64_t i = from; i < s->operations; i++) {
        if (s->files.records[i].operation == operation)
            return i;
    }
    return UINT64_MAX;
}

static void assert_nothing_left(void) {
    ck_assert_msg(sweep_target_is_old(s), "the old file was changed");
    ck_assert_uint_eq(test_directory_count(&s->directory), 2);
    ck_assert_uint_eq(s->files.open_files, 0);
    ck_assert_ptr_null(fault_memory_complaint(&s->memory));
}

START_TEST(a_save_writes_syncs_closes_renames_and_syncs_the_directory) {
    ckpt_error err;
    assert_ok(save_source_to_target(false, &err));
    uint64_t create = find(FILE_OPEN_CREATE, 0), sync = find(FILE_SYNC, 0);
    int file = s->files.records[create].file;
    uint64_t close = find(FILE_CLOSE, sync), rename = find(FILE_RENAME, 0);
    ck_assert_uint_lt(find(FILE_PWRITE, 0), sync);
    ck_assert_msg(find(FILE_PWRITE, sync) == UINT64_MAX, "written to after the sync");
    ck_assert_int_eq(s->files.records[sync].file, file);
    ck_assert_int_eq(s->files.records[close].file, file);
    ck_assert_uint_lt(close, rename);
    ck_assert_uint_lt(rename, find(FILE_SYNC_DIRECTORY, 0));
    ck_assert_uint_lt(find(FILE_SYNC_DIRECTORY, 0), UINT64_MAX);
    ck_assert_uint_eq(s->files.counts[FILE_RENAME], 1);
    ck_assert_uint_eq(s->files.counts[FILE_UNLINK], 0);
}
END_TEST

START_TEST(a_save_that_need_not_be_durable_does_not_sync) {
    ckpt_error err;
    assert_ok(save_source_to_target(true, &err));
    ck_assert_uint_eq(s->files.counts[FILE_SYNC] + s->files.counts[FILE_SYNC_DIRECTORY], 0);
}
END_TEST

/* The system drops what could not be written and calls the next fsync good: one failure is final.
 */
START_TEST(a_failed_sync_is_not_tried_again) {
    ckpt_error err;
    assert_ok(save_source_to_target(false, &err));
    test_write_file(s->target, s->old, s->old_size);
    s->fail_at = find(FILE_SYNC, 0) + 1;
    s->sys_errno = EIO;
    assert_status(save_source_to_target(false, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, EIO);
    ck_assert_uint_eq(s->files.counts[FILE_SYNC], 1);
    ck_assert_uint_eq(s->files.counts[FILE_RENAME], 0);
    assert_nothing_left();
}
END_TEST

START_TEST(a_directory_that_cannot_be_synced_is_told_apart) {
    ckpt_error err;
    ckpt *c;
    assert_ok(save_source_to_target(false, &err));
    test_write_file(s->target, s->old, s->old_size);
    s->fail_at = find(FILE_SYNC_DIRECTORY, 0) + 1;
    s->sys_errno = EIO;
    assert_status(save_source_to_target(false, &err), CKPT_E_DURABILITY);
    ck_assert_int_eq(err.sys_errno, EIO);
    /* The new file is in place and whole. */
    assert_ok(ckpt_open(s->target, NULL, &c, &err));
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
    ck_assert_uint_eq(test_directory_count(&s->directory), 2);
}
END_TEST

START_TEST(a_failing_clean_up_does_not_hide_what_failed) {
    ckpt_error err;
    assert_ok(save_source_to_target(false, &err));
    test_write_file(s->target, s->old, s->old_size);
    s->fail_at = find(FILE_PWRITE, 0) + 1;
    s->sys_errno = ENOSPC;
    s->files.unlink_fails = true;
    assert_status(save_source_to_target(false, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, ENOSPC);
    ck_assert(sweep_target_is_old(s));
    /* The next save is not disturbed by what was left behind. */
    s->files.unlink_fails = false;
    s->fail_at = 0;
    assert_ok(save_source_to_target(false, &err));
}
END_TEST

/* A child of the test, so that the limit ends with it. */
START_TEST(a_file_size_limit_of_the_system_is_an_error) {
    ckpt_error err;
    struct rlimit limit = {8192, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ckpt_status status = save_source_to_target(false, &err);
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_msg(status == CKPT_E_IO && err.sys_errno == EFBIG, "%s", ckpt_status_name(status));
    assert_nothing_left();
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error) {
    ckpt_error err;
    char path[400];
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    snprintf(path, sizeof path, "%s/none/file.ckpt", s->directory.path);
    assert_status(ckpt_save(c, path, NULL, &err), CKPT_E_NOT_FOUND);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    snprintf(path, sizeof path, "%s/file.ckpt", s->target);
    assert_status(ckpt_save(c, path, NULL, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, ENOTDIR);
    assert_status(ckpt_save(c, s->directory.path, NULL, &err), CKPT_E_IO);
    ckpt_free(c);
    assert_nothing_left();
}
END_TEST

START_TEST(permissions_of_the_old_file_are_kept) {
    ckpt_error err;
    struct stat status;
    ck_assert_int_eq(chmod(s->target, 0640), 0);
    assert_ok(save_source_to_target(false, &err));
    ck_assert_int_eq(stat(s->target, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0640);
}
END_TEST

static bool count_down(void *ctx, uint64_t done, uint64_t total) {
    unsigned *left = ctx;
    ck_assert_uint_le(done, total);
    return (*left)-- > 0;
}

static ckpt_status cancel_late(ckpt *c, unsigned *left, ckpt_error *err) {
    ckpt_save_options options = sweep_save_options(s);
    options.progress = count_down;
    options.ctx = left;
    options.chunk_size = 4096;
    return ckpt_save(c, s->target, &options, err);
}

START_TEST(a_cancelled_save_leaves_the_old_file) {
    ckpt_error err;
    /* Progress is told every few megabytes. */
    static const uint64_t shape[1] = {5000000};
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    assert_ok(ckpt_add_parameter(ckpt_root(c), "large", CKPT_U8, 1, shape, NULL, NULL, &err));
    for (unsigned calls = 0;; calls++) {
        unsigned left = calls;
        ckpt_status status = cancel_late(c, &left, &err);
        if (status == CKPT_OK) {
            ck_assert_uint_gt(calls, 1);
            break;
        }
        ck_assert_int_eq(status, CKPT_E_CANCELLED);
        ck_assert(sweep_target_is_old(s));
        ck_assert_uint_eq(test_directory_count(&s->directory), 2);
    }
    ckpt_free(c);
}
END_TEST

/* Saves a mapped checkpoint over its own file, again and again, while it is changed. */
START_TEST(a_file_can_be_saved_over_while_it_is_mapped) {
    ckpt_error err;
    char why[200], name[16];
    static const uint64_t shape[1] = {30000};
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "large %u", i);
        assert_ok(ckpt_add_buffer(ckpt_root(c), name, CKPT_I64, 1, shape, NULL, NULL, &err));
        assert_ok(ckpt_save(c, s->source, NULL, &err));
        ckpt *opened;
        assert_ok(ckpt_open(s->source, NULL, &opened, &err));
        const char *difference = models_differ(c, opened, why, sizeof why);
        ck_assert_msg(difference == NULL, "%s", difference);
        assert_ok(ckpt_verify(opened, NULL, NULL, &err));
        /* Every other time goes on with the new file, and lets the old one go. */
        ckpt_free(i % 2 == 0 ? c : opened);
        c = i % 2 == 0 ? opened : c;
    }
    ckpt_free(c);
    ck_assert_uint_eq(test_directory_count(&s->directory), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("durability");
    TCase *tests = tcase_create("durability");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_save_writes_syncs_closes_renames_and_syncs_the_directory);
    tcase_add_test(tests, a_save_that_need_not_be_durable_does_not_sync);
    tcase_add_test(tests, a_failed_sync_is_not_tried_again);
    tcase_add_test(tests, a_directory_that_cannot_be_synced_is_told_apart);
    tcase_add_test(tests, a_failing_clean_up_does_not_hide_what_failed);
    tcase_add_test(tests, a_file_size_limit_of_the_system_is_an_error);
    tcase_add_test(tests, a_directory_that_is_not_there_is_an_error);
    tcase_add_test(tests, permissions_of_the_old_file_are_kept);
    tcase_add_test(tests, a_cancelled_save_leaves_the_old_file);
    tcase_add_test(tests, a_file_can_be_saved_over_while_it_is_mapped);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
