/* SPDX-License-Identifier: MIT */
/* Operators that move no numbers: Sequential, Flatten, Identity, Dropout. */
#include "nn/operators.h"

#include <inttypes.h>
#include <string.h>

const ck_operator ck_op_sequential = {.type = "Sequential", .is_container = true};

/* torch.nn.Identity takes any arguments and forgets them. */
const ck_operator ck_op_identity = {.type = "Identity", .any_attributes = true};

/* ---- Dropout, which passes everything through outside of training ---- */

enum { DROPOUT_P };

static const ck_attribute_spec dropout_attributes[] = {
    [DROPOUT_P] = {.name = "p", .type = CKPT_VALUE_FLOAT, .fallback.number = 0.5},
    {.name = "inplace", .type = CKPT_VALUE_BOOL},
    {.name = NULL},
};

static void check_dropout(const ck_instance *instance, ck_report *report) {
    double p = instance->attributes[DROPOUT_P].as.number;
    if (!(p >= 0 && p <= 1))
        ck_report_add(report, "p is %g, must be from 0 to 1", p);
}

const ck_operator ck_op_dropout = {
    .type = "Dropout", .attributes = dropout_attributes, .check = check_dropout};

/* ---- Flatten ---- */

enum { FLATTEN_START, FLATTEN_END };

static const ck_attribute_spec flatten_attributes[] = {
    [FLATTEN_START] = {.name = "start_dim", .type = CKPT_VALUE_INT, .fallback.integer = 1},
    [FLATTEN_END] = {.name = "end_dim", .type = CKPT_VALUE_INT, .fallback.integer = -1},
    {.name = NULL},
};

static bool find_dimension(const ck_shape *input, const char *name, int64_t value,
                           uint32_t *ret_dimension, ck_report *reason) {
    if (ck_shape_dimension(input, value, ret_dimension))
        return true;
    ck_report_add(reason, "%s is %" PRId64 ", the input has shape %s", name, value,
                  CK_SHAPE(input->rank, input->extents));
    return false;
}

static bool infer_flatten(const ck_instance *instance, const ck_shape *input, ck_shape *ret_output,
                          ck_report *reason) {
    uint32_t start = 0, end = 0;
    const ck_attribute *attributes = instance->attributes;
    if (!find_dimension(input, "start_dim", attributes[FLATTEN_START].as.integer, &start, reason) ||
        !find_dimension(input, "end_dim", attributes[FLATTEN_END].as.integer, &end, reason))
        return false;
    if (start > end) {
        ck_report_add(reason, "start_dim comes after end_dim for an input of shape %s",
                      CK_SHAPE(input->rank, input->extents));
        return false;
    }
    ck_shape output;
    output.rank = input->rank > 0 ? input->rank - (end - start) : 1;
    memcpy(output.extents, input->extents, start * sizeof output.extents[0]);
    uint32_t joined = input->rank > 0 ? end - start + 1 : 0;
    if (!ck_extents_product(input->extents + start, joined, &output.extents[start])) {
        ck_report_add(reason, "the product of dimensions %u to %u of %s leaves 64 bits",
                      (unsigned)start, (unsigned)end, CK_SHAPE(input->rank, input->extents));
        return false;
    }
    for (uint32_t i = start + 1; i < output.rank; i++)
        output.extents[i] = input->extents[i + (end - start)];
    *ret_output = output;
    return true;
}

const ck_operator ck_op_flatten = {
    .type = "Flatten", .attributes = flatten_attributes, .infer_shape = infer_flatten};
