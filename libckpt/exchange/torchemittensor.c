/* SPDX-License-Identifier: MIT */
/* Tensors in the pickle. */
#include "exchange/torchpath.h"
#include "exchange/torchwriter.h"

#include <stdio.h>
#include <string.h>

void ck_torch_emit_name(ck_torch_writer *w, unsigned memo, const char *module, const char *name) {
    if (w->memo[memo] != 0) {
        ck_pickle_recall(&w->pickle, w->memo[memo]);
        return;
    }
    ck_pickle_write_name(&w->pickle, module, name);
    w->memo[memo] = ck_pickle_memoize(&w->pickle);
}

static void emit_text(ck_torch_writer *w, unsigned memo, const char *text) {
    if (w->memo[memo] != 0) {
        ck_pickle_recall(&w->pickle, w->memo[memo]);
        return;
    }
    ck_pickle_write_text(&w->pickle, text, strlen(text));
    w->memo[memo] = ck_pickle_memoize(&w->pickle);
}

void ck_torch_emit_hooks(ck_torch_writer *w) {
    ck_torch_emit_name(w, CK_TORCH_MEMO_ORDERED_DICT, "collections", "OrderedDict");
    ck_pickle_write_tuple(&w->pickle, 0);
    ck_pickle_op_byte(&w->pickle, 'R');
}

/* ('storage', class, key, 'cpu', numel), as a persistent id. */
static ckpt_status emit_storage(ck_torch_writer *w, ckpt_storage storage, ckpt_error *err) {
    ck_torch_written *written = &w->storages[storage.id];
    const ck_torch_class *class = &ck_torch_classes[written->class_number];
    uint32_t size = class->dtype != CK_TORCH_NO_DTYPE ? ck_torch_dtypes[class->dtype].size : 1;
    char key[16];
    if (written->key == 0) {
        if (!ck_buffer_append(&w->memory, &w->keys, &storage.id, sizeof storage.id))
            return ck_fail_nomem(err);
        written->key = (uint32_t)(w->keys.size / sizeof storage.id);
    }
    ck_pickle_op_byte(&w->pickle, '(');
    emit_text(w, CK_TORCH_MEMO_STORAGE, "storage");
    ck_torch_emit_name(w, CK_TORCH_MEMO_CLASSES + written->class_number,
                       class->dtype != CK_TORCH_NO_DTYPE ? "torch" : "torch.storage", class->name);
    int digits = snprintf(key, sizeof key, "%u", written->key - 1);
    ck_pickle_write_text(&w->pickle, key, (size_t)digits);
    emit_text(w, CK_TORCH_MEMO_CPU, "cpu");
    ck_pickle_write_uint(&w->pickle, ckpt_storage_size(storage) / size);
    ck_pickle_op_byte(&w->pickle, 't');
    ck_pickle_op_byte(&w->pickle, 'Q');
    return CKPT_OK;
}

static void emit_extents(ck_torch_writer *w, uint32_t rank, const uint64_t *extents) {
    if (rank > 3)
        ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; i < rank; i++)
        ck_pickle_write_uint(&w->pickle, extents[i]);
    ck_pickle_write_tuple(&w->pickle, rank);
}

