/* SPDX-License-Identifier: MIT */
/* Small nets for tests, built in one call each; a call that fails ends the test. */
#ifndef BUILDNET_H
#define BUILDNET_H

#include "checkmain.h"

#include <string.h>

static inline ckpt *new_ckpt(const ckpt_allocator *allocator) {
    ckpt_create_options options = {sizeof options, allocator};
    ckpt_error err;
    ckpt *c;
    assert_ok(ckpt_create(&options, &c, &err));
    return c;
}

static inline ckpt_module new_module(ckpt_module parent, const char *name, const char *type) {
    ckpt_module module;
    ckpt_error err;
    assert_ok(ckpt_add_module(parent, name, type, &module, &err));
    return module;
}

/* A parameter of f32 zeros with one extent. */
static inline ckpt_tensor new_vector(ckpt_module module, const char *name, uint64_t extent) {
    ckpt_tensor tensor;
    ckpt_error err;
    assert_ok(ckpt_add_parameter(module, name, CKPT_F32, 1, &extent, NULL, &tensor, &err));
    return tensor;
}

static inline void set_attribute(ckpt_module module, const char *key, ckpt_literal value) {
    ckpt_error err;
    assert_ok(ckpt_map_set(ckpt_module_attributes(module), key, value, NULL, &err));
}

/* As torch.nn.Linear(in, out): weight and bias, and what print shows. */
static inline ckpt_module new_linear(ckpt_module parent, const char *name, uint64_t in,
                                     uint64_t out) {
    ckpt_error err;
    const uint64_t shape[2] = {out, in};
    ckpt_module module = new_module(parent, name, "Linear");
    set_attribute(module, "in_features", ckpt_int((int64_t)in));
    set_attribute(module, "out_features", ckpt_int((int64_t)out));
    set_attribute(module, "bias", ckpt_bool(true));
    assert_ok(ckpt_add_parameter(module, "weight", CKPT_F32, 2, shape, NULL, NULL, &err));
    assert_ok(ckpt_add_parameter(module, "bias", CKPT_F32, 1, shape, NULL, NULL, &err));
    return module;
}

static inline void share(ckpt_module parent, const char *name, ckpt_module module) {
    ckpt_error err;
    assert_ok(ckpt_share_module(parent, name, module, &err));
}

/* Saves to memory and opens that; the first checkpoint is freed. *ret_bytes is freed with free. */
static inline ckpt *saved_and_opened(ckpt *c, void **ret_bytes) {
    ckpt_error err;
    void *saved;
    size_t size;
    ckpt *opened;
    assert_ok(ckpt_save_memory(c, NULL, &saved, &size, &err));
    *ret_bytes = malloc(size);
    memcpy(*ret_bytes, saved, size);
    ckpt_buffer_free(c, saved, size);
    ckpt_free(c);
    assert_ok(ckpt_open_memory(*ret_bytes, size, NULL, NULL, &opened, &err));
    return opened;
}

/* A sink that keeps what fits. */
typedef struct kept_text {
    char text[8192];
    size_t size;
} kept_text;

static inline bool keep_text(void *ctx, const char *text, size_t size) {
    kept_text *kept = ctx;
    if (size >= sizeof kept->text - kept->size)
        return false;
    memcpy(kept->text + kept->size, text, size);
    kept->size += size;
    kept->text[kept->size] = '\0';
    return true;
}

#endif
