/* SPDX-License-Identifier: MIT */
/* Where the elements of a tensor lie in its storage, and whether they can: the one place for the
 * arithmetic of shapes (spec/ckpt-format.md, section 7.3). */
#ifndef CK_GEOMETRY_H
#define CK_GEOMETRY_H

#include <ckpt/dtypes.h>

typedef struct ck_geometry {
    ckpt_dtype_class dtype_class;
    uint32_t block_elements;
    uint32_t block_bytes;
    uint32_t rank;
    const uint64_t *shape;
    const uint64_t *strides; /* in elements; NULL: dense row-major */
    uint64_t offset;         /* of the first element in the storage, in bytes */
} ck_geometry;

typedef enum ck_geometry_fault {
    CK_GEOMETRY_SOUND = 0,
    CK_GEOMETRY_TOO_LARGE,    /* rule T5 */
    CK_GEOMETRY_BLOCKS,       /* rule T6 */
    CK_GEOMETRY_STRIDES,      /* rule T7: a stride of 2^63 or more */
    CK_GEOMETRY_DENSE,        /* rule T7: strides that say nothing */
    CK_GEOMETRY_OFFSET,       /* rule T8: not at the beginning of an element */
    CK_GEOMETRY_OUT_OF_BOUNDS /* rule T8 */
} ck_geometry_fault;

/* Checks everything; the sizes below may be asked only after that. */
ck_geometry_fault ck_geometry_check(const ck_geometry *g, uint64_t storage_size);

uint64_t ck_geometry_numel(const ck_geometry *g);
uint64_t ck_geometry_dense_size(const ck_geometry *g); /* bytes */
/* Bytes from the first element to the end of the last; 0 without elements. */
uint64_t ck_geometry_span(const ck_geometry *g);
bool ck_geometry_is_dense(uint32_t rank, const uint64_t *shape, const uint64_t *strides);

#endif
