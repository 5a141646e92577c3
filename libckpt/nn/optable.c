/* SPDX-License-Identifier: MIT */
#include "nn/optable.h"

#include "nn/operators.h"

#include <string.h>

static const ck_operator *const operators[] = {
    &ck_op_sequential, &ck_op_linear,   &ck_op_relu,    &ck_op_leaky_relu, &ck_op_tanh,
    &ck_op_sigmoid,    &ck_op_gelu,     &ck_op_silu,    &ck_op_softmax,    &ck_op_log_softmax,
    &ck_op_flatten,    &ck_op_identity, &ck_op_dropout,
};

const ck_operator *ck_operator_at(size_t i) {
    return i < sizeof operators / sizeof operators[0] ? operators[i] : NULL;
}

const ck_operator *ck_operator_named(const char *type) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (strcmp(operators[i]->type, type) == 0)
            return operators[i];
    return NULL;
}
