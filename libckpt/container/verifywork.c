/* SPDX-License-Identifier: MIT */
#include "container/verifywork.h"

#include "base/workers.h"
#include "model/checksum.h"
#include "model/chunkread.h"
#include "model/decoderpool.h"

#include <string.h>

/* A request is so large where pieces are small; each worker has a buffer for it. */
#define REQUEST_SIZE CK_PIECE_SIZE
#define SMALL_GAP ((uint64_t)4096)
#define WORTH_A_THREAD ((uint64_t)256 << 10)
/* What is gathered before it is worked on. */
enum { MOST_REQUESTS = 128, MOST_PIECES = 16384 };
/* All buffers together, unless there is only one worker. */
#define MOST_MEMORY ((size_t)10 << 20)

typedef struct request {
    uint64_t offset;
    size_t size;
    uint32_t first, end; /* its pieces */
    ckpt_status status;
    ckpt_error failure;
} request;

struct ck_verify_work {
    const ckpt *c;
    ck_verify_target target;
    unsigned workers;
    unsigned char *blocks;  /* one for each worker */
    size_t room;            /* of a request */
    unsigned char *decoded; /* one for each worker, where there is something to decode */
    size_t decoded_room;    /* bytes of the largest encoded chunk, decoded */
    void *decoders[CK_MAX_WORKERS];
    ck_piece *pieces;
    uint32_t piece_count;
    request *requests;
    uint32_t request_count;
};

/* ---- open, close ---- */

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static void measure_storage(ck_verify_work *w, const ck_storage_rec *rec) {
    uint64_t chunks = ((rec->size - 1) >> rec->chunk_log2) + 1;
    if (rec->encoding == CK_ENCODING_RAW) {
        w->room = larger(w->room, ck_chunk_size(rec, 0));
        return;
    }
    w->decoded_room = larger(w->decoded_room, ck_chunk_size(rec, 0));
    for (uint64_t i = 0; i < chunks; i++)
        w->room = larger(w->room,
                         (size_t)(ck_chunk_begin(w->c, rec, i + 1) - ck_chunk_begin(w->c, rec, i)));
}

static void measure(ck_verify_work *w) {
    const ckpt *c = w->c;
    w->room = c->source.size < REQUEST_SIZE ? (size_t)c->source.size : REQUEST_SIZE;
    for (uint32_t s = 0; s < c->storages.count; s++) {
        const ck_storage_rec *rec = ck_storage_at(c, s);
        if (rec->part == CK_NONE && rec->size != 0 && rec->chunk_log2 != 0)
            measure_storage(w, rec);
    }
    uint64_t requests = c->source.size / REQUEST_SIZE + 1;
    size_t each = w->room + 2 * w->decoded_room, most = MOST_MEMORY / each + 1;
    w->workers = ck_worker_count(c->threads, requests < most ? (size_t)requests : most);
}

static ckpt_status allocate(ck_verify_work *w, ckpt_error *err) {
    const ck_memory *memory = &w->c->memory;
    w->blocks = ck_alloc(memory, w->workers, CK_COPY_ROOM(w->room));
    w->pieces = ck_alloc(memory, MOST_PIECES, sizeof *w->pieces);
    w->requests = ck_alloc(memory, MOST_REQUESTS, sizeof *w->requests);
    if (w->decoded_room != 0)
        w->decoded = ck_alloc(memory, w->workers, w->decoded_room);
    if (w->blocks == NULL || w->pieces == NULL || w->requests == NULL ||
        (w->decoded_room != 0 && w->decoded == NULL))
        return ck_fail_nomem(err);
    ckpt_status status = CKPT_OK;
    for (unsigned i = 0; i < w->workers && w->decoded_room != 0 && status == CKPT_OK; i++)
        status = ck_decoder_take(w->c, &w->decoders[i], err);
    return status;
}

ckpt_status ck_verify_work_open(const ckpt *c, const ck_verify_target *target,
                                ck_verify_work **ret_work, ckpt_error *err) {
    ck_verify_work *w = ck_calloc(&c->memory, 1, sizeof *w);
    if (w == NULL)
        return ck_fail_nomem(err);
    w->c = c;
    w->target = *target;
    measure(w);
    ckpt_status status = allocate(w, err);
    if (status != CKPT_OK)
        ck_verify_work_close(w);
    else
        *ret_work = w;
    return status;
}

void ck_verify_work_close(ck_verify_work *w) {
    if (w == NULL)
        return;
    const ck_memory *memory = &w->c->memory;
    for (unsigned i = 0; i < w->workers; i++)
        ck_decoder_give(w->c, w->decoders[i]);
    ck_free(memory, w->decoded, w->workers, w->decoded_room);
    ck_free(memory, w->requests, MOST_REQUESTS, sizeof *w->requests);
    ck_free(memory, w->pieces, MOST_PIECES, sizeof *w->pieces);
    ck_free(memory, w->blocks, w->workers, CK_COPY_ROOM(w->room));
    ck_free(memory, w, 1, sizeof *w);
}

/* ---- checking ---- */

