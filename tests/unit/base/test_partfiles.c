/* SPDX-License-Identifier: MIT */
/* Files that are saved together: the main one last, and all or none. */
#include "base/partfiles.h"
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
static ck_atomic_file main_file;
static ck_parts parts;

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

static const char *beside(const char *name) {
    test_path(&directory, name, other, sizeof other);
    return other;
}

static void assert_content(const char *name, const char *wanted) {
    size_t size;
    char *bytes = test_read_file(beside(name), &size);
    ck_assert_uint_eq(size, strlen(wanted));
    ck_assert_mem_eq(bytes, wanted, size);
    free(bytes);
}

static ckpt_status add(const char *name, const char *content) {
    uint32_t number;
    ck_part *part;
    ckpt_status status = ck_parts_create(&parts, &number, &part, &err);
    if (status == CKPT_OK)
        status = ck_atomic_write(&part->file, content, strlen(content), 0, &err);
    if (status == CKPT_OK && name != NULL)
        status = ck_parts_set_name(&parts, number, name, &err);
    return status;
}

static ckpt_status begin(void) {
    ckpt_status status = ck_atomic_open(&main_file, &memory, hook, path, true, &err);
    parts = ck_parts_begin(&main_file);
    return status;
}

/* Two parts and the main file. */
static ckpt_status save_all(void) {
    ckpt_status status = begin();
    if (status != CKPT_OK)
        return status;
    status = add("a.part", "new a");
    if (status == CKPT_OK)
        status = add("b.part", "new b");
    if (status == CKPT_OK)
        status = ck_atomic_write(&main_file, "new", 3, 0, &err);
    if (status == CKPT_OK)
        return ck_parts_commit(&parts, &main_file, &err);
    ck_parts_abort(&parts);
    ck_atomic_abort(&main_file);
    return status;
}

START_TEST(parts_and_main_file_appear) {
    assert_ok(save_all());
    assert_content("net.ckpt", "new");
    assert_content("a.part", "new a");
    assert_content("b.part", "new b");
    ck_assert_uint_eq(test_directory_count(&directory), 3);
}
END_TEST

/* wanted ends with FILE_OPERATION_COUNT. */
static void assert_synced_in_order(const file_operation *wanted) {
    for (uint64_t i = 0; i < files.operations; i++) {
        file_operation operation = files.records[i].operation;
        if (operation == FILE_SYNC || operation == FILE_RENAME || operation == FILE_SYNC_DIRECTORY)
            ck_assert_int_eq(operation, *wanted++);
    }
    ck_assert_int_eq(*wanted, FILE_OPERATION_COUNT);
}

START_TEST(all_is_synced_before_the_first_name_and_the_main_file_comes_last) {
    assert_ok(save_all());
    assert_synced_in_order((const file_operation[]){FILE_SYNC, FILE_SYNC, FILE_SYNC, FILE_RENAME,
                                                    FILE_RENAME, FILE_SYNC_DIRECTORY, FILE_RENAME,
                                                    FILE_SYNC_DIRECTORY, FILE_OPERATION_COUNT});
}
END_TEST

