/* SPDX-License-Identifier: MIT */
/* What the pieces of verifying share. Damage is told and passed over; a status other than CKPT_OK
 * ends the work. */
#ifndef CK_VERIFYING_H
#define CK_VERIFYING_H

#include "container/verifywork.h"

typedef struct ck_verifying {
    ckpt *c;
    ckpt *file; /* what is being read: c, or what stands for a part of it */
    const ckpt_verify_options *options;
    ckpt_verify_result *result;
    ck_verify_work *work; /* on that file */
    uint64_t total;       /* bytes of the file and of its parts */
    ckpt_error *err;      /* the first damage */
    ckpt_status status;   /* CKPT_OK while there is none */
} ck_verifying;

/* Counts bytes that were checked. */
ckpt_status ck_verify_step(ck_verifying *v, uint64_t bytes, ckpt_error *err);
/* Tells of damage in v->file; part is filled in. */
void ck_verify_tell(ck_verifying *v, const ckpt_damage *damage, ckpt_status status);
/* Begins with a file, and ends with it: after that all that was asked for is checked. `status` is
 * what has come of it so far; that of the end is returned. */
ckpt_status ck_verify_begin(ck_verifying *v, ckpt *file, ckpt_error *err);
ckpt_status ck_verify_end(ck_verifying *v, ckpt_status status, ckpt_error *err);
/* Bytes that are in no chunk. */
ckpt_status ck_verify_range(ck_verifying *v, ck_piece_kind kind, uint64_t begin, uint64_t end,
                            ckpt_error *err);
/* The chunks of a storage, which is storage `number` of v->file and `id` of v->c. */
ckpt_status ck_verify_chunks(ck_verifying *v, uint32_t number, uint32_t id, ckpt_error *err);

/* F8, F9, and the chunks of the storages that lie in parts. */
ckpt_status ck_verify_parts(ck_verifying *v, ckpt_error *err);
/* Bytes of all parts of a checkpoint. */
uint64_t ck_parts_size(const ckpt *c);

#endif
