/* SPDX-License-Identifier: MIT */
/* --labels: the accuracy, and which classes were taken for which. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"

/* More classes than this are not shown as a table. */
enum { WIDEST_TABLE = 40 };

/* The first of the largest; NaN counts as larger than any number, as in torch.argmax. */
static uint64_t largest_of(const float *row, uint64_t count) {
    uint64_t best = 0;
    for (uint64_t i = 1; i < count && !isnan(row[best]); i++) {
        if (row[i] > row[best] || isnan(row[i]))
            best = i;
    }
    return best;
}

static void put_table(const uint64_t *table, uint64_t classes) {
    int width = 1;
    for (uint64_t i = 0; i < classes * classes; i++) {
        int digits = snprintf(NULL, 0, "%" PRIu64, table[i]);
        width = digits > width ? digits : width;
    }
    int label = snprintf(NULL, 0, "%" PRIu64, classes - 1);
    width = label > width ? label : width;
    puts("confusion (rows: true class, columns: predicted)");
    printf("%*s", label, "");
    for (uint64_t c = 0; c < classes; c++)
        printf("  %*" PRIu64, width, c);
    for (uint64_t r = 0; r < classes; r++) {
        printf("\n%*" PRIu64, label, r);
        for (uint64_t c = 0; c < classes; c++) {
            if (table[r * classes + c] != 0)
                printf("  %*" PRIu64, width, table[r * classes + c]);
            else
                printf("  %*s", width, ".");
        }
    }
    putchar('\n');
}

static int print_accuracy(const run_array *output, const int64_t *labels, const char *path) {
    uint64_t rows = output->shape[0], classes = output->shape[1], right = 0;
    bool small = classes <= WIDEST_TABLE;
    uint64_t *table = tool_new(small ? (size_t)(classes * classes) : 1, sizeof *table);
    for (uint64_t r = 0; r < rows; r++) {
        uint64_t label = (uint64_t)labels[r];
        if (label >= classes) {
            free(table);
            return tool_fail(RUN,
                             "%s: the label of row %" PRIu64 " is %" PRIu64
                             ", but the net has %" PRIu64 " classes",
                             path, r, label, classes);
        }
        uint64_t guess = largest_of(output->data + r * classes, classes);
        right += guess == label;
        if (small)
            table[label * classes + guess]++;
    }
    printf("accuracy %.4f (%" PRIu64 " of %" PRIu64 ")\n",
           rows != 0 ? (double)right / (double)rows : 0, right, rows);
    if (small)
        put_table(table, classes);
    free(table);
    return TOOL_FINE;
}

int run_print_accuracy(const run_array *output, const char *labels_path) {
    int64_t *labels;
    if (output->rank != 2 || output->shape[1] == 0)
        return tool_fail(RUN, "--labels needs a net that gives a row of scores for each input");
    if (run_read_labels(labels_path, output->shape[0], &labels) != TOOL_FINE)
        return TOOL_NO;
    int status = print_accuracy(output, labels, labels_path);
    free(labels);
    return status;
}
