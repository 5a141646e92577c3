/* SPDX-License-Identifier: MIT */
/* ckpt-split: one checkpoint as several files. */
#include <stdio.h>

#include "../common/conversion.h"

#define SPLIT "ckpt-split"

typedef struct split_options {
    const char *input;
    conversion out;
} split_options;

enum { OUTPUT = 1 };

static const tool_option table[] = {
    {OUTPUT, 'o', true, "output"}, CONVERSION_OPTIONS, {0, '\0', false, NULL}};

static void print_help(void) {
    fputs("Usage: ckpt-split [OPTION]... INPUT --shard-size SIZE -o OUTPUT\n"
          "Writes a checkpoint as shards: OUTPUT, which every tool opens as if it were the whole, "
          "and\n"
          "the files beside it that have the tensors. ckpt-merge makes one file of them again;\n"
          "ckpt-convert --select writes the part of a model that has certain names.\n"
          "\n"
          "  -o, --output FILE      the checkpoint to write, or the index of the shards\n"
          "      --shard-size SIZE  at most so many bytes of tensors in a file (5GB, 512MiB)\n"
          "  -t, --to FORMAT        ckpt, safetensors, gguf; default: what the extension of the\n"
          "                         output says\n" CONVERSION_HELP "\n"
          "Examples:\n"
          "  ckpt-split model.safetensors --shard-size 5GB -o model.safetensors.index.json\n"
          "  ckpt-split model.ckpt --shard-size 2GiB -o parts/model.ckpt\n"
          "\n"
          "Exit status: 0 fine, 1 something is bad and nothing was written, 2 wrong usage.\n",
          stdout);
}

static int check_options(split_options *o) {
    if (o->input == NULL)
        return tool_misuse(SPLIT, "no input is given");
    if (o->out.save.shard_size == 0)
        return tool_misuse(SPLIT, "no size is given (--shard-size SIZE)");
    return conversion_check(&o->out);
}

static int read_options(int argc, char **argv, split_options *o) {
    tool_arguments arguments = tool_arguments_of(SPLIT, table, argc, argv);
    conversion_begin(&o->out, SPLIT);
    for (;;) {
        int id = tool_next(&arguments), status = TOOL_FINE;
        switch (id) {
        case TOOL_END: return check_options(o);
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(SPLIT); return TOOL_FINE;
        case OUTPUT: o->out.output = arguments.value; break;
        case TOOL_OPERAND:
            if (o->input != NULL)
                status = tool_misuse(SPLIT, "more than one input: '%s'", arguments.value);
            o->input = o->out.input = arguments.value;
            break;
        default: status = conversion_take(&o->out, id, arguments.value); break;
        }
        if (status != TOOL_FINE)
            return status;
    }
}

static int split(split_options *o) {
    ckpt *c;
    int status = conversion_open(&o->out, o->input, &c);
    if (status != TOOL_FINE)
        return status;
    status = conversion_save(&o->out, c, ckpt_describe_file(c).format);
    ckpt_free(c);
    return status;
}

int main(int argc, char **argv) {
    split_options options = {0};
    int status = read_options(argc, argv, &options);
    if (status < 0)
        status = split(&options);
    conversion_free(&options.out);
    return tool_finish(SPLIT, status);
}
