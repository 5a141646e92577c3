/* SPDX-License-Identifier: MIT */
/* Chunks of the storages of a file: reading, checking, decoding them. A storage without checksums
 * has no chunks; nothing here is for it. */
#ifndef CK_CHUNKREAD_H
#define CK_CHUNKREAD_H

#include "model/object.h"

/* What is read by one request when it does not go straight to its destination. */
#define CK_RUN_SIZE ((size_t)4 << 20)

/* Decoded bytes of a chunk. */
static inline size_t ck_chunk_size(const ck_storage_rec *rec, uint64_t chunk) {
    uint64_t size = (uint64_t)1 << rec->chunk_log2, begin = chunk << rec->chunk_log2;
    return (size_t)(size < rec->size - begin ? size : rec->size - begin);
}

/* Where a chunk begins in the file, from the offset of its storage; for the number of chunks, where
 * the storage ends. */
uint64_t ck_chunk_begin(const ckpt *c, const ck_storage_rec *rec, uint64_t chunk);

/* Chunks [first, first + count) of a storage, whole, to destination: read in few requests, compared
 * with their checksums (C2) and decoded (C3), by several threads where that pays. What is handed
 * out is what was checked, even while another program writes to the file. Of several bad chunks the
 * first is reported. */
ckpt_status ck_chunks_read(const ckpt *c, uint32_t storage, uint64_t first, uint64_t count,
                           unsigned char *destination, ckpt_error *err);

/* Any part of a storage that has chunks; it must not be empty. Chunks that it covers only in part
 * are read by way of memory of at most CK_RUN_SIZE or one chunk. */
ckpt_status ck_chunks_read_range(const ckpt *c, uint32_t storage, uint64_t offset, size_t size,
                                 unsigned char *destination, ckpt_error *err);

#endif
