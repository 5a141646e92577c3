/* SPDX-License-Identifier: MIT */
/* Encoding a storage: chunk by chunk, as many at once as there are threads. Each chunk is encoded
 * by itself, so the bytes do not depend on the number of threads. */
#include "base/checked.h"
#include "base/workers.h"
#include "container/payloadwriter.h"
#include "model/checksum.h"

#include <string.h>

/* Storages that are smaller are not worth it: where a storage begins is rounded up by as much. */
#define SMALLEST ((uint64_t)256)
/* One that shrinks by less than its 64th part stays raw, and can be mapped. */
#define LEAST_GAIN 64
#define POOL_SIZE ((uint64_t)64 << 20)

static ckpt_status allocate(ck_encode_pool *pool, ckpt_error *err) {
    size_t count = pool->workers;
    pool->chunks = ck_alloc(&pool->memory, count, pool->chunk_room);
    pool->stored = ck_alloc(&pool->memory, count, pool->stored_room);
    pool->stored_sizes = ck_calloc(&pool->memory, count, sizeof *pool->stored_sizes);
    pool->codecs = ck_calloc(&pool->memory, count, sizeof *pool->codecs);
    if (pool->chunks == NULL || pool->stored == NULL || pool->stored_sizes == NULL ||
        pool->codecs == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = CKPT_OK;
    for (unsigned i = 0; i < pool->workers && status == CKPT_OK; i++)
        status = ck_encoder_open(&pool->memory, pool->chunk_room, &pool->codecs[i], err);
    return status;
}

ckpt_status ck_encode_pool_open(ck_payload_writer *w, uint64_t largest, ckpt_error *err) {
    ck_encode_pool *pool = &w->pool;
    uint64_t chunk = (uint64_t)1 << w->chunk_log2;
    uint64_t chunks = largest != 0 ? ((largest - 1) >> w->chunk_log2) + 1 : 1;
    uint64_t most = POOL_SIZE / (3 * chunk) + 1;
    pool->memory = w->c->memory;
    pool->workers = ck_worker_count(w->options->threads, (size_t)(chunks < most ? chunks : most));
    pool->chunk_room = (size_t)(largest < chunk ? largest : chunk);
    pool->stored_room = ck_encoded_room(pool->chunk_room, CK_MAX_WIDTH);
    return allocate(pool, err);
}

void ck_encode_pool_close(ck_encode_pool *pool) {
    size_t count = pool->workers;
    if (count == 0)
        return;
    for (size_t i = 0; i < count && pool->codecs != NULL; i++)
        ck_codec_close(pool->codecs[i]);
    ck_free(&pool->memory, pool->codecs, count, sizeof *pool->codecs);
    ck_free(&pool->memory, pool->stored_sizes, count, sizeof *pool->stored_sizes);
    ck_free(&pool->memory, pool->stored, count, pool->stored_room);
    ck_free(&pool->memory, pool->chunks, count, pool->chunk_room);
}

/* Floats are rotated, so that exponents have a byte of their own; the two parts of a complex number
 * are two elements. */
static void choose_form(const ck_payload_writer *w, uint32_t s, ck_storage_rec *rec) {
    const ckpt *c = w->c;
    const ck_dtype_rec *type = ck_dtype_at(c, ck_tensor_at(c, w->types[s])->dtype);
    bool is_float = type->dtype_class == CKPT_CLASS_FLOAT;
    bool is_complex = type->dtype_class == CKPT_CLASS_COMPLEX;
    uint32_t bytes = is_complex ? type->block_bytes / 2 : type->block_bytes;
    bool fits = type->block_elements == 1 && (bytes == 2 || bytes == 4 || bytes == 8) &&
                type->dtype_class != CKPT_CLASS_BLOCK;
    rec->encoding = CK_ENCODING_PLANES;
    rec->width = (uint8_t)(fits ? bytes : 1);
    rec->rotation = (uint8_t)(fits && (is_float || is_complex));
}

typedef struct batch {
    const ck_encode_pool *pool;
    const ck_storage_rec *rec;
    size_t size; /* bytes of all chunks in it */
} batch;

static void encode_chunk(void *ctx, unsigned worker, size_t i) {
    const batch *b = ctx;
    const ck_encode_pool *pool = b->pool;
    size_t begin = i << b->rec->chunk_log2, chunk = (size_t)1 << b->rec->chunk_log2;
    size_t size = b->size - begin < chunk ? b->size - begin : chunk;
    ck_chunk_form form = {b->rec->width, b->rec->rotation};
    pool->stored_sizes[i] = ck_chunk_encode(pool->codecs[worker], form, pool->chunks + begin, size,
                                            pool->stored + i * pool->stored_room);
}

/* Passes on what was encoded, in order; false when that would be too much for this storage. */
static ckpt_status put_batch(ck_payload_writer *w, ck_storage_rec *rec, size_t count,
                             bool *ret_fits, ckpt_error *err) {
    const ck_encode_pool *pool = &w->pool;
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; i < count && status == CKPT_OK; i++) {
        const unsigned char *stored = pool->stored + i * pool->stored_room;
        size_t size = pool->stored_sizes[i];
        uint64_t end = rec->stored_size + size;
        if (end >= rec->size - rec->size / LEAST_GAIN) {
            *ret_fits = false;
            return CKPT_OK;
        }
        status = ck_stage_put(&w->stage, rec->offset + rec->stored_size, stored, size, err);
        if (status == CKPT_OK)
            status = ck_placement_add_chunk(w->placement, ck_checksum(stored, size), end, err);
        rec->stored_size = end;
    }
    return status;
}

