/* SPDX-License-Identifier: MIT */
/* Files with encoded storages: the same model comes back, the same bytes whatever the threads, and
 * damage is found. */
#include "comparemodels.h"
#include "encodednet.h"
#include "faultmemory.h"
#include "randommodel.h"

#include <pthread.h>

static ckpt_error err;

static ckpt *every_dtype(size_t size, uint64_t seed) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(add_every_dtype(ckpt_root(c), size, seed, &err));
    return c;
}

static void assert_same(ckpt *a, ckpt *b) {
    char buffer[300];
    const char *difference = models_differ(a, b, buffer, sizeof buffer);
    ck_assert_msg(difference == NULL, "%s", difference);
}

static unsigned count_encoded(ckpt *c) {
    unsigned count = 0;
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++)
        count += strcmp(ckpt_describe_storage(ckpt_storage_by_id(c, i)).encoding, "planes") == 0;
    return count;
}

START_TEST(every_dtype_and_size_comes_back_whatever_the_threads) {
    static const size_t sizes[] = {20, 300, 4096, 9000, 30011};
    ckpt *c = every_dtype(sizes[_i], (uint64_t)_i);
    saved_file raw = save_with(c, false, 1, 4096), first = save_with(c, true, 1, 4096);
    ck_assert_uint_le(first.size, raw.size);
    for (unsigned threads = 0; threads < 8; threads += threads < 3 ? 1 : 4) {
        saved_file file = save_with(c, true, threads, 4096);
        ck_assert_uint_eq(file.size, first.size);
        ck_assert_mem_eq(file.bytes, first.bytes, first.size);
        ckpt *opened = open_saved(&file, threads);
        assert_same(c, opened);
        ck_assert_uint_ge(count_encoded(opened), sizes[_i] > 300 ? 20 : 0);
        assert_ok(ckpt_verify(opened, NULL, NULL, &err));
        saved_file again = save_with(opened, false, threads, 4096);
        ck_assert_uint_eq(again.size, raw.size);
        ck_assert_mem_eq(again.bytes, raw.bytes, raw.size);
        ckpt_buffer_free(opened, again.bytes, again.size);
        again = save_with(opened, true, threads, 4096);
        ck_assert_uint_eq(again.size, first.size);
        ck_assert_mem_eq(again.bytes, first.bytes, first.size);
        ckpt_buffer_free(opened, again.bytes, again.size);
        ckpt_free(opened);
        ckpt_buffer_free(c, file.bytes, file.size);
    }
    ckpt_buffer_free(c, raw.bytes, raw.size);
    ckpt_buffer_free(c, first.bytes, first.size);
    ckpt_free(c);
}
END_TEST

START_TEST(random_models_come_back) {
    ckpt *c;
    assert_ok(random_model((uint64_t)_i, NULL, &c, &err));
    saved_file file = save_with(c, true, 2, 4096);
    ckpt *opened = open_saved(&file, 2);
    assert_same(c, opened);
    ckpt_free(opened);
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

/* Large enough that several threads have several chunks each, and several requests are needed. */
START_TEST(large_storages_come_back) {
    ckpt *c;
    const uint64_t shape = 3000000;
    float *data = malloc((size_t)shape * 4);
    test_random r = {1};
    for (size_t i = 0; i < shape; i++)
        data[i] = (float)((double)random_below(&r, 65536) / 65536.0 - 0.5) / 16;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, &shape, data, NULL, &err));
    saved_file one = save_with(c, true, 1, 65536), many = save_with(c, true, 5, 65536);
    ck_assert_uint_eq(one.size, many.size);
    ck_assert_mem_eq(one.bytes, many.bytes, one.size);
    ck_assert_uint_lt(one.size, shape * 4 / 10 * 9);
    ckpt *opened = open_saved(&one, 4);
    const void *seen;
    ckpt_tensor w = ckpt_find_tensor(ckpt_root(opened), "w");
    assert_ok(ckpt_tensor_data(w, &seen, &err));
    ck_assert_mem_eq(seen, data, (size_t)shape * 4);
    float *part = malloc(4000000);
    assert_ok(ckpt_storage_read(ckpt_tensor_storage(w), 123457, 4000000, part, &err));
    ck_assert_mem_eq(part, (char *)data + 123457, 4000000);
    free(part);
    free(data);
    ckpt_free(opened);
    ckpt_buffer_free(c, one.bytes, one.size);
    ckpt_buffer_free(c, many.bytes, many.size);
    ckpt_free(c);
}
END_TEST

