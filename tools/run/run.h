/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-run have in common. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/ckpt.h>
#include <ckpt/nn.h>

#include "../common/toolerror.h"

#define RUN "ckpt-run"

enum { RUN_MAX_RANK = 64 };

typedef struct run_options {
    const char *net, *module;
    const char *formats; /* of the net that are considered; NULL: all */
    const char *input, *output, *labels, *expect;
    double tolerance;
    uint64_t batch; /* rows that go through the net at a time */
    ckpt_matmul matmul;
} run_options;

/* Returns -1 to go on, or the exit status. */
int run_read_options(int argc, char **argv, run_options *ret_options);
void run_print_help(void);

/* A dense array of f32. Its data is part of `holder` or of its own. */
typedef struct run_array {
    float *data;
    uint32_t rank;
    uint64_t shape[RUN_MAX_RANK];
    uint64_t numel;
    ckpt *holder; /* a checkpoint with the one tensor "array"; NULL when data is from malloc */
} run_array;

/* Reads a .npy file, converted to f32. */
int run_read_array(const char *path, run_array *ret_array);
/* An array of zeros that can be saved. */
int run_new_array(uint32_t rank, const uint64_t *shape, run_array *ret_array);
int run_save_array(const run_array *array, const char *path);
void run_free_array(run_array *array);

/* Reads a one-dimensional .npy file of whole numbers; free the result. */
int run_read_labels(const char *path, uint64_t count, int64_t **ret_labels);

/* Each prints its part, and returns an exit status. */
int run_print_rows(const run_array *output);
int run_print_accuracy(const run_array *output, const char *labels_path);
int run_compare(const run_array *output, const char *expected_path, double tolerance);

#endif
