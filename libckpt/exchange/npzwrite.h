/* SPDX-License-Identifier: MIT */
#ifndef CK_NPZWRITE_H
#define CK_NPZWRITE_H

#include "model/format.h"

/* Writes the state_dict as numpy.savez does: an array KEY.npy, stored, for each name. Beyond that
 * the data of each array begin at a multiple of 64. Everything that an array cannot say is
 * reported. */
ckpt_status ck_npz_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err);

#endif
