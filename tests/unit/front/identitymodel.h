/* SPDX-License-Identifier: MIT */
/* A model with all that can be changed about one, and the digests that have been seen. For one test
 * program each: all of it is static. */
#ifndef IDENTITYMODEL_H
#define IDENTITYMODEL_H

#include "checkmain.h"

#include <string.h>

enum { ROOM = 512, STORAGE_SIZE = 40 };

static ckpt_error err;

typedef struct identity {
    const char *what;
    uint8_t digest[CKPT_DIGEST_SIZE];
} identity;

static identity known[ROOM];
static unsigned known_count;

/* ---- the model that is changed ---- */

static inline void add_linear(ckpt_module parent, const char *name, uint64_t inputs) {
    const float weight[] = {1, 2, 3, 4, 5, 6}, bias[] = {0.5, -0.5};
    ckpt_module module;
    assert_ok(ckpt_add_module(parent, name, "Linear", &module, &err));
    assert_ok(ckpt_map_set(ckpt_module_attributes(module), "in_features", ckpt_int((int64_t)inputs),
                           NULL, &err));
    const uint64_t shape[] = {2, inputs};
    assert_ok(ckpt_add_parameter(module, "weight", CKPT_F32, 2, shape, weight, NULL, &err));
    assert_ok(ckpt_add_parameter(module, "bias", CKPT_F32, 1, shape, bias, NULL, &err));
}

static inline ckpt_tensor_spec spec_of_view(void) {
    static const uint64_t shape[] = {2, 3};
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 2, .shape = shape};
    return spec;
}

/* first and second are equal, tied stands for the weight of first, place 0 and 1 are one layer, and
 * view sees a part of a storage. */
static inline ckpt *build(const ckpt_tensor_spec *view, uint64_t storage_size) {
    ckpt *c;
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_value list;
    assert_ok(ckpt_create(NULL, &c, &err));
    ckpt_module root = ckpt_root(c);
    assert_ok(ckpt_map_set(ckpt_metadata(c), "step", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "list", ckpt_list(), &list, &err));
    assert_ok(ckpt_list_append(list, ckpt_string("x"), NULL, &err));
    add_linear(root, "first", 3);
    add_linear(root, "second", 3);
    assert_ok(ckpt_add_tensor(root, "tied", ckpt_find_tensor(root, "first.weight"), &err));
    add_linear(root, "place 0", 3);
    assert_ok(ckpt_share_module(root, "place 1", ckpt_find_module(root, "place 0"), &err));
    assert_ok(ckpt_storage_create(c, storage_size, &storage, &err));
    for (uint64_t i = 0; i < storage_size && i < STORAGE_SIZE; i++)
        ((unsigned char *)ckpt_storage_writable(storage))[i] = (unsigned char)i;
    assert_ok(ckpt_tensor_create(storage, view, &tensor, &err));
    assert_ok(ckpt_add_tensor(root, "view", tensor, &err));
    return c;
}

static inline ckpt *base(void) {
    ckpt_tensor_spec spec = spec_of_view();
    return build(&spec, STORAGE_SIZE);
}

static inline void digest_of(ckpt *c, uint8_t *ret_digest) {
    memset(ret_digest, 0xaa, CKPT_DIGEST_SIZE);
    assert_ok(ckpt_digest(c, NULL, ret_digest, &err));
}

/* The model must be one that has not been seen; it is freed. */
static inline void assert_new(const char *what, ckpt *c) {
    identity *new = &known[known_count];
    ck_assert_uint_lt(known_count, ROOM);
    new->what = what;
    digest_of(c, new->digest);
    for (unsigned i = 0; i < known_count; i++)
        ck_assert_msg(memcmp(known[i].digest, new->digest, CKPT_DIGEST_SIZE) != 0,
                      "'%s' and '%s' have the same digest", known[i].what, what);
    known_count++;
    ckpt_free(c);
}

#endif
