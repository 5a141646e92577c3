/* SPDX-License-Identifier: MIT */
#include "model/chunkread.h"

#include "base/checked.h"
#include "base/workers.h"
#include "model/checksum.h"
#include "model/decoderpool.h"

#include <string.h>

/* Below this, starting threads costs more than they save. */
#define WORTH_THREADS ((size_t)1 << 20)

/* Chunks that are in memory as they are in the file, and where they are to go. */
typedef struct batch {
    const ckpt *c;
    const ck_storage_rec *rec;
    uint32_t storage;
    uint64_t first;
    size_t count;
    const unsigned char *stored; /* of all of them; destination itself where nothing is encoded */
    unsigned char *destination;
    const char **complaints; /* by chunk; NULL: it is sound */
    void *decoders[CK_MAX_WORKERS];
    unsigned workers;
} batch;

static const char bad_checksum[] = "has not its checksum";

uint64_t ck_chunk_begin(const ckpt *c, const ck_storage_rec *rec, uint64_t chunk) {
    uint64_t begin = chunk << rec->chunk_log2;
    if (rec->encoding == CK_ENCODING_RAW)
        return begin < rec->size ? begin : rec->size;
    return chunk == 0 ? 0 : ck_chunk_end_at(c, rec->first_chunk + chunk - 1);
}

static void take_chunk(void *ctx, unsigned worker, size_t i) {
    const batch *b = ctx;
    uint64_t chunk = b->first + i, origin = ck_chunk_begin(b->c, b->rec, b->first);
    uint64_t begin = ck_chunk_begin(b->c, b->rec, chunk) - origin;
    size_t size = (size_t)(ck_chunk_begin(b->c, b->rec, chunk + 1) - origin - begin);
    const unsigned char *stored = b->stored + begin;
    b->complaints[i] = NULL;
    if (ck_checksum(stored, size) != *ck_chunk_at(b->c, b->rec->first_chunk + chunk))
        b->complaints[i] = bad_checksum;
    else if (b->decoders[worker] != NULL)
        b->complaints[i] = b->c->coding->decode(b->decoders[worker], b->rec, stored, size,
                                                b->destination + (i << b->rec->chunk_log2),
                                                ck_chunk_size(b->rec, chunk));
}

static ckpt_status report(const batch *b, ckpt_error *err) {
    for (size_t i = 0; i < b->count; i++) {
        const char *complaint = b->complaints[i];
        if (complaint == NULL)
            continue;
        uint64_t chunk = b->first + i;
        bool is_checksum = complaint == bad_checksum;
        ck_place place = {b->c->source.name, b->rec->offset + ck_chunk_begin(b->c, b->rec, chunk),
                          is_checksum ? "C2" : "C3", 0, 0};
        return ck_fail_at(err, &place, is_checksum ? CKPT_E_CHECKSUM : CKPT_E_STRUCTURE,
                          "chunk %llu of storage %u %s%s", (unsigned long long)chunk,
                          (unsigned)b->storage,
                          is_checksum ? "" : "cannot be decoded: ", complaint);
    }
    return CKPT_OK;
}

static size_t stored_size(const batch *b) {
    return (size_t)(ck_chunk_begin(b->c, b->rec, b->first + b->count) -
                    ck_chunk_begin(b->c, b->rec, b->first));
}

/* One request, then each chunk for itself. */
static ckpt_status read_batch(batch *b, unsigned char *stored, ckpt_error *err) {
    size_t size = stored_size(b);
    b->stored = stored;
    ckpt_status status = ck_source_read(
        &b->c->source, b->rec->offset + ck_chunk_begin(b->c, b->rec, b->first), stored, size, err);
    if (status != CKPT_OK)
        return status;
    ck_work(b->workers, b->count, take_chunk, b);
    return report(b, err);
}

/* As many chunks as one request is for: at least one. */
static size_t count_for_one_request(const batch *b, uint64_t left) {
    uint64_t begin = ck_chunk_begin(b->c, b->rec, b->first), low = 1, high = left;
    /* The ends of chunks ascend: the last that is near enough is found by halving. */
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (ck_chunk_begin(b->c, b->rec, b->first + middle) - begin <= CK_RUN_SIZE)
            low = middle;
        else
            high = middle - 1;
    }
    return (size_t)low;
}

static void give_decoders(const batch *b) {
    for (unsigned i = 0; i < b->workers; i++)
        ck_decoder_give(b->c, b->decoders[i]);
}

static ckpt_status take_decoders(batch *b, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (unsigned i = 0; i < b->workers && status == CKPT_OK; i++)
        status = ck_decoder_take(b->c, &b->decoders[i], err);
    return status;
}

