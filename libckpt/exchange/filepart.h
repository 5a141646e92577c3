/* SPDX-License-Identifier: MIT */
/* Bytes of a checkpoint's file, for what changes them on their way. */
#ifndef CK_FILEPART_H
#define CK_FILEPART_H

#include "model/object.h"

/* What lies in the file from offset on. The checkpoint must have taken its source over when the
 * provider is asked. */
ckpt_status ck_provide_file_part(ckpt *c, uint64_t offset, ck_provider *ret_provider,
                                 ckpt_error *err);

#endif
