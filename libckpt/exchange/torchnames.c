/* SPDX-License-Identifier: MIT */
#include "exchange/torchnames.h"

#include <string.h>

/* clang-format off */
enum {
    DOUBLE, FLOAT, HALF, BFLOAT16, LONG, INT, SHORT, CHAR, BYTE, BOOL, CFLOAT, CDOUBLE,
    UINT16, UINT32, UINT64, CHALF, F8_E5M2, F8_E4M3FN, F8_E5M2FNUZ, F8_E4M3FNUZ, F8_E8M0FNU,
    F4_E2M1FN_X2, BITS8, BITS16, BITS1X8, BITS2X4, BITS4X2, QINT8, QUINT8, QINT32, QUINT4X2,
    QUINT2X4, INT1, INT2, INT3, INT4, INT5, INT6, INT7, UINT1, UINT2, UINT3, UINT4, UINT5, UINT6,
    UINT7, DTYPE_COUNT
};

const ck_torch_dtype ck_torch_dtypes[] = {
    [DOUBLE] = {"float64", CKPT_F64, 8, false},
    [FLOAT] = {"float32", CKPT_F32, 4, false},
    [HALF] = {"float16", CKPT_F16, 2, false},
    [BFLOAT16] = {"bfloat16", CKPT_BF16, 2, false},
    [LONG] = {"int64", CKPT_I64, 8, false},
    [INT] = {"int32", CKPT_I32, 4, false},
    [SHORT] = {"int16", CKPT_I16, 2, false},
    [CHAR] = {"int8", CKPT_I8, 1, false},
    [BYTE] = {"uint8", CKPT_U8, 1, false},
    [BOOL] = {"bool", CKPT_BOOL, 1, false},
    [CFLOAT] = {"complex64", CKPT_COMPLEX64, 8, false},
    [CDOUBLE] = {"complex128", CKPT_COMPLEX128, 16, false},
    [UINT16] = {"uint16", CKPT_U16, 2, true},
    [UINT32] = {"uint32", CKPT_U32, 4, true},
    [UINT64] = {"uint64", CKPT_U64, 8, true},
    [CHALF] = {"complex32", CKPT_COMPLEX32, 4, true},
    [F8_E5M2] = {"float8_e5m2", CKPT_F8_E5M2, 1, true},
    [F8_E4M3FN] = {"float8_e4m3fn", CKPT_F8_E4M3FN, 1, true},
    [F8_E5M2FNUZ] = {"float8_e5m2fnuz", CKPT_F8_E5M2FNUZ, 1, true},
    [F8_E4M3FNUZ] = {"float8_e4m3fnuz", CKPT_F8_E4M3FNUZ, 1, true},
    [F8_E8M0FNU] = {"float8_e8m0fnu", CKPT_F8_E8M0FNU, 1, true},
    [F4_E2M1FN_X2] = {"float4_e2m1fn_x2", CKPT_F4_E2M1FN, 1, true}, /* two elements in one */
    [BITS8] = {"bits8", CKPT_DTYPE_OTHER, 1, true},
    [BITS16] = {"bits16", CKPT_DTYPE_OTHER, 2, true},
    [BITS1X8] = {"bits1x8", CKPT_DTYPE_OTHER, 1, true},
    [BITS2X4] = {"bits2x4", CKPT_DTYPE_OTHER, 1, true},
    [BITS4X2] = {"bits4x2", CKPT_DTYPE_OTHER, 1, true},
    [QINT8] = {"qint8", CKPT_DTYPE_OTHER, 0, false},
    [QUINT8] = {"quint8", CKPT_DTYPE_OTHER, 0, false},
    [QINT32] = {"qint32", CKPT_DTYPE_OTHER, 0, false},
    [QUINT4X2] = {"quint4x2", CKPT_DTYPE_OTHER, 0, false},
    [QUINT2X4] = {"quint2x4", CKPT_DTYPE_OTHER, 0, false},
    [INT1] = {"int1", CKPT_DTYPE_OTHER, 0, true},
    [INT2] = {"int2", CKPT_DTYPE_OTHER, 0, true},
    [INT3] = {"int3", CKPT_DTYPE_OTHER, 0, true},
    [INT4] = {"int4", CKPT_DTYPE_OTHER, 0, true},
    [INT5] = {"int5", CKPT_DTYPE_OTHER, 0, true},
    [INT6] = {"int6", CKPT_DTYPE_OTHER, 0, true},
    [INT7] = {"int7", CKPT_DTYPE_OTHER, 0, true},
    [UINT1] = {"uint1", CKPT_DTYPE_OTHER, 0, true},
    [UINT2] = {"uint2", CKPT_DTYPE_OTHER, 0, true},
    [UINT3] = {"uint3", CKPT_DTYPE_OTHER, 0, true},
    [UINT4] = {"uint4", CKPT_DTYPE_OTHER, 0, true},
    [UINT5] = {"uint5", CKPT_DTYPE_OTHER, 0, true},
    [UINT6] = {"uint6", CKPT_DTYPE_OTHER, 0, true},
    [UINT7] = {"uint7", CKPT_DTYPE_OTHER, 0, true},
};

