/* SPDX-License-Identifier: MIT */
/* What torch._utils._rebuild_tensor_v2 and its relatives are called with. */
#include "exchange/torchdescribe.h"

#include <string.h>

static ckpt_status fail_arguments(ckpt_error *err) {
    return ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE,
                        "a tensor is made of other arguments than it takes");
}

static bool parse_extents(const ck_pickle *p, uint32_t node, uint32_t *ret_rank,
                          uint64_t extents[CK_MAX_RANK]) {
    /* torch.Size where old files have it. */
    if (ck_pickle_kind_of(p, node) == CK_PICKLE_OBJECT &&
        ck_pickle_name_id(p, node) == CK_TORCH_SIZE &&
        ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count == 1)
        node = ck_pickle_child(p, node, 0);
    ck_pickle_kind kind = ck_pickle_kind_of(p, node);
    if ((kind != CK_PICKLE_TUPLE && kind != CK_PICKLE_LIST) ||
        ck_pickle_at(p, node)->count > CK_MAX_RANK)
        return false;
    *ret_rank = ck_pickle_at(p, node)->count;
    for (uint32_t i = 0; i < *ret_rank; i++) {
        if (!ck_pickle_uint(p, ck_pickle_child(p, node, i), &extents[i]))
            return false;
    }
    return true;
}

/* Hooks are code: there are none. */
static bool is_empty(const ck_pickle *p, uint32_t node) {
    ck_pickle_kind kind = ck_pickle_kind_of(p, node);
    return kind == CK_PICKLE_NONE || (kind == CK_PICKLE_DICT && ck_pickle_at(p, node)->count == 0);
}

/* Views that are negated or conjugated when they are looked at. */
static ckpt_status check_flags(const ck_pickle *p, uint32_t node, ckpt_error *err) {
    ck_pickle_kind kind = ck_pickle_kind_of(p, node);
    if (kind != CK_PICKLE_DICT && kind != CK_PICKLE_NONE)
        return fail_arguments(err);
    for (uint32_t i = 0; i < ck_pickle_at(p, node)->count; i++) {
        const ck_pickle_node *value = ck_pickle_at(p, ck_pickle_child(p, node, 2 * i + 1));
        if (value->kind != CK_PICKLE_BOOL || value->as.integer != 0)
            return ck_fail_rule(err, "PT11", CKPT_E_UNSUPPORTED,
                                "a view that conjugates or negates what it views");
    }
    return CKPT_OK;
}

static ckpt_status parse_storage(const ck_torch_reader *t, uint32_t node, ck_torch_described *d,
                                 ckpt_error *err) {
    if (ck_pickle_kind_of(&t->pickle, node) != CK_PICKLE_STORED)
        return fail_arguments(err);
    d->stored = node;
    uint16_t class_number = ck_torch_storage_at(t, t->made[node] - 1)->class_number;
    d->dtype = ck_torch_classes[class_number].dtype;
    return CKPT_OK;
}

/* (storage, offset, size, stride[, requires_grad, hooks[, dtype][, flags]]) */
static ckpt_status parse_plain(const ck_torch_reader *t, uint16_t id, uint32_t tuple,
                               ck_torch_described *d, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t count = ck_pickle_at(p, tuple)->count, strides = 0;
    uint32_t wanted = id == CK_TORCH_REBUILD_TENSOR ? 4 : id == CK_TORCH_REBUILD_TENSOR_V2 ? 6 : 7;
    if (count < wanted || count > wanted + (wanted == 4 ? 0 : 1) ||
        !ck_pickle_uint(p, ck_pickle_child(p, tuple, 1), &d->offset) ||
        !parse_extents(p, ck_pickle_child(p, tuple, 2), &d->rank, d->shape) ||
        !parse_extents(p, ck_pickle_child(p, tuple, 3), &strides, d->strides) || strides != d->rank)
        return fail_arguments(err);
    ckpt_status status = parse_storage(t, ck_pickle_child(p, tuple, 0), d, err);
    if (status != CKPT_OK || wanted == 4)
        return status;
    const ck_pickle_node *grad = ck_pickle_at(p, ck_pickle_child(p, tuple, 4));
    if (grad->kind != CK_PICKLE_BOOL || !is_empty(p, ck_pickle_child(p, tuple, 5)))
        return fail_arguments(err);
    d->requires_grad = grad->as.integer != 0;
    if (wanted == 7) {
        uint32_t dtype = ck_pickle_child(p, tuple, 6);
        uint16_t name = ck_pickle_name_id(p, dtype);
        if (ck_pickle_kind_of(p, dtype) != CK_PICKLE_NAME || name < CK_TORCH_DTYPES ||
            name >= CK_TORCH_QSCHEMES)
            return fail_arguments(err);
        d->dtype = (uint16_t)(name - CK_TORCH_DTYPES);
    }
    return count > wanted ? check_flags(p, ck_pickle_child(p, tuple, wanted), err) : CKPT_OK;
}

