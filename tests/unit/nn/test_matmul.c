/* SPDX-License-Identifier: MIT */
/* Matrix products against sums in double. */
#include "nn/matmul.h"

#include "nn/rng.h"

#include "nntest.h"

#include <math.h>
#include <stdlib.h>

enum { LARGEST = 600 };

static float a[LARGEST * LARGEST], b[LARGEST * LARGEST], c[LARGEST * LARGEST];

static void fill(float *values, size_t count, ckpt_rng *rng) {
    for (size_t i = 0; i < count; i++)
        values[i] = ck_rng_uniform32(rng, -1, 1);
}

/* c starts as 0.5 throughout, so that adding to it is tested too. */
static void expect_product(ck_matmul matmul, size_t rows, size_t columns, size_t depth,
                           ckpt_rng *rng) {
    fill(a, rows * depth, rng);
    fill(b, columns * depth, rng);
    for (size_t i = 0; i < rows * columns; i++)
        c[i] = 0.5f;
    matmul(rows, columns, depth, a, b, c);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            double wanted = 0.5;
            for (size_t k = 0; k < depth; k++)
                wanted += (double)a[i * depth + k] * (double)b[j * depth + k];
            double off = fabs((double)c[i * columns + j] - wanted);
            ck_assert_msg(off <= 1e-6 * sqrt((double)depth) + 1e-6, "%zu x %zu x %zu: off by %g",
                          rows, columns, depth, off);
        }
    }
}

static void expect_products(ck_matmul matmul) {
    const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 17, 64};
    const size_t depths[] = {1, 2, 5, 16, 255, 256, 257, LARGEST};
    ckpt_rng rng;
    ckpt_rng_seed(&rng, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++)
            for (size_t k = 0; k < sizeof depths / sizeof depths[0]; k++)
                expect_product(matmul, sizes[i], sizes[j], depths[k], &rng);
}

START_TEST(test_builtin) {
    expect_products(ck_matmul_builtin);
}
END_TEST

START_TEST(test_cblas) {
    if (ck_matmul_cblas() != NULL)
        expect_products(ck_matmul_cblas());
}
END_TEST

/* An infinity in one row must not reach the others through the padding of a panel. */
START_TEST(test_infinities_stay_in_their_rows) {
    float x[2] = {INFINITY, 1}, w[3] = {1, 2, 3}, y[6] = {0};
    ck_matmul_builtin(2, 3, 1, x, w, y);
    for (int j = 0; j < 3; j++) {
        ck_assert(isinf(y[j]));
        ck_assert_float_eq(y[3 + j], w[j]);
    }
}
END_TEST

START_TEST(test_choice) {
    ckpt *model = new_sequential(NULL);
    ckpt_net *net = NULL;
    ckpt_error err;
    ckpt_net_options options = {sizeof options, CKPT_MATMUL_BUILTIN};
    must(ckpt_net_build(ckpt_root(model), &options, &net, &err), &err);
    ckpt_net_free(net);
    net = NULL;
    options.matmul = CKPT_MATMUL_CBLAS;
    ckpt_status status = ckpt_net_build(ckpt_root(model), &options, &net, &err);
    ck_assert_int_eq(status, ck_matmul_cblas() != NULL ? CKPT_OK : CKPT_E_UNSUPPORTED);
    ckpt_net_free(net);
    ckpt_free(model);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        test_builtin,
        test_cblas,
        test_infinities_stay_in_their_rows,
        test_choice,
    };
    return RUN_CASES("matmul", tests);
}
