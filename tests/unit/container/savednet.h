/* SPDX-License-Identifier: MIT */
/* A small checkpoint with one of everything, and its file as bytes. */
#ifndef SAVEDNET_H
#define SAVEDNET_H

#include "checkmain.h"

#include <stdio.h>
#include <string.h>

typedef struct saved_file {
    unsigned char *bytes; /* freed with free */
    size_t size;
} saved_file;

static inline saved_file save_bytes(ckpt *c, const ckpt_save_options *options) {
    ckpt_error err;
    saved_file file;
    void *data;
    assert_ok(ckpt_save_memory(c, options, &data, &file.size, &err));
    file.bytes = malloc(file.size);
    ck_assert_ptr_nonnull(file.bytes);
    memcpy(file.bytes, data, file.size);
    ckpt_buffer_free(c, data, file.size);
    return file;
}

/* Modules (one of them shared), tensors (tied, strided, scalar, empty), attributes, metadata. */
static inline ckpt *build_sample(const ckpt_allocator *allocator) {
    ckpt_create_options options = {sizeof options, allocator};
    const uint64_t shape[2] = {3, 2}, turned[2] = {2, 3}, strides[2] = {1, 2};
    const uint64_t empty[2] = {0, 4};
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    ckpt_error err;
    ckpt *c;
    ckpt_module layer, act;
    ckpt_tensor weight, view;
    assert_ok(ckpt_create(&options, &c, &err));
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_set_module_type(root, "Sequential", &err));
    assert_ok(ckpt_add_module(root, "0", "Linear", &layer, &err));
    assert_ok(ckpt_add_parameter(layer, "weight", CKPT_F32, 2, shape, values, &weight, &err));
    assert_ok(ckpt_add_parameter(layer, "bias", CKPT_BF16, 1, shape, "abcdef", NULL, &err));
    assert_ok(ckpt_add_buffer(layer, "steps", CKPT_I64, 0, NULL, "12345678", NULL, &err));
    assert_ok(ckpt_add_parameter(layer, "none", CKPT_F64, 2, empty, NULL, NULL, &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(layer), "in_features", ckpt_int(2), NULL, &err));
    assert_ok(ckpt_add_module(root, "act 1", "ReLU", &act, &err));
    assert_ok(ckpt_share_module(root, "2", layer, &err));
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = turned,
                             .strides = strides};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(weight), &spec, &view, &err));
    assert_ok(ckpt_add_tensor(root, "turned", view, &err));
    assert_ok(ckpt_add_tensor(root, "tied", weight, &err));
    ckpt_value list;
    assert_ok(ckpt_map_set(ckpt_metadata(c), "author", ckpt_string("someone"), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "list", ckpt_list(), &list, &err));
    assert_ok(ckpt_list_append(list, ckpt_float(0.5), NULL, &err));
    assert_ok(ckpt_list_append(list, ckpt_bytes("\0\1\2", 3), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "flag", ckpt_bool(true), NULL, &err));
    return c;
}

static inline saved_file save_sample(void) {
    ckpt *c = build_sample(NULL);
    saved_file file = save_bytes(c, NULL);
    ckpt_free(c);
    return file;
}

/* One parameter "w" of size bytes; byte i is i mod 251. */
static inline ckpt *build_bytes(uint64_t size) {
    ckpt_error err;
    ckpt *c;
    ckpt_tensor tensor;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_U8, 1, &size, NULL, &tensor, &err));
    unsigned char *bytes = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i % 251);
    return c;
}

/* The access to a file that a test runs with. */
typedef enum way_in { IN_BY_MAP, IN_BY_READ, IN_FROM_MEMORY, IN_BY_READER, WAYS_IN } way_in;

static inline int read_saved(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const saved_file *file = ctx;
    ck_assert(offset <= file->size && size <= file->size - offset);
    memcpy(buffer, file->bytes + offset, size);
    return 0;
}

/* path holds the same as file. */
static inline ckpt_status open_way(way_in way, const char *path, saved_file *file, ckpt **ret_ckpt,
                                   ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options};
    ckpt_reader reader = {file, file->size, read_saved};
    switch (way) {
    case IN_BY_MAP:
    case IN_BY_READ:
        options.access = way == IN_BY_MAP ? CKPT_ACCESS_MAP : CKPT_ACCESS_READ;
        return ckpt_open(path, &options, ret_ckpt, err);
    case IN_FROM_MEMORY:
        return ckpt_open_memory(file->bytes, file->size, NULL, NULL, ret_ckpt, err);
    default: return ckpt_open_reader(&reader, NULL, NULL, ret_ckpt, err);
    }
}

#endif
