/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-convert have in common. */
#ifndef CONVERT_H
#define CONVERT_H

#include "../common/conversion.h"
#include "renaming.h"

#define CONVERT "ckpt-convert"

typedef struct convert_rename {
    renaming rule;
    uint64_t count; /* names that it changed */
} convert_rename;

typedef struct convert_dtype {
    const char *pattern; /* its end is at pattern_size; NULL: every float tensor */
    size_t pattern_size;
    ckpt_dtype dtype;
} convert_dtype;

typedef struct convert_pattern {
    const char *text;
    bool fits; /* a name */
} convert_pattern;

typedef struct pattern_list {
    convert_pattern *patterns;
    size_t count, room;
} pattern_list;

typedef struct convert_options {
    const char *input;
    conversion out;
    pattern_list select, drop;
    convert_rename *renames;
    size_t rename_count, rename_room;
    convert_dtype *dtypes;
    size_t dtype_count, dtype_room;
    bool tie_equal;
} convert_options;

/* The command line. Returns -1 to go on, or the exit status. */
int convert_read_options(int argc, char **argv, convert_options *ret_options);
void convert_free_options(convert_options *options);

/* Whether names or types are chosen at all. */
bool convert_has_choices(const convert_options *options);
/* A checkpoint of what is chosen, that owns `from`; notes what was changed. On failure `from` stays
 * the caller's. */
int convert_choose(convert_options *options, ckpt *from, ckpt **ret_ckpt);
/* Ties tensors with the same bytes, dtype, shape and flags. */
int convert_tie_equal(convert_options *options, ckpt *c);

#endif
