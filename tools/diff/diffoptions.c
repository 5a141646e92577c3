/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "../common/formatnames.h"
#include "../common/tooloptions.h"
#include "diff.h"

enum { VALUES = 1, STRUCTURE, RTOL, ATOL, FROM, JSON, QUIET };

static const tool_option table[] = {
    {VALUES, '\0', false, "values"}, {STRUCTURE, '\0', false, "structure"},
    {RTOL, '\0', true, "rtol"},      {ATOL, '\0', true, "atol"},
    {FROM, '\0', true, "from"},      {JSON, 'j', false, "json"},
    {QUIET, 'q', false, "quiet"},    {0, '\0', false, NULL},
};

static void print_help(void) {
    fputs(
        "Usage: ckpt-diff [OPTION]... A B\n"
        "Compares two checkpoints in any formats: names, modules with types and attributes, ties,\n"
        "metadata, dtypes, shapes and values. Each line is a difference: '-' only A has it, '+' "
        "only\n"
        "B has it, '~' both have it, but not alike.\n"
        "\n"
        "      --values      names, shapes and values of tensors alone, whatever their types\n"
        "      --structure   everything but the values\n"
        "      --rtol R      let elements differ by R times the one in B\n"
        "      --atol R      ... or by R, or by both together\n"
        "      --from FORMATS  formats to consider, separated by commas:\n"
        "                      ckpt, safetensors, torch, torch-legacy, npz, npy, gguf,\n"
        "                      oneflow, oneflow-dir\n"
        "  -j, --json        as JSON\n"
        "  -q, --quiet       print nothing: the exit status tells\n"
        "  -h, --help        this text\n"
        "      --version     the version\n"
        "\n"
        "Examples:\n"
        "  ckpt-diff model.safetensors model.ckpt\n"
        "  ckpt-diff --values --rtol 0.01 net-f32.pt net-bf16.safetensors\n"
        "\n"
        "Exit status: 0 the same, 1 different, 2 trouble.\n",
        stdout);
}

static int take_tolerance(const char *name, const char *value, double *ret_value, diff_options *o) {
    if (!tool_read_double(value, ret_value) || !(*ret_value >= 0) || isinf(*ret_value))
        return tool_misuse(DIFF, "--%s takes a number from 0 on, not '%s'", name, value);
    o->has_tolerance = true;
    return TOOL_FINE;
}

static int take_option(diff_options *o, int id, const char *value) {
    switch (id) {
    case VALUES: o->values = true; break;
    case STRUCTURE: o->structure = true; break;
    case RTOL: return take_tolerance("rtol", value, &o->rtol, o);
    case ATOL: return take_tolerance("atol", value, &o->atol, o);
    case FROM: o->formats = value; return format_check_list(DIFF, value);
    case JSON: o->json = true; break;
    case QUIET: o->quiet = true; break;
    default:
        if (o->path_count == 2)
            return tool_misuse(DIFF, "more than two files: '%s'", value);
        o->paths[o->path_count++] = value;
        break;
    }
    return TOOL_FINE;
}

static int check_options(diff_options *o) {
    if (o->path_count != 2)
        return tool_misuse(DIFF, "two files are compared");
    if (o->json && o->quiet)
        return tool_misuse(DIFF, "--json and --quiet exclude each other");
    if (o->structure && o->has_tolerance && !o->values)
        return tool_misuse(DIFF, "--structure compares no values");
    if (!o->values && !o->structure)
        o->values = o->structure = true;
    return -1;
}

int diff_read_options(int argc, char **argv, diff_options *o) {
    tool_arguments arguments = tool_arguments_of(DIFF, table, argc, argv);
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END: return check_options(o);
        case TOOL_BAD: return DIFF_TROUBLE;
        case TOOL_HELP: print_help(); return DIFF_SAME;
        case TOOL_VERSION: tool_print_version(DIFF); return DIFF_SAME;
        default: break;
        }
        int status = take_option(o, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}
