/* SPDX-License-Identifier: MIT */
/* Writing the bytes of storages, raw or encoded, and what stands behind them. */
#ifndef CK_PAYLOAD_H
#define CK_PAYLOAD_H

#include "container/encode.h"
#include "container/placement.h"
#include "model/format.h"

/* Whether the options that concern the payload make sense. */
ckpt_status ck_payload_check(const ckpt_save_options *options, ckpt_error *err);

/* Writes the storages of the collection from number `first` on, behind placement->end, and places
 * them. Bytes are read through the checks of their own file, if they have any: damage does not get
 * into a new file under a checksum that is right. Padding is written too; a storage that was tried
 * encoded and is written raw leaves nothing behind its end. */
ckpt_status ck_payload_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                             const ck_collection *all, uint32_t first, ck_placement *placement,
                             ckpt_error *err);

/* Writes the index where it belongs, padding included. */
ckpt_status ck_payload_finish(const ck_sink *sink, const ck_placement *placement,
                              const ck_encoded *index, ckpt_error *err);

#endif
