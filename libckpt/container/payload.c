/* SPDX-License-Identifier: MIT */
#include "container/payload.h"

#include "base/checked.h"
#include "container/payloadwriter.h"

#include <string.h>
#include <xxhash.h>

#define PIECE_SIZE ((size_t)1 << 20)

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

ckpt_status ck_writer_pad(const ck_payload_writer *w, uint64_t offset, ckpt_error *err) {
    return write_zeros(&w->to, w->end, offset, err);
}

ckpt_status ck_writer_report(ck_payload_writer *w, uint64_t bytes, ckpt_error *err) {
    const ckpt_save_options *options = w->options;
    w->done += bytes;
    if (options->progress != NULL && !options->progress(options->ctx, w->done, w->total))
        return ck_fail(err, CKPT_E_CANCELLED, "saving was cancelled");
    return CKPT_OK;
}

static ckpt_status write_piece(ck_payload_writer *w, ckpt_storage storage, uint64_t done,
                               size_t size, uint64_t offset, ckpt_error *err) {
    ckpt_status status = ckpt_storage_read(storage, done, size, w->buffer, err);
    if (status == CKPT_OK && w->chunk_log2 != 0)
        status =
            ck_placement_add_chunk(w->placement, XXH3_64bits(w->buffer, size), done + size, err);
    if (status == CKPT_OK)
        status = w->to.write(w->to.ctx, w->buffer, size, offset + done, err);
    return status == CKPT_OK ? ck_writer_report(w, size, err) : status;
}

static ckpt_status write_raw(ck_payload_writer *w, uint32_t s, ckpt_error *err) {
    ckpt_storage storage = {w->c, w->all->storages.order[s]};
    ck_storage_rec rec = {.size = ckpt_storage_size(storage), .part = CK_NONE};
    uint64_t first_chunk = w->placement->chunks.count;
    ckpt_status status = CKPT_OK;
    rec.stored_size = rec.size;
    if (rec.size != 0) {
        rec.chunk_log2 = (uint8_t)w->chunk_log2;
        if (!ck_align(w->end, ck_storage_alignment(rec.size), &rec.offset))
            return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
        status = ck_writer_pad(w, rec.offset, err);
    }
    for (uint64_t done = 0; done < rec.size && status == CKPT_OK;) {
        size_t piece =
            rec.size - done < w->buffer_size ? (size_t)(rec.size - done) : w->buffer_size;
        status = write_piece(w, storage, done, piece, rec.offset, err);
        done += piece;
    }
    return status == CKPT_OK ? ck_writer_place(w, s, &rec, first_chunk, err) : status;
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
        status = write_raw(w, s, err);
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

static ckpt_status open_writer(ck_payload_writer *w, uint32_t first, ckpt_error *err) {
    const ck_memory *memory = &w->c->memory;
    uint64_t largest = 0, written = 0;
    ckpt_status status =
        ck_reuse_open(&w->reuse, w->all, first, w->options, w->sink, w->placement, err);
    if (status != CKPT_OK)
        return status;
    for (uint32_t s = first; s < w->all->storages.count; s++) {
        uint64_t size = ck_storage_at(w->c, w->all->storages.order[s])->size;
        w->total = ck_add_saturated(w->total, size);
        if (ck_reuse_has(&w->reuse, s))
            continue;
        largest = size > largest ? size : largest;
        written = ck_add_saturated(written, size);
    }
    w->sharded = w->options->shard_size != 0 && written > w->options->shard_size;
    w->buffer_size = w->chunk_log2 != 0 ? (size_t)1 << w->chunk_log2 : PIECE_SIZE;
    if (largest < w->buffer_size)
        w->buffer_size = (size_t)largest;
    w->buffer = ck_alloc(memory, w->buffer_size, 1);
    if (w->buffer == NULL)
        return ck_fail_nomem(err);
    if (!w->options->compress)
        return CKPT_OK;
    w->types = ck_alloc(memory, w->all->storages.count, sizeof *w->types);
    if (w->types == NULL)
        return ck_fail_nomem(err);
    find_types(w);
    return ck_encode_pool_open(w, largest, err);
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
    ck_encode_pool_close(&w.pool);
    ck_reuse_close(&w.reuse);
    ck_free(&c->memory, w.types, all->storages.count, sizeof *w.types);
    ck_free(&c->memory, w.buffer, w.buffer_size, 1);
    return status;
}

ckpt_status ck_payload_finish(const ck_sink *sink, const ck_placement *placement,
                              const ck_encoded *index, ckpt_error *err) {
    ckpt_status status = write_zeros(sink, placement->end, index->offset, err);
    return status == CKPT_OK ? sink->write(sink->ctx, index->bytes, index->size, index->offset, err)
                             : status;
}
