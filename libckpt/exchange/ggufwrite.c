/* SPDX-License-Identifier: MIT */
/* Writing GGUF files (spec/exchange.md): one, or as many as shard_size makes of it. */
#include "exchange/ggufwrite.h"

#include "base/checked.h"
#include "exchange/ggufsplit.h"
#include "exchange/ggufvalues.h"
#include "exchange/tensorstream.h"

#include <string.h>

/* A file that is being written. */
typedef struct gguf_output {
    const ck_gguf_plan *plan;
    const ck_sink *sink;
    ck_meter *meter;
    uint32_t number; /* of the files of the model, from 0 */
    ck_buffer head;
} gguf_output;

static const ck_memory *memory_of(const gguf_output *o) {
    return &o->plan->flat.memory;
}

static bool put(gguf_output *o, uint64_t value, uint32_t size) {
    return ck_gguf_put_number(memory_of(o), &o->head, value, size);
}

static bool put_descriptions(gguf_output *o, const ck_gguf_span *span) {
    const ck_flat *flat = &o->plan->flat;
    bool good = true;
    for (uint32_t i = 0; i < span->count && good; i++) {
        const ck_gguf_item *item = ck_gguf_item_at(o->plan, span->first + i);
        const ck_flat_entry *entry = ck_flat_at(flat, item->entry);
        uint32_t rank = ckpt_tensor_rank(entry->tensor);
        good = ck_gguf_put_string(memory_of(o), &o->head, ck_flat_written(flat, item->entry),
                                  entry->written_size) &&
               put(o, rank, 4);
        for (uint32_t k = rank; k-- > 0 && good;)
            good = put(o, ckpt_tensor_shape(entry->tensor)[k], 8);
        good = good && put(o, item->dtype, 4) && put(o, item->offset, 8);
    }
    return good;
}

/* The types are those that llama.cpp demands. */
static bool put_split(gguf_output *o, uint64_t *count) {
    uint32_t files = ck_gguf_span_count(o->plan);
    if (files == 1)
        return true;
    *count += 3;
    return ck_gguf_put_integer(memory_of(o), &o->head, CK_GGUF_SPLIT_NO, CK_GGUF_U16, o->number) &&
           ck_gguf_put_integer(memory_of(o), &o->head, CK_GGUF_SPLIT_COUNT, CK_GGUF_U16, files) &&
           ck_gguf_put_integer(memory_of(o), &o->head, CK_GGUF_SPLIT_TENSORS, CK_GGUF_I32,
                               ck_gguf_item_count(o->plan));
}

static ckpt_status put_values(gguf_output *o, uint64_t *count, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    if (o->number == 0) {
        status =
            ck_gguf_put_metadata(o->plan, ck_gguf_span_count(o->plan) > 1, &o->head, count, err);
    } else if (o->plan->alignment != CK_GGUF_ALIGNMENT) {
        ++*count;
        if (!ck_gguf_put_integer(memory_of(o), &o->head, CK_GGUF_ALIGNMENT_KEY, CK_GGUF_U32,
                                 o->plan->alignment))
            status = ck_fail_nomem(err);
    }
    if (status == CKPT_OK && !put_split(o, count))
        status = ck_fail_nomem(err);
    return status;
}

static bool pad_head(gguf_output *o) {
    uint64_t padded;
    return ck_align(o->head.size, o->plan->alignment, &padded) &&
           ck_buffer_append_zeros(memory_of(o), &o->head, (size_t)(padded - o->head.size));
}

static ckpt_status make_head(gguf_output *o, const ck_gguf_span *span, ckpt_error *err) {
    enum { COUNT_OF_VALUES = 16 };
    uint64_t count = 0;
    bool good = ck_buffer_append(memory_of(o), &o->head, CK_GGUF_MAGIC, 4) &&
                put(o, CK_GGUF_VERSION, 4) && put(o, span->count, 8) && put(o, 0, 8);
    ckpt_status status = good ? put_values(o, &count, err) : ck_fail_nomem(err);
    if (status != CKPT_OK)
        return status;
    for (int i = 0; i < 8; i++)
        o->head.bytes[COUNT_OF_VALUES + i] = (unsigned char)(count >> 8 * i);
    return put_descriptions(o, span) && pad_head(o) ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status write_zeros(const ck_sink *sink, uint64_t offset, uint64_t size,
                               ckpt_error *err) {
    static const unsigned char zeros[4096];
    ckpt_status status = CKPT_OK;
    while (size > 0 && status == CKPT_OK) {
        size_t piece = size < sizeof zeros ? (size_t)size : sizeof zeros;
        status = sink->write(sink->ctx, zeros, piece, offset, err);
        offset += piece;
        size -= piece;
    }
    return status;
}

static ckpt_status write_data(const gguf_output *o, const ck_gguf_span *span, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < span->count && status == CKPT_OK; i++) {
        const ck_gguf_item *item = ck_gguf_item_at(o->plan, span->first + i);
        const ck_flat_entry *entry = ck_flat_at(&o->plan->flat, item->entry);
        uint64_t begin = o->head.size + item->offset, end = item->offset + entry->nbytes;
        uint64_t next = i + 1 < span->count ? item[1].offset : span->size;
        status = ck_tensor_to_sink(entry->tensor, o->sink, begin, o->meter, err);
        if (status == CKPT_OK)
            status = write_zeros(o->sink, begin + entry->nbytes, next - end, err);
    }
    return status;
}