static ckpt_status write_chunks(ck_payload_writer *w, uint32_t s, ck_storage_rec *rec,
                                bool *ret_fits, ckpt_error *err) {
    ckpt_storage storage = {w->c, w->all->storages.order[s]};
    uint64_t most = (uint64_t)w->pool.workers << rec->chunk_log2;
    ckpt_status status = CKPT_OK;
    for (uint64_t done = 0; done < rec->size && status == CKPT_OK && *ret_fits;) {
        uint64_t left = rec->size - done;
        batch b = {&w->pool, rec, (size_t)(left < most ? left : most)};
        size_t count = ((b.size - 1) >> rec->chunk_log2) + 1;
        status = ckpt_storage_read(storage, done, b.size, w->pool.chunks, err);
        if (status != CKPT_OK)
            return status;
        ck_work(w->pool.workers, count, encode_chunk, &b);
        status = put_batch(w, rec, count, ret_fits, err);
        done += b.size;
        if (status == CKPT_OK && *ret_fits)
            status = ck_writer_report(w, b.size, err);
    }
    return status;
}

ckpt_status ck_write_encoded(ck_payload_writer *w, uint32_t storage, bool *ret_is_placed,
                             ckpt_error *err) {
    ck_placement *placement = w->placement;
    ck_storage_rec rec = {.size = ck_storage_at(w->c, w->all->storages.order[storage])->size};
    size_t first_chunk = placement->chunks.count;
    uint64_t done = w->done;
    bool fits = true;
    if (rec.size < SMALLEST)
        return CKPT_OK;
    choose_form(w, storage, &rec);
    rec.chunk_log2 = (uint8_t)w->chunk_log2;
    if (!ck_align(w->end, CK_ALIGNMENT, &rec.offset))
        return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
    ckpt_status status = write_chunks(w, storage, &rec, &fits, err);
    if (status != CKPT_OK)
        return status;
    if (fits) {
        *ret_is_placed = true;
        return ck_writer_place(w, storage, &rec, first_chunk, err);
    }
    placement->chunks.count = first_chunk;
    ck_stage_rewind(&w->stage, w->end);
    w->done = done;
    return CKPT_OK;
}
