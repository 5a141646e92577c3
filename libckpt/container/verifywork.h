/* SPDX-License-Identifier: MIT */
/* Verifying, piece by piece: pieces that lie together are read by one request, and several requests
 * are read and checked at once. */
#ifndef CK_VERIFYWORK_H
#define CK_VERIFYWORK_H

#include "model/object.h"

typedef enum ck_piece_kind {
    CK_PIECE_CHUNK,   /* of storage `number` */
    CK_PIECE_PADDING, /* is to be zero */
    /* Is read, no more: a disk that cannot give it back is damage too. */
    CK_PIECE_UNCHECKED, /* of a storage in use */
    CK_PIECE_BYTES
} ck_piece_kind;

typedef enum ck_piece_state {
    CK_PIECE_SOUND,
    CK_PIECE_BAD_CHECKSUM,
    CK_PIECE_BAD_CODE,
    CK_PIECE_NOT_ZERO
} ck_piece_state;

typedef struct ck_piece {
    uint64_t offset; /* in the file */
    uint64_t chunk;
    uint32_t number; /* of the storage in the file */
    uint32_t id;     /* the same for whoever is told */
    uint32_t size;
    uint8_t kind;  /* a ck_piece_kind */
    uint8_t state; /* a ck_piece_state, once it has been checked */
    uint32_t bad;  /* where the first byte is that is not zero */
} ck_piece;

/* Told of pieces that have been checked, in the order in which they were added, from the thread
 * that adds them. */
typedef struct ck_verify_target {
    void *ctx;
    void (*tell)(void *ctx, const ck_piece *piece); /* of each piece */
    ckpt_status (*step)(void *ctx, uint64_t bytes, ckpt_error *err);
} ck_verify_target;

typedef struct ck_verify_work ck_verify_work;

ckpt_status ck_verify_work_open(const ckpt *c, const ck_verify_target *target,
                                ck_verify_work **ret_work, ckpt_error *err);
void ck_verify_work_close(ck_verify_work *work); /* takes NULL */

/* Largest size of a piece that is no chunk. */
#define CK_PIECE_SIZE ((size_t)1 << 20)

/* Adds a piece, which must not be empty. */
ckpt_status ck_verify_work_add(ck_verify_work *work, const ck_piece *piece, ckpt_error *err);
/* Checks all that has been added. */
ckpt_status ck_verify_work_finish(ck_verify_work *work, ckpt_error *err);

#endif