/* ---- from several threads ---- */

typedef struct reading {
    ckpt *opened, *built;
    uint64_t seed;
    bool failed;
} reading;

static void *read_here_and_there(void *ctx) {
    reading *self = ctx;
    test_random r = {self->seed};
    unsigned char got[9000], wanted[9000];
    for (int i = 0; i < 60; i++) {
        uint32_t id = random_below(&r, ckpt_storage_count(self->opened));
        ckpt_storage here = ckpt_storage_by_id(self->opened, id);
        ckpt_storage there = ckpt_storage_by_id(self->built, id);
        uint32_t size = (uint32_t)ckpt_storage_size(here);
        uint32_t offset = random_below(&r, size), count = random_below(&r, size - offset + 1);
        const void *data = NULL;
        count = count < sizeof got ? count : (uint32_t)sizeof got;
        if (ckpt_storage_read(here, offset, count, got, NULL) != CKPT_OK ||
            ckpt_storage_read(there, offset, count, wanted, NULL) != CKPT_OK ||
            memcmp(got, wanted, count) != 0 || ckpt_storage_data(here, &data, NULL) != CKPT_OK ||
            memcmp((const unsigned char *)data + offset, wanted, count) != 0)
            self->failed = true;
    }
    return NULL;
}

START_TEST(eight_threads_read_the_same_file) {
    ckpt *c = every_dtype(20000, 5);
    saved_file file = save_with(c, true, 0, 4096);
    ckpt *opened = open_saved(&file, 3);
    reading readings[8];
    pthread_t threads[8];
    for (uint64_t i = 0; i < 8; i++) {
        readings[i] = (reading){opened, c, i, false};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_here_and_there, &readings[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(!readings[i].failed);
    }
    ckpt_free(opened);
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

START_TEST(what_does_not_shrink_stays_raw_and_gives_the_file_without_compression) {
    ckpt *c;
    unsigned char noise[20000];
    test_random r = {2};
    random_fill(&r, noise, sizeof noise);
    assert_ok(ckpt_create(NULL, &c, &err));
    for (uint64_t size = 1; size < sizeof noise; size = size * 5 + 3) {
        char name[16];
        snprintf(name, sizeof name, "%d", (int)size);
        assert_ok(ckpt_add_buffer(ckpt_root(c), name, CKPT_U8, 1, &size, noise, NULL, &err));
    }
    saved_file raw = save_with(c, false, 0, 0), packed = save_with(c, true, 0, 0);
    ck_assert_uint_eq(raw.size, packed.size);
    ck_assert_mem_eq(raw.bytes, packed.bytes, raw.size);
    ckpt_buffer_free(c, raw.bytes, raw.size);
    ckpt_buffer_free(c, packed.bytes, packed.size);
    ckpt_free(c);
}
END_TEST

START_TEST(options_that_contradict_compression_are_refused) {
    ckpt *c = every_dtype(100, 1);
    void *bytes = NULL;
    size_t size = 0;
    ckpt_save_options options = {
        .struct_size = sizeof options, .compress = true, .no_checksums = true};
    assert_status(ckpt_save_memory(c, &options, &bytes, &size, &err), CKPT_E_ARGUMENT);
    options.no_checksums = false;
    options.chunk_size = (uint64_t)1 << 25;
    assert_status(ckpt_save_memory(c, &options, &bytes, &size, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_null(bytes);
    ckpt_free(c);
}
END_TEST

static bool is_found(const void *bytes, size_t size) {
    ckpt_open_options options = {.struct_size = sizeof options, .threads = 1};
    ckpt *c;
    if (ckpt_open_memory(bytes, size, NULL, &options, &c, NULL) != CKPT_OK)
        return true;
    /* A page that should be blank may hide a newer generation: that is told. */
    bool is_told = ckpt_describe_file(c).recovered[0] != '\0';
    ckpt_status status = ckpt_verify(c, NULL, NULL, NULL);
    ckpt_free(c);
    return is_told || status == CKPT_E_CHECKSUM || status == CKPT_E_STRUCTURE;
}

START_TEST(every_single_flipped_bit_is_found) {
    ckpt *c;
    const uint64_t shape = 1500;
    unsigned char data[6000];
    test_random r = {4};
    fill_weights(&r, data, sizeof data, 4, 1);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, &shape, data, NULL, &err));
    saved_file file = save_with(c, true, 1, 4096);
    unsigned char *bytes = file.bytes;
    ck_assert(!is_found(bytes, file.size));
    /* The header's empty parts are those of every file: every 61st bit of them will do. */
    for (size_t bit = 0; bit < file.size * 8; bit += bit < 128 * 8 || bit > 8192 * 8 ? 1 : 61) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_msg(is_found(bytes, file.size), "bit %zu", bit);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t size = 8192; size < file.size; size++)
        ck_assert(is_found(bytes, size));
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

static void note_damage(void *ctx, const ckpt_damage *damage) {
    uint64_t *chunks = ctx;
    ck_assert_str_eq(damage->rule, "C2");
    *chunks = *chunks << 8 | (damage->chunk + 1);
}

START_TEST(all_damage_is_told_and_the_rest_is_read) {
    ckpt *c;
    const uint64_t shape = 5000;
    unsigned char data[20000], back[4096];
    test_random r = {6};
    fill_weights(&r, data, sizeof data, 4, 1);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, &shape, data, NULL, &err));
    saved_file file = save_with(c, true, 1, 4096);
    ckpt *opened = open_saved(&file, 1);
    ckpt_storage storage = ckpt_storage_by_id(opened, 0);
    ckpt_storage_layout layout = ckpt_describe_storage(storage);
    ck_assert_str_eq(layout.encoding, "planes");
    ck_assert_uint_eq(layout.chunk_count, 5);
    unsigned char *bytes = file.bytes;
    bytes[layout.offset] ^= 1;
    bytes[layout.offset + layout.stored_size - 1] ^= 1;
    uint64_t chunks = 0;
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = note_damage, .ctx = &chunks};
    assert_status(ckpt_verify(opened, &options, NULL, &err), CKPT_E_CHECKSUM);
    ck_assert_uint_eq(chunks, 0x0105);
    assert_ok(ckpt_storage_read(storage, 8192, 4096, back, &err));
    ck_assert_mem_eq(back, data + 8192, 4096);
    assert_status(ckpt_storage_read(storage, 4095, 2, back, &err), CKPT_E_CHECKSUM);
    ck_assert_str_eq(err.rule, "C2");
    const void *seen;
    assert_status(ckpt_storage_data(storage, &seen, &err), CKPT_E_CHECKSUM);
    ckpt_free(opened);
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

