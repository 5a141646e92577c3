/* SPDX-License-Identifier: MIT */
/* What a net is once it is built: module instances, each standing once however often its module is
 * shared, and the flat list of steps in which they run. */
#ifndef CK_NETPLAN_H
#define CK_NETPLAN_H

#include "base/buffer.h"
#include "base/hashmap.h"
#include "nn/optable.h"

#include <ckpt/nn.h>

/* Where a step finds its input and puts its output. */
typedef enum ck_net_slot {
    CK_SLOT_INPUT,  /* the caller's input; only read */
    CK_SLOT_OUTPUT, /* the caller's output; only the last step that moves numbers writes there */
    CK_SLOT_FIRST,  /* two buffers of the net, written in turns */
    CK_SLOT_SECOND,
    CK_SLOT_COUNT
} ck_net_slot;

enum { CK_NET_BUFFERS = CK_SLOT_COUNT - CK_SLOT_FIRST };

typedef struct ck_net_op {
    const ck_operator *kind;
    size_t first_attribute; /* index in attributes */
    size_t first_weight;    /* index in weights */
} ck_net_op;

typedef struct ck_net_step {
    uint32_t op;
    uint16_t source; /* ck_net_slot */
    uint16_t target; /* the same as source for an operator that moves no numbers */
} ck_net_step;

typedef struct ck_net_copy {
    float *data;
    size_t count;
} ck_net_copy;

typedef struct ck_net_buffer {
    float *data;
    size_t capacity; /* elements */
} ck_net_buffer;

struct ckpt_net {
    ck_memory memory;
    ckpt_module module;
    ck_matmul matmul;

    ck_buffer ops;        /* of ck_net_op */
    ck_buffer steps;      /* of ck_net_step */
    ck_buffer attributes; /* of ck_attribute */
    ck_buffer weights;    /* of ck_weight */
    ck_buffer copies;     /* of ck_net_copy: tensors that could not be used where they lie */
    ck_hashmap op_of_module;
    ck_hashmap copy_of_tensor;
    uint64_t copied_bytes;

    ck_net_buffer buffers[CK_NET_BUFFERS];
};

/* bytes of a ck_buffer are aligned for any type. */
#define CK_NET_ARRAY(type, buffer) ((type *)(void *)(buffer).bytes)

static inline size_t ck_net_step_count(const ckpt_net *net) {
    return net->steps.size / sizeof(ck_net_step);
}
static inline const ck_net_step *ck_net_step_at(const ckpt_net *net, size_t i) {
    return CK_NET_ARRAY(const ck_net_step, net->steps) + i;
}
static inline const ck_net_op *ck_net_op_at(const ckpt_net *net, size_t i) {
    return CK_NET_ARRAY(const ck_net_op, net->ops) + i;
}
static inline ck_instance ck_net_instance(const ckpt_net *net, const ck_net_op *op) {
    ck_instance instance = {
        CK_NET_ARRAY(const ck_attribute, net->attributes) + op->first_attribute,
        CK_NET_ARRAY(const ck_weight, net->weights) + op->first_weight,
    };
    return instance;
}

/* Appends the attributes and the weights of a module to the net's, and reports everything that is
 * wrong with it. The weights are not loaded. */
ckpt_status ck_net_read_module(ckpt_net *net, ckpt_module module, const ck_operator *kind,
                               ck_net_op *ret_op, ck_report *report, ckpt_error *err);

/* Finds or makes dense f32 data for every weight. */
ckpt_status ck_net_load_weights(ckpt_net *net, ckpt_error *err);

#endif
