/* SPDX-License-Identifier: MIT */
/* A model in two GGUF files, written and read. */
#include "scenarios.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"n-00001-of-00002.gguf", "n-00002-of-00002.gguf"};

static void path_of(const sweep *s, int i, char path[512]) {
    test_path(&s->directory, names[i], path, 512);
}

static bool is_there(const sweep *s, int i) {
    const ckpt_filesystem *posix = ckpt_posix_filesystem();
    char path[512];
    ckpt_file_status ignored;
    path_of(s, i, path);
    return posix->status_of_path(posix->ctx, path, &ignored) == 0;
}

static void remove_files(const sweep *s) {
    char path[512];
    for (int i = 0; i < 2; i++) {
        path_of(s, i, path);
        remove(path);
    }
}

static bool set_metadata(ckpt *c) {
    ckpt_error err;
    ckpt_value list, map = ckpt_metadata(c);
    return ckpt_map_set(map, "text", ckpt_string("a text"), NULL, &err) == CKPT_OK &&
           ckpt_map_set(map, "large", ckpt_string("18446744073709551615"), NULL, &err) == CKPT_OK &&
           ckpt_map_set(map, "bytes", ckpt_bytes("abc", 3), NULL, &err) == CKPT_OK &&
           ckpt_map_set(map, "list", ckpt_list(), &list, &err) == CKPT_OK &&
           ckpt_list_append(list, ckpt_string("x"), NULL, &err) == CKPT_OK &&
           ckpt_list_append(list, ckpt_string("y"), NULL, &err) == CKPT_OK &&
           ckpt_map_set(map, "gguf.types", ckpt_map(), &map, &err) == CKPT_OK &&
           ckpt_map_set(map, "large", ckpt_string("u64"), NULL, &err) == CKPT_OK;
}

/* A tie, a name that is too long, quantised blocks, and more data than a file is to have. */
static ckpt *make_model(sweep *s) {
    static const uint64_t shape[2] = {2, 32};
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &s->allocator};
    ckpt *c = NULL;
    ckpt_module block;
    ckpt_tensor first;
    ckpt_error err;
    char name[100];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    bool good =
        ckpt_create(&options, &c, &err) == CKPT_OK &&
        ckpt_add_module(ckpt_root(c), "blk", "", &block, &err) == CKPT_OK &&
        ckpt_add_parameter(block, "weight", CKPT_F32, 2, shape, NULL, &first, &err) == CKPT_OK &&
        ckpt_add_parameter(block, name, CKPT_Q4_0, 2, shape, NULL, NULL, &err) == CKPT_OK &&
        ckpt_add_tensor(ckpt_root(c), "tied", first, &err) == CKPT_OK && set_metadata(c);
    sweep_expect(s, good, "the model cannot be made");
    return c;
}

static ckpt_status save_to(const sweep *s, ckpt *c, const ckpt_filesystem *filesystem,
                           ckpt_error *err) {
    ckpt_save_options options = sweep_save_options(s);
    char path[512];
    options.filesystem = filesystem;
    options.format = "gguf";
    options.shard_size = 200;
    path_of(s, 0, path);
    return ckpt_save(c, path, &options, err);
}

static ckpt_status save_gguf(sweep *s, ckpt_error *err) {
    ckpt *c = make_model(s);
    sweep_arm(s);
    ckpt_status status = save_to(s, c, s->filesystem, err);
    sweep_disarm(s);
    bool saved = status == CKPT_OK || status == CKPT_E_DURABILITY;
    sweep_expect(s, is_there(s, 0) == saved, "a file is there that was not saved, or is not");
    sweep_expect(s, is_there(s, 1) == saved,
                 "a second file is there that was not saved, or is not");
    remove_files(s);
    ckpt_free(c);
    return status;
}

static ckpt_status open_with(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    ckpt_open_options options = sweep_open_options(s, access);
    ckpt *model = make_model(s), *c = untouched;
    float values[64];
    char path[512];
    ckpt_error ignored;
    sweep_expect(s, save_to(s, model, NULL, &ignored) == CKPT_OK, "the files cannot be made");
    ckpt_free(model);
    path_of(s, 0, path);
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status == CKPT_OK)
        status = ckpt_verify(c, NULL, NULL, err);
    for (uint32_t i = 0; i < 2 && status == CKPT_OK; i++)
        status = ckpt_tensor_read_as(ckpt_tensor_by_id(c, i), CKPT_F32, values, sizeof values, err);
    sweep_disarm(s);
    if (c != untouched)
        ckpt_free(c);
    else
        sweep_expect(s, status != CKPT_OK, "nothing was opened");
    remove_files(s);
    return status;
}

static ckpt_status open_gguf(sweep *s, ckpt_error *err) {
    return open_with(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status read_gguf(sweep *s, ckpt_error *err) {
    return open_with(s, CKPT_ACCESS_READ, err);
}

const sweep_case gguf_saving_scenarios[] = {
    {"save two GGUF files", save_gguf},
    {NULL, NULL},
};

const sweep_case gguf_scenarios[] = {
    {"open two GGUF files, mapped", open_gguf},
    {"open two GGUF files, read", read_gguf},
    {NULL, NULL},
};
