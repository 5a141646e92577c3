/* SPDX-License-Identifier: MIT */
/* Files that a file names: nothing outside of its directory is ever opened. */
#include "base/source.h"
#include "checkmain.h"
#include "faultfiles.h"
#include "faultmemory.h"
#include "testfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static fault_memory watched;
static fault_files files;
static const ckpt_filesystem *hook;
static ck_memory memory;
static test_directory directory;
static char path[512], other[512], outside[512];
static unsigned char buffer[16];
static ckpt_error err;
static ck_source main_file, source;

static void setup(void) {
    memset(&watched, 0, sizeof watched);
    memset(&files, 0, sizeof files);
    memory = fault_memory_hook(&watched);
    hook = fault_files_hook(&files);
    directory = test_directory_create();
    snprintf(outside, sizeof outside, "%s/outside", directory.path);
    test_write_file(outside, "outside", 7);
    snprintf(path, sizeof path, "%s/in", directory.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    test_path(&directory, "in/main", path, sizeof path);
    test_write_file(path, "main", 4);
    assert_ok(ck_source_open(&main_file, &memory, hook, path, true, &err));
}

static void teardown(void) {
    ck_source_close(&main_file);
    test_directory_remove(&directory);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
    ck_assert_uint_eq(files.open_files, 0);
}

/* A path in the directory of the main file. */
static const char *inside(const char *name) {
    snprintf(other, sizeof other, "%s/in/%s", directory.path, name);
    return other;
}

static ckpt_status open_beside(const char *component) {
    return ck_source_open_beside(&source, &main_file, component, &err);
}

static void assert_opens(const char *component, const char *content) {
    size_t size = strlen(content);
    assert_ok(open_beside(component));
    ck_assert_uint_eq(source.size, size);
    assert_ok(ck_source_read(&source, 0, buffer, size, &err));
    ck_assert_mem_eq(buffer, content, size);
    ck_source_close(&source);
}

START_TEST(a_file_in_the_same_directory_is_opened) {
    test_write_file(inside("part"), "a part", 6);
    assert_opens("part", "a part");
    assert_ok(open_beside("part"));
    ck_assert_ptr_nonnull(source.bytes); /* mapped, as the main file is */
    ck_assert_str_eq(source.name, inside("part"));
    ck_source_close(&source);
    test_write_file(inside("..part"), "two dots", 8);
    assert_opens("..part", "two dots");
    test_write_file(inside("a\nb c\\d:e"), "odd", 3);
    assert_opens("a\nb c\\d:e", "odd");
}
END_TEST

START_TEST(hard_links_are_files) {
    ck_assert_int_eq(link(outside, inside("hard")), 0);
    assert_opens("hard", "outside");
}
END_TEST

START_TEST(what_is_no_component_is_refused_unopened) {
    static const char *const names[] = {
        "",        ".",          "..",      "../outside", "/",        "/etc/passwd",
        "../../x", "./main",     "a/b",     "part/",      "/main",    "//",
        "in/main", "../in/main", "main/..", "main/.",     "a/../main"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint64_t operations = files.operations;
        assert_status(open_beside(names[i]), CKPT_E_BOUNDS);
        assert_status(ck_source_open_beneath(&source, &main_file, names[i], "main", &err),
                      CKPT_E_BOUNDS);
        assert_status(ck_source_open_beneath(&source, &main_file, "in", names[i], &err),
                      CKPT_E_BOUNDS);
        ck_assert_uint_eq(files.operations, operations);
    }
}
END_TEST

START_TEST(links_are_not_followed) {
    ck_assert_int_eq(symlink("../outside", inside("relative")), 0);
    ck_assert_int_eq(symlink(outside, inside("absolute")), 0);
    ck_assert_int_eq(symlink("main", inside("near")), 0);
    ck_assert_int_eq(symlink("nowhere", inside("dangling")), 0);
    ck_assert_int_eq(symlink("loop", inside("loop")), 0);
    static const char *const names[] = {"relative", "absolute", "near", "dangling", "loop"};
    for (int i = 0; i < 5; i++) {
        assert_status(open_beside(names[i]), CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, ELOOP);
        ck_assert_ptr_nonnull(strstr(err.message, "symbolic link"));
        ck_assert_ptr_nonnull(strstr(err.message, names[i]));
    }
}
END_TEST

static void make_socket(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_lt(snprintf(address.sun_path, sizeof address.sun_path, "%s", name),
                     (int)sizeof address.sun_path);
    ck_assert_int_eq(bind(file, (struct sockaddr *)&address, sizeof address), 0);
    close(file);
}

START_TEST(only_regular_files_are_opened) {
    ck_assert_int_eq(mkfifo(inside("fifo"), 0600), 0);
    ck_assert_int_eq(mkdir(inside("directory"), 0700), 0);
    make_socket(inside("socket"));
    assert_status(open_beside("fifo"), CKPT_E_IO); /* and does not wait for a writer */
    assert_status(open_beside("directory"), CKPT_E_IO);
    assert_status(open_beside("socket"), CKPT_E_IO);
    assert_status(open_beside("none"), CKPT_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "in/none"));
    ck_source null;
    assert_ok(ck_source_open(&null, &memory, hook, inside("main"), false, &err));
    ck_free_string(&memory, null.name);
    null.name = ck_copy_string(&memory, "/dev/x", 6);
    assert_status(ck_source_open_beside(&source, &null, "null", &err), CKPT_E_IO);
    ck_source_close(&null);
}
END_TEST