enum {
    DOUBLE_STORAGE, FLOAT_STORAGE, HALF_STORAGE, BFLOAT16_STORAGE, LONG_STORAGE, INT_STORAGE,
    SHORT_STORAGE, CHAR_STORAGE, BYTE_STORAGE, BOOL_STORAGE, CFLOAT_STORAGE, CDOUBLE_STORAGE,
    QINT8_STORAGE, QUINT8_STORAGE, QINT32_STORAGE, QUINT4X2_STORAGE, QUINT2X4_STORAGE,
    UNTYPED_STORAGE, CLASS_COUNT
};

const ck_torch_class ck_torch_classes[] = {
    [DOUBLE_STORAGE] = {"DoubleStorage", DOUBLE},
    [FLOAT_STORAGE] = {"FloatStorage", FLOAT},
    [HALF_STORAGE] = {"HalfStorage", HALF},
    [BFLOAT16_STORAGE] = {"BFloat16Storage", BFLOAT16},
    [LONG_STORAGE] = {"LongStorage", LONG},
    [INT_STORAGE] = {"IntStorage", INT},
    [SHORT_STORAGE] = {"ShortStorage", SHORT},
    [CHAR_STORAGE] = {"CharStorage", CHAR},
    [BYTE_STORAGE] = {"ByteStorage", BYTE},
    [BOOL_STORAGE] = {"BoolStorage", BOOL},
    [CFLOAT_STORAGE] = {"ComplexFloatStorage", CFLOAT},
    [CDOUBLE_STORAGE] = {"ComplexDoubleStorage", CDOUBLE},
    [QINT8_STORAGE] = {"QInt8Storage", QINT8},
    [QUINT8_STORAGE] = {"QUInt8Storage", QUINT8},
    [QINT32_STORAGE] = {"QInt32Storage", QINT32},
    [QUINT4X2_STORAGE] = {"QUInt4x2Storage", QUINT4X2},
    [QUINT2X4_STORAGE] = {"QUInt2x4Storage", QUINT2X4},
    [UNTYPED_STORAGE] = {"UntypedStorage", CK_TORCH_NO_DTYPE},
};

#define CLASS(place, name)                                                                         \
    {"torch", name, CK_TORCH_STORAGES + (place), 0},                                               \
    {"torch.cuda", name, CK_TORCH_STORAGES + (place), 0}
#define DTYPE(place, name) {"torch", name, CK_TORCH_DTYPES + (place), 0}
#define REBUILD(name, id) {"torch._utils", name, id, CK_PICKLE_CALL}

