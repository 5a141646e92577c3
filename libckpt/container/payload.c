/* SPDX-License-Identifier: MIT */
#include "container/payload.h"

#include "base/checked.h"
#include "container/payloadwriter.h"

#include <string.h>

/* Bytes between two calls of progress, at least. */
#define PROGRESS_STEP ((uint64_t)1 << 20)
/* Less is there before anybody could reserve it. */
#define WORTH_RESERVING ((uint64_t)1 << 20)

static ckpt_status find_chunk_log2(const ckpt_save_options *options, unsigned *ret_chunk_log2,
                                   ckpt_error *err) {
    uint64_t size = options->chunk_size;
    unsigned log2 = CK_DEFAULT_CHUNK_LOG2;
    if (size != 0) {
        for (log2 = CK_MIN_CHUNK_LOG2; log2 < CK_MAX_CHUNK_LOG2 && size >> log2 > 1; log2++)
            continue;
        if (size != (uint64_t)1 << log2)
            return ck_fail(err, CKPT_E_ARGUMENT,
                           "the chunk size is not a power of two from 4096 to 2^30");
    }
    if (options->compress && options->no_checksums)
        return ck_fail(err, CKPT_E_ARGUMENT, "what is compressed has checksums");
    if (options->compress && log2 > CK_MAX_ENCODED_CHUNK_LOG2)
        return ck_fail(err, CKPT_E_ARGUMENT, "chunks that are compressed have at most 2^24 bytes");
    *ret_chunk_log2 = options->no_checksums ? 0 : log2;
    return CKPT_OK;
}

ckpt_status ck_payload_check(const ckpt_save_options *options, ckpt_error *err) {
    unsigned chunk_log2;
    return find_chunk_log2(options, &chunk_log2, err);
}

static ckpt_status write_zeros(const ck_sink *sink, uint64_t from, uint64_t to, ckpt_error *err) {
    static const unsigned char zeros[CK_LARGE_ALIGNMENT] = {0};
    return to > from ? sink->write(sink->ctx, zeros, (size_t)(to - from), from, err) : CKPT_OK;
}

/* An encoded storage that is given up is begun again: its bytes are not done twice. Now and then is
 * enough. */
ckpt_status ck_writer_report(ck_payload_writer *w, uint64_t bytes, ckpt_error *err) {
    const ckpt_save_options *options = w->options;
    w->done += bytes;
    if (w->done < w->reported + PROGRESS_STEP && w->done != w->total)
        return CKPT_OK;
    w->reported = w->done;
    if (options->progress != NULL && !options->progress(options->ctx, w->done, w->total))
        return ck_fail(err, CKPT_E_CANCELLED, "saving was cancelled");
    return CKPT_OK;
}

ckpt_status ck_writer_place(ck_payload_writer *w, uint32_t storage, const ck_storage_rec *rec,
                            uint64_t first_chunk, ckpt_error *err) {
    ck_storage_rec placed = *rec;
    placed.part = rec->size != 0 && w->part != CK_NONE ? CK_IN_OPEN_SHARD : CK_NONE;
    ckpt_status status = ck_placement_add(w->placement, storage, &placed, first_chunk, err);
    if (status == CKPT_OK && rec->size != 0)
        w->end = rec->offset + rec->stored_size;
    return status;
}

static ckpt_status write_storage(ck_payload_writer *w, uint32_t s, ckpt_error *err) {
    uint64_t size = ck_storage_at(w->c, w->all->storages.order[s])->size;
    bool is_placed = false;
    ckpt_status status = ck_reuse_place(&w->reuse, s, w->placement, &is_placed, err);
    if (status != CKPT_OK || is_placed)
        return status == CKPT_OK ? ck_writer_report(w, size, err) : status;
    if (w->sharded && size != 0)
        status = ck_shard_choose(w, s, size, err);
    if (status == CKPT_OK && w->options->compress)
        status = ck_write_encoded(w, s, &is_placed, err);
    if (status == CKPT_OK && !is_placed)
        status = ck_write_raw(w, s, err);
    return status;
}

static ckpt_status write_storages(ck_payload_writer *w, uint32_t first, ckpt_error *err) {
    uint32_t count = w->all->storages.count;
    ckpt_status status = CKPT_OK;
    for (uint32_t s = first; s < count && status == CKPT_OK; s++)
        status = write_storage(w, s, err);
    if (status == CKPT_OK && w->part != CK_NONE)
        status = ck_shard_close(w, count, err);
    return status;
}

