/* SPDX-License-Identifier: MIT */
/* Shapes through the net, memory for them, and the steps. Every shape is known, and known to be
 * right, before the first number is computed. */
#include "nn/netplan.h"
#include "nn/netwalk.h"

#include <string.h>

/* "module '2' (Linear): reason" for a step, by walking there once more. */
static ckpt_status fail_at_step(const ckpt_net *net, size_t step, ckpt_status status,
                                const char *reason, ckpt_error *err) {
    ck_net_walk walk;
    bool found = true;
    ck_net_walk_start(&walk, net->module);
    for (size_t i = 0; found && i <= step; i += walk.kind->is_container ? 0 : 1)
        if (ck_net_walk_next(&walk, &found, NULL) != CKPT_OK)
            break;
    return ck_fail(err, status, "%s: %s", ck_net_walk_place(&walk).text, reason);
}

static ckpt_status infer_step(const ckpt_net *net, size_t i, const ck_shape *input,
                              ck_shape *ret_output, ckpt_error *err) {
    const ck_net_op *op = ck_net_op_at(net, ck_net_step_at(net, i)->op);
    if (op->kind->infer_shape == NULL) {
        *ret_output = *input;
        return CKPT_OK;
    }
    ck_instance instance = ck_net_instance(net, op);
    ck_report reason;
    memset(&reason, 0, sizeof reason);
    if (op->kind->infer_shape(&instance, input, ret_output, &reason))
        return CKPT_OK;
    return fail_at_step(net, i, CKPT_E_SHAPE, reason.text, err);
}

/* Elements that each buffer must hold, and the shape that comes out. */
typedef struct run_plan {
    ck_shape input, output;
    size_t output_count;
    size_t needs[CK_NET_BUFFERS];
} run_plan;

static ckpt_status plan_steps(const ckpt_net *net, run_plan *plan, ckpt_error *err) {
    for (size_t i = 0; i < ck_net_step_count(net); i++) {
        ck_shape next;
        ckpt_error deeper;
        uint16_t target = ck_net_step_at(net, i)->target;
        ckpt_status status = infer_step(net, i, &plan->output, &next, err);
        if (status != CKPT_OK)
            return status;
        status = ck_shape_count(&next, &plan->output_count, &deeper);
        if (status != CKPT_OK)
            return fail_at_step(net, i, status, deeper.message, err);
        if (target >= CK_SLOT_FIRST && plan->needs[target - CK_SLOT_FIRST] < plan->output_count)
            plan->needs[target - CK_SLOT_FIRST] = plan->output_count;
        plan->output = next;
    }
    return CKPT_OK;
}

static ckpt_status make_plan(const ckpt_net *net, uint32_t rank, const uint64_t *shape,
                             run_plan *plan, ckpt_error *err) {
    if (net == NULL || rank > CK_RANK_LIMIT || (rank > 0 && shape == NULL))
        return ck_fail(err, CKPT_E_ARGUMENT,
                       "net: no net, no shape of the input, or more than %d extents",
                       CK_RANK_LIMIT);
    memset(plan->needs, 0, sizeof plan->needs);
    plan->input.rank = rank;
    for (uint32_t i = 0; i < rank; i++)
        plan->input.extents[i] = shape[i];
    plan->output = plan->input;
    ckpt_status status = ck_shape_count(&plan->input, &plan->output_count, err);
    return status == CKPT_OK ? plan_steps(net, plan, err) : status;
}

ckpt_status ckpt_net_output_shape(ckpt_net *net, uint32_t rank, const uint64_t *shape,
                                  uint32_t *ret_rank, uint64_t *ret_shape, ckpt_error *err) {
    run_plan plan;
    ckpt_status status = make_plan(net, rank, shape, &plan, err);
    if (status != CKPT_OK)
        return status;
    *ret_rank = plan.output.rank;
    for (uint32_t i = 0; i < plan.output.rank; i++)
        ret_shape[i] = plan.output.extents[i];
    return CKPT_OK;
}

