/* SPDX-License-Identifier: MIT */
/* Writing safetensors files, as the official library does, byte for byte: the header in compact
 * JSON, the metadata first, then the tensors in the order of their data, which is that of their
 * types, the last in its enumeration first, and of their names; the header padded with spaces to a
 * multiple of 8. The metadata, whose order the official library leaves to chance, is in the order
 * of the checkpoint, with the ties behind it. */
#include "exchange/safetensors_write.h"

#include "base/endian.h"
#include "exchange/jsonout.h"
#include "exchange/safetensors_files.h"
#include "exchange/safetensors_tags.h"

#include <string.h>

/* ---- the header ---- */

bool ck_safetensors_next_pair(const ck_safetensors_plan *plan, uint32_t *position,
                              const char **ret_key, const char **ret_value) {
    ckpt_value metadata = ckpt_metadata(plan->flat.c);
    uint32_t strings = ckpt_value_count(metadata), all = ck_flat_count(&plan->flat);
    while (*position < strings) {
        uint32_t i = (*position)++;
        *ret_key = ckpt_map_key(metadata, i);
        *ret_value = ckpt_value_string(ckpt_value_at(metadata, i));
        if (*ret_value != NULL)
            return true;
    }
    while (*position - strings < all) {
        uint32_t i = (*position)++ - strings;
        if (!ck_safetensors_is_dropped(plan, i))
            continue;
        *ret_key = ck_flat_name(&plan->flat, i);
        *ret_value = ck_flat_written(&plan->flat, plan->kept[i]);
        if (ckpt_value_string(ckpt_map_get(metadata, *ret_key)) == NULL)
            return true;
    }
    return false;
}

static bool put_pair(const ck_memory *m, ck_buffer *out, bool *first, const char *key,
                     const char *value) {
    bool good = *first || ck_json_put_text(m, out, ",");
    *first = false;
    return good && ck_json_put_string(m, out, key, strlen(key), false) &&
           ck_json_put_text(m, out, ":") && ck_json_put_string(m, out, value, strlen(value), false);
}

static bool put_metadata(const ck_safetensors_plan *plan, ck_buffer *out) {
    const ck_memory *m = &plan->flat.memory;
    size_t start = out->size;
    bool first = true, good = ck_json_put_text(m, out, "\"__metadata__\":{");
    uint32_t position = 0;
    const char *key, *value;
    while (good && ck_safetensors_next_pair(plan, &position, &key, &value))
        good = put_pair(m, out, &first, key, value);
    if (good && first) {
        out->size = start;
        return true;
    }
    return good && ck_json_put_text(m, out, "}");
}

static bool put_shape(const ck_memory *m, ck_buffer *out, ckpt_tensor tensor) {
    bool good = true;
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor) && good; i++)
        good = (i == 0 || ck_json_put_text(m, out, ",")) &&
               ck_json_put_uint(m, out, ckpt_tensor_shape(tensor)[i]);
    return good;
}

static bool put_item(const ck_safetensors_plan *plan, ck_buffer *out,
                     const ck_safetensors_item *item) {
    const ck_memory *m = &plan->flat.memory;
    return ck_json_put_string(m, out, item->name, item->name_size, false) &&
           ck_json_put_text(m, out, ":{\"dtype\":\"") &&
           ck_json_put_text(m, out, ck_safetensors_tag(item->order)) &&
           ck_json_put_text(m, out, "\",\"shape\":[") &&
           put_shape(m, out, ck_flat_at(&plan->flat, item->entry)->tensor) &&
           ck_json_put_text(m, out, "],\"data_offsets\":[") &&
           ck_json_put_uint(m, out, item->begin) && ck_json_put_text(m, out, ",") &&
           ck_json_put_uint(m, out, item->begin + item->size) && ck_json_put_text(m, out, "]}");
}

static ckpt_status fail_large(ckpt_error *err) {
    return ck_fail(err, CKPT_E_LIMIT, "the header would have more than %u bytes",
                   CK_SAFETENSORS_MAX_HEADER);
}

/* The size, the header, the padding. */
static ckpt_status make_header(const ck_safetensors_plan *plan, const ck_safetensors_item *items,
                               uint32_t count, ck_buffer *out, ckpt_error *err) {
    const ck_memory *m = &plan->flat.memory;
    size_t field = CK_SAFETENSORS_SIZE_FIELD;
    bool good = ck_buffer_append_zeros(m, out, field) && ck_json_put_text(m, out, "{") &&
                put_metadata(plan, out);
    for (uint32_t i = 0; i < count && good; i++) {
        good = (out->size == field + 1 || ck_json_put_text(m, out, ",")) &&
               put_item(plan, out, &items[i]);
        if (good && out->size > CK_SAFETENSORS_MAX_HEADER + field)
            return fail_large(err);
    }
    good = good && ck_json_put_text(m, out, "}");
    while (good && out->size % 8 != 0)
        good = ck_json_put_text(m, out, " ");
    if (!good)
        return ck_fail_nomem(err);
    if (out->size > CK_SAFETENSORS_MAX_HEADER + field)
        return fail_large(err);
    ck_store64(out->bytes, out->size - field);
    return CKPT_OK;
}

/* ---- the file ---- */

ckpt_status ck_safetensors_write_items(const ck_safetensors_plan *plan,
                                       const ck_safetensors_item *items, uint32_t count,
                                       const ck_sink *sink, ck_meter *meter, ckpt_error *err) {
    ck_buffer header = {NULL, 0, 0};
    ckpt_status status = make_header(plan, items, count, &header, err);
    if (status == CKPT_OK)
        status = sink->write(sink->ctx, header.bytes, header.size, 0, err);
    uint64_t data = header.size;
    ck_buffer_clear(&plan->flat.memory, &header);
    for (uint32_t i = 0; i < count && status == CKPT_OK; i++)
        status = ck_tensor_to_sink(ck_flat_at(&plan->flat, items[i].entry)->tensor, sink,
                                   data + items[i].begin, meter, err);
    return status;
}

static ckpt_status write_planned(const ck_safetensors_plan *plan, const ck_sink *sink,
                                 const ckpt_save_options *options, ckpt_error *err) {
    ck_losses losses = {options->on_loss, options->loss_ctx};
    ck_meter meter = ck_meter_for(options, plan->total);
    bool is_set = options->shard_size != 0 && ck_safetensors_is_set(plan, sink);
    ckpt_status status = ck_safetensors_report(plan, is_set, &losses, err);
    if (status != CKPT_OK)
        return status;
    if (is_set)
        return ck_safetensors_write_set(plan, sink, &meter, err);
    return ck_safetensors_write_items(plan, plan->items, plan->count, sink, &meter, err);
}

ckpt_status ck_safetensors_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                                 ckpt_error *err) {
    ck_safetensors_plan plan;
    ckpt_status status = ck_safetensors_plan_make(&plan, c, options->shard_size, err);
    if (status == CKPT_OK)
        status = write_planned(&plan, sink, options, err);
    ck_safetensors_plan_clear(&plan);
    return status;
}
