/* SPDX-License-Identifier: MIT */
/* The digest of a model is the same, however it is stored. What changes it is the matter of
 * test_identity.c. */
#include "digestcheck.h"
#include "randommodel.h"
#include "testfiles.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

static void assert_digest_of_file(const char *path, ckpt_access access,
                                  const known_digest *wanted) {
    ckpt_open_options options = {.struct_size = sizeof options, .access = access};
    ckpt *c;
    assert_ok(ckpt_open(path, &options, &c, &err));
    assert_digest(c, wanted);
    /* What was saved, and read again, is still the same. */
    assert_ok(ckpt_save(c, path, NULL, &err));
    assert_digest(c, wanted);
    ckpt_free(c);
}

static void assert_digest_when_saved(ckpt *c, const ckpt_save_options *options,
                                     const known_digest *wanted) {
    void *data;
    size_t size;
    ckpt *again;
    assert_ok(ckpt_save_memory(c, options, &data, &size, &err));
    assert_ok(ckpt_open_memory(data, size, NULL, NULL, &again, &err));
    assert_digest(again, wanted);
    ckpt_free(again);
    ckpt_buffer_free(c, data, size);
}

/* A file that is open, after changes that have been undone. */
static void assert_digest_when_thawed(const char *path, const known_digest *wanted) {
    ckpt *c;
    assert_ok(ckpt_open(path, NULL, &c, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "for a moment", ckpt_null(), NULL, &err));
    assert_ok(ckpt_map_remove(ckpt_metadata(c), "for a moment", &err));
    assert_digest(c, wanted);
    ckpt_free(c);
}

START_TEST(every_way_of_storing_a_model) {
    ckpt_save_options small = {.struct_size = sizeof small, .chunk_size = 4096};
    ckpt_save_options large = {.struct_size = sizeof large, .chunk_size = 4 * MIB};
    ckpt_save_options none = {.struct_size = sizeof none, .no_checksums = true};
    test_directory directory = test_directory_create();
    char path[512];
    test_path(&directory, "net.ckpt", path, sizeof path);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ckpt *c;
        assert_ok(random_model(seed, NULL, &c, &err));
        known_digest wanted = digest_of(c);
        assert_digest_when_saved(c, NULL, &wanted);
        assert_digest_when_saved(c, &small, &wanted);
        assert_digest_when_saved(c, &large, &wanted);
        assert_digest_when_saved(c, &none, &wanted);
        assert_ok(ckpt_save(c, path, NULL, &err));
        assert_digest_of_file(path, CKPT_ACCESS_MAP, &wanted);
        assert_digest_of_file(path, CKPT_ACCESS_READ, &wanted);
        assert_digest_when_thawed(path, &wanted);
        ckpt_free(c);
    }
    test_directory_remove(&directory);
}
END_TEST

START_TEST(bytes_of_the_caller_and_links) {
    static const float numbers[] = {1, 2, 3};
    const uint64_t shape[] = {3};
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 1, .shape = shape};
    ckpt *first = NULL, *c[3];
    known_digest wanted = {{0}};
    for (int i = 0; i < 3; i++) {
        ckpt_storage storage;
        ckpt_tensor tensor;
        assert_ok(ckpt_create(NULL, &c[i], &err));
        if (i == 0)
            assert_ok(ckpt_storage_create(c[i], sizeof numbers, &storage, &err));
        else if (i == 1)
            assert_ok(ckpt_storage_borrow(c[i], numbers, sizeof numbers, &storage, &err));
        else
            assert_ok(ckpt_storage_link(c[i], ckpt_storage_by_id(first, 0), &storage, &err));
        if (i == 0)
            memcpy(ckpt_storage_writable(storage), numbers, sizeof numbers);
        assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
        assert_ok(ckpt_add_tensor(ckpt_root(c[i]), "t", tensor, &err));
        first = c[0];
        if (i == 0)
            wanted = digest_of(c[0]);
        assert_digest(c[i], &wanted);
    }
    for (int i = 2; i >= 0; i--)
        ckpt_free(c[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("digest");
    TCase *tcase = tcase_create("digest");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_way_of_storing_a_model);
    tcase_add_test(tcase, bytes_of_the_caller_and_links);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
