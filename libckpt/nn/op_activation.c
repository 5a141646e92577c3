/* SPDX-License-Identifier: MIT */
/* Pointwise activations. NaN stays NaN. */
#include "nn/operators.h"

#include <math.h>
#include <string.h>

static const ck_attribute_spec inplace_only[] = {
    {.name = "inplace", .type = CKPT_VALUE_BOOL},
    {.name = NULL},
};

static void forward_relu(const ck_forward_call *call) {
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = call->input[i] <= 0 ? 0 : call->input[i];
}

const ck_operator ck_op_relu = {
    .type = "ReLU", .attributes = inplace_only, .is_pointwise = true, .forward = forward_relu};

enum { NEGATIVE_SLOPE };

static const ck_attribute_spec leaky_relu_attributes[] = {
    [NEGATIVE_SLOPE] = {.name = "negative_slope",
                        .type = CKPT_VALUE_FLOAT,
                        .fallback.number = 0.01},
    {.name = "inplace", .type = CKPT_VALUE_BOOL},
    {.name = NULL},
};

static void forward_leaky_relu(const ck_forward_call *call) {
    float slope = (float)call->instance.attributes[NEGATIVE_SLOPE].as.number;
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = call->input[i] > 0 ? call->input[i] : call->input[i] * slope;
}

const ck_operator ck_op_leaky_relu = {.type = "LeakyReLU",
                                      .attributes = leaky_relu_attributes,
                                      .is_pointwise = true,
                                      .forward = forward_leaky_relu};

static void forward_tanh(const ck_forward_call *call) {
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = tanhf(call->input[i]);
}

const ck_operator ck_op_tanh = {.type = "Tanh", .is_pointwise = true, .forward = forward_tanh};

static void forward_sigmoid(const ck_forward_call *call) {
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = 1 / (1 + expf(-call->input[i]));
}

const ck_operator ck_op_sigmoid = {
    .type = "Sigmoid", .is_pointwise = true, .forward = forward_sigmoid};

static void forward_silu(const ck_forward_call *call) {
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = call->input[i] / (1 + expf(-call->input[i]));
}

const ck_operator ck_op_silu = {
    .type = "SiLU", .attributes = inplace_only, .is_pointwise = true, .forward = forward_silu};

/* ---- GELU (Hendrycks and Gimpel, 2016) ---- */

enum { APPROXIMATE };

static const ck_attribute_spec gelu_attributes[] = {
    [APPROXIMATE] = {.name = "approximate", .type = CKPT_VALUE_STRING, .fallback.text = "none"},
    {.name = NULL},
};

static void check_gelu(const ck_instance *instance, ck_report *report) {
    const char *approximate = instance->attributes[APPROXIMATE].as.text;
    if (strcmp(approximate, "none") != 0 && strcmp(approximate, "tanh") != 0)
        ck_report_add(report, "approximate is '%s', must be 'none' or 'tanh'",
                      CK_NAME(approximate));
}

/* x P(X <= x) for a standard normal X; erfc keeps the digits of the lower tail. */
static float gelu_exact(float x) {
    return 0.5f * x * erfcf(-x * 0.70710678118654752f);
}

static float gelu_tanh(float x) {
    float inner = 0.79788456080286536f * (x + 0.044715f * x * x * x); /* sqrt(2 / pi) */
    return 0.5f * x * (1 + tanhf(inner));
}

static void forward_gelu(const ck_forward_call *call) {
    bool exact = strcmp(call->instance.attributes[APPROXIMATE].as.text, "none") == 0;
    for (size_t i = 0; i < call->output_count; i++)
        call->output[i] = exact ? gelu_exact(call->input[i]) : gelu_tanh(call->input[i]);
}

const ck_operator ck_op_gelu = {.type = "GELU",
                                .attributes = gelu_attributes,
                                .is_pointwise = true,
                                .check = check_gelu,
                                .forward = forward_gelu};
