/* SPDX-License-Identifier: MIT */
/* Small storages are written and verified many at once, large ones by several threads: none of that
 * may be seen but in the number of requests. */
#include "faultfiles.h"
#include "savednet.h"
#include "testfiles.h"

static ckpt_error err;
static test_directory directory;
static char path[300];

static void setup(void) {
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
}

static void teardown(void) {
    test_directory_remove(&directory);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static ckpt *empty(void) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    return c;
}

static void add_noise(ckpt *c, const char *name, uint64_t size) {
    ckpt_tensor tensor;
    uint64_t state = size;
    assert_ok(ckpt_add_parameter(ckpt_root(c), name, CKPT_U8, 1, &size, NULL, &tensor, &err));
    unsigned char *bytes = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)next_random(&state);
}

/* Small and large in turn, so that what is gathered meets what is not. */
static ckpt *build_mixed(void) {
    static const uint64_t sizes[] = {1,     100,     2 << 20, 65536, (9 << 20) + 17,
                                     65535, 1 << 20, 3,       70000, 64};
    ckpt *c = empty();
    char name[16];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "w%zu", i);
        add_noise(c, name, sizes[i]);
    }
    return c;
}

static ckpt *build_many(uint64_t count) {
    ckpt *c = empty();
    char name[32];
    for (uint64_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "w%llu", (unsigned long long)i);
        add_noise(c, name, 1 + i % 200);
    }
    return c;
}

START_TEST(many_small_storages_take_few_requests) {
    static fault_files files;
    memset(&files, 0, sizeof files);
    const ckpt_filesystem *hook = fault_files_hook(&files);
    ckpt_save_options save = {.struct_size = sizeof save, .filesystem = hook};
    ckpt_open_options open = {
        .struct_size = sizeof open, .filesystem = hook, .access = CKPT_ACCESS_READ};
    ckpt *c = build_many(3000);
    assert_ok(ckpt_save(c, path, &save, &err));
    ckpt_free(c);
    ck_assert_uint_le(files.counts[FILE_PWRITE], 4);
    assert_ok(ckpt_open(path, &open, &c, &err));
    fault_files_restart(&files);
    ckpt_verify_result result;
    assert_ok(ckpt_verify(c, NULL, &result, &err));
    ck_assert_uint_eq(result.chunks, 3000);
    ck_assert_uint_eq(result.bytes, ckpt_describe_file(c).file_size);
    ck_assert_uint_le(files.counts[FILE_PREAD], 2);
    ckpt_free(c);
    ck_assert_uint_eq(files.open_files, 0);
}
END_TEST

static void assert_same_bytes(const saved_file *a, const saved_file *b) {
    ck_assert_uint_eq(a->size, b->size);
    ck_assert(memcmp(a->bytes, b->bytes, a->size) == 0);
}

START_TEST(neither_threads_nor_the_way_in_change_the_bytes) {
    static const unsigned threads[] = {1, 3};
    static const uint64_t chunk_sizes[] = {4096, 1 << 20, 8 << 20};
    ckpt *built = build_mixed();
    for (size_t k = 0; k < 3; k++) {
        ckpt_save_options options = {
            .struct_size = sizeof options, .chunk_size = chunk_sizes[k], .threads = 1};
        saved_file wanted = save_bytes(built, &options);
        test_write_file(path, wanted.bytes, wanted.size);
        for (size_t t = 0; t < 2; t++) {
            options.threads = threads[t];
            saved_file got = save_bytes(built, &options);
            assert_same_bytes(&wanted, &got);
            free(got.bytes);
            for (int way = 0; way < WAYS_IN; way++) {
                ckpt *c;
                assert_ok(open_way((way_in)way, path, &wanted, &c, &err));
                got = save_bytes(c, &options);
                assert_same_bytes(&wanted, &got);
                assert_ok(ckpt_verify(c, NULL, NULL, &err));
                ckpt_free(c);
                free(got.bytes);
            }
        }
        free(wanted.bytes);
    }
    ckpt_free(built);
}
END_TEST

/* Read in chunks of one size, written in those of another; and from a file without checksums. */
START_TEST(other_chunks_than_those_of_the_file) {
    ckpt *built = build_mixed();
    ckpt_save_options save = {.struct_size = sizeof save, .no_checksums = true};
    saved_file unchecked = save_bytes(built, &save);
    save.no_checksums = false;
    saved_file usual = save_bytes(built, &save);
    save.chunk_size = 65536;
    saved_file fine = save_bytes(built, &save);
    const saved_file *all[] = {&unchecked, &usual, &fine};
    for (size_t from = 0; from < 3; from++) {
        test_write_file(path, all[from]->bytes, all[from]->size);
        for (size_t to = 0; to < 3; to++) {
            ckpt_save_options options = {.struct_size = sizeof options,
                                         .no_checksums = to == 0,
                                         .chunk_size = to == 2 ? 65536 : 0};
            ckpt *c;
            assert_ok(ckpt_open(path, NULL, &c, &err));
            saved_file got = save_bytes(c, &options);
            assert_same_bytes(all[to], &got);
            ckpt_free(c);
            free(got.bytes);
        }
    }
    free(unchecked.bytes);
    free(usual.bytes);
    free(fine.bytes);
    ckpt_free(built);
}
END_TEST

