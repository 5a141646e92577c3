/* SPDX-License-Identifier: MIT */
/* C2 and C3. */
#include "container/verifying.h"

#include <stdio.h>

ckpt_status ck_verify_step(ck_verifying *v, uint64_t bytes, ckpt_error *err) {
    v->result->bytes += bytes;
    if (v->options->progress != NULL &&
        !v->options->progress(v->options->ctx, v->result->bytes, v->total))
        return ck_fail(err, CKPT_E_CANCELLED, "verifying was cancelled");
    return CKPT_OK;
}

void ck_verify_tell(ck_verifying *v, const ckpt_damage *damage, ckpt_status status) {
    ckpt_damage complete = *damage;
    complete.part = v->file->part_name != NULL ? v->file->part_name : "";
    v->result->damaged++;
    if (v->status == CKPT_OK) {
        ck_place place = {v->file->source.name, damage->offset, damage->rule, 0, 0};
        v->status = ck_fail_at(v->err, &place, status, "%s", damage->message);
    }
    if (v->options->on_damage != NULL)
        v->options->on_damage(v->options->ctx, &complete);
}

/* A storage as v->file and as v->c know it. */
typedef struct subject {
    uint32_t number;
    uint32_t id;
} subject;

/* One chunk, which may be damaged. */
static ckpt_status verify_chunk(ck_verifying *v, const subject *s, uint64_t chunk,
                                ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(v->file, s->number);
    uint64_t begin = ck_chunk_begin(v->file, rec, chunk);
    ckpt_error read_error;
    ckpt_status status = ck_chunks_read(v->file, s->number, chunk, 1, v->buffer, &read_error);
    if (status == CKPT_E_CHECKSUM || status == CKPT_E_STRUCTURE) {
        char message[96];
        snprintf(message, sizeof message, "chunk %llu of storage %u %s", (unsigned long long)chunk,
                 (unsigned)s->id,
                 status == CKPT_E_CHECKSUM ? "has not its checksum" : "cannot be decoded");
        ckpt_damage damage = {.storage = {v->c, s->id},
                              .chunk = chunk,
                              .offset = rec->offset + begin,
                              .size = ck_chunk_begin(v->file, rec, chunk + 1) - begin,
                              .rule = read_error.rule,
                              .message = message};
        ck_verify_tell(v, &damage, status);
        return CKPT_OK;
    }
    if (status != CKPT_OK && err != NULL)
        *err = read_error;
    return status;
}

/* Many chunks at once; where one of them is bad, each for itself, so that all that are bad are
 * told. */
static ckpt_status verify_run(ck_verifying *v, const subject *s, uint64_t first, uint64_t count,
                              ckpt_error *err) {
    ckpt_status status = ck_chunks_read(v->file, s->number, first, count, v->buffer, err);
    if (status != CKPT_E_CHECKSUM && status != CKPT_E_STRUCTURE)
        return status;
    status = CKPT_OK;
    for (uint64_t i = 0; i < count && status == CKPT_OK; i++)
        status = verify_chunk(v, s, first + i, err);
    return status;
}

ckpt_status ck_verify_chunks(ck_verifying *v, uint32_t number, uint32_t id, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(v->file, number);
    subject s = {number, id};
    uint64_t all = ((rec->size - 1) >> rec->chunk_log2) + 1;
    uint64_t most = v->buffer_size >> rec->chunk_log2;
    ckpt_status status = CKPT_OK;
    most = most > 0 ? most : 1; /* the buffer holds the largest chunk, which may be a short one */
    for (uint64_t first = 0; first < all && status == CKPT_OK;) {
        uint64_t count = all - first < most ? all - first : most;
        uint64_t size =
            ck_chunk_begin(v->file, rec, first + count) - ck_chunk_begin(v->file, rec, first);
        status = verify_run(v, &s, first, count, err);
        v->result->chunks += count;
        first += count;
        /* The bytes of a part are counted when all of it is read. */
        if (status == CKPT_OK)
            status = ck_verify_step(v, v->file == v->c ? size : 0, err);
    }
    return status;
}
