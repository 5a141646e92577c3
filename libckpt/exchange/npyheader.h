/* SPDX-License-Identifier: MIT */
/* The header of a .npy file: a Python dict literal, of which exactly the part is taken that NumPy
 * writes. */
#ifndef CK_NPYHEADER_H
#define CK_NPYHEADER_H

#include "base/error.h"
#include "model/records.h"

#include <ckpt/dtypes.h>

typedef struct ck_npy_header {
    ckpt_dtype dtype;
    bool swap; /* the elements are big-endian */
    bool fortran_order;
    uint32_t rank;
    uint64_t shape[CK_MAX_RANK];
} ck_npy_header;

/* file and offset are for messages; NULL and CKPT_NO_OFFSET where there is none to tell. */
ckpt_status ck_npy_parse(const char *text, size_t size, const char *file, uint64_t offset,
                         ck_npy_header *ret_header, ckpt_error *err);

#endif
