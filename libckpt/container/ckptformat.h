/* SPDX-License-Identifier: MIT */
/* The functions behind the .ckpt format's table entry (model/format.h). */
#ifndef CK_CKPTFORMAT_H
#define CK_CKPTFORMAT_H

#include "model/format.h"

bool ck_ckpt_probe(const unsigned char *head, size_t size, uint64_t file_size);
ckpt_status ck_ckpt_read(ckpt *c, ck_source *source, ckpt_error *err);
ckpt_status ck_ckpt_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                          ckpt_error *err);
ckpt_status ck_ckpt_verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                           ckpt_error *err);
ckpt_status ck_ckpt_commit(ckpt *c, const ckpt_save_options *options, ckpt_error *err);

#endif