/* Several requests, each for a run of chunks that are decoded from where they were read to. */
static ckpt_status read_encoded(batch *b, uint64_t count, ckpt_error *err) {
    const ck_memory *memory = &b->c->memory;
    uint64_t end = b->first + count;
    size_t largest = 0;
    for (uint64_t chunk = b->first; chunk < end; chunk++) {
        uint64_t size =
            ck_chunk_begin(b->c, b->rec, chunk + 1) - ck_chunk_begin(b->c, b->rec, chunk);
        largest = size > largest ? (size_t)size : largest;
    }
    uint64_t all = ck_chunk_begin(b->c, b->rec, end) - ck_chunk_begin(b->c, b->rec, b->first);
    size_t room = all < CK_RUN_SIZE ? (size_t)all : CK_RUN_SIZE;
    room = room < largest ? largest : room;
    unsigned char *stored = ck_alloc(memory, room, 1);
    ckpt_status status = stored != NULL ? take_decoders(b, err) : ck_fail_nomem(err);
    while (b->first < end && status == CKPT_OK) {
        b->count = count_for_one_request(b, end - b->first);
        status = read_batch(b, stored, err);
        b->destination += (uint64_t)b->count << b->rec->chunk_log2;
        b->first += b->count;
    }
    give_decoders(b);
    ck_free(memory, stored, room, 1);
    return status;
}

/* Small chunks need no threads, and one that is read alone can have no more than one. */
static unsigned workers_for(const ckpt *c, const ck_storage_rec *rec, uint64_t count) {
    uint64_t bytes = count << rec->chunk_log2;
    return bytes < WORTH_THREADS ? 1 : ck_worker_count(c->threads, (size_t)count);
}

ckpt_status ck_chunks_read(const ckpt *c, uint32_t storage, uint64_t first, uint64_t count,
                           unsigned char *destination, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, storage);
    batch b = {.c = c, .rec = rec, .storage = storage, .first = first};
    b.destination = destination;
    b.workers = workers_for(c, rec, count);
    size_t room = (size_t)count;
    b.complaints = ck_alloc(&c->memory, room, sizeof *b.complaints);
    if (b.complaints == NULL)
        return ck_fail_nomem(err);
    ckpt_status status;
    if (rec->encoding == CK_ENCODING_RAW) {
        b.count = room;
        status = read_batch(&b, destination, err);
    } else {
        status = read_encoded(&b, count, err);
    }
    ck_free(&c->memory, b.complaints, room, sizeof *b.complaints);
    return status;
}

/* A part of a run of chunks: by way of memory that holds all of them. */
static ckpt_status read_part(const ckpt *c, uint32_t storage, uint64_t first, uint64_t count,
                             uint64_t skip, size_t size, unsigned char *destination,
                             ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, storage);
    size_t whole = (size_t)((count - 1) << rec->chunk_log2) + ck_chunk_size(rec, first + count - 1);
    unsigned char *scratch = ck_alloc(&c->memory, whole, 1);
    if (scratch == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_chunks_read(c, storage, first, count, scratch, err);
    if (status == CKPT_OK)
        memcpy(destination, scratch + skip, size);
    ck_free(&c->memory, scratch, whole, 1);
    return status;
}

ckpt_status ck_chunks_read_range(const ckpt *c, uint32_t storage, uint64_t offset, size_t size,
                                 unsigned char *destination, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(c, storage);
    uint64_t first = offset >> rec->chunk_log2, end = offset + size;
    uint64_t last = (end - 1) >> rec->chunk_log2, skip = offset - (first << rec->chunk_log2);
    uint64_t last_begin = last << rec->chunk_log2;
    bool ends_whole = end - last_begin == ck_chunk_size(rec, last);
    if (skip == 0 && ends_whole)
        return ck_chunks_read(c, storage, first, last - first + 1, destination, err);
    if (first == last || ((last - first + 1) << rec->chunk_log2) <= CK_RUN_SIZE)
        return read_part(c, storage, first, last - first + 1, skip, size, destination, err);
    ckpt_status status = CKPT_OK;
    if (skip != 0) {
        size_t part = ck_chunk_size(rec, first) - (size_t)skip;
        status = read_part(c, storage, first, 1, skip, part, destination, err);
        destination += part;
        first++;
    }
    uint64_t whole = last - first + ends_whole;
    if (status == CKPT_OK && whole != 0)
        status = ck_chunks_read(c, storage, first, whole, destination, err);
    if (status == CKPT_OK && !ends_whole)
        status = read_part(c, storage, last, 1, 0, (size_t)(end - last_begin),
                           destination + (whole << rec->chunk_log2), err);
    return status;
}
