/* SPDX-License-Identifier: MIT */
/* Storages whose bytes lie in other files (spec/ckpt-format.md, section 8.2). */
#include "container/parts.h"

#include "base/checked.h"
#include "base/sort.h"
#include "container/index.h"

#include <string.h>

bool ck_part_name_valid(const char *name, size_t size) {
    if (size == 0 || size > CK_MAX_PART_NAME || (size == 1 && name[0] == '.') ||
        (size == 2 && memcmp(name, "..", 2) == 0))
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == ':')
            return false;
    }
    return true;
}

static const ck_part_rec *part_at(const ck_index *index, uint32_t part) {
    return (const ck_part_rec *)index->c->parts.records + part;
}

/* F1. */
static ckpt_status check_feature(const ck_index *index, ckpt_error *err) {
    bool feature = (index->required_features & CK_FEATURE_PARTS) != 0;
    if (feature != index->has_parts || (feature && index->c->parts.count == 0))
        return ck_index_reject(index, index->has_parts ? CK_PARTS : CK_STORAGES, 0, "F1",
                               CKPT_E_STRUCTURE, err,
                               "the feature of payload elsewhere and the section of parts "
                               "contradict each other");
    if (index->c->parts.count > CK_MAX_PARTS)
        return ck_index_reject(index, CK_PARTS, 0, "F1", CKPT_E_LIMIT, err,
                               "there are more than 4096 parts");
    return CKPT_OK;
}

/* F2, F3, F4. */
static ckpt_status check_part(const ck_index *index, const ck_usage *usage, uint32_t i,
                              ckpt_error *err) {
    const ck_part_rec *rec = part_at(index, i);
    ckpt_status status = ck_use_string(index, usage, rec->name, CK_PARTS, i, err);
    if (status != CKPT_OK)
        return status;
    size_t size;
    const char *name = ck_string(index->c, rec->name, &size);
    if (!ck_part_name_valid(name, size))
        return ck_index_reject(index, CK_PARTS, i, "F2", CKPT_E_STRUCTURE, err,
                               "'%s' cannot be the name of a part", CK_NAME(name));
    if (rec->reserved != 0 || rec->size == 0 || rec->size >= CK_SIZE_LIMIT)
        return ck_index_reject(index, CK_PARTS, i, "F3", CKPT_E_STRUCTURE, err,
                               "part %u has no size or 2^63 bytes or more, or a reserved field is "
                               "not 0",
                               (unsigned)i);
    if (i > 0 && rec->name <= part_at(index, i - 1)->name)
        return ck_index_reject(index, CK_PARTS, i, "F4", CKPT_E_STRUCTURE, err,
                               "part %u is not greater than the one before", (unsigned)i);
    return CKPT_OK;
}

typedef struct extent {
    uint32_t part;
    uint32_t storage;
    uint64_t offset;
} extent;

static int compare_extents(const void *a, const void *b) {
    const extent *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* F6. */
static ckpt_status check_place(const ck_index *index, uint32_t s, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(index->c, s);
    if (rec->offset % ck_extent_alignment(rec->encoding, rec->stored_size) != 0 ||
        !ck_within(rec->offset, rec->stored_size, part_at(index, rec->part)->size))
        return ck_reject_storage(index, s, "F6", CKPT_E_BOUNDS,
                                 "reaches out of its part, or is not aligned in it", err);
    return CKPT_OK;
}

/* F5, F7: the extents are sorted. */
static ckpt_status check_extents(const ck_index *index, const extent *extents, size_t count,
                                 ckpt_error *err) {
    uint32_t next_part = 0;
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_first = i == 0 || extents[i].part != extents[i - 1].part;
        if (is_first && extents[i].part != next_part)
            break;
        next_part += is_first;
        if (!is_first && extents[i].offset < end)
            return ck_reject_storage(index, extents[i].storage, "F7", CKPT_E_BOUNDS,
                                     "overlaps another one in its part", err);
        end = extents[i].offset + ck_storage_at(index->c, extents[i].storage)->stored_size;
    }
    if (next_part != index->c->parts.count)
        return ck_index_reject(index, CK_PARTS, next_part, "F5", CKPT_E_STRUCTURE, err,
                               "no storage lies in part %u", (unsigned)next_part);
    return CKPT_OK;
}

static ckpt_status check_all_extents(const ck_index *index, extent *extents, ckpt_error *err) {
    const ckpt *c = index->c;
    size_t count = 0;
    for (uint32_t s = 0; s < c->storages.count; s++) {
        const ck_storage_rec *rec = ck_storage_at(c, s);
        if (rec->part == CK_NONE)
            continue;
        ckpt_status status = check_place(index, s, err);
        if (status != CKPT_OK)
            return status;
        extent e = {rec->part, s, rec->offset};
        extents[count++] = e;
    }
    if (!ck_sort(&c->memory, extents, count, sizeof *extents, compare_extents))
        return ck_fail_nomem(err);
    return check_extents(index, extents, count, err);
}

ckpt_status ck_check_parts(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    const ckpt *c = index->c;
    ckpt_status status = check_feature(index, err);
    for (uint32_t i = 0; i < c->parts.count && status == CKPT_OK; i++)
        status = check_part(index, usage, i, err);
    if (status != CKPT_OK || c->parts.count == 0)
        return status;
    size_t room = c->storages.count;
    extent *extents = ck_alloc(&c->memory, room, sizeof *extents);
    if (extents == NULL)
        return ck_fail_nomem(err);
    status = check_all_extents(index, extents, err);
    ck_free(&c->memory, extents, room, sizeof *extents);
    return status;
}
