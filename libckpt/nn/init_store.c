/* SPDX-License-Identifier: MIT */
#include "nn/init_store.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"

#include <ckpt/build.h>

#include <math.h>
#include <string.h>

/* Elements may share a place only through a stride of 0, or when there are more of them than the
 * storage has room for; both are refused, so no element is written twice without end. */
static bool elements_overlap(ckpt_tensor tensor, size_t element_size) {
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor); i++)
        if (shape[i] > 1 && ckpt_tensor_stride(tensor, i) == 0)
            return true;
    return ckpt_tensor_numel(tensor) >
           ckpt_storage_size(ckpt_tensor_storage(tensor)) / element_size;
}

ckpt_status ck_store_open(ckpt_tensor tensor, ck_element_store *ret_store, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    if (info.block_elements != 1 || info.block_bytes == 0 || info.block_bytes > 8)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "init: cannot fill a tensor of dtype %s",
                       CK_NAME(info.name));
    unsigned char *bytes = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    if (bytes == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "init: the tensor's storage is not writable");
    if (elements_overlap(tensor, info.block_bytes))
        return ck_fail(err, CKPT_E_ARGUMENT, "init: elements of the tensor overlap");
    ret_store->first = bytes + ckpt_tensor_storage_offset(tensor) * info.block_bytes;
    ret_store->tensor = tensor;
    ret_store->dtype = info.dtype;
    ret_store->size = info.block_bytes;
    ret_store->count = (size_t)ckpt_tensor_numel(tensor);
    ret_store->contiguous = ckpt_tensor_is_contiguous(tensor);
    return CKPT_OK;
}

static unsigned char *element_at(const ck_element_store *store, size_t i) {
    if (store->contiguous)
        return store->first + i * store->size;
    const uint64_t *shape = ckpt_tensor_shape(store->tensor);
    uint64_t offset = 0, rest = i;
    for (uint32_t d = ckpt_tensor_rank(store->tensor); d-- > 0; rest /= shape[d])
        offset += rest % shape[d] * ckpt_tensor_stride(store->tensor, d);
    return store->first + offset * store->size;
}

void ck_store_put(const ck_element_store *store, size_t i, uint64_t bits) {
    unsigned char bytes[8];
    ck_store64(bytes, bits);
    memcpy(element_at(store, i), bytes, store->size);
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint16_t ck_f16_from_float(float value) {
    uint32_t bits = float_bits(value);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    float magnitude = fabsf(value);
    if (isnan(value))
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 65520.0f) /* half-way from the largest, 65504, to 65536 */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x1p-14f) /* steps of 2^-24; rintf rounds to nearest even; 1024 is normal */
        return (uint16_t)(sign | (uint16_t)rintf(magnitude * 0x1p24f));
    uint32_t positive = bits & 0x7fffffff;
    uint32_t rounded = positive + 0xfff + (positive >> 13 & 1);
    return (uint16_t)(sign | (uint16_t)((rounded - (UINT32_C(112) << 23)) >> 13));
}

uint16_t ck_bf16_from_float(float value) {
    uint32_t bits = float_bits(value);
    if (isnan(value))
        return (uint16_t)((bits >> 16 & 0x8000) | 0x7fc0);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static bool encode_float(ckpt_dtype dtype, double value, uint64_t *ret_bits) {
    if (dtype == CKPT_F64) {
        memcpy(ret_bits, &value, sizeof *ret_bits);
        return true;
    }
    float narrow = (float)value;
    bool overflow = isinf(narrow);
    if (dtype == CKPT_F32) {
        *ret_bits = float_bits(narrow);
    } else if (dtype == CKPT_F16) {
        *ret_bits = ck_f16_from_float(narrow);
        overflow = (*ret_bits & 0x7fff) == 0x7c00;
    } else {
        *ret_bits = ck_bf16_from_float(narrow);
        overflow = (*ret_bits & 0x7fff) == 0x7f80;
    }
    return !overflow || isinf(value);
}

static bool encode_integer(ckpt_dtype dtype, double value, uint64_t *ret_bits) {
    static const struct {
        ckpt_dtype dtype;
        double low, high; /* low <= value < high */
    } ranges[] = {
        {CKPT_BOOL, 0, 2},           {CKPT_U8, 0, 0x1p8},         {CKPT_I8, -0x1p7, 0x1p7},
        {CKPT_U16, 0, 0x1p16},       {CKPT_I16, -0x1p15, 0x1p15}, {CKPT_U32, 0, 0x1p32},
        {CKPT_I32, -0x1p31, 0x1p31}, {CKPT_U64, 0, 0x1p64},       {CKPT_I64, -0x1p63, 0x1p63},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (ranges[i].dtype != dtype)
            continue;
        if (!(value >= ranges[i].low && value < ranges[i].high) || value != floor(value))
            return false;
        *ret_bits = value < 0 ? (uint64_t)(int64_t)value : (uint64_t)value;
        return true;
    }
    return false;
}

bool ck_encode_element(ckpt_dtype dtype, double value, uint64_t *ret_bits) {
    ckpt_dtype_class dtype_class = ckpt_dtype_describe(dtype).dtype_class;
    return dtype_class == CKPT_CLASS_FLOAT ? encode_float(dtype, value, ret_bits)
                                           : encode_integer(dtype, value, ret_bits);
}
