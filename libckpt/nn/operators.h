/* SPDX-License-Identifier: MIT */
/* The entries of the operator table. Each is defined in the file of its family. */
#ifndef CK_OPERATORS_H
#define CK_OPERATORS_H

#include "nn/optable.h"

/* op_shape.c: what moves no numbers */
extern const ck_operator ck_op_sequential;
extern const ck_operator ck_op_flatten;
extern const ck_operator ck_op_identity;
extern const ck_operator ck_op_dropout;

/* op_linear.c */
extern const ck_operator ck_op_linear;

/* op_activation.c */
extern const ck_operator ck_op_relu;
extern const ck_operator ck_op_leaky_relu;
extern const ck_operator ck_op_tanh;
extern const ck_operator ck_op_sigmoid;
extern const ck_operator ck_op_gelu;
extern const ck_operator ck_op_silu;

/* op_softmax.c */
extern const ck_operator ck_op_softmax;
extern const ck_operator ck_op_log_softmax;

#endif
