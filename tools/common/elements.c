/* SPDX-License-Identifier: MIT */
#include "elements.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_WINDOW = 1 << 16, LARGEST_WINDOW = 1 << 20 };

/* The library knows which types have values; complex numbers are taken apart here. */
static bool has_values(const ckpt_dtype_info *dtype) {
    double none[1];
    ckpt_error ignored;
    if (dtype->dtype == CKPT_DTYPE_OTHER || dtype->block_elements > LARGEST_BLOCK)
        return false;
    return dtype->dtype_class == CKPT_CLASS_COMPLEX ||
           ckpt_convert(dtype->dtype, "", CKPT_F64, none, 0, &ignored) == CKPT_OK;
}

bool elements_open(elements *e, ckpt_tensor tensor) {
    *e =
        (elements){.storage = ckpt_tensor_storage(tensor), .dtype = ckpt_tensor_dtype_info(tensor)};
    if (!has_values(&e->dtype))
        return false;
    e->storage_size = ckpt_storage_size(e->storage);
    uint64_t chunk = ckpt_describe_storage(e->storage).chunk_size;
    size_t size = chunk < SMALLEST_WINDOW  ? SMALLEST_WINDOW
                  : chunk > LARGEST_WINDOW ? LARGEST_WINDOW
                                           : (size_t)chunk;
    e->window_size = size - size % e->dtype.block_bytes;
    /* The millionth small tensor is as common as the first large one. */
    if (e->window_size > e->storage_size)
        e->window_size = (size_t)e->storage_size + e->dtype.block_bytes -
                         (size_t)e->storage_size % e->dtype.block_bytes;
    return true;
}

void elements_close(elements *e) {
    for (int i = 0; i < ELEMENT_WINDOWS; i++)
        free(e->windows[i].bytes);
    *e = (elements){0};
}

static ckpt_status load(elements *e, uint64_t number, element_window **ret, ckpt_error *err) {
    element_window *w = &e->windows[number % ELEMENT_WINDOWS];
    if (w->number != number + 1) {
        uint64_t offset = number * e->window_size;
        uint64_t left = e->storage_size - offset;
        size_t size = left < e->window_size ? (size_t)left : e->window_size;
        if (w->bytes == NULL)
            w->bytes = tool_new(e->window_size, 1);
        w->number = 0;
        ckpt_status status = ckpt_storage_read(e->storage, offset, size, w->bytes, err);
        if (status != CKPT_OK)
            return status;
        w->number = number + 1;
    }
    *ret = w;
    return CKPT_OK;
}

ckpt_status elements_at(elements *e, uint64_t index, uint64_t limit,
                        const unsigned char **ret_bytes, size_t *ret_count, ckpt_error *err) {
    uint32_t together = e->dtype.block_elements;
    uint64_t offset = index / together * e->dtype.block_bytes;
    element_window *w = NULL;
    ckpt_status status = load(e, offset / e->window_size, &w, err);
    if (status != CKPT_OK)
        return status;
    size_t inside = (size_t)(offset % e->window_size);
    uint64_t count = together == 1 ? (e->window_size - inside) / e->dtype.block_bytes : 1;
    *ret_bytes = w->bytes + inside;
    *ret_count = (size_t)(count < limit ? count : limit);
    return CKPT_OK;
}

/* The values of the block that begins at bytes and holds element index. Those of the last one are
 * kept: who asks for one element mostly asks for the next one then. */
static ckpt_status decode_block(elements *e, uint64_t index, const unsigned char *bytes,
                                ckpt_error *err) {
    uint64_t number = index / e->dtype.block_elements + 1;
    if (e->decoded == number)
        return CKPT_OK;
    e->decoded = 0;
    ckpt_status status =
        ckpt_convert(e->dtype.dtype, bytes, CKPT_F64, e->block, e->dtype.block_elements, err);
    if (status == CKPT_OK)
        e->decoded = number;
    return status;
}

