/* SPDX-License-Identifier: MIT */
#include "exchange/npyout.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 64,
    PREAMBLE_SIZE = 10, /* magic, version, size of the header */
    /* NumPy leaves room for the outermost extent (the innermost, in Fortran order) to grow to this
     * many digits in place. */
    GROWTH_DIGITS = 21,
    BATCH = 8192,      /* elements that are widened at once */
    LARGEST_BLOCK = 16 /* bytes, of those types that are widened */
};

static const char *descr_of(ckpt_dtype dtype) {
    switch (dtype) {
    case CKPT_BOOL: return "|b1";
    case CKPT_I8: return "|i1";
    case CKPT_U8: return "|u1";
    case CKPT_I16: return "<i2";
    case CKPT_U16: return "<u2";
    case CKPT_I32: return "<i4";
    case CKPT_U32: return "<u4";
    case CKPT_I64: return "<i8";
    case CKPT_U64: return "<u8";
    case CKPT_F16: return "<f2";
    case CKPT_F32: return "<f4";
    case CKPT_F64: return "<f8";
    case CKPT_COMPLEX64: return "<c8";
    case CKPT_COMPLEX128: return "<c16";
    default: return NULL;
    }
}

/* The smallest type of NumPy's that has all values; CKPT_DTYPE_OTHER where none has. */
static ckpt_dtype type_in_file(ckpt_dtype dtype) {
    if (descr_of(dtype) != NULL)
        return dtype;
    if (dtype == CKPT_COMPLEX32)
        return CKPT_COMPLEX64;
    return ckpt_dtype_describe(dtype).dtype_class == CKPT_CLASS_FLOAT ? CKPT_F32 : CKPT_DTYPE_OTHER;
}

/* ---- header ---- */

static void append(ck_npy_out *out, const char *format, ...) CK_PRINTF(2, 3);

static void append(ck_npy_out *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    out->header_size += (size_t)vsnprintf(out->header + out->header_size,
                                          sizeof out->header - out->header_size, format, arguments);
    va_end(arguments);
}

static void append_spaces(ck_npy_out *out, size_t count) {
    memset(out->header + out->header_size, ' ', count);
    out->header_size += count;
}

static void format_header(ck_npy_out *out) {
    uint32_t rank = ckpt_tensor_rank(out->tensor);
    const uint64_t *shape = ckpt_tensor_shape(out->tensor);
    memcpy(out->header, "\x93NUMPY\x01\x00\x00\x00", PREAMBLE_SIZE);
    out->header_size = PREAMBLE_SIZE;
    append(out, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr_of(out->dtype));
    for (uint32_t i = 0; i < rank; i++)
        append(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)shape[i]);
    append(out, "%s), }", rank == 1 ? "," : "");
    if (rank > 0) {
        int digits = snprintf(NULL, 0, "%llu", (unsigned long long)shape[0]);
        append_spaces(out, (size_t)(GROWTH_DIGITS - digits));
    }
    append_spaces(out, ALIGNMENT - (out->header_size + 1) % ALIGNMENT);
    out->header[out->header_size++] = '\n';
    ck_store16((unsigned char *)out->header + 8, (uint16_t)(out->header_size - PREAMBLE_SIZE));
}

ckpt_status ck_npy_prepare(ck_npy_out *ret_out, ckpt_tensor tensor, ckpt_error *err) {
    ckpt_dtype_info from = ckpt_tensor_dtype_info(tensor);
    ckpt_dtype dtype = type_in_file(from.dtype);
    if (dtype == CKPT_DTYPE_OTHER)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "NumPy has nothing that holds the dtype %s",
                       CK_NAME(from.name));
    ret_out->tensor = tensor;
    ret_out->dtype = dtype;
    if (!ck_mul(ckpt_tensor_numel(tensor), ckpt_dtype_describe(dtype).block_bytes,
                &ret_out->data_size))
        return ck_fail(err, CKPT_E_OVERFLOW, "a tensor of 2^64 bytes or more");
    format_header(ret_out);
    return CKPT_OK;
}

void ck_npy_report(const ck_npy_out *out, const char *name, const ck_losses *losses) {
    ckpt_dtype_info from = ckpt_tensor_dtype_info(out->tensor);
    if (from.dtype != out->dtype)
        ck_report_loss(losses, CKPT_LOSS_DTYPE, name,
                       "%s, which NumPy does not have, written as %s with the same values",
                       CK_NAME(from.name), ckpt_dtype_describe(out->dtype).name);
}

