/* SPDX-License-Identifier: MIT */
/* Editing a file in place: what moves, and what stays valid. */
#include "editfixture.h"

#include <stdio.h>
#include <string.h>

START_TEST(bytes_that_are_there_stay_where_they_are) {
    size_t old_size, new_size;
    unsigned char *before = test_read_file(path, &old_size);
    ckpt *c = open_file(0);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    unsigned char *after = test_read_file(path, &new_size);
    ck_assert_uint_gt(new_size, old_size);
    ck_assert_uint_lt(new_size, old_size + 4096);
    ck_assert_mem_eq(before, after, 4096);
    ck_assert_mem_eq(before + 8192, after + 8192, old_size - 8192);
    assert_file_is(c);
    ckpt_free(c);
    free(before);
    free(after);
}
END_TEST

START_TEST(handles_and_mapped_pointers_stay_valid) {
    ckpt *c = open_file(0);
    ckpt_tensor a = ckpt_find_tensor(ckpt_root(c), "a");
    const void *data = NULL, *again = NULL;
    assert_ok(ckpt_tensor_data(a, &data, &err));
    assert_ok(ckpt_remove(ckpt_root(c), "b", &err));
    add_numbers(ckpt_root(c), "new", LARGE, 7);
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_float_eq(*(const float *)data, 1);
    ck_assert_float_eq(((const float *)data)[LARGE - 1], LARGE);
    assert_ok(ckpt_tensor_data(a, &again, &err));
    ck_assert_ptr_eq(data, again);
    ck_assert_float_eq(first_of(c, "new"), 7);
    assert_file_is(c);
    ckpt_free(c);
}
END_TEST

/* Train, commit, train, commit: the pointer to the weights is fetched once. */
START_TEST(weights_written_after_a_commit_are_in_the_next) {
    ckpt *c = open_file(0);
    ckpt_tensor a;
    assert_ok(ckpt_untie(ckpt_root(c), "a", &a, &err));
    float *weights = ckpt_storage_writable(ckpt_tensor_storage(a));
    for (int step = 1; step <= 3; step++) {
        weights[LARGE - 1] = (float)-step;
        assert_ok(ckpt_commit(c, NULL, &err));
        assert_file_is(c);
        ckpt *reopened = open_file(0);
        const void *data = NULL;
        assert_ok(ckpt_tensor_data(ckpt_find_tensor(ckpt_root(reopened), "a"), &data, &err));
        ck_assert_float_eq(((const float *)data)[LARGE - 1], (float)-step);
        ckpt_free(reopened);
    }
    uint64_t size = ckpt_describe_file(c).file_size;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_uint_lt(ckpt_describe_file(c).file_size, size + LARGE * sizeof(float));
    ckpt_free(c);
}
END_TEST

