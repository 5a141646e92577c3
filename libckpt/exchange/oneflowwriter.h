/* SPDX-License-Identifier: MIT */
/* What the files share that write OneFlow's checkpoints. */
#ifndef CK_ONEFLOWWRITER_H
#define CK_ONEFLOWWRITER_H

#include "exchange/oneflow.h"
#include "exchange/tensorstream.h"
#include "exchange/torchwriter.h"

/* Things that pickles name again and again, with their numbers in the memo; 0: not yet. */
enum {
    CK_ONEFLOW_MEMO_TENSOR,
    CK_ONEFLOW_MEMO_PARAMETER,
    CK_ONEFLOW_MEMO_DTYPE,
    CK_ONEFLOW_MEMO_RECONSTRUCT,
    CK_ONEFLOW_MEMO_NDARRAY,
    CK_ONEFLOW_MEMO_NUMPY_DTYPE,
    CK_ONEFLOW_MEMO_DTYPES,
    CK_ONEFLOW_MEMO_NUMPY_DTYPES = CK_ONEFLOW_MEMO_DTYPES + CK_ONEFLOW_DTYPE_COUNT,
    CK_ONEFLOW_MEMO_COUNT = CK_ONEFLOW_MEMO_NUMPY_DTYPES + CK_ONEFLOW_DTYPE_COUNT
};

/* A tensor in the order of the pickle, and where in that its bytes are put in. */
typedef struct ck_oneflow_written {
    ckpt_tensor tensor;
    int dtype; /* OneFlow's number */
    size_t at; /* in the bytes of the pickle writer */
} ck_oneflow_written;

typedef struct ck_oneflow_writer {
    ck_torch_writer w; /* the first, so that one pointer is as good as the other */
    bool is_directory;
    size_t tensor_count;
    uint32_t *tensor_memo;   /* by tensor */
    uint32_t *storage_owner; /* by storage: the first tensor in it, + 1 */
    ck_buffer written;       /* of ck_oneflow_written */
    uint32_t memo[CK_ONEFLOW_MEMO_COUNT];
} ck_oneflow_writer;

extern const ck_torch_writer_dialect ck_oneflow_writer_dialect;

static inline uint32_t ck_oneflow_written_count(const ck_oneflow_writer *w) {
    return (uint32_t)(w->written.size / sizeof(ck_oneflow_written));
}
static inline const ck_oneflow_written *ck_oneflow_written_at(const ck_oneflow_writer *w,
                                                              uint32_t i) {
    return (const ck_oneflow_written *)(const void *)w->written.bytes + i;
}
/* Bytes of the tensor as it is written. */
uint64_t ck_oneflow_written_size(const ck_oneflow_written *written);

#endif
