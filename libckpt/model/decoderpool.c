/* SPDX-License-Identifier: MIT */
#include "model/decoderpool.h"

#include "base/workers.h"
#include "model/chunkread.h"

/* Bytes that decoders may keep while nobody uses them; one is kept in any case. */
#define MOST_IDLE ((size_t)8 << 20)

struct ck_decoder_pool {
    pthread_mutex_t lock;
    size_t room; /* decoded bytes of the largest chunk */
    unsigned most;
    unsigned count;
    void *idle[CK_MAX_WORKERS];
};

static size_t largest_chunk(const ckpt *c) {
    size_t largest = 0;
    for (uint32_t s = 0; s < c->storages.count; s++) {
        const ck_storage_rec *rec = ck_storage_at(c, s);
        if (rec->encoding == CK_ENCODING_RAW || rec->size == 0)
            continue;
        size_t size = ck_chunk_size(rec, 0);
        largest = size > largest ? size : largest;
    }
    return largest;
}

ckpt_status ck_decoder_pool_create(ckpt *c, ckpt_error *err) {
    size_t room = largest_chunk(c);
    if (room == 0)
        return CKPT_OK;
    ck_decoder_pool *pool = ck_calloc(&c->memory, 1, sizeof *pool);
    if (pool == NULL)
        return ck_fail_nomem(err);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        ck_free(&c->memory, pool, 1, sizeof *pool);
        return ck_fail_nomem(err);
    }
    pool->room = room;
    pool->most = ck_worker_count(c->threads, MOST_IDLE / room + 1);
    c->decoders = pool;
    return CKPT_OK;
}

void ck_decoder_pool_free(ckpt *c) {
    ck_decoder_pool *pool = c->decoders;
    if (pool == NULL || c->part != NULL)
        return;
    while (pool->count > 0)
        c->coding->close(pool->idle[--pool->count]);
    pthread_mutex_destroy(&pool->lock);
    ck_free(&c->memory, pool, 1, sizeof *pool);
    c->decoders = NULL;
}

ckpt_status ck_decoder_take(const ckpt *c, void **ret_decoder, ckpt_error *err) {
    ck_decoder_pool *pool = c->decoders;
    void *decoder = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->count > 0)
        decoder = pool->idle[--pool->count];
    pthread_mutex_unlock(&pool->lock);
    if (decoder == NULL)
        return c->coding->open(&c->memory, pool->room, ret_decoder, err);
    *ret_decoder = decoder;
    return CKPT_OK;
}

void ck_decoder_give(const ckpt *c, void *decoder) {
    ck_decoder_pool *pool = c->decoders;
    if (decoder == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    bool is_kept = pool->count < pool->most;
    if (is_kept)
        pool->idle[pool->count++] = decoder;
    pthread_mutex_unlock(&pool->lock);
    if (!is_kept)
        c->coding->close(decoder);
}
