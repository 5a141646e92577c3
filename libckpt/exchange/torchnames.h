/* SPDX-License-Identifier: MIT */
/* What a file of PyTorch may name: the list of its weights_only reader, without that of which
 * nothing can be made here. */
#ifndef CK_TORCHNAMES_H
#define CK_TORCHNAMES_H

#include "exchange/pickle.h"

#include <ckpt/dtypes.h>

/* ck_pickle_name.id: one of these, or the beginning of a range and a place in a table. */
enum {
    CK_TORCH_ORDERED_DICT = 1,
    CK_TORCH_COUNTER,
    CK_TORCH_SET,
    CK_TORCH_BYTEARRAY,
    CK_TORCH_ENCODE, /* bytes, by way of a text */
    CK_TORCH_COMPLEX,
    CK_TORCH_SIZE,
    CK_TORCH_DEVICE,
    CK_TORCH_LAYOUT,
    CK_TORCH_CLASS_TENSOR,
    CK_TORCH_CLASS_PARAMETER,
    CK_TORCH_REBUILD_TENSOR,
    CK_TORCH_REBUILD_TENSOR_V2,
    CK_TORCH_REBUILD_TENSOR_V3,
    CK_TORCH_REBUILD_PARAMETER,
    CK_TORCH_REBUILD_PARAMETER_WITH_STATE,
    CK_TORCH_REBUILD_FROM_TYPE,
    CK_TORCH_STORAGES = 0x100,
    CK_TORCH_DTYPES = 0x200,
    CK_TORCH_QSCHEMES = 0x300
};

/* A dtype of PyTorch. Those that the registry has not, but whose bytes can be kept, are opaque. */
typedef struct ck_torch_dtype {
    const char *name;
    ckpt_dtype dtype;
    uint32_t size;   /* bytes of an element; 0: tensors of it cannot be kept */
    bool is_untyped; /* no storage class: torch keeps it in an UntypedStorage */
} ck_torch_dtype;

/* A storage class: its name, and the place of its dtype. */
typedef struct ck_torch_class {
    const char *name;
    uint16_t dtype;
} ck_torch_class;

#define CK_TORCH_NO_DTYPE UINT16_MAX /* of the class UntypedStorage */

extern const ck_pickle_name ck_torch_names[];
extern const size_t ck_torch_name_count;
extern const ck_torch_dtype ck_torch_dtypes[];
extern const ck_torch_class ck_torch_classes[];

/* Places in the tables; UINT16_MAX when there is none. */
uint16_t ck_torch_find_dtype(const char *name);
uint16_t ck_torch_dtype_for(ckpt_dtype dtype);
uint16_t ck_torch_class_for(uint16_t dtype); /* the class that torch saves such tensors in */
uint16_t ck_torch_find_class(const char *name);

#endif
