/* SPDX-License-Identifier: MIT */
/* The command line of ckpt-run. */
#include <stdio.h>
#include <string.h>

#include "../common/formatnames.h"
#include "../common/samefile.h"
#include "../common/tooloptions.h"
#include "run.h"

enum { INPUT = 1, OUTPUT, LABELS, EXPECT, TOLERANCE, MODULE, BATCH, MATMUL, FROM };

static const tool_option table[] = {
    {INPUT, 'i', true, "input"},          {OUTPUT, 'o', true, "output"},
    {LABELS, 'l', true, "labels"},        {EXPECT, 'e', true, "expect"},
    {TOLERANCE, '\0', true, "tolerance"}, {MODULE, 'm', true, "module"},
    {BATCH, 'b', true, "batch"},          {MATMUL, '\0', true, "matmul"},
    {FROM, '\0', true, "from"},           {0, '\0', false, NULL},
};

void run_print_help(void) {
    fputs("Usage: ckpt-run [OPTION]... FILE --input X.npy\n"
          "Rebuilds the net from a checkpoint alone and runs it on the rows of an array.\n"
          "\n"
          "  -i, --input X.npy      the array; its first dimension is the batch\n"
          "  -o, --output Y.npy     where to save what the net gives, as f32\n"
          "  -l, --labels L.npy     the true class of each row: prints the accuracy and the\n"
          "                         confusion table\n"
          "  -e, --expect Z.npy     what the net should give: prints the largest difference\n"
          "      --tolerance T      that is allowed with --expect; default 1e-5\n"
          "  -m, --module NAME      run this module instead of the root\n"
          "  -b, --batch N          rows that go through the net at a time; default 256\n"
          "      --matmul KIND      builtin or cblas; default: cblas if there is one\n"
          "      --from FORMATS     formats of FILE to consider, separated by commas:\n"
          "                         ckpt, safetensors, torch, torch-legacy, npz, npy, gguf,\n"
          "                         oneflow, oneflow-dir\n"
          "  -h, --help             this text\n"
          "      --version          the version\n"
          "\n"
          "Without --output, --labels and --expect the first rows are printed.\n"
          "\n"
          "Examples:\n"
          "  ckpt-run digits.ckpt --input images.npy --labels labels.npy\n"
          "  ckpt-run digits.ckpt --input images.npy --output logits.npy\n"
          "  ckpt-run digits.ckpt --input images.npy --expect logits.npy --tolerance 1e-5\n"
          "\n"
          "Exit status: 0 fine, 1 a file is bad, does not fit the net or differs from what was\n"
          "expected, 2 wrong usage.\n",
          stdout);
}

static int read_matmul(const char *value, ckpt_matmul *ret) {
    if (strcmp(value, "builtin") == 0)
        *ret = CKPT_MATMUL_BUILTIN;
    else if (strcmp(value, "cblas") == 0)
        *ret = CKPT_MATMUL_CBLAS;
    else
        return tool_misuse(RUN, "--matmul takes builtin or cblas, not '%s'", value);
    return TOOL_FINE;
}

static int take_option(run_options *o, int id, const char *value) {
    switch (id) {
    case INPUT: o->input = value; break;
    case OUTPUT: o->output = value; break;
    case FROM: o->formats = value; return format_check_list(RUN, value);
    case LABELS: o->labels = value; break;
    case EXPECT: o->expect = value; break;
    case MODULE: o->module = value; break;
    case MATMUL: return read_matmul(value, &o->matmul);
    case TOLERANCE:
        if (!tool_read_double(value, &o->tolerance) || !(o->tolerance >= 0))
            return tool_misuse(RUN, "--tolerance takes a number from 0 on, not '%s'", value);
        break;
    case BATCH:
        if (!tool_read_u64(value, 1, UINT32_MAX, &o->batch))
            return tool_misuse(RUN, "--batch takes a number from 1 on, not '%s'", value);
        break;
    case TOOL_OPERAND:
        if (o->net != NULL)
            return tool_misuse(RUN, "more than one checkpoint: '%s'", value);
        o->net = value;
        break;
    default: break;
    }
    return TOOL_FINE;
}

/* Even with --expect, where the net would then be compared with itself. */
static int check_output(const run_options *o) {
    const struct {
        const char *name, *path;
    } inputs[] = {{"the checkpoint", o->net},
                  {"--input", o->input},
                  {"--labels", o->labels},
                  {"--expect", o->expect}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (o->output != NULL && inputs[i].path != NULL && tool_replaces(o->output, inputs[i].path))
            return tool_misuse(RUN, "--output is the same file as %s: '%s'", inputs[i].name,
                               o->output);
    return -1;
}

static int check_options(const run_options *o) {
    if (o->net == NULL)
        return tool_misuse(RUN, "no checkpoint is given");
    if (o->input == NULL)
        return tool_misuse(RUN, "no input is given (--input X.npy)");
    return check_output(o);
}

int run_read_options(int argc, char **argv, run_options *o) {
    tool_arguments arguments = tool_arguments_of(RUN, table, argc, argv);
    o->tolerance = 1e-5;
    o->batch = 256;
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END: return check_options(o);
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: run_print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(RUN); return TOOL_FINE;
        default: break;
        }
        int status = take_option(o, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}
