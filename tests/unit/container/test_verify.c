/* SPDX-License-Identifier: MIT */
/* Chunks and verifying: every damaged chunk is named with its place, reads check what they touch.
 */
#include "savednet.h"
#include "testfiles.h"

#include <unistd.h>

static ckpt_error err;

typedef struct damages {
    int count;
    struct {
        uint64_t chunk, offset, size;
        bool in_storage;
        char rule[8];
    } found[16];
    uint64_t last_done, total;
    int steps, stop_at;
} damages;

static void note_damage(void *ctx, const ckpt_damage *damage) {
    damages *d = ctx;
    ck_assert_int_lt(d->count, 16);
    d->found[d->count].chunk = damage->chunk;
    d->found[d->count].offset = damage->offset;
    d->found[d->count].size = damage->size;
    d->found[d->count].in_storage = ckpt_storage_exists(damage->storage);
    snprintf(d->found[d->count].rule, 8, "%s", damage->rule);
    d->count++;
}

static bool note_progress(void *ctx, uint64_t done, uint64_t total) {
    damages *d = ctx;
    ck_assert_uint_ge(done, d->last_done);
    ck_assert_uint_le(done, total);
    d->last_done = done;
    d->total = total;
    return ++d->steps != d->stop_at;
}

static ckpt *open_saved(const saved_file *file) {
    ckpt *c;
    assert_ok(ckpt_open_memory(file->bytes, file->size, NULL, NULL, &c, &err));
    return c;
}

static saved_file save_in_chunks(uint64_t size, uint64_t chunk_size) {
    ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = chunk_size};
    ckpt *c = build_bytes(size);
    saved_file file = save_bytes(c, &options);
    ckpt_free(c);
    return file;
}

static const struct {
    uint64_t size, chunk_size, chunks;
} layouts[] = {
    {1, 4096, 1},   {4095, 4096, 1},    {4096, 4096, 1}, {4097, 4096, 2},       {100000, 4096, 25},
    {100000, 0, 1}, {100000, 65536, 2}, {3000000, 0, 3}, {100000, 1u << 30, 1},
};

START_TEST(storages_have_as_many_chunks_as_they_need) {
    uint64_t size = layouts[_i].size;
    saved_file file = save_in_chunks(size, layouts[_i].chunk_size);
    ckpt *c = open_saved(&file);
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), "w");
    ckpt_storage_layout layout = ckpt_describe_storage(ckpt_tensor_storage(tensor));
    uint64_t chunk_size = layouts[_i].chunk_size != 0 ? layouts[_i].chunk_size : 1048576;
    ck_assert_uint_eq(layout.chunk_size, chunk_size);
    ck_assert_uint_eq(layout.chunk_count, layouts[_i].chunks);
    ckpt_verify_result result;
    assert_ok(ckpt_verify(c, NULL, &result, &err));
    ck_assert_uint_eq(result.chunks, layouts[_i].chunks);
    ck_assert_uint_eq(result.bytes, file.size);
    /* Ranges that begin and end anywhere in chunks. */
    unsigned char *got = malloc((size_t)size);
    ck_assert_ptr_nonnull(got);
    for (uint64_t begin = 0; begin < size; begin += size / 13 + 1) {
        for (uint64_t end = begin; end <= size; end += size / 7 + 1) {
            assert_ok(ckpt_storage_read(ckpt_tensor_storage(tensor), begin, (size_t)(end - begin),
                                        got, &err));
            for (uint64_t i = begin; i < end; i++)
                if (got[i - begin] != i % 251)
                    ck_abort_msg("byte %llu", (unsigned long long)i);
        }
    }
    free(got);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

START_TEST(chunk_sizes_that_are_none_are_refused) {
    static const uint64_t sizes[] = {1, 4095, 4097, 2048, 12288, (uint64_t)1 << 31, UINT64_MAX};
    ckpt *c = build_bytes(10);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = sizes[i]};
        void *data;
        size_t size;
        assert_status(ckpt_save_memory(c, &options, &data, &size, &err), CKPT_E_ARGUMENT);
    }
    ckpt_free(c);
}
END_TEST

