/* SPDX-License-Identifier: MIT */
/* Elements of any type that has numbers as f32 or f64; cast.c has the other types. */
#include "base/endian.h"
#include "base/error.h"
#include "model/cast.h"
#include "model/dequant.h"

#include <ckpt/dtypes.h>

#include <string.h>

bool ck_small_float_format(ckpt_dtype dtype, ck_float_format *ret_format) {
    static const struct {
        ckpt_dtype dtype;
        ck_float_format format;
    } formats[] = {
        {CKPT_F16, {16, 10, 15, CK_FLOAT_IEEE}},
        {CKPT_BF16, {16, 7, 127, CK_FLOAT_IEEE}},
        {CKPT_F8_E4M3FN, {8, 3, 7, CK_FLOAT_FN}},
        {CKPT_F8_E5M2, {8, 2, 15, CK_FLOAT_IEEE}},
        {CKPT_F8_E4M3FNUZ, {8, 3, 8, CK_FLOAT_FNUZ}},
        {CKPT_F8_E5M2FNUZ, {8, 2, 16, CK_FLOAT_FNUZ}},
        {CKPT_F8_E8M0FNU, {8, 0, 127, CK_FLOAT_E8M0}},
        {CKPT_F6_E2M3FN, {6, 3, 1, CK_FLOAT_FINITE}},
        {CKPT_F6_E3M2FN, {6, 2, 3, CK_FLOAT_FINITE}},
        {CKPT_F4_E2M1FN, {4, 1, 1, CK_FLOAT_FINITE}},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (formats[i].dtype == dtype) {
            *ret_format = formats[i].format;
            return true;
        }
    }
    return false;
}

static void store(ckpt_dtype to, void *destination, size_t i, double value) {
    if (to == CKPT_F32) {
        float narrow = (float)value;
        memcpy((unsigned char *)destination + i * 4, &narrow, 4);
    } else {
        memcpy((unsigned char *)destination + i * 8, &value, 8);
    }
}

/* Integers go to f32 in one step: by way of f64 they could be rounded twice. */
static void store_unsigned(ckpt_dtype to, void *destination, size_t i, uint64_t value) {
    float narrow = (float)value;
    if (to == CKPT_F32)
        memcpy((unsigned char *)destination + i * 4, &narrow, 4);
    else
        store(to, destination, i, (double)value);
}

static void store_signed(ckpt_dtype to, void *destination, size_t i, int64_t value) {
    float narrow = (float)value;
    if (to == CKPT_F32)
        memcpy((unsigned char *)destination + i * 4, &narrow, 4);
    else
        store(to, destination, i, (double)value);
}

static uint64_t load_unsigned(const unsigned char *p, size_t size) {
    switch (size) {
    case 1: return *p;
    case 2: return ck_load16(p);
    case 4: return ck_load32(p);
    default: return ck_load64(p);
    }
}

static void convert_integers(const ckpt_dtype_info *from, const unsigned char *source,
                             ckpt_dtype to, void *destination, size_t count) {
    size_t size = from->block_bytes;
    uint64_t sign = (uint64_t)1 << (size * 8 - 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load_unsigned(source + i * size, size);
        if (from->dtype_class == CKPT_CLASS_BOOL)
            store_unsigned(to, destination, i, bits != 0);
        else if (from->dtype_class == CKPT_CLASS_UINT || (bits & sign) == 0)
            store_unsigned(to, destination, i, bits);
        else /* two's complement: ~bits is the distance below -1, and fits */
            store_signed(to, destination, i, -1 - (int64_t)(~bits & (sign - 1)));
    }
}

/* Element i of types that may share bytes: the first in the lowest bits of a block. */
static uint32_t load_bits(const unsigned char *source, size_t i, unsigned bits) {
    size_t first = i * bits, byte = first / 8;
    unsigned shift = (unsigned)(first % 8);
    uint32_t word = source[byte];
    if (shift + bits > 8)
        word |= (uint32_t)source[byte + 1] << 8;
    return word >> shift & ((1u << bits) - 1);
}

