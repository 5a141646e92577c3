/* SPDX-License-Identifier: MIT */
/* Tensors of OneFlow: objects whose state is a NumPy array with a dtype, or the name of a
 * directory. */
#include "exchange/oneflow.h"
#include "exchange/oneflowread.h"
#include "exchange/swapped.h"

#include <string.h>

/* A tensor as its state describes it. */
typedef struct described {
    ck_oneflow_elements elements;
    int dtype; /* OneFlow's number */
    ckpt_storage storage;
} described;

/* That the state has no other keys than these. */
static ckpt_status check_keys(const ck_pickle *p, uint32_t state, ckpt_error *err) {
    static const char *const known[] = {"data", "dtype", "device", "path"};
    for (uint32_t i = 0; i < ck_pickle_at(p, state)->count; i++) {
        uint32_t key = ck_pickle_child(p, state, 2 * i);
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            is_known = is_known || ck_pickle_is_text(p, key, known[k]);
        if (is_known)
            continue;
        if (ck_pickle_is_text(p, key, "placement") || ck_pickle_is_text(p, key, "sbp"))
            return ck_fail_rule(
                err, "O5", CKPT_E_UNSUPPORTED,
                "a global tensor with its placement, which flow.save does not write");
        return ck_fail_rule(err, "O5", CKPT_E_STRUCTURE,
                            "a tensor with other state than OneFlow writes");
    }
    return CKPT_OK;
}

/* ---- arrays in the pickle ---- */

static ckpt_status make_storage(ck_torch_reader *t, const described *d, bool narrow,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    const ck_oneflow_elements *e = &d->elements;
    uint32_t unit = e->swap ? ck_swap_unit(e->dtype) : 1;
    if (narrow)
        return ck_storage_narrowed(t->c, e->offset, e->size / 4, e->swap, ret_storage, err);
    if (unit > 1)
        return ck_storage_swapped(t->c, e->offset, e->size, unit, ret_storage, err);
    return ck_storage_in_source(t->c, e->offset, e->size, ret_storage, err);
}

/* The array itself is what tensors share, if they share anything. */
static ckpt_status find_storage(ck_torch_reader *t, uint32_t array, described *d, ckpt_error *err) {
    bool narrow = d->dtype == CK_ONEFLOW_BFLOAT16;
    uint64_t size = narrow ? d->elements.size / 2 : d->elements.size;
    if (t->made[array] == 0) {
        ckpt_status status = make_storage(t, d, narrow, &d->storage, err);
        if (status == CKPT_OK)
            t->made[array] = d->storage.id + 1;
        return status;
    }
    d->storage = (ckpt_storage){t->c, t->made[array] - 1};
    return ckpt_storage_size(d->storage) == size
               ? CKPT_OK
               : ck_fail_rule(err, "O8", CKPT_E_UNSUPPORTED,
                              "tensors of several dtypes have one array");
}

static ckpt_status describe_array(ck_torch_reader *t, uint32_t state, described *d,
                                  ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t data = ck_pickle_get(p, state, "data"), dtype = ck_pickle_get(p, state, "dtype");
    if (data == CK_PICKLE_NO_NODE || dtype == CK_PICKLE_NO_NODE ||
        ck_oneflow_dtype_of(p, dtype) < 0)
        return ck_fail_rule(err, "O5", CKPT_E_STRUCTURE,
                            "a tensor without data or without a dtype");
    ckpt_status status = ck_oneflow_parse_array(p, data, &d->elements, err);
    if (status != CKPT_OK)
        return status;
    d->dtype = ck_oneflow_dtype_of(p, dtype);
    ckpt_dtype wanted =
        d->dtype == CK_ONEFLOW_BFLOAT16 ? CKPT_F32 : ck_oneflow_dtypes[d->dtype].dtype;
    if (wanted != d->elements.dtype)
        return ck_fail_rule(
            err, "O8", CKPT_E_MISMATCH, "a tensor of oneflow.%s with an array of %s",
            ck_oneflow_dtypes[d->dtype].name, ckpt_dtype_describe(d->elements.dtype).name);
    return find_storage(t, data, d, err);
}

