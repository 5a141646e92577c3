/* SPDX-License-Identifier: MIT */
/* The index: from the bytes of the file to the tables of a checkpoint, checked. */
#ifndef CK_INDEX_H
#define CK_INDEX_H

#include "container/layout.h"
#include "model/object.h"

/* An index on its way into a checkpoint. */
typedef struct ck_index {
    ckpt *c;
    const char *name; /* of the file */
    uint64_t offset;  /* of the index in the file */
    unsigned char *bytes;
    size_t size;
    uint16_t version_minor;
    uint64_t sequence;
    uint64_t required_features;
    uint64_t section_offset[CK_SECTION_ROOM]; /* from the beginning of the index */
    uint32_t section_record_size[CK_SECTION_ROOM];
    uint64_t string_bytes; /* count of STRING_BYTES */
    bool has_retired;
    bool has_chunk_ends;
    bool has_programs;
    bool has_parts;
} ck_index;

/* Reads the directory and lets the tables of index->c lie in index->bytes, which stays the
 * caller's. Rules X1 to X8. On a big-endian host, or when records are longer than this library
 * knows, the bytes are rewritten in place. */
ckpt_status ck_index_load(ck_index *index, ckpt_error *err);

/* Rejects record i of a section: rule, place and what is wrong. */
ckpt_status ck_index_reject(const ck_index *index, uint32_t kind, uint64_t i, const char *rule,
                            ckpt_status status, ckpt_error *err, const char *format, ...)
    CK_PRINTF(7, 8);

/* All that stands in the tables: rules S, D, M, N, T, P, E, F, V and R. */
ckpt_status ck_index_check(const ck_index *index, ckpt_error *err);

/* Its parts, in this order. A byte for each string and dtype says whether something uses it. */
typedef struct ck_usage {
    unsigned char *strings;
    unsigned char *dtypes;
} ck_usage;
ckpt_status ck_check_strings(const ck_index *index, ckpt_error *err);
ckpt_status ck_check_dtypes(const ck_index *index, const ck_usage *usage, ckpt_error *err);
ckpt_status ck_check_modules(const ck_index *index, const ck_usage *usage, ckpt_error *err);
ckpt_status ck_check_names(const ck_index *index, ckpt_error *err);
ckpt_status ck_check_tensors(const ck_index *index, const ck_usage *usage, ckpt_error *err);
ckpt_status ck_check_storages(const ck_index *index, ckpt_error *err);
/* Two parts of the check of storages: E2 for one of them; E1, E3 and E4 for all, when it is known
 * which chunks they have. */
ckpt_status ck_check_encoding(const ck_index *index, uint32_t storage, ckpt_error *err);
ckpt_status ck_check_chunk_ends(const ck_index *index, ckpt_error *err);
/* F1 to F7. */
ckpt_status ck_check_parts(const ck_index *index, const ck_usage *usage, ckpt_error *err);
ckpt_status ck_check_values(const ck_index *index, const ck_usage *usage, ckpt_error *err);
/* Rejects a storage: "storage N MESSAGE". */
ckpt_status ck_reject_storage(const ck_index *index, uint32_t s, const char *rule,
                              ckpt_status status, const char *message, ckpt_error *err);
/* Marks a string as used; S5 when there is no such string. */
ckpt_status ck_use_string(const ck_index *index, const ck_usage *usage, uint32_t string,
                          uint32_t kind, uint64_t i, ckpt_error *err);

#endif
