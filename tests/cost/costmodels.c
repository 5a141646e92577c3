/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ckpt_error err;

void must_succeed(ckpt_status status, const ckpt_error *error) {
    if (status == CKPT_OK)
        return;
    fprintf(stderr, "cost: %s\n", error->message);
    exit(2);
}

static ckpt *make_empty(void) {
    ckpt *c;
    must_succeed(ckpt_create(NULL, &c, &err), &err);
    return c;
}

ckpt *make_layers(uint32_t n) {
    static const uint64_t shape[2] = {2, 2};
    static const float weights[4] = {1, 2, 3, 4};
    ckpt *c = make_empty();
    for (uint32_t i = 0; i < n; i++) {
        char name[16];
        ckpt_module layer;
        snprintf(name, sizeof name, "%lu", (unsigned long)i);
        must_succeed(ckpt_add_module(ckpt_root(c), name, "Linear", &layer, &err), &err);
        must_succeed(
            ckpt_map_set(ckpt_module_attributes(layer), "in_features", ckpt_int(2), NULL, &err),
            &err);
        must_succeed(ckpt_add_parameter(layer, "weight", CKPT_F32, 2, shape, weights, NULL, &err),
                     &err);
        must_succeed(ckpt_add_parameter(layer, "bias", CKPT_F32, 1, shape, weights, NULL, &err),
                     &err);
    }
    return c;
}

ckpt *make_long_names(uint32_t n) {
    ckpt *c = make_empty();
    for (uint32_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "encoder_layer_attention_output_dense_%08lx", (unsigned long)i);
        must_succeed(ckpt_add_buffer(ckpt_root(c), name, CKPT_U8, 0, NULL, "", NULL, &err), &err);
    }
    return c;
}

ckpt *make_values(uint32_t n) {
    ckpt *c = make_empty();
    ckpt_value list;
    must_succeed(ckpt_map_set(ckpt_metadata(c), "list", ckpt_list(), &list, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        char key[32];
        ckpt_value element = list;
        snprintf(key, sizeof key, "key_%lu", (unsigned long)i);
        must_succeed(ckpt_map_set(ckpt_metadata(c), key, ckpt_string(key), NULL, &err), &err);
        must_succeed(ckpt_list_append(element, ckpt_list(), &element, &err), &err);
        must_succeed(ckpt_list_append(element, ckpt_bytes(key, 8), NULL, &err), &err);
    }
    return c;
}

static void *copy_of(const void *bytes, size_t size) {
    void *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    return copy;
}

void save_task(task *t, ckpt *c, const ckpt_save_options *options) {
    void *bytes;
    must_succeed(ckpt_save_memory(c, options, &bytes, &t->size, &err), &err);
    t->bytes = copy_of(bytes, t->size);
    ckpt_buffer_free(c, bytes, t->size);
    ckpt_free(c);
}

void open_task(task *t) {
    ckpt_open_options options = {.struct_size = sizeof options, .threads = 1};
    options.allocator = &t->hook;
    must_succeed(ckpt_open_memory(t->bytes, t->size, NULL, &options, &t->c, &err), &err);
}
