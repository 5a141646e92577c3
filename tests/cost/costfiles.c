/* SPDX-License-Identifier: MIT */
#include "cost.h"
#include "testfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ckpt_error err;

static void prepare_layers(task *t) {
    save_task(t, make_layers(t->n), NULL);
}

static void prepare_names(task *t) {
    save_task(t, make_long_names(t->n), NULL);
}

static void prepare_values(task *t) {
    save_task(t, make_values(t->n), NULL);
}

/* One storage in n chunks, raw or encoded. */
static void prepare_storage(task *t, bool compress) {
    ckpt *c;
    uint64_t shape[1] = {(uint64_t)t->n * 1024};
    float *numbers = malloc(shape[0] * sizeof *numbers);
    ckpt_save_options options = {
        .struct_size = sizeof options, .chunk_size = 4096, .threads = 1, .compress = compress};
    if (numbers == NULL)
        abort();
    for (uint64_t i = 0; i < shape[0]; i++)
        numbers[i] = (float)(i * 7919 % 1000) / 1000;
    must_succeed(ckpt_create(NULL, &c, &err), &err);
    must_succeed(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 1, shape, numbers, NULL, &err),
                 &err);
    free(numbers);
    save_task(t, c, &options);
}

static void prepare_chunks(task *t) {
    prepare_storage(t, false);
}

static void prepare_encoded_chunks(task *t) {
    prepare_storage(t, true);
}

/* Each generation with a tensor of its own in place of the one before. */
static void prepare_generations(task *t) {
    static const uint64_t shape[1] = {3};
    test_directory directory = test_directory_create();
    char path[300];
    ckpt *c = make_layers(1);
    ckpt_save_options options = {.struct_size = sizeof options, .not_durable = true};
    test_path(&directory, "file.ckpt", path, sizeof path);
    must_succeed(ckpt_save(c, path, &options, &err), &err);
    ckpt_free(c);
    must_succeed(ckpt_open(path, NULL, &c, &err), &err);
    for (uint32_t i = 1; i < t->n; i++) {
        if (i > 1)
            must_succeed(ckpt_remove(ckpt_root(c), "w", &err), &err);
        must_succeed(ckpt_add_buffer(ckpt_root(c), "w", CKPT_U8, 1, shape, "abc", NULL, &err),
                     &err);
        must_succeed(ckpt_commit(c, &options, &err), &err);
    }
    ckpt_free(c);
    t->bytes = test_read_file(path, &t->size);
    test_directory_remove(&directory);
}

static void prepare_safetensors(task *t) {
    enum { ENTRY = 128 };
    size_t at = 8;
    char *bytes = malloc((size_t)t->n * (ENTRY + 4) + 16);
    if (bytes == NULL)
        abort();
    bytes[at++] = '{';
    for (uint32_t i = 0; i < t->n; i++) {
        unsigned long begin = 4ul * i;
        at += (size_t)snprintf(bytes + at, ENTRY,
                               "%s\"model.layers.%lu.weight\":{\"dtype\":\"F32\",\"shape\":[1],"
                               "\"data_offsets\":[%lu,%lu]}",
                               i != 0 ? "," : "", (unsigned long)i, begin, begin + 4);
    }
    bytes[at++] = '}';
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)((at - 8) >> (8 * i));
    memset(bytes + at, 0, (size_t)t->n * 4);
    t->bytes = bytes;
    t->size = at + (size_t)t->n * 4;
}

static void open_and_prepare(task *t, void (*prepare)(task *)) {
    prepare(t);
    open_task(t);
}

static void open_layers(task *t) {
    open_and_prepare(t, prepare_layers);
}

static void open_names(task *t) {
    open_and_prepare(t, prepare_names);
}

static void open_chunks(task *t) {
    open_and_prepare(t, prepare_chunks);
}

static void open_encoded_chunks(task *t) {
    open_and_prepare(t, prepare_encoded_chunks);
}

static void open_generations(task *t) {
    open_and_prepare(t, prepare_generations);
}

static void verify(task *t) {
    must_succeed(ckpt_verify(t->c, NULL, NULL, &err), &err);
}

static void digest(task *t) {
    uint8_t digest[CKPT_DIGEST_SIZE];
    must_succeed(ckpt_digest(t->c, NULL, digest, &err), &err);
}

static void walk(task *t) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    must_succeed(ckpt_walk_create(ckpt_root(t->c), CKPT_WALK_EVERYTHING, &walk, &err), &err);
    while (ckpt_walk_next(walk, &item)) {
        if (ckpt_tensor_exists(item.tensor) &&
            !ckpt_tensor_same(ckpt_find_tensor(ckpt_root(t->c), item.name), item.tensor))
            abort();
    }
    ckpt_walk_free(walk);
}

/* Of each module by itself. */
static void walk_modules(task *t) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    for (uint32_t m = 1; m < ckpt_module_count(t->c); m++) {
        must_succeed(
            ckpt_walk_create(ckpt_module_by_id(t->c, m), CKPT_WALK_STATE_DICT, &walk, &err), &err);
        while (ckpt_walk_next(walk, &item))
            continue;
        ckpt_walk_free(walk);
    }
}

static void list_generations(task *t) {
    ckpt_generation *items = malloc(t->n * sizeof *items);
    if (items == NULL || ckpt_generations(t->c, items, t->n) != t->n)
        abort();
    free(items);
}

static void edit(task *t) {
    void *bytes;
    size_t size;
    must_succeed(ckpt_map_set(ckpt_metadata(t->c), "epoch", ckpt_int(1), NULL, &err), &err);
    must_succeed(ckpt_save_memory(t->c, NULL, &bytes, &size, &err), &err);
    ckpt_buffer_free(t->c, bytes, size);
}

const task_kind file_tasks[] = {
    {"open tensors", prepare_layers, open_task},
    {"open long names", prepare_names, open_task},
    {"open values", prepare_values, open_task},
    {"open chunks", prepare_chunks, open_task},
    {"open encoded chunks", prepare_encoded_chunks, open_task},
    {"open generations", prepare_generations, open_task},
    {"open safetensors", prepare_safetensors, open_task},
    {"verify tensors", open_layers, verify},
    {"verify chunks", open_chunks, verify},
    {"verify encoded chunks", open_encoded_chunks, verify},
    {"verify generations", open_generations, verify},
    {"list generations", open_generations, list_generations},
    {"digest of tensors", open_layers, digest},
    {"digest of encoded chunks", open_encoded_chunks, digest},
    {"walk and find tensors", open_layers, walk},
    {"walk and find long names", open_names, walk},
    {"walk each module", open_layers, walk_modules},
    {"change and save tensors", open_layers, edit},
    {"change and save long names", open_names, edit},
    {NULL, NULL, NULL},
};
