/* SPDX-License-Identifier: MIT */
/* The _metadata of a state_dict: what the file had, or what a net of torch.nn would have. */
#include "exchange/torchpath.h"
#include "exchange/torchwriter.h"

#include <string.h>

static void emit_text(ck_torch_writer *w, const char *text) {
    ck_pickle_write_text(&w->pickle, text, strlen(text));
}

static void emit_version(ck_torch_writer *w, int64_t version) {
    ck_pickle_op_byte(&w->pickle, '}');
    emit_text(w, "version");
    ck_pickle_write_int(&w->pickle, version);
    ck_pickle_op_byte(&w->pickle, 's');
}

/* What the file had. */
static ckpt_status emit_known_versions(ck_torch_writer *w, ckpt_value versions, ckpt_error *err) {
    static const char step[] = "/~metadata";
    size_t before = w->path.size;
    ckpt_status status = CKPT_OK;
    if (!ck_buffer_append(&w->memory, &w->path, step, sizeof step)) /* with its NUL */
        return ck_fail_nomem(err);
    w->path.size--;
    ck_torch_emit_new_dict(w, *ck_torch_noted_type(w) != '\0' ? ck_torch_noted_type(w)
                                                              : "OrderedDict");
    ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(versions); i++) {
        const char *key = ckpt_map_key(versions, i);
        ckpt_value value = ckpt_value_at(versions, i);
        size_t here = w->path.size;
        if (i > 0 && i % CK_TORCH_BATCH == 0) {
            ck_pickle_op_byte(&w->pickle, 'u');
            ck_pickle_op_byte(&w->pickle, '(');
        }
        emit_text(w, key);
        status = ck_torch_step(&w->memory, &w->path, key, strlen(key), err);
        if (status == CKPT_OK && ckpt_value_kind(value) == CKPT_VALUE_INT)
            emit_version(w, ckpt_value_int(value, 1));
        else if (status == CKPT_OK)
            status = ck_torch_emit_value(w, value, err);
        w->path.size = here;
    }
    ck_pickle_op_byte(&w->pickle, 'u');
    w->path.size = before;
    return status;
}

/* Those of torch.nn are 1 but for layers with running statistics, which have 2 since they count
 * their batches. */
static int64_t version_of(ckpt_module module) {
    const char *type = ckpt_module_type(module);
    return strstr(type, "BatchNorm") != NULL || strstr(type, "InstanceNorm") != NULL ||
                   ckpt_tensor_exists(ckpt_module_tensor(module, "num_batches_tracked"))
               ? 2
               : 1;
}

/* A module whose name is empty has the path that is the root's: its tensors alone tell of it. */
static bool has_no_path(ck_torch_writer *w, const ck_torch_entries *entries, uint32_t i) {
    if (i == 0 || *ck_torch_module_path(entries, i) != '\0')
        return false;
    if (ckpt_module_member_count(ck_torch_module_entry(entries, i)->module) == 0)
        ck_report_loss(&w->losses, CKPT_LOSS_MODULE, "",
                       "a module without tensors whose name is empty is left out");
    return true;
}

/* Every module of a net. */
static void emit_new_versions(ck_torch_writer *w, const ck_torch_entries *entries) {
    ck_torch_emit_hooks(w);
    ck_pickle_op_byte(&w->pickle, '(');
    for (uint32_t i = 0; i < ck_torch_module_count(entries); i++) {
        if (has_no_path(w, entries, i))
            continue;
        if (i > 0 && i % CK_TORCH_BATCH == 0) {
            ck_pickle_op_byte(&w->pickle, 'u');
            ck_pickle_op_byte(&w->pickle, '(');
        }
        emit_text(w, ck_torch_module_path(entries, i));
        emit_version(w, version_of(ck_torch_module_entry(entries, i)->module));
    }
    ck_pickle_op_byte(&w->pickle, 'u');
}

ckpt_status ck_torch_emit_metadata(ck_torch_writer *w, const char *type,
                                   const ck_torch_entries *entries, ckpt_error *err) {
    ckpt_value versions = ck_torch_noted(w, CK_TORCH_VERSIONS);
    bool is_known = ckpt_value_kind(versions) == CKPT_VALUE_MAP;
    ckpt_status status = CKPT_OK;
    if (strcmp(type, "OrderedDict") != 0 || (w->is_python && !is_known))
        return CKPT_OK;
    ck_pickle_op_byte(&w->pickle, '}');
    emit_text(w, "_metadata");
    if (is_known)
        status = emit_known_versions(w, versions, err);
    else
        emit_new_versions(w, entries);
    ck_pickle_op_byte(&w->pickle, 's');
    ck_pickle_op_byte(&w->pickle, 'b');
    return status;
}
