/* SPDX-License-Identifier: MIT */
/* Making tensors. */
#include "base/checked.h"
#include "base/options.h"
#include "model/dtype.h"
#include "model/tensor.h"

#include <string.h>

static ckpt_status fail_geometry(ck_geometry_fault fault, ckpt_error *err) {
    switch (fault) {
    case CK_GEOMETRY_TOO_LARGE:
        return ck_fail(err, CKPT_E_OVERFLOW, "the shape has 2^63 bytes or more");
    case CK_GEOMETRY_BLOCKS:
        return ck_fail(err, CKPT_E_SHAPE,
                       "the shape (or strides) do not fit the blocks of the dtype");
    case CK_GEOMETRY_STRIDES: return ck_fail(err, CKPT_E_OVERFLOW, "a stride is 2^63 or more");
    case CK_GEOMETRY_OFFSET:
        return ck_fail(err, CKPT_E_SHAPE, "the offset is not at the beginning of a block");
    default: return ck_fail(err, CKPT_E_BOUNDS, "the tensor reaches out of its storage");
    }
}

/* A tensor to be: everything checked, nothing stored. */
typedef struct draft {
    ck_tensor_rec rec;
    ck_geometry geometry;
} draft;

static ckpt_status check_spec(ckpt_storage storage, const ckpt_tensor_spec *spec, ckpt_error *err) {
    if (storage.owner == NULL || storage.id >= storage.owner->storages.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such storage");
    if (spec->rank > CK_MAX_RANK)
        return ck_fail(err, CKPT_E_ARGUMENT, "a rank of %u is over %d", spec->rank, CK_MAX_RANK);
    if (spec->rank > 0 && spec->shape == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "a shape is missing");
    return CKPT_OK;
}

static ckpt_status draft_tensor(ckpt_storage storage, const ckpt_tensor_spec *spec,
                                draft *ret_draft, ckpt_error *err) {
    ckpt *c = storage.owner;
    draft d;
    memset(&d, 0, sizeof d);
    ckpt_status status = ck_dtype_number(c, spec->dtype, spec->other_dtype, &d.rec.dtype, err);
    if (status != CKPT_OK)
        return status;
    const ck_dtype_rec *dtype = ck_dtype_at(c, d.rec.dtype);
    ck_geometry *g = &d.geometry;
    g->dtype_class = (ckpt_dtype_class)dtype->dtype_class;
    g->block_elements = dtype->block_elements;
    g->block_bytes = dtype->block_bytes;
    g->rank = spec->rank;
    g->shape = spec->shape;
    g->strides = spec->strides;
    if (spec->storage_offset % g->block_elements != 0)
        return fail_geometry(CK_GEOMETRY_OFFSET, err);
    if (!ck_mul(spec->storage_offset / g->block_elements, g->block_bytes, &g->offset))
        return fail_geometry(CK_GEOMETRY_OUT_OF_BOUNDS, err);
    ck_geometry_fault fault = ck_geometry_check(g, ck_storage_at(c, storage.id)->size);
    if (fault == CK_GEOMETRY_DENSE) {
        g->strides = NULL;
        fault = ck_geometry_check(g, ck_storage_at(c, storage.id)->size);
    }
    if (fault != CK_GEOMETRY_SOUND)
        return fail_geometry(fault, err);
    d.rec.rank = (uint8_t)spec->rank;
    d.rec.storage = storage.id;
    d.rec.offset = g->offset;
    d.rec.flags = (uint8_t)((g->strides != NULL ? CK_TENSOR_STRIDED : 0) |
                            (spec->is_buffer ? CK_TENSOR_BUFFER : 0));
    if (!spec->is_buffer && !spec->no_grad && ck_class_has_grad(g->dtype_class))
        d.rec.flags |= CK_TENSOR_REQUIRES_GRAD;
    *ret_draft = d;
    return CKPT_OK;
}

static ckpt_status store_draft(ckpt *c, const draft *d, ckpt_tensor *ret_tensor, ckpt_error *err) {
    size_t rank = d->rec.rank, count = d->geometry.strides != NULL ? 2 * rank : rank;
    if (c->tensors.count >= CK_NONE - 1)
        return ck_fail(err, CKPT_E_LIMIT, "too many tensors");
    if (!ck_table_append(&c->memory, &c->tensors, 1))
        return ck_fail_nomem(err);
    uint64_t first = c->dimensions.count;
    if (!ck_table_append(&c->memory, &c->dimensions, count)) {
        c->tensors.count--;
        return ck_fail_nomem(err);
    }
    if (rank != 0)
        memcpy(ck_dimension_at(c, first), d->geometry.shape, rank * sizeof(uint64_t));
    if (count > rank)
        memcpy(ck_dimension_at(c, first + rank), d->geometry.strides, rank * sizeof(uint64_t));
    ckpt_tensor tensor = {c, (uint32_t)c->tensors.count - 1};
    ck_tensor_rec *rec = ck_tensor_at(c, tensor.id);
    *rec = d->rec;
    rec->first_dimension = first;
    *ret_tensor = tensor;
    return CKPT_OK;
}

ckpt_status ckpt_tensor_create(ckpt_storage storage, const ckpt_tensor_spec *spec,
                               ckpt_tensor *ret_tensor, ckpt_error *err) {
    draft d = {0};
    ckpt_tensor_spec known;
    if (spec == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no tensor spec");
    ckpt_status status = ck_options_take(&known, sizeof known, spec, "tensor spec", err);
    if (status == CKPT_OK)
        status = check_spec(storage, &known, err);
    if (status == CKPT_OK)
        status = ck_thaw(storage.owner, err);
    if (status == CKPT_OK)
        status = draft_tensor(storage, &known, &d, err);
    if (status == CKPT_OK)
        status = store_draft(storage.owner, &d, ret_tensor, err);
    return status;
}

void ck_tensor_discard_last(ckpt *c) {
    c->tensors.count--;
    c->dimensions.count = (size_t)ck_tensor_at(c, (uint32_t)c->tensors.count)->first_dimension;
}

/* Bytes of a dense tensor of this spec. */
static ckpt_status dense_size(const ckpt_tensor_spec *spec, uint64_t *ret_size, ckpt_error *err) {
    ckpt_dtype_info info = spec->dtype == CKPT_DTYPE_OTHER && spec->other_dtype != NULL
                               ? *spec->other_dtype
                               : ckpt_dtype_describe(spec->dtype);
    if (info.block_elements == 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "the dtype is not registered and not described");
    ck_geometry g = {
        info.dtype_class, info.block_elements, info.block_bytes, spec->rank, spec->shape, NULL, 0};
    ck_geometry_fault fault = ck_geometry_check(&g, CK_SIZE_LIMIT);
    if (fault != CK_GEOMETRY_SOUND)
        return fail_geometry(fault, err);
    *ret_size = ck_geometry_dense_size(&g);
    return CKPT_OK;
}

/* A change that fails leaves nothing behind: the tensor, if it came so far, and the storage that it
 * was to have go again. They are the last of their tables. */
static void take_back(ckpt *c, size_t tensors, size_t dimensions) {
    c->tensors.count = tensors;
    c->dimensions.count = dimensions;
    ck_storage_discard_last(c);
}

static ckpt_status add_dense(ckpt_module module, const char *name, const ckpt_tensor_spec *spec,
                             const void *data, ckpt_tensor *ret_tensor, ckpt_error *err) {
    uint64_t size = 0;
    ckpt_storage storage;
    ckpt_tensor tensor;
    if (module.owner == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such module");
    if (spec->rank > CK_MAX_RANK || (spec->rank > 0 && spec->shape == NULL))
        return ck_fail(err, CKPT_E_ARGUMENT, "a rank over %d, or a missing shape", CK_MAX_RANK);
    ckpt_status status = dense_size(spec, &size, err);
    if (status == CKPT_OK)
        status = ckpt_storage_create(module.owner, size, &storage, err);
    if (status != CKPT_OK)
        return status;
    if (data != NULL && size != 0)
        memcpy(ckpt_storage_writable(storage), data, (size_t)size);
    ckpt *c = module.owner;
    size_t tensors = c->tensors.count, dimensions = c->dimensions.count;
    status = ckpt_tensor_create(storage, spec, &tensor, err);
    if (status == CKPT_OK)
        status = ckpt_add_tensor(module, name, tensor, err);
    if (status != CKPT_OK) {
        take_back(c, tensors, dimensions);
        return status;
    }
    if (ret_tensor != NULL)
        *ret_tensor = tensor;
    return CKPT_OK;
}

ckpt_status ckpt_add_parameter(ckpt_module module, const char *name, ckpt_dtype dtype,
                               uint32_t rank, const uint64_t *shape, const void *data,
                               ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec, .dtype = dtype, .rank = rank, .shape = shape};
    return add_dense(module, name, &spec, data, ret_tensor, err);
}

ckpt_status ckpt_add_buffer(ckpt_module module, const char *name, ckpt_dtype dtype, uint32_t rank,
                            const uint64_t *shape, const void *data, ckpt_tensor *ret_tensor,
                            ckpt_error *err) {
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = dtype,
                             .rank = rank,
                             .shape = shape,
                             .is_buffer = true};
    return add_dense(module, name, &spec, data, ret_tensor, err);
}

ckpt_status ck_tensor_copy(ckpt_tensor tensor, ckpt_tensor *ret_copy, ckpt_error *err) {
    ckpt *c = tensor.owner;
    uint64_t size = ckpt_tensor_nbytes(tensor), shape[CK_MAX_RANK];
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = info.dtype,
                             .other_dtype = &info,
                             .rank = ckpt_tensor_rank(tensor),
                             .shape = shape,
                             .is_buffer = !ckpt_tensor_is_parameter(tensor),
                             .no_grad = !ckpt_tensor_requires_grad(tensor)};
    /* The tables may move when the copy is added. */
    if (spec.rank != 0)
        memcpy(shape, ckpt_tensor_shape(tensor), spec.rank * sizeof(uint64_t));
    ckpt_storage storage;
    size_t tensors = c->tensors.count, dimensions = c->dimensions.count;
    ckpt_status status = ckpt_storage_create(c, size, &storage, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_tensor_read(tensor, ckpt_storage_writable(storage), (size_t)size, err);
    if (status == CKPT_OK)
        status = ckpt_tensor_create(storage, &spec, ret_copy, err);
    if (status != CKPT_OK)
        take_back(c, tensors, dimensions);
    return status;
}
