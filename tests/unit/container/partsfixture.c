/* SPDX-License-Identifier: MIT */
#include "partsfixture.h"

#include "checkmain.h"
#include "comparemodels.h"

test_directory parts_directory;
char parts_path[300];
static char other[300];
static ckpt_error err;

void parts_setup(void) {
    parts_directory = test_directory_create();
    test_path(&parts_directory, "net.ckpt", parts_path, sizeof parts_path);
}

void parts_teardown(void) {
    test_directory_remove(&parts_directory);
}

const char *parts_beside(const char *name) {
    test_path(&parts_directory, name, other, sizeof other);
    return other;
}

void parts_add(ckpt *c, const char *name, uint64_t count, float first) {
    static float numbers[PARTS_MOST];
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = first + (float)i * (first != 0);
    assert_ok(ckpt_add_parameter(ckpt_root(c), name, CKPT_F32, 1, &count, numbers, NULL, &err));
}

/* Storages of 4000, 4000, 20000, 8 and 0 bytes; the first two are equal. */
ckpt *parts_model(void) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    parts_add(c, "a", 1000, 0);
    parts_add(c, "b", 1000, 0);
    parts_add(c, "large", PARTS_MOST, 1);
    parts_add(c, "small", 2, 2);
    parts_add(c, "none", 0, 0);
    return c;
}

ckpt_save_options parts_options(uint64_t shard_size, ckpt *base) {
    ckpt_save_options options = {
        .struct_size = sizeof options, .chunk_size = 4096, .shard_size = shard_size, .base = base};
    return options;
}

void parts_save(ckpt *c, const char *where, uint64_t shard_size, ckpt *base) {
    ckpt_save_options options = parts_options(shard_size, base);
    assert_ok(ckpt_save(c, where, &options, &err));
}

ckpt *parts_open(const char *where, ckpt_access access) {
    ckpt_open_options options = {.struct_size = sizeof options, .access = access};
    ckpt *c = NULL;
    assert_ok(ckpt_open(where, &options, &c, &err));
    return c;
}

void parts_assert_same(ckpt *a, ckpt *b) {
    char text[300];
    uint8_t digests[2][CKPT_DIGEST_SIZE];
    const char *difference = models_differ(a, b, text, sizeof text);
    ck_assert_msg(difference == NULL, "%s", difference);
    assert_ok(ckpt_digest(a, NULL, digests[0], &err));
    assert_ok(ckpt_digest(b, NULL, digests[1], &err));
    ck_assert_mem_eq(digests[0], digests[1], CKPT_DIGEST_SIZE);
}

/* The file is whole and holds what c is. */
void parts_assert_file(const char *where, ckpt *c) {
    for (int access = 0; access < 2; access++) {
        ckpt *opened = parts_open(where, (ckpt_access)access);
        parts_assert_same(c, opened);
        assert_ok(ckpt_verify(opened, NULL, NULL, &err));
        ckpt_free(opened);
    }
}

ckpt_storage parts_storage(ckpt *c, const char *name) {
    return ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), name));
}

const char *parts_part_of(ckpt *c, const char *name) {
    return ckpt_describe_storage(parts_storage(c, name)).part;
}
