/* SPDX-License-Identifier: MIT */
#include "exchange/ggufplan.h"

#include "base/checked.h"
#include "exchange/ggufvalues.h"
#include "exchange/ggufwrite.h"

#include <string.h>

/* Bytes of all names together. */
#define MAX_TEXT ((uint64_t)1 << 32)

/* What to do about a type that GGUF has not. */
static const char *advice(ckpt_dtype dtype) {
    switch (dtype) {
    case CKPT_BOOL: return "i8 holds its values";
    case CKPT_U8: return "i16 holds its values";
    case CKPT_U16: return "i32 holds its values";
    case CKPT_U32: return "i64 holds its values";
    case CKPT_F8_E4M3FN:
    case CKPT_F8_E5M2:
    case CKPT_F8_E4M3FNUZ:
    case CKPT_F8_E5M2FNUZ:
    case CKPT_F6_E2M3FN:
    case CKPT_F6_E3M2FN:
    case CKPT_F4_E2M1FN: return "f16 holds its values";
    case CKPT_F8_E8M0FNU: return "f32 holds its values";
    default: return "and no other type that has its values";
    }
}

static ckpt_status check_tensor(const ck_flat *flat, uint32_t i, uint32_t *ret_dtype,
                                ckpt_error *err) {
    ckpt_tensor tensor = ck_flat_at(flat, i)->tensor;
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    ck_name_text name = ck_name(ck_flat_name(flat, i));
    if (!ck_gguf_dtype_number(info.dtype, ret_dtype))
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "tensor '%s': GGUF has no type %s (%s): convert or leave it out", name.text,
                       CK_NAME(info.name), advice(info.dtype));
    if (ckpt_tensor_rank(tensor) > CK_GGUF_MAX_RANK)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "tensor '%s' has %lu dimensions, GGUF has at most 4", name.text,
                       (unsigned long)ckpt_tensor_rank(tensor));
    return CKPT_OK;
}

static ckpt_status add_items(ck_gguf_plan *plan, ckpt_error *err) {
    ck_flat *flat = &plan->flat;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ck_flat_count(flat) && status == CKPT_OK; i++) {
        ck_gguf_item item = {.entry = i};
        if (ck_flat_at(flat, i)->same != i)
            continue;
        status = check_tensor(flat, i, &item.dtype, err);
        if (status == CKPT_OK && !ck_buffer_append(&flat->memory, &plan->items, &item, sizeof item))
            status = ck_fail_nomem(err);
    }
    return status;
}

/* After all have been checked, so that nothing is reported of a file that cannot be. */
static ckpt_status shorten_names(ck_gguf_plan *plan, ckpt_error *err) {
    ck_flat *flat = &plan->flat;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ck_gguf_item_count(plan) && status == CKPT_OK; i++) {
        char name[CK_GGUF_NAME_ROOM];
        const ck_flat_entry *entry = ck_flat_at(flat, ck_gguf_item_at(plan, i)->entry);
        if (entry->name_size < sizeof name)
            continue;
        memcpy(name, flat->text.bytes + entry->name, sizeof name);
        status = ck_flat_rename(flat, ck_gguf_item_at(plan, i)->entry, name, sizeof name,
                                CK_GGUF_NAME_ROOM - 1, err);
    }
    return status;
}

static uint32_t find_alignment(ckpt *c) {
    int64_t value =
        ckpt_value_int(ckpt_map_get(ckpt_metadata(c), CK_GGUF_ALIGNMENT_KEY), CK_GGUF_ALIGNMENT);
    bool is_good = value > 0 && value <= CK_GGUF_MAX_ALIGNMENT && (value & (value - 1)) == 0;
    return is_good ? (uint32_t)value : CK_GGUF_ALIGNMENT;
}

static ckpt_status add_span(ck_gguf_plan *plan, uint32_t first, ckpt_error *err) {
    ck_gguf_span span = {first, 0, 0};
    return ck_buffer_append(&plan->flat.memory, &plan->spans, &span, sizeof span)
               ? CKPT_OK
               : ck_fail_nomem(err);
}

