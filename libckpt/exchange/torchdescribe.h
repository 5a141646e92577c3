/* SPDX-License-Identifier: MIT */
#ifndef CK_TORCHDESCRIBE_H
#define CK_TORCHDESCRIBE_H

#include "exchange/torchstate.h"

/* A tensor as the pickle describes it. */
typedef struct ck_torch_described {
    uint32_t stored; /* node of the storage */
    uint64_t offset; /* elements */
    uint32_t rank;
    uint64_t shape[CK_MAX_RANK], strides[CK_MAX_RANK];
    uint16_t dtype; /* a place in ck_torch_dtypes */
    bool is_parameter;
    bool requires_grad;
} ck_torch_described;

/* For a node that ck_torch_is_tensor holds for; ret_described is all zeros. Attributes that Python
 * code has given to the tensor are reported. */
ckpt_status ck_torch_describe(ck_torch_reader *t, uint32_t node, ck_torch_described *ret_described,
                              ckpt_error *err);

#endif
