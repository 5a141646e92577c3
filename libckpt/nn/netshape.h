/* SPDX-License-Identifier: MIT */
/* Shapes on their way through a net. */
#ifndef CK_NETSHAPE_H
#define CK_NETSHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/status.h>

enum { CK_RANK_LIMIT = 64 };

typedef struct ck_shape {
    uint32_t rank;
    uint64_t extents[CK_RANK_LIMIT];
} ck_shape;

/* The product of count extents; 0 as soon as one of them is 0, however large the others are. False
 * when it leaves 64 bits. */
bool ck_extents_product(const uint64_t *extents, uint32_t count, uint64_t *ret_product);

/* Elements of an f32 array of that shape; CKPT_E_OVERFLOW when their bytes leave size_t. */
ckpt_status ck_shape_count(const ck_shape *shape, size_t *ret_count, ckpt_error *err);

/* "[2, 3]", cut with "..." when it is long. */
typedef struct ck_shape_text {
    char text[96];
} ck_shape_text;
ck_shape_text ck_shape_describe(uint32_t rank, const uint64_t *extents);
#define CK_SHAPE(rank, extents) (ck_shape_describe(rank, extents).text)

/* A dimension as torch counts them, from 0 or, negative, from the end; a scalar has one dimension
 * here, as there. False when there is no such dimension. */
bool ck_shape_dimension(const ck_shape *shape, int64_t dimension, uint32_t *ret_dimension);

#endif
