/* SPDX-License-Identifier: MIT */
/* Verifying: every chunk (C2, C3), every byte of padding (Y1), the indexes of older generations
 * (G1), every part (F8, F9). Damage is told and passed over, so that all of it is found; only a
 * failure to read ends the work. */
#include "container/ckptformat.h"

#include "base/checked.h"
#include "container/generations.h"
#include "container/parts.h"
#include "container/tiling.h"
#include "container/verifying.h"
#include "model/checksum.h"

#include <string.h>

const ck_format ck_format_ckpt = {
    .name = "ckpt",
    .probe = ck_ckpt_probe,
    .read = ck_ckpt_read,
    .write = ck_ckpt_write,
    .verify = ck_ckpt_verify,
    .commit = ck_ckpt_commit,
    .has_shards = true,
};

/* G1. The storages of older generations are checked when such a one is opened and verified. */
static ckpt_status verify_retired_index(ck_verifying *v, const ck_retired_rec *rec,
                                        ckpt_error *err) {
    size_t size;
    ckpt_status status = ck_verify_work_finish(v->work, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_to_size(rec->size, &size))
        return ck_fail_nomem(err);
    unsigned char *copy = NULL;
    const unsigned char *bytes = ck_source_look(&v->c->source, rec->offset, size);
    if (bytes == NULL) {
        bytes = copy = ck_alloc(&v->c->memory, size, 1);
        if (copy == NULL)
            return ck_fail_nomem(err);
        status = ck_source_read(&v->c->source, rec->offset, copy, size, err);
    }
    if (status == CKPT_OK && ck_checksum(bytes, size) != rec->checksum) {
        ckpt_damage damage = {.offset = rec->offset,
                              .size = rec->size,
                              .rule = "G1",
                              .message = "the index of an older generation has not its checksum"};
        ck_verify_tell(v, &damage, CKPT_E_CHECKSUM);
    }
    ck_free(&v->c->memory, copy, size, 1);
    return status == CKPT_OK ? ck_verify_step(v, size, err) : status;
}

/* Storages that only older generations use are read, no more: their checksums are in the indexes of
 * those generations, and are compared when one of them is verified. */
static ckpt_status verify_extent(ck_verifying *v, const ck_extent *extent, ckpt_error *err) {
    uint64_t end = extent->offset + extent->size;
    if (extent->is_retired) {
        const ck_retired_rec *rec = (const ck_retired_rec *)v->c->retired.records + extent->id;
        return rec->kind == CK_RETIRED_INDEX
                   ? verify_retired_index(v, rec, err)
                   : ck_verify_range(v, CK_PIECE_BYTES, extent->offset, end, err);
    }
    if (ck_storage_at(v->c, extent->id)->chunk_log2 != 0)
        return ck_verify_chunks(v, extent->id, extent->id, err);
    return ck_verify_range(v, CK_PIECE_UNCHECKED, extent->offset, end, err);
}

static ckpt_status verify_extents(ck_verifying *v, ckpt_error *err) {
    ck_tiling tiling = ck_tiling_begin(v->c);
    ck_extent extent;
    uint64_t end = CK_HEADER_SIZE;
    ckpt_status status = ck_verify_begin(v, v->c, err);
    while (status == CKPT_OK && ck_tiling_next(&tiling, &extent)) {
        status = ck_verify_range(v, CK_PIECE_PADDING, end, extent.offset, err);
        if (status == CKPT_OK)
            status = verify_extent(v, &extent, err);
        end = extent.offset + extent.size;
    }
    if (status == CKPT_OK)
        status = ck_verify_range(v, CK_PIECE_PADDING, end, v->c->index_offset, err);
    return ck_verify_end(v, status, err);
}

static ckpt_status verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                          ckpt_error *err) {
    ck_verifying v = {.c = c, .file = c, .options = options, .result = result, .err = err};
    v.total = ck_add_saturated(c->source.size, ck_parts_size(c));
    /* Header and index were checked when the file was opened. */
    result->bytes = CK_HEADER_SIZE + c->info.index_size;
    ckpt_error failure;
    ckpt_status status = verify_extents(&v, &failure);
    if (status == CKPT_OK)
        status = ck_verify_parts(&v, &failure);
    if (status != CKPT_OK && err != NULL)
        *err = failure;
    return status != CKPT_OK ? status : v.status;
}

/* A checkpoint that was edited has its storages under other numbers than its file. */
typedef struct translation {
    ckpt *c;
    const ckpt_verify_options *options;
    uint32_t *storages; /* of c, by their number in the file; CK_NONE: it has none for it */
    size_t count;
} translation;

static bool pass_progress_on(void *ctx, uint64_t done, uint64_t total) {
    const ckpt_verify_options *options = ((translation *)ctx)->options;
    return options->progress == NULL || options->progress(options->ctx, done, total);
}

static void translate_damage(void *ctx, const ckpt_damage *damage) {
    const translation *t = ctx;
    ckpt_damage translated = *damage;
    if (t->options->on_damage == NULL)
        return;
    if (damage->storage.owner != NULL)
        translated.storage = ckpt_storage_by_id(t->c, t->storages[damage->storage.id]);
    t->options->on_damage(t->options->ctx, &translated);
}

static ckpt_status number_storages(translation *t, const ckpt *newest, ckpt_error *err) {
    const uint32_t *numbers = t->c->file_numbers.records;
    t->count = newest->storages.count;
    t->storages = ck_alloc(&t->c->memory, t->count, sizeof *t->storages);
    if (t->storages == NULL)
        return ck_fail_nomem(err);
    memset(t->storages, 0xff, t->count * sizeof *t->storages);
    for (uint32_t s = 0; s < t->c->file_numbers.count; s++) {
        if (numbers[s] < t->count)
            t->storages[numbers[s]] = s;
    }
    return CKPT_OK;
}

static ckpt_status verify_edited(ckpt *c, const ckpt_verify_options *options,
                                 ckpt_verify_result *result, ckpt_error *err) {
    translation t = {.c = c, .options = options};
    ckpt_verify_options translated = *options;
    translated.progress = pass_progress_on;
    translated.on_damage = translate_damage;
    translated.ctx = &t;
    ck_header header;
    ckpt *newest;
    ckpt_status status =
        ck_generation_open_newest(c, c->source.files, c->source.file, &header, &newest, err);
    if (status != CKPT_OK)
        return status;
    if (header.slot.sequence != c->info.generation ||
        header.slot.index_checksum != c->index_checksum)
        status = ck_fail(err, CKPT_E_MISMATCH, "%s: another program has edited it since",
                         CK_NAME(c->source.name));
    if (status == CKPT_OK)
        status = ck_parts_link(newest, &newest->source, err);
    if (status == CKPT_OK)
        status = number_storages(&t, newest, err);
    if (status == CKPT_OK)
        status = verify(newest, &translated, result, err);
    ck_free(&c->memory, t.storages, t.count, sizeof *t.storages);
    ck_generation_close(newest);
    return status;
}

ckpt_status ck_ckpt_verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                           ckpt_error *err) {
    return c->is_committed ? verify_edited(c, options, result, err)
                           : verify(c, options, result, err);
}
