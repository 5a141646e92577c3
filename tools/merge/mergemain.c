/* SPDX-License-Identifier: MIT */
/* ckpt-merge: several checkpoints, each a part of a model, as one. */
#include <stdio.h>
#include <stdlib.h>

#include "../common/conversion.h"

#define MERGE "ckpt-merge"

typedef struct merge_options {
    const char **inputs;
    size_t count, room;
    conversion out;
} merge_options;

enum { OUTPUT = 1 };

static const tool_option table[] = {
    {OUTPUT, 'o', true, "output"}, CONVERSION_OPTIONS, {0, '\0', false, NULL}};

static void print_help(void) {
    fputs(
        "Usage: ckpt-merge [OPTION]... INPUT... -o OUTPUT\n"
        "Puts checkpoints together that hold parts of a model: every name of every INPUT, "
        "whatever\n"
        "its format. No two of them may have a tensor of the same name; modules of the same name\n"
        "become one. A set of shards is one INPUT: its index.\n"
        "\n"
        "  -o, --output FILE      the checkpoint to write; an old one stays whole until the new\n"
        "                         one is complete\n"
        "  -t, --to FORMAT        ckpt, safetensors, torch, npz, npy, gguf, oneflow or\n"
        "                         oneflow-dir, a directory; default: what the extension of\n"
        "                         the output says\n"
        "      --shard-size SIZE  at most so many bytes of tensors in a file (5GB, "
        "512MiB)\n" CONVERSION_HELP "\n"
        "Examples:\n"
        "  ckpt-merge encoder.ckpt decoder.safetensors -o model.ckpt\n"
        "  ckpt-merge model.safetensors.index.json -o model.safetensors\n"
        "\n"
        "Exit status: 0 fine, 1 something is bad and nothing was written, 2 wrong usage.\n",
        stdout);
}

static int read_options(int argc, char **argv, merge_options *o) {
    tool_arguments arguments = tool_arguments_of(MERGE, table, argc, argv);
    conversion_begin(&o->out, MERGE);
    for (;;) {
        int id = tool_next(&arguments), status = TOOL_FINE;
        switch (id) {
        case TOOL_END:
            return o->count != 0 ? conversion_check(&o->out)
                                 : tool_misuse(MERGE, "no input is given");
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(MERGE); return TOOL_FINE;
        case OUTPUT: o->out.output = arguments.value; break;
        case TOOL_OPERAND:
            o->inputs = tool_grow(o->inputs, o->count, &o->room, sizeof *o->inputs);
            o->inputs[o->count++] = arguments.value;
            break;
        default: status = conversion_take(&o->out, id, arguments.value); break;
        }
        if (status != TOOL_FINE)
            return status;
    }
}

/* Adds what an input holds; the input is handed over or freed. */
static int add_input(merge_options *o, ckpt *c, const char *path) {
    ckpt_copy_options copy = {
        .struct_size = sizeof copy, .on_loss = loss_list_add, .loss_ctx = &o->out.losses};
    ckpt_error err;
    ckpt *part = NULL;
    int status = conversion_open(&o->out, path, &part);
    if (status != TOOL_FINE)
        return status;
    if (ckpt_copy(c, part, &copy, &err) != CKPT_OK || ckpt_attach(c, part, &err) != CKPT_OK) {
        status = tool_fail(MERGE, "%s: %s", path, err.message);
        /* c may hold links to it: they are not followed any more. */
        ckpt_free(part);
    }
    return status;
}

static int merge(merge_options *o) {
    ckpt_error err;
    ckpt *c;
    if (ckpt_create(NULL, &c, &err) != CKPT_OK)
        return tool_fail(MERGE, "%s", err.message);
    int status = TOOL_FINE;
    for (size_t i = 0; i < o->count && status == TOOL_FINE; i++)
        status = add_input(o, c, o->inputs[i]);
    o->out.input = o->count == 1 ? o->inputs[0] : NULL;
    if (status == TOOL_FINE)
        status = conversion_save(&o->out, c, NULL);
    ckpt_free(c);
    return status;
}

int main(int argc, char **argv) {
    merge_options options = {0};
    int status = read_options(argc, argv, &options);
    if (status < 0)
        status = merge(&options);
    free(options.inputs);
    conversion_free(&options.out);
    return tool_finish(MERGE, status);
}
