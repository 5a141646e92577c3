/* SPDX-License-Identifier: MIT */
/* Checkpoints in several files, of which one is not as it should be. */
#include "checkmain.h"
#include "partsfixture.h"
#include "testfiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ckpt_error err;

static char part_path[400];

/* The file in shards; part_path is that of `large`. */
static void save_and_find_part(void) {
    ckpt *c = parts_model(), *opened;
    parts_save(c, parts_path, 8192, NULL);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    test_path(&parts_directory, parts_part_of(opened, "large"), part_path, sizeof part_path);
    ckpt_free(opened);
    ckpt_free(c);
}

static void count_damage(void *ctx, const ckpt_damage *damage) {
    ck_assert_str_eq(damage->part, strrchr(part_path, '/') + 1);
    ++*(int *)ctx;
}

/* It opens all the same; `large` cannot be read, the rest can. */
static void assert_unreadable(ckpt_status status, const char *word) {
    unsigned char bytes[8];
    int damage = 0;
    for (int access = 0; access < 2; access++) {
        ckpt *c = parts_open(parts_path, (ckpt_access)access);
        const void *data;
        assert_status(ckpt_storage_read(parts_storage(c, "large"), 0, 8, bytes, &err), status);
        ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
        ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
        assert_status(ckpt_storage_data(parts_storage(c, "large"), &data, &err), status);
        assert_ok(ckpt_storage_read(parts_storage(c, "a"), 0, 8, bytes, &err));
        assert_ok(ckpt_storage_read(parts_storage(c, "small"), 0, 8, bytes, &err));
        int problems = 0;
        for (uint32_t i = 0; i < ckpt_part_count(c); i++)
            problems += ckpt_part_at(c, i).problem[0] != '\0';
        ck_assert_int_eq(problems, 1);
        ckpt_verify_options options = {
            .struct_size = sizeof options, .on_damage = count_damage, .ctx = &damage};
        assert_status(ckpt_verify(c, &options, NULL, &err), status);
        ck_assert_str_eq(err.rule, "F8");
        ckpt_free(c);
    }
    ck_assert_int_eq(damage, 2);
}

START_TEST(a_part_that_is_missing) {
    save_and_find_part();
    ck_assert_int_eq(unlink(part_path), 0);
    assert_unreadable(CKPT_E_NOT_FOUND, "no such file");
}
END_TEST

START_TEST(a_part_of_another_size) {
    save_and_find_part();
    ck_assert_int_eq(truncate(part_path, 4 * PARTS_MOST - 1), 0);
    assert_unreadable(CKPT_E_MISMATCH, "should have");
    ck_assert_int_eq(truncate(part_path, 4 * PARTS_MOST + 1), 0);
    assert_unreadable(CKPT_E_MISMATCH, "should have");
}
END_TEST

START_TEST(a_part_that_is_no_regular_file) {
    char moved[300];
    save_and_find_part();
    test_path(&parts_directory, "moved", moved, sizeof moved);
    ck_assert_int_eq(rename(part_path, moved), 0);
    ck_assert_int_eq(symlink("moved", part_path), 0);
    assert_unreadable(CKPT_E_IO, "symbolic link");
    ck_assert_int_eq(unlink(part_path), 0);
    ck_assert_int_eq(mkdir(part_path, 0700), 0);
    assert_unreadable(CKPT_E_IO, "not a regular file");
    ck_assert_int_eq(rmdir(part_path), 0);
    ck_assert_int_eq(mkfifo(part_path, 0600), 0);
    assert_unreadable(CKPT_E_IO, "not a regular file");
    ck_assert_int_eq(unlink(part_path), 0);
    ck_assert_int_eq(link(moved, part_path), 0);
    ckpt *c = parts_open(parts_path, CKPT_ACCESS_MAP);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
}
END_TEST

START_TEST(a_part_that_is_altered) {
    int damage = 0;
    save_and_find_part();
    int file = open(part_path, O_RDWR);
    ck_assert_int_eq((int)pwrite(file, "\x55", 1, 5000), 1);
    close(file);
    ckpt *c = parts_open(parts_path, CKPT_ACCESS_READ);
    float number;
    assert_ok(ckpt_storage_read(parts_storage(c, "large"), 0, 4, &number, &err));
    assert_ok(ckpt_storage_read(parts_storage(c, "large"), 4092, 4, &number, &err));
    assert_status(ckpt_storage_read(parts_storage(c, "large"), 5000, 4, &number, &err),
                  CKPT_E_CHECKSUM);
    ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = count_damage, .ctx = &damage};
    ckpt_verify_result result;
    assert_status(ckpt_verify(c, &options, &result, &err), CKPT_E_CHECKSUM);
    ck_assert_str_eq(err.rule, "C2");
    ck_assert_int_eq(damage, 2); /* the chunk, and the part as a whole */
    ck_assert_uint_eq(result.damaged, 2);
    ckpt_free(c);
}
END_TEST

START_TEST(bytes_without_a_place_have_no_parts) {
    size_t size;
    unsigned char bytes[8];
    ckpt *c;
    save_and_find_part();
    void *content = test_read_file(parts_path, &size);
    assert_ok(ckpt_open_memory(content, size, "NAME", NULL, &c, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 3);
    assert_status(ckpt_storage_read(parts_storage(c, "large"), 0, 8, bytes, &err),
                  CKPT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
    ck_assert_str_eq(ckpt_describe_storage(parts_storage(c, "large")).part,
                     strrchr(part_path, '/') + 1);
    void *data = NULL;
    assert_status(ckpt_save_memory(c, NULL, &data, &size, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
    free(content);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("partsrefused");
    TCase *tests = tcase_create("partsrefused");
    tcase_add_checked_fixture(tests, parts_setup, parts_teardown);
    tcase_add_test(tests, a_part_that_is_missing);
    tcase_add_test(tests, a_part_of_another_size);
    tcase_add_test(tests, a_part_that_is_no_regular_file);
    tcase_add_test(tests, a_part_that_is_altered);
    tcase_add_test(tests, bytes_without_a_place_have_no_parts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