/* The object's own attributes, as pickle keeps them: a dict, perhaps with one of slots. */
static void report_state(ck_torch_reader *t, uint32_t state) {
    const ck_pickle *p = &t->pickle;
    ck_pickle_kind kind = ck_pickle_kind_of(p, state);
    if (is_empty(p, state) || (kind == CK_PICKLE_TUPLE && ck_pickle_at(p, state)->count == 0))
        return;
    ck_report_loss(&t->c->losses, CKPT_LOSS_METADATA, ck_torch_pointer(&t->path),
                   "the attributes that Python code has given to the tensor are dropped");
}

static bool is_plain_id(uint16_t id) {
    return id == CK_TORCH_REBUILD_TENSOR || id == CK_TORCH_REBUILD_TENSOR_V2 ||
           id == CK_TORCH_REBUILD_TENSOR_V3;
}

/* (tensor, requires_grad, hooks[, state]) */
static ckpt_status parse_parameter(ck_torch_reader *t, uint32_t tuple, uint32_t wanted,
                                   ck_torch_described *d, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    if (ck_pickle_at(p, tuple)->count != wanted)
        return fail_arguments(err);
    uint32_t data = ck_pickle_child(p, tuple, 0);
    const ck_pickle_node *grad = ck_pickle_at(p, ck_pickle_child(p, tuple, 1));
    if (ck_pickle_kind_of(p, data) != CK_PICKLE_OBJECT ||
        !is_plain_id(ck_pickle_name_id(p, data)) || grad->kind != CK_PICKLE_BOOL ||
        !is_empty(p, ck_pickle_child(p, tuple, 2)))
        return fail_arguments(err);
    ckpt_status status = parse_plain(t, ck_pickle_name_id(p, data),
                                     ck_pickle_at(p, data)->as.object.arguments, d, err);
    if (wanted == 4)
        report_state(t, ck_pickle_child(p, tuple, 3));
    d->is_parameter = true;
    d->requires_grad = grad->as.integer != 0;
    return status;
}

/* (function, class, arguments, state) */
static ckpt_status parse_from_type(ck_torch_reader *t, uint32_t tuple, ck_torch_described *d,
                                   ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    if (ck_pickle_at(p, tuple)->count != 4)
        return fail_arguments(err);
    uint16_t function = ck_pickle_name_id(p, ck_pickle_child(p, tuple, 0));
    uint16_t type = ck_pickle_name_id(p, ck_pickle_child(p, tuple, 1));
    uint32_t arguments = ck_pickle_child(p, tuple, 2);
    if ((type != CK_TORCH_CLASS_TENSOR && type != CK_TORCH_CLASS_PARAMETER) ||
        !is_plain_id(function) || ck_pickle_kind_of(p, arguments) != CK_PICKLE_TUPLE)
        return ck_fail_rule(err, "PT11", CKPT_E_UNSUPPORTED,
                            "a tensor of a class other than Tensor (%s)",
                            ck_pickle_describe(p, ck_pickle_child(p, tuple, 1)).text);
    ckpt_status status = parse_plain(t, function, arguments, d, err);
    report_state(t, ck_pickle_child(p, tuple, 3));
    d->is_parameter = type == CK_TORCH_CLASS_PARAMETER;
    return status;
}

/* A storage without a tensor is one row. */
static ckpt_status parse_bare(ck_torch_reader *t, uint32_t node, ck_torch_described *d,
                              ckpt_error *err) {
    ck_torch_extent extent;
    ckpt_status status = ck_torch_extent_of(t, node, &extent, err);
    if (status == CKPT_OK)
        status = parse_storage(t, node, d, err);
    if (status != CKPT_OK)
        return status;
    if (d->dtype == CK_TORCH_NO_DTYPE)
        d->dtype = ck_torch_dtype_for(CKPT_U8);
    d->rank = 1;
    d->shape[0] = extent.numel;
    d->strides[0] = 1;
    return CKPT_OK;
}

ckpt_status ck_torch_describe(ck_torch_reader *t, uint32_t node, ck_torch_described *d,
                              ckpt_error *err) {
    if (ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_STORED)
        return parse_bare(t, node, d, err);
    uint16_t id = ck_pickle_name_id(&t->pickle, node);
    uint32_t tuple = ck_pickle_at(&t->pickle, node)->as.object.arguments;
    switch (id) {
    case CK_TORCH_REBUILD_PARAMETER: return parse_parameter(t, tuple, 3, d, err);
    case CK_TORCH_REBUILD_PARAMETER_WITH_STATE: return parse_parameter(t, tuple, 4, d, err);
    case CK_TORCH_REBUILD_FROM_TYPE: return parse_from_type(t, tuple, d, err);
    default: return parse_plain(t, id, tuple, d, err);
    }
}
