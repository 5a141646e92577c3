/* SPDX-License-Identifier: MIT */
#include "tensorwindow.h"

#include <stdlib.h>

#include "toolerror.h"

/* A multiple of the usual chunk, so that no chunk is checked twice. */
enum { WINDOW_SIZE = 4 << 20, HIGHEST_RANK = 64 };
/* Each window of a view may need what lies between its elements to be read again. */
enum { VIEW_SIZE = 16 << 20 };

void tensor_window_open(tensor_window *w, ckpt_tensor tensor) {
    *w = (tensor_window){.tensor = tensor, .dtype = ckpt_tensor_dtype_info(tensor)};
    w->left = ckpt_tensor_nbytes(tensor) / w->dtype.block_bytes;
    w->room = (ckpt_tensor_is_contiguous(tensor) ? WINDOW_SIZE : VIEW_SIZE) / w->dtype.block_bytes;
    if (w->room > 256)
        w->room -= w->room % 256;
    if (w->room > w->left)
        w->room = w->left;
}

void tensor_window_close(tensor_window *w) {
    free(w->buffer);
    *w = (tensor_window){0};
}

void tensor_window_take(tensor_window *w, uint64_t blocks) {
    w->bytes += blocks * w->dtype.block_bytes;
    w->count -= blocks;
}

static ckpt_status read_dense(tensor_window *w, uint64_t count, ckpt_error *err) {
    uint64_t first = ckpt_tensor_storage_offset(w->tensor) / w->dtype.block_elements + w->position;
    return ckpt_storage_read(ckpt_tensor_storage(w->tensor), first * w->dtype.block_bytes,
                             (size_t)(count * w->dtype.block_bytes), w->buffer, err);
}

/* As many elements from the position on as are a slice: whole runs of the inner dimensions that fit
 * into the buffer. Types that share bytes have no strides. */
static ckpt_status read_slice(tensor_window *w, uint64_t *ret_count, ckpt_error *err) {
    ckpt_slice slices[HIGHEST_RANK];
    const uint64_t *shape = ckpt_tensor_shape(w->tensor);
    uint32_t rank = ckpt_tensor_rank(w->tensor), split = rank;
    uint64_t inner = 1, rest = w->position;
    while (split > 0 && inner <= w->room / shape[split - 1])
        inner *= shape[--split];
    if (split > 0)
        split--;
    else
        inner /= shape[0];
    for (uint32_t d = rank; d-- > 0;) {
        uint64_t index = rest % shape[d];
        rest /= shape[d];
        slices[d] = (ckpt_slice){index, 1, 1};
        if (d > split)
            slices[d] = (ckpt_slice){0, shape[d], 1};
    }
    uint64_t rows = shape[split] - slices[split].start, fitting = w->room / inner;
    slices[split].count = rows < fitting ? rows : fitting;
    *ret_count = slices[split].count * inner;
    return ckpt_tensor_read_slice(w->tensor, slices, w->buffer,
                                  (size_t)(*ret_count * w->dtype.block_bytes), err);
}

ckpt_status tensor_window_fill(tensor_window *w, ckpt_error *err) {
    uint64_t count = w->left < w->room ? w->left : w->room;
    if (w->count != 0 || w->left == 0)
        return CKPT_OK;
    if (w->buffer == NULL)
        w->buffer = tool_new((size_t)w->room, w->dtype.block_bytes);
    ckpt_status status = ckpt_tensor_is_contiguous(w->tensor) ? read_dense(w, count, err)
                                                              : read_slice(w, &count, err);
    if (status != CKPT_OK)
        return status;
    w->bytes = w->buffer;
    w->count = count;
    w->position += count;
    w->left -= count;
    return CKPT_OK;
}
