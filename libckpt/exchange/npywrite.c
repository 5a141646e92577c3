/* SPDX-License-Identifier: MIT */
/* Writing .npy files, version 1.0, as numpy.save does, byte for byte. */
#include "exchange/npywrite.h"

#include "base/endian.h"
#include "base/error.h"
#include "exchange/tensorstream.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

#define ALIGNMENT 64
#define PREAMBLE_SIZE 10 /* magic, version, size of the header */

/* NumPy leaves room for the outermost extent (the innermost, in Fortran order) to grow to this many
 * digits in place. */
#define GROWTH_DIGITS 21

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

/* Room for 64 extents of 20 digits. */
typedef struct header {
    char bytes[2048];
    size_t size;
} header;

static void append(header *h, const char *format, ...) CK_PRINTF(2, 3);

static void append(header *h, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    h->size += (size_t)vsnprintf(h->bytes + h->size, sizeof h->bytes - h->size, format, arguments);
    va_end(arguments);
}

static void append_spaces(header *h, size_t count) {
    memset(h->bytes + h->size, ' ', count);
    h->size += count;
}

static void format_header(header *h, const char *descr, ckpt_tensor tensor) {
    uint32_t rank = ckpt_tensor_rank(tensor);
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    memcpy(h->bytes, "\x93NUMPY\x01\x00\x00\x00", PREAMBLE_SIZE);
    h->size = PREAMBLE_SIZE;
    append(h, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < rank; i++)
        append(h, "%s%llu", i > 0 ? ", " : "", (unsigned long long)shape[i]);
    append(h, "%s), }", rank == 1 ? "," : "");
    if (rank > 0) {
        int digits = snprintf(NULL, 0, "%llu", (unsigned long long)shape[0]);
        append_spaces(h, (size_t)(GROWTH_DIGITS - digits));
    }
    append_spaces(h, ALIGNMENT - (h->size + 1) % ALIGNMENT);
    h->bytes[h->size++] = '\n';
    ck_store16((unsigned char *)h->bytes + 8, (uint16_t)(h->size - PREAMBLE_SIZE));
}

/* The one tensor of the checkpoint, under whatever name. */
static ckpt_status find_array(ckpt *c, ckpt_tensor *ret_tensor, ckpt_error *err) {
    ckpt_summary summary;
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_summarize(ckpt_root(c), &summary, err);
    if (status != CKPT_OK)
        return status;
    if (summary.names != 1)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "a .npy file holds one array, the checkpoint has %llu names of tensors",
                       (unsigned long long)summary.names);
    status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, err);
    if (status != CKPT_OK)
        return status;
    if (ckpt_walk_next(walk, &item))
        *ret_tensor = item.tensor;
    ckpt_walk_free(walk);
    return CKPT_OK;
}

ckpt_status ck_npy_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err) {
    header h;
    ckpt_tensor tensor = {NULL, 0};
    ckpt_status status = find_array(c, &tensor, err);
    if (status != CKPT_OK)
        return status;
    const char *descr = descr_of(ckpt_tensor_dtype(tensor));
    if (descr == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "a .npy file cannot hold the dtype %s",
                       CK_NAME(ckpt_tensor_dtype_info(tensor).name));
    format_header(&h, descr, tensor);
    status = sink->write(sink->ctx, h.bytes, h.size, 0, err);
    if (status != CKPT_OK)
        return status;
    ck_meter meter = ck_meter_for(options, ckpt_tensor_nbytes(tensor));
    return ck_tensor_to_sink(tensor, sink, h.size, &meter, err);
}