ckpt_status elements_read(elements *e, uint64_t index, uint64_t limit, double *values,
                          size_t *ret_count, ckpt_error *err) {
    const unsigned char *bytes;
    size_t count;
    ckpt_status status = elements_at(e, index, limit, &bytes, &count, err);
    if (status != CKPT_OK)
        return status;
    uint32_t together = e->dtype.block_elements;
    if (together == 1) {
        status = ckpt_convert(e->dtype.dtype, bytes, CKPT_F64, values, count, err);
    } else {
        uint64_t first = index % together;
        status = decode_block(e, index, bytes, err);
        count = (size_t)(together - first < limit ? together - first : limit);
        if (status == CKPT_OK)
            memcpy(values, e->block + first, count * sizeof *values);
    }
    if (status == CKPT_OK)
        *ret_count = count;
    return status;
}

/* Integers and parts of complex numbers lie little-endian. */
static uint64_t little_endian(const unsigned char *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static void integer_text(const ckpt_dtype_info *dtype, const unsigned char *bytes,
                         number_text *ret) {
    uint64_t value = little_endian(bytes, dtype->block_bytes);
    uint64_t sign = (uint64_t)1 << (dtype->block_bytes * 8 - 1);
    if (dtype->dtype_class == CKPT_CLASS_UINT || (value & sign) == 0)
        snprintf(ret->text, sizeof ret->text, "%" PRIu64, value);
    else
        snprintf(ret->text, sizeof ret->text, "-%" PRIu64, (~value & (sign - 1)) + 1);
}

static int significant_bits(const ckpt_dtype_info *dtype) {
    if (dtype->dtype_class == CKPT_CLASS_BLOCK)
        return 24;
    switch (dtype->dtype) {
    case CKPT_F64:
    case CKPT_COMPLEX128: return 53;
    case CKPT_F32:
    case CKPT_COMPLEX64: return 24;
    case CKPT_F16:
    case CKPT_COMPLEX32: return 11;
    case CKPT_BF16: return 8;
    default: return 4;
    }
}

static ckpt_status complex_text(const ckpt_dtype_info *dtype, const unsigned char *bytes,
                                number_text *ret, ckpt_error *err) {
    ckpt_dtype part = dtype->dtype == CKPT_COMPLEX128  ? CKPT_F64
                      : dtype->dtype == CKPT_COMPLEX64 ? CKPT_F32
                                                       : CKPT_F16;
    double parts[2];
    ckpt_status status = ckpt_convert(part, bytes, CKPT_F64, parts, 2, err);
    if (status != CKPT_OK)
        return status;
    int bits = significant_bits(dtype);
    number_text real = number_shortest(parts[0], bits);
    number_text imaginary = number_shortest(fabs(parts[1]), bits);
    snprintf(ret->text, sizeof ret->text, "%.26s%c%.26sj", real.text, signbit(parts[1]) ? '-' : '+',
             imaginary.text);
    return CKPT_OK;
}

ckpt_status elements_text(elements *e, uint64_t index, number_text *ret_text, ckpt_error *err) {
    const unsigned char *bytes;
    size_t count;
    double value;
    ckpt_status status = elements_at(e, index, 1, &bytes, &count, err);
    if (status != CKPT_OK)
        return status;
    switch (e->dtype.dtype_class) {
    case CKPT_CLASS_BOOL:
        snprintf(ret_text->text, sizeof ret_text->text, "%s", bytes[0] != 0 ? "True" : "False");
        return CKPT_OK;
    case CKPT_CLASS_UINT:
    case CKPT_CLASS_INT: integer_text(&e->dtype, bytes, ret_text); return CKPT_OK;
    case CKPT_CLASS_COMPLEX: return complex_text(&e->dtype, bytes, ret_text, err);
    default: break;
    }
    status = elements_read(e, index, 1, &value, &count, err);
    if (status == CKPT_OK)
        *ret_text = number_shortest(value, significant_bits(&e->dtype));
    return status;
}
