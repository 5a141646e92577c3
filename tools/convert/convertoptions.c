/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"

enum { DTYPE = 1, RENAME, SELECT, DROP, TIE_EQUAL };

static const tool_option table[] = {
    {DTYPE, 'd', true, "dtype"},
    {RENAME, 'r', true, "rename"},
    {SELECT, 's', true, "select"},
    {DROP, '\0', true, "drop"},
    {TIE_EQUAL, '\0', false, "tie-equal"},
    CONVERSION_OPTIONS,
    {0, '\0', false, NULL},
};

static void print_help(void) {
    fputs(
        "Usage: ckpt-convert [OPTION]... INPUT OUTPUT\n"
        "Writes a checkpoint in another format, or changed, or both, and reports every thing that\n"
        "the output does not hold. An old OUTPUT stays whole until the new one is complete.\n"
        "\n"
        "  -t, --to FORMAT        ckpt, safetensors, torch, npz, npy, gguf, oneflow or\n"
        "                         oneflow-dir, a directory; default: what the extension of\n"
        "                         OUTPUT says\n"
        "  -s, --select PATTERN   only these tensors, by dotted name or by module; repeatable\n"
        "      --drop PATTERN     all but these; repeatable\n"
        "  -r, --rename RULE      s/EXPRESSION/REPLACEMENT/[g][i], an extended regular expression\n"
        "                         for dotted names; repeatable, one after the other\n"
        "  -d, --dtype TYPE       convert the float tensors to this type, rounding to nearest,\n"
        "                         ties to even\n"
        "  -d, --dtype PATTERN=TYPE  these tensors; repeatable, the last one that fits counts\n"
        "      --tie-equal        let tensors with equal bytes, type and shape be one\n"
        "      --shard-size SIZE  at most so many bytes of tensors in a file (5GB, "
        "512MiB)\n" CONVERSION_HELP "\n"
        "Examples:\n"
        "  ckpt-convert model.pt model.safetensors\n"
        "  ckpt-convert model.safetensors.index.json model.ckpt\n"
        "  ckpt-convert --rename 's/^module\\.//' --dtype bf16 run7.pt net.safetensors\n"
        "  ckpt-convert --select encoder --strict whole.ckpt encoder.ckpt\n"
        "\n"
        "Exit status: 0 fine, 1 something is bad and nothing was written, 2 wrong usage.\n",
        stdout);
}

static void add_pattern(pattern_list *list, const char *pattern) {
    list->patterns = tool_grow(list->patterns, list->count, &list->room, sizeof *list->patterns);
    list->patterns[list->count++] = (convert_pattern){pattern, false};
}

static int add_rename(convert_options *o, const char *value) {
    char message[200];
    o->renames = tool_grow(o->renames, o->rename_count, &o->rename_room, sizeof *o->renames);
    o->renames[o->rename_count] = (convert_rename){.count = 0};
    if (!renaming_read(&o->renames[o->rename_count].rule, value, message, sizeof message))
        return tool_misuse(CONVERT, "--rename '%s': %s", value, message);
    o->rename_count++;
    return TOOL_FINE;
}

static int add_dtype(convert_options *o, const char *value) {
    const char *equals = strrchr(value, '=');
    const char *name = equals != NULL ? equals + 1 : value;
    convert_dtype d = {equals != NULL ? value : NULL, equals != NULL ? (size_t)(equals - value) : 0,
                       ckpt_dtype_named(name)};
    if (d.dtype == CKPT_DTYPE_OTHER)
        return tool_misuse(CONVERT, "--dtype: there is no type '%s'", name);
    o->dtypes = tool_grow(o->dtypes, o->dtype_count, &o->dtype_room, sizeof *o->dtypes);
    o->dtypes[o->dtype_count++] = d;
    return TOOL_FINE;
}

static int take_operand(convert_options *o, const char *value) {
    if (o->input == NULL)
        o->input = o->out.input = value;
    else if (o->out.output == NULL)
        o->out.output = value;
    else
        return tool_misuse(CONVERT, "more than an input and an output: '%s'", value);
    return TOOL_FINE;
}

static int take_option(convert_options *o, int id, const char *value) {
    switch (id) {
    case DTYPE: return add_dtype(o, value);
    case RENAME: return add_rename(o, value);
    case SELECT: add_pattern(&o->select, value); return TOOL_FINE;
    case DROP: add_pattern(&o->drop, value); return TOOL_FINE;
    case TIE_EQUAL: o->tie_equal = true; return TOOL_FINE;
    case TOOL_OPERAND: return take_operand(o, value);
    default: return conversion_take(&o->out, id, value);
    }
}

int convert_read_options(int argc, char **argv, convert_options *o) {
    tool_arguments arguments = tool_arguments_of(CONVERT, table, argc, argv);
    conversion_begin(&o->out, CONVERT);
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END:
            return o->input != NULL ? conversion_check(&o->out)
                                    : tool_misuse(CONVERT, "no input is given");
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(CONVERT); return TOOL_FINE;
        default: break;
        }
        int status = take_option(o, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}

void convert_free_options(convert_options *o) {
    for (size_t i = 0; i < o->rename_count; i++)
        renaming_free(&o->renames[i].rule);
    free(o->renames);
    free(o->dtypes);
    free(o->select.patterns);
    free(o->drop.patterns);
    conversion_free(&o->out);
}
