/* SPDX-License-Identifier: MIT */
/* Weights as dense f32: where they lie when that is possible, else as one converted copy for each
 * tensor, however many modules use it. */
#include "base/checked.h"
#include "base/endian.h"
#include "nn/netplan.h"

#include <stdalign.h>

/* Copies are bounded by the checkpoint: views that overlap could otherwise make a small file fill
 * the memory. No float type has less than half a byte an element, so eight times the storages is
 * room for a copy of everything; the rest is for small expanded views. */
static uint64_t copy_limit(ckpt *c) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++)
        bytes = ck_add_saturated(bytes, ckpt_storage_size(ckpt_storage_by_id(c, i)));
    return ck_add_saturated(ck_mul_saturated(bytes, 8), UINT64_C(16) << 20);
}

/* The tensor where it lies; NULL when the runtime needs a copy. */
static ckpt_status borrow(ckpt_tensor tensor, const float **ret_data, ckpt_error *err) {
    *ret_data = NULL;
    if (ckpt_tensor_dtype(tensor) != CKPT_F32 || !ckpt_tensor_is_contiguous(tensor) ||
        !ck_host_is_little_endian())
        return CKPT_OK;
    const void *data = NULL;
    ckpt_status status = ckpt_tensor_data(tensor, &data, err);
    if (status == CKPT_OK && (uintptr_t)data % alignof(float) == 0)
        *ret_data = data;
    return status;
}

static ckpt_status fill_copy(const ckpt_net *net, ckpt_tensor tensor, ck_net_copy *ret_copy,
                             ckpt_error *err) {
    size_t count = (size_t)ckpt_tensor_numel(tensor);
    ck_net_copy copy = {ck_alloc(&net->memory, count, sizeof(float)), count};
    if (copy.data == NULL)
        return ck_fail_nomem(err);
    ckpt_status status =
        ckpt_tensor_read_as(tensor, CKPT_F32, copy.data, count * sizeof(float), err);
    if (status != CKPT_OK)
        ck_free(&net->memory, copy.data, count, sizeof(float));
    else
        *ret_copy = copy;
    return status;
}

static ckpt_status add_copy(ckpt_net *net, ckpt_tensor tensor, uint32_t *ret_copy,
                            ckpt_error *err) {
    uint64_t bytes = ck_mul_saturated(ckpt_tensor_numel(tensor), sizeof(float));
    uint64_t limit = copy_limit(tensor.owner);
    if (bytes > SIZE_MAX || bytes > limit - net->copied_bytes)
        return ck_fail(err, CKPT_E_LIMIT,
                       "the net's weights would take more than %llu bytes in f32",
                       (unsigned long long)limit);
    size_t number = net->copies.size / sizeof(ck_net_copy);
    if (!ck_buffer_reserve(&net->memory, &net->copies, sizeof(ck_net_copy)) ||
        !ck_hashmap_reserve(&net->memory, &net->copy_of_tensor, 1))
        return ck_fail_nomem(err);
    ck_net_copy copy = {NULL, 0};
    ckpt_status status = fill_copy(net, tensor, &copy, err);
    if (status != CKPT_OK)
        return status;
    /* Room is reserved: neither of the two can fail. */
    (void)ck_buffer_append(&net->memory, &net->copies, &copy, sizeof copy);
    (void)ck_hashmap_set(&net->memory, &net->copy_of_tensor, tensor.id, (uint32_t)number);
    net->copied_bytes += bytes;
    *ret_copy = (uint32_t)number;
    return CKPT_OK;
}

static ckpt_status load(ckpt_net *net, ck_weight *weight, ckpt_error *err) {
    const float *data = NULL;
    ckpt_status status = borrow(weight->tensor, &data, err);
    if (status != CKPT_OK || data != NULL) {
        weight->data = data;
        return status;
    }
    uint32_t copy = ck_hashmap_get(&net->copy_of_tensor, weight->tensor.id);
    if (copy == CK_HASH_NONE)
        status = add_copy(net, weight->tensor, &copy, err);
    if (status == CKPT_OK)
        weight->data = CK_NET_ARRAY(ck_net_copy, net->copies)[copy].data;
    return status;
}

ckpt_status ck_net_load_weights(ckpt_net *net, ckpt_error *err) {
    ck_weight *weights = CK_NET_ARRAY(ck_weight, net->weights);
    size_t count = net->weights.size / sizeof *weights;
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; i < count && status == CKPT_OK; i++)
        if (ckpt_tensor_exists(weights[i].tensor))
            status = load(net, &weights[i], err);
    return status;
}