START_TEST(nothing_is_left_of_parts_that_are_thrown_away) {
    test_write_file(path, "old", 3);
    assert_ok(begin());
    assert_ok(add("a.part", "a"));
    assert_ok(add(NULL, "b"));
    ck_parts_abort(&parts);
    ck_atomic_abort(&main_file);
    assert_content("net.ckpt", "old");
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(a_part_can_be_discarded_closed_early_and_read_back) {
    char back[6] = "";
    uint32_t number;
    ck_part *part;
    assert_ok(begin());
    assert_ok(add(NULL, "not needed"));
    ck_parts_discard(&parts, 0);
    assert_ok(ck_parts_create(&parts, &number, &part, &err));
    assert_ok(ck_atomic_write(&part->file, "bytes", 5, 0, &err));
    assert_ok(ck_atomic_read(&part->file, back, 5, 0, &err));
    ck_assert_str_eq(back, "bytes");
    assert_status(ck_atomic_read(&part->file, back, 6, 0, &err), CKPT_E_TRUNCATED);
    assert_ok(ck_parts_finish(&parts, number, &err));
    assert_ok(ck_parts_set_name(&parts, number, "late", &err));
    assert_ok(ck_parts_commit(&parts, &main_file, &err));
    assert_content("late", "bytes");
    ck_assert_uint_eq(test_directory_count(&directory), 2);
}
END_TEST

START_TEST(names_are_components_and_stand_for_one_file) {
    static const char *const names[] = {"", ".", "..", "a/b", "/a", "../a", "net.ckpt", "a.part"};
    for (int i = 0; i < 8; i++) {
        assert_ok(begin());
        assert_ok(add("a.part", "a"));
        assert_status(add(names[i], "b"), CKPT_E_ARGUMENT);
        ck_parts_abort(&parts);
        ck_atomic_abort(&main_file);
    }
    assert_ok(begin());
    assert_ok(add(NULL, "a"));
    assert_status(ck_parts_commit(&parts, &main_file, &err), CKPT_E_ARGUMENT);
    ck_assert_uint_eq(test_directory_count(&directory), 0);
}
END_TEST

START_TEST(what_is_no_file_is_not_replaced_by_a_part) {
    ck_assert_int_eq(mkdir(beside("a.part"), 0700), 0);
    assert_ok(begin());
    assert_status(add("a.part", "a"), CKPT_E_IO);
    ck_parts_abort(&parts);
    ck_atomic_abort(&main_file);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
}
END_TEST

START_TEST(parts_are_as_private_as_what_is_replaced) {
    struct stat status;
    test_write_file(path, "old", 3);
    ck_assert_int_eq(chmod(path, 0600), 0);
    test_write_file(beside("b.part"), "old b", 5);
    ck_assert_int_eq(chmod(beside("b.part"), 0640), 0);
    assert_ok(save_all());
    ck_assert_int_eq(stat(beside("a.part"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777u, 0600);
    ck_assert_int_eq(stat(beside("b.part"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777u, 0640);
}
END_TEST

/* Every failing call: old or new, and no part without its main file. */
START_TEST(a_failure_leaves_nothing_behind) {
    fault_files_restart(&files);
    assert_ok(save_all());
    uint64_t operations = files.operations;
    for (uint64_t i = 1; i <= operations; i++) {
        ck_assert_int_eq(remove(beside("a.part")) | remove(beside("b.part")), 0);
        test_write_file(path, "old", 3);
        fault_files_restart(&files);
        files.fail_at = i;
        files.sys_errno = ENOSPC;
        ckpt_status status = save_all();
        files.fail_at = 0;
        if (status == CKPT_OK || status == CKPT_E_DURABILITY) {
            assert_content("net.ckpt", "new");
            assert_content("a.part", "new a");
            ck_assert_uint_eq(test_directory_count(&directory), 3);
        } else {
            ck_assert_int_eq(err.sys_errno, ENOSPC);
            assert_content("net.ckpt", "old");
            ck_assert_uint_eq(test_directory_count(&directory), 1);
            assert_ok(save_all());
        }
    }
}
END_TEST

START_TEST(a_part_that_took_the_place_of_a_file_stays_after_a_failure) {
    test_write_file(path, "old", 3);
    test_write_file(beside("a.part"), "new a", 5);
    assert_ok(begin());
    assert_ok(add("a.part", "new a"));
    assert_ok(add("b.part", "new b"));
    files.fail_ever_after = true;
    files.sys_errno = EIO;
    files.fail_at = files.operations + 12; /* behind syncs, closes and the first rename */
    assert_status(ck_parts_commit(&parts, &main_file, &err), CKPT_E_IO);
    files.fail_at = 0;
    assert_content("net.ckpt", "old");
    assert_content("a.part", "new a");
    ck_assert_uint_eq(test_directory_count(&directory), 2);
}
END_TEST

/* ---- parts whose names do not tell what is in them ---- */

static void assert_old_set(void) {
    assert_content("net.ckpt", "old");
    assert_content("a.part", "old a");
    assert_content("b.part", "old b");
}

static void make_old_set(void) {
    test_write_file(path, "old", 3);
    test_write_file(beside("a.part"), "old a", 5);
    test_write_file(beside("b.part"), "old b", 5);
}

static ckpt_status replace_all(void) {
    ckpt_status status = begin();
    if (status != CKPT_OK)
        return status;
    parts.sets_aside = true;
    status = add("a.part", "new a");
    if (status == CKPT_OK)
        status = add("b.part", "new b");
    if (status == CKPT_OK)
        status = ck_atomic_write(&main_file, "new", 3, 0, &err);
    if (status == CKPT_OK)
        return ck_parts_commit(&parts, &main_file, &err);
    ck_parts_abort(&parts);
    ck_atomic_abort(&main_file);
    return status;
}

/* Every failing call: the old set or the new one, whole, and nothing else. */
START_TEST(a_set_is_replaced_as_a_whole) {
    make_old_set();
    fault_files_restart(&files);
    assert_ok(replace_all());
    uint64_t operations = files.operations;
    for (uint64_t i = 1; i <= operations; i++) {
        make_old_set();
        fault_files_restart(&files);
        files.fail_at = i;
        files.sys_errno = EIO;
        ckpt_status status = replace_all();
        bool cleaned = files.records[i - 1].operation != FILE_UNLINK;
        files.fail_at = 0;
        if (status == CKPT_OK || status == CKPT_E_DURABILITY) {
            assert_content("net.ckpt", "new");
            assert_content("a.part", "new a");
            assert_content("b.part", "new b");
        } else {
            assert_old_set();
        }
        if (cleaned)
            ck_assert_uint_eq(test_directory_count(&directory), 3);
        else
            ck_assert_int_eq(
                remove(beside(".net.ckpt.1.1.old")) & remove(beside(".net.ckpt.1.2.old")), 0);
    }
}
END_TEST

/* Whoever looks finds parts of one set only: some may be missing. */
static void assert_no_mixture(void) {
    static const char *const names[] = {"a.part", "b.part"};
    char seen = '\0';
    for (size_t i = 0; i < 2; i++) {
        struct stat status;
        size_t size;
        if (stat(beside(names[i]), &status) != 0)
            continue;
        char *bytes = test_read_file(beside(names[i]), &size);
        ck_assert(seen == '\0' || seen == bytes[0]);
        seen = bytes[0];
        free(bytes);
    }
}

static unsigned watched_renames;

static int rename_and_look(void *ctx, const char *from, const char *to) {
    int failure = files.hook.rename(ctx, from, to);
    watched_renames++;
    assert_no_mixture();
    return failure;
}

START_TEST(no_moment_has_parts_of_both_sets) {
    ckpt_filesystem watching = *hook;
    watching.rename = rename_and_look;
    hook = &watching;
    watched_renames = 0;
    make_old_set();
    assert_ok(replace_all());
    ck_assert_uint_eq(watched_renames, 5);
    assert_synced_in_order((const file_operation[]){
        FILE_SYNC, FILE_SYNC, FILE_SYNC, FILE_RENAME, FILE_RENAME, FILE_SYNC_DIRECTORY, FILE_RENAME,
        FILE_RENAME, FILE_SYNC_DIRECTORY, FILE_RENAME, FILE_SYNC_DIRECTORY, FILE_OPERATION_COUNT});
}
END_TEST

START_TEST(a_main_file_that_cannot_be_replaced_leaves_the_old_parts) {
    make_old_set();
    assert_ok(begin());
    parts.sets_aside = true;
    assert_ok(add("a.part", "new a"));
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(mkdir(path, 0777), 0); /* so that the main file cannot have its name */
    ck_assert_int_ne(ck_parts_commit(&parts, &main_file, &err), CKPT_OK);
    assert_content("a.part", "old a");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_uint_eq(test_directory_count(&directory), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("partfiles");
    TCase *tests = tcase_create("partfiles");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, parts_and_main_file_appear);
    tcase_add_test(tests, all_is_synced_before_the_first_name_and_the_main_file_comes_last);
    tcase_add_test(tests, nothing_is_left_of_parts_that_are_thrown_away);
    tcase_add_test(tests, a_part_can_be_discarded_closed_early_and_read_back);
    tcase_add_test(tests, names_are_components_and_stand_for_one_file);
    tcase_add_test(tests, what_is_no_file_is_not_replaced_by_a_part);
    tcase_add_test(tests, parts_are_as_private_as_what_is_replaced);
    tcase_add_test(tests, a_failure_leaves_nothing_behind);
    tcase_add_test(tests, a_part_that_took_the_place_of_a_file_stays_after_a_failure);
    tcase_add_test(tests, a_set_is_replaced_as_a_whole);
    tcase_add_test(tests, no_moment_has_parts_of_both_sets);
    tcase_add_test(tests, a_main_file_that_cannot_be_replaced_leaves_the_old_parts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
