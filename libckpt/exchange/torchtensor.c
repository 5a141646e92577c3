/* SPDX-License-Identifier: MIT */
/* Tensors of the model, one for each view of a storage. */
#include "base/checked.h"
#include "exchange/torchdescribe.h"

#include <stdio.h>
#include <string.h>

bool ck_torch_is_tensor(const ck_torch_reader *t, uint32_t node) {
    if (t->dialect != NULL)
        return t->dialect->is_tensor(t, node);
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    uint16_t id = ck_pickle_name_id(&t->pickle, node);
    return kind == CK_PICKLE_STORED || (kind == CK_PICKLE_OBJECT && id >= CK_TORCH_REBUILD_TENSOR &&
                                        id <= CK_TORCH_REBUILD_FROM_TYPE);
}

/* Elements from the first to behind the last. */
static bool find_end(const ck_torch_described *d, uint64_t *ret_end) {
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
static ckpt_status move_into_view(const ck_torch_reader *t, ck_torch_described *d,
                                  ckpt_error *err) {
    ck_torch_extent extent;
    uint64_t end;
    ckpt_status status = ck_torch_extent_of(t, d->stored, &extent, err);
    if (status != CKPT_OK)
        return status;
    if (!find_end(d, &end) || end > extent.numel || !ck_add(d->offset, extent.first, &d->offset))
        return ck_fail_rule(err, "PT10", CKPT_E_BOUNDS, "the tensor reaches out of its storage");
    if (end == 0) /* slices of nothing may begin anywhere */
        d->offset = 0;
    return CKPT_OK;
}

/* float4_e2m1fn_x2 has two elements of f4 in one: the last extent is doubled. A view of single
 * ones, or a scalar, stays what it is, with an opaque type. */
static bool unfold_pairs(ck_torch_described *d, uint64_t *offset) {
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

static ckpt_status create(ck_torch_reader *t, ck_torch_described *d, ckpt_tensor *ret_tensor,
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
    if (status != CKPT_OK)
        return status;
    status = ckpt_tensor_create(storage, &spec, ret_tensor, err);
    if (status == CKPT_E_OVERFLOW)
        ck_error_rule(err, "PT10");
    return status;
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
static ckpt_status note(ck_torch_reader *t, uint32_t node, const ck_torch_described *d, bool again,
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
    ck_torch_described d;
    memset(&d, 0, sizeof d);
    ckpt_status status = ck_torch_describe(t, node, &d, err);
    if (status == CKPT_OK && d.dtype == CK_TORCH_NO_DTYPE)
        status = ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE, "a tensor without a dtype");
    if (status == CKPT_OK && ck_torch_dtypes[d.dtype].size == 0)
        status =
            ck_fail_rule(err, "PT11", CKPT_E_UNSUPPORTED, "tensors of torch.%s are not supported",
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
