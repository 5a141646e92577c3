/* SPDX-License-Identifier: MIT */
#include "container/editplan.h"

#include "container/layout.h"
#include "container/parts.h"

#include <string.h>
#include <xxhash.h>

/* The payload of a storage that the caller may write to at any time; NULL for any other. */
static ck_payload *writable_payload(const ckpt *c, uint32_t storage) {
    const ck_storage_rec *rec = ck_storage_at(c, storage);
    if (rec->part == CK_NONE || ck_payload_at(c, rec->part)->kind != CK_PAYLOAD_OWNED)
        return NULL;
    return ck_payload_at(c, rec->part);
}

static XXH128_hash_t hash_of(const ckpt *c, uint32_t storage, const ck_payload *payload) {
    return XXH3_128bits(payload->owned, (size_t)ck_storage_at(c, storage)->size);
}

/* The caller keeps pointers to what it may write to, so only the bytes themselves can tell whether
 * they are still those that a commit has written. */
static bool is_as_committed(const ckpt *c, uint32_t storage) {
    const ck_payload *payload = writable_payload(c, storage);
    if (payload == NULL)
        return true;
    XXH128_hash_t hash = hash_of(c, storage, payload);
    return hash.low64 == payload->committed_low && hash.high64 == payload->committed_high;
}

bool ck_edit_plan_is_as_committed(const ckpt *c) {
    for (uint32_t s = 0; s < c->storages.count; s++) {
        if (!is_as_committed(c, s))
            return false;
    }
    return true;
}

void ck_edit_plan_remember(ckpt *c) {
    for (uint32_t s = 0; s < c->storages.count; s++) {
        ck_payload *payload = writable_payload(c, s);
        if (payload == NULL)
            continue;
        XXH128_hash_t hash = hash_of(c, s, payload);
        payload->committed_low = hash.low64;
        payload->committed_high = hash.high64;
    }
}

/* The number that a storage of c has in the file; CK_NONE when it is not in use there, or when its
 * bytes have been changed since. */
static uint32_t file_number(const ckpt *c, uint32_t storage) {
    uint32_t unused;
    if (!c->is_committed)
        return ck_storage_at(c, storage)->part == CK_NONE || ck_part_of(c, storage, &unused) != NULL
                   ? storage
                   : CK_NONE;
    if (storage >= c->file_numbers.count)
        return CK_NONE;
    uint32_t number = ((const uint32_t *)c->file_numbers.records)[storage];
    return number != CK_NONE && is_as_committed(c, storage) ? number : CK_NONE;
}

/* Storages must lie in the file in the order of their numbers: so those that are there come first,
 * in the order that they have, and behind them the new ones. by_file has, for each storage of the
 * file, the one of c that is kept for it, or CK_NONE. */
static void order_storages(ck_edit_plan *plan, uint32_t *by_file, size_t file_count,
                           uint32_t *added) {
    ck_numbering *storages = &plan->all.storages;
    uint32_t added_count = 0;
    memset(by_file, 0xff, file_count * sizeof *by_file);
    for (uint32_t i = 0; i < storages->count; i++) {
        uint32_t number = file_number(plan->all.c, storages->order[i]);
        if (number < file_count)
            by_file[number] = storages->order[i];
        else
            added[added_count++] = storages->order[i];
    }
    for (uint32_t number = 0; number < file_count; number++) {
        if (by_file[number] == CK_NONE)
            continue;
        storages->order[plan->kept_count] = by_file[number];
        plan->kept[plan->kept_count++] = number;
    }
    if (added_count != 0)
        memcpy(storages->order + plan->kept_count, added, added_count * sizeof *added);
    for (uint32_t i = 0; i < storages->count; i++)
        storages->number[storages->order[i]] = i;
}

static ck_retired_rec retire_storage(const ck_storage_rec *rec, uint64_t sequence) {
    ck_retired_rec retired = {.offset = rec->offset,
                              .size = rec->stored_size,
                              .kind = rec->encoding == CK_ENCODING_RAW ? CK_RETIRED_STORAGE
                                                                       : CK_RETIRED_ENCODED,
                              .sequence = sequence};
    return retired;
}

/* What was retired before, and what is now, merged by offset; the index of the generation that is
 * replaced lies behind all of it. */
static void list_retired(ck_edit_plan *plan, const ckpt *newest, const ck_slot *slot,
                         const uint32_t *by_file) {
    const ck_retired_rec *before = newest->retired.records;
    size_t next = 0;
    for (uint32_t s = 0; s < newest->storages.count; s++) {
        const ck_storage_rec *rec = ck_storage_at(newest, s);
        if (by_file[s] != CK_NONE || rec->size == 0 || rec->part != CK_NONE)
            continue;
        while (next < newest->retired.count && before[next].offset < rec->offset)
            plan->retired[plan->retired_count++] = before[next++];
        plan->retired[plan->retired_count++] = retire_storage(rec, slot->sequence);
    }
    while (next < newest->retired.count)
        plan->retired[plan->retired_count++] = before[next++];
    ck_retired_rec index = {.offset = slot->index_offset,
                            .size = slot->index_size,
                            .kind = CK_RETIRED_INDEX,
                            .sequence = slot->sequence,
                            .checksum = slot->index_checksum};
    plan->retired[plan->retired_count++] = index;
}

static ckpt_status make_lists(ck_edit_plan *plan, const ckpt *newest, const ck_slot *slot,
                              ckpt_error *err) {
    const ck_memory *memory = &plan->memory;
    size_t in_file = newest->storages.count, in_use = plan->all.storages.count;
    plan->kept_room = in_file;
    plan->kept = ck_alloc(memory, in_file, sizeof *plan->kept);
    plan->retired_room = in_file + newest->retired.count + 1;
    plan->retired = ck_alloc(memory, plan->retired_room, sizeof *plan->retired);
    uint32_t *by_file = ck_alloc(memory, in_file, sizeof *by_file);
    uint32_t *added = ck_alloc(memory, in_use, sizeof *added);
    bool complete = plan->kept != NULL && plan->retired != NULL && by_file != NULL && added != NULL;
    if (complete) {
        order_storages(plan, by_file, in_file, added);
        list_retired(plan, newest, slot, by_file);
    }
    ck_free(memory, by_file, in_file, sizeof *by_file);
    ck_free(memory, added, in_use, sizeof *added);
    return complete ? CKPT_OK : ck_fail_nomem(err);
}

ckpt_status ck_edit_plan_make(ckpt *c, const ckpt *newest, const ck_slot *slot,
                              ck_edit_plan *ret_plan, ckpt_error *err) {
    ck_edit_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.memory = c->memory;
    ckpt_status status = ck_collect(c, &plan.all, err);
    if (status != CKPT_OK)
        return status;
    status = make_lists(&plan, newest, slot, err);
    if (status != CKPT_OK) {
        ck_edit_plan_free(&plan);
        return status;
    }
    *ret_plan = plan;
    return CKPT_OK;
}

void ck_edit_plan_free(ck_edit_plan *plan) {
    ck_free(&plan->memory, plan->kept, plan->kept_room, sizeof *plan->kept);
    ck_free(&plan->memory, plan->retired, plan->retired_room, sizeof *plan->retired);
    if (plan->all.c != NULL)
        ck_collection_free(&plan->all);
}
