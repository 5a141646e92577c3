/* SPDX-License-Identifier: MIT */
#ifndef CK_NPYWRITE_H
#define CK_NPYWRITE_H

#include "model/format.h"

/* Writes a checkpoint with one tensor under one name, in the bytes of numpy.save; whatever else it
 * holds is left out, and reported.
 * CKPT_E_UNSUPPORTED: more or fewer names, or a dtype that NumPy has not. */
ckpt_status ck_npy_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err);

#endif
