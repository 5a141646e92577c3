/* SPDX-License-Identifier: MIT */
/* The checkpoints that are measured. */
#ifndef BENCHMODELS_H
#define BENCHMODELS_H

#include <ckpt/ckpt.h>

/* Many tensors of four floats each, whose names are as in a large model. */
ckpt *many_tensors(uint32_t count);
void many_name(uint32_t i, char *name); /* room for 64 */

/* Tensors of 16 MiB, or less where there are fewer bytes, of random normal values. */
#define LARGE_TENSOR ((size_t)16 << 20)
typedef enum large_kind {
    LARGE_DIFFERENT,
    LARGE_PAIR,     /* two tensors of all the bytes each, which are the same bytes */
    LARGE_TIED_PAIR /* one tensor of all the bytes, under two names */
} large_kind;
typedef struct large_model {
    ckpt *c;
    unsigned char *bytes; /* of all tensors, one behind the other; NULL: they belong to c */
} large_model;

large_model large_tensors(size_t size, large_kind kind);
void large_free(large_model *model);
const char *large_name(uint32_t i); /* until the next call */

#endif
