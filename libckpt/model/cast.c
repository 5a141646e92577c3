/* SPDX-License-Identifier: MIT */
#include "model/cast.h"

#include "base/endian.h"
#include "base/error.h"
#include "model/floatencode.h"

#include <string.h>

enum { TOGETHER = 256 }; /* elements converted at a time */

static bool is_integer(const ckpt_dtype_info *info) {
    return info->dtype_class == CKPT_CLASS_BOOL || info->dtype_class == CKPT_CLASS_UINT ||
           info->dtype_class == CKPT_CLASS_INT;
}

static uint64_t load(const unsigned char *p, size_t size) {
    switch (size) {
    case 1: return *p;
    case 2: return ck_load16(p);
    case 4: return ck_load32(p);
    default: return ck_load64(p);
    }
}

static void store(unsigned char *p, size_t size, uint64_t value) {
    switch (size) {
    case 1: *p = (unsigned char)value; break;
    case 2: ck_store16(p, (uint16_t)value); break;
    case 4: ck_store32(p, (uint32_t)value); break;
    default: ck_store64(p, value); break;
    }
}

static ck_exact load_integer(const ckpt_dtype_info *info, const unsigned char *p) {
    uint64_t bits = load(p, info->block_bytes), sign = (uint64_t)1 << (info->block_bytes * 8 - 1);
    ck_exact value = {bits, 0, false};
    if (info->dtype_class == CKPT_CLASS_BOOL) {
        value.mantissa = bits != 0;
    } else if (info->dtype_class == CKPT_CLASS_INT && (bits & sign) != 0) {
        value.mantissa = (~bits & (sign - 1)) + 1;
        value.negative = true;
    }
    return value;
}

static ckpt_status integers_to_integers(const ckpt_dtype_info *from, const unsigned char *source,
                                        const ckpt_dtype_info *to, unsigned char *destination,
                                        size_t count, ckpt_error *err) {
    unsigned bits = to->block_bytes * 8;
    uint64_t greatest = UINT64_MAX >> (64 - bits), least = 0;
    if (to->dtype_class == CKPT_CLASS_INT) {
        greatest >>= 1;
        least = greatest + 1;
    }
    for (size_t i = 0; i < count; i++) {
        ck_exact value = load_integer(from, source + i * from->block_bytes);
        if (value.mantissa > (value.negative ? least : greatest))
            return ck_fail(err, CKPT_E_BOUNDS, "%s%llu is no number of type '%s'",
                           value.negative ? "-" : "", (unsigned long long)value.mantissa, to->name);
        store(destination + i * to->block_bytes, to->block_bytes,
              value.negative ? ~value.mantissa + 1 : value.mantissa);
    }
    return CKPT_OK;
}

static void integers_to_floats(const ckpt_dtype_info *from, const unsigned char *source,
                               const ck_float_format *format, unsigned char *destination,
                               size_t count) {
    size_t size = format->bits / 8;
    for (size_t i = 0; i < count; i++) {
        ck_exact value = load_integer(from, source + i * from->block_bytes);
        store(destination + i * size, size, ck_float_encode(format, &value));
    }
}

static void f64_to_floats(const unsigned char *source, const ck_float_format *format,
                          unsigned char *destination, size_t count) {
    size_t size = format->bits / 8;
    for (size_t i = 0; i < count; i++)
        store(destination + i * size, size, ck_float_encode_f64(format, ck_load64(source + i * 8)));
}

static void f32_to_floats(const unsigned char *source, ckpt_dtype to, const ck_float_format *format,
                          unsigned char *destination, size_t count) {
    if (to == CKPT_BF16) {
        for (size_t i = 0; i < count; i++)
            ck_store16(destination + i * 2, ck_bf16_from_f32(ck_load32(source + i * 4)));
    } else if (to == CKPT_F16) {
        for (size_t i = 0; i < count; i++)
            ck_store16(destination + i * 2, ck_f16_from_f32(ck_load32(source + i * 4)));
    } else {
        for (size_t i = 0; i < count; i++)
            destination[i] = (unsigned char)ck_float_encode_f32(format, ck_load32(source + i * 4));
    }
}

/* By way of f32, which every float of at most 16 bits is. What is loaded from memory as an f32 here
 * is in the order of the host; f32_to_floats takes little-endian bytes. */
static ckpt_status as_f32_to_floats(const ckpt_dtype_info *from, const unsigned char *source,
                                    ckpt_dtype to, const ck_float_format *format,
                                    unsigned char *destination, size_t count, ckpt_error *err) {
    unsigned char bytes[TOGETHER * 4];
    float values[TOGETHER];
    for (size_t done = 0; done < count;) {
        size_t piece = count - done < TOGETHER ? count - done : TOGETHER;
        ckpt_status status =
            ckpt_convert(from->dtype, source + done / from->block_elements * from->block_bytes,
                         CKPT_F32, values, piece, err);
        if (status != CKPT_OK)
            return status;
        for (size_t i = 0; i < piece; i++) {
            uint32_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            ck_store32(bytes + i * 4, bits);
        }
        f32_to_floats(bytes, to, format, destination + done * format->bits / 8, piece);
        done += piece;
    }
    return CKPT_OK;
}

/* The type of the parts of a complex type. */
static ckpt_dtype part_of(ckpt_dtype dtype) {
    switch (dtype) {
    case CKPT_COMPLEX32: return CKPT_F16;
    case CKPT_COMPLEX64: return CKPT_F32;
    case CKPT_COMPLEX128: return CKPT_F64;
    default: return CKPT_DTYPE_OTHER;
    }
}

ckpt_status ck_cast(const ckpt_dtype_info *from, const unsigned char *source,
                    const ckpt_dtype_info *to, unsigned char *destination, size_t count,
                    ckpt_error *err) {
    ck_float_format format, narrow;
    if (from->dtype_class == CKPT_CLASS_COMPLEX && to->dtype_class == CKPT_CLASS_COMPLEX)
        return ckpt_convert(part_of(from->dtype), source, part_of(to->dtype), destination,
                            count * 2, err);
    if (is_integer(from) && is_integer(to) && to->dtype != CKPT_BOOL)
        return integers_to_integers(from, source, to, destination, count, err);
    /* Those in blocks have values as f32, or none. */
    if (from->dtype_class == CKPT_CLASS_BLOCK) {
        ckpt_status status = ckpt_convert(from->dtype, NULL, CKPT_F32, NULL, 0, err);
        if (status != CKPT_OK)
            return status;
    }
    bool encodes = ck_small_float_format(to->dtype, &format) &&
                   format.specials != CK_FLOAT_FINITE && format.specials != CK_FLOAT_E8M0;
    if (encodes && is_integer(from))
        integers_to_floats(from, source, &format, destination, count);
    else if (encodes && from->dtype == CKPT_F64)
        f64_to_floats(source, &format, destination, count);
    else if (encodes && from->dtype == CKPT_F32)
        f32_to_floats(source, to->dtype, &format, destination, count);
    else if (encodes &&
             (from->dtype_class == CKPT_CLASS_BLOCK || ck_small_float_format(from->dtype, &narrow)))
        return as_f32_to_floats(from, source, to->dtype, &format, destination, count, err);
    else
        return ck_fail(err, CKPT_E_UNSUPPORTED, "elements of type '%s' are not converted to '%s'",
                       from->name, to->name);
    return CKPT_OK;
}