START_TEST(each_damaged_chunk_is_named) {
    saved_file file = save_in_chunks(50000, 4096);
    ckpt *c = open_saved(&file);
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), "w");
    uint64_t begin = ckpt_describe_storage(ckpt_tensor_storage(tensor)).offset;
    file.bytes[begin] ^= 1;            /* chunk 0 */
    file.bytes[begin + 4096 * 5] ^= 8; /* chunk 5, twice */
    file.bytes[begin + 4096 * 6 - 1] ^= 128;
    file.bytes[begin + 49999] ^= 1; /* chunk 12, which is shorter */
    damages d;
    memset(&d, 0, sizeof d);
    ckpt_verify_options options = {.struct_size = sizeof options,
                                   .on_damage = note_damage,
                                   .progress = note_progress,
                                   .ctx = &d};
    ckpt_verify_result result;
    assert_status(ckpt_verify(c, &options, &result, &err), CKPT_E_CHECKSUM);
    ck_assert_uint_eq(err.offset, begin);
    ck_assert_str_eq(err.rule, "C2");
    ck_assert_int_eq(d.count, 3);
    ck_assert_uint_eq(result.damaged, 3);
    ck_assert_uint_eq(result.chunks, 13);
    ck_assert_uint_eq(d.last_done, file.size);
    ck_assert_uint_eq(d.total, file.size);
    static const uint64_t chunks[3] = {0, 5, 12}, sizes[3] = {4096, 4096, 50000 - 12 * 4096};
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(d.found[i].chunk, chunks[i]);
        ck_assert_uint_eq(d.found[i].offset, begin + chunks[i] * 4096);
        ck_assert_uint_eq(d.found[i].size, sizes[i]);
        ck_assert(d.found[i].in_storage);
    }
    /* What lies in sound chunks can be read. */
    unsigned char buffer[8192];
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    assert_ok(ckpt_storage_read(storage, 4096, 8192, buffer, &err));
    assert_ok(ckpt_storage_read(storage, 6 * 4096, 10, buffer, &err));
    assert_status(ckpt_storage_read(storage, 4095, 2, buffer, &err), CKPT_E_CHECKSUM);
    assert_status(ckpt_storage_read(storage, 6 * 4096 - 5, 10, buffer, &err), CKPT_E_CHECKSUM);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

START_TEST(padding_that_is_not_zero_is_damage) {
    saved_file file = save_in_chunks(100, 0);
    ckpt *c = open_saved(&file);
    size_t end = 8192 + 100;
    damages d;
    memset(&d, 0, sizeof d);
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = note_damage, .ctx = &d};
    file.bytes[end + 3] = 1;
    file.bytes[end] = 1;
    assert_status(ckpt_verify(c, &options, NULL, &err), CKPT_E_STRUCTURE);
    ck_assert_str_eq(err.rule, "Y1");
    ck_assert_uint_eq(err.offset, end);
    ck_assert_int_eq(d.count, 1);
    ck_assert(!d.found[0].in_storage);
    ck_assert_uint_eq(d.found[0].offset, end);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

START_TEST(without_checksums_damage_is_not_found_and_that_is_said) {
    ckpt_save_options save = {.struct_size = sizeof save, .no_checksums = true};
    ckpt *built = build_bytes(5000);
    saved_file file = save_bytes(built, &save);
    ckpt *c = open_saved(&file);
    ckpt_storage storage = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), "w"));
    ckpt_verify_result result;
    file.bytes[ckpt_describe_storage(storage).offset] ^= 1;
    assert_ok(ckpt_verify(c, NULL, &result, &err));
    ck_assert_uint_eq(result.chunks, 0);
    ck_assert_uint_eq(result.unchecked_bytes, 5000);
    ck_assert_uint_eq(result.bytes, file.size);
    ck_assert_uint_eq(ckpt_describe_file(c).storages_checked, 0);
    ck_assert_uint_eq(ckpt_describe_storage(storage).chunk_size, 0);
    ck_assert_uint_eq(ckpt_describe_storage(storage).chunk_count, 0);
    ckpt_free(c);
    ckpt_free(built);
    free(file.bytes);
}
END_TEST

