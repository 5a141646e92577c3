/* SPDX-License-Identifier: MIT */
/* --expect: the largest difference; without it, the first rows. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../common/numbertext.h"
#include "run.h"

enum { SHOWN_ROWS = 10, SHOWN_COLUMNS = 8 };

static bool same_shape(const run_array *a, const run_array *b) {
    return a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0;
}

static int say_shapes(const run_array *output, const run_array *expected, const char *path) {
    textbuf t = {0};
    number_add_list(&t, expected->shape, expected->rank);
    text_add(&t, ", the net gives ");
    number_add_list(&t, output->shape, output->rank);
    int status = tool_fail(RUN, "%s: the array is %s", path, text_string(&t));
    text_free(&t);
    return status;
}

/* NaN against anything, NaN too, is as different as can be; so is one infinity against another
 * number. */
static double difference(float a, float b) {
    if (a == b)
        return 0;
    double d = fabs((double)a - (double)b);
    return isnan(d) ? INFINITY : d;
}

/* "[3, 4]" for an element of an array. */
static void add_position(textbuf *t, const run_array *a, uint64_t element) {
    uint64_t position[RUN_MAX_RANK] = {0};
    for (uint32_t d = a->rank; d-- > 0;) {
        position[d] = element % a->shape[d];
        element /= a->shape[d];
    }
    number_add_list(t, position, a->rank);
}

static int compare(const run_array *output, const run_array *expected, const char *path,
                   double tolerance) {
    double largest = 0;
    uint64_t where = 0;
    for (uint64_t i = 0; i < output->numel; i++) {
        double d = difference(output->data[i], expected->data[i]);
        if (d > largest) {
            largest = d;
            where = i;
        }
    }
    textbuf t = {0};
    text_addf(&t, "largest difference %.3g", largest);
    if (largest > 0) {
        text_add(&t, " at ");
        add_position(&t, output, where);
    }
    text_addf(&t, ", tolerance %g", tolerance);
    int status = TOOL_FINE;
    if (largest <= tolerance)
        puts(text_string(&t));
    else
        status = tool_fail(RUN, "%s: %s", path, text_string(&t));
    text_free(&t);
    return status;
}

int run_compare(const run_array *output, const char *expected_path, double tolerance) {
    run_array expected;
    if (run_read_array(expected_path, &expected) != TOOL_FINE)
        return TOOL_NO;
    int status = same_shape(output, &expected)
                     ? compare(output, &expected, expected_path, tolerance)
                     : say_shapes(output, &expected, expected_path);
    run_free_array(&expected);
    return status;
}

int run_print_rows(const run_array *output) {
    uint64_t rows = output->shape[0], width = rows != 0 ? output->numel / rows : 0;
    textbuf t = {0};
    number_add_list(&t, output->shape, output->rank);
    printf("output f32 %s\n", text_string(&t));
    text_free(&t);
    for (uint64_t r = 0; r < rows && r < SHOWN_ROWS; r++) {
        printf("%" PRIu64 ":", r);
        for (uint64_t c = 0; c < width && c < SHOWN_COLUMNS; c++)
            printf(" %11.6g", (double)output->data[r * width + c]);
        puts(width > SHOWN_COLUMNS ? " ..." : "");
    }
    if (rows > SHOWN_ROWS)
        printf("... %s more rows; --output saves all\n", number_grouped(rows - SHOWN_ROWS).text);
    return TOOL_FINE;
}
