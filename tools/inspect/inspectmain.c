/* SPDX-License-Identifier: MIT */
/* ckpt-inspect: shows what is in a checkpoint. */
#include "inspect.h"

#include <stdio.h>

/* Each view after an empty line, but for the first. */
static int section(const inspection *in, int (*view)(const inspection *), bool wanted,
                   bool *first) {
    if (!wanted)
        return TOOL_FINE;
    if (!*first)
        putchar('\n');
    *first = false;
    return view(in);
}

static int view_overview(const inspection *in) {
    view_header(in);
    putchar('\n');
    view_tree(in);
    putchar('\n');
    return view_totals(in);
}

static int show(const inspection *in) {
    const inspect_options *o = &in->options;
    struct {
        int (*view)(const inspection *);
        bool wanted;
    } sections[] = {
        {view_overview, o->tree},     {view_params, o->params}, {view_storages, o->storages},
        {view_metadata, o->metadata}, {view_stats, o->stats},   {view_manifest, o->manifest},
        {view_json, o->json},         {view_digest, o->digest}, {view_generations, o->generations},
    };
    bool first = true;
    int status = inspect_check_patterns(in);
    for (size_t i = 0; i < sizeof sections / sizeof *sections && status == TOOL_FINE; i++)
        status = section(in, sections[i].view, sections[i].wanted, &first);
    for (size_t i = 0; i < o->value_count && status == TOOL_FINE; i++) {
        if (!first)
            putchar('\n');
        first = false;
        status = view_values(in, o->values[i]);
    }
    return status;
}

static int inspect(inspection *in) {
    /* A look into a stranger's file must not die because somebody truncates it meanwhile. */
    ckpt_open_options open = {.struct_size = sizeof open,
                              .access = CKPT_ACCESS_READ,
                              .formats = in->options.formats,
                              .generation = in->options.generation};
    ckpt_error err;
    if (ckpt_open(in->options.path, &open, &in->c, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    const char *recovered = ckpt_describe_file(in->c).recovered;
    if (recovered != NULL && *recovered != '\0')
        tool_fail(INSPECT, "%s: warning: %s", in->options.path, recovered);
    in->outline = outline_new(in->c);
    in->terminal = terminal_of_stdout(in->options.colour);
    int status = show(in);
    outline_free(in->outline);
    ckpt_free(in->c);
    return status;
}

int main(int argc, char **argv) {
    inspection in = {0};
    int status = inspect_read_options(argc, argv, &in.options);
    if (status < 0)
        status = inspect(&in);
    inspect_free_options(&in.options);
    return tool_finish(INSPECT, status);
}
