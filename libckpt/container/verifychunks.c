/* SPDX-License-Identifier: MIT */
/* What is found, and how it is told: C2, C3 and Y1. */
#include "container/verifying.h"

#include "model/chunkread.h"

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

static void tell_chunk(ck_verifying *v, const ck_piece *p) {
    bool is_checksum = p->state == CK_PIECE_BAD_CHECKSUM;
    char message[96];
    snprintf(message, sizeof message, "chunk %llu of storage %u %s", (unsigned long long)p->chunk,
             (unsigned)p->id, is_checksum ? "has not its checksum" : "cannot be decoded");
    ckpt_damage damage = {.storage = {v->c, p->id},
                          .chunk = p->chunk,
                          .offset = p->offset,
                          .size = p->size,
                          .rule = is_checksum ? "C2" : "C3",
                          .message = message};
    ck_verify_tell(v, &damage, is_checksum ? CKPT_E_CHECKSUM : CKPT_E_STRUCTURE);
}

static void tell_piece(void *ctx, const ck_piece *p) {
    ck_verifying *v = ctx;
    if (p->kind == CK_PIECE_CHUNK)
        v->result->chunks++;
    if (p->kind == CK_PIECE_UNCHECKED)
        v->result->unchecked_bytes += p->size;
    if (p->state == CK_PIECE_NOT_ZERO) {
        ckpt_damage damage = {.offset = p->offset + p->bad,
                              .size = p->size - p->bad,
                              .rule = "Y1",
                              .message = "a byte of padding is not zero"};
        ck_verify_tell(v, &damage, CKPT_E_STRUCTURE);
    } else if (p->state != CK_PIECE_SOUND) {
        tell_chunk(v, p);
    }
}

/* The bytes of a part are counted when all of it is read. */
static ckpt_status step(void *ctx, uint64_t bytes, ckpt_error *err) {
    ck_verifying *v = ctx;
    return ck_verify_step(v, v->file == v->c ? bytes : 0, err);
}

ckpt_status ck_verify_begin(ck_verifying *v, ckpt *file, ckpt_error *err) {
    ck_verify_target target = {v, tell_piece, step};
    v->file = file;
    return ck_verify_work_open(file, &target, &v->work, err);
}

ckpt_status ck_verify_end(ck_verifying *v, ckpt_status status, ckpt_error *err) {
    if (status == CKPT_OK)
        status = ck_verify_work_finish(v->work, err);
    ck_verify_work_close(v->work);
    v->work = NULL;
    return status;
}

ckpt_status ck_verify_range(ck_verifying *v, ck_piece_kind kind, uint64_t begin, uint64_t end,
                            ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    while (begin < end && status == CKPT_OK) {
        uint64_t size = end - begin < CK_PIECE_SIZE ? end - begin : CK_PIECE_SIZE;
        ck_piece piece = {.offset = begin, .size = (uint32_t)size, .kind = (uint8_t)kind};
        status = ck_verify_work_add(v->work, &piece, err);
        begin += size;
    }
    return status;
}

ckpt_status ck_verify_chunks(ck_verifying *v, uint32_t number, uint32_t id, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(v->file, number);
    uint64_t all = ((rec->size - 1) >> rec->chunk_log2) + 1;
    ckpt_status status = CKPT_OK;
    for (uint64_t i = 0; i < all && status == CKPT_OK; i++) {
        uint64_t begin = ck_chunk_begin(v->file, rec, i), end = ck_chunk_begin(v->file, rec, i + 1);
        ck_piece piece = {.offset = rec->offset + begin,
                          .chunk = i,
                          .number = number,
                          .id = id,
                          .size = (uint32_t)(end - begin),
                          .kind = CK_PIECE_CHUNK};
        status = ck_verify_work_add(v->work, &piece, err);
    }
    return status;
}
