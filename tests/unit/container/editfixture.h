/* SPDX-License-Identifier: MIT */
/* A file to edit, and what it must hold afterwards. */
#ifndef EDITFIXTURE_H
#define EDITFIXTURE_H

#include "checkmain.h"
#include "comparemodels.h"
#include "testfiles.h"

enum { LARGE = 20000 };

static test_directory directory;
static char path[300];
static ckpt_error err;

static inline void add_numbers(ckpt_module module, const char *name, uint64_t count, float first) {
    static float numbers[LARGE];
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = first + (float)i;
    assert_ok(ckpt_add_parameter(module, name, CKPT_F32, 1, &count, numbers, NULL, &err));
}

static inline float first_of(ckpt *c, const char *name) {
    const void *data = NULL;
    ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(c), name);
    assert_ok(ckpt_tensor_data(tensor, &data, &err));
    return *(const float *)data;
}

static inline ckpt *open_file(uint64_t generation) {
    ckpt_open_options options = {.struct_size = sizeof options, .generation = generation};
    ckpt *c = NULL;
    assert_ok(ckpt_open(path, &options, &c, &err));
    return c;
}

static inline void set_up(void) {
    ckpt *c;
    ckpt_module block;
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "block", "Linear", &block, &err));
    add_numbers(ckpt_root(c), "a", LARGE, 1);
    add_numbers(block, "w", 100, 2);
    add_numbers(ckpt_root(c), "b", 10, 3);
    assert_ok(ckpt_save(c, path, NULL, &err));
    ckpt_free(c);
}

static inline void tear_down(void) {
    test_directory_remove(&directory);
}

static inline void assert_same_models(ckpt *a, ckpt *b) {
    char text[300];
    const char *difference = models_differ(a, b, text, sizeof text);
    ck_assert_msg(difference == NULL, "%s", difference);
}

/* The file holds what c is, whole. */
static inline void assert_file_is(ckpt *c) {
    ckpt *read = open_file(0);
    assert_same_models(c, read);
    assert_ok(ckpt_verify(read, NULL, NULL, &err));
    ck_assert_str_eq(ckpt_describe_file(read).recovered, "");
    ck_assert_uint_eq(ckpt_describe_file(read).generation, ckpt_describe_file(c).generation);
    ck_assert_uint_eq(ckpt_describe_file(read).file_size, ckpt_describe_file(c).file_size);
    ck_assert_uint_eq(ckpt_describe_file(read).retired_size, ckpt_describe_file(c).retired_size);
    ckpt_free(read);
}

#endif
