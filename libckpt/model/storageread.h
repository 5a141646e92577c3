/* SPDX-License-Identifier: MIT */
#ifndef CK_STORAGEREAD_H
#define CK_STORAGEREAD_H

#include "model/object.h"

/* The storage that really has the bytes, at the end of the links. */
ckpt_storage ck_storage_resolve(ckpt_storage storage);

/* All the bytes, when they are in memory or mapped as they are; NULL when they must be read, or are
 * zeros because nothing has been put there yet. The storage must be resolved. */
const unsigned char *ck_storage_bytes(ckpt_storage storage);

#endif
