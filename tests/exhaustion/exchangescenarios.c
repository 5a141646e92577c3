/* SPDX-License-Identifier: MIT */
/* Files of other formats, written and read: safetensors in one file and in shards. */
#include "scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 6 };

/* Ties, a view with strides, one of a part, a tensor without elements, metadata: whatever the
 * writer has a path of its own for. The same each time. */
static ckpt_status fill(ckpt *c, ckpt_error *err) {
    static const uint64_t shape[2] = {2, 3}, turned[2] = {3, 2}, strides[2] = {1, 3}, none[1] = {0};
    ckpt_module root = ckpt_root(c), child;
    ckpt_tensor tensor, view;
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 2, .shape = turned};
    float values[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++)
        values[i] = (float)i;
    ckpt_status status = ckpt_add_parameter(root, "w", CKPT_F32, 2, shape, values, &tensor, err);
    if (status == CKPT_OK)
        status = ckpt_add_module(root, "child", "Linear", &child, err);
    if (status == CKPT_OK)
        status = ckpt_add_tensor(child, "tied", tensor, err);
    spec.strides = strides;
    if (status == CKPT_OK)
        status = ckpt_tensor_create(ckpt_tensor_storage(tensor), &spec, &view, err);
    if (status == CKPT_OK)
        status = ckpt_add_tensor(child, "turned", view, err);
    if (status == CKPT_OK)
        status = ckpt_add_buffer(child, "empty", CKPT_I8, 1, none, NULL, NULL, err);
    if (status == CKPT_OK)
        status = ckpt_add_buffer(root, "__metadata__", CKPT_I64, 0, NULL, NULL, NULL, err);
    if (status == CKPT_OK)
        status = ckpt_map_set(ckpt_metadata(c), "k", ckpt_string("v"), NULL, err);
    return status;
}

static ckpt *make(sweep *s) {
    ckpt *c = NULL;
    ckpt_error err;
    ckpt_create_options options = {sizeof options, &s->allocator};
    sweep_expect(s, ckpt_create(&options, &c, &err) == CKPT_OK && fill(c, &err) == CKPT_OK,
                 "there is no model to save");
    return c;
}

static const char *const set_files[] = {
    "set.safetensors.index.json",
    "set-00001-of-00003.safetensors",
    "set-00002-of-00003.safetensors",
    "set-00003-of-00003.safetensors",
};

enum { SET_FILES = sizeof set_files / sizeof set_files[0] };

static size_t count_set(const sweep *s, bool remove_them) {
    const ckpt_filesystem *posix = ckpt_posix_filesystem();
    ckpt_file_status ignored;
    char path[512];
    size_t count = 0;
    for (size_t i = 0; i < SET_FILES; i++) {
        test_path(&s->directory, set_files[i], path, sizeof path);
        count += posix->status_of_path(posix->ctx, path, &ignored) == 0;
        if (remove_them)
            remove(path);
    }
    return count;
}

static void forget(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    (void)loss;
}

static ckpt_status save(sweep *s, ckpt *c, const char *path, uint64_t shard_size, ckpt_error *err) {
    ckpt_save_options options = sweep_save_options(s);
    options.format = "safetensors";
    options.shard_size = shard_size;
    options.on_loss = forget;
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    return status;
}

/* Everything that is reached by reading is read. */
static ckpt_status read_all(sweep *s, const char *path, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    ckpt *c = untouched;
    unsigned char elements[4 * ELEMENTS];
    ckpt_open_options options = sweep_open_options(s, access);
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status != CKPT_OK) {
        sweep_disarm(s);
        sweep_expect(s, c == untouched, "a failed open touched its output");
        return status;
    }
    for (uint32_t i = 0; i < ckpt_tensor_count(c) && status == CKPT_OK; i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, i);
        status = ckpt_tensor_read(tensor, elements, (size_t)ckpt_tensor_nbytes(tensor), err);
    }
    if (status == CKPT_OK)
        status = ckpt_verify(c, NULL, NULL, err);
    sweep_disarm(s);
    ckpt_free(c);
    return status;
}

static void expect_readable(sweep *s, const char *path) {
    ckpt_error ignored;
    ckpt *c = NULL;
    sweep_expect(s,
                 ckpt_open(path, NULL, &c, &ignored) == CKPT_OK &&
                     ckpt_verify(c, NULL, NULL, &ignored) == CKPT_OK,
                 "what was saved cannot be read");
    ckpt_free(c);
}

static ckpt_status save_file(sweep *s, ckpt_error *err) {
    ckpt *c = make(s);
    ckpt_status status = save(s, c, s->target, 0, err);
    if (status == CKPT_OK || status == CKPT_E_DURABILITY)
        expect_readable(s, s->target);
    ckpt_free(c);
    return status;
}

static ckpt_status save_set(sweep *s, ckpt_error *err) {
    char path[512];
    ckpt *c = make(s);
    test_path(&s->directory, set_files[0], path, sizeof path);
    ckpt_status status = save(s, c, path, 4 * ELEMENTS, err);
    bool saved = status == CKPT_OK || status == CKPT_E_DURABILITY;
    /* Where nothing can be looked at any more, parts cannot be taken back. */
    size_t count = count_set(s, false);
    sweep_expect(s, saved ? count == SET_FILES : count == 0 || s->fail_ever_after,
                 "a set is there in part");
    if (saved)
        expect_readable(s, path);
    count_set(s, true);
    ckpt_free(c);
    return status;
}

static ckpt_status read_set(sweep *s, ckpt_access access, ckpt_error *err) {
    char path[512];
    ckpt_error ignored;
    ckpt *c = make(s);
    test_path(&s->directory, set_files[0], path, sizeof path);
    ckpt_save_options options = {.struct_size = sizeof options,
                                 .format = "safetensors",
                                 .not_durable = true,
                                 .shard_size = 4 * ELEMENTS};
    sweep_expect(s, ckpt_save(c, path, &options, &ignored) == CKPT_OK, "there is no set to read");
    ckpt_free(c);
    ckpt_status status = read_all(s, path, access, err);
    count_set(s, true);
    return status;
}

static ckpt_status read_set_mapped(sweep *s, ckpt_error *err) {
    return read_set(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status read_set_read(sweep *s, ckpt_error *err) {
    return read_set(s, CKPT_ACCESS_READ, err);
}

const sweep_case exchange_scenarios[] = {
    {"save safetensors", save_file},
    {"save safetensors in shards", save_set},
    {"read safetensors in shards, mapped", read_set_mapped},
    {"read safetensors in shards, read", read_set_read},
    {NULL, NULL},
};
