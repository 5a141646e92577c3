/* SPDX-License-Identifier: MIT */
/* Tensors: what torch._utils._rebuild_tensor_v2 and its relatives are called with. */
#include "base/checked.h"
#include "exchange/torchstate.h"

#include <stdio.h>
#include <string.h>

/* A tensor as the pickle describes it. */
typedef struct described {
    uint32_t stored; /* node of the storage */
    uint64_t offset; /* elements */
    uint32_t rank;
    uint64_t shape[CK_MAX_RANK], strides[CK_MAX_RANK];
    uint16_t dtype; /* a place in ck_torch_dtypes */
    bool is_parameter;
    bool requires_grad;
} described;

bool ck_torch_is_tensor(const ck_torch_reader *t, uint32_t node) {
    if (t->dialect != NULL)
        return t->dialect->is_tensor(t, node);
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    uint16_t id = ck_pickle_name_id(&t->pickle, node);
    return kind == CK_PICKLE_STORED || (kind == CK_PICKLE_OBJECT && id >= CK_TORCH_REBUILD_TENSOR &&
                                        id <= CK_TORCH_REBUILD_FROM_TYPE);
}

/* ---- arguments ---- */

static ckpt_status fail_arguments(ckpt_error *err) {
    return ck_fail(err, CKPT_E_STRUCTURE, "a tensor is made of other arguments than it takes");
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
            return ck_fail(err, CKPT_E_UNSUPPORTED,
                           "a view that conjugates or negates what it views");
    }
    return CKPT_OK;
}

static ckpt_status parse_storage(const ck_torch_reader *t, uint32_t node, described *d,
                                 ckpt_error *err) {
    if (ck_pickle_kind_of(&t->pickle, node) != CK_PICKLE_STORED)
        return fail_arguments(err);
    d->stored = node;
    uint16_t class_number = ck_torch_storage_at(t, t->made[node] - 1)->class_number;
    d->dtype = ck_torch_classes[class_number].dtype;
    return CKPT_OK;
}

/* (storage, offset, size, stride[, requires_grad, hooks[, dtype][, flags]]) */
static ckpt_status parse_plain(const ck_torch_reader *t, uint16_t id, uint32_t tuple, described *d,
                               ckpt_error *err) {
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
                                   described *d, ckpt_error *err) {
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
static ckpt_status parse_from_type(ck_torch_reader *t, uint32_t tuple, described *d,
                                   ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    if (ck_pickle_at(p, tuple)->count != 4)
        return fail_arguments(err);
    uint16_t function = ck_pickle_name_id(p, ck_pickle_child(p, tuple, 0));
    uint16_t type = ck_pickle_name_id(p, ck_pickle_child(p, tuple, 1));
    uint32_t arguments = ck_pickle_child(p, tuple, 2);
    if ((type != CK_TORCH_CLASS_TENSOR && type != CK_TORCH_CLASS_PARAMETER) ||
        !is_plain_id(function) || ck_pickle_kind_of(p, arguments) != CK_PICKLE_TUPLE)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "a tensor of a class other than Tensor (%s)",
                       ck_pickle_describe(p, ck_pickle_child(p, tuple, 1)).text);
    ckpt_status status = parse_plain(t, function, arguments, d, err);
    report_state(t, ck_pickle_child(p, tuple, 3));
    d->is_parameter = type == CK_TORCH_CLASS_PARAMETER;
    return status;
}