/* ---- memory ---- */

typedef ckpt_status (*scenario)(const ckpt_allocator *allocator, const saved_file *file);

static ckpt_status save_compressed(const ckpt_allocator *allocator, const saved_file *file) {
    ckpt_open_options open = {.struct_size = sizeof open, .allocator = allocator, .threads = 3};
    ckpt_save_options save = {
        .struct_size = sizeof save, .compress = true, .threads = 3, .chunk_size = 4096};
    ckpt *c;
    void *bytes;
    size_t size;
    ckpt_status status = ckpt_open_memory(file->bytes, file->size, NULL, &open, &c, &err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_save_memory(c, &save, &bytes, &size, &err);
    if (status == CKPT_OK) {
        ck_assert_mem_eq(bytes, file->bytes, size);
        ckpt_buffer_free(c, bytes, size);
    }
    ckpt_free(c);
    return status;
}

static ckpt_status read_everything(const ckpt_allocator *allocator, const saved_file *file) {
    ckpt_open_options open = {.struct_size = sizeof open, .allocator = allocator, .threads = 3};
    ckpt *c;
    ckpt_status status = ckpt_open_memory(file->bytes, file->size, NULL, &open, &c, &err);
    if (status != CKPT_OK)
        return status;
    const void *data;
    char part[100];
    status = ckpt_verify(c, NULL, NULL, &err);
    for (uint32_t i = 0; i < ckpt_storage_count(c) && status == CKPT_OK; i++) {
        status = ckpt_storage_read(ckpt_storage_by_id(c, i), 4000, 100, part, &err);
        if (status == CKPT_OK)
            status = ckpt_storage_data(ckpt_storage_by_id(c, i), &data, &err);
    }
    ckpt_free(c);
    return status;
}

START_TEST(every_allocation_can_fail) {
    static const scenario scenarios[] = {save_compressed, read_everything};
    ckpt *c;
    const uint64_t shape = 3000;
    unsigned char data[24000];
    test_random r = {8};
    assert_ok(ckpt_create(NULL, &c, &err));
    fill_weights(&r, data, sizeof data, 8, 0);
    assert_ok(ckpt_add_parameter(ckpt_root(c), "a", CKPT_F64, 1, &shape, data, NULL, &err));
    fill_weights(&r, data, sizeof data, 4, 2);
    assert_ok(ckpt_add_parameter(ckpt_root(c), "b", CKPT_F32, 1, &shape, data, NULL, &err));
    saved_file file = save_with(c, true, 1, 4096);
    for (uint64_t at = 1;; at++) {
        fault_memory memory = {.fail_at = at, .fail_ever_after = _i / 2 == 1};
        ckpt_allocator hook = fault_memory_hook(&memory);
        ckpt_status status = scenarios[_i % 2](&hook, &file);
        const char *complaint = fault_memory_complaint(&memory);
        ck_assert_msg(complaint == NULL, "%s", complaint);
        if (memory.failures == 0) {
            assert_ok(status);
            ck_assert_uint_gt(at, 15);
            break;
        }
        ck_assert_int_eq(status, CKPT_E_NOMEM);
    }
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

/* 64 MiB of zeros are a file of some hundred kilobytes: no part of it takes much to read. */
START_TEST(a_small_file_cannot_ask_for_much) {
    ckpt *c;
    ckpt_storage storage;
    const uint64_t shape = (uint64_t)64 << 20;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_buffer(ckpt_root(c), "z", CKPT_U8, 1, &shape, NULL, NULL, &err));
    saved_file file = save_with(c, true, 2, 0);
    ck_assert_uint_lt(file.size, 400000);
    fault_memory memory = {.limit = (size_t)16 << 20};
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &hook, .threads = 2};
    ckpt *opened;
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, &options, &opened, &err));
    ck_assert_uint_lt(memory.peak, 100000);
    storage = ckpt_storage_by_id(opened, 0);
    char part[64];
    assert_ok(ckpt_storage_read(storage, 5000000, sizeof part, part, &err));
    assert_ok(ckpt_verify(opened, NULL, NULL, &err));
    const void *data;
    assert_status(ckpt_storage_data(storage, &data, &err), CKPT_E_NOMEM);
    ckpt_free(opened);
    ck_assert_ptr_null(fault_memory_complaint(&memory));
    ckpt_buffer_free(c, file.bytes, file.size);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("encoded storages");
    TCase *tests = tcase_create("encoded storages");
    tcase_add_loop_test(tests, every_dtype_and_size_comes_back_whatever_the_threads, 0, 5);
    tcase_add_loop_test(tests, random_models_come_back, 0, 40);
    tcase_add_test(tests, large_storages_come_back);
    tcase_add_test(tests, eight_threads_read_the_same_file);
    tcase_add_test(tests, what_does_not_shrink_stays_raw_and_gives_the_file_without_compression);
    tcase_add_test(tests, options_that_contradict_compression_are_refused);
    tcase_add_test(tests, every_single_flipped_bit_is_found);
    tcase_add_test(tests, all_damage_is_told_and_the_rest_is_read);
    tcase_add_loop_test(tests, every_allocation_can_fail, 0, 4);
    tcase_add_test(tests, a_small_file_cannot_ask_for_much);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
