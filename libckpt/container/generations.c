/* SPDX-License-Identifier: MIT */
#include "container/generations.h"

#include "base/checked.h"
#include "base/workers.h"
#include "container/codec.h"
#include "container/index.h"
#include "model/checksum.h"
#include "model/decoderpool.h"

#include <stdatomic.h>
#include <string.h>

static const ck_retired_rec *retired_at(const ckpt *c, size_t i) {
    return (const ck_retired_rec *)c->retired.records + i;
}

/* Of a large index as much is read at once. */
#define PIECE ((size_t)4 << 20)

typedef struct reading {
    const ck_source *source;
    uint64_t offset;
    unsigned char *bytes;
    size_t size;
    atomic_bool failed;
} reading;

static void read_piece(void *ctx, unsigned worker, size_t i) {
    reading *r = ctx;
    size_t begin = i * PIECE, size = r->size - begin < PIECE ? r->size - begin : PIECE;
    (void)worker;
    if (ck_source_read(r->source, r->offset + begin, r->bytes + begin, size, NULL) != CKPT_OK)
        atomic_store(&r->failed, true);
}

/* By several threads where it is large: fresh memory takes as long to get as to fill. The functions
 * of a caller are asked once. */
static ckpt_status read_bytes(const ck_source *source, const ck_slot *slot, ckpt *c,
                              ckpt_error *err) {
    size_t size = (size_t)slot->index_size;
    if (source->file >= 0 && size >= 4 * PIECE) {
        reading r = {source, slot->index_offset, c->index, size, false};
        size_t pieces = (size - 1) / PIECE + 1;
        ck_work(ck_worker_count(c->threads, pieces), pieces, read_piece, &r);
        if (!atomic_load(&r.failed))
            return CKPT_OK;
    }
    return ck_source_read(source, slot->index_offset, c->index, size, err);
}

/* H12, G1. The index is read whole into memory of ours, and only that copy is looked at. */
static ckpt_status read_index(ckpt *c, const ck_source *source, const ck_slot *slot, bool older,
                              ckpt_error *err) {
    size_t size;
    if (!ck_to_size(slot->index_size, &size))
        return ck_fail_nomem(err);
    if (size > SIZE_MAX - CK_COPY_ALIGNMENT)
        return ck_fail_nomem(err);
    c->index_room = CK_COPY_ROOM(size);
    c->index_block = ck_alloc(&c->memory, c->index_room, 1);
    if (c->index_block == NULL)
        return ck_fail_nomem(err);
    c->index = ck_copy_begin(c->index_block);
    c->index_size = size;
    ckpt_status status = read_bytes(source, slot, c, err);
    if (status != CKPT_OK)
        return status;
    if (ck_checksum(c->index, size) != slot->index_checksum) {
        ck_place place = {source->name, slot->index_offset, older ? "G1" : "H12", 0, 0};
        return ck_fail_at(err, &place, CKPT_E_CHECKSUM, "the index has not its checksum");
    }
    return CKPT_OK;
}

/* What the slot of an older generation said is overwritten; what its index has is known. */
static uint64_t features_of(const ck_index *index) {
    return (index->has_chunk_ends ? CK_FEATURE_ENCODED : 0) |
           (index->has_parts ? CK_FEATURE_PARTS : 0);
}

ckpt_status ck_generation_read(ckpt *c, const ck_source *source, const ck_slot *slot, bool older,
                               ckpt_error *err) {
    ckpt_status status = read_index(c, source, slot, older, err);
    if (status != CKPT_OK)
        return status;
    ck_index index;
    memset(&index, 0, sizeof index);
    index.c = c;
    index.name = source->name;
    index.offset = slot->index_offset;
    index.bytes = c->index;
    index.size = c->index_size;
    index.version_minor = slot->version_minor;
    index.sequence = slot->sequence;
    index.required_features = slot->required_features;
    c->coding = &ck_planes_coding;
    status = ck_index_load(&index, err);
    if (older && status == CKPT_OK)
        index.required_features = features_of(&index);
    if (status == CKPT_OK)
        status = ck_index_check(&index, err);
    return status == CKPT_OK ? ck_decoder_pool_create(c, err) : status;
}

