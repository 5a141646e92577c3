/* SPDX-License-Identifier: MIT */
/* Checkpoints that lie in several files: how they are divided. */
#include "checkmain.h"
#include "partsfixture.h"
#include "testfiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ckpt_error err;

START_TEST(storages_go_to_shards_of_at_most_this_size) {
    ckpt *c = parts_model(), *opened;
    parts_save(c, parts_path, 8192, NULL);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    /* a and b; large; small */
    ck_assert_uint_eq(ckpt_part_count(opened), 3);
    ck_assert_str_eq(parts_part_of(opened, "a"), parts_part_of(opened, "b"));
    ck_assert_str_ne(parts_part_of(opened, "a"), parts_part_of(opened, "large"));
    ck_assert_str_ne(parts_part_of(opened, "small"), parts_part_of(opened, "large"));
    ck_assert_str_eq(parts_part_of(opened, "none"), "");
    ck_assert_int_eq(strncmp(parts_part_of(opened, "a"), "net-", 4), 0);
    ck_assert_uint_eq(strlen(parts_part_of(opened, "a")), strlen("net-0123456789abcdef.part"));
    for (uint32_t i = 0; i < 3; i++) {
        ckpt_part part = ckpt_part_at(opened, i);
        ck_assert_str_eq(part.problem, "");
        ck_assert(part.size <= 8192 || part.size == 4 * PARTS_MOST);
        ck_assert_ptr_nonnull(part.sha256);
        ck_assert(i == 0 || strcmp(ckpt_part_at(opened, i - 1).name, part.name) < 0);
    }
    ck_assert_str_eq(ckpt_part_at(opened, 3).name, "");
    ck_assert_uint_lt(ckpt_describe_file(opened).file_size, 12000);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(what_fits_into_one_file_is_not_divided) {
    ckpt *c = parts_model(), *opened;
    size_t sizes[2];
    parts_save(c, parts_path, 0, NULL);
    void *whole = test_read_file(parts_path, &sizes[0]);
    parts_save(c, parts_path, 28008, NULL);
    void *limited = test_read_file(parts_path, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(whole, limited, sizes[0]);
    ck_assert_uint_eq(test_directory_count(&parts_directory), 1);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ck_assert_uint_eq(ckpt_part_count(opened), 0);
    ckpt_free(opened);
    ckpt_free(c);
    free(whole);
    free(limited);
}
END_TEST

START_TEST(shards_of_the_same_bytes_are_two_files) {
    ckpt *c = parts_model(), *opened;
    parts_save(c, parts_path, 4000, NULL);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    const char *a = parts_part_of(opened, "a"), *b = parts_part_of(opened, "b");
    ck_assert_int_eq(strncmp(a, b, strlen("net-0123456789abcdef")), 0);
    ck_assert_str_eq(strrchr(b, '-'), "-2.part");
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(the_same_model_gives_the_same_files) {
    ckpt *c = parts_model();
    ckpt_save_options options = parts_options(4096, NULL);
    options.compress = true;
    options.threads = 1;
    assert_ok(ckpt_save(c, parts_path, &options, &err));
    size_t files = test_directory_count(&parts_directory), sizes[2];
    void *first = test_read_file(parts_path, &sizes[0]);
    options.threads = 4;
    assert_ok(ckpt_save(c, parts_path, &options, &err));
    void *second = test_read_file(parts_path, &sizes[1]);
    ck_assert_uint_eq(test_directory_count(&parts_directory), files);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(first, second, sizes[0]);
    parts_assert_file(parts_path, c);
    ckpt_free(c);
    free(first);
    free(second);
}
END_TEST

START_TEST(bytes_of_a_part_are_mapped) {
    ckpt *c = parts_model(), *opened;
    const void *data = NULL, *again = NULL;
    parts_save(c, parts_path, 8192, NULL);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ckpt_tensor large = ckpt_find_tensor(ckpt_root(opened), "large");
    assert_ok(ckpt_tensor_data(large, &data, &err));
    assert_ok(ckpt_storage_data(parts_storage(opened, "large"), &again, &err));
    ck_assert_ptr_eq(data, again);
    ck_assert_uint_eq((uintptr_t)data % 64, 0);
    ck_assert_float_eq(((const float *)data)[PARTS_MOST - 1], PARTS_MOST);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(a_whole_save_has_no_parts) {
    ckpt *c = parts_model(), *opened;
    size_t sizes[2];
    char whole[300];
    test_path(&parts_directory, "whole.ckpt", whole, sizeof whole);
    parts_save(c, whole, 0, NULL);
    parts_save(c, parts_path, 4000, NULL);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    parts_save(opened, parts_path, 0, NULL);
    void *first = test_read_file(whole, &sizes[0]), *second = test_read_file(parts_path, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(first, second, sizes[0]);
    parts_assert_same(opened, c);
    ckpt_free(opened);
    ckpt_free(c);
    free(first);
    free(second);
}
END_TEST

START_TEST(stems_are_made_fit_for_names) {
    static const char *const names[] = {"a:b\\c.ckpt", "\x01.ckpt",    ".ckpt",    "..ckpt",
                                        "a.b.c",       "no extension", "\xff.ckpt"};
    ckpt *c = parts_model();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_path(&parts_directory, names[i], parts_path, sizeof parts_path);
        parts_save(c, parts_path, 8192, NULL);
        parts_assert_file(parts_path, c);
    }
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    test_path(&parts_directory, longest, parts_path, sizeof parts_path);
    parts_save(c, parts_path, 4000, NULL);
    parts_assert_file(parts_path, c);
    ckpt_free(c);
}
END_TEST

START_TEST(there_are_no_shards_without_a_path) {
    ckpt *c = parts_model();
    void *data;
    size_t size;
    ckpt_writer writer = {NULL, NULL};
    ckpt_save_options options = parts_options(4096, NULL);
    assert_status(ckpt_save_memory(c, &options, &data, &size, &err), CKPT_E_UNSUPPORTED);
    assert_status(ckpt_save_writer(c, &writer, &options, &err), CKPT_E_UNSUPPORTED);
    options.format = "npy";
    assert_status(ckpt_save(c, parts_path, &options, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
}
END_TEST

START_TEST(a_bare_name_has_its_parts_in_the_current_directory) {
    int before = open(".", O_RDONLY | O_DIRECTORY);
    ckpt *c = parts_model();
    ck_assert_int_eq(chdir(parts_directory.path), 0);
    parts_save(c, "bare.ckpt", 8192, NULL);
    parts_assert_file("bare.ckpt", c);
    ck_assert_int_eq(chdir("/"), 0);
    parts_assert_file(parts_beside("bare.ckpt"), c);
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("parts");
    TCase *tests = tcase_create("parts");
    tcase_add_checked_fixture(tests, parts_setup, parts_teardown);
    tcase_add_test(tests, storages_go_to_shards_of_at_most_this_size);
    tcase_add_test(tests, what_fits_into_one_file_is_not_divided);
    tcase_add_test(tests, shards_of_the_same_bytes_are_two_files);
    tcase_add_test(tests, the_same_model_gives_the_same_files);
    tcase_add_test(tests, bytes_of_a_part_are_mapped);
    tcase_add_test(tests, a_whole_save_has_no_parts);
    tcase_add_test(tests, stems_are_made_fit_for_names);
    tcase_add_test(tests, there_are_no_shards_without_a_path);
    tcase_add_test(tests, a_bare_name_has_its_parts_in_the_current_directory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
