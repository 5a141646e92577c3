/* SPDX-License-Identifier: MIT */
/* From a module to a plan: one pass over the modules in the order in which they run. */
#include "base/options.h"
#include "model/object.h"
#include "nn/netplan.h"
#include "nn/netwalk.h"

#include <string.h>

static ckpt_status add_op(ckpt_net *net, const ck_net_walk *walk, uint32_t *ret_op,
                          ck_report *report, ckpt_error *err) {
    ck_net_op op;
    size_t number = net->ops.size / sizeof op;
    ck_report_about(report, ck_net_walk_place(walk).text);
    ckpt_status status = ck_net_read_module(net, walk->module, walk->kind, &op, report, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_buffer_append(&net->memory, &net->ops, &op, sizeof op) ||
        !ck_hashmap_set(&net->memory, &net->op_of_module, walk->module.id, (uint32_t)number))
        return ck_fail_nomem(err);
    *ret_op = (uint32_t)number;
    return CKPT_OK;
}

/* The place where the walk stands becomes a step, of an instance that may have steps already. */
static ckpt_status add_place(ckpt_net *net, const ck_net_walk *walk, ck_report *report,
                             ckpt_error *err) {
    uint32_t op = ck_hashmap_get(&net->op_of_module, walk->module.id);
    if (op == CK_HASH_NONE) {
        ckpt_status status = add_op(net, walk, &op, report, err);
        if (status != CKPT_OK)
            return status;
    }
    if (walk->kind->is_container)
        return CKPT_OK;
    ck_net_step step = {op, CK_SLOT_INPUT, CK_SLOT_INPUT};
    if (!ck_buffer_append(&net->memory, &net->steps, &step, sizeof step))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static ckpt_status read_modules(ckpt_net *net, ckpt_error *err) {
    ck_net_walk walk;
    ck_report report;
    memset(&report, 0, sizeof report);
    /* So that even a net without any has an array of them. */
    if (!ck_buffer_reserve(&net->memory, &net->attributes, sizeof(ck_attribute)) ||
        !ck_buffer_reserve(&net->memory, &net->weights, sizeof(ck_weight)))
        return ck_fail_nomem(err);
    ck_net_walk_start(&walk, net->module);
    for (;;) {
        bool found = false;
        ckpt_status status = ck_net_walk_next(&walk, &found, err);
        if (status == CKPT_OK && found)
            status = add_place(net, &walk, &report, err);
        if (status != CKPT_OK)
            return status;
        if (!found)
            break;
    }
    return report.count > 0 ? ck_report_fail(&report, CKPT_E_SHAPE, err) : CKPT_OK;
}

/* Operators that move no numbers leave them in the slot where they are; pointwise ones work in
 * place; the others write to the buffer that they do not read from, and the last one that computes
 * writes to the caller. */
static void assign_slots(ckpt_net *net) {
    ck_net_step *steps = CK_NET_ARRAY(ck_net_step, net->steps);
    size_t count = ck_net_step_count(net), last = count;
    for (size_t i = 0; i < count; i++)
        if (ck_net_op_at(net, steps[i].op)->kind->forward != NULL)
            last = i;
    uint16_t slot = CK_SLOT_INPUT;
    for (size_t i = 0; i < count; i++) {
        const ck_operator *kind = ck_net_op_at(net, steps[i].op)->kind;
        steps[i].source = slot;
        if (kind->forward != NULL && i == last)
            slot = CK_SLOT_OUTPUT;
        else if (kind->forward != NULL && !(kind->is_pointwise && slot != CK_SLOT_INPUT))
            slot = slot == CK_SLOT_FIRST ? CK_SLOT_SECOND : CK_SLOT_FIRST;
        steps[i].target = slot;
    }
}

static ckpt_status choose_matmul(const ckpt_net_options *options, ck_matmul *ret_matmul,
                                 ckpt_error *err) {
    ck_matmul cblas = ck_matmul_cblas();
    switch (options->matmul) {
    case CKPT_MATMUL_DEFAULT: *ret_matmul = cblas != NULL ? cblas : ck_matmul_builtin; break;
    case CKPT_MATMUL_BUILTIN: *ret_matmul = ck_matmul_builtin; break;
    case CKPT_MATMUL_CBLAS:
        if (cblas == NULL)
            return ck_fail(err, CKPT_E_UNSUPPORTED, "the library was built without CBLAS");
        *ret_matmul = cblas;
        break;
    default: return ck_fail(err, CKPT_E_ARGUMENT, "net options: no such matmul");
    }
    return CKPT_OK;
}

ckpt_status ckpt_net_build(ckpt_module module, const ckpt_net_options *options, ckpt_net **ret_net,
                           ckpt_error *err) {
    if (!ckpt_module_exists(module) || ret_net == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "net: no module, or no place for the net");
    ckpt_net_options known;
    ck_matmul matmul = NULL;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "net options", err);
    if (status == CKPT_OK)
        status = choose_matmul(&known, &matmul, err);
    if (status != CKPT_OK)
        return status;
    const ck_memory *memory = ck_ckpt_memory(module.owner);
    ckpt_net *net = ck_calloc(memory, 1, sizeof *net);
    if (net == NULL)
        return ck_fail_nomem(err);
    net->memory = *memory;
    net->module = module;
    net->matmul = matmul;
    status = read_modules(net, err);
    if (status == CKPT_OK)
        status = ck_net_load_weights(net, err);
    if (status != CKPT_OK) {
        ckpt_net_free(net);
        return status;
    }
    assign_slots(net);
    *ret_net = net;
    return CKPT_OK;
}

void ckpt_net_free(ckpt_net *net) {
    if (net == NULL)
        return;
    ck_memory memory = net->memory;
    const ck_net_copy *copies = CK_NET_ARRAY(const ck_net_copy, net->copies);
    for (size_t i = 0; i < net->copies.size / sizeof *copies; i++)
        ck_free(&memory, copies[i].data, copies[i].count, sizeof(float));
    for (size_t i = 0; i < CK_NET_BUFFERS; i++)
        ck_free(&memory, net->buffers[i].data, net->buffers[i].capacity, sizeof(float));
    ck_buffer_clear(&memory, &net->ops);
    ck_buffer_clear(&memory, &net->steps);
    ck_buffer_clear(&memory, &net->attributes);
    ck_buffer_clear(&memory, &net->weights);
    ck_buffer_clear(&memory, &net->copies);
    ck_hashmap_clear(&memory, &net->op_of_module);
    ck_hashmap_clear(&memory, &net->copy_of_tensor);
    ck_free(&memory, net, 1, sizeof *net);
}
