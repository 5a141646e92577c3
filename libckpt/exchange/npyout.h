/* SPDX-License-Identifier: MIT */
/* A tensor as numpy.save writes it, version 1.0: header and data. */
#ifndef CK_NPYOUT_H
#define CK_NPYOUT_H

#include "exchange/flatten.h"
#include "exchange/tensorstream.h"

/* NumPy has no bfloat16, no floats of 8 bits and less and no complex numbers of 4 bytes: they are
 * written as the float32 or complex64 that has their value. */
typedef struct ck_npy_out {
    ckpt_tensor tensor;
    ckpt_dtype dtype;   /* in the file */
    uint64_t data_size; /* bytes in the file, behind the header */
    size_t header_size;
    char header[2048]; /* room for 64 extents of 20 digits */
} ck_npy_out;

/* CKPT_E_UNSUPPORTED for element types that have no value of a type of NumPy's. */
ckpt_status ck_npy_prepare(ck_npy_out *ret_out, ckpt_tensor tensor, ckpt_error *err);
/* CKPT_LOSS_DTYPE when the elements are widened. */
void ck_npy_report(const ck_npy_out *out, const char *name, const ck_losses *losses);
/* Header and data, in order. */
ckpt_status ck_npy_stream(const ck_npy_out *out, ck_take_bytes take, void *ctx, ckpt_error *err);

#endif
