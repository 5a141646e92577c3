/* SPDX-License-Identifier: MIT */
/* Decoders that wait for the next read: making one costs more than decoding a small chunk. */
#ifndef CK_DECODERPOOL_H
#define CK_DECODERPOOL_H

#include "model/object.h"

/* For a checkpoint that has its records and its coding. Where nothing is encoded nothing is made.
 */
ckpt_status ck_decoder_pool_create(ckpt *c, ckpt_error *err);
/* There need not be one; that of a part belongs to the whole. */
void ck_decoder_pool_free(ckpt *c);

/* A decoder for any chunk of the checkpoint, for one thread. */
ckpt_status ck_decoder_take(const ckpt *c, void **ret_decoder, ckpt_error *err);
void ck_decoder_give(const ckpt *c, void *decoder); /* takes NULL */

#endif
