/* SPDX-License-Identifier: MIT */
/* What is written is read back, whatever the model, by whatever way, and twice the same bytes.
 * Usage: test_roundtrip [SEEDS [FIRST]] */
#include "checkmain.h"
#include "comparemodels.h"
#include "randommodel.h"
#include "testfiles.h"

#include <stdio.h>
#include <string.h>

static uint64_t seeds = 250, first_seed = 1;

typedef struct saved {
    ckpt *model;
    void *bytes;
    size_t size;
} saved;

static ckpt_save_options options_of(uint64_t seed) {
    ckpt_save_options options = {.struct_size = sizeof options};
    options.chunk_size = seed % 3 == 0 ? 4096 : 0;
    options.no_checksums = seed % 7 == 0;
    return options;
}

static saved make(uint64_t seed) {
    saved s = {NULL, NULL, 0};
    ckpt_error err;
    ckpt_save_options options = options_of(seed);
    assert_ok(random_model(seed, NULL, &s.model, &err));
    assert_ok(ckpt_save_memory(s.model, &options, &s.bytes, &s.size, &err));
    return s;
}

static void drop(saved *s) {
    ckpt_buffer_free(s->model, s->bytes, s->size);
    ckpt_free(s->model);
}

static ckpt *open_bytes(const saved *s) {
    ckpt *c = NULL;
    ckpt_error err;
    assert_ok(ckpt_open_memory(s->bytes, s->size, NULL, NULL, &c, &err));
    return c;
}

static void assert_equal(ckpt *a, ckpt *b, uint64_t seed) {
    char why[256];
    const char *difference = models_differ(a, b, why, sizeof why);
    quick_assert_msg(difference == NULL, "seed %llu: %s", (unsigned long long)seed, difference);
}

static void assert_saves_as(ckpt *c, const saved *s, uint64_t seed) {
    void *bytes;
    size_t size;
    ckpt_error err;
    ckpt_save_options options = options_of(seed);
    assert_ok(ckpt_save_memory(c, &options, &bytes, &size, &err));
    quick_assert_msg(size == s->size && memcmp(bytes, s->bytes, size) == 0,
                     "seed %llu: other bytes the second time", (unsigned long long)seed);
    ckpt_buffer_free(c, bytes, size);
}

START_TEST(what_is_saved_is_read_back) {
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        ckpt_error err;
        saved s = make(seed);
        ckpt *opened = open_bytes(&s);
        assert_equal(s.model, opened, seed);
        assert_ok(ckpt_verify(opened, NULL, NULL, &err));
        ckpt_free(opened);
        drop(&s);
    }
}
END_TEST

START_TEST(the_same_model_gives_the_same_bytes) {
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        saved s = make(seed), again = make(seed);
        ckpt *opened = open_bytes(&s);
        assert_saves_as(s.model, &s, seed);
        assert_saves_as(again.model, &s, seed);
        assert_saves_as(opened, &s, seed);
        ckpt_free(opened);
        drop(&again);
        drop(&s);
    }
}
END_TEST

static int read_saved(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const saved *s = ctx;
    ck_assert(offset <= s->size && size <= s->size - offset);
    memcpy(buffer, (const char *)s->bytes + offset, size);
    return 0;
}

typedef struct grown {
    unsigned char *bytes;
    size_t size;
} grown;

static int write_grown(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    grown *g = ctx;
    ck_assert(size > 0 && offset <= g->size && size <= g->size - offset);
    memcpy(g->bytes + offset, bytes, size);
    return 0;
}

static void check_all_ways(const saved *s, const char *path, uint64_t seed) {
    ckpt_open_options map = {.struct_size = sizeof map};
    ckpt_open_options read = {.struct_size = sizeof read, .access = CKPT_ACCESS_READ};
    ckpt_reader reader = {(void *)(uintptr_t)s, s->size, read_saved};
    ckpt *opened[3];
    ckpt_error err;
    assert_ok(ckpt_open(path, &map, &opened[0], &err));
    assert_ok(ckpt_open(path, &read, &opened[1], &err));
    assert_ok(ckpt_open_reader(&reader, NULL, NULL, &opened[2], &err));
    for (int i = 0; i < 3; i++) {
        assert_equal(s->model, opened[i], seed);
        assert_saves_as(opened[i], s, seed);
        assert_ok(ckpt_verify(opened[i], NULL, NULL, &err));
        ckpt_free(opened[i]);
    }
}

