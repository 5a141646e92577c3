/* SPDX-License-Identifier: MIT */
/* What the ways of writing a storage share. */
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

/* Bytes on their way into the file. What is small is gathered in a buffer; when that is full it
 * waits until the next bytes are being prepared by other threads, and is written meanwhile. */
typedef struct ck_stage {
    const ck_sink *sink;
    unsigned char *blocks[2];  /* the second only where there is more than one fills */
    unsigned char *buffers[2]; /* in them */
    size_t room;               /* of each */
    unsigned current;          /* the buffer that is being filled */
    size_t used;
    uint64_t offset; /* in the file, of its first byte */
    struct {
        const unsigned char *bytes;
        size_t size;
        uint64_t offset;
    } waiting;          /* size 0: nothing */
    ckpt_status status; /* of the last write */
    ckpt_error failure;
} ck_stage;

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
    unsigned chunk_log2; /* 0: no checksums */
    ck_stage stage;
    uint64_t *checksums; /* of the chunks of a run */
    bool *failed;        /* by chunk of a run */
    size_t run_chunks;   /* for which there is room */
    ck_encode_pool pool;
    uint32_t *types;      /* by storage: the number of a tensor that views it; when encoding */
    uint64_t done, total; /* bytes of the storages */
    uint64_t reported;    /* what was done when progress was last told */
} ck_payload_writer;

/* ---- payloadstage.c ---- */

/* extent: bytes of the file that will be written, at most; least: the room that is needed; twice:
 * something can be prepared while a buffer waits. */
ckpt_status ck_stage_open(ck_stage *stage, const ck_memory *memory, const ck_sink *sink,
                          uint64_t offset, uint64_t extent, size_t least, bool twice,
                          ckpt_error *err);
void ck_stage_close(ck_stage *stage, const ck_memory *memory); /* takes a zeroed one */

/* Room for size bytes, at most that of a buffer, at `offset` of the file, which is no less than
 * where the last bytes end; there are zeros between. The caller fills it. */
ckpt_status ck_stage_take(ck_stage *stage, uint64_t offset, size_t size, unsigned char **ret_bytes,
                          ckpt_error *err);
/* Any number of bytes, copied. */
ckpt_status ck_stage_put(ck_stage *stage, uint64_t offset, const unsigned char *bytes, size_t size,
                         ckpt_error *err);
/* What comes next goes to `offset`, over what was put there. */
void ck_stage_rewind(ck_stage *stage, uint64_t offset);
/* Lets what has been gathered wait, so that a buffer is empty. Zeros fill up to `offset`. */
ckpt_status ck_stage_post(ck_stage *stage, uint64_t offset, ckpt_error *err);
/* Lets bytes wait that follow what was posted: the current buffer, or memory of the caller that
 * stays until they are written. */
ckpt_status ck_stage_post_run(ck_stage *stage, const unsigned char *bytes, size_t size,
                              ckpt_error *err);
/* Writes what waits; the outcome is in `status`. For ck_work_beside. */
void ck_stage_write_waiting(void *stage);
/* Writes everything. */
ckpt_status ck_stage_flush(ck_stage *stage, ckpt_error *err);
/* After that: what comes next begins at `offset` of what the sink now is. */
void ck_stage_begin(ck_stage *stage, uint64_t offset);

/* ---- payload.c ---- */

/* Places a storage that has been written behind the others. */
ckpt_status ck_writer_place(ck_payload_writer *w, uint32_t storage, const ck_storage_rec *rec,
                            uint64_t first_chunk, ckpt_error *err);
/* More bytes of storages are done; a number that is less than one told before is not told. */
ckpt_status ck_writer_report(ck_payload_writer *w, uint64_t bytes, ckpt_error *err);

/* ---- shards.c ---- */

/* Lets the next storage, which has so many bytes before it is encoded, go to a shard that has room
 * for it. */
ckpt_status ck_shard_choose(ck_payload_writer *w, uint32_t storage, uint64_t size, ckpt_error *err);
/* The last shard is complete: it gets its name, and the storages in it their place. */
ckpt_status ck_shard_close(ck_payload_writer *w, uint32_t next_storage, ckpt_error *err);

/* ---- payloadraw.c ---- */

/* Chunks of the longest run, when no storage is larger. */
size_t ck_raw_run_chunks(const ck_payload_writer *w, uint64_t largest);
/* Writes a storage raw and places it. */
ckpt_status ck_write_raw(ck_payload_writer *w, uint32_t storage, ckpt_error *err);

/* ---- encodepool.c ---- */

ckpt_status ck_encode_pool_open(ck_payload_writer *w, uint64_t largest, ckpt_error *err);
void ck_encode_pool_close(ck_encode_pool *pool); /* takes a zeroed one */

/* Writes a storage encoded and places it, or finds that this does not save enough: then nothing is
 * placed, and what was written is to be overwritten. */
ckpt_status ck_write_encoded(ck_payload_writer *w, uint32_t storage, bool *ret_is_placed,
                             ckpt_error *err);

#endif
