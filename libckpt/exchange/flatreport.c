/* SPDX-License-Identifier: MIT */
/* Telling what a flat format does not keep. */
#include "exchange/flatten.h"

#include "model/tensor.h"

#include <ckpt/walk.h>

#include <string.h>

void ck_flat_report_ties(const ck_flat *flat, const ck_losses *losses) {
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        if (entry->same != i)
            ck_report_loss(losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                           "the same tensor as '%s'; it gets bytes of its own",
                           CK_NAME(ck_flat_name(flat, entry->same)));
        else if (entry->same_storage != i)
            ck_report_loss(losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                           "shares its storage with '%s'; it gets bytes of its own",
                           CK_NAME(ck_flat_name(flat, entry->same_storage)));
    }
}

void ck_flat_report_views(const ck_flat *flat, const ck_losses *losses) {
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        if (entry->same != i || (entry->dense && entry->whole))
            continue;
        if (!entry->dense)
            ck_report_loss(losses, CKPT_LOSS_VIEW, ck_flat_name(flat, i),
                           "a view with strides, written dense and row-major");
        else
            ck_report_loss(
                losses, CKPT_LOSS_VIEW, ck_flat_name(flat, i),
                "a view of %llu bytes of a storage that has %llu, written as a tensor of its own",
                (unsigned long long)entry->nbytes,
                (unsigned long long)ckpt_storage_size(ckpt_tensor_storage(entry->tensor)));
    }
}

void ck_flat_report_names(const ck_flat *flat, const ck_losses *losses) {
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        if (entry->written != entry->name)
            ck_report_loss(losses, CKPT_LOSS_NAME, ck_flat_name(flat, i), "written as '%s'",
                           CK_NAME(ck_flat_written(flat, i)));
    }
}

void ck_flat_report_flags(const ck_flat *flat, bool all_buffers, const ck_losses *losses) {
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        bool parameter =
            !all_buffers && ck_class_has_grad(ckpt_tensor_dtype_info(entry->tensor).dtype_class);
        if (entry->same != i)
            continue;
        if (ckpt_tensor_is_parameter(entry->tensor) != parameter)
            ck_report_loss(losses, CKPT_LOSS_FLAG, ck_flat_name(flat, i),
                           parameter ? "a buffer, which is read as a parameter"
                                     : "a parameter, which is read as a buffer");
        else if (parameter && !ckpt_tensor_requires_grad(entry->tensor))
            ck_report_loss(losses, CKPT_LOSS_FLAG, ck_flat_name(flat, i),
                           "without requires_grad, which is read with it");
    }
}

/* ---- modules ---- */

static void report_module(const ckpt_walk_item *item, bool has_tensors, const ck_losses *losses) {
    const char *type = ckpt_module_type(item->module);
    uint32_t attributes = ckpt_value_count(ckpt_module_attributes(item->module));
    if (!has_tensors)
        ck_report_loss(losses, CKPT_LOSS_MODULE, item->name,
                       "a module without tensors, of type '%s', which is left out", CK_NAME(type));
    else if (type[0] != '\0' && attributes != 0)
        ck_report_loss(losses, CKPT_LOSS_MODULE, item->name,
                       "its type '%s' and %u attributes are left out", CK_NAME(type),
                       (unsigned)attributes);
    else if (type[0] != '\0' || attributes != 0)
        ck_report_loss(losses, CKPT_LOSS_MODULE, item->name,
                       type[0] != '\0' ? "its type '%s' is left out"
                                       : "its attributes are left out",
                       CK_NAME(type));
}

/* For each module whether there is a tensor in it or below. */
typedef struct holders {
    unsigned char *holds;
    size_t count;
    uint32_t path[CK_MAX_DEPTH + 1]; /* the modules that the walk is in */
} holders;

static void note_item(holders *h, const ckpt_walk_item *item) {
    if (!ckpt_tensor_exists(item->tensor)) {
        h->path[item->depth] = item->module.id;
        if (!item->repeated || !h->holds[item->module.id])
            return;
    }
    for (uint32_t depth = item->depth; depth-- > 0 && !h->holds[h->path[depth]];)
        h->holds[h->path[depth]] = 1;
}

static ckpt_status find_holders(ckpt *c, holders *h, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, err);
    if (status != CKPT_OK)
        return status;
    h->path[0] = ckpt_root(c).id;
    while (ckpt_walk_next(walk, &item)) {
        note_item(h, &item);
        if (!ckpt_tensor_exists(item.tensor) && item.repeated)
            ckpt_walk_skip(walk);
    }
    ckpt_walk_free(walk);
    return CKPT_OK;
}

static ckpt_status report_modules(ckpt *c, const holders *h, const ck_losses *losses,
                                  ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, err);
    if (status != CKPT_OK)
        return status;
    ckpt_walk_item root = {.name = "", .module = ckpt_root(c)};
    report_module(&root, true, losses);
    while (ckpt_walk_next(walk, &item)) {
        if (ckpt_tensor_exists(item.tensor))
            continue;
        if (item.repeated) {
            ck_report_loss(losses, CKPT_LOSS_MODULE, item.name,
                           h->holds[item.module.id] != 0
                               ? "a shared module, which becomes one of its own in this place"
                               : "a shared module without tensors, which is left out");
            ckpt_walk_skip(walk);
        } else {
            report_module(&item, h->holds[item.module.id] != 0, losses);
        }
    }
    ckpt_walk_free(walk);
    return CKPT_OK;
}

ckpt_status ck_flat_report_modules(ckpt *c, const ck_losses *losses, ckpt_error *err) {
    holders h;
    if (losses->report == NULL)
        return CKPT_OK;
    h.count = c->modules.count;
    h.holds = ck_calloc(&c->memory, h.count, 1);
    if (h.holds == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = find_holders(c, &h, err);
    if (status == CKPT_OK)
        status = report_modules(c, &h, losses, err);
    ck_free(&c->memory, h.holds, h.count, 1);
    return status;
}

/* ---- metadata ---- */

static const char *kind_name(ckpt_value_type kind) {
    switch (kind) {
    case CKPT_VALUE_NULL: return "null";
    case CKPT_VALUE_BOOL: return "bool";
    case CKPT_VALUE_INT: return "int";
    case CKPT_VALUE_FLOAT: return "float";
    case CKPT_VALUE_STRING: return "string";
    case CKPT_VALUE_BYTES: return "bytes";
    case CKPT_VALUE_LIST: return "list";
    default: return "map";
    }
}

void ck_flat_report_metadata(ckpt *c, unsigned kept, const ck_losses *losses) {
    ckpt_value metadata = ckpt_metadata(c);
    for (uint32_t i = 0; i < ckpt_value_count(metadata); i++) {
        ckpt_value_type kind = ckpt_value_kind(ckpt_value_at(metadata, i));
        if ((kept & CK_KEEPS(kind)) == 0)
            ck_report_loss(losses, CKPT_LOSS_METADATA, ckpt_map_key(metadata, i),
                           "metadata of type %s, which is left out", kind_name(kind));
    }
}