/* ---- widening ---- */

/* Elements come in blocks (several share a byte, in the smallest types), blocks in pieces that may
 * end anywhere. */
typedef struct widening {
    const ck_memory *memory;
    ckpt_dtype from; /* CKPT_F16 for the parts of complex numbers */
    uint32_t block_elements, block_bytes;
    uint64_t left; /* elements that are still to come */
    float *values; /* BATCH and one block of them */
    unsigned char partial[LARGEST_BLOCK];
    uint32_t partial_size;
    ck_take_bytes take;
    void *ctx;
} widening;

static ckpt_status widen_blocks(widening *w, const unsigned char *blocks, size_t count,
                                ckpt_error *err) {
    uint64_t elements = (uint64_t)count * w->block_elements;
    size_t known = (size_t)(elements < w->left ? elements : w->left);
    if (known == 0)
        return CKPT_OK;
    ckpt_status status = ckpt_convert(w->from, blocks, CKPT_F32, w->values, known, err);
    w->left -= known;
    return status == CKPT_OK ? w->take(w->ctx, w->values, known * sizeof(float), err) : status;
}

static ckpt_status fill_partial(widening *w, const unsigned char **bytes, size_t *size,
                                ckpt_error *err) {
    size_t wanted = w->block_bytes - w->partial_size, piece = *size < wanted ? *size : wanted;
    memcpy(w->partial + w->partial_size, *bytes, piece);
    w->partial_size += (uint32_t)piece;
    *bytes += piece;
    *size -= piece;
    if (w->partial_size < w->block_bytes)
        return CKPT_OK;
    w->partial_size = 0;
    return widen_blocks(w, w->partial, 1, err);
}

static ckpt_status take_narrow(void *ctx, const void *piece, size_t size, ckpt_error *err) {
    widening *w = ctx;
    const unsigned char *bytes = piece;
    size_t most = BATCH / w->block_elements;
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && size > 0) {
        size_t count = size / w->block_bytes;
        if (w->partial_size > 0 || count == 0) {
            status = fill_partial(w, &bytes, &size, err);
            continue;
        }
        count = count < most ? count : most;
        status = widen_blocks(w, bytes, count, err);
        bytes += count * w->block_bytes;
        size -= count * w->block_bytes;
    }
    return status;
}

/* The last block of a packed type may have fewer bytes than a whole one: it counts as if zeros
 * followed. */
static ckpt_status end_widening(widening *w, ckpt_error *err) {
    if (w->partial_size == 0)
        return CKPT_OK;
    memset(w->partial + w->partial_size, 0, w->block_bytes - w->partial_size);
    return widen_blocks(w, w->partial, 1, err);
}

static ckpt_status stream_widened(const ck_npy_out *out, ck_take_bytes take, void *ctx,
                                  ckpt_error *err) {
    ckpt_dtype_info from = ckpt_tensor_dtype_info(out->tensor);
    bool complex = from.dtype_class == CKPT_CLASS_COMPLEX;
    widening w = {.memory = ck_ckpt_memory(out->tensor.owner),
                  .from = complex ? CKPT_F16 : from.dtype,
                  .block_elements = complex ? 2 : from.block_elements,
                  .block_bytes = from.block_bytes,
                  .left = ckpt_tensor_numel(out->tensor) * (complex ? 2 : 1),
                  .take = take,
                  .ctx = ctx};
    if (w.block_bytes == 0 || w.block_bytes > LARGEST_BLOCK || w.block_elements > BATCH)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "elements of type %s cannot be widened",
                       CK_NAME(from.name));
    w.values = ck_alloc(w.memory, BATCH, sizeof *w.values);
    if (w.values == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_tensor_stream(out->tensor, take_narrow, &w, err);
    if (status == CKPT_OK)
        status = end_widening(&w, err);
    ck_free(w.memory, w.values, BATCH, sizeof *w.values);
    return status;
}

ckpt_status ck_npy_stream(const ck_npy_out *out, ck_take_bytes take, void *ctx, ckpt_error *err) {
    ckpt_status status = take(ctx, out->header, out->header_size, err);
    if (status != CKPT_OK)
        return status;
    return ckpt_tensor_dtype(out->tensor) == out->dtype
               ? ck_tensor_stream(out->tensor, take, ctx, err)
               : stream_widened(out, take, ctx, err);
}
