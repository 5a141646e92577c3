/* SPDX-License-Identifier: MIT */
/* How tensors and storages look to PyTorch. */
#include "exchange/torchwriter.h"
#include "model/topology.h"

#include <string.h>

/* ---- tensors ---- */

static void set_dense_strides(ck_torch_view *view) {
    uint64_t stride = 1;
    for (uint32_t i = view->rank; i-- > 0;) {
        view->strides[i] = stride;
        stride *= view->shape[i] != 0 ? view->shape[i] : 1;
    }
}

static void copy_shape(ckpt_tensor tensor, ck_torch_view *view) {
    view->rank = ckpt_tensor_rank(tensor);
    for (uint32_t i = 0; i < view->rank; i++) {
        view->shape[i] = ckpt_tensor_shape(tensor)[i];
        view->strides[i] = ckpt_tensor_stride(tensor, i);
    }
}

/* Elements of several bytes that PyTorch has not: one more dimension. */
static void split_elements(ckpt_tensor tensor, uint32_t bytes, ck_torch_view *view) {
    copy_shape(tensor, view);
    view->offset = ckpt_tensor_storage_offset(tensor) * bytes;
    if (bytes == 1)
        return;
    for (uint32_t i = 0; i < view->rank; i++)
        view->strides[i] *= bytes;
    view->shape[view->rank] = bytes;
    view->strides[view->rank++] = 1;
}

/* Blocks, which are dense: the innermost dimension counts their bytes, or, where they do not end
 * with it, everything is one row. */
static void join_blocks(ckpt_tensor tensor, const ckpt_dtype_info *info, ck_torch_view *view) {
    copy_shape(tensor, view);
    view->offset = ckpt_tensor_storage_offset(tensor) / info->block_elements * info->block_bytes;
    uint64_t *last = view->rank != 0 ? &view->shape[view->rank - 1] : NULL;
    if (last != NULL && *last % info->block_elements == 0) {
        *last = *last / info->block_elements * info->block_bytes;
    } else {
        view->rank = 1;
        view->shape[0] = ckpt_tensor_nbytes(tensor);
    }
    set_dense_strides(view);
}

/* Two elements of f4 are one of float4_e2m1fn_x2. */
static bool join_pairs(ckpt_tensor tensor, ck_torch_view *view) {
    copy_shape(tensor, view);
    uint64_t offset = ckpt_tensor_storage_offset(tensor);
    if (view->rank == 0 || view->shape[view->rank - 1] % 2 != 0 || offset % 2 != 0)
        return false;
    view->shape[view->rank - 1] /= 2;
    view->offset = offset / 2;
    set_dense_strides(view);
    return true;
}

void ck_torch_view_of(ckpt_tensor tensor, ck_torch_view *ret_view) {
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    ck_torch_view *view = ret_view;
    memset(view, 0, sizeof *view);
    view->dtype = info.dtype == CKPT_DTYPE_OTHER ? ck_torch_find_dtype(info.name)
                                                 : ck_torch_dtype_for(info.dtype);
    if (info.dtype == CKPT_F4_E2M1FN && join_pairs(tensor, view))
        return;
    bool is_known = view->dtype != UINT16_MAX && info.block_elements == 1 &&
                    ck_torch_dtypes[view->dtype].size == info.block_bytes;
    if (is_known) {
        copy_shape(tensor, view);
        view->offset = ckpt_tensor_storage_offset(tensor);
        return;
    }
    view->as_bytes = true;
    view->dtype = ck_torch_dtype_for(CKPT_U8);
    if (info.block_elements == 1)
        split_elements(tensor, info.block_bytes, view);
    else
        join_blocks(tensor, &info, view);
}

/* ---- storages ---- */

/* The class that all tensors in the storage agree on, else UntypedStorage. */
static void use_storage(ck_torch_writer *w, ckpt_tensor tensor) {
    ck_torch_view view;
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    ck_torch_written *written = &w->storages[storage.id];
    ck_torch_view_of(tensor, &view);
    uint16_t untyped = ck_torch_class_for(CK_TORCH_NO_DTYPE);
    uint16_t class_number = ck_torch_class_for(view.dtype);
    if (ckpt_storage_size(storage) % ck_torch_dtypes[view.dtype].size != 0 ||
        (written->is_used && written->class_number != class_number))
        class_number = untyped;
    written->is_used = true;
    written->class_number = class_number;
}

ckpt_status ck_torch_plan_storages(ck_torch_writer *w, ckpt_error *err) {
    ck_topology topology;
    ckpt_status status = ck_topology_create(ckpt_root(w->c), &topology, err);
    if (status != CKPT_OK)
        return status;
    for (uint32_t i = 0; i < topology.count; i++) {
        ckpt_module module = ckpt_module_by_id(w->c, topology.order[i]);
        for (uint32_t k = 0; k < ckpt_module_member_count(module); k++) {
            ckpt_member member = ckpt_module_member(module, k);
            if (member.kind == CKPT_MEMBER_TENSOR)
                use_storage(w, member.tensor);
            else if (w->module_places[member.module.id] < 2)
                w->module_places[member.module.id]++;
        }
    }
    ck_topology_free(&topology);
    return CKPT_OK;
}