ckpt_status ck_generation_find(const ck_source *source, uint64_t generation, ck_slot *slot,
                               ckpt_error *err) {
    ckpt *newest;
    ckpt_status status = ck_ckpt_new(&source->memory, &newest, err);
    if (status != CKPT_OK)
        return status;
    status = ck_generation_read(newest, source, slot, false, err);
    const ck_retired_rec *found = NULL;
    for (size_t i = 0; i < newest->retired.count && status == CKPT_OK && found == NULL; i++) {
        const ck_retired_rec *rec = retired_at(newest, i);
        if (rec->kind == CK_RETIRED_INDEX && rec->sequence == generation)
            found = rec;
    }
    if (found != NULL) {
        slot->sequence = generation;
        slot->index_offset = found->offset;
        slot->index_size = found->size;
        slot->index_checksum = found->checksum;
        slot->file_size = found->offset + found->size;
    } else if (status == CKPT_OK) {
        status = ck_fail(err, CKPT_E_NOT_FOUND, "%s: there is no generation %llu",
                         CK_NAME(source->name), (unsigned long long)generation);
    }
    ckpt_free(newest);
    return status;
}

static ckpt_status read_newest(ckpt *newest, ck_header *header, ckpt_error *err) {
    ckpt_status status = ck_header_read(&newest->source, header, err);
    if (status == CKPT_OK)
        status = ck_generation_read(newest, &newest->source, &header->slot, false, err);
    return status;
}

ckpt_status ck_generation_open_newest(const ckpt *c, const ckpt_filesystem *files, int file,
                                      ck_header *ret_header, ckpt **ret_newest, ckpt_error *err) {
    ckpt *newest;
    ckpt_status status = ck_ckpt_new(&c->memory, &newest, err);
    if (status != CKPT_OK)
        return status;
    ckpt_file_status found = {.size = 0};
    ck_source *source = &newest->source;
    source->memory = c->memory;
    source->name = ck_copy_string(&c->memory, c->source.name, strlen(c->source.name));
    source->files = files;
    source->file = file;
    newest->has_source = true;
    newest->threads = c->threads;
    int failure = files->status(files->ctx, file, &found);
    source->size = found.size;
    if (source->name == NULL)
        status = ck_fail_nomem(err);
    else if (failure != 0)
        status = ck_fail_errno(err, c->source.name, "look at", failure);
    else
        status = read_newest(newest, ret_header, err);
    if (status != CKPT_OK) {
        ck_generation_close(newest);
        return status;
    }
    newest->index_offset = ret_header->slot.index_offset;
    newest->info.index_size = ret_header->slot.index_size;
    *ret_newest = newest;
    return CKPT_OK;
}

void ck_generation_close(ckpt *newest) {
    if (newest != NULL)
        newest->source.file = -1;
    ckpt_free(newest);
}

uint64_t ck_generation_retired_size(const ckpt *c) {
    uint64_t size = 0;
    for (size_t i = 0; i < c->retired.count; i++)
        size += retired_at(c, i)->size;
    return size;
}

uint32_t ckpt_generations(const ckpt *c, ckpt_generation *items, uint32_t room) {
    uint32_t count = 0;
    if (c == NULL || c->info.generation == 0)
        return 0;
    if (count++ < room)
        items[0] = (ckpt_generation){c->info.generation, c->index_offset, c->info.index_size};
    for (size_t i = c->retired.count; i > 0; i--) {
        const ck_retired_rec *rec = retired_at(c, i - 1);
        if (rec->kind != CK_RETIRED_INDEX)
            continue;
        if (count < room)
            items[count] = (ckpt_generation){rec->sequence, rec->offset, rec->size};
        count++;
    }
    return count;
}
