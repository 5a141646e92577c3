/* SPDX-License-Identifier: MIT */
/* Reading tensors and storages (section 6 of spec/manifest.md). */
#include "manifest/manifeststate.h"

#include "model/geometry.h"
#include "model/object.h"
#include "model/tensor.h"

#include <string.h>

enum {
    KEY_KIND, /* parameter or buffer, the first */
    KEY_SHAPE,
    KEY_STRIDES,
    KEY_STORAGE,
    KEY_STORAGE_OFFSET,
    KEY_REQUIRES_GRAD,
    KEY_DATA,
    KEY_INIT,
    KEY_COUNT
};

/* A tensor as the text has it. */
typedef struct draft {
    bool is_buffer;
    char dtype_name[40];
    ckpt_dtype_info dtype;
    uint32_t rank, stride_count;
    uint64_t shape[CK_MAX_RANK], strides[CK_MAX_RANK];
    uint64_t storage, storage_offset;
    bool requires_grad;
    uint32_t seen; /* a bit for each key */
    ck_mark mark;
    ck_mark marks[KEY_COUNT]; /* of the keys */
    ck_fill_record fill;
} draft;

static bool has(const draft *d, uint32_t key) {
    return (d->seen & 1u << key) != 0;
}

static ckpt_status read_numbers(ck_manifest_reader *r, uint64_t numbers[CK_MAX_RANK],
                                uint32_t *ret_count, ckpt_error *err) {
    ck_yaml_event event;
    uint32_t count = 0;
    ckpt_status status = ck_yaml_expect(&r->yaml, CK_YAML_LIST, "a list of integers", &event, err);
    while (status == CKPT_OK) {
        status = ck_yaml_next(&r->yaml, &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_LIST_END)
            break;
        if (count == CK_MAX_RANK) {
            ck_place place = ck_yaml_place_at(&r->yaml, event.mark);
            return ck_fail_at(err, &place, CKPT_E_LIMIT, "a tensor has at most %d dimensions",
                              CK_MAX_RANK);
        }
        status = ck_yaml_as_uint(&r->yaml, &event, "an integer from 0", &numbers[count++], err);
    }
    *ret_count = count;
    return status;
}

static ckpt_status read_number(ck_manifest_reader *r, const char *what, uint64_t *ret_number,
                               ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    return status == CKPT_OK ? ck_yaml_as_uint(&r->yaml, &event, what, ret_number, err) : status;
}

static ckpt_status read_requires_grad(ck_manifest_reader *r, draft *d, ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (d->is_buffer || !ck_class_has_grad(d->dtype.dtype_class))
        return ck_yaml_fail(&r->yaml, d->marks[KEY_REQUIRES_GRAD], err,
                            "expected 'requires_grad' only for parameters of float and complex "
                            "types");
    return ck_yaml_as_bool(&r->yaml, &event, "true or false", &d->requires_grad, err);
}

static ckpt_status read_key(ck_manifest_reader *r, draft *d, uint32_t key, ckpt_error *err) {
    switch (key) {
    case KEY_SHAPE: return read_numbers(r, d->shape, &d->rank, err);
    case KEY_STRIDES: return read_numbers(r, d->strides, &d->stride_count, err);
    case KEY_STORAGE: return read_number(r, "the number of a storage", &d->storage, err);
    case KEY_STORAGE_OFFSET:
        return read_number(r, "an offset in elements, an integer from 0", &d->storage_offset, err);
    case KEY_REQUIRES_GRAD: return read_requires_grad(r, d, err);
    case KEY_DATA: return ck_read_data(r, &d->fill, err);
    default: return ck_read_init(r, &d->fill, err);
    }
}

static ckpt_status read_keys(ck_manifest_reader *r, draft *d, ckpt_error *err) {
    const char *keys[KEY_COUNT] = {"parameter",      "shape",         "strides", "storage",
                                   "storage_offset", "requires_grad", "data",    "init"};
    if (d->is_buffer)
        keys[0] = "buffer";
    d->seen = 1;
    for (;;) {
        uint32_t key = 0;
        ck_yaml_event event;
        ckpt_status status = ck_yaml_next_key(&r->yaml, "a key of the tensor", &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_MAP_END)
            return status;
        status = ck_read_known_key(r, &event, keys, KEY_COUNT, &d->seen, &key, err);
        if (status != CKPT_OK)
            return status;
        d->marks[key] = event.mark;
        status = read_key(r, d, key, err);
        if (status != CKPT_OK)
            return status;
    }
}

static ckpt_status check_keys(const ck_manifest_reader *r, const draft *d, ckpt_error *err) {
    const ck_yaml_reader *y = &r->yaml;
    if (!has(d, KEY_SHAPE))
        return ck_yaml_fail(y, d->mark, err, "expected the tensor to have the key 'shape'");
    if (has(d, KEY_STRIDES) && d->stride_count != d->rank)
        return ck_yaml_fail(y, d->marks[KEY_STRIDES], err, "expected %u strides, got %u",
                            (unsigned)d->rank, (unsigned)d->stride_count);
    if (has(d, KEY_STORAGE_OFFSET) && !has(d, KEY_STORAGE))
        return ck_yaml_fail(y, d->marks[KEY_STORAGE_OFFSET], err,
                            "expected 'storage' along with 'storage_offset'");
    if (has(d, KEY_DATA) && has(d, KEY_INIT))
        return ck_yaml_fail(y, d->marks[KEY_INIT], err, "expected either 'data' or 'init'");
    return CKPT_OK;
}

