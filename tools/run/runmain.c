/* SPDX-License-Identifier: MIT */
/* ckpt-run: rebuilds a net from a checkpoint and runs it. */
#include <string.h>

#include "run.h"

static int forward_rows(ckpt_net *net, const run_array *input, run_array *output, uint64_t first,
                        uint64_t count) {
    uint64_t rows = input->shape[0];
    uint64_t in_row = input->numel / rows, out_row = output->numel / rows;
    uint64_t shape[RUN_MAX_RANK];
    ckpt_error err;
    memcpy(shape, input->shape, sizeof shape);
    shape[0] = count;
    if (ckpt_net_forward(net, input->rank, shape, input->data + first * in_row,
                         output->data + first * out_row, count * out_row, &err) != CKPT_OK)
        return tool_fail(RUN, "%s", err.message);
    return TOOL_FINE;
}

/* The output of all rows, a batch at a time. */
static int forward(ckpt_net *net, const run_array *input, uint64_t batch, run_array *ret_output) {
    uint64_t shape[RUN_MAX_RANK];
    uint32_t rank;
    ckpt_error err;
    if (ckpt_net_output_shape(net, input->rank, input->shape, &rank, shape, &err) != CKPT_OK)
        return tool_fail(RUN, "%s", err.message);
    if (rank == 0 || shape[0] != input->shape[0])
        return tool_fail(RUN,
                         "the net does not keep the rows of its input apart, the "
                         "first of its %u dimensions",
                         (unsigned)input->rank);
    int status = run_new_array(rank, shape, ret_output);
    if (status != TOOL_FINE)
        return status;
    /* Rows without elements cost no memory: there may be more of them than can be counted. */
    uint64_t rows = ret_output->numel != 0 ? input->shape[0] : 0;
    for (uint64_t first = 0; first < rows && status == TOOL_FINE; first += batch) {
        uint64_t left = rows - first;
        status = forward_rows(net, input, ret_output, first, left < batch ? left : batch);
    }
    if (status != TOOL_FINE)
        run_free_array(ret_output);
    return status;
}

static int report(const run_options *o, const run_array *output) {
    int status = TOOL_FINE;
    if (o->output != NULL)
        status = run_save_array(output, o->output);
    if (status == TOOL_FINE && o->labels != NULL)
        status = run_print_accuracy(output, o->labels);
    if (status == TOOL_FINE && o->expect != NULL)
        status = run_compare(output, o->expect, o->tolerance);
    if (o->output == NULL && o->labels == NULL && o->expect == NULL)
        status = run_print_rows(output);
    return status;
}

static int run_net(const run_options *o, ckpt_net *net) {
    run_array input, output;
    if (run_read_array(o->input, &input) != TOOL_FINE)
        return TOOL_NO;
    int status = forward(net, &input, o->batch, &output);
    run_free_array(&input);
    if (status == TOOL_FINE) {
        status = report(o, &output);
        run_free_array(&output);
    }
    return status;
}

static int run_checkpoint(const run_options *o, ckpt *c) {
    ckpt_net_options options = {.struct_size = sizeof options, .matmul = o->matmul};
    ckpt_net *net;
    ckpt_error err;
    ckpt_module module = ckpt_root(c);
    if (o->module != NULL)
        module = ckpt_find_module(module, o->module);
    if (!ckpt_module_exists(module))
        return tool_fail(RUN, "%s: no module is named '%s'", o->net, o->module);
    if (ckpt_net_build(module, &options, &net, &err) != CKPT_OK)
        /* What goes wrong in the file names it already. */
        return err.offset != CKPT_NO_OFFSET ? tool_fail(RUN, "%s", err.message)
                                            : tool_fail(RUN, "%s: %s", o->net, err.message);
    int status = run_net(o, net);
    ckpt_net_free(net);
    return status;
}

int main(int argc, char **argv) {
    run_options options = {0};
    int status = run_read_options(argc, argv, &options);
    if (status >= 0)
        return tool_finish(RUN, status);
    /* Reading, not mapping: what another program does to the file can only cause an error. */
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = options.formats};
    ckpt *c;
    ckpt_error err;
    if (ckpt_open(options.net, &open, &c, &err) != CKPT_OK) {
        status = tool_fail(RUN, "%s", err.message);
    } else {
        status = run_checkpoint(&options, c);
        ckpt_free(c);
    }
    return tool_finish(RUN, status);
}
