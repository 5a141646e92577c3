/* SPDX-License-Identifier: MIT */
/* Getting at the elements of tensors. */
#include "base/checked.h"
#include "model/sliceread.h"
#include "model/tensor.h"

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

ckpt_status ckpt_tensor_read(ckpt_tensor tensor, void *destination, size_t size, ckpt_error *err) {
    ckpt_status status = check_handle(tensor, err);
    if (status != CKPT_OK)
        return status;
    if (size != ckpt_tensor_nbytes(tensor))
        return ck_fail(err, CKPT_E_ARGUMENT, "the tensor has %llu bytes, not %zu",
                       (unsigned long long)ckpt_tensor_nbytes(tensor), size);
    if (size == 0)
        return CKPT_OK;
    ck_geometry g = ck_tensor_geometry(tensor.owner, ck_tensor_at(tensor.owner, tensor.id));
    if (g.strides != NULL)
        return ck_read_slices(tensor, NULL, destination, size, err);
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
        status =
            ckpt_convert(ckpt_tensor_dtype(tensor), copy, dtype, destination, (size_t)numel, err);
    ck_free(memory, copy, stored, 1);
    return status;
}
