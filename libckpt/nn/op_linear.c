/* SPDX-License-Identifier: MIT */
/* Linear: y = x W^T + b along the last dimension. */
#include "nn/operators.h"

#include <inttypes.h>
#include <string.h>

enum { IN_FEATURES, OUT_FEATURES, HAS_BIAS };
enum { WEIGHT, BIAS };

static const ck_attribute_spec linear_attributes[] = {
    [IN_FEATURES] = {.name = "in_features", .type = CKPT_VALUE_INT},
    [OUT_FEATURES] = {.name = "out_features", .type = CKPT_VALUE_INT},
    [HAS_BIAS] = {.name = "bias", .type = CKPT_VALUE_BOOL},
    {.name = NULL},
};

static const ck_weight_spec linear_weights[] = {
    [WEIGHT] = {.name = "weight", .rank = 2},
    [BIAS] = {.name = "bias", .rank = 1, .optional = true},
    {.name = NULL},
};

static bool differs(const ck_attribute *attribute, uint64_t extent) {
    return attribute->given &&
           (attribute->as.integer < 0 || (uint64_t)attribute->as.integer != extent);
}

static void check_weight(const ck_instance *instance, ck_report *report) {
    const uint64_t *shape = ckpt_tensor_shape(instance->weights[WEIGHT].tensor);
    static const char *const names[] = {"in_features", "out_features"};
    for (uint32_t i = IN_FEATURES; i <= OUT_FEATURES; i++) {
        const ck_attribute *attribute = &instance->attributes[i];
        if (differs(attribute, shape[i == IN_FEATURES ? 1 : 0]))
            ck_report_add(report, "%s is %" PRId64 ", but weight has shape %s", names[i],
                          attribute->as.integer, CK_SHAPE(2, shape));
    }
}

static void check_bias(const ck_instance *instance, ck_report *report) {
    const ck_attribute *out_features = &instance->attributes[OUT_FEATURES];
    const ck_weight *weight = &instance->weights[WEIGHT];
    const uint64_t *shape = ckpt_tensor_shape(instance->weights[BIAS].tensor);
    if (ckpt_tensor_exists(weight->tensor)) {
        const uint64_t *weight_shape = ckpt_tensor_shape(weight->tensor);
        if (shape[0] != weight_shape[0])
            ck_report_add(report, "bias has shape %s, but weight has shape %s", CK_SHAPE(1, shape),
                          CK_SHAPE(2, weight_shape));
    } else if (differs(out_features, shape[0])) {
        ck_report_add(report, "out_features is %" PRId64 ", but bias has shape %s",
                      out_features->as.integer, CK_SHAPE(1, shape));
    }
}

static void check_linear(const ck_instance *instance, ck_report *report) {
    const ck_attribute *has_bias = &instance->attributes[HAS_BIAS];
    bool bias_is_there = ckpt_tensor_exists(instance->weights[BIAS].tensor);
    if (ckpt_tensor_exists(instance->weights[WEIGHT].tensor))
        check_weight(instance, report);
    if (bias_is_there)
        check_bias(instance, report);
    if (has_bias->given && has_bias->as.boolean && !bias_is_there)
        ck_report_add(report, "bias is true, but there is no tensor 'bias'");
    if (has_bias->given && !has_bias->as.boolean && bias_is_there)
        ck_report_add(report, "bias is false, but there is a tensor 'bias'");
}

static uint64_t linear_input_features(const ck_instance *instance) {
    return ckpt_tensor_shape(instance->weights[WEIGHT].tensor)[1];
}

static bool infer_linear(const ck_instance *instance, const ck_shape *input, ck_shape *ret_output,
                         ck_report *reason) {
    const uint64_t *weight_shape = ckpt_tensor_shape(instance->weights[WEIGHT].tensor);
    if (input->rank == 0 || input->extents[input->rank - 1] != weight_shape[1]) {
        ck_report_add(reason, "takes %" PRIu64 " features in the last dimension, got shape %s",
                      weight_shape[1], CK_SHAPE(input->rank, input->extents));
        return false;
    }
    *ret_output = *input;
    ret_output->extents[input->rank - 1] = weight_shape[0];
    return true;
}

static void forward_linear(const ck_forward_call *call) {
    const ck_weight *weights = call->instance.weights;
    const uint64_t *weight_shape = ckpt_tensor_shape(weights[WEIGHT].tensor);
    size_t columns = (size_t)weight_shape[0], depth = (size_t)weight_shape[1];
    size_t rows = call->output_count / columns;
    const float *bias = ckpt_tensor_exists(weights[BIAS].tensor) ? weights[BIAS].data : NULL;
    for (size_t i = 0; i < rows; i++) {
        float *row = call->output + i * columns;
        if (bias != NULL)
            memcpy(row, bias, columns * sizeof *row);
        else
            memset(row, 0, columns * sizeof *row);
    }
    if (depth > 0)
        call->matmul(rows, columns, depth, call->input, weights[WEIGHT].data, call->output);
}

const ck_operator ck_op_linear = {
    .type = "Linear",
    .attributes = linear_attributes,
    .weights = linear_weights,
    .check = check_linear,
    .infer_shape = infer_linear,
    .forward = forward_linear,
    .input_features = linear_input_features,
};