START_TEST(damage_does_not_get_into_a_new_file) {
    for (int way = 0; way < WAYS_IN; way++) {
        ckpt *c = build_mixed();
        saved_file file = save_bytes(c, NULL);
        ckpt_free(c);
        assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err));
        ckpt_storage storage = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), "w4"));
        uint64_t offset = ckpt_describe_storage(storage).offset;
        ckpt_free(c);
        file.bytes[offset + (6 << 20) + 5] ^= 4;
        file.bytes[offset + (8 << 20)] ^= 4;
        test_write_file(path, file.bytes, file.size);
        assert_ok(open_way((way_in)way, path, &file, &c, &err));
        void *data;
        size_t size;
        assert_status(ckpt_save_memory(c, NULL, &data, &size, &err), CKPT_E_CHECKSUM);
        ck_assert_uint_eq(err.offset, offset + (6 << 20));
        ck_assert_str_eq(err.rule, "C2");
        ckpt_free(c);
        free(file.bytes);
    }
}
END_TEST

typedef struct told {
    uint64_t offsets[600];
    size_t count;
} told;

static void note(void *ctx, const ckpt_damage *damage) {
    told *t = ctx;
    ck_assert_uint_lt(t->count, 600);
    t->offsets[t->count++] = damage->offset;
}

START_TEST(damage_is_told_in_the_order_of_the_file_by_any_number_of_threads) {
    static const unsigned threads[] = {1, 2, 8};
    static told all[3];
    ckpt_save_options save = {.struct_size = sizeof save, .chunk_size = 4096};
    ckpt *c = build_mixed();
    saved_file file = save_bytes(c, &save);
    ckpt_free(c);
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &c, &err));
    size_t end = file.size - (size_t)ckpt_describe_file(c).index_size;
    ckpt_free(c);
    uint64_t state = 7;
    for (int i = 0; i < 500; i++)
        file.bytes[8192 + next_random(&state) % (end - 8192)] ^= 1;
    test_write_file(path, file.bytes, file.size);
    for (size_t t = 0; t < 3; t++) {
        ckpt_open_options open = {.struct_size = sizeof open, .threads = threads[t]};
        ckpt_verify_options verify = {
            .struct_size = sizeof verify, .on_damage = note, .ctx = &all[t]};
        ckpt_error first;
        assert_ok(ckpt_open(path, &open, &c, &err));
        ck_assert_int_ne(ckpt_verify(c, &verify, NULL, &first), CKPT_OK);
        ck_assert_uint_eq(first.offset, all[t].offsets[0]);
        ck_assert_uint_eq(all[t].count, all[0].count);
        ck_assert_uint_gt(all[t].count, 400);
        for (size_t i = 0; i < all[t].count; i++) {
            ck_assert_uint_eq(all[t].offsets[i], all[0].offsets[i]);
            ck_assert(i == 0 || all[t].offsets[i] > all[t].offsets[i - 1]);
        }
        ckpt_free(c);
    }
    free(file.bytes);
}
END_TEST

static bool goes_forward(void *ctx, uint64_t done, uint64_t total) {
    uint64_t *last = ctx;
    ck_assert_uint_ge(done, *last);
    ck_assert_uint_le(done, total);
    *last = done;
    return true;
}

/* Noise does not shrink: it is tried encoded, given up near its end, and written raw. */
START_TEST(progress_never_goes_back) {
    static const uint64_t chunk_sizes[] = {4096, 1 << 20};
    ckpt *c = build_mixed();
    for (size_t k = 0; k < 2; k++) {
        uint64_t last = 0;
        ckpt_save_options options = {.struct_size = sizeof options,
                                     .compress = true,
                                     .chunk_size = chunk_sizes[k],
                                     .progress = goes_forward,
                                     .ctx = &last};
        saved_file file = save_bytes(c, &options);
        ckpt_summary summary;
        assert_ok(ckpt_summarize(ckpt_root(c), &summary, &err));
        ck_assert_uint_eq(last, summary.storage_bytes);
        free(file.bytes);
    }
    ckpt_free(c);
}
END_TEST

/* What was tried and given up must leave nothing behind. */
START_TEST(what_does_not_shrink_is_the_same_as_without_compression) {
    ckpt *c = build_mixed();
    ckpt_save_options options = {.struct_size = sizeof options};
    saved_file plain = save_bytes(c, &options);
    options.compress = true;
    saved_file tried = save_bytes(c, &options);
    assert_same_bytes(&plain, &tried);
    free(plain.bytes);
    free(tried.bytes);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("batches");
    TCase *tests = tcase_create("batches");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, many_small_storages_take_few_requests);
    tcase_add_test(tests, neither_threads_nor_the_way_in_change_the_bytes);
    tcase_add_test(tests, other_chunks_than_those_of_the_file);
    tcase_add_test(tests, damage_does_not_get_into_a_new_file);
    tcase_add_test(tests, damage_is_told_in_the_order_of_the_file_by_any_number_of_threads);
    tcase_add_test(tests, progress_never_goes_back);
    tcase_add_test(tests, what_does_not_shrink_is_the_same_as_without_compression);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
