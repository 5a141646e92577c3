/* SPDX-License-Identifier: MIT */
/* Checkpoints in several files: what is taken from a base, and what an edit does to parts. */
#include "checkmain.h"
#include "partsfixture.h"
#include "testfiles.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ckpt_error err;

START_TEST(what_the_base_has_is_not_written) {
    ckpt *c = parts_model(), *base, *opened;
    char old[300];
    test_path(&parts_directory, "old.ckpt", old, sizeof old);
    parts_save(c, old, 0, NULL);
    base = parts_open(old, CKPT_ACCESS_MAP);
    parts_add(c, "new", 3000, 77);
    assert_ok(ckpt_remove(ckpt_root(c), "small", &err));
    parts_save(c, parts_path, 0, base);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ck_assert_uint_eq(ckpt_part_count(opened), 1);
    ck_assert_str_eq(parts_part_of(opened, "large"), "old.ckpt");
    ck_assert_str_eq(parts_part_of(opened, "a"), "old.ckpt");
    ck_assert_str_eq(parts_part_of(opened, "b"), "old.ckpt");
    ck_assert_str_eq(parts_part_of(opened, "new"), "");
    /* Equal bytes are still two storages. */
    ck_assert(!ckpt_storage_same(parts_storage(opened, "a"), parts_storage(opened, "b")));
    ck_assert_uint_ne(ckpt_describe_storage(parts_storage(opened, "a")).offset,
                      ckpt_describe_storage(parts_storage(opened, "b")).offset);
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

START_TEST(no_bytes_of_a_base_are_used_twice) {
    ckpt *c = parts_model(), *base, *opened;
    parts_save(c, parts_beside("old.ckpt"), 0, NULL);
    base = parts_open(parts_beside("old.ckpt"), CKPT_ACCESS_READ);
    parts_add(c, "third", 1000, 0);
    parts_save(c, parts_path, 0, base);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ck_assert_str_eq(parts_part_of(opened, "third"), "");
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

START_TEST(parts_of_the_base_are_referred_to_directly) {
    ckpt *c = parts_model(), *base, *opened;
    parts_save(c, parts_beside("old.ckpt"), 8192, NULL);
    base = parts_open(parts_beside("old.ckpt"), CKPT_ACCESS_MAP);
    parts_add(c, "new", 3000, 77);
    parts_save(c, parts_path, 8192, base);
    ckpt_free(base);
    ck_assert_int_eq(unlink(parts_beside("old.ckpt")), 0);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ck_assert_int_eq(strncmp(parts_part_of(opened, "large"), "old-", 4), 0);
    ck_assert_int_eq(strncmp(parts_part_of(opened, "new"), "net-", 4), 0);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(an_encoded_base_stays_encoded) {
    ckpt *c = parts_model(), *base, *opened;
    ckpt_save_options options = parts_options(0, NULL);
    options.compress = true;
    assert_ok(ckpt_save(c, parts_beside("old.ckpt"), &options, &err));
    base = parts_open(parts_beside("old.ckpt"), CKPT_ACCESS_MAP);
    parts_save(c, parts_path, 0, base);
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_MAP);
    ck_assert_str_eq(ckpt_describe_storage(parts_storage(opened, "a")).encoding, "planes");
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

static void assert_no_base(ckpt *c, ckpt *base, ckpt_status status, const char *word) {
    ckpt_save_options options = parts_options(0, base);
    assert_status(ckpt_save(c, parts_path, &options, &err), status);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
    ck_assert_int_ne(access(parts_path, F_OK), 0);
}

START_TEST(what_cannot_be_the_base) {
    char old[300], below[300];
    ckpt *c = parts_model(), *base;
    test_path(&parts_directory, "old.ckpt", old, sizeof old);
    parts_save(c, old, 0, NULL);
    assert_no_base(c, c, CKPT_E_ARGUMENT, "not opened from a .ckpt file");
    base = parts_open(old, CKPT_ACCESS_MAP);
    ckpt_save_options options = parts_options(0, base);
    assert_status(ckpt_save(c, old, &options, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "would replace"));
    ck_assert_int_eq(mkdir(parts_beside("below"), 0700), 0);
    test_path(&parts_directory, "below/net.ckpt", below, sizeof below);
    assert_status(ckpt_save(c, below, &options, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "directory"));
    void *data;
    size_t size;
    assert_status(ckpt_save_memory(c, &options, &data, &size, &err), CKPT_E_UNSUPPORTED);
    options.format = "npy";
    assert_status(ckpt_save(c, parts_path, &options, &err), CKPT_E_UNSUPPORTED);
    /* Another file has taken its name; it has been edited. */
    ck_assert_int_eq(rename(old, parts_beside("renamed")), 0);
    assert_no_base(c, base, CKPT_E_ARGUMENT, "not a file in the directory");
    parts_save(c, old, 0, NULL);
    assert_no_base(c, base, CKPT_E_ARGUMENT, "another file has its name");
    ckpt_free(base);
    base = parts_open(old, CKPT_ACCESS_MAP);
    assert_ok(ckpt_map_set(ckpt_metadata(base), "k", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_commit(base, NULL, &err));
    assert_no_base(c, base, CKPT_E_ARGUMENT, "has been edited");
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

/* ---- edits ---- */

START_TEST(an_edit_leaves_storages_in_their_parts) {
    ckpt *c = parts_model(), *opened, *older;
    parts_save(c, parts_path, 8192, NULL);
    ckpt_free(c);
    c = parts_open(parts_path, CKPT_ACCESS_MAP);
    parts_add(c, "new", 3000, 5);
    assert_ok(ckpt_remove(ckpt_root(c), "large", &err));
    ckpt_save_options shards = parts_options(8192, NULL);
    assert_status(ckpt_commit(c, &shards, &err), CKPT_E_UNSUPPORTED);
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 2);
    parts_assert_file(parts_path, c);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    /* Once more, from what has been committed and from what has been opened. */
    assert_ok(ckpt_remove(ckpt_root(c), "small", &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    parts_assert_file(parts_path, c);
    opened = parts_open(parts_path, CKPT_ACCESS_READ);
    ck_assert_uint_eq(ckpt_part_count(opened), 1);
    ck_assert_str_eq(parts_part_of(opened, "new"), "");
    ck_assert_str_ne(parts_part_of(opened, "a"), "");
    ckpt_free(opened);
    ckpt_open_options first = {.struct_size = sizeof first, .generation = 1};
    assert_ok(ckpt_open(parts_path, &first, &older, &err));
    ck_assert_uint_eq(ckpt_part_count(older), 3);
    assert_ok(ckpt_verify(older, NULL, NULL, &err));
    ck_assert_str_ne(parts_part_of(older, "large"), "");
    ckpt_free(older);
    ckpt_free(c);
}
END_TEST

START_TEST(an_edit_can_give_up_all_parts) {
    ckpt *c = parts_model();
    parts_save(c, parts_path, 8192, NULL);
    ckpt_free(c);
    c = parts_open(parts_path, CKPT_ACCESS_MAP);
    static const char *const names[] = {"a", "b", "large", "small"};
    for (int i = 0; i < 4; i++)
        assert_ok(ckpt_remove(ckpt_root(c), names[i], &err));
    parts_add(c, "new", 30, 5);
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 0);
    parts_assert_file(parts_path, c);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("partsbase");
    TCase *tests = tcase_create("partsbase");
    tcase_add_checked_fixture(tests, parts_setup, parts_teardown);
    tcase_add_test(tests, what_the_base_has_is_not_written);
    tcase_add_test(tests, no_bytes_of_a_base_are_used_twice);
    tcase_add_test(tests, parts_of_the_base_are_referred_to_directly);
    tcase_add_test(tests, an_encoded_base_stays_encoded);
    tcase_add_test(tests, what_cannot_be_the_base);
    tcase_add_test(tests, an_edit_leaves_storages_in_their_parts);
    tcase_add_test(tests, an_edit_can_give_up_all_parts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