static ck_piece_state check_chunk(const ck_verify_work *w, unsigned worker, const ck_piece *p,
                                  const unsigned char *bytes) {
    const ck_storage_rec *rec = ck_storage_at(w->c, p->number);
    if (ck_checksum(bytes, p->size) != *ck_chunk_at(w->c, rec->first_chunk + p->chunk))
        return CK_PIECE_BAD_CHECKSUM;
    if (rec->encoding != CK_ENCODING_RAW &&
        w->c->coding->decode(w->decoders[worker], rec, bytes, p->size,
                             w->decoded + worker * w->decoded_room,
                             ck_chunk_size(rec, p->chunk)) != NULL)
        return CK_PIECE_BAD_CODE;
    return CK_PIECE_SOUND;
}

static ck_piece_state check_padding(ck_piece *p, const unsigned char *bytes) {
    for (uint32_t i = 0; i < p->size; i++) {
        if (bytes[i] != 0) {
            p->bad = i;
            return CK_PIECE_NOT_ZERO;
        }
    }
    return CK_PIECE_SOUND;
}

static void check_request(void *ctx, unsigned worker, size_t i) {
    const ck_verify_work *w = ctx;
    request *r = &w->requests[i];
    unsigned char *buffer = ck_copy_begin(w->blocks + worker * CK_COPY_ROOM(w->room));
    const unsigned char *request_bytes = NULL;
    r->status = CKPT_OK;
    /* What is decoded must be what had the right checksum. */
    if (w->decoded_room == 0 || ck_source_in_memory(&w->c->source) != NULL)
        request_bytes = ck_source_look(&w->c->source, r->offset, r->size);
    if (request_bytes == NULL) {
        request_bytes = buffer;
        r->status = ck_source_read(&w->c->source, r->offset, buffer, r->size, &r->failure);
    }
    if (r->status != CKPT_OK)
        return;
    for (uint32_t n = r->first; n < r->end; n++) {
        ck_piece *p = &w->pieces[n];
        const unsigned char *bytes = request_bytes + (p->offset - r->offset);
        p->state = CK_PIECE_SOUND;
        if (p->kind == CK_PIECE_CHUNK)
            p->state = (uint8_t)check_chunk(w, worker, p, bytes);
        else if (p->kind == CK_PIECE_PADDING)
            p->state = (uint8_t)check_padding(p, bytes);
    }
}

static ckpt_status tell_request(const ck_verify_work *w, const request *r, ckpt_error *err) {
    if (r->status != CKPT_OK) {
        if (err != NULL)
            *err = r->failure;
        return r->status;
    }
    for (uint32_t n = r->first; n < r->end; n++)
        w->target.tell(w->target.ctx, &w->pieces[n]);
    return w->target.step(w->target.ctx, r->size, err);
}

/* To start a thread for a few bytes takes longer than to check them. */
static unsigned useful_workers(const ck_verify_work *w) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < w->request_count; i++)
        bytes += w->requests[i].size;
    uint64_t most = bytes / WORTH_A_THREAD + 1;
    if (most > w->request_count)
        most = w->request_count;
    return most < w->workers ? (unsigned)most : w->workers;
}

ckpt_status ck_verify_work_finish(ck_verify_work *w, ckpt_error *err) {
    uint32_t count = w->request_count;
    unsigned workers = useful_workers(w);
    ckpt_status status = CKPT_OK;
    w->piece_count = w->request_count = 0;
    if (count == 0)
        return CKPT_OK;
    ck_work(workers, count, check_request, w);
    for (uint32_t i = 0; i < count && status == CKPT_OK; i++)
        status = tell_request(w, &w->requests[i], err);
    return status;
}

/* ---- gathering ---- */

/* A gap that nobody wants to know of, as padding in a part, is read rather than left out. */
static bool continues(const ck_verify_work *w, const ck_piece *piece) {
    if (w->request_count == 0)
        return false;
    const request *r = &w->requests[w->request_count - 1];
    uint64_t end = r->offset + r->size;
    return piece->offset >= end && piece->offset - end < SMALL_GAP &&
           piece->offset - r->offset <= REQUEST_SIZE &&
           piece->size <= REQUEST_SIZE - (size_t)(piece->offset - r->offset);
}

ckpt_status ck_verify_work_add(ck_verify_work *w, const ck_piece *piece, ckpt_error *err) {
    bool goes_on = continues(w, piece);
    if (w->piece_count == MOST_PIECES || (!goes_on && w->request_count == MOST_REQUESTS)) {
        ckpt_status status = ck_verify_work_finish(w, err);
        if (status != CKPT_OK)
            return status;
        goes_on = false;
    }
    if (!goes_on) {
        request *r = &w->requests[w->request_count++];
        r->offset = piece->offset;
        r->size = 0;
        r->first = w->piece_count;
    }
    request *r = &w->requests[w->request_count - 1];
    w->pieces[w->piece_count++] = *piece;
    r->size = (size_t)(piece->offset - r->offset) + piece->size;
    r->end = w->piece_count;
    return CKPT_OK;
}
