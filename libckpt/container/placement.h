/* SPDX-License-Identifier: MIT */
/* Where the storages of a file lie and what is known of their chunks: what the index says of the
 * payload, gathered while the payload is written. */
#ifndef CK_PLACEMENT_H
#define CK_PLACEMENT_H

#include "base/nametree.h"
#include "container/collect.h"

typedef struct ck_placed_chunk {
    uint64_t checksum; /* of the stored bytes */
    uint64_t end;      /* of the stored bytes, from the offset of the storage */
} ck_placed_chunk;

typedef struct ck_placed_part {
    char *name;
    uint64_t size;
    uint8_t sha256[32];
    uint32_t string; /* number of the name, when the parts are sorted */
} ck_placed_part;

typedef struct ck_placement {
    ck_memory memory;
    ck_storage_rec *storages; /* by the number in the collection */
    size_t room;
    ck_table chunks;        /* of ck_placed_chunk */
    ck_table parts;         /* of ck_placed_part */
    ck_nametree part_names; /* to their numbers, until the parts are sorted */
    const char **texts;     /* the names of the sorted parts */
    uint64_t end;           /* of the last extent in the file; of the header, while there is none */
    uint32_t checked_count; /* storages with checksums */
    bool encoded;           /* there is an encoded storage */
} ck_placement;

/* For all storages of a collection; none is placed yet. */
ckpt_status ck_placement_create(ck_placement *ret_placement, const ck_collection *all,
                                ckpt_error *err);
void ck_placement_free(ck_placement *placement); /* takes a zeroed one */

/* Enters a part, or finds it when it is there. CKPT_E_MISMATCH: the name stands for another file.
 */
ckpt_status ck_placement_add_part(ck_placement *placement, const char *name, uint64_t size,
                                  const uint8_t *sha256, uint32_t *ret_part, ckpt_error *err);

/* Storages are placed in the order of their numbers. This one stays where it lies: as storage
 * `number` of the checkpoint `from`, in the file itself (part CK_NONE) or in a part. */
ckpt_status ck_placement_keep(ck_placement *placement, uint32_t storage, const ckpt *from,
                              uint32_t number, uint32_t part, ckpt_error *err);
/* This one has been written behind all others, of the file or of the part: the record without
 * first_chunk, whose chunks have been added. */
ckpt_status ck_placement_add(ck_placement *placement, uint32_t storage, const ck_storage_rec *rec,
                             uint64_t first_chunk, ckpt_error *err);
ckpt_status ck_placement_add_chunk(ck_placement *placement, uint64_t checksum, uint64_t end,
                                   ckpt_error *err);

/* When all are placed: puts the parts in the order of the file, and their names among the strings
 * of the collection. */
ckpt_status ck_placement_sort_parts(ck_placement *placement, ck_collection *all, ckpt_error *err);

#endif
