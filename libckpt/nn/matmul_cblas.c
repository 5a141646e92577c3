/* SPDX-License-Identifier: MIT */
#include "nn/matmul.h"

#ifdef CK_HAVE_CBLAS

#include <cblas.h>
#include <limits.h>

/* The integers of CBLAS are ints; what is larger goes through the plain loops. */
static void multiply(size_t rows, size_t columns, size_t depth, const float *a, const float *b,
                     float *c) {
    if (rows > INT_MAX || columns > INT_MAX || depth > INT_MAX) {
        ck_matmul_builtin(rows, columns, depth, a, b, c);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)columns, (int)depth, 1.0f,
                a, (int)depth, b, (int)depth, 1.0f, c, (int)columns);
}

ck_matmul ck_matmul_cblas(void) {
    return multiply;
}

#else

ck_matmul ck_matmul_cblas(void) {
    return NULL;
}

#endif
