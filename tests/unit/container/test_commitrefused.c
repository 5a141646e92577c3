/* SPDX-License-Identifier: MIT */
/* Edits that must not happen, and what they leave: the file as it was. */
#include "editfixture.h"
#include "filebytes.h"

#include <errno.h>

START_TEST(a_file_that_another_program_changed_is_left_alone) {
    size_t size, size_after;
    ckpt *c = open_file(0), *other = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "k", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(other), "k", ckpt_int(2), NULL, &err));
    assert_ok(ckpt_commit(other, NULL, &err));
    void *bytes = test_read_file(path, &size);
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_MISMATCH);
    void *after = test_read_file(path, &size_after);
    ck_assert_uint_eq(size, size_after);
    ck_assert_mem_eq(bytes, after, size);
    free(after);
    /* The same bytes in another file are another file. */
    assert_ok(ckpt_save(other, path, NULL, &err));
    assert_status(ckpt_commit(other, NULL, &err), CKPT_E_MISMATCH);
    ckpt_free(c);
    ckpt_free(other);
    free(bytes);
}
END_TEST

START_TEST(a_file_that_another_program_edits_is_left_alone) {
    const ckpt_filesystem *files = ckpt_posix_filesystem();
    int file;
    ckpt *c = open_file(0);
    ck_assert_int_eq(files->open(files->ctx, path, CKPT_FILE_EDIT, &file), 0);
    ck_assert_int_eq(files->lock(files->ctx, file), 0);
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_IO);
    ck_assert_int_eq(err.sys_errno, EWOULDBLOCK);
    files->close(files->ctx, file);
    assert_ok(ckpt_commit(c, NULL, &err));
    ckpt_free(c);
}
END_TEST

START_TEST(verifying_sees_that_another_program_has_edited) {
    ckpt *c = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "k", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt *other = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(other), "k", ckpt_int(2), NULL, &err));
    assert_ok(ckpt_commit(other, NULL, &err));
    assert_status(ckpt_verify(c, NULL, NULL, &err), CKPT_E_MISMATCH);
    ckpt_free(other);
    ckpt_free(c);
}
END_TEST

static bool stop(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx, (void)done, (void)total;
    return false;
}

START_TEST(a_cancelled_edit_leaves_the_file_as_it_was) {
    size_t size, size_after;
    void *bytes = test_read_file(path, &size);
    ckpt_save_options cancelled = {.struct_size = sizeof cancelled, .progress = stop};
    ckpt *c = open_file(0);
    add_numbers(ckpt_root(c), "new", 30, 5);
    assert_status(ckpt_commit(c, &cancelled, &err), CKPT_E_CANCELLED);
    void *after = test_read_file(path, &size_after);
    ck_assert_uint_eq(size, size_after);
    ck_assert_mem_eq(bytes, after, size);
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_file_is(c);
    ckpt_free(c);
    free(bytes);
    free(after);
}
END_TEST

START_TEST(what_cannot_be_edited) {
    size_t size;
    void *bytes = test_read_file(path, &size);
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
    assert_ok(ckpt_open_memory(bytes, size, NULL, NULL, &c, &err));
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
    c = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "k", ckpt_int(1), NULL, &err));
    ckpt_save_options options = {.struct_size = sizeof options, .format = "npy"};
    assert_status(ckpt_commit(c, &options, &err), CKPT_E_ARGUMENT);
    ckpt_filesystem plain = *ckpt_posix_filesystem();
    plain.lock = NULL;
    options.format = NULL;
    options.filesystem = &plain;
    assert_status(ckpt_commit(c, &options, &err), CKPT_E_UNSUPPORTED);
    assert_ok(ckpt_commit(c, NULL, &err));
    ckpt_free(c);
    c = open_file(1);
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
    free(bytes);
}
END_TEST

/* An edit would drop the sections that this library does not know, and the generations before, of
 * which only the current slot tells the version, could not be read any more. */
START_TEST(a_file_of_a_later_minor_version_is_left_alone) {
    file_bytes file;
    size_t size_after;
    file.bytes = test_read_file(path, &file.size);
    field_store(&file, 10, 2, 1);
    repair_checksums(&file);
    test_write_file(path, file.bytes, file.size);
    ckpt *c = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "k", ckpt_int(1), NULL, &err));
    assert_status(ckpt_commit(c, NULL, &err), CKPT_E_UNSUPPORTED);
    void *after = test_read_file(path, &size_after);
    ck_assert_uint_eq(file.size, size_after);
    ck_assert_mem_eq(file.bytes, after, file.size);
    ckpt_free(c);
    free(after);
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("refused");
    TCase *cases = tcase_create("refused");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_file_that_another_program_changed_is_left_alone);
    tcase_add_test(cases, a_file_that_another_program_edits_is_left_alone);
    tcase_add_test(cases, verifying_sees_that_another_program_has_edited);
    tcase_add_test(cases, a_cancelled_edit_leaves_the_file_as_it_was);
    tcase_add_test(cases, what_cannot_be_edited);
    tcase_add_test(cases, a_file_of_a_later_minor_version_is_left_alone);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
