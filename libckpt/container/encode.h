/* SPDX-License-Identifier: MIT */
/* The index of a generation, made from a collection and from where its payload lies. */
#ifndef CK_ENCODE_H
#define CK_ENCODE_H

#include "container/header.h"
#include "container/placement.h"

typedef struct ck_encoded {
    ck_memory memory;
    unsigned char *bytes; /* the index, in the byte order of the file */
    size_t size;
    uint64_t offset; /* of the index in the file */
    uint64_t required_features;
    size_t section_offset[CK_SECTION_ROOM];
    uint64_t section_count[CK_SECTION_ROOM]; /* of kinds over 11: 0 where it is not there */
} ck_encoded;

/* Of a generation that is not the first of its file. */
typedef struct ck_history {
    uint64_t sequence;
    const ck_retired_rec *retired;
    size_t retired_count;
} ck_history;

/* Makes the index; all storages must be placed and the parts sorted. history NULL: of a new file.
 * What comes out has passed the checks of the reader: whatever this library would not open, it does
 * not write. */
ckpt_status ck_encode(const ck_collection *all, const ck_placement *placement,
                      const ck_history *history, ck_encoded *ret_encoded, ckpt_error *err);
void ck_encoded_free(ck_encoded *encoded);

/* The committed slot that leads to the index. */
ck_slot ck_encoded_slot(const ck_encoded *encoded, uint64_t sequence);

#endif
