/* SPDX-License-Identifier: MIT */
/* Verifying: every chunk (C2) and every byte of padding (Y1). Damage is told and passed over, so
 * that all of it is found; only a failure to read ends the work. */
#include "container/ckptformat.h"
#include "container/layout.h"
#include "container/tiling.h"
#include "model/storageread.h"

#include <stdio.h>
#include <string.h>

const ck_format ck_format_ckpt = {
    .name = "ckpt",
    .probe = ck_ckpt_probe,
    .read = ck_ckpt_read,
    .write = ck_ckpt_write,
    .verify = ck_ckpt_verify,
};

#define PIECE_SIZE ((size_t)1 << 20)

typedef struct verifying {
    ckpt *c;
    const ckpt_verify_options *options;
    ckpt_verify_result *result;
    unsigned char *buffer;
    size_t buffer_size;
    ckpt_error *err;    /* the first damage */
    ckpt_status status; /* CKPT_OK while there is none */
} verifying;

static ckpt_status step(verifying *v, uint64_t bytes, ckpt_error *err) {
    v->result->bytes += bytes;
    if (v->options->progress != NULL &&
        !v->options->progress(v->options->ctx, v->result->bytes, v->c->source.size))
        return ck_fail(err, CKPT_E_CANCELLED, "verifying was cancelled");
    return CKPT_OK;
}

static void tell(verifying *v, const ckpt_damage *damage, ckpt_status status) {
    v->result->damaged++;
    if (v->status == CKPT_OK) {
        ck_place place = {v->c->source.name, damage->offset, damage->rule, 0, 0};
        v->status = ck_fail_at(v->err, &place, status, "%s", damage->message);
    }
    if (v->options->on_damage != NULL)
        v->options->on_damage(v->options->ctx, damage);
}

static ckpt_status verify_chunks(verifying *v, uint32_t id, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(v->c, id);
    uint64_t chunk_size = (uint64_t)1 << rec->chunk_log2, chunk = 0;
    ckpt_status status = CKPT_OK;
    for (uint64_t done = 0; done < rec->size && status == CKPT_OK; done += chunk_size, chunk++) {
        uint64_t size = rec->size - done < chunk_size ? rec->size - done : chunk_size;
        ckpt_error read_error;
        status = ck_chunk_read(v->c, id, chunk, v->buffer, &read_error);
        if (status == CKPT_E_CHECKSUM) {
            char message[96];
            snprintf(message, sizeof message, "chunk %llu of storage %u has not its checksum",
                     (unsigned long long)chunk, (unsigned)id);
            ckpt_damage damage = {{v->c, id}, chunk, rec->offset + done, size, "C2", message};
            tell(v, &damage, CKPT_E_CHECKSUM);
            status = CKPT_OK;
        } else if (status != CKPT_OK && err != NULL) {
            *err = read_error;
        }
        v->result->chunks++;
        if (status == CKPT_OK)
            status = step(v, size, err);
    }
    return status;
}

/* What has no checksums is read all the same: a disk that cannot give it back is damage too. */
static ckpt_status read_unchecked(verifying *v, uint64_t offset, uint64_t size, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint64_t done = 0; done < size && status == CKPT_OK;) {
        size_t piece = size - done < PIECE_SIZE ? (size_t)(size - done) : PIECE_SIZE;
        status = ck_source_read(&v->c->source, offset + done, v->buffer, piece, err);
        done += piece;
        v->result->unchecked_bytes += piece;
        if (status == CKPT_OK)
            status = step(v, piece, err);
    }
    return status;
}

static ckpt_status verify_padding(verifying *v, uint64_t begin, uint64_t end, ckpt_error *err) {
    /* Less than the alignment of a large storage, which the tiling has proven. */
    unsigned char bytes[CK_LARGE_ALIGNMENT];
    size_t size = (size_t)(end - begin);
    if (size == 0)
        return CKPT_OK;
    ckpt_status status = ck_source_read(&v->c->source, begin, bytes, size, err);
    if (status != CKPT_OK)
        return status;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            ckpt_damage damage = {{NULL, 0}, 0, begin + i, size - i, "Y1",
                                  "a byte of padding is not zero"};
            tell(v, &damage, CKPT_E_STRUCTURE);
            break;
        }
    }
    return step(v, size, err);
}

static ckpt_status verify_extents(verifying *v, ckpt_error *err) {
    ck_tiling tiling = ck_tiling_begin(v->c);
    ck_extent extent;
    uint64_t end = CK_HEADER_SIZE;
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && ck_tiling_next(&tiling, &extent)) {
        status = verify_padding(v, end, extent.offset, err);
        if (status != CKPT_OK)
            return status;
        if (extent.is_retired)
            status = read_unchecked(v, extent.offset, extent.size, err);
        else if (ck_storage_at(v->c, extent.id)->chunk_log2 != 0)
            status = verify_chunks(v, extent.id, err);
        else
            status = read_unchecked(v, extent.offset, extent.size, err);
        end = extent.offset + extent.size;
    }
    return status == CKPT_OK ? verify_padding(v, end, v->c->index_offset, err) : status;
}

static size_t largest_piece(const ckpt *c) {
    uint64_t largest = PIECE_SIZE;
    for (uint32_t s = 0; s < c->storages.count; s++) {
        const ck_storage_rec *rec = ck_storage_at(c, s);
        uint64_t chunk = rec->chunk_log2 != 0 ? (uint64_t)1 << rec->chunk_log2 : 0;
        uint64_t size = rec->size < chunk ? rec->size : chunk;
        largest = size > largest ? size : largest;
    }
    return (size_t)largest;
}

ckpt_status ck_ckpt_verify(ckpt *c, const ckpt_verify_options *options,
                           ckpt_verify_result *result, ckpt_error *err) {
    size_t size = largest_piece(c);
    verifying v = {c, options, result, ck_alloc(&c->memory, size, 1), size, err, CKPT_OK};
    if (v.buffer == NULL)
        return ck_fail_nomem(err);
    /* Header and index were checked when the file was opened. */
    result->bytes = CK_HEADER_SIZE + c->info.index_size;
    ckpt_error failure;
    ckpt_status status = verify_extents(&v, &failure);
    ck_free(&c->memory, v.buffer, size, 1);
    if (status != CKPT_OK && err != NULL)
        *err = failure;
    return status != CKPT_OK ? status : v.status;
}
