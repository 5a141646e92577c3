/* SPDX-License-Identifier: MIT */
/* Getting at the elements of tensors. */
#include "base/checked.h"
#include "model/storageread.h"
#include "model/tensor.h"

#include <string.h>

static ckpt_status check_handle(ckpt_tensor tensor, ckpt_error *err) {
    if (tensor.owner == NULL || tensor.id >= tensor.owner->tensors.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such tensor");
    return CKPT_OK;
}

ckpt_status ckpt_tensor_data(ckpt_tensor tensor, const void **ret_data, ckpt_error *err) {
    const void *bytes = NULL;
    ckpt_status status = check_handle(tensor, err);
    if (status == CKPT_OK)
        status = ckpt_storage_data(ckpt_tensor_storage(tensor), &bytes, err);
    if (status != CKPT_OK)
        return status;
    uint64_t offset = ck_tensor_at(tensor.owner, tensor.id)->offset;
    /* An empty tensor may lie at the very end of its storage. */
    *ret_data = ckpt_tensor_numel(tensor) != 0 ? (const unsigned char *)bytes + offset : bytes;
    return CKPT_OK;
}

/* Copies along the strides, the innermost dimension in one loop. The place in each dimension is
 * kept in an array: the rank is at most 64. */
static void gather(const ck_geometry *g, const unsigned char *source, unsigned char *destination) {
    uint64_t place[64] = {0};
    uint32_t inner = g->rank - 1;
    size_t size = g->block_bytes, step = (size_t)g->strides[inner] * size;
    for (;;) {
        /* Offsets, not pointers: the stride of an extent of 1 may lead anywhere, and is not used. */
        size_t offset = 0;
        for (uint32_t i = 0; i < inner; i++)
            offset += (size_t)(place[i] * g->strides[i]) * size;
        for (uint64_t i = 0; i < g->shape[inner]; i++, offset += step, destination += size)
            memcpy(destination, source + offset, size);
        uint32_t i = inner;
        while (i > 0 && ++place[i - 1] == g->shape[i - 1])
            place[--i] = 0;
        if (i == 0)
            return;
    }
}

static ckpt_status read_strided(ckpt_tensor tensor, const ck_geometry *g, void *destination,
                                ckpt_error *err) {
    const void *data;
    ckpt_status status = ck_storage_check(ckpt_tensor_storage(tensor), g->offset,
                                          ck_geometry_span(g), err);
    if (status == CKPT_OK)
        status = ckpt_tensor_data(tensor, &data, err);
    if (status == CKPT_OK)
        gather(g, data, destination);
    return status;
}

ckpt_status ckpt_tensor_read(ckpt_tensor tensor, void *destination, size_t size, ckpt_error *err) {
    ckpt_status status = check_handle(tensor, err);
    if (status != CKPT_OK)
        return status;
    if (size != ckpt_tensor_nbytes(tensor))
        return ck_fail(err, CKPT_E_ARGUMENT, "the tensor has %llu bytes, not %zu",
                       (unsigned long long)ckpt_tensor_nbytes(tensor), size);
    if (size == 0)
        return CKPT_OK;
    ck_geometry g =
        ck_tensor_geometry(tensor.owner, ck_tensor_at(tensor.owner, tensor.id));
    if (g.strides != NULL)
        return read_strided(tensor, &g, destination, err);
    return ckpt_storage_read(ckpt_tensor_storage(tensor), g.offset, size, destination, err);
}

ckpt_status ckpt_tensor_read_as(ckpt_tensor tensor, ckpt_dtype dtype, void *destination,
                                size_t size, ckpt_error *err) {
    ckpt_status status = check_handle(tensor, err);
    if (status != CKPT_OK)
        return status;
    ckpt_dtype_info to = ckpt_dtype_describe(dtype);
    uint64_t numel = ckpt_tensor_numel(tensor), wanted;
    if ((dtype != CKPT_F32 && dtype != CKPT_F64) || !ck_mul(numel, to.block_bytes, &wanted) ||
        wanted != size)
        return ck_fail(err, CKPT_E_ARGUMENT, "%llu elements do not have %zu bytes as '%s'",
                       (unsigned long long)numel, size, to.name);
    if (ckpt_tensor_dtype(tensor) == dtype)
        return ckpt_tensor_read(tensor, destination, size, err);
    const ck_memory *memory = &tensor.owner->memory;
    size_t stored = (size_t)ckpt_tensor_nbytes(tensor);
    void *copy = ck_alloc(memory, stored, 1);
    if (copy == NULL)
        return ck_fail_nomem(err);
    status = ckpt_tensor_read(tensor, copy, stored, err);
    if (status == CKPT_OK)
        status = ckpt_convert(ckpt_tensor_dtype(tensor), copy, dtype, destination, (size_t)numel,
                              err);
    ck_free(memory, copy, stored, 1);
    return status;
}
