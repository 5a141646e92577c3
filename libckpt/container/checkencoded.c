/* SPDX-License-Identifier: MIT */
/* Encoded storages and where their chunks lie (spec/ckpt-format.md, section 8.1). */
#include "container/index.h"

/* E2. */
ckpt_status ck_check_encoding(const ck_index *index, uint32_t storage, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(index->c, storage);
    unsigned width = rec->width;
    if (rec->encoding == CK_ENCODING_RAW && (width != 0 || rec->rotation != 0))
        return ck_reject_storage(index, storage, "E2", CKPT_E_STRUCTURE,
                                 "is raw and has a width or a rotation", err);
    if (rec->encoding == CK_ENCODING_RAW)
        return CKPT_OK;
    if (rec->chunk_log2 == 0 || rec->chunk_log2 > CK_MAX_ENCODED_CHUNK_LOG2)
        return ck_reject_storage(index, storage, "E2", CKPT_E_LIMIT,
                                 "is encoded in chunks of an unknown size", err);
    if (width == 0 || width > CK_MAX_WIDTH || (width & (width - 1)) != 0 || rec->rotation > 1 ||
        (rec->rotation == 1 && width == 1))
        return ck_reject_storage(index, storage, "E2", CKPT_E_STRUCTURE,
                                 "has a width or a rotation that an encoding cannot have", err);
    return CKPT_OK;
}

/* E4: what a chunk of size bytes may take in the file. A byte that is inflated gives at most 1032,
 * so this bounds what a small file can grow to before anything is inflated. */
static bool stored_size_fits(const ck_storage_rec *rec, uint64_t size, uint64_t stored) {
    uint64_t words = (uint64_t)rec->width * CK_PLANE_WORD;
    if (rec->encoding == CK_ENCODING_RAW)
        return stored == size;
    return stored > words && stored - words <= size && (stored - words) * CK_MAX_RATIO >= size;
}

/* E3, E4. The chunks of the storage are known to be in the table. */
static ckpt_status check_ends(const ck_index *index, uint32_t s, ckpt_error *err) {
    const ck_storage_rec *rec = ck_storage_at(index->c, s);
    uint64_t before = 0, chunk = rec->first_chunk;
    if (rec->chunk_log2 == 0)
        return CKPT_OK;
    for (uint64_t done = 0; done < rec->size; chunk++) {
        uint64_t end = ck_chunk_end_at(index->c, chunk), size = (uint64_t)1 << rec->chunk_log2;
        size = rec->size - done < size ? rec->size - done : size;
        done += size;
        if (end <= before || end > rec->stored_size ||
            (done == rec->size && end != rec->stored_size))
            return ck_index_reject(index, CK_CHUNK_ENDS, chunk, "E3", CKPT_E_BOUNDS, err,
                                   "a chunk of storage %u does not end behind the one before, or "
                                   "not with its storage",
                                   (unsigned)s);
        if (!stored_size_fits(rec, size, end - before))
            return ck_index_reject(index, CK_CHUNK_ENDS, chunk, "E4", CKPT_E_BOUNDS, err,
                                   "a chunk of storage %u has a size in the file that it cannot "
                                   "have",
                                   (unsigned)s);
        before = end;
    }
    return CKPT_OK;
}

/* E1. */
static ckpt_status check_feature(const ck_index *index, bool encoded, ckpt_error *err) {
    if (((index->required_features & CK_FEATURE_ENCODED) != 0) != encoded ||
        index->has_chunk_ends != encoded)
        return ck_index_reject(index, CK_STORAGES, 0, "E1", CKPT_E_STRUCTURE, err,
                               "the feature of encoded storages, the ends of chunks and the "
                               "encodings of storages contradict each other");
    return CKPT_OK;
}

ckpt_status ck_check_chunk_ends(const ck_index *index, ckpt_error *err) {
    const ckpt *c = index->c;
    bool encoded = false;
    for (uint32_t s = 0; s < c->storages.count; s++)
        encoded = encoded || ck_storage_at(c, s)->encoding != CK_ENCODING_RAW;
    ckpt_status status = check_feature(index, encoded, err);
    if (status != CKPT_OK || !encoded)
        return status;
    if (c->chunk_ends.count != c->chunks.count)
        return ck_index_reject(index, CK_CHUNK_ENDS, 0, "E3", CKPT_E_STRUCTURE, err,
                               "there are not as many ends of chunks as chunks");
    for (uint32_t s = 0; s < c->storages.count && status == CKPT_OK; s++)
        status = check_ends(index, s, err);
    return status;
}