/* The storage of the list that the tensor names. */
static ckpt_status find_storage(ck_manifest_reader *r, const draft *d, ckpt_storage *ret_storage,
                                ckpt_error *err) {
    ck_listed_storage *listed = (void *)r->storages.bytes;
    size_t count = r->storages.size / sizeof *listed;
    if (d->storage >= count)
        return ck_yaml_fail(&r->yaml, d->marks[KEY_STORAGE], err,
                            "expected the number of one of %zu storages, got %llu", count,
                            (unsigned long long)d->storage);
    listed[d->storage].is_viewed = true;
    *ret_storage = listed[d->storage].storage;
    return CKPT_OK;
}

/* A storage of exactly the bytes that the tensor spans. When the shape is not sound the size does
 * not matter: the tensor will be refused. */
static ckpt_status reserve_storage(ck_manifest_reader *r, const draft *d, const uint64_t *strides,
                                   ckpt_storage *ret_storage, ckpt_error *err) {
    ck_geometry g = {d->dtype.dtype_class,
                     d->dtype.block_elements,
                     d->dtype.block_bytes,
                     d->rank,
                     d->shape,
                     strides,
                     0};
    ck_geometry_fault fault = ck_geometry_check(&g, CK_SIZE_LIMIT - 1);
    if (fault == CK_GEOMETRY_DENSE) {
        g.strides = NULL;
        fault = ck_geometry_check(&g, CK_SIZE_LIMIT - 1);
    }
    uint64_t size = fault == CK_GEOMETRY_SOUND ? ck_geometry_span(&g) : 0;
    return ck_storage_reserve(r->checkpoint, size, ret_storage, err);
}

static ckpt_status create_tensor(ck_manifest_reader *r, const draft *d, ckpt_tensor *ret_tensor,
                                 ckpt_error *err) {
    const uint64_t *strides = has(d, KEY_STRIDES) ? d->strides : NULL;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = d->dtype.dtype,
                             .other_dtype = &d->dtype,
                             .rank = d->rank,
                             .shape = d->shape,
                             .strides = strides,
                             .storage_offset = d->storage_offset,
                             .is_buffer = d->is_buffer,
                             .no_grad = has(d, KEY_REQUIRES_GRAD) && !d->requires_grad};
    ckpt_storage storage;
    ckpt_error inner;
    ckpt_status status = has(d, KEY_STORAGE) ? find_storage(r, d, &storage, err)
                                             : reserve_storage(r, d, strides, &storage, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_tensor_create(storage, &spec, ret_tensor, &inner);
    return status == CKPT_OK ? status : ck_yaml_fail_inner(&r->yaml, d->mark, &inner, err);
}

ckpt_status ck_read_tensor(ck_manifest_reader *r, bool is_buffer, ck_mark mark, uint32_t path,
                           ckpt_tensor *ret_tensor, ckpt_error *err) {
    draft d;
    memset(&d, 0, sizeof d);
    d.is_buffer = is_buffer;
    d.mark = mark;
    d.fill.mark = mark;
    d.fill.path = path;
    ckpt_status status = ck_read_dtype(r, d.dtype_name, &d.dtype, err);
    if (status == CKPT_OK)
        status = read_keys(r, &d, err);
    if (status == CKPT_OK)
        status = check_keys(r, &d, err);
    if (status == CKPT_OK)
        status = create_tensor(r, &d, &d.fill.tensor, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_buffer_append(&r->memory, &r->manifest->fills, &d.fill, sizeof d.fill))
        return ck_fail_nomem(err);
    *ret_tensor = d.fill.tensor;
    return CKPT_OK;
}

static ckpt_status read_storage(ck_manifest_reader *r, const ck_yaml_event *event,
                                ckpt_error *err) {
    static const char *const keys[] = {"size"};
    ck_listed_storage listed = {.mark = event->mark};
    ckpt_error inner;
    uint32_t seen = 0, key;
    uint64_t size = 0;
    ck_yaml_event next;
    if (event->kind != CK_YAML_MAP || event->anchor != NULL)
        return ck_yaml_unexpected(&r->yaml, event, "a storage, {size: bytes}", err);
    ckpt_status status = ck_yaml_next_key(&r->yaml, "the key 'size'", &next, err);
    if (status == CKPT_OK && next.kind == CK_YAML_MAP_END)
        status = ck_yaml_unexpected(&r->yaml, &next, "the key 'size'", err);
    if (status == CKPT_OK)
        status = ck_read_known_key(r, &next, keys, 1, &seen, &key, err);
    if (status == CKPT_OK)
        status = read_number(r, "a size in bytes, an integer from 0", &size, err);
    if (status == CKPT_OK)
        status = ck_yaml_expect(&r->yaml, CK_YAML_MAP_END, "the end of the storage", &next, err);
    if (status != CKPT_OK)
        return status;
    status = ck_storage_reserve(r->checkpoint, size, &listed.storage, &inner);
    if (status != CKPT_OK)
        return ck_yaml_fail_inner(&r->yaml, listed.mark, &inner, err);
    if (!ck_buffer_append(&r->memory, &r->storages, &listed, sizeof listed))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

ckpt_status ck_read_storages(ck_manifest_reader *r, ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_expect(&r->yaml, CK_YAML_LIST, "a list of storages", &event, err);
    while (status == CKPT_OK) {
        status = ck_yaml_next(&r->yaml, &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_LIST_END)
            break;
        status = read_storage(r, &event, err);
    }
    return status;
}
