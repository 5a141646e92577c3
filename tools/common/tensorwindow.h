/* SPDX-License-Identifier: MIT */
/* The dense, row-major bytes of a tensor of any size, one window after the other. */
#ifndef TENSORWINDOW_H
#define TENSORWINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

typedef struct tensor_window {
    ckpt_tensor tensor;
    ckpt_dtype_info dtype;
    unsigned char *bytes; /* of the blocks in memory that have not been taken */
    uint64_t count;       /* blocks: elements, but for types of which several share bytes */
    uint64_t left;        /* blocks behind those */
    unsigned char *buffer;
    uint64_t room;     /* of the buffer, in blocks */
    uint64_t position; /* of what is read next, in blocks */
} tensor_window;

void tensor_window_open(tensor_window *w, ckpt_tensor tensor);
void tensor_window_close(tensor_window *w);
/* Reads more when nothing is left to be taken; a count of 0 is the end. */
ckpt_status tensor_window_fill(tensor_window *w, ckpt_error *err);
/* Moves over blocks that are in memory. */
void tensor_window_take(tensor_window *w, uint64_t blocks);

#endif