static ckpt_status write_one(const ck_gguf_plan *plan, uint32_t number, const ck_sink *sink,
                             ck_meter *meter, ckpt_error *err) {
    gguf_output o = {plan, sink, meter, number, {NULL, 0, 0}};
    const ck_gguf_span *span = ck_gguf_span_at(plan, number);
    ckpt_status status = make_head(&o, span, err);
    if (status == CKPT_OK)
        status = sink->write(sink->ctx, o.head.bytes, o.head.size, 0, err);
    if (status == CKPT_OK)
        status = write_data(&o, span, err);
    ck_buffer_clear(&plan->flat.memory, &o.head);
    return status;
}

/* ---- several files ---- */

/* The first file stands at the path of the caller, which must be the name that it has to have. */
static ckpt_status check_path(const ck_part_files *parts, uint32_t count, ckpt_error *err) {
    char component[CK_GGUF_COMPONENT_ROOM], suffix[32];
    if (count > CK_GGUF_MAX_SPLITS || count > UINT16_MAX)
        return ck_fail(err, CKPT_E_LIMIT, "the model would need %lu files, more than 65535",
                       (unsigned long)count);
    if (ck_gguf_split_component(parts->path, 0, count, component))
        return CKPT_OK;
    ck_gguf_split_suffix(0, count, suffix);
    return ck_fail(err, CKPT_E_ARGUMENT,
                   "%s: the model needs %lu files; the name of the first must end in %s",
                   CK_NAME(parts->path), (unsigned long)count, suffix);
}

/* One file under the name of one of several would be taken for a part of a model. */
static ckpt_status check_single(const ck_part_files *parts, ckpt_error *err) {
    uint32_t named = ck_gguf_split_count_of(parts->path);
    if (named > 1)
        return ck_fail(err, CKPT_E_ARGUMENT,
                       "%s: the model needs one file, not one of %lu as the name says",
                       CK_NAME(parts->path), (unsigned long)named);
    return CKPT_OK;
}

static ckpt_status write_other(const ck_gguf_plan *plan, uint32_t number,
                               const ck_part_files *parts, ck_meter *meter, ckpt_error *err) {
    char component[CK_GGUF_COMPONENT_ROOM];
    uint32_t part;
    ck_sink sink;
    ckpt_status status = parts->create(parts->ctx, &part, &sink, err);
    if (status == CKPT_OK)
        status = write_one(plan, number, &sink, meter, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_gguf_split_component(parts->path, number, ck_gguf_span_count(plan), component))
        return ck_fail(err, CKPT_E_ARGUMENT, "the path has changed");
    status = parts->name(parts->ctx, part, component, err);
    return status == CKPT_OK ? parts->finish(parts->ctx, part, err) : status;
}

static ckpt_status write_planned(const ck_gguf_plan *plan, const ck_sink *sink,
                                 const ckpt_save_options *options, ckpt_error *err) {
    uint32_t files = ck_gguf_span_count(plan);
    ck_meter meter = ck_meter_for(options, plan->total);
    ckpt_status status = CKPT_OK;
    if (files > 1)
        status = check_path(sink->parts, files, err);
    else if (sink->parts != NULL && options->shard_size != 0)
        status = check_single(sink->parts, err);
    if (status == CKPT_OK)
        status = ck_gguf_plan_report(plan, err);
    if (status == CKPT_OK)
        status = write_one(plan, 0, sink, &meter, err);
    if (status == CKPT_OK && files > 1)
        sink->parts->replace(sink->parts->ctx);
    for (uint32_t i = 1; i < files && status == CKPT_OK; i++)
        status = write_other(plan, i, sink->parts, &meter, err);
    return status;
}

ckpt_status ck_gguf_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                          ckpt_error *err) {
    ck_gguf_plan plan;
    ck_losses losses = {options->on_loss, options->loss_ctx};
    uint64_t shard_size = sink->parts != NULL ? options->shard_size : 0;
    ckpt_status status = ck_gguf_plan_make(&plan, c, shard_size, &losses, err);
    if (status == CKPT_OK)
        status = write_planned(&plan, sink, options, err);
    ck_gguf_plan_clear(&plan);
    return status;
}
