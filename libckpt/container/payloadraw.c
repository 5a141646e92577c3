/* SPDX-License-Identifier: MIT */
/* Raw storages. Small ones are gathered; of large ones a run of chunks is read and checked by
 * several threads while the run before it is written. Bytes in memory are written from where they
 * are. A mapped file is read all the same: a disk that fails, or a file that becomes shorter, is an
 * error then, and not a signal. */
#include "base/checked.h"
#include "base/workers.h"
#include "container/payloadwriter.h"
#include "model/checksum.h"
#include "model/chunkread.h"
#include "model/storageread.h"

#include <string.h>

#define LARGE_STORAGE ((uint64_t)1 << 20)
/* Of bytes that need no buffer. */
#define DIRECT_RUN ((uint64_t)16 << 20)
/* What is worked on at once where there are no checksums. */
#define UNCHECKED_LOG2 20

static unsigned run_log2(const ck_payload_writer *w) {
    return w->chunk_log2 != 0 ? w->chunk_log2 : UNCHECKED_LOG2;
}

size_t ck_raw_run_chunks(const ck_payload_writer *w, uint64_t largest) {
    uint64_t most = largest < DIRECT_RUN ? largest : DIRECT_RUN;
    return (size_t)(most >> run_log2(w)) + 1;
}

typedef struct run {
    ck_payload_writer *w;
    const ckpt *from; /* where the bytes are read from, chunk by chunk; NULL: they are there */
    const ck_storage_rec *rec;   /* in `from`, or in the checkpoint whose memory it is */
    const uint64_t *expected;    /* checksums of the chunks, where they are known */
    const unsigned char *direct; /* the storage, when it is in memory */
    unsigned log2;               /* of the size of a chunk */
    uint64_t begin;              /* of the run in the storage */
    size_t size;
    unsigned char *buffer; /* for the run, when it is not in memory */
} run;

static size_t chunk_size(const run *r, size_t i) {
    size_t begin = i << r->log2, chunk = (size_t)1 << r->log2;
    return r->size - begin < chunk ? r->size - begin : chunk;
}

static void prepare_chunk(void *ctx, unsigned worker, size_t i) {
    const run *r = ctx;
    ck_payload_writer *w = r->w;
    size_t begin = i << r->log2, size = chunk_size(r, i);
    const unsigned char *bytes =
        r->direct != NULL ? r->direct + r->begin + begin : r->buffer + begin;
    (void)worker;
    w->failed[i] =
        r->from != NULL && ck_source_read(&r->from->source, r->rec->offset + r->begin + begin,
                                          r->buffer + begin, size, NULL) != CKPT_OK;
    if (w->failed[i] || (w->chunk_log2 == 0 && r->expected == NULL))
        return;
    w->checksums[i] = ck_checksum(bytes, size);
    if (r->expected != NULL)
        w->failed[i] = w->checksums[i] != r->expected[(r->begin >> r->log2) + i];
}

/* What was wrong, reading tells once more; should it be sound now, it is taken. */
static ckpt_status try_again(const run *r, ckpt_storage storage, size_t i, ckpt_error *err) {
    size_t begin = i << r->log2, size = chunk_size(r, i);
    ckpt_status status = ckpt_storage_read(storage, r->begin + begin, size, r->buffer + begin, err);
    if (status == CKPT_OK)
        r->w->checksums[i] = ck_checksum(r->buffer + begin, size);
    return status;
}

static ckpt_status take_chunks(run *r, ckpt_storage storage, size_t count, ckpt_error *err) {
    ck_payload_writer *w = r->w;
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; i < count && status == CKPT_OK; i++) {
        size_t size = chunk_size(r, i);
        if (w->failed[i])
            status = try_again(r, storage, i, err);
        if (status == CKPT_OK && w->chunk_log2 != 0)
            status = ck_placement_add_chunk(w->placement, w->checksums[i],
                                            r->begin + (i << r->log2) + size, err);
        if (status == CKPT_OK)
            status = ck_writer_report(w, size, err);
    }
    return status;
}

