/* SPDX-License-Identifier: MIT */
#include "container/placement.h"

#include "base/checked.h"
#include "container/layout.h"
#include "model/chunkread.h"

#include <string.h>

ckpt_status ck_placement_create(ck_placement *ret_placement, const ck_collection *all,
                                ckpt_error *err) {
    ck_placement placement;
    memset(&placement, 0, sizeof placement);
    placement.memory = all->c->memory;
    placement.room = all->storages.count;
    placement.chunks.record_size = sizeof(ck_placed_chunk);
    placement.end = CK_HEADER_SIZE;
    placement.storages = ck_calloc(&placement.memory, placement.room, sizeof(ck_storage_rec));
    if (placement.storages == NULL)
        return ck_fail_nomem(err);
    *ret_placement = placement;
    return CKPT_OK;
}

void ck_placement_free(ck_placement *placement) {
    if (placement->storages == NULL)
        return;
    ck_table_clear(&placement->memory, &placement->chunks);
    ck_free(&placement->memory, placement->storages, placement->room, sizeof(ck_storage_rec));
    placement->storages = NULL;
}

ckpt_status ck_placement_add_chunk(ck_placement *placement, uint64_t checksum, uint64_t end,
                                   ckpt_error *err) {
    if (!ck_table_append(&placement->memory, &placement->chunks, 1))
        return ck_fail_nomem(err);
    ck_placed_chunk *chunk =
        (ck_placed_chunk *)placement->chunks.records + placement->chunks.count - 1;
    chunk->checksum = checksum;
    chunk->end = end;
    return CKPT_OK;
}

static void set_record(ck_placement *placement, uint32_t storage, const ck_storage_rec *rec,
                       uint64_t first_chunk) {
    ck_storage_rec *to = &placement->storages[storage];
    *to = *rec;
    to->first_chunk = first_chunk;
    to->part = CK_NONE;
    placement->checked_count += rec->chunk_log2 != 0;
    placement->encoded = placement->encoded || rec->encoding != CK_ENCODING_RAW;
}

ckpt_status ck_placement_keep(ck_placement *placement, uint32_t storage, const ckpt *from,
                              uint32_t number, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(from, number);
    uint64_t first_chunk = placement->chunks.count;
    uint64_t count = rec->chunk_log2 != 0 ? ((rec->size - 1) >> rec->chunk_log2) + 1 : 0;
    for (uint64_t i = 0; i < count; i++) {
        ckpt_status status =
            ck_placement_add_chunk(placement, *ck_chunk_at(from, rec->first_chunk + i),
                                   ck_chunk_begin(from, rec, i + 1), err);
        if (status != CKPT_OK)
            return status;
    }
    set_record(placement, storage, rec, first_chunk);
    return CKPT_OK;
}

ckpt_status ck_placement_add(ck_placement *placement, uint32_t storage, const ck_storage_rec *rec,
                             uint64_t first_chunk, ckpt_error *err) {
    uint64_t end = 0;
    if (rec->size != 0 && !ck_add(rec->offset, rec->stored_size, &end))
        return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
    set_record(placement, storage, rec, first_chunk);
    if (rec->size != 0)
        placement->end = end;
    return CKPT_OK;
}