/* ---- directories ---- */

static ckpt_status describe_directory(ck_torch_reader *t, uint32_t path, described *d,
                                      ckpt_error *err) {
    char name[256];
    size_t size;
    ck_oneflow_reader *r = (ck_oneflow_reader *)t;
    if (ck_pickle_kind_of(&t->pickle, path) != CK_PICKLE_TEXT ||
        ck_pickle_at(&t->pickle, path)->odd)
        return ck_fail_rule(err, "O5", CKPT_E_STRUCTURE, "the path of a tensor is not a text");
    const char *text = ck_pickle_text(&t->pickle, path, &size);
    if (size >= sizeof name || memchr(text, 0, size) != NULL)
        return ck_fail_rule(err, "O9", CKPT_E_BOUNDS,
                            "the path of a tensor is not the name of a directory");
    memcpy(name, text, size);
    name[size] = '\0';
    r->has_directories = true;
    return ck_oneflow_open_tensor(t->c, r->source, name, &r->files, &d->dtype, &d->elements,
                                  &d->storage, err);
}

/* ---- the model's tensor ---- */

static ckpt_status create(ck_torch_reader *t, const described *d, bool is_parameter,
                          ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_dtype dtype = ck_oneflow_dtypes[d->dtype].dtype;
    ckpt_dtype_class class = ckpt_dtype_describe(dtype).dtype_class;
    bool has_grad = class == CKPT_CLASS_FLOAT || class == CKPT_CLASS_COMPLEX;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = dtype,
                             .rank = d->elements.rank,
                             .shape = d->elements.shape,
                             .strides = d->elements.strides,
                             .is_buffer = !is_parameter && (t->in_optimizer != 0 || !has_grad)};
    if (d->dtype == CK_ONEFLOW_CHAR)
        ck_report_loss(&t->c->losses, CKPT_LOSS_DTYPE, ck_torch_pointer(&t->path),
                       "oneflow.char is read as int8");
    return ckpt_tensor_create(d->storage, &spec, ret_tensor, err);
}

static ckpt_status make_new(ck_torch_reader *t, uint32_t node, bool is_parameter,
                            ckpt_tensor *ret_tensor, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    described d;
    memset(&d, 0, sizeof d);
    uint32_t state = ck_pickle_at(p, node)->as.object.state;
    if (ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count != 0 ||
        state == CK_PICKLE_NO_NODE || ck_pickle_kind_of(p, state) != CK_PICKLE_DICT)
        return ck_fail_rule(err, "O5", CKPT_E_STRUCTURE,
                            "a tensor with other state than OneFlow writes");
    ckpt_status status = check_keys(p, state, err);
    if (status != CKPT_OK)
        return status;
    uint32_t path = ck_pickle_get(p, state, "path");
    status = path != CK_PICKLE_NO_NODE ? describe_directory(t, path, &d, err)
                                       : describe_array(t, state, &d, err);
    return status == CKPT_OK ? create(t, &d, is_parameter, ret_tensor, err) : status;
}

ckpt_status ck_oneflow_make_tensor(ck_torch_reader *t, uint32_t node, ckpt_tensor *ret_tensor,
                                   ckpt_error *err) {
    bool again = t->made[node] != 0;
    bool is_parameter = ck_pickle_name_id(&t->pickle, node) == CK_ONEFLOW_PARAMETER;
    ckpt_tensor tensor = {t->c, again ? t->made[node] - 1 : 0};
    ckpt_status status = again ? CKPT_OK : make_new(t, node, is_parameter, &tensor, err);
    if (status == CKPT_OK)
        status = ck_torch_note_object(t, node, is_parameter ? "Parameter" : "", again, err);
    if (status != CKPT_OK)
        return status;
    t->made[node] = tensor.id + 1;
    *ret_tensor = tensor;
    return CKPT_OK;
}