/* Protocol 2 has the names of Python 2 for what is built in. */
const ck_pickle_name ck_torch_names[] = {
    {"collections", "OrderedDict", CK_TORCH_ORDERED_DICT, CK_PICKLE_MAKES_DICT | CK_PICKLE_STATE},
    {"collections", "Counter", CK_TORCH_COUNTER, CK_PICKLE_MAKES_DICT},
    {"__builtin__", "set", CK_TORCH_SET, CK_PICKLE_MAKES_SET},
    {"builtins", "set", CK_TORCH_SET, CK_PICKLE_MAKES_SET},
    {"__builtin__", "bytearray", CK_TORCH_BYTEARRAY, CK_PICKLE_CALL},
    {"builtins", "bytearray", CK_TORCH_BYTEARRAY, CK_PICKLE_CALL},
    {"__builtin__", "complex", CK_TORCH_COMPLEX, CK_PICKLE_CALL},
    {"builtins", "complex", CK_TORCH_COMPLEX, CK_PICKLE_CALL},
    {"_codecs", "encode", CK_TORCH_ENCODE, CK_PICKLE_CALL},
    {"torch", "Size", CK_TORCH_SIZE, CK_PICKLE_CALL},
    {"torch", "device", CK_TORCH_DEVICE, CK_PICKLE_CALL},
    {"torch.serialization", "_get_layout", CK_TORCH_LAYOUT, CK_PICKLE_CALL},
    {"torch", "Tensor", CK_TORCH_CLASS_TENSOR, 0},
    {"torch.nn.parameter", "Parameter", CK_TORCH_CLASS_PARAMETER, 0},
    REBUILD("_rebuild_tensor", CK_TORCH_REBUILD_TENSOR),
    REBUILD("_rebuild_tensor_v2", CK_TORCH_REBUILD_TENSOR_V2),
    REBUILD("_rebuild_tensor_v3", CK_TORCH_REBUILD_TENSOR_V3),
    REBUILD("_rebuild_parameter", CK_TORCH_REBUILD_PARAMETER),
    REBUILD("_rebuild_parameter_with_state", CK_TORCH_REBUILD_PARAMETER_WITH_STATE),
    {"torch._tensor", "_rebuild_from_type_v2", CK_TORCH_REBUILD_FROM_TYPE, CK_PICKLE_CALL},
    CLASS(DOUBLE_STORAGE, "DoubleStorage"), CLASS(FLOAT_STORAGE, "FloatStorage"),
    CLASS(HALF_STORAGE, "HalfStorage"), CLASS(BFLOAT16_STORAGE, "BFloat16Storage"),
    CLASS(LONG_STORAGE, "LongStorage"), CLASS(INT_STORAGE, "IntStorage"),
    CLASS(SHORT_STORAGE, "ShortStorage"), CLASS(CHAR_STORAGE, "CharStorage"),
    CLASS(BYTE_STORAGE, "ByteStorage"), CLASS(BOOL_STORAGE, "BoolStorage"),
    CLASS(CFLOAT_STORAGE, "ComplexFloatStorage"), CLASS(CDOUBLE_STORAGE, "ComplexDoubleStorage"),
    CLASS(QINT8_STORAGE, "QInt8Storage"), CLASS(QUINT8_STORAGE, "QUInt8Storage"),
    CLASS(QINT32_STORAGE, "QInt32Storage"), CLASS(QUINT4X2_STORAGE, "QUInt4x2Storage"),
    CLASS(QUINT2X4_STORAGE, "QUInt2x4Storage"), CLASS(UNTYPED_STORAGE, "UntypedStorage"),
    {"torch.storage", "UntypedStorage", CK_TORCH_STORAGES + UNTYPED_STORAGE, 0},
    DTYPE(DOUBLE, "float64"), DTYPE(FLOAT, "float32"), DTYPE(HALF, "float16"),
    DTYPE(BFLOAT16, "bfloat16"), DTYPE(LONG, "int64"), DTYPE(INT, "int32"), DTYPE(SHORT, "int16"),
    DTYPE(CHAR, "int8"), DTYPE(BYTE, "uint8"), DTYPE(BOOL, "bool"), DTYPE(CFLOAT, "complex64"),
    DTYPE(CDOUBLE, "complex128"), DTYPE(UINT16, "uint16"), DTYPE(UINT32, "uint32"),
    DTYPE(UINT64, "uint64"), DTYPE(CHALF, "complex32"), DTYPE(F8_E5M2, "float8_e5m2"),
    DTYPE(F8_E4M3FN, "float8_e4m3fn"), DTYPE(F8_E5M2FNUZ, "float8_e5m2fnuz"),
    DTYPE(F8_E4M3FNUZ, "float8_e4m3fnuz"), DTYPE(F8_E8M0FNU, "float8_e8m0fnu"),
    DTYPE(F4_E2M1FN_X2, "float4_e2m1fn_x2"), DTYPE(BITS8, "bits8"), DTYPE(BITS16, "bits16"),
    DTYPE(BITS1X8, "bits1x8"), DTYPE(BITS2X4, "bits2x4"), DTYPE(BITS4X2, "bits4x2"),
    DTYPE(QINT8, "qint8"), DTYPE(QUINT8, "quint8"), DTYPE(QINT32, "qint32"),
    DTYPE(QUINT4X2, "quint4x2"), DTYPE(QUINT2X4, "quint2x4"), DTYPE(INT1, "int1"),
    DTYPE(INT2, "int2"), DTYPE(INT3, "int3"), DTYPE(INT4, "int4"), DTYPE(INT5, "int5"),
    DTYPE(INT6, "int6"), DTYPE(INT7, "int7"), DTYPE(UINT1, "uint1"), DTYPE(UINT2, "uint2"),
    DTYPE(UINT3, "uint3"), DTYPE(UINT4, "uint4"), DTYPE(UINT5, "uint5"), DTYPE(UINT6, "uint6"),
    DTYPE(UINT7, "uint7"),
    {"torch", "per_tensor_affine", CK_TORCH_QSCHEMES, 0},
    {"torch", "per_tensor_symmetric", CK_TORCH_QSCHEMES, 0},
    {"torch", "per_channel_affine", CK_TORCH_QSCHEMES, 0},
    {"torch", "per_channel_symmetric", CK_TORCH_QSCHEMES, 0},
    {"torch", "per_channel_affine_float_qparams", CK_TORCH_QSCHEMES, 0},
};
/* clang-format on */

const size_t ck_torch_name_count = sizeof ck_torch_names / sizeof ck_torch_names[0];

uint16_t ck_torch_find_dtype(const char *name) {
    for (uint16_t i = 0; i < DTYPE_COUNT; i++) {
        if (strcmp(ck_torch_dtypes[i].name, name) == 0)
            return i;
    }
    return UINT16_MAX;
}

uint16_t ck_torch_dtype_for(ckpt_dtype dtype) {
    for (uint16_t i = 0; i < DTYPE_COUNT && dtype != CKPT_DTYPE_OTHER; i++) {
        if (ck_torch_dtypes[i].dtype == dtype)
            return i;
    }
    return UINT16_MAX;
}

uint16_t ck_torch_class_for(uint16_t dtype) {
    for (uint16_t i = 0; i < CLASS_COUNT; i++) {
        if (ck_torch_classes[i].dtype == dtype)
            return i;
    }
    return UNTYPED_STORAGE;
}

uint16_t ck_torch_find_class(const char *name) {
    for (uint16_t i = 0; i < CLASS_COUNT; i++) {
        if (strcmp(ck_torch_classes[i].name, name) == 0)
            return i;
    }
    return UINT16_MAX;
}
