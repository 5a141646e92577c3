/* SPDX-License-Identifier: MIT */
#include "benchmodels.h"

#include "benchmeter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_OF = 16 };

/* blocks.00123.attention.7.weight */
void many_name(uint32_t i, char *name) {
    snprintf(name, 64, "blocks.%05u.attention.%u.weight", (unsigned)(i / BLOCKS_OF),
             (unsigned)(i % BLOCKS_OF));
}

static ckpt *empty(void) {
    ckpt_error err;
    ckpt *c;
    must(ckpt_create(NULL, &c, &err), &err);
    return c;
}

ckpt *many_tensors(uint32_t count) {
    ckpt_error err;
    ckpt *c = empty();
    ckpt_module blocks, block, attention = {NULL, 0}, one;
    const uint64_t shape[1] = {4};
    char number[16];
    must(ckpt_add_module(ckpt_root(c), "blocks", "ModuleList", &blocks, &err), &err);
    for (uint32_t i = 0; i < count; i++) {
        const float values[4] = {(float)i, 1, 2, 3};
        if (i % BLOCKS_OF == 0) {
            snprintf(number, sizeof number, "%05u", (unsigned)(i / BLOCKS_OF));
            must(ckpt_add_module(blocks, number, "Block", &block, &err), &err);
            must(ckpt_add_module(block, "attention", "ModuleList", &attention, &err), &err);
        }
        snprintf(number, sizeof number, "%u", (unsigned)(i % BLOCKS_OF));
        must(ckpt_add_module(attention, number, "Scale", &one, &err), &err);
        must(ckpt_add_parameter(one, "weight", CKPT_F32, 1, shape, values, NULL, &err), &err);
    }
    return c;
}

/* About normal, as the sum of uniform ones is, with the deviation of usual weights. */
static void fill(unsigned char *bytes, size_t size) {
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i + 4 <= size; i += 4) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        uint64_t s = state;
        float value = (float)(s & 0xffff) + (float)(s >> 16 & 0xffff) + (float)(s >> 32 & 0xffff) +
                      (float)(s >> 48) - 131070.0f + (float)(s >> 20 & 0xff) / 256.0f;
        value *= 5e-7f;
        memcpy(bytes + i, &value, 4);
    }
}

void large_free(large_model *model) {
    ckpt_free(model->c);
    free(model->bytes);
}

const char *large_name(uint32_t i) {
    static char name[32];
    snprintf(name, sizeof name, "weight%u", (unsigned)i);
    return name;
}

static void add(large_model *model, uint32_t number, size_t offset, size_t size) {
    ckpt_storage storage;
    ckpt_tensor tensor;
    ckpt_error err;
    const uint64_t shape[1] = {size / 4};
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = CKPT_F32, .rank = 1, .shape = shape};
    must(ckpt_storage_borrow(model->c, model->bytes + offset, size, &storage, &err), &err);
    must(ckpt_tensor_create(storage, &spec, &tensor, &err), &err);
    must(ckpt_add_tensor(ckpt_root(model->c), large_name(number), tensor, &err), &err);
}

large_model large_tensors(size_t size, large_kind kind) {
    large_model model = {empty(), room(size)};
    uint32_t number = 0;
    fill(model.bytes, size);
    if (kind == LARGE_DIFFERENT) {
        for (size_t offset = 0; offset < size; offset += LARGE_TENSOR)
            add(&model, number++, offset,
                size - offset < LARGE_TENSOR ? size - offset : LARGE_TENSOR);
        return model;
    }
    add(&model, 0, 0, size);
    if (kind == LARGE_PAIR) {
        add(&model, 1, 0, size);
    } else {
        ckpt_error err;
        ckpt_tensor tensor = ckpt_find_tensor(ckpt_root(model.c), large_name(0));
        must(ckpt_add_tensor(ckpt_root(model.c), large_name(1), tensor, &err), &err);
    }
    return model;
}
