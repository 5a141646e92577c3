/* SPDX-License-Identifier: MIT */
/* ckpt-compact: writes a .ckpt file anew with its newest generation alone. */
#include <stdbool.h>
#include <stdio.h>

#include <ckpt/ckpt.h>

#include "../common/interrupt.h"
#include "../common/numbertext.h"
#include "../common/tooloptions.h"

#define COMPACT "ckpt-compact"

typedef struct compact_options {
    const char *path;
    const char *output;
    bool quiet;
} compact_options;

enum { OUTPUT = 1, QUIET };

static const tool_option table[] = {
    {OUTPUT, 'o', true, "output"}, {QUIET, 'q', false, "quiet"}, {0, '\0', false, NULL}};

static void print_help(void) {
    fputs(
        "Usage: ckpt-compact [OPTION]... FILE\n"
        "Writes a .ckpt file anew: without its older generations and what only they use, in the\n"
        "canonical form. The old file stays whole until the new one is complete.\n"
        "\n"
        "  -o, --output FILE    the file to write; the one that is read, unless another is named\n"
        "  -q, --quiet          print nothing but errors\n"
        "  -h, --help           this text\n"
        "      --version        the version\n"
        "\n"
        "Examples:\n"
        "  ckpt-compact net.ckpt\n"
        "  ckpt-compact net.ckpt -o small.ckpt\n"
        "\n"
        "Exit status: 0 fine, 1 something is bad and nothing was written, 2 wrong usage.\n",
        stdout);
}

static int read_options(int argc, char **argv, compact_options *o) {
    tool_arguments arguments = tool_arguments_of(COMPACT, table, argc, argv);
    for (;;) {
        switch (tool_next(&arguments)) {
        case OUTPUT: o->output = arguments.value; break;
        case QUIET: o->quiet = true; break;
        case TOOL_OPERAND:
            if (o->path != NULL)
                return tool_misuse(COMPACT, "more than one file: '%s'", arguments.value);
            o->path = arguments.value;
            break;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(COMPACT); return TOOL_FINE;
        case TOOL_END: return o->path != NULL ? -1 : tool_misuse(COMPACT, "no file is given");
        default: return TOOL_USAGE;
        }
    }
}

/* Chunks, checksums and compression stay as they are: as the first storage has them that says. */
static ckpt_save_options options_of(ckpt *c) {
    ckpt_save_options save = {.struct_size = sizeof save};
    bool has_bytes = false;
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_storage storage = ckpt_storage_by_id(c, i);
        ckpt_storage_layout layout = ckpt_describe_storage(storage);
        uint64_t size = ckpt_storage_size(storage);
        has_bytes = has_bytes || size != 0;
        save.compress = save.compress || (size != 0 && layout.stored_size != size);
        if (save.chunk_size == 0)
            save.chunk_size = layout.chunk_size;
    }
    save.no_checksums = has_bytes && save.chunk_size == 0;
    return save;
}

static void print_summary(ckpt *c, const char *output, uint64_t size) {
    textbuf t = {0};
    text_add_escaped(&t, output, 0);
    text_add(&t, ": ");
    number_add_count(&t, ckpt_generations(c, NULL, 0), "generation");
    text_addf(&t, " of %s", number_of_bytes(ckpt_describe_file(c).file_size).text);
    if (ckpt_part_count(c) != 0) {
        text_add(&t, " with ");
        number_add_count(&t, ckpt_part_count(c), "part");
    }
    text_add(&t, " became one of ");
    text_addf(&t, "%s", number_of_bytes(size).text);
    puts(text_string(&t));
    text_free(&t);
}

static int compact(ckpt *c, const compact_options *o) {
    const char *output = o->output != NULL ? o->output : o->path;
    ckpt_save_options save = options_of(c);
    ckpt_error err;
    ckpt *written;
    save.progress = interrupt_progress;
    interrupt_begin();
    ckpt_status status = ckpt_save(c, output, &save, &err);
    interrupt_end();
    if (status != CKPT_OK)
        return tool_fail(COMPACT, "%s", err.message);
    if (o->quiet)
        return TOOL_FINE;
    if (ckpt_open(output, NULL, &written, &err) != CKPT_OK)
        return tool_fail(COMPACT, "%s", err.message);
    print_summary(c, output, ckpt_describe_file(written).file_size);
    ckpt_free(written);
    return TOOL_FINE;
}

int main(int argc, char **argv) {
    compact_options options = {0};
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = "ckpt"};
    ckpt_error err;
    ckpt *c = NULL;
    int status = read_options(argc, argv, &options);
    if (status < 0 && ckpt_open(options.path, &open, &c, &err) != CKPT_OK)
        status = tool_fail(COMPACT, "%s", err.message);
    if (c != NULL) {
        const char *recovered = ckpt_describe_file(c).recovered;
        if (*recovered != '\0')
            tool_fail(COMPACT, "warning: %s", recovered);
        status = compact(c, &options);
    }
    ckpt_free(c);
    return tool_finish(COMPACT, status);
}
