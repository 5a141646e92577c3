/* SPDX-License-Identifier: MIT */
/* Storages and the tiling of the file (spec/ckpt-format.md, sections 8 and 11). */
#include "base/checked.h"
#include "container/index.h"
#include "container/tiling.h"

ckpt_status ck_reject_storage(const ck_index *index, uint32_t s, const char *rule,
                              ckpt_status status, const char *message, ckpt_error *err) {
    return ck_index_reject(index, CK_STORAGES, s, rule, status, err, "storage %u %s", (unsigned)s,
                           message);
}

/* P1, P2, P3, P5. */
static ckpt_status check_fields(const ck_index *index, uint32_t s, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(index->c, s);
    bool raw = rec->encoding == CK_ENCODING_RAW;
    if (rec->encoding > CK_ENCODING_PLANES ||
        (rec->part != CK_NONE && rec->part >= index->c->parts.count))
        return ck_reject_storage(index, s, "P1", CKPT_E_STRUCTURE,
                                 "has an encoding of another version, or a part that is none", err);
    if (rec->size >= CK_SIZE_LIMIT || (raw && rec->stored_size != rec->size) ||
        (!raw && (rec->stored_size == 0 || rec->stored_size >= rec->size)))
        return ck_reject_storage(
            index, s, "P2", CKPT_E_STRUCTURE,
            "has a size in the file that does not fit its encoding, or has 2^63 "
            "bytes or more",
            err);
    if (rec->size == 0 && (rec->offset != 0 || rec->chunk_log2 != 0 || rec->part != CK_NONE))
        return ck_reject_storage(index, s, "P3", CKPT_E_STRUCTURE, "is empty and has a place", err);
    if (rec->chunk_log2 != 0 &&
        (rec->chunk_log2 < CK_MIN_CHUNK_LOG2 || rec->chunk_log2 > CK_MAX_CHUNK_LOG2))
        return ck_reject_storage(index, s, "P5", CKPT_E_LIMIT, "has chunks of an unknown size",
                                 err);
    return CKPT_OK;
}

/* P6. */
static ckpt_status check_chunks(const ck_index *index, uint32_t s, uint64_t *next,
                                ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(index->c, s);
    uint64_t count = rec->chunk_log2 != 0 ? ((rec->size - 1) >> rec->chunk_log2) + 1 : 0;
    if (rec->first_chunk != *next || count > index->c->chunks.count - *next)
        return ck_reject_storage(index, s, "P6", CKPT_E_BOUNDS, "does not have the next chunks",
                                 err);
    *next += count;
    return CKPT_OK;
}

/* R2, R3, R4. */
static ckpt_status check_retired(const ck_index *index, ckpt_error *err) {
    const ckpt *c = index->c;
    uint64_t before = 0;
    if (index->has_retired && c->retired.count == 0)
        return ck_index_reject(index, CK_RETIRED, 0, "R1", CKPT_E_STRUCTURE, err,
                               "the section of retired extents is empty");
    for (uint32_t i = 0; i < c->retired.count; i++) {
        const ck_retired_rec *rec = (const ck_retired_rec *)c->retired.records + i;
        if (rec->size == 0 || rec->reserved != 0 || rec->kind < CK_RETIRED_INDEX ||
            rec->kind > CK_RETIRED_ENCODED || (rec->kind != CK_RETIRED_INDEX && rec->checksum != 0))
            return ck_index_reject(index, CK_RETIRED, i, "R2", CKPT_E_STRUCTURE, err,
                                   "retired extent %u is not as one can be", (unsigned)i);
        if (rec->sequence == 0 || rec->sequence >= index->sequence)
            return ck_index_reject(index, CK_RETIRED, i, "R3", CKPT_E_STRUCTURE, err,
                                   "retired extent %u is not of an earlier generation",
                                   (unsigned)i);
        if (rec->kind == CK_RETIRED_INDEX && rec->sequence <= before)
            return ck_index_reject(index, CK_RETIRED, i, "R4", CKPT_E_STRUCTURE, err,
                                   "retired index %u is out of order", (unsigned)i);
        if (rec->kind == CK_RETIRED_INDEX)
            before = rec->sequence;
    }
    return CKPT_OK;
}

/* P4. */
static ckpt_status check_tiling(const ck_index *index, ckpt_error *err) {
    ck_tiling tiling = ck_tiling_begin(index->c);
    ck_extent extent;
    uint64_t end = CK_HEADER_SIZE, begin;
    while (ck_tiling_next(&tiling, &extent)) {
        if (!ck_align(end, extent.alignment, &begin) || extent.offset != begin ||
            !ck_within(extent.offset, extent.size, index->offset))
            return ck_index_reject(index, extent.is_retired ? CK_RETIRED : CK_STORAGES, extent.id,
                                   "P4", CKPT_E_BOUNDS, err,
                                   "%s %u does not begin where what is before it ends, or reaches "
                                   "into the index",
                                   extent.is_retired ? "retired extent" : "storage",
                                   (unsigned)extent.id);
        end = extent.offset + extent.size;
    }
    if (!ck_align(end, CK_ALIGNMENT, &begin) || begin != index->offset)
        return ck_index_reject(index, CK_STORAGES, 0, "P4", CKPT_E_BOUNDS, err,
                               "there is a hole before the index");
    return CKPT_OK;
}

ckpt_status ck_check_storages(const ck_index *index, ckpt_error *err) {
    const ckpt *c = index->c;
    uint64_t next = 0;
    ckpt_status status = CKPT_OK;
    for (uint32_t s = 0; s < c->storages.count && status == CKPT_OK; s++) {
        status = check_fields(index, s, err);
        if (status == CKPT_OK)
            status = ck_check_encoding(index, s, err);
        if (status == CKPT_OK)
            status = check_chunks(index, s, &next, err);
    }
    if (status == CKPT_OK && next != c->chunks.count)
        return ck_index_reject(index, CK_CHUNKS, next, "P6", CKPT_E_STRUCTURE, err,
                               "a chunk belongs to no storage");
    if (status == CKPT_OK)
        status = ck_check_chunk_ends(index, err);
    if (status == CKPT_OK)
        status = check_retired(index, err);
    if (status == CKPT_OK)
        status = check_tiling(index, err);
    return status;
}
