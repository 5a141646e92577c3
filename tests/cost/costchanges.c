/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ckpt_error err;

static void prepare_layers(task *t) {
    t->c = make_layers(t->n);
}

static void prepare_names(task *t) {
    t->c = make_long_names(t->n);
}

static void prepare_values(task *t) {
    t->c = make_values(t->n);
}

static void prepare_nothing(task *t) {
    (void)t;
}

static void build(task *t) {
    ckpt_free(make_layers(t->n));
}

static void build_values(task *t) {
    ckpt_free(make_values(t->n));
}

static void remove_from_the_front(task *t) {
    while (ckpt_module_member_count(ckpt_root(t->c)) > 0)
        must_succeed(
            ckpt_remove(ckpt_root(t->c), ckpt_module_member(ckpt_root(t->c), 0).name, &err), &err);
}

static void remove_from_the_end(task *t) {
    for (uint32_t i = ckpt_module_member_count(ckpt_root(t->c)); i > 0; i--)
        must_succeed(
            ckpt_remove(ckpt_root(t->c), ckpt_module_member(ckpt_root(t->c), i - 1).name, &err),
            &err);
}

static void remove_keys_from_the_front(task *t) {
    while (ckpt_value_count(ckpt_metadata(t->c)) > 0)
        must_succeed(
            ckpt_map_remove(ckpt_metadata(t->c), ckpt_map_key(ckpt_metadata(t->c), 0), &err), &err);
}

static void rename_all(task *t) {
    for (uint32_t i = 0; i < t->n; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%lu", (unsigned long)i);
        must_succeed(
            ckpt_rename(ckpt_root(t->c), ckpt_module_member(ckpt_root(t->c), i).name, name, &err),
            &err);
    }
}

static void replace_bytes(task *t) {
    unsigned char state[256];
    for (uint32_t i = 0; i < t->n; i++) {
        memset(state, (int)(i & 0xff), sizeof state);
        must_succeed(
            ckpt_map_set(ckpt_metadata(t->c), "state", ckpt_bytes(state, sizeof state), NULL, &err),
            &err);
    }
}

static void tie_all(task *t) {
    ckpt_module first = ckpt_module_child(ckpt_root(t->c), "0");
    for (uint32_t i = 1; i < t->n; i++) {
        ckpt_module layer = ckpt_module_member(ckpt_root(t->c), i).module;
        must_succeed(ckpt_tie(layer, "bias", ckpt_module_tensor(first, "bias"), &err), &err);
    }
}

static void walk_modules(task *t) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    for (uint32_t i = 0; i < t->n; i++) {
        ckpt_module layer = ckpt_module_member(ckpt_root(t->c), i).module;
        must_succeed(ckpt_walk_create(layer, CKPT_WALK_STATE_DICT, &walk, &err), &err);
        while (ckpt_walk_next(walk, &item))
            continue;
        ckpt_walk_free(walk);
    }
}

static void save(task *t) {
    save_task(t, t->c, NULL);
    t->c = NULL;
}

static void write_manifest(task *t) {
    char *text;
    must_succeed(ckpt_manifest_write(t->c, &text, &t->size, &err), &err);
    ckpt_buffer_free(t->c, text, t->size + 1);
}

static void prepare_manifest(task *t) {
    char *text;
    ckpt *c = make_layers(t->n);
    must_succeed(ckpt_manifest_write(c, &text, &t->size, &err), &err);
    t->bytes = malloc(t->size + 1);
    if (t->bytes == NULL)
        abort();
    memcpy(t->bytes, text, t->size + 1);
    ckpt_buffer_free(c, text, t->size + 1);
    ckpt_free(c);
}

static void read_manifest(task *t) {
    ckpt_manifest *manifest;
    must_succeed(ckpt_manifest_read(t->bytes, t->size, NULL, NULL, &manifest, &err), &err);
    ckpt_manifest_free(manifest);
}

static bool count_text(void *ctx, const char *text, size_t size) {
    (void)text;
    *(size_t *)ctx += size;
    return true;
}

static void print(task *t) {
    size_t size = 0;
    must_succeed(ckpt_print_module(ckpt_root(t->c), count_text, &size, &err), &err);
}

const task_kind model_tasks[] = {
    {"build tensors", prepare_nothing, build},
    {"build values", prepare_nothing, build_values},
    {"remove members from the front", prepare_names, remove_from_the_front},
    {"remove members from the end", prepare_names, remove_from_the_end},
    {"remove keys from the front", prepare_values, remove_keys_from_the_front},
    {"rename all members", prepare_names, rename_all},
    {"replace bytes", prepare_names, replace_bytes},
    {"tie all", prepare_layers, tie_all},
    {"walk each module of what was changed", prepare_layers, walk_modules},
    {"save tensors", prepare_layers, save},
    {"save long names", prepare_names, save},
    {"save values", prepare_values, save},
    {"write a manifest", prepare_layers, write_manifest},
    {"read a manifest", prepare_manifest, read_manifest},
    {"print modules", prepare_layers, print},
    {NULL, NULL, NULL},
};
