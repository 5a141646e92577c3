/* SPDX-License-Identifier: MIT */
/* Eight threads read one opened checkpoint, each in its own order, and all see what one sees:
 * mapped or read, raw or compressed, as it was saved or edited. */
#include "checkmain.h"
#include "randommodel.h"
#include "testfiles.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 10, LARGEST = 1 << 17, SEED = 11 };

typedef struct reading {
    ckpt *c;
    unsigned char **wanted; /* the storages, by number */
    uint64_t seed;
    const char *complaint;
} reading;

static const char *read_storage(const reading *r, uint32_t number, unsigned char *buffer) {
    ckpt_error err;
    const void *data;
    ckpt_storage storage = ckpt_storage_by_id(r->c, number);
    size_t size = (size_t)ckpt_storage_size(storage);
    if (ckpt_storage_data(storage, &data, &err) != CKPT_OK ||
        memcmp(data, r->wanted[number], size) != 0)
        return "the bytes of a storage are not what they should be";
    if (ckpt_storage_read(storage, 0, size, buffer, &err) != CKPT_OK ||
        memcmp(buffer, r->wanted[number], size) != 0)
        return "the bytes of a storage are not read as they should be";
    return NULL;
}

static const char *read_names(const reading *r) {
    ckpt_error err;
    ckpt_walk *walk;
    ckpt_walk_item item;
    const char *complaint = NULL;
    if (ckpt_walk_create(ckpt_root(r->c), CKPT_WALK_STATE_DICT, &walk, &err) != CKPT_OK)
        return "no walk";
    while (ckpt_walk_next(walk, &item)) {
        if (!ckpt_tensor_same(ckpt_find_tensor(ckpt_root(r->c), item.name), item.tensor))
            complaint = "a name is not found";
    }
    ckpt_walk_free(walk);
    return complaint;
}

/* The values and shapes too: nothing of it is made anew for each who asks. */
static const char *look_at_tensors(const reading *r) {
    double wanted = 0, found = 0;
    for (uint32_t t = 0; t < ckpt_tensor_count(r->c); t++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(r->c, t);
        for (uint32_t d = 0; d < ckpt_tensor_rank(tensor); d++) {
            wanted += (double)ckpt_tensor_shape(tensor)[d];
            found += (double)ckpt_tensor_shape(ckpt_tensor_by_id(r->c, t))[d];
        }
    }
    ckpt_summary summary;
    if (ckpt_summarize(ckpt_root(r->c), &summary, NULL) != CKPT_OK)
        return "no summary";
    return wanted == found && summary.tensors == ckpt_tensor_count(r->c) ? NULL : "other shapes";
}

static void *read_all(void *argument) {
    reading *r = argument;
    test_random random = {r->seed};
    uint32_t count = ckpt_storage_count(r->c);
    unsigned char *buffer = malloc(LARGEST);
    for (int i = 0; i < ROUNDS && r->complaint == NULL && buffer != NULL; i++) {
        r->complaint = read_names(r);
        if (r->complaint == NULL)
            r->complaint = look_at_tensors(r);
        for (uint32_t j = 0; j < count && r->complaint == NULL; j++)
            r->complaint = read_storage(r, random_below(&random, count), buffer);
    }
    free(buffer);
    return NULL;
}

static unsigned char **read_alone(ckpt *c) {
    ckpt_error err;
    unsigned char **bytes = calloc(ckpt_storage_count(c) + 1u, sizeof *bytes);
    ck_assert_ptr_nonnull(bytes);
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_storage storage = ckpt_storage_by_id(c, i);
        size_t size = (size_t)ckpt_storage_size(storage);
        ck_assert_uint_le(size, LARGEST);
        bytes[i] = malloc(size + 1);
        ck_assert_ptr_nonnull(bytes[i]);
        assert_ok(ckpt_storage_read(storage, 0, size, bytes[i], &err));
    }
    return bytes;
}

static void read_together(ckpt *c, unsigned char **wanted) {
    pthread_t threads[THREADS];
    reading readings[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        reading r = {c, wanted, i, NULL};
        readings[i] = r;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all, &readings[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_msg(readings[i].complaint == NULL, "thread %u: %s", i, readings[i].complaint);
}

static void make_file(const char *path, bool compress, bool edited) {
    ckpt_error err;
    ckpt *c;
    ckpt_save_options save = {.struct_size = sizeof save,
                              .not_durable = true,
                              .compress = compress,
                              .chunk_size = 4096,
                              .threads = 1};
    static const uint64_t shape[1] = {LARGEST / sizeof(float)};
    assert_ok(random_model(SEED, NULL, &c, &err));
    assert_ok(
        ckpt_add_parameter(ckpt_root(c), "many chunks", CKPT_F32, 1, shape, NULL, NULL, &err));
    assert_ok(ckpt_save(c, path, &save, &err));
    ckpt_free(c);
    if (!edited)
        return;
    assert_ok(ckpt_open(path, NULL, &c, &err));
    assert_ok(ckpt_rename(ckpt_root(c), "many chunks", "still many", &err));
    assert_ok(ckpt_commit(c, &save, &err));
    ckpt_free(c);
}

START_TEST(threads_read_the_same) {
    ckpt_error err;
    ckpt *c;
    test_directory directory = test_directory_create();
    char path[300];
    ckpt_open_options open = {.struct_size = sizeof open, .access = (ckpt_access)(_i % 2)};
    test_path(&directory, "model.ckpt", path, sizeof path);
    make_file(path, _i / 2 % 2 == 1, _i / 4 == 1);
    assert_ok(ckpt_open(path, &open, &c, &err));
    ck_assert_uint_gt(ckpt_storage_count(c), 0);
    unsigned char **wanted = read_alone(c);
    /* Opened anew: what a first read keeps for others is not there yet. */
    ckpt_free(c);
    assert_ok(ckpt_open(path, &open, &c, &err));
    read_together(c, wanted);
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++)
        free(wanted[i]);
    free(wanted);
    ckpt_free(c);
    test_directory_remove(&directory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *tests = tcase_create("threads");
    tcase_add_loop_test(tests, threads_read_the_same, 0, 8);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