/* The first tensor that views each storage: its type tells how the bytes are best laid out. */
static void find_types(const ck_payload_writer *w) {
    for (uint32_t s = 0; s < w->all->storages.count; s++)
        w->types[s] = CK_NONE;
    for (uint32_t t = 0; t < w->all->tensors.count; t++) {
        uint32_t tensor = w->all->tensors.order[t];
        uint32_t s = w->all->storages.number[ck_tensor_at(w->c, tensor)->storage];
        if (w->types[s] == CK_NONE)
            w->types[s] = tensor;
    }
}

/* Sums and the largest of what is to be written; where it will end if it is written raw. */
typedef struct extent {
    uint64_t largest;
    uint64_t written; /* sum */
    uint64_t end;
} extent;

static extent measure(ck_payload_writer *w, uint32_t first) {
    extent e = {0, 0, w->placement->end};
    for (uint32_t s = first; s < w->all->storages.count; s++) {
        uint64_t size = ck_storage_at(w->c, w->all->storages.order[s])->size;
        w->total = ck_add_saturated(w->total, size);
        if (size == 0 || ck_reuse_has(&w->reuse, s))
            continue;
        e.largest = size > e.largest ? size : e.largest;
        e.written = ck_add_saturated(e.written, size);
        if (!ck_align(e.end, ck_storage_alignment(size), &e.end))
            e.end = UINT64_MAX;
        e.end = ck_add_saturated(e.end, size);
    }
    return e;
}

static ckpt_status open_raw(ck_payload_writer *w, const extent *e, ckpt_error *err) {
    const ck_memory *memory = &w->c->memory;
    uint64_t begin = w->placement->end, chunk = (uint64_t)1 << w->chunk_log2;
    size_t least = (size_t)(e->largest < chunk ? e->largest : chunk);
    ckpt_status status = ck_stage_open(&w->stage, memory, &w->to, begin, e->end - begin, least,
                                       !w->options->compress, err);
    if (status != CKPT_OK)
        return status;
    if (w->sink->reserve != NULL && !w->sharded && !w->options->compress &&
        e->end - begin >= WORTH_RESERVING)
        w->sink->reserve(w->sink->ctx, e->end);
    w->run_chunks = ck_raw_run_chunks(w, e->largest);
    w->checksums = ck_alloc(memory, w->run_chunks, sizeof *w->checksums);
    w->failed = ck_alloc(memory, w->run_chunks, sizeof *w->failed);
    return w->checksums != NULL && w->failed != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status open_writer(ck_payload_writer *w, uint32_t first, ckpt_error *err) {
    ckpt_status status =
        ck_reuse_open(&w->reuse, w->all, first, w->options, w->sink, w->placement, err);
    if (status != CKPT_OK)
        return status;
    extent e = measure(w, first);
    w->sharded = w->options->shard_size != 0 && e.written > w->options->shard_size;
    status = open_raw(w, &e, err);
    if (status != CKPT_OK || !w->options->compress)
        return status;
    w->types = ck_alloc(&w->c->memory, w->all->storages.count, sizeof *w->types);
    if (w->types == NULL)
        return ck_fail_nomem(err);
    find_types(w);
    return ck_encode_pool_open(w, e.largest, err);
}

static void close_writer(ck_payload_writer *w) {
    const ck_memory *memory = &w->c->memory;
    ck_encode_pool_close(&w->pool);
    ck_reuse_close(&w->reuse);
    ck_free(memory, w->types, w->all->storages.count, sizeof *w->types);
    ck_free(memory, w->failed, w->run_chunks, sizeof *w->failed);
    ck_free(memory, w->checksums, w->run_chunks, sizeof *w->checksums);
    ck_stage_close(&w->stage, memory);
}

ckpt_status ck_payload_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                             const ck_collection *all, uint32_t first, ck_placement *placement,
                             ckpt_error *err) {
    ck_payload_writer w;
    memset(&w, 0, sizeof w);
    w.c = c;
    w.sink = sink;
    w.options = options;
    w.all = all;
    w.placement = placement;
    w.to = *sink;
    w.end = placement->end;
    w.part = CK_NONE;
    ckpt_status status = find_chunk_log2(options, &w.chunk_log2, err);
    if (status != CKPT_OK)
        return status;
    status = open_writer(&w, first, err);
    if (status == CKPT_OK)
        status = write_storages(&w, first, err);
    if (status == CKPT_OK)
        status = ck_stage_flush(&w.stage, err);
    close_writer(&w);
    return status;
}

ckpt_status ck_payload_finish(const ck_sink *sink, const ck_placement *placement,
                              const ck_encoded *index, ckpt_error *err) {
    ckpt_status status = write_zeros(sink, placement->end, index->offset, err);
    return status == CKPT_OK ? sink->write(sink->ctx, index->bytes, index->size, index->offset, err)
                             : status;
}
