/* SPDX-License-Identifier: MIT */
#ifndef CK_OPENBESIDE_H
#define CK_OPENBESIDE_H

#include "base/source.h"

#include <ckpt/file.h>

/* As ckpt_open, for a file that another one names: a plain component in the directory of that one,
 * which must be a regular file. Its file system and its way of access count, not those of the
 * options. */
ckpt_status ck_open_beside(const ck_source *main, const char *component,
                           const ckpt_open_options *options, ckpt **ret_ckpt, ckpt_error *err);

#endif