START_TEST(a_directory_beside_is_entered_but_no_link_to_one) {
    ck_assert_int_eq(mkdir(inside("tensor"), 0700), 0);
    test_write_file(inside("tensor/out"), "bytes", 5);
    assert_ok(ck_source_open_beneath(&source, &main_file, "tensor", "out", &err));
    ck_assert_uint_eq(source.size, 5);
    ck_assert_str_eq(source.name, inside("tensor/out"));
    ck_source_close(&source);
    ck_assert_int_eq(symlink("tensor", inside("link")), 0);
    assert_status(ck_source_open_beneath(&source, &main_file, "link", "out", &err), CKPT_E_IO);
    ck_assert_int_eq(symlink("../../outside", inside("tensor/away")), 0);
    assert_status(ck_source_open_beneath(&source, &main_file, "tensor", "away", &err), CKPT_E_IO);
    assert_status(ck_source_open_beneath(&source, &main_file, "main", "out", &err), CKPT_E_IO);
    assert_status(ck_source_open_beneath(&source, &main_file, "none", "out", &err),
                  CKPT_E_NOT_FOUND);
}
END_TEST

/* The directory of a bare name is the current one, not the root. */
START_TEST(a_bare_name_lies_in_the_current_directory) {
    int before = open(".", O_RDONLY | O_DIRECTORY);
    ck_source bare;
    test_write_file(inside("part"), "a part", 6);
    ck_assert_int_eq(chdir(inside("")), 0);
    assert_ok(ck_source_open(&bare, &memory, hook, "main", false, &err));
    assert_ok(ck_source_open_beside(&source, &bare, "part", &err));
    ck_assert_uint_eq(source.size, 6);
    ck_assert_ptr_null(source.bytes);
    ck_assert_str_eq(source.name, "part");
    ck_source_close(&source);
    ck_source_close(&bare);
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
}
END_TEST

START_TEST(what_is_no_file_has_none_beside_it) {
    ck_source bytes;
    assert_ok(ck_source_from_memory(&bytes, &memory, "x", 1, path, &err));
    assert_status(ck_source_open_beside(&source, &bytes, "part", &err), CKPT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "'part'"));
    ck_source_close(&bytes);
    files.hook.open_at = NULL;
    assert_status(open_beside("main"), CKPT_E_UNSUPPORTED);
}
END_TEST