START_TEST(every_way_of_opening_and_saving_is_equal) {
    test_directory directory = test_directory_create();
    char path[512];
    test_path(&directory, "model.ckpt", path, sizeof path);
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed += 3) {
        ckpt_error err;
        ckpt_save_options options = options_of(seed);
        saved s = make(seed);
        grown g = {calloc(1, s.size), s.size};
        ckpt_writer writer = {&g, write_grown};
        options.not_durable = true;
        assert_ok(ckpt_save(s.model, path, &options, &err));
        check_all_ways(&s, path, seed);
        assert_ok(ckpt_save_writer(s.model, &writer, &options, &err));
        quick_assert_msg(memcmp(g.bytes, s.bytes, s.size) == 0, "seed %llu: writer",
                         (unsigned long long)seed);
        free(g.bytes);
        drop(&s);
    }
    test_directory_remove(&directory);
}
END_TEST

/* The element at a place, found by the definition of strides, in the storage's own bytes. */
static size_t place_of(ckpt_tensor tensor, uint64_t i, size_t element) {
    uint64_t place = ckpt_tensor_storage_offset(tensor);
    for (uint32_t d = ckpt_tensor_rank(tensor); d-- > 0;) {
        place += i % ckpt_tensor_shape(tensor)[d] * ckpt_tensor_stride(tensor, d);
        i /= ckpt_tensor_shape(tensor)[d];
    }
    return (size_t)place * element;
}

static void check_elements(ckpt_tensor tensor, uint64_t seed) {
    ckpt_error err;
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    size_t size = (size_t)ckpt_tensor_nbytes(tensor), element = info.block_bytes;
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    size_t storage_size = (size_t)ckpt_storage_size(storage);
    unsigned char *dense = malloc(size + 1), *whole = malloc(storage_size + 1);
    ck_assert(dense != NULL && whole != NULL);
    assert_ok(ckpt_tensor_read(tensor, dense, size, &err));
    assert_ok(ckpt_storage_read(storage, 0, storage_size, whole, &err));
    for (uint64_t i = 0; info.block_elements == 1 && i < ckpt_tensor_numel(tensor); i++)
        quick_assert_msg(
            memcmp(dense + i * element, whole + place_of(tensor, i, element), element) == 0,
            "seed %llu: tensor %u, element %llu", (unsigned long long)seed, tensor.id,
            (unsigned long long)i);
    free(dense);
    free(whole);
}

START_TEST(elements_lie_where_the_strides_say) {
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed += 2) {
        saved s = make(seed);
        ckpt *opened = open_bytes(&s);
        for (uint32_t t = 0; t < ckpt_tensor_count(opened); t++)
            check_elements(ckpt_tensor_by_id(opened, t), seed);
        for (uint32_t t = 0; t < ckpt_tensor_count(s.model); t++)
            check_elements(ckpt_tensor_by_id(s.model, t), seed);
        ckpt_free(opened);
        drop(&s);
    }
}
END_TEST

int main(int argc, char **argv) {
    Suite *suite = suite_create("roundtrip");
    TCase *tests = tcase_create("roundtrip");
    seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : seeds;
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : first_seed;
    printf("# seeds %llu to %llu\n", (unsigned long long)first_seed,
           (unsigned long long)(first_seed + seeds - 1));
    tcase_add_test(tests, what_is_saved_is_read_back);
    tcase_add_test(tests, the_same_model_gives_the_same_bytes);
    tcase_add_test(tests, every_way_of_opening_and_saving_is_equal);
    tcase_add_test(tests, elements_lie_where_the_strides_say);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
