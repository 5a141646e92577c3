/* SPDX-License-Identifier: MIT */
/* Softmax and LogSoftmax along one dimension. The largest element is subtracted first, so that no
 * exponential overflows; a line that holds NaN, or +infinity, or nothing but -infinity gives NaN.
 */
#include "nn/operators.h"

#include <inttypes.h>
#include <math.h>

enum { DIM };

static const ck_attribute_spec softmax_attributes[] = {
    [DIM] = {.name = "dim", .type = CKPT_VALUE_INT, .required = true},
    {.name = NULL},
};

static bool infer_softmax(const ck_instance *instance, const ck_shape *input, ck_shape *ret_output,
                          ck_report *reason) {
    uint32_t dimension = 0;
    int64_t dim = instance->attributes[DIM].as.integer;
    if (!ck_shape_dimension(input, dim, &dimension)) {
        ck_report_add(reason, "dim is %" PRId64 ", the input has shape %s", dim,
                      CK_SHAPE(input->rank, input->extents));
        return false;
    }
    *ret_output = *input;
    return true;
}

/* count elements that lie step apart. */
typedef struct line {
    const float *input;
    float *output;
    size_t count, step;
} line;

static float largest(const line *l) {
    float max = l->input[0];
    for (size_t i = 1; i < l->count; i++)
        if (l->input[i * l->step] > max)
            max = l->input[i * l->step];
    return max;
}

static void softmax_line(const line *l) {
    float max = largest(l);
    double sum = 0;
    for (size_t i = 0; i < l->count; i++) {
        float power = expf(l->input[i * l->step] - max);
        l->output[i * l->step] = power;
        sum += (double)power;
    }
    for (size_t i = 0; i < l->count; i++)
        l->output[i * l->step] = (float)((double)l->output[i * l->step] / sum);
}

static void log_softmax_line(const line *l) {
    float max = largest(l);
    double sum = 0;
    for (size_t i = 0; i < l->count; i++)
        sum += (double)expf(l->input[i * l->step] - max);
    double logarithm = log(sum);
    for (size_t i = 0; i < l->count; i++)
        l->output[i * l->step] = (float)((double)l->input[i * l->step] - (double)max - logarithm);
}

static void each_line(const ck_forward_call *call, void (*function)(const line *)) {
    const ck_shape *shape = call->input_shape;
    uint32_t dimension = 0;
    (void)ck_shape_dimension(shape, call->instance.attributes[DIM].as.integer, &dimension);
    size_t step = 1, count = shape->rank > 0 ? (size_t)shape->extents[dimension] : 1;
    for (uint32_t i = dimension + 1; i < shape->rank; i++)
        step *= (size_t)shape->extents[i];
    for (size_t outer = 0; outer < call->output_count; outer += count * step) {
        for (size_t inner = 0; inner < step; inner++) {
            line l = {call->input + outer + inner, call->output + outer + inner, count, step};
            function(&l);
        }
    }
}

static void forward_softmax(const ck_forward_call *call) {
    each_line(call, softmax_line);
}

static void forward_log_softmax(const ck_forward_call *call) {
    each_line(call, log_softmax_line);
}

const ck_operator ck_op_softmax = {.type = "Softmax",
                                   .attributes = softmax_attributes,
                                   .infer_shape = infer_softmax,
                                   .forward = forward_softmax};
const ck_operator ck_op_log_softmax = {.type = "LogSoftmax",
                                       .attributes = softmax_attributes,
                                       .infer_shape = infer_softmax,
                                       .forward = forward_log_softmax};
