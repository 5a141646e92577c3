/* SPDX-License-Identifier: MIT */
#include "container/placement.h"

#include "base/checked.h"
#include "base/sort.h"
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
    placement.parts.record_size = sizeof(ck_placed_part);
    placement.end = CK_HEADER_SIZE;
    placement.storages = ck_calloc(&placement.memory, placement.room, sizeof(ck_storage_rec));
    if (placement.storages == NULL)
        return ck_fail_nomem(err);
    *ret_placement = placement;
    return CKPT_OK;
}

static ck_placed_part *part_at(const ck_placement *placement, size_t i) {
    return (ck_placed_part *)placement->parts.records + i;
}

void ck_placement_free(ck_placement *placement) {
    if (placement->storages == NULL)
        return;
    for (size_t i = 0; i < placement->parts.count; i++)
        ck_free_string(&placement->memory, part_at(placement, i)->name);
    ck_free(&placement->memory, placement->texts, placement->parts.count, sizeof(char *));
    ck_table_clear(&placement->memory, &placement->parts);
    ck_nametree_clear(&placement->memory, &placement->part_names);
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
    placement->checked_count += rec->chunk_log2 != 0;
    placement->encoded = placement->encoded || rec->encoding != CK_ENCODING_RAW;
}

ckpt_status ck_placement_keep(ck_placement *placement, uint32_t storage, const ckpt *from,
                              uint32_t number, uint32_t part, ckpt_error *err) {
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
    placement->storages[storage].part = part;
    return CKPT_OK;
}

ckpt_status ck_placement_add(ck_placement *placement, uint32_t storage, const ck_storage_rec *rec,
                             uint64_t first_chunk, ckpt_error *err) {
    uint64_t end = 0;
    if (rec->size != 0 && !ck_add(rec->offset, rec->stored_size, &end))
        return ck_fail(err, CKPT_E_OVERFLOW, "the storages have 2^64 bytes or more together");
    set_record(placement, storage, rec, first_chunk);
    if (rec->size != 0 && rec->part == CK_NONE)
        placement->end = end;
    return CKPT_OK;
}

/* Of a part that is known: whether it is the same file. */
static ckpt_status check_same(const ck_placed_part *part, uint64_t size, const uint8_t *sha256,
                              ckpt_error *err) {
    if (part->size != size || memcmp(part->sha256, sha256, sizeof part->sha256) != 0)
        return ck_fail(err, CKPT_E_MISMATCH, "two different files are named '%s'",
                       CK_NAME(part->name));
    return CKPT_OK;
}

ckpt_status ck_placement_add_part(ck_placement *placement, const char *name, uint64_t size,
                                  const uint8_t *sha256, uint32_t *ret_part, ckpt_error *err) {
    const ck_memory *memory = &placement->memory;
    uint32_t known = ck_nametree_get(&placement->part_names, name, strlen(name));
    uint32_t number = (uint32_t)placement->parts.count;
    if (known != CK_NAMETREE_NONE) {
        *ret_part = known;
        return check_same(part_at(placement, known), size, sha256, err);
    }
    if (number == CK_MAX_PARTS)
        return ck_fail(err, CKPT_E_LIMIT, "the file would have more than 4096 parts");
    if (ck_nametree_add(memory, &placement->part_names, name, strlen(name), number) !=
            CK_NAMETREE_ADDED ||
        !ck_table_append(memory, &placement->parts, 1))
        return ck_fail_nomem(err);
    ck_placed_part *part = part_at(placement, number);
    part->name = ck_copy_string(memory, name, strlen(name));
    if (part->name == NULL) {
        placement->parts.count--;
        return ck_fail_nomem(err);
    }
    part->size = size;
    memcpy(part->sha256, sha256, sizeof part->sha256);
    *ret_part = number;
    return CKPT_OK;
}

static int compare_parts(const void *a, const void *b) {
    return strcmp(((const ck_placed_part *)a)->name, ((const ck_placed_part *)b)->name);
}

/* string holds the old number while the parts are sorted. */
static void renumber(ck_placement *placement, uint32_t *numbers) {
    for (uint32_t i = 0; i < placement->parts.count; i++)
        numbers[part_at(placement, i)->string] = i;
    for (size_t s = 0; s < placement->room; s++) {
        uint32_t *part = &placement->storages[s].part;
        if (*part < placement->parts.count)
            *part = numbers[*part];
    }
}

static ckpt_status sort_parts(ck_placement *placement, ck_collection *all, uint32_t *numbers,
                              ckpt_error *err) {
    uint32_t count = (uint32_t)placement->parts.count;
    for (uint32_t i = 0; i < count; i++)
        part_at(placement, i)->string = i;
    if (!ck_sort(&placement->memory, placement->parts.records, count, sizeof(ck_placed_part),
                 compare_parts))
        return ck_fail_nomem(err);
    renumber(placement, numbers);
    for (uint32_t i = 0; i < count; i++)
        placement->texts[i] = part_at(placement, i)->name;
    ckpt_status status = ck_collect_texts(all, placement->texts, count, numbers, err);
    for (uint32_t i = 0; i < count && status == CKPT_OK; i++)
        part_at(placement, i)->string = numbers[i];
    return status;
}

ckpt_status ck_placement_sort_parts(ck_placement *placement, ck_collection *all, ckpt_error *err) {
    size_t count = placement->parts.count;
    if (count == 0)
        return CKPT_OK;
    placement->texts = ck_alloc(&placement->memory, count, sizeof *placement->texts);
    uint32_t *numbers = ck_alloc(&placement->memory, count, sizeof *numbers);
    ckpt_status status = placement->texts != NULL && numbers != NULL
                             ? sort_parts(placement, all, numbers, err)
                             : ck_fail_nomem(err);
    ck_free(&placement->memory, numbers, count, sizeof *numbers);
    return status;
}