/* A file is full when the next tensor would make its data larger than shard_size. */
static ckpt_status place_items(ck_gguf_plan *plan, uint64_t shard_size, ckpt_error *err) {
    uint64_t filled = 0;
    ckpt_status status = add_span(plan, 0, err);
    for (uint32_t i = 0; i < ck_gguf_item_count(plan) && status == CKPT_OK; i++) {
        ck_gguf_item *item = ck_gguf_item_at(plan, i);
        uint64_t nbytes = ck_flat_at(&plan->flat, item->entry)->nbytes, end;
        if (shard_size != 0 && filled != 0 &&
            (nbytes > shard_size || filled > shard_size - nbytes)) {
            status = add_span(plan, i, err);
            if (status != CKPT_OK)
                return status;
            filled = 0;
        }
        ck_gguf_span *span = ck_gguf_span_at(plan, ck_gguf_span_count(plan) - 1);
        item->offset = span->size;
        if (!ck_add(span->size, nbytes, &end) || end >= CK_SIZE_LIMIT ||
            !ck_align(end, plan->alignment, &span->size))
            return ck_fail(err, CKPT_E_OVERFLOW, "the tensors have 2^63 bytes or more");
        span->count++;
        filled = ck_add_saturated(filled, nbytes);
        plan->total = ck_add_saturated(plan->total, nbytes);
    }
    return status;
}

ckpt_status ck_gguf_plan_make(ck_gguf_plan *plan, ckpt *c, uint64_t shard_size,
                              const ck_losses *losses, ckpt_error *err) {
    memset(plan, 0, sizeof *plan);
    plan->losses = *losses;
    plan->alignment = find_alignment(c);
    ckpt_status status = ck_flat_collect(&plan->flat, c, MAX_TEXT, err);
    if (status == CKPT_OK)
        status = add_items(plan, err);
    if (status == CKPT_OK)
        status = shorten_names(plan, err);
    return status == CKPT_OK ? place_items(plan, shard_size, err) : status;
}

void ck_gguf_plan_clear(ck_gguf_plan *plan) {
    ck_buffer_clear(&plan->flat.memory, &plan->items);
    ck_buffer_clear(&plan->flat.memory, &plan->spans);
    ck_flat_clear(&plan->flat);
}

/* ---- losses ---- */

static void report_ties(const ck_gguf_plan *plan) {
    const ck_flat *flat = &plan->flat;
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        if (entry->same != i)
            ck_report_hidden(&plan->losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                             "written as '%s' alone; the tie is in the metadata "
                             "'" CK_GGUF_TIES_KEY "', for libckpt",
                             CK_NAME(ck_flat_name(flat, entry->same)));
        else if (entry->same_storage != i)
            ck_report_loss(&plan->losses, CKPT_LOSS_TIE, ck_flat_name(flat, i),
                           "shares its storage with '%s'; it gets bytes of its own",
                           CK_NAME(ck_flat_name(flat, entry->same_storage)));
    }
}

static void report_names(const ck_gguf_plan *plan) {
    const ck_flat *flat = &plan->flat;
    for (uint32_t i = 0; i < ck_flat_count(flat); i++) {
        const ck_flat_entry *entry = ck_flat_at(flat, i);
        if (entry->written != entry->name)
            ck_report_hidden(&plan->losses, CKPT_LOSS_NAME, ck_flat_name(flat, i),
                             "has 64 bytes or more and is written as '%s'; the name is in the "
                             "metadata '" CK_GGUF_NAMES_KEY "', for libckpt",
                             CK_NAME(ck_flat_written(flat, i)));
    }
}

static void report_flags(const ck_gguf_plan *plan) {
    const ck_flat *flat = &plan->flat;
    for (uint32_t i = 0; i < ck_gguf_item_count(plan); i++) {
        uint32_t entry = ck_gguf_item_at(plan, i)->entry;
        ckpt_tensor tensor = ck_flat_at(flat, entry)->tensor;
        ckpt_dtype_class dtype_class = ckpt_tensor_dtype_info(tensor).dtype_class;
        bool parameter = ck_gguf_is_parameter(dtype_class);
        if (ckpt_tensor_is_parameter(tensor) != parameter)
            ck_report_loss(&plan->losses, CKPT_LOSS_FLAG, ck_flat_name(flat, entry),
                           parameter ? "a buffer, which is read as a parameter"
                                     : "a parameter, which is read as a buffer");
        else if (dtype_class == CKPT_CLASS_FLOAT && !ckpt_tensor_requires_grad(tensor))
            ck_report_loss(&plan->losses, CKPT_LOSS_FLAG, ck_flat_name(flat, entry),
                           "without requires_grad, which is read with it");
    }
}

ckpt_status ck_gguf_plan_report(const ck_gguf_plan *plan, ckpt_error *err) {
    report_ties(plan);
    ck_flat_report_views(&plan->flat, &plan->losses);
    report_names(plan);
    report_flags(plan);
    return ck_flat_report_modules(plan->flat.c, &plan->losses, err);
}
