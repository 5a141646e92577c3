/* SPDX-License-Identifier: MIT */
#ifndef CK_TORCHWRITE_H
#define CK_TORCHWRITE_H

#include "model/format.h"

/* Writes what torch.load(weights_only=True), mmap=True too, reads: the object that was read, where
 * the modules stand for Python's containers, else a state_dict with its _metadata. Ties and views
 * stay. spec/exchange.md, section "PyTorch", says what is lost. */
ckpt_status ck_torch_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                           ckpt_error *err);

#endif
