/* SPDX-License-Identifier: MIT */
#ifndef CK_ONEFLOWREAD_H
#define CK_ONEFLOWREAD_H

#include "exchange/torchstate.h"

typedef struct ck_oneflow_reader {
    ck_torch_reader t; /* the first, so that one pointer is as good as the other */
    const ck_source *source;
    uint32_t files;       /* that are held open */
    bool has_directories; /* tensors lie in directories beside the pickle */
} ck_oneflow_reader;

#endif
