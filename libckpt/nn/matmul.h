/* SPDX-License-Identifier: MIT */
/* Matrix products: c += a b^T for dense row-major a (rows x depth), b (columns x depth) and
 * c (rows x columns), the layout in which Linear keeps its weight. No extent is 0. */
#ifndef CK_MATMUL_H
#define CK_MATMUL_H

#include <stddef.h>

typedef void (*ck_matmul)(size_t rows, size_t columns, size_t depth, const float *a, const float *b,
                          float *c);

void ck_matmul_builtin(size_t rows, size_t columns, size_t depth, const float *a, const float *b,
                       float *c);

/* Through CBLAS; NULL where the library was built without it. */
ck_matmul ck_matmul_cblas(void);

#endif
