/* SPDX-License-Identifier: MIT */
/* The command line of ckpt-inspect. */
#include "inspect.h"

#include <stdlib.h>
#include <string.h>

#include "../common/formatnames.h"
#include "../common/tooloptions.h"

enum {
    TREE = 1,
    PARAMS,
    STORAGES,
    METADATA,
    MANIFEST,
    JSON,
    STATS,
    VALUES,
    SELECT,
    FULL,
    COLOUR,
    DIGEST,
    GENERATIONS,
    GENERATION,
    FROM
};

static const tool_option table[] = {
    {TREE, 't', false, "tree"},
    {PARAMS, 'p', false, "params"},
    {STORAGES, 's', false, "storages"},
    {METADATA, 'm', false, "metadata"},
    {MANIFEST, '\0', false, "manifest"},
    {JSON, 'j', false, "json"},
    {STATS, '\0', false, "stats"},
    {VALUES, 'v', true, "values"},
    {SELECT, '\0', true, "select"},
    {FULL, 'f', false, "full"},
    {COLOUR, '\0', true, "color"},
    {DIGEST, '\0', false, "digest"},
    {GENERATIONS, 'g', false, "generations"},
    {GENERATION, '\0', true, "generation"},
    {FROM, '\0', true, "from"},
    {0, '\0', false, NULL},
};

static void append(const char ***items, size_t *count, size_t *room, const char *item) {
    *items = tool_grow(*items, *count, room, sizeof **items);
    (*items)[(*count)++] = item;
}

static int take_option(inspect_options *o, int id, const char *value) {
    switch (id) {
    case TREE: o->tree = true; break;
    case PARAMS: o->params = true; break;
    case STORAGES: o->storages = true; break;
    case METADATA: o->metadata = true; break;
    case MANIFEST: o->manifest = true; break;
    case JSON: o->json = true; break;
    case DIGEST: o->digest = true; break;
    case GENERATIONS: o->generations = true; break;
    case STATS: o->stats = true; break;
    case FROM: o->formats = value; return format_check_list(INSPECT, value);
    case FULL: o->full = true; break;
    case VALUES: append(&o->values, &o->value_count, &o->value_room, value); break;
    case SELECT: append(&o->patterns, &o->pattern_count, &o->pattern_room, value); break;
    case COLOUR:
        if (!terminal_read_choice(value, &o->colour))
            return tool_misuse(INSPECT, "--color takes auto, always or never, not '%s'", value);
        break;
    case GENERATION:
        if (!tool_read_u64(value, 1, UINT64_MAX, &o->generation))
            return tool_misuse(INSPECT, "--generation takes a number from 1 on, not '%s'", value);
        break;
    case TOOL_OPERAND:
        if (o->path == NULL)
            o->path = value;
        else
            append(&o->patterns, &o->pattern_count, &o->pattern_room, value);
        break;
    default: break;
    }
    return TOOL_FINE;
}

static int check_options(inspect_options *o) {
    int views = o->tree + o->params + o->storages + o->metadata + o->stats + o->generations +
                (o->value_count != 0);
    if (o->path == NULL)
        return tool_misuse(INSPECT, "no file is given");
    if (o->manifest + o->json + (views != 0) > 1)
        return tool_misuse(INSPECT, "--json and --manifest go with no other view");
    if (o->pattern_count != 0 && (o->manifest || o->json))
        return tool_misuse(INSPECT, "--json and --manifest show the whole file, not a selection");
    if (o->digest && (views != 0 || o->manifest || o->json || o->pattern_count != 0))
        return tool_misuse(INSPECT, "--digest goes with no other view and no selection");
    if (views == 0 && !o->manifest && !o->json && !o->digest) {
        o->params = o->pattern_count != 0;
        o->tree = !o->params;
    }
    return -1;
}

int inspect_read_options(int argc, char **argv, inspect_options *ret_options) {
    tool_arguments arguments = tool_arguments_of(INSPECT, table, argc, argv);
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END: return check_options(ret_options);
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: inspect_print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(INSPECT); return TOOL_FINE;
        default: break;
        }
        int status = take_option(ret_options, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}

void inspect_free_options(inspect_options *options) {
    free(options->patterns);
    free(options->values);
}
