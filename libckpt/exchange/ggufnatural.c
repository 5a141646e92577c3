/* SPDX-License-Identifier: MIT */
/* What values show of their types. */
#include "exchange/ggufvalues.h"

#include <string.h>

double ck_gguf_widen(uint32_t bits) {
    float narrow;
    double wide;
    memcpy(&narrow, &bits, 4);
    if ((bits & 0x7fffffff) <= 0x7f800000)
        return (double)narrow;
    uint64_t wide_bits =
        (uint64_t)(bits >> 31) << 63 | UINT64_C(0x7ff) << 52 | (uint64_t)(bits & 0x7fffff) << 29;
    memcpy(&wide, &wide_bits, 8);
    return wide;
}

bool ck_gguf_narrow(double value, uint32_t *ret_bits) {
    uint64_t wide_bits;
    memcpy(&wide_bits, &value, 8);
    uint32_t bits;
    if ((wide_bits & INT64_MAX) > UINT64_C(0x7ff) << 52) {
        bits = (uint32_t)(wide_bits >> 63) << 31 | UINT32_C(0x7f800000) |
               ((uint32_t)(wide_bits >> 29) & 0x7fffff);
    } else {
        float narrow = (float)value;
        memcpy(&bits, &narrow, 4);
    }
    double back = ck_gguf_widen(bits);
    if (memcmp(&back, &value, 8) != 0)
        return false;
    *ret_bits = bits;
    return true;
}

bool ck_gguf_natural_type(ckpt_value value, ck_gguf_type *ret_type) {
    ck_gguf_type type = {CK_GGUF_STRING, ckpt_value_kind(value) == CKPT_VALUE_LIST};
    uint32_t count = ckpt_value_count(value);
    ckpt_value first = type.is_array ? ckpt_value_at(value, 0) : value;
    if (type.is_array && count == 0) {
        *ret_type = type;
        return true;
    }
    for (uint32_t i = 1; type.is_array && i < count; i++) {
        if (ckpt_value_kind(ckpt_value_at(value, i)) != ckpt_value_kind(first))
            return false;
    }
    switch (ckpt_value_kind(first)) {
    case CKPT_VALUE_BOOL: type.kind = CK_GGUF_BOOL; break;
    case CKPT_VALUE_INT: type.kind = CK_GGUF_I64; break;
    case CKPT_VALUE_FLOAT: type.kind = CK_GGUF_F64; break;
    case CKPT_VALUE_STRING: break;
    case CKPT_VALUE_BYTES:
        if (type.is_array)
            return false;
        type = (ck_gguf_type){CK_GGUF_U8, true};
        break;
    default: return false;
    }
    *ret_type = type;
    return true;
}
