/* SPDX-License-Identifier: MIT */
/* The operator table: everything that the runtime knows of a module type stands in one entry. An
 * operator is added by writing its entry beside its functions (op_*.c), naming it in optable.c and
 * describing it in spec/operators.md.
 *
 * Entries are written with designated initialisers, and functions get their operands in structs, so
 * that a further column of the table, or a further operand, leaves the existing operators as they
 * are. */
#ifndef CK_OPTABLE_H
#define CK_OPTABLE_H

#include "nn/matmul.h"
#include "nn/netreport.h"
#include "nn/netshape.h"

#include <ckpt/model.h>

/* ---- attributes ---- */

typedef struct ck_attribute_spec {
    const char *name;     /* NULL ends the list */
    ckpt_value_type type; /* CKPT_VALUE_BOOL, _INT, _FLOAT (an int will do) or _STRING */
    bool required;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text;
    } fallback; /* stands for one that is not given */
} ck_attribute_spec;

typedef struct ck_attribute {
    bool given;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text; /* the checkpoint's */
    } as;
} ck_attribute;

/* ---- weights ---- */

typedef struct ck_weight_spec {
    const char *name; /* NULL ends the list */
    uint32_t rank;
    bool optional;
} ck_weight_spec;

typedef struct ck_weight {
    ckpt_tensor tensor; /* null when an optional one is not there */
    const float *data;  /* dense; NULL before the weights are loaded */
} ck_weight;

/* ---- operands ---- */

/* One module of the net: its attributes and weights in the order of the operator's lists. */
typedef struct ck_instance {
    const ck_attribute *attributes;
    const ck_weight *weights;
} ck_instance;

typedef struct ck_forward_call {
    ck_instance instance;
    ck_matmul matmul;
    const ck_shape *input_shape, *output_shape;
    const float *input;
    float *output;       /* the input itself, perhaps, for an operator that is pointwise */
    size_t output_count; /* elements, at least 1 */
} ck_forward_call;

/* ---- operators ---- */

typedef struct ck_operator {
    const char *type;
    const ck_attribute_spec *attributes; /* NULL: none */
    const ck_weight_spec *weights;       /* NULL: none */
    bool is_container;                   /* its child modules run one after another */
    bool any_attributes;                 /* takes, and ignores, whatever attributes there are */
    bool is_pointwise; /* an output element depends on the input element at its place alone */
    /* Reports every way in which attributes and weights contradict each other. Those that are
     * missing, or of the wrong type or rank, are reported already and look as if not given. NULL:
     * none can. */
    void (*check)(const ck_instance *instance, ck_report *report);
    /* The output's shape, or false and a reason. NULL: that of the input. */
    bool (*infer_shape)(const ck_instance *instance, const ck_shape *input, ck_shape *ret_output,
                        ck_report *reason);
    /* NULL: the output is the input, element for element. */
    void (*forward)(const ck_forward_call *call);
    /* The extent that the last dimension of the input must have. NULL: any will do. */
    uint64_t (*input_features)(const ck_instance *instance);
} ck_operator;

/* NULL for a type that the runtime does not know. */
const ck_operator *ck_operator_named(const char *type);
/* The operators in the order of the table; NULL behind the last. */
const ck_operator *ck_operator_at(size_t i);

#endif
