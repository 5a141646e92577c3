/* SPDX-License-Identifier: MIT */
/* What a file of OneFlow may name, and its dtypes. The numbers of those are the ones of the enum
 * DataType in OneFlow's data_type.proto. */
#include "exchange/oneflow.h"

#include <string.h>

#define NONE CKPT_DTYPE_OTHER

const ck_oneflow_dtype ck_oneflow_dtypes[CK_ONEFLOW_DTYPE_COUNT] = {
    {"invalid", "kInvalidDataType", NONE, NULL},
    {"char", "kChar", CKPT_I8, NULL},
    {"float32", "kFloat", CKPT_F32, "f4"},
    {"float64", "kDouble", CKPT_F64, "f8"},
    {"int8", "kInt8", CKPT_I8, "i1"},
    {"int32", "kInt32", CKPT_I32, "i4"},
    {"int64", "kInt64", CKPT_I64, "i8"},
    {"uint8", "kUInt8", CKPT_U8, "u1"},
    {"record", "kOFRecord", NONE, NULL},
    {"float16", "kFloat16", CKPT_F16, "f2"},
    {"tensor_buffer", "kTensorBuffer", NONE, NULL},
    {"bfloat16", "kBFloat16", CKPT_BF16, "f4"},
    {"bool", "kBool", CKPT_BOOL, "b1"},
    {"uint16", "kUInt16", CKPT_U16, NULL},
    {"uint32", "kUInt32", CKPT_U32, NULL},
    {"uint64", "kUInt64", CKPT_U64, NULL},
    {"uint128", "kUInt128", NONE, NULL},
    {"int16", "kInt16", CKPT_I16, "i2"},
    {"int128", "kInt128", NONE, NULL},
    {"complex32", "kComplex32", NONE, NULL},
    {"complex64", "kComplex64", CKPT_COMPLEX64, "c8"},
    {"complex128", "kComplex128", CKPT_COMPLEX128, "c16"},
};

int ck_oneflow_dtype_for(ckpt_dtype dtype) {
    for (int i = 0; i < CK_ONEFLOW_DTYPE_COUNT && dtype != CKPT_DTYPE_OTHER; i++) {
        if (ck_oneflow_dtypes[i].dtype == dtype && ck_oneflow_dtypes[i].numpy != NULL)
            return i;
    }
    return 0;
}

#define OBJECT (CK_PICKLE_NEW | CK_PICKLE_STATE)
#define ARRAY (CK_PICKLE_CALL | CK_PICKLE_STATE)

/* NumPy 2 has its own inside under other names than NumPy 1. */
static const ck_pickle_name names[] = {
    {"collections", "OrderedDict", CK_TORCH_ORDERED_DICT, CK_PICKLE_MAKES_DICT | CK_PICKLE_STATE},
    {"collections", "Counter", CK_TORCH_COUNTER, CK_PICKLE_MAKES_DICT},
    {"builtins", "set", CK_TORCH_SET, CK_PICKLE_MAKES_SET},
    {"builtins", "bytearray", CK_TORCH_BYTEARRAY, CK_PICKLE_CALL},
    {"builtins", "complex", CK_TORCH_COMPLEX, CK_PICKLE_CALL},
    {"_codecs", "encode", CK_TORCH_ENCODE, CK_PICKLE_CALL},
    {"oneflow", "Size", CK_TORCH_SIZE, CK_PICKLE_NEW | CK_PICKLE_CALL},
    {"oneflow", "Tensor", CK_ONEFLOW_TENSOR, OBJECT},
    {"oneflow.nn", "Parameter", CK_ONEFLOW_PARAMETER, OBJECT},
    {"oneflow._oneflow_internal", "dtype", CK_ONEFLOW_DTYPE, OBJECT},
    {"numpy", "ndarray", CK_ONEFLOW_NDARRAY, 0},
    {"numpy", "dtype", CK_ONEFLOW_NUMPY_DTYPE, ARRAY},
    {"numpy.core.multiarray", "_reconstruct", CK_ONEFLOW_RECONSTRUCT, ARRAY},
    {"numpy._core.multiarray", "_reconstruct", CK_ONEFLOW_RECONSTRUCT, ARRAY},
    {"numpy.core.numeric", "_frombuffer", CK_ONEFLOW_FROMBUFFER, CK_PICKLE_CALL},
    {"numpy._core.numeric", "_frombuffer", CK_ONEFLOW_FROMBUFFER, CK_PICKLE_CALL},
};

int ck_oneflow_dtype_of(const ck_pickle *p, uint32_t node) {
    const ck_pickle_node *object = ck_pickle_at(p, node);
    if (object->kind != CK_PICKLE_OBJECT || ck_pickle_name_id(p, node) != CK_ONEFLOW_DTYPE ||
        object->as.object.state == CK_PICKLE_NO_NODE)
        return -1;
    uint64_t number;
    bool is_known = ck_pickle_uint(p, object->as.object.state, &number) && number != 0 &&
                    number < CK_ONEFLOW_DTYPE_COUNT;
    return is_known ? (int)number : -1;
}

static const char *dtype_name(const ck_torch_reader *t, uint32_t node) {
    int number = ck_oneflow_dtype_of(&t->pickle, node);
    return number > 0 ? ck_oneflow_dtypes[number].name : NULL;
}

static bool is_tensor(const ck_torch_reader *t, uint32_t node) {
    uint16_t id = ck_pickle_name_id(&t->pickle, node);
    return ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_OBJECT &&
           (id == CK_ONEFLOW_TENSOR || id == CK_ONEFLOW_PARAMETER);
}

static const char *rule_name(ck_pickle_rule rule) {
    return rule == CK_PICKLE_ON_LIST || rule == CK_PICKLE_PLAIN_KEYS ? "O2" : "O1";
}

const ck_torch_dialect ck_oneflow_dialect = {
    .names = names,
    .name_count = sizeof names / sizeof names[0],
    .allowed = CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PROTOCOL_5,
    .rule_name = rule_name,
    .is_tensor = is_tensor,
    .make_tensor = ck_oneflow_make_tensor,
    .dtype_name = dtype_name,
};
