/* SPDX-License-Identifier: MIT */
/* What the views of ckpt-inspect have in common. */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <ckpt/ckpt.h>

#include "../common/outline.h"
#include "../common/terminal.h"
#include "../common/toolerror.h"

#define INSPECT "ckpt-inspect"

typedef struct inspect_options {
    const char *path;
    const char **patterns;
    size_t pattern_count, pattern_room;
    const char **values; /* arguments of --values */
    size_t value_count, value_room;
    colour_choice colour;
    bool tree, params, storages, metadata, stats, manifest, json, digest, generations;
    uint64_t generation; /* to show; 0: the newest */
    const char *formats; /* to consider; NULL: all */
    bool full;
} inspect_options;

typedef struct inspection {
    inspect_options options;
    ckpt *c;
    outline *outline;
    terminal terminal;
} inspection;

/* Reads the command line. Returns -1 to go on, or the exit status: help and version have been
 * printed, misuse has been told. */
int inspect_read_options(int argc, char **argv, inspect_options *ret_options);
void inspect_free_options(inspect_options *options);
void inspect_print_help(void);

/* Whether a tensor of this dotted name is selected: all are when there are no patterns. */
bool inspect_selects(const inspection *in, const char *name, size_t size);
/* Says so when some pattern selects no tensor of the checkpoint. */
int inspect_check_patterns(const inspection *in);

/* The views. Each returns an exit status. */
int view_header(const inspection *in);
int view_tree(const inspection *in);
int view_totals(const inspection *in);
int view_params(const inspection *in);
int view_storages(const inspection *in);
int view_metadata(const inspection *in);
int view_manifest(const inspection *in);
int view_json(const inspection *in);
int view_digest(const inspection *in);
int view_generations(const inspection *in);
int view_stats(const inspection *in);
int view_values(const inspection *in, const char *argument);

#endif