START_TEST(every_failing_call_is_told) {
    ck_assert_int_eq(mkdir(inside("d"), 0700), 0);
    test_write_file(inside("d/f"), "bytes", 5);
    fault_files_restart(&files);
    assert_ok(ck_source_open_beneath(&source, &main_file, "d", "f", &err));
    ck_source_close(&source);
    uint64_t operations = files.operations;
    for (uint64_t i = 1; i <= operations; i++) {
        fault_files_restart(&files);
        files.fail_at = i;
        files.sys_errno = EACCES;
        ckpt_status status = ck_source_open_beneath(&source, &main_file, "d", "f", &err);
        if (status == CKPT_OK)
            ck_source_close(&source); /* closing a directory, mapping: not needed */
        else
            ck_assert_int_eq(err.sys_errno, EACCES);
        ck_assert_uint_eq(files.open_files, 1);
    }
    files.fail_at = 0;
}
END_TEST

enum { SWAPS = 1000 };

/* Puts a file, a link to what is outside and a directory in each other's places. */
static void *swap_names(void *ctx) {
    char part[600], spare[600], sub[600], away[600], hidden[600];
    (void)ctx;
    snprintf(part, sizeof part, "%s/in/part", directory.path);
    snprintf(spare, sizeof spare, "%s/in/spare", directory.path);
    snprintf(sub, sizeof sub, "%s/in/sub", directory.path);
    snprintf(hidden, sizeof hidden, "%s/in/hidden", directory.path);
    snprintf(away, sizeof away, "%s/in/away", directory.path);
    for (int i = 0; i < SWAPS; i++) {
        if (symlink("../outside", spare) == 0)
            rename(spare, part);
        rename(sub, hidden);
        if (symlink("../elsewhere", away) == 0)
            rename(away, sub);
        test_write_file(spare, "inside", 6);
        rename(spare, part);
        unlink(sub);
        rename(hidden, sub);
    }
    return NULL;
}

static void assert_inside(ckpt_status status) {
    if (status != CKPT_OK)
        return;
    assert_ok(ck_source_read(&source, 0, buffer, (size_t)source.size, &err));
    ck_assert_uint_eq(source.size, 6);
    ck_assert_mem_eq(buffer, "inside", 6);
    ck_source_close(&source);
}

START_TEST(what_is_swapped_in_meanwhile_leads_nowhere) {
    pthread_t swapper;
    char elsewhere[600];
    ck_source plain;
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", directory.path);
    ck_assert_int_eq(mkdir(elsewhere, 0700), 0);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere/out", directory.path);
    test_write_file(elsewhere, "outside", 7);
    ck_assert_int_eq(mkdir(inside("sub"), 0700), 0);
    test_write_file(inside("sub/out"), "inside", 6);
    test_write_file(inside("part"), "inside", 6);
    assert_ok(ck_source_open(&plain, &memory, NULL, path, false, &err));
    ck_assert_int_eq(pthread_create(&swapper, NULL, swap_names, NULL), 0);
    for (int i = 0; i < SWAPS; i++) {
        assert_inside(ck_source_open_beside(&source, &plain, "part", &err));
        assert_inside(ck_source_open_beneath(&source, &plain, "sub", "out", &err));
    }
    pthread_join(swapper, NULL);
    ck_source_close(&plain);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sourcebeside");
    TCase *tests = tcase_create("sourcebeside");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_file_in_the_same_directory_is_opened);
    tcase_add_test(tests, hard_links_are_files);
    tcase_add_test(tests, what_is_no_component_is_refused_unopened);
    tcase_add_test(tests, links_are_not_followed);
    tcase_add_test(tests, only_regular_files_are_opened);
    tcase_add_test(tests, a_directory_beside_is_entered_but_no_link_to_one);
    tcase_add_test(tests, a_bare_name_lies_in_the_current_directory);
    tcase_add_test(tests, what_is_no_file_has_none_beside_it);
    tcase_add_test(tests, every_failing_call_is_told);
    tcase_add_test(tests, what_is_swapped_in_meanwhile_leads_nowhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