static void convert_small_floats(const ck_float_format *format, const unsigned char *source,
                                 ckpt_dtype to, void *destination, size_t count) {
    for (size_t i = 0; i < count; i++)
        store(to, destination, i,
              (double)ck_float_decode(format, load_bits(source, i, format->bits)));
}

/* Nearly all weights are of these two types. */
static float f32_of_bf16(uint32_t bits) {
    uint32_t wide = bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* Bit by bit: signalling NaNs too, which do not outlive every assignment of a float. */
static void widen_bf16(const unsigned char *source, unsigned char *destination, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t wide = (uint32_t)ck_load16(source + i * 2) << 16;
        memcpy(destination + i * sizeof wide, &wide, sizeof wide);
    }
}

static float f32_of_f16(uint32_t bits) {
    uint32_t sign = (bits & 0x8000) << 16, magnitude = bits & 0x7fff, wide;
    float value;
    if (magnitude >= 0x7c00) {
        wide = 0x7f800000u | (magnitude & 0x3ff) << 13 | (magnitude > 0x7c00 ? 0x400000u : 0);
    } else if (magnitude >= 0x400) {
        wide = (magnitude << 13) + 0x38000000u;
    } else {
        value = (float)magnitude * 0x1p-24f;
        memcpy(&wide, &value, sizeof wide);
    }
    wide |= sign;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static void convert_halves(ckpt_dtype from, const unsigned char *source, ckpt_dtype to,
                           void *destination, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = ck_load16(source + i * 2);
        store(to, destination, i, from == CKPT_BF16 ? f32_of_bf16(bits) : f32_of_f16(bits));
    }
}

static void convert_floats(size_t size, const unsigned char *source, ckpt_dtype to,
                           void *destination, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load_unsigned(source + i * size, size);
        uint32_t narrow_bits = (uint32_t)bits;
        float narrow;
        double wide;
        memcpy(&narrow, &narrow_bits, 4);
        memcpy(&wide, &bits, 8);
        store(to, destination, i, size == 4 ? (double)narrow : wide);
    }
}

/* Of the last block perhaps only the beginning is wanted; it is read whole. */
static void convert_blocks(const ckpt_dtype_info *from, ck_dequant dequantize,
                           const unsigned char *source, ckpt_dtype to, void *destination,
                           size_t count) {
    float values[CK_LARGEST_QUANT_BLOCK];
    for (size_t done = 0; done < count; source += from->block_bytes) {
        size_t rest = count - done;
        size_t piece = rest < from->block_elements ? rest : from->block_elements;
        dequantize(source, values);
        for (size_t i = 0; i < piece; i++)
            store(to, destination, done + i, (double)values[i]);
        done += piece;
    }
}

ckpt_status ckpt_convert(ckpt_dtype from, const void *source, ckpt_dtype to, void *destination,
                         size_t count, ckpt_error *err) {
    ckpt_dtype_info info = ckpt_dtype_describe(from);
    ck_dequant dequantize = ck_dequant_of(from);
    ck_float_format format;
    if (to != CKPT_F32 && to != CKPT_F64) {
        ckpt_dtype_info target = ckpt_dtype_describe(to);
        return ck_cast(&info, source, &target, destination, count, err);
    }
    if (info.dtype_class == CKPT_CLASS_BOOL || info.dtype_class == CKPT_CLASS_UINT ||
        info.dtype_class == CKPT_CLASS_INT)
        convert_integers(&info, source, to, destination, count);
    else if (from == CKPT_BF16 && to == CKPT_F32)
        widen_bf16(source, destination, count);
    else if (from == CKPT_F16 || from == CKPT_BF16)
        convert_halves(from, source, to, destination, count);
    else if (ck_small_float_format(from, &format))
        convert_small_floats(&format, source, to, destination, count);
    else if (from == CKPT_F32 || from == CKPT_F64)
        convert_floats(info.block_bytes, source, to, destination, count);
    else if (dequantize != NULL)
        convert_blocks(&info, dequantize, source, to, destination, count);
    else
        return ck_fail(err, CKPT_E_UNSUPPORTED, "elements of type '%s' have no float value",
                       info.name);
    return CKPT_OK;
}