/* Verifying tells of its progress every few megabytes. */
START_TEST(verifying_can_be_cancelled) {
    saved_file file = save_in_chunks((uint64_t)12 << 20, 4096);
    ckpt *c = open_saved(&file);
    for (int stop_at = 1; stop_at < 4; stop_at++) {
        damages d;
        memset(&d, 0, sizeof d);
        d.stop_at = stop_at;
        ckpt_verify_options verify = {
            .struct_size = sizeof verify, .progress = note_progress, .ctx = &d};
        assert_status(ckpt_verify(c, &verify, NULL, &err), CKPT_E_CANCELLED);
        ck_assert_int_eq(d.steps, stop_at);
    }
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

/* So does saving. */
START_TEST(saving_can_be_cancelled) {
    saved_file file = save_in_chunks((uint64_t)12 << 20, 4096);
    ckpt *c = open_saved(&file);
    for (int stop_at = 1; stop_at < 10; stop_at++) {
        damages d;
        memset(&d, 0, sizeof d);
        d.stop_at = stop_at;
        ckpt_save_options save = {
            .struct_size = sizeof save, .chunk_size = 4096, .progress = note_progress, .ctx = &d};
        void *data = NULL;
        size_t size;
        assert_status(ckpt_save_memory(c, &save, &data, &size, &err), CKPT_E_CANCELLED);
        ck_assert_ptr_null(data);
        ck_assert_int_eq(d.steps, stop_at);
        ckpt_summary summary;
        assert_ok(ckpt_summarize(ckpt_root(c), &summary, &err));
        ck_assert_uint_eq(d.total, summary.storage_bytes);
    }
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

START_TEST(what_was_not_opened_cannot_be_verified) {
    ckpt *c = build_bytes(10);
    ckpt_verify_options options = {.struct_size = 1};
    assert_status(ckpt_verify(c, NULL, NULL, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_verify(c, &options, NULL, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
}
END_TEST

/* The file, that is, whatever has become of the checkpoint in memory. */
START_TEST(a_changed_checkpoint_verifies_the_file_it_came_from) {
    saved_file file = save_in_chunks(50000, 4096);
    ckpt *c = open_saved(&file);
    uint64_t shape = 12;
    ckpt_verify_result result;
    assert_ok(ckpt_add_parameter(ckpt_root(c), "new", CKPT_U8, 1, &shape, NULL, NULL, &err));
    assert_ok(ckpt_remove(ckpt_root(c), "w", &err));
    assert_ok(ckpt_verify(c, NULL, &result, &err));
    ck_assert_uint_eq(result.bytes, file.size);
    ck_assert_uint_eq(result.chunks, 13);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

/* Mapped or read: what has happened to the file since it was opened is damage or an error. */
START_TEST(a_file_that_changes_while_it_is_open_is_found_out) {
    test_directory directory = test_directory_create();
    ckpt_open_options options = {.struct_size = sizeof options, .access = (ckpt_access)_i};
    char path[512];
    saved_file file = save_in_chunks(3000000, 0);
    ckpt *c;
    test_path(&directory, "net.ckpt", path, sizeof path);
    test_write_file(path, file.bytes, file.size);
    assert_ok(ckpt_open(path, &options, &c, &err));
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    file.bytes[2000000] ^= 4;
    test_write_file(path, file.bytes, file.size);
    ck_assert_int_eq(ckpt_verify(c, NULL, NULL, &err), CKPT_E_CHECKSUM);
    ck_assert_int_eq(truncate(path, 1000000), 0);
    ck_assert_int_eq(ckpt_verify(c, NULL, NULL, &err), CKPT_E_TRUNCATED);
    ckpt_free(c);
    free(file.bytes);
    test_directory_remove(&directory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("verify");
    TCase *tests = tcase_create("verify");
    tcase_add_loop_test(tests, storages_have_as_many_chunks_as_they_need, 0,
                        sizeof layouts / sizeof layouts[0]);
    tcase_add_test(tests, chunk_sizes_that_are_none_are_refused);
    tcase_add_test(tests, each_damaged_chunk_is_named);
    tcase_add_test(tests, padding_that_is_not_zero_is_damage);
    tcase_add_test(tests, without_checksums_damage_is_not_found_and_that_is_said);
    tcase_add_test(tests, verifying_can_be_cancelled);
    tcase_add_test(tests, saving_can_be_cancelled);
    tcase_add_test(tests, what_was_not_opened_cannot_be_verified);
    tcase_add_test(tests, a_changed_checkpoint_verifies_the_file_it_came_from);
    tcase_add_loop_test(tests, a_file_that_changes_while_it_is_open_is_found_out, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