/* Typed storages go with _rebuild_tensor_v2, which every version of PyTorch knows. */
static ckpt_status emit_plain(ck_torch_writer *w, ckpt_tensor tensor, const ck_torch_view *view,
                              bool requires_grad, ckpt_error *err) {
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    uint16_t dtype = ck_torch_classes[w->storages[storage.id].class_number].dtype;
    bool is_typed = dtype == view->dtype;
    if (is_typed)
        ck_torch_emit_name(w, CK_TORCH_MEMO_V2, "torch._utils", "_rebuild_tensor_v2");
    else
        ck_torch_emit_name(w, CK_TORCH_MEMO_V3, "torch._utils", "_rebuild_tensor_v3");
    ck_pickle_op_byte(&w->pickle, '(');
    ckpt_status status = emit_storage(w, storage, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_write_uint(&w->pickle, view->offset);
    emit_extents(w, view->rank, view->shape);
    emit_extents(w, view->rank, view->strides);
    ck_pickle_write_bool(&w->pickle, requires_grad);
    ck_torch_emit_hooks(w);
    if (!is_typed)
        ck_torch_emit_name(w, CK_TORCH_MEMO_DTYPES + view->dtype, "torch",
                           ck_torch_dtypes[view->dtype].name);
    ck_pickle_op_byte(&w->pickle, 't');
    ck_pickle_op_byte(&w->pickle, 'R');
    return CKPT_OK;
}

static ckpt_status emit_parameter(ck_torch_writer *w, ckpt_tensor tensor, const ck_torch_view *view,
                                  ckpt_error *err) {
    ck_torch_emit_name(w, CK_TORCH_MEMO_PARAMETER, "torch._utils", "_rebuild_parameter");
    ckpt_status status = emit_plain(w, tensor, view, false, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_write_bool(&w->pickle, ckpt_tensor_requires_grad(tensor));
    ck_torch_emit_hooks(w);
    ck_pickle_write_tuple(&w->pickle, 3);
    ck_pickle_op_byte(&w->pickle, 'R');
    return CKPT_OK;
}

/* A storage by itself, where one stood: the tensor must be all of it. */
static bool is_storage(ck_torch_writer *w, ckpt_tensor tensor, const ck_torch_view *view,
                       const char *type) {
    uint16_t class_number = ck_torch_find_class(type);
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    ck_torch_written *written = &w->storages[storage.id];
    if (class_number == UINT16_MAX || view->rank != 1 || view->offset != 0 ||
        view->strides[0] != 1 || ckpt_tensor_nbytes(tensor) != ckpt_storage_size(storage))
        return false;
    if (written->key == 0 && ck_torch_classes[class_number].dtype == CK_TORCH_NO_DTYPE)
        written->class_number = class_number;
    return written->class_number == class_number;
}

/* What a reader cannot know who sees a Tensor: he takes floats for parameters that are trained. */
void ck_torch_report_flags(ck_torch_writer *w, ckpt_tensor tensor, const char *name) {
    ckpt_dtype_class class = ckpt_tensor_dtype_info(tensor).dtype_class;
    bool has_grad = class == CKPT_CLASS_FLOAT || class == CKPT_CLASS_COMPLEX;
    bool parameter = has_grad && w->in_optimizer == 0;
    if (ckpt_tensor_is_parameter(tensor) != parameter)
        ck_report_loss(&w->losses, CKPT_LOSS_FLAG, name, "a Tensor does not say that it is a %s",
                       ckpt_tensor_is_parameter(tensor) ? "parameter" : "buffer");
    else if (ckpt_tensor_requires_grad(tensor) != parameter)
        ck_report_loss(&w->losses, CKPT_LOSS_FLAG, name,
                       "a Tensor of a state_dict does not say that it wants no gradient");
}

static void report_bytes(ck_torch_writer *w, ckpt_tensor tensor, const char *name) {
    ck_report_loss(&w->losses, CKPT_LOSS_DTYPE, name,
                   "PyTorch has no %s: its bytes are written as a tensor of uint8",
                   CK_NAME(ckpt_tensor_dtype_info(tensor).name));
}

/* ---- objects that stand in several places ---- */

/* What stands behind '=' in a note; NULL when there is none. */
static const char *first_place(const char *type) {
    const char *sign = strchr(type, '=');
    return sign != NULL ? sign + 1 : NULL;
}

ckpt_status ck_torch_find_firsts(ck_torch_writer *w, ckpt_error *err) {
    ckpt_value types = ckpt_map_get(ckpt_metadata(w->c), CK_TORCH_TYPES);
    for (uint32_t i = 0; i < ckpt_value_count(types); i++) {
        const char *type = ckpt_value_string(ckpt_value_at(types, i));
        const char *place = type != NULL ? first_place(type) : NULL;
        ck_torch_first first = {0, 0};
        if (place == NULL)
            continue;
        uint32_t number = (uint32_t)(w->first_memos.size / sizeof first);
        ck_nametree_result result =
            ck_nametree_add(&w->memory, &w->firsts, place, strlen(place), number);
        if (result == CK_NAMETREE_NOMEM ||
            (result == CK_NAMETREE_ADDED &&
             !ck_buffer_append(&w->memory, &w->first_memos, &first, sizeof first)))
            return ck_fail_nomem(err);
    }
    return CKPT_OK;
}

static ck_torch_first *find_first(const ck_torch_writer *w, const char *place) {
    uint32_t number =
        place != NULL ? ck_nametree_get(&w->firsts, place, strlen(place)) : CK_NAMETREE_NONE;
    return number != CK_NAMETREE_NONE ? (ck_torch_first *)(void *)w->first_memos.bytes + number
                                      : NULL;
}

static bool is_called(const char *type, const char *name) {
    size_t size = strlen(name);
    return strncmp(type, name, size) == 0 && (type[size] == '\0' || type[size] == '=');
}

static ckpt_status emit_new(ck_torch_writer *w, ckpt_tensor tensor, const ck_torch_view *view,
                            const char *type, ckpt_error *err) {
    bool wants_grad = is_called(type, "Tensor") && ckpt_tensor_requires_grad(tensor);
    if (is_called(type, "Parameter"))
        return emit_parameter(w, tensor, view, err);
    if (!wants_grad)
        ck_torch_report_flags(w, tensor, ck_torch_pointer(&w->name));
    return emit_plain(w, tensor, view, wants_grad, err);
}

ckpt_status ck_torch_emit_tensor(ck_torch_writer *w, ckpt_tensor tensor, ckpt_error *err) {
    if (w->dialect != NULL)
        return w->dialect->emit_tensor(w, tensor, err);
    const char *name = ck_torch_pointer(&w->name), *type = ck_torch_noted_type(w);
    ck_torch_first *first = find_first(w, first_place(type));
    ck_torch_view view;
    ck_torch_view_of(tensor, &view);
    if (view.rank > CK_MAX_RANK)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "the tensor '%s' has too many dimensions for its dtype", CK_NAME(name));
    if (view.as_bytes)
        report_bytes(w, tensor, name);
    if (is_storage(w, tensor, &view, type))
        return emit_storage(w, ckpt_tensor_storage(tensor), err);
    if (first != NULL && first->memo != 0 && first->tensor == tensor.id) {
        ck_pickle_recall(&w->pickle, first->memo);
        return CKPT_OK;
    }
    ckpt_status status = emit_new(w, tensor, &view, type, err);
    first = find_first(w, ck_torch_pointer(&w->path));
    if (status == CKPT_OK && first != NULL && first->memo == 0)
        *first = (ck_torch_first){ck_pickle_memoize(&w->pickle), tensor.id};
    return status;
}