START_TEST(one_checkpoint_can_be_committed_again_and_again) {
    ckpt *c = open_file(0);
    ckpt_tensor b = ckpt_find_tensor(ckpt_root(c), "b");
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        add_numbers(ckpt_root(c), name, 50, (float)(10 * i));
        if (i % 2 == 1)
            assert_ok(ckpt_remove(ckpt_root(c), "n0", &err));
        if (i % 2 == 1)
            assert_ok(ckpt_rename(ckpt_root(c), name, "n0", &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        ck_assert_uint_eq(ckpt_describe_file(c).generation, (uint64_t)i + 2);
        ck_assert_uint_eq(ckpt_generations(c, NULL, 0), (uint32_t)i + 2);
        assert_file_is(c);
    }
    /* What no name led to for a while, and what lay in a retired extent, can come back. */
    assert_ok(ckpt_remove(ckpt_root(c), "b", &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "b again", b, &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_float_eq(first_of(c, "b again"), 3);
    assert_file_is(c);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
}
END_TEST

START_TEST(older_generations_are_what_they_were) {
    static const char *const names[] = {"x0", "x1", "x2", "x3"};
    ckpt *generations[4], *owners[4];
    void *bytes[4];
    size_t sizes[4];
    for (uint64_t i = 0; i < 4; i++) {
        ckpt *c = owners[i] = open_file(0);
        assert_ok(ckpt_map_set(ckpt_metadata(c), "i", ckpt_int((int64_t)i), NULL, &err));
        add_numbers(ckpt_root(c), names[i], 2000, (float)i);
        if (i == 2)
            assert_ok(ckpt_remove(ckpt_root(c), "a", &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        assert_ok(ckpt_save_memory(c, NULL, &bytes[i], &sizes[i], &err));
        assert_ok(ckpt_open_memory(bytes[i], sizes[i], NULL, NULL, &generations[i], &err));
    }
    for (uint64_t i = 0; i < 4; i++) {
        ckpt *c = open_file(i + 2);
        assert_same_models(c, generations[i]);
        assert_ok(ckpt_verify(c, NULL, NULL, &err));
        ck_assert_uint_eq(ckpt_describe_file(c).generation, i + 2);
        ckpt_generation found[3] = {{0, 0, 0}};
        ck_assert_uint_eq(ckpt_generations(c, found, 2), (uint32_t)i + 2);
        ck_assert_uint_eq(found[0].number, i + 2);
        ck_assert_uint_eq(found[1].number, i + 1);
        ck_assert_uint_eq(found[2].number, 0);
        ckpt_free(c);
    }
    ckpt_open_options options = {.struct_size = sizeof options, .generation = 6};
    ckpt *none = NULL;
    assert_status(ckpt_open(path, &options, &none, &err), CKPT_E_NOT_FOUND);
    ck_assert_ptr_null(none);
    for (int i = 0; i < 4; i++) {
        ckpt_free(generations[i]);
        ckpt_buffer_free(owners[i], bytes[i], sizes[i]);
        ckpt_free(owners[i]);
    }
}
END_TEST

START_TEST(compressed_storages_are_kept_and_retired) {
    ckpt_save_options compress = {.struct_size = sizeof compress, .compress = true};
    ckpt *c = open_file(0);
    assert_ok(ckpt_save(c, path, &compress, &err));
    ckpt_free(c);
    c = open_file(0);
    ck_assert_str_ne(
        ckpt_describe_storage(ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), "a"))).encoding,
        "raw");
    add_numbers(ckpt_root(c), "new", LARGE, 5);
    assert_ok(ckpt_commit(c, &compress, &err));
    assert_file_is(c);
    assert_ok(ckpt_remove(ckpt_root(c), "a", &err));
    assert_ok(ckpt_remove(ckpt_root(c), "new", &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_file_is(c);
    ckpt_free(c);
    c = open_file(2);
    ck_assert_float_eq(first_of(c, "new"), 5);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
}
END_TEST

START_TEST(compacting_gives_the_canonical_file) {
    size_t size, edited_size;
    void *wanted;
    ckpt *c = open_file(0);
    assert_ok(ckpt_remove(ckpt_root(c), "a", &err));
    add_numbers(ckpt_root(c), "new", 30, 5);
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_ok(ckpt_save_memory(c, NULL, &wanted, &size, &err));
    free(test_read_file(path, &edited_size));
    ck_assert_uint_ge(ckpt_describe_file(c).retired_size, LARGE * sizeof(float));
    assert_ok(ckpt_save(c, path, NULL, &err));
    size_t compact_size;
    void *compact = test_read_file(path, &compact_size);
    ck_assert_uint_eq(compact_size, size);
    ck_assert_mem_eq(compact, wanted, size);
    ck_assert_uint_lt(compact_size, edited_size - LARGE * sizeof(float));
    free(compact);
    ckpt_buffer_free(c, wanted, size);
    ckpt_free(c);
}
END_TEST

START_TEST(what_an_interrupted_edit_left_is_cut_off) {
    size_t size;
    unsigned char *bytes = test_read_file(path, &size);
    unsigned char *longer = calloc(1, size + 100000);
    memcpy(longer, bytes, size);
    memset(longer + size, 0xa5, 100000);
    memset(longer + 4096, 1, 8); /* a slot that was torn */
    test_write_file(path, longer, size + 100000);
    ckpt *c = open_file(0);
    ck_assert_str_ne(ckpt_describe_file(c).recovered, "");
    assert_ok(ckpt_map_set(ckpt_metadata(c), "k", ckpt_null(), NULL, &err));
    assert_status(ckpt_commit(c, NULL, &err), CKPT_OK);
    assert_file_is(c);
    ck_assert_uint_lt(ckpt_describe_file(c).file_size, size + 4096);
    ckpt_free(c);
    free(bytes);
    free(longer);
}
END_TEST

static void count_storage(void *ctx, const ckpt_damage *damage) {
    if (ckpt_storage_same(damage->storage, *(const ckpt_storage *)ctx))
        ((ckpt_storage *)ctx)->id = UINT32_MAX;
}

START_TEST(damage_in_an_edited_file_is_told_of_its_storage) {
    size_t size;
    ckpt *c = open_file(0);
    ckpt_storage b = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), "b"));
    uint64_t at = ckpt_describe_storage(b).offset;
    assert_ok(ckpt_remove(ckpt_root(c), "a", &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    unsigned char *bytes = test_read_file(path, &size);
    FILE *file = fopen(path, "r+b");
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    ck_assert_int_eq(fputc(bytes[at] ^ 1, file), bytes[at] ^ 1);
    ck_assert_int_eq(fclose(file), 0);
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = count_storage, .ctx = &b};
    ckpt_verify_result result;
    assert_status(ckpt_verify(c, &options, &result, &err), CKPT_E_CHECKSUM);
    ck_assert_uint_eq(result.damaged, 1);
    ck_assert_uint_eq(b.id, UINT32_MAX);
    ckpt_free(c);
    free(bytes);
}
END_TEST

START_TEST(a_file_without_storages_can_be_edited_and_verified) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_save(c, path, NULL, &err));
    ckpt_free(c);
    c = open_file(0);
    for (int i = 0; i < 2; i++) {
        assert_ok(ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int(i), NULL, &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        assert_file_is(c);
        assert_ok(ckpt_verify(c, NULL, NULL, &err));
    }
    ckpt_free(c);
}
END_TEST

START_TEST(without_a_change_nothing_is_written) {
    size_t size, size_after;
    ckpt *c = open_file(0);
    void *bytes = test_read_file(path, &size);
    for (int i = 0; i < 2; i++) {
        assert_ok(ckpt_commit(c, NULL, &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        void *after = test_read_file(path, &size_after);
        ck_assert_uint_eq(size, size_after);
        ck_assert_mem_eq(bytes, after, size);
        free(after);
        free(bytes);
        assert_ok(ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int(i), NULL, &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        ck_assert_uint_eq(ckpt_describe_file(c).generation, 2 + (uint64_t)i);
        bytes = test_read_file(path, &size);
    }
    ckpt_free(c);
    free(bytes);
}
END_TEST

/* A file system in which another program commits between the question for the size of the file and
 * the first reading. */
typedef struct busy_files {
    ckpt_filesystem hook;
    int commits; /* still to come */
} busy_files;

static int commit_then_read(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                            size_t *ret_count) {
    busy_files *busy = ctx;
    const ckpt_filesystem *files = ckpt_posix_filesystem();
    if (offset == 0 && busy->commits > 0) {
        busy->commits--;
        ckpt *c = open_file(0);
        assert_ok(ckpt_map_set(ckpt_metadata(c), "n", ckpt_int(busy->commits), NULL, &err));
        assert_ok(ckpt_commit(c, NULL, &err));
        ckpt_free(c);
    }
    return files->pread(files->ctx, file, buffer, size, offset, ret_count);
}

START_TEST(opening_while_another_program_commits) {
    busy_files busy = {*ckpt_posix_filesystem(), 3};
    busy.hook.ctx = &busy;
    busy.hook.pread = commit_then_read;
    ckpt_open_options options = {.struct_size = sizeof options, .filesystem = &busy.hook};
    ckpt *c;
    assert_ok(ckpt_open(path, &options, &c, &err));
    ck_assert_int_eq(busy.commits, 0);
    ck_assert_uint_eq(ckpt_describe_file(c).generation, 4);
    ck_assert_str_eq(ckpt_describe_file(c).recovered, "");
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("commit");
    TCase *cases = tcase_create("commit");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, bytes_that_are_there_stay_where_they_are);
    tcase_add_test(cases, handles_and_mapped_pointers_stay_valid);
    tcase_add_test(cases, one_checkpoint_can_be_committed_again_and_again);
    tcase_add_test(cases, older_generations_are_what_they_were);
    tcase_add_test(cases, compressed_storages_are_kept_and_retired);
    tcase_add_test(cases, compacting_gives_the_canonical_file);
    tcase_add_test(cases, what_an_interrupted_edit_left_is_cut_off);
    tcase_add_test(cases, damage_in_an_edited_file_is_told_of_its_storage);
    tcase_add_test(cases, weights_written_after_a_commit_are_in_the_next);
    tcase_add_test(cases, a_file_without_storages_can_be_edited_and_verified);
    tcase_add_test(cases, without_a_change_nothing_is_written);
    tcase_add_test(cases, opening_while_another_program_commits);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
