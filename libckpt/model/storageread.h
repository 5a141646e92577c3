/* SPDX-License-Identifier: MIT */
#ifndef CK_STORAGEREAD_H
#define CK_STORAGEREAD_H

#include "model/object.h"

/* Reads one chunk of a storage of the file, which has checksums, and checks it (rule C2). */
ckpt_status ck_chunk_read(const ckpt *c, uint32_t storage, uint64_t chunk, unsigned char *buffer,
                          ckpt_error *err);

/* Checks the chunks under a range of a storage that ckpt_storage_data points at without having read
 * it. What was read was checked then. */
ckpt_status ck_storage_check(ckpt_storage storage, uint64_t offset, uint64_t size,
                             ckpt_error *err);

#endif