static ckpt_status grow_buffers(ckpt_net *net, const size_t needs[CK_NET_BUFFERS],
                                ckpt_error *err) {
    for (size_t i = 0; i < CK_NET_BUFFERS; i++) {
        ck_net_buffer *buffer = &net->buffers[i];
        if (needs[i] <= buffer->capacity)
            continue;
        ck_free(&net->memory, buffer->data, buffer->capacity, sizeof(float));
        buffer->capacity = 0;
        buffer->data = ck_alloc(&net->memory, needs[i], sizeof(float));
        if (buffer->data == NULL)
            return ck_fail_nomem(err);
        buffer->capacity = needs[i];
    }
    return CKPT_OK;
}

static void run_step(const ckpt_net *net, const ck_net_step *step, ck_forward_call *call) {
    const ck_net_op *op = ck_net_op_at(net, step->op);
    call->instance = ck_net_instance(net, op);
    (void)ck_shape_count(call->output_shape, &call->output_count, NULL); /* planned: it fits */
    if (op->kind->forward != NULL && call->output_count > 0)
        op->kind->forward(call);
}

static void run_steps(const ckpt_net *net, const run_plan *plan, const float *input,
                      float *output) {
    ck_shape shapes[2];
    float *slots[CK_SLOT_COUNT] = {NULL, output, net->buffers[0].data, net->buffers[1].data};
    uint16_t result = CK_SLOT_INPUT;
    shapes[0] = plan->input;
    for (size_t i = 0; i < ck_net_step_count(net); i++) {
        const ck_net_step *step = ck_net_step_at(net, i);
        ck_shape *before = &shapes[i % 2], *after = &shapes[(i + 1) % 2];
        (void)infer_step(net, i, before, after, NULL); /* planned: it fits */
        ck_forward_call call = {.matmul = net->matmul,
                                .input_shape = before,
                                .output_shape = after,
                                .input =
                                    step->source == CK_SLOT_INPUT ? input : slots[step->source],
                                .output = slots[step->target]};
        run_step(net, step, &call);
        result = step->target;
    }
    if (result == CK_SLOT_INPUT && plan->output_count > 0)
        memcpy(output, input, plan->output_count * sizeof *output);
}

ckpt_status ckpt_net_forward(ckpt_net *net, uint32_t rank, const uint64_t *shape,
                             const float *input, float *output, uint64_t output_numel,
                             ckpt_error *err) {
    run_plan plan;
    size_t input_count = 0;
    ckpt_status status = make_plan(net, rank, shape, &plan, err);
    if (status == CKPT_OK)
        status = ck_shape_count(&plan.input, &input_count, err);
    if (status != CKPT_OK)
        return status;
    if ((input == NULL && input_count > 0) || (output == NULL && plan.output_count > 0))
        return ck_fail(err, CKPT_E_ARGUMENT, "net: no input, or no place for the output");
    if (output_numel != plan.output_count)
        return ck_fail(err, CKPT_E_ARGUMENT,
                       "net: the output has shape %s, the caller has room for %llu elements",
                       CK_SHAPE(plan.output.rank, plan.output.extents),
                       (unsigned long long)output_numel);
    status = grow_buffers(net, plan.needs, err);
    if (status == CKPT_OK)
        run_steps(net, &plan, input, output);
    return status;
}

/* Found through the operators in front that pass every shape on as it is. */
uint64_t ckpt_net_input_features(const ckpt_net *net) {
    for (size_t i = 0; net != NULL && i < ck_net_step_count(net); i++) {
        const ck_net_op *op = ck_net_op_at(net, ck_net_step_at(net, i)->op);
        ck_instance instance = ck_net_instance(net, op);
        if (op->kind->input_features != NULL)
            return op->kind->input_features(&instance);
        if (op->kind->infer_shape != NULL)
            return 0;
    }
    return 0;
}
