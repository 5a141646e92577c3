/* SPDX-License-Identifier: MIT */
/* Tensors (spec/ckpt-format.md, section 7.3). */
#include "container/index.h"
#include "model/tensor.h"

static ckpt_status reject_tensor(const ck_index *index, uint32_t t, const char *rule,
                                 ckpt_status status, const char *message, ckpt_error *err) {
    return ck_index_reject(index, CK_TENSORS, t, rule, status, err, "tensor %u %s", (unsigned)t,
                           message);
}

/* T1, T2, T3. */
static ckpt_status check_fields(const ck_index *index, uint32_t t, ckpt_error *err) {
    const ckpt *c = index->c;
    const ck_tensor_rec *rec = ck_tensor_at(c, t);
    const unsigned known = CK_TENSOR_STRIDED | CK_TENSOR_BUFFER | CK_TENSOR_REQUIRES_GRAD;
    if (rec->storage >= c->storages.count || rec->dtype >= c->dtypes.count)
        return reject_tensor(index, t, "T1", CKPT_E_BOUNDS, "has no storage or no dtype", err);
    if (rec->rank > CK_MAX_RANK)
        return reject_tensor(index, t, "T2", CKPT_E_LIMIT, "has a rank over 64", err);
    if ((rec->flags & ~known) != 0)
        return reject_tensor(index, t, "T3", CKPT_E_STRUCTURE, "has an unknown flag", err);
    if ((rec->flags & CK_TENSOR_REQUIRES_GRAD) &&
        ((rec->flags & CK_TENSOR_BUFFER) ||
         !ck_class_has_grad((ckpt_dtype_class)ck_dtype_at(c, rec->dtype)->dtype_class)))
        return reject_tensor(index, t, "T3", CKPT_E_STRUCTURE, "cannot have a gradient", err);
    return CKPT_OK;
}

static ckpt_status reject_geometry(const ck_index *index, uint32_t t, ck_geometry_fault fault,
                                   ckpt_error *err) {
    switch (fault) {
    case CK_GEOMETRY_TOO_LARGE:
        return reject_tensor(index, t, "T5", CKPT_E_OVERFLOW, "has 2^63 bytes or more", err);
    case CK_GEOMETRY_BLOCKS:
        return reject_tensor(index, t, "T6", CKPT_E_SHAPE, "does not consist of whole blocks", err);
    case CK_GEOMETRY_STRIDES:
        return reject_tensor(index, t, "T7", CKPT_E_OVERFLOW, "has a stride of 2^63 or more", err);
    case CK_GEOMETRY_DENSE:
        return reject_tensor(index, t, "T7", CKPT_E_STRUCTURE, "is dense and has strides", err);
    case CK_GEOMETRY_OFFSET:
        return reject_tensor(index, t, "T8", CKPT_E_STRUCTURE,
                             "does not begin at a whole element of its storage", err);
    default: return reject_tensor(index, t, "T8", CKPT_E_BOUNDS, "reaches out of its storage", err);
    }
}

/* T4, then the arithmetic: T5 to T8. *next is the first dimension that no tensor has had yet. */
static ckpt_status check_shape(const ck_index *index, uint32_t t, uint64_t *next, ckpt_error *err) {
    const ckpt *c = index->c;
    const ck_tensor_rec *rec = ck_tensor_at(c, t);
    uint64_t count = (rec->flags & CK_TENSOR_STRIDED) ? 2u * rec->rank : rec->rank;
    if (rec->first_dimension != *next || count > c->dimensions.count - *next)
        return reject_tensor(index, t, "T4", CKPT_E_BOUNDS, "does not have the next dimensions",
                             err);
    *next += count;
    ck_geometry g = ck_tensor_geometry(c, rec);
    ck_geometry_fault fault = ck_geometry_check(&g, ck_storage_at(c, rec->storage)->size);
    return fault == CK_GEOMETRY_SOUND ? CKPT_OK : reject_geometry(index, t, fault, err);
}

static ckpt_status check_all(const ck_index *index, const ck_usage *usage, unsigned char *viewed,
                             ckpt_error *err) {
    const ckpt *c = index->c;
    uint64_t next = 0;
    for (uint32_t t = 0; t < c->tensors.count; t++) {
        ckpt_status status = check_fields(index, t, err);
        if (status == CKPT_OK)
            status = check_shape(index, t, &next, err);
        if (status != CKPT_OK)
            return status;
        usage->dtypes[ck_tensor_at(c, t)->dtype] = 1;
        viewed[ck_tensor_at(c, t)->storage] = 1;
    }
    if (next != c->dimensions.count)
        return ck_index_reject(index, CK_DIMENSIONS, next, "T4", CKPT_E_STRUCTURE, err,
                               "a dimension belongs to no tensor");
    for (uint32_t s = 0; s < c->storages.count; s++) {
        if (!viewed[s])
            return ck_index_reject(index, CK_STORAGES, s, "T9", CKPT_E_STRUCTURE, err,
                                   "no tensor views storage %u", (unsigned)s);
    }
    return CKPT_OK;
}

ckpt_status ck_check_tensors(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    size_t count = index->c->storages.count;
    unsigned char *viewed = ck_calloc(&index->c->memory, count, 1);
    if (viewed == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = check_all(index, usage, viewed, err);
    ck_free(&index->c->memory, viewed, count, 1);
    return status;
}