/* A storage without a tensor is one row. */
static ckpt_status parse_bare(ck_torch_reader *t, uint32_t node, described *d, ckpt_error *err) {
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

static ckpt_status parse(ck_torch_reader *t, uint32_t node, described *d, ckpt_error *err) {
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

/* ---- the model's tensor ---- */

/* Elements from the first to behind the last. */
static bool find_end(const described *d, uint64_t *ret_end) {
    uint64_t end = d->offset, distance;
    for (uint32_t i = 0; i < d->rank; i++) {
        if (d->shape[i] == 0) {
            *ret_end = 0;
            return true;
        }
        if (!ck_mul(d->shape[i] - 1, d->strides[i], &distance) || !ck_add(end, distance, &end))
            return false;
    }
    return ck_add(end, 1, ret_end);
}

/* In a view of the old format a tensor may see no more than the view does. */
static ckpt_status move_into_view(const ck_torch_reader *t, described *d, ckpt_error *err) {
    ck_torch_extent extent;
    uint64_t end;
    ckpt_status status = ck_torch_extent_of(t, d->stored, &extent, err);
    if (status != CKPT_OK)
        return status;
    if (!find_end(d, &end) || end > extent.numel || !ck_add(d->offset, extent.first, &d->offset))
        return ck_fail(err, CKPT_E_BOUNDS, "the tensor reaches out of its storage");
    if (end == 0) /* slices of nothing may begin anywhere */
        d->offset = 0;
    return CKPT_OK;
}

/* float4_e2m1fn_x2 has two elements of f4 in one: the last extent is doubled. A view of single
 * ones, or a scalar, stays what it is, with an opaque type. */
static bool unfold_pairs(described *d, uint64_t *offset) {
    uint64_t dense = 1, last;
    if (d->rank == 0)
        return false;
    for (uint32_t i = d->rank; i-- > 0;) {
        if (d->shape[i] == 0)
            break;
        if ((d->shape[i] != 1 && d->strides[i] != dense) || !ck_mul(dense, d->shape[i], &dense))
            return false;
    }
    if (!ck_mul(d->shape[d->rank - 1], 2, &last) || !ck_mul(d->offset, 2, offset))
        return false;
    d->shape[d->rank - 1] = last;
    return true;
}

static ckpt_status create(ck_torch_reader *t, described *d, ckpt_tensor *ret_tensor,
                          ckpt_error *err) {
    const ck_torch_dtype *dtype = &ck_torch_dtypes[d->dtype];
    ckpt_dtype_info opaque = {dtype->name, CKPT_DTYPE_OTHER, CKPT_CLASS_OPAQUE, 1, dtype->size};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = dtype->dtype,
                             .other_dtype = &opaque,
                             .rank = d->rank,
                             .shape = d->shape,
                             .strides = d->strides,
                             .storage_offset = d->offset};
    ckpt_storage storage;
    if (dtype->dtype == CKPT_F4_E2M1FN) {
        if (unfold_pairs(d, &spec.storage_offset))
            spec.strides = NULL;
        else
            spec.dtype = CKPT_DTYPE_OTHER;
    }
    ckpt_dtype_class class = spec.dtype != CKPT_DTYPE_OTHER
                                 ? ckpt_dtype_describe(spec.dtype).dtype_class
                                 : CKPT_CLASS_OPAQUE;
    bool has_grad = class == CKPT_CLASS_FLOAT || class == CKPT_CLASS_COMPLEX;
    spec.is_buffer = !d->is_parameter && (t->in_optimizer != 0 || !has_grad);
    spec.no_grad = d->is_parameter && !d->requires_grad;
    ckpt_status status = ck_torch_make_storage(t, t->made[d->stored] - 1, d->dtype, &storage, err);
    return status == CKPT_OK ? ckpt_tensor_create(storage, &spec, ret_tensor, err) : status;
}

static uint64_t hash_tensor(const ckpt *c, ckpt_tensor tensor) {
    const ck_tensor_rec *rec = ck_tensor_at(c, tensor.id);
    uint32_t extents = rec->rank * ((rec->flags & CK_TENSOR_STRIDED) != 0 ? 2u : 1u);
    uint64_t hash = ck_hash_mix(c->hash_seed ^ rec->storage);
    hash = ck_hash_mix(hash ^ rec->offset);
    hash = ck_hash_mix(hash ^ ((uint64_t)rec->dtype << 16 | (uint64_t)rec->rank << 8 | rec->flags));
    for (uint32_t i = 0; i < extents; i++)
        hash = ck_hash_mix(hash ^ *ck_dimension_at(c, rec->first_dimension + i));
    return hash;
}

static bool equal(const ckpt *c, uint32_t a, uint32_t b) {
    const ck_tensor_rec *x = ck_tensor_at(c, a), *y = ck_tensor_at(c, b);
    size_t extents = x->rank * ((x->flags & CK_TENSOR_STRIDED) != 0 ? 2u : 1u);
    if (x->storage != y->storage || x->offset != y->offset || x->dtype != y->dtype ||
        x->rank != y->rank || x->flags != y->flags)
        return false;
    return extents == 0 ||
           memcmp(ck_dimension_at(c, x->first_dimension), ck_dimension_at(c, y->first_dimension),
                  extents * sizeof(uint64_t)) == 0;
}

/* The tensor that was made last gives way to an equal one: a state_dict with tied weights describes
 * the same view of the same storage under each name. */
static ckpt_status unify(ck_torch_reader *t, ckpt_tensor *tensor, ckpt_error *err) {
    ckpt *c = t->c;
    uint64_t hash = hash_tensor(c, *tensor);
    for (;; hash++) {
        uint32_t known = ck_hashmap_get(&t->views, hash);
        if (known == CK_HASH_NONE)
            return ck_hashmap_set(&t->memory, &t->views, hash, tensor->id) ? CKPT_OK
                                                                           : ck_fail_nomem(err);
        if (equal(c, known, tensor->id)) {
            ck_tensor_discard_last(c);
            tensor->id = known;
            return CKPT_OK;
        }
    }
}

/* Where an object stood first that stands in several places. */
static ckpt_status keep_place(ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    const char *place = ck_torch_pointer(&t->path);
    size_t offset = t->place_text.size;
    if (offset >= CK_HASH_NONE)
        return ck_fail(err, CKPT_E_LIMIT, "too many tensors stand in several places");
    ckpt_status status = ck_torch_spend_text(t, t->path.size, err);
    if (status == CKPT_OK &&
        (!ck_hashmap_set(&t->memory, &t->places, node, (uint32_t)offset) ||
         !ck_buffer_append(&t->memory, &t->place_text, place, strlen(place) + 1)))
        status = ck_fail_nomem(err);
    return status;
}

/* "=" and the pointer to the first place of the same object, behind its own type. */
static ckpt_status note_again(ck_torch_reader *t, uint32_t node, const char *type,
                              ckpt_error *err) {
    const char *first = (const char *)t->place_text.bytes + ck_hashmap_get(&t->places, node);
    size_t type_size = strlen(type), size = type_size + 1 + strlen(first) + 1;
    ckpt_status status = ck_torch_spend_text(t, size, err);
    if (status != CKPT_OK)
        return status;
    char *text = ck_alloc(&t->memory, size, 1);
    if (text == NULL)
        return ck_fail_nomem(err);
    snprintf(text, size, "%s=%s", type, first);
    status = ck_torch_note_type(t, text, err);
    ck_free(&t->memory, text, size, 1);
    return status;
}

ckpt_status ck_torch_note_object(ck_torch_reader *t, uint32_t node, const char *type, bool again,
                                 ckpt_error *err) {
    if (again)
        return note_again(t, node, type, err);
    ckpt_status status = t->uses[node] > 1 ? keep_place(t, node, err) : CKPT_OK;
    return status == CKPT_OK && *type != '\0' ? ck_torch_note_type(t, type, err) : status;
}

/* What the model does not say: that it is a Parameter, that a plain Tensor wants gradients, that it
 * is the very object that stood somewhere before, that it is a storage. */
static ckpt_status note(ck_torch_reader *t, uint32_t node, const described *d, bool again,
                        ckpt_error *err) {
    if (ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_STORED) {
        uint16_t class_number = ck_torch_storage_at(t, t->made[node] - 1)->class_number;
        return ck_torch_note_type(t, ck_torch_classes[class_number].name, err);
    }
    const char *type = d->is_parameter ? "Parameter" : d->requires_grad ? "Tensor" : "";
    return ck_torch_note_object(t, node, type, again, err);
}

ckpt_status ck_torch_make_tensor(ck_torch_reader *t, uint32_t node, ckpt_tensor *ret_tensor,
                                 ckpt_error *err) {
    if (t->dialect != NULL)
        return t->dialect->make_tensor(t, node, ret_tensor, err);
    bool is_object = ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_OBJECT;
    bool again = is_object && t->made[node] != 0;
    ckpt_tensor tensor = {t->c, again ? t->made[node] - 1 : 0};
    described d;
    memset(&d, 0, sizeof d);
    ckpt_status status = parse(t, node, &d, err);
    if (status == CKPT_OK && d.dtype == CK_TORCH_NO_DTYPE)
        status = ck_fail(err, CKPT_E_STRUCTURE, "a tensor without a dtype");
    if (status == CKPT_OK && ck_torch_dtypes[d.dtype].size == 0)
        status = ck_fail(err, CKPT_E_UNSUPPORTED, "tensors of torch.%s are not supported",
                         ck_torch_dtypes[d.dtype].name);
    if (status == CKPT_OK && !again) {
        status = move_into_view(t, &d, err);
        if (status == CKPT_OK)
            status = create(t, &d, &tensor, err);
        if (status == CKPT_OK)
            status = unify(t, &tensor, err);
    }
    if (status == CKPT_OK)
        status = note(t, node, &d, again, err);
    if (status != CKPT_OK)
        return status;
    if (is_object)
        t->made[node] = tensor.id + 1;
    *ret_tensor = tensor;
    return CKPT_OK;
}
