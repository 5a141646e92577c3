/* SPDX-License-Identifier: MIT */
/* The built-in product. A panel of b, PANEL of its rows by DEPTH elements, is turned so that the
 * inner loop runs over neighbouring elements of c: the compiler makes vectors of that without
 * reordering a sum. */
#include "nn/matmul.h"

#include <string.h>

enum { PANEL = 8, DEPTH = 256, ROWS = 4 };

typedef struct panel {
    size_t columns, depth; /* in use; the rest of each line is 0 */
    float lines[DEPTH][PANEL];
} panel;

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* b points at the panel's first element; its rows lie stride elements apart. */
static void fill_panel(panel *p, const float *b, size_t stride, size_t columns, size_t depth) {
    p->columns = smaller(columns, PANEL);
    p->depth = smaller(depth, DEPTH);
    if (p->columns < PANEL)
        memset(p->lines, 0, sizeof p->lines);
    for (size_t j = 0; j < p->columns; j++)
        for (size_t k = 0; k < p->depth; k++)
            p->lines[k][j] = b[j * stride + k];
}

/* ROWS rows of a, stride apart, times the panel. */
static void multiply_rows(const panel *p, const float *a, size_t stride, float sums[ROWS][PANEL]) {
    const float *a0 = a, *a1 = a + stride, *a2 = a + 2 * stride, *a3 = a + 3 * stride;
    float s0[PANEL] = {0}, s1[PANEL] = {0}, s2[PANEL] = {0}, s3[PANEL] = {0};
    for (size_t k = 0; k < p->depth; k++) {
        const float *line = p->lines[k];
        for (int j = 0; j < PANEL; j++) {
            s0[j] += a0[k] * line[j];
            s1[j] += a1[k] * line[j];
            s2[j] += a2[k] * line[j];
            s3[j] += a3[k] * line[j];
        }
    }
    memcpy(sums[0], s0, sizeof s0);
    memcpy(sums[1], s1, sizeof s1);
    memcpy(sums[2], s2, sizeof s2);
    memcpy(sums[3], s3, sizeof s3);
}

static void multiply_row(const panel *p, const float *a, float sums[PANEL]) {
    float s[PANEL] = {0};
    for (size_t k = 0; k < p->depth; k++)
        for (int j = 0; j < PANEL; j++)
            s[j] += a[k] * p->lines[k][j];
    memcpy(sums, s, sizeof s);
}

static void add_row(const float sums[PANEL], size_t columns, float *c) {
    for (size_t j = 0; j < columns; j++)
        c[j] += sums[j];
}

/* All rows of a times one panel. */
static void multiply_panel(const panel *p, size_t rows, const float *a, size_t a_stride, float *c,
                           size_t c_stride) {
    float sums[ROWS][PANEL];
    size_t i = 0;
    for (; i + ROWS <= rows; i += ROWS) {
        multiply_rows(p, a + i * a_stride, a_stride, sums);
        for (size_t r = 0; r < ROWS; r++)
            add_row(sums[r], p->columns, c + (i + r) * c_stride);
    }
    for (; i < rows; i++) {
        multiply_row(p, a + i * a_stride, sums[0]);
        add_row(sums[0], p->columns, c + i * c_stride);
    }
}

void ck_matmul_builtin(size_t rows, size_t columns, size_t depth, const float *a, const float *b,
                       float *c) {
    panel p;
    for (size_t j = 0; j < columns; j += PANEL) {
        for (size_t k = 0; k < depth; k += DEPTH) {
            fill_panel(&p, b + j * depth + k, depth, columns - j, depth - k);
            multiply_panel(&p, rows, a + k, depth, c + j, columns);
        }
    }
}
