/* SPDX-License-Identifier: MIT */
#include "randommodel.h"

#include <string.h>

enum { MODULES = 12, TENSORS = 24, STORAGES = 12, LARGEST_RANK = 5, LONGEST_NAME = 512 };

/* The first failure stays in `status`; after it nothing more is called. */
typedef struct builder {
    test_random random;
    ckpt *c;
    ckpt_status status;
    ckpt_error *err;
    ckpt_module modules[MODULES];
    uint32_t module_count;
    ckpt_storage storages[STORAGES];
    uint32_t storage_count;
    ckpt_tensor tensors[TENSORS];
    uint32_t tensor_count;
} builder;

static ckpt_module any_module(builder *b) {
    return b->modules[random_below(&b->random, b->module_count)];
}

static void add_modules(builder *b) {
    static const char *const types[] = {"Linear", "ReLU",    "Sequential",
                                        "",       "my.Type", "T\xc3\xbcr"};
    uint32_t count = 1 + random_below(&b->random, MODULES - 1);
    char name[LONGEST_NAME];
    for (uint32_t i = 1; i < count && b->status == CKPT_OK; i++) {
        ckpt_module parent = any_module(b);
        random_name(&b->random, parent, name, sizeof name);
        b->status = ckpt_add_module(parent, name, types[random_below(&b->random, 6)],
                                    &b->modules[b->module_count], b->err);
        b->module_count += b->status == CKPT_OK;
    }
}

/* Some modules at a second place. Those that would make a cycle are refused, which is as well. */
static void share_modules(builder *b) {
    char name[LONGEST_NAME];
    for (uint32_t i = random_below(&b->random, 5); i > 0 && b->status == CKPT_OK; i--) {
        ckpt_module parent = any_module(b), child = any_module(b);
        random_name(&b->random, parent, name, sizeof name);
        ckpt_error refused;
        ckpt_status status = ckpt_share_module(parent, name, child, &refused);
        if (status != CKPT_OK && status != CKPT_E_STRUCTURE) {
            b->status = status;
            if (b->err != NULL)
                *b->err = refused;
        }
    }
}

static void fill_values(builder *b, ckpt_value container, uint32_t depth) {
    char key[16];
    for (uint32_t i = random_below(&b->random, 6); i > 0 && b->status == CKPT_OK; i--) {
        bool nested = depth < 6 && random_chance(&b->random, 35);
        ckpt_literal literal = random_literal(&b->random);
        ckpt_value stored = {NULL, 0};
        if (nested)
            literal = random_chance(&b->random, 50) ? ckpt_map() : ckpt_list();
        memcpy(key, "key 0", sizeof "key 0");
        key[4] = (char)('0' + random_below(&b->random, 40));
        b->status = ckpt_value_kind(container) == CKPT_VALUE_MAP
                        ? ckpt_map_set(container, key, literal, &stored, b->err)
                        : ckpt_list_append(container, literal, &stored, b->err);
        if (nested && b->status == CKPT_OK)
            fill_values(b, stored, depth + 1);
    }
}

static void add_values(builder *b) {
    fill_values(b, ckpt_metadata(b->c), 0);
    for (uint32_t m = 0; m < b->module_count && b->status == CKPT_OK; m++)
        fill_values(b, ckpt_module_attributes(b->modules[m]), 0);
}

static void add_storages(builder *b) {
    uint32_t count = random_below(&b->random, STORAGES);
    for (uint32_t i = 0; i < count && b->status == CKPT_OK; i++) {
        uint32_t kind = random_below(&b->random, 10);
        uint64_t size = kind == 0   ? 0
                        : kind == 1 ? 65536 + random_below(&b->random, 40000)
                                    : random_below(&b->random, 3000);
        ckpt_storage *storage = &b->storages[b->storage_count];
        b->status = ckpt_storage_create(b->c, size, storage, b->err);
        if (b->status != CKPT_OK)
            return;
        b->storage_count++;
        random_fill(&b->random, ckpt_storage_writable(*storage), (size_t)size);
    }
}

static void random_shape(builder *b, const ckpt_dtype_info *info, uint32_t rank, uint64_t *shape) {
    for (uint32_t i = 0; i < rank; i++)
        shape[i] = random_chance(&b->random, 6) ? 0 : 1 + random_below(&b->random, 5);
    if (rank > 0 && info->block_elements > 1)
        shape[rank - 1] *= info->block_elements;
}

/* Strides that may overlap, be zero, transpose, or be absurd where they do not matter. */
static void random_strides(builder *b, uint32_t rank, const uint64_t *shape, uint64_t *strides) {
    for (uint32_t i = 0; i < rank; i++) {
        strides[i] = random_below(&b->random, 8);
        if (shape[i] == 1 && random_chance(&b->random, 20))
            strides[i] = (UINT64_C(1) << 63) - 1 - random_below(&b->random, 1000);
    }
}

