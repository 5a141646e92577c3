/* SPDX-License-Identifier: MIT */
/* What the two ways of writing a storage share. */
#ifndef CK_PAYLOADWRITER_H
#define CK_PAYLOADWRITER_H

#include "container/codec.h"
#include "container/payload.h"
#include "container/reuse.h"

/* In place of the part of a storage: the number of a shard is known when it is complete. */
#define CK_IN_OPEN_SHARD (CK_NONE - 1)

/* One chunk at a time for each thread. */
typedef struct ck_encode_pool {
    ck_memory memory;
    unsigned workers;
    size_t chunk_room;     /* bytes of the largest chunk */
    unsigned char *chunks; /* one for each worker, in order, as they follow in the storage */
    unsigned char *stored; /* the same encoded; room for each is stored_room */
    size_t stored_room;
    size_t *stored_sizes;
    ck_codec **codecs;
} ck_encode_pool;

typedef struct ck_payload_writer {
    ckpt *c;
    const ck_sink *sink; /* of the file */
    ck_sink to;          /* where the next storage goes: the file or a shard */
    uint64_t end;        /* of the last extent there */
    uint32_t part;       /* number of the shard among the parts of the sink; CK_NONE: the file */
    uint32_t first;      /* number of the first storage in the shard */
    bool sharded;        /* what is written goes to shards */
    ck_reuse reuse;      /* what need not be written */
    const ckpt_save_options *options;
    const ck_collection *all;
    ck_placement *placement;
    unsigned chunk_log2;   /* 0: no checksums */
    unsigned char *buffer; /* of raw storages: a chunk, or a piece of what has no checksums */
    size_t buffer_size;
    ck_encode_pool pool;
    uint32_t *types;      /* by storage: the number of a tensor that views it; when encoding */
    uint64_t done, total; /* bytes of the storages */
} ck_payload_writer;

ckpt_status ck_writer_pad(const ck_payload_writer *w, uint64_t offset, ckpt_error *err);
/* Places a storage that has been written behind the others. */
ckpt_status ck_writer_place(ck_payload_writer *w, uint32_t storage, const ck_storage_rec *rec,
                            uint64_t first_chunk, ckpt_error *err);
ckpt_status ck_writer_report(ck_payload_writer *w, uint64_t bytes, ckpt_error *err);

/* Lets the next storage, which has so many bytes before it is encoded, go to a shard that has room
 * for it. */
ckpt_status ck_shard_choose(ck_payload_writer *w, uint32_t storage, uint64_t size, ckpt_error *err);
/* The last shard is complete: it gets its name, and the storages in it their place. */
ckpt_status ck_shard_close(ck_payload_writer *w, uint32_t next_storage, ckpt_error *err);

ckpt_status ck_encode_pool_open(ck_payload_writer *w, uint64_t largest, ckpt_error *err);
void ck_encode_pool_close(ck_encode_pool *pool); /* takes a zeroed one */

/* Writes a storage encoded and places it, or finds that this does not save enough: then nothing is
 * placed, and what was written is to be overwritten. */
ckpt_status ck_write_encoded(ck_payload_writer *w, uint32_t storage, bool *ret_is_placed,
                             ckpt_error *err);

#endif
