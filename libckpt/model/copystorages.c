/* SPDX-License-Identifier: MIT */
#include "model/copystorages.h"

#include "model/storagerange.h"
#include "model/tensor.h"

/* How many bytes the beginning of the storage may be moved up: not so far that a tensor no longer
 * begins at a multiple of the size of its elements. */
static bool can_begin_at(const ck_copy_plan *plan, uint64_t low, uint32_t tensor) {
    const ckpt *from = plan->from;
    const ck_tensor_rec *rec = ck_tensor_at(from, tensor);
    return (rec->offset - low) % ck_dtype_at(from, rec->dtype)->block_bytes == 0;
}

/* Tensors that no name leads to count for nothing; those that are left out have a name. */
static void measure(ck_copy_storages *s) {
    const ck_copy_plan *plan = s->plan;
    const ckpt *from = plan->from;
    for (uint32_t t = 0; t < plan->tensor_count; t++) {
        const ck_tensor_rec *rec = ck_tensor_at(from, t);
        ck_copy_extent *extent = &s->extents[rec->storage];
        if (plan->dtypes[t] == 0) {
            extent->is_partly = true;
            continue;
        }
        ck_geometry g = ck_tensor_geometry(from, rec);
        uint64_t high = rec->offset + ck_geometry_span(&g);
        if (!extent->is_viewed || rec->offset < extent->low)
            extent->low = rec->offset;
        extent->high = high > extent->high ? high : extent->high;
        extent->is_viewed = true;
    }
    for (uint32_t t = 0; t < plan->tensor_count; t++) {
        ck_copy_extent *extent = &s->extents[ck_tensor_at(from, t)->storage];
        if (plan->dtypes[t] != 0 && !can_begin_at(plan, extent->low, t))
            extent->low = 0;
    }
    for (uint32_t i = 0; i < s->extent_count; i++) {
        ck_copy_extent *extent = &s->extents[i];
        if (!extent->is_partly || plan->options.choose == NULL) {
            extent->low = 0;
            extent->high = ck_storage_at(from, i)->size;
        }
    }
}

ckpt_status ck_copy_storages_create(ck_copy_storages *s, const ck_copy_plan *plan,
                                    ckpt_error *err) {
    *s = (ck_copy_storages){.plan = plan, .extent_count = plan->from->storages.count};
    s->made.seed = plan->to->hash_seed;
    s->extents = ck_calloc(&plan->to->memory, s->extent_count, sizeof *s->extents);
    if (s->extents == NULL)
        return ck_fail_nomem(err);
    measure(s);
    return CKPT_OK;
}

void ck_copy_storages_free(ck_copy_storages *s) {
    const ck_memory *memory = &s->plan->to->memory;
    ck_hashmap_clear(memory, &s->made);
    ck_free(memory, s->extents, s->extent_count, sizeof *s->extents);
}

static ckpt_status make_storage(const ck_copy_storages *s, uint32_t id, ckpt_dtype from,
                                ckpt_dtype to, ckpt_storage *ret_storage, ckpt_error *err) {
    ckpt *c = s->plan->to;
    const ck_copy_extent *extent = &s->extents[id];
    ckpt_storage other = {s->plan->from, id};
    ckpt_status status = CKPT_OK;
    bool is_whole = extent->high - extent->low == ckpt_storage_size(other);
    if (!is_whole)
        status = ck_storage_range(c, other, extent->low, extent->high - extent->low, &other, err);
    if (status == CKPT_OK && to != CKPT_DTYPE_OTHER)
        return ckpt_storage_cast(c, other, from, to, ret_storage, err);
    if (status == CKPT_OK && is_whole)
        return ckpt_storage_link(c, other, ret_storage, err);
    if (status == CKPT_OK)
        *ret_storage = other;
    return status;
}

static ckpt_status find_storage(ck_copy_storages *s, uint32_t id, ckpt_dtype from, ckpt_dtype to,
                                ckpt_storage *ret_storage, bool *ret_parted, ckpt_error *err) {
    ckpt *c = s->plan->to;
    uint64_t key = ck_pair(id, to != CKPT_DTYPE_OTHER ? (uint32_t)from << 8 | (uint32_t)to : 0);
    uint32_t known = ck_hashmap_get(&s->made, key);
    *ret_parted = false;
    if (known != CK_HASH_NONE) {
        *ret_storage = ckpt_storage_by_id(c, known);
        return CKPT_OK;
    }
    ckpt_status status = make_storage(s, id, from, to, ret_storage, err);
    if (status != CKPT_OK)
        return status;
    *ret_parted = s->extents[id].is_made;
    s->extents[id].is_made = true;
    return ck_hashmap_set(&c->memory, &s->made, key, ret_storage->id) ? CKPT_OK
                                                                      : ck_fail_nomem(err);
}

ckpt_status ck_copy_tensor(ck_copy_storages *s, uint32_t id, ckpt_tensor *ret_tensor,
                           bool *ret_parted, ckpt_error *err) {
    ckpt_tensor tensor = {s->plan->from, id};
    const ck_tensor_rec *rec = ck_tensor_at(tensor.owner, id);
    ckpt_dtype_info own = ckpt_tensor_dtype_info(tensor);
    ckpt_dtype to = (ckpt_dtype)(s->plan->dtypes[id] - 1);
    uint64_t strides[CK_MAX_RANK];
    ckpt_storage storage;
    for (uint32_t d = 0; d < rec->rank; d++)
        strides[d] = ckpt_tensor_stride(tensor, d);
    ckpt_status status = find_storage(s, rec->storage, own.dtype, to, &storage, ret_parted, err);
    if (status != CKPT_OK)
        return status;
    uint64_t offset = rec->offset - s->extents[rec->storage].low;
    ckpt_tensor_spec spec = {
        .struct_size = sizeof spec,
        .dtype = to != CKPT_DTYPE_OTHER ? to : own.dtype,
        .other_dtype = &own,
        .rank = rec->rank,
        .shape = ckpt_tensor_shape(tensor),
        .strides = (rec->flags & CK_TENSOR_STRIDED) ? strides : NULL,
        .storage_offset = offset / own.block_bytes * own.block_elements,
        .is_buffer = (rec->flags & CK_TENSOR_BUFFER) != 0,
        .no_grad = (rec->flags & CK_TENSOR_REQUIRES_GRAD) == 0,
    };
    return ckpt_tensor_create(storage, &spec, ret_tensor, err);
}