/* A view of a random storage; one that does not fit is refused, and then there is one less. */
static void add_view(builder *b) {
    uint64_t shape[LARGEST_RANK], strides[LARGEST_RANK];
    ckpt_dtype dtype = (ckpt_dtype)(1 + random_below(&b->random, CKPT_DTYPE_COUNT - 1));
    ckpt_dtype_info info = ckpt_dtype_describe(dtype);
    ckpt_dtype_info other = {"private_7", CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 3, 5};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec, .dtype = dtype, .shape = shape};
    if (random_chance(&b->random, 5)) {
        spec.dtype = CKPT_DTYPE_OTHER;
        spec.other_dtype = &other;
        info = other;
    }
    spec.rank = random_below(&b->random, LARGEST_RANK + 1);
    random_shape(b, &info, spec.rank, shape);
    if (info.block_elements == 1 && random_chance(&b->random, 40)) {
        random_strides(b, spec.rank, shape, strides);
        spec.strides = strides;
    }
    spec.storage_offset = (uint64_t)info.block_elements * random_below(&b->random, 6);
    spec.is_buffer = random_chance(&b->random, 30);
    spec.no_grad = random_chance(&b->random, 30);
    ckpt_error refused;
    ckpt_tensor *tensor = &b->tensors[b->tensor_count];
    ckpt_status status = ckpt_tensor_create(b->storages[random_below(&b->random, b->storage_count)],
                                            &spec, tensor, &refused);
    if (status == CKPT_E_NOMEM) {
        b->status = status;
        if (b->err != NULL)
            *b->err = refused;
    }
    b->tensor_count += status == CKPT_OK;
}

static void add_own(builder *b) {
    uint64_t shape[LARGEST_RANK];
    ckpt_dtype dtype = (ckpt_dtype)(1 + random_below(&b->random, CKPT_DTYPE_COUNT - 1));
    ckpt_dtype_info info = ckpt_dtype_describe(dtype);
    uint32_t rank = random_below(&b->random, 3) + (info.block_elements > 1);
    ckpt_module module = any_module(b);
    char name[LONGEST_NAME];
    random_shape(b, &info, rank, shape);
    random_name(&b->random, module, name, sizeof name);
    ckpt_tensor *tensor = &b->tensors[b->tensor_count];
    b->status = random_chance(&b->random, 60)
                    ? ckpt_add_parameter(module, name, dtype, rank, shape, NULL, tensor, b->err)
                    : ckpt_add_buffer(module, name, dtype, rank, shape, NULL, tensor, b->err);
    if (b->status == CKPT_OK) {
        random_fill(&b->random, ckpt_storage_writable(ckpt_tensor_storage(*tensor)),
                    (size_t)ckpt_tensor_nbytes(*tensor));
        b->tensor_count++;
    }
}

static void add_tensors(builder *b) {
    uint32_t count = random_below(&b->random, TENSORS);
    for (uint32_t i = 0; i < count && b->status == CKPT_OK; i++) {
        if (b->storage_count > 0 && random_chance(&b->random, 70))
            add_view(b);
        else
            add_own(b);
    }
}

/* Each tensor gets names until chance says stop: none leaves it out of a save, two are a tie. */
static void name_tensors(builder *b) {
    char name[LONGEST_NAME];
    for (uint32_t i = 0; i < b->tensor_count; i++) {
        while (b->status == CKPT_OK && random_chance(&b->random, 60)) {
            ckpt_module module = any_module(b);
            random_name(&b->random, module, name, sizeof name);
            b->status = ckpt_add_tensor(module, name, b->tensors[i], b->err);
        }
    }
}

ckpt_status random_model(uint64_t seed, const ckpt_create_options *options, ckpt **ret_ckpt,
                         ckpt_error *err) {
    builder b;
    memset(&b, 0, sizeof b);
    b.random.state = seed;
    b.err = err;
    b.status = ckpt_create(options, &b.c, err);
    if (b.status != CKPT_OK)
        return b.status;
    b.modules[0] = ckpt_root(b.c);
    b.module_count = 1;
    add_modules(&b);
    share_modules(&b);
    add_values(&b);
    if (b.status == CKPT_OK)
        add_storages(&b);
    add_tensors(&b);
    name_tensors(&b);
    if (b.status != CKPT_OK) {
        ckpt_free(b.c);
        return b.status;
    }
    *ret_ckpt = b.c;
    return CKPT_OK;
}