static ckpt_status write_run(run *r, ckpt_storage storage, ckpt_error *err) {
    ck_payload_writer *w = r->w;
    size_t count = ((r->size - 1) >> r->log2) + 1;
    unsigned workers =
        r->size < LARGE_STORAGE ? 1 : ck_worker_count(w->options->threads, count + 1);
    ckpt_status status = CKPT_OK;
    r->buffer = w->stage.buffers[w->stage.current];
    if (r->direct == NULL && r->from == NULL)
        status = ckpt_storage_read(storage, r->begin, r->size, r->buffer, err);
    if (status != CKPT_OK)
        return status;
    ck_work_beside(workers, count, prepare_chunk, r, ck_stage_write_waiting, &w->stage);
    status = take_chunks(r, storage, count, err);
    const unsigned char *bytes = r->direct != NULL ? r->direct + r->begin : r->buffer;
    return status == CKPT_OK ? ck_stage_post_run(&w->stage, bytes, r->size, err) : status;
}

/* Whether the chunks of the new file are those of the one that the storage is in, or that one has
 * none: then each can be read and checked by itself. */
static void find_way(run *r, ckpt_storage storage) {
    const ckpt *c = storage.owner;
    const ck_storage_rec *rec = ck_storage_at(c, storage.id);
    bool is_in_file = rec->part == CK_NONE;
    r->rec = rec;
    if (is_in_file &&
        (rec->encoding != CK_ENCODING_RAW || (rec->chunk_log2 != 0 && rec->chunk_log2 != r->log2)))
        return;
    if (is_in_file && rec->chunk_log2 != 0)
        r->expected = ck_chunk_at(c, rec->first_chunk);
    if (is_in_file && ck_source_in_memory(&c->source) == NULL)
        r->from = c;
    else
        r->direct = ck_storage_bytes(storage);
    /* Nothing can be put right in memory: what has checksums of its own goes through a buffer. */
    if (r->direct != NULL && r->expected != NULL) {
        r->direct = NULL;
        r->from = c;
    }
}

static ckpt_status write_large(ck_payload_writer *w, ckpt_storage storage,
                               const ck_storage_rec *rec, ckpt_error *err) {
    run r = {.w = w, .log2 = run_log2(w)};
    find_way(&r, ck_storage_resolve(storage));
    uint64_t chunk = (uint64_t)1 << r.log2;
    uint64_t most = r.direct != NULL ? DIRECT_RUN : w->stage.room >> r.log2 << r.log2;
    ckpt_status status = ck_stage_post(&w->stage, rec->offset, err);
    most = most < chunk ? chunk : most;
    for (uint64_t done = 0; done < rec->size && status == CKPT_OK; done += r.size) {
        r.begin = done;
        r.size = (size_t)(rec->size - done < most ? rec->size - done : most);
        status = write_run(&r, storage, err);
    }
    return status;
}

static ckpt_status add_checksums(ck_payload_writer *w, const unsigned char *bytes, size_t size,
                                 ckpt_error *err) {
    size_t chunk = (size_t)1 << w->chunk_log2;
    ckpt_status status = CKPT_OK;
    for (size_t done = 0; done < size && status == CKPT_OK;) {
        size_t part = size - done < chunk ? size - done : chunk;
        status =
            ck_placement_add_chunk(w->placement, ck_checksum(bytes + done, part), done + part, err);
        done += part;
    }
    return status;
}

static ckpt_status write_small(ck_payload_writer *w, ckpt_storage storage,
                               const ck_storage_rec *rec, ckpt_error *err) {
    size_t size = (size_t)rec->size;
    unsigned char *bytes;
    ckpt_status status = ck_stage_take(&w->stage, rec->offset, size, &bytes, err);
    if (status == CKPT_OK)
        status = ckpt_storage_read(storage, 0, size, bytes, err);
    if (status == CKPT_OK && w->chunk_log2 != 0)
        status = add_checksums(w, bytes, size, err);
    return status == CKPT_OK ? ck_writer_report(w, size, err) : status;
}

ckpt_status ck_write_raw(ck_payload_writer *w, uint32_t s, ckpt_error *err) {
    ckpt_storage storage = {w->c, w->all->storages.order[s]};
    ck_storage_rec rec = {.size = ckpt_storage_size(storage), .part = CK_NONE};
    uint64_t first_chunk = w->placement->chunks.count;
    ckpt_status status = CKPT_OK;
    rec.stored_size = rec.size;
    if (rec.size != 0) {
        rec.chunk_log2 = (uint8_t)w->chunk_log2;
        if (!ck_align(w->end, ck_storage_alignment(rec.size), &rec.offset))
            return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
        status = rec.size < LARGE_STORAGE ? write_small(w, storage, &rec, err)
                                          : write_large(w, storage, &rec, err);
    }
    return status == CKPT_OK ? ck_writer_place(w, s, &rec, first_chunk, err) : status;
}
