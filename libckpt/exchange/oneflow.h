/* SPDX-License-Identifier: MIT */
/* What the files share that read and write OneFlow's checkpoints. spec/exchange.md, section
 * "OneFlow". The Python objects are those of PyTorch's files (exchange/torchstate.h), but for the
 * tensors. */
#ifndef CK_ONEFLOW_H
#define CK_ONEFLOW_H

#include "exchange/torchstate.h"
#include "model/format.h"

/* Files of a directory: its main one, and those of each tensor. */
#define CK_ONEFLOW_PICKLE "pickled_data"
#define CK_ONEFLOW_META "meta"
#define CK_ONEFLOW_OUT "out"

enum { CK_ONEFLOW_MAX_META = 1 << 16 }; /* bytes of a description of shape and dtype */

/* A dtype of OneFlow, by its number there. */
typedef struct ck_oneflow_dtype {
    const char *name;  /* "float32" */
    const char *proto; /* "kFloat" */
    ckpt_dtype dtype;  /* CKPT_DTYPE_OTHER: tensors of it cannot be kept */
    const char *numpy; /* as which it is written: "<f4"; NULL: OneFlow makes no array of it */
} ck_oneflow_dtype;

enum { CK_ONEFLOW_CHAR = 1, CK_ONEFLOW_BFLOAT16 = 11, CK_ONEFLOW_DTYPE_COUNT = 22 };

extern const ck_oneflow_dtype ck_oneflow_dtypes[CK_ONEFLOW_DTYPE_COUNT];
extern const ck_torch_dialect ck_oneflow_dialect;

/* The number of the one that is written for a dtype; 0: there is none. */
int ck_oneflow_dtype_for(ckpt_dtype dtype);

/* ck_pickle_name.id of what only OneFlow's files name. */
enum {
    CK_ONEFLOW_TENSOR = CK_TORCH_QSCHEMES + 0x100,
    CK_ONEFLOW_PARAMETER,
    CK_ONEFLOW_DTYPE,
    CK_ONEFLOW_NDARRAY,
    CK_ONEFLOW_NUMPY_DTYPE,
    CK_ONEFLOW_RECONSTRUCT,
    CK_ONEFLOW_FROMBUFFER
};

/* The number of the dtype for which an object stands; -1: it is none. */
int ck_oneflow_dtype_of(const ck_pickle *p, uint32_t node);

/* What describes the elements of a tensor. */
typedef struct ck_oneflow_elements {
    ckpt_dtype dtype; /* of the elements as they are stored */
    bool swap;        /* they are big-endian */
    uint32_t rank;
    uint64_t shape[CK_MAX_RANK], strides[CK_MAX_RANK];
    uint64_t offset, size; /* bytes of the pickle */
} ck_oneflow_elements;

/* A NumPy array, contiguous in some order. */
ckpt_status ck_oneflow_parse_array(const ck_pickle *p, uint32_t node, ck_oneflow_elements *ret,
                                   ckpt_error *err);
/* Strides of row-major elements. CKPT_E_OVERFLOW: more bytes than 64 bits count. */
ckpt_status ck_oneflow_set_dense(ck_oneflow_elements *elements, ckpt_error *err);

/* What stands in "meta". */
ckpt_status ck_oneflow_parse_meta(const char *text, size_t size, int *ret_dtype, uint32_t *ret_rank,
                                  uint64_t shape[CK_MAX_RANK], ckpt_error *err);

/* The tensor for which an object stands, as ck_torch_make_tensor. */
ckpt_status ck_oneflow_make_tensor(ck_torch_reader *t, uint32_t node, ckpt_tensor *ret_tensor,
                                   ckpt_error *err);

/* Opens a directory of a tensor: its description, without strides, and the bytes of "out". What is
 * stored as float32 although the dtype is bfloat16 is narrowed. files counts those that are open.
 */
ckpt_status ck_oneflow_open_tensor(ckpt *c, const ck_source *source, const char *directory,
                                   uint32_t *files, int *ret_dtype, ck_oneflow_elements *ret,
                                   ckpt_storage *ret_storage, ckpt_error *err);

/* count elements of bfloat16, from as many of float32 that the inner provider gives. It fails where
 * one of them is no bfloat16. The inner one is closed with the storage, and on failure stays the
 * caller's. */
ckpt_status ck_provide_narrowed(ckpt *c, uint64_t count, const ck_provider *inner, bool swap,
                                ckpt_storage *ret_storage, ckpt_error *err);
/* The same from bytes of the checkpoint's own file. */
ckpt_status ck_storage_narrowed(ckpt *c, uint64_t offset, uint64_t count, bool swap,
                                ckpt_storage *ret_storage, ckpt_error *err);

/* ---- writing ---- */

ckpt_status ck_oneflow_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                             ckpt_error *err);
ckpt_status ck_oneflow_write_directory(ckpt *c, struct ck_atomic_directory *directory,
                                       const ckpt_save_options *options, ckpt_error *err);

#endif
