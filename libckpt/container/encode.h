/* SPDX-License-Identifier: MIT */
/* The index of a new file, made from a collection. */
#ifndef CK_ENCODE_H
#define CK_ENCODE_H

#include "container/collect.h"
#include "container/layout.h"

typedef struct ck_encoded {
    ck_memory memory;
    unsigned char *bytes; /* the index, in the byte order of the file; checksums of chunks are 0 */
    size_t size;
    uint64_t offset;   /* of the index in the file */
    size_t section_offset[CK_CORE_SECTIONS + 1];
    uint64_t section_count[CK_CORE_SECTIONS + 1];
} ck_encoded;

/* Lays out the storages and the index. chunk_log2 0: no checksums. What comes out has passed the
 * checks of the reader: whatever this library would not open, it does not write. */
ckpt_status ck_encode(const ck_collection *all, unsigned chunk_log2, ck_encoded *ret_encoded,
                      ckpt_error *err);
void ck_encoded_free(ck_encoded *encoded);

/* The record of a storage by its new number, in the byte order of the file. */
uint64_t ck_encoded_storage_offset(const ck_encoded *encoded, uint32_t storage);
/* Stores the checksum of a chunk, counted over all storages. */
void ck_encoded_set_checksum(ck_encoded *encoded, uint64_t chunk, uint64_t checksum);

#endif
