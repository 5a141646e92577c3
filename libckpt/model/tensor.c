/* SPDX-License-Identifier: MIT */
/* Reading what a tensor is. */
#include "model/tensor.h"

#include "model/dtype.h"

#include <string.h>

uint32_t ckpt_tensor_count(const ckpt *c) {
    return c != NULL ? (uint32_t)c->tensors.count : 0;
}

ckpt_tensor ckpt_tensor_by_id(ckpt *c, uint32_t id) {
    ckpt_tensor tensor = {c, id}, none = {NULL, 0};
    return id < ckpt_tensor_count(c) ? tensor : none;
}

static const ck_tensor_rec *record_of(ckpt_tensor tensor) {
    if (tensor.owner == NULL || tensor.id >= tensor.owner->tensors.count)
        return NULL;
    return ck_tensor_at(tensor.owner, tensor.id);
}

ck_geometry ck_tensor_geometry(const ckpt *c, const ck_tensor_rec *rec) {
    const ck_dtype_rec *dtype = ck_dtype_at(c, rec->dtype);
    ck_geometry g = {(ckpt_dtype_class)dtype->dtype_class,
                     dtype->block_elements,
                     dtype->block_bytes,
                     rec->rank,
                     ck_dimension_at(c, rec->first_dimension),
                     NULL,
                     rec->offset};
    if (rec->flags & CK_TENSOR_STRIDED)
        g.strides = g.shape + rec->rank;
    return g;
}

ckpt_dtype_info ckpt_tensor_dtype_info(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL ? ck_dtype_info_of(tensor.owner, rec->dtype)
                       : ckpt_dtype_describe(CKPT_DTYPE_OTHER);
}

ckpt_dtype ckpt_tensor_dtype(ckpt_tensor tensor) {
    return ckpt_tensor_dtype_info(tensor).dtype;
}

uint32_t ckpt_tensor_rank(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL ? rec->rank : 0;
}

const uint64_t *ckpt_tensor_shape(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL ? ck_dimension_at(tensor.owner, rec->first_dimension) : NULL;
}

uint64_t ckpt_tensor_numel(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    if (rec == NULL)
        return 0;
    ck_geometry g = ck_tensor_geometry(tensor.owner, rec);
    return ck_geometry_numel(&g);
}

uint64_t ckpt_tensor_nbytes(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    if (rec == NULL)
        return 0;
    ck_geometry g = ck_tensor_geometry(tensor.owner, rec);
    return ck_geometry_dense_size(&g);
}

uint64_t ckpt_tensor_stride(ckpt_tensor tensor, uint32_t dimension) {
    const ck_tensor_rec *rec = record_of(tensor);
    if (rec == NULL || dimension >= rec->rank)
        return 0;
    ck_geometry g = ck_tensor_geometry(tensor.owner, rec);
    if (g.strides != NULL)
        return g.strides[dimension];
    uint64_t stride = 1;
    for (uint32_t i = dimension + 1; i < rec->rank; i++)
        stride *= g.shape[i] != 0 ? g.shape[i] : 1;
    return stride;
}

bool ckpt_tensor_is_contiguous(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL && !(rec->flags & CK_TENSOR_STRIDED);
}

ckpt_storage ckpt_tensor_storage(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    ckpt_storage storage = {NULL, 0};
    if (rec != NULL) {
        storage.owner = tensor.owner;
        storage.id = rec->storage;
    }
    return storage;
}

uint64_t ckpt_tensor_storage_offset(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    if (rec == NULL)
        return 0;
    const ck_dtype_rec *dtype = ck_dtype_at(tensor.owner, rec->dtype);
    return rec->offset / dtype->block_bytes * dtype->block_elements;
}

bool ckpt_tensor_is_parameter(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL && !(rec->flags & CK_TENSOR_BUFFER);
}

bool ckpt_tensor_requires_grad(ckpt_tensor tensor) {
    const ck_tensor_rec *rec = record_of(tensor);
    return rec != NULL && (rec->flags & CK_TENSOR_REQUIRES_GRAD);
}

bool ck_tensor_same_type(ckpt_tensor a, ckpt_tensor b) {
    ckpt_dtype_info x = ckpt_tensor_dtype_info(a), y = ckpt_tensor_dtype_info(b);
    uint32_t rank = ckpt_tensor_rank(a);
    if (strcmp(x.name, y.name) != 0 || x.block_elements != y.block_elements ||
        x.block_bytes != y.block_bytes || rank != ckpt_tensor_rank(b))
        return false;
    for (uint32_t i = 0; i < rank; i++)
        if (ckpt_tensor_shape(a)[i] != ckpt_tensor_shape(b)[i])
            return false;
    return true;
}
