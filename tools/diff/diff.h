/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-diff have in common. */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

#include "../common/jsonwriter.h"
#include "../common/progress.h"
#include "../common/textbuffer.h"

#define DIFF "ckpt-diff"

enum { DIFF_SAME = 0, DIFF_DIFFERENT = 1, DIFF_TROUBLE = 2 };

typedef struct diff_options {
    const char *paths[2];
    int path_count;
    const char *formats;
    double rtol, atol;
    bool has_tolerance;
    bool values, structure; /* what is compared */
    bool json, quiet;
} diff_options;

/* A dotted name of a tensor, or of a module. */
typedef struct diff_name {
    size_t text; /* in the table's text */
    ckpt_module module;
    ckpt_tensor tensor; /* null: it is the module that has the name */
    size_t number;      /* among the names, in declaration order */
} diff_name;

typedef struct diff_names {
    ckpt *c;
    textbuf text;
    diff_name *items; /* in declaration order */
    size_t count, room;
    diff_name **sorted; /* by name */
} diff_names;

typedef struct diff {
    const diff_options *o;
    diff_names a, b;
    const diff_name *
        *partners; /* by name of a: the same name in b if both are tensors or modules */
    json j;
    uint64_t differences;
    uint64_t tensors, bytes; /* of which the values were compared */
    uint64_t current, total; /* bytes: of the tensor at hand, of all that are to be compared */
    progress progress;
    bool failed;
    ckpt_error err;
} diff;

/* The command line. Returns -1 to go on, or the exit status. */
int diff_read_options(int argc, char **argv, diff_options *ret_options);

/* False, with err, when the names cannot be listed. */
bool diff_names_read(diff_names *n, ckpt *c, ckpt_error *err);
void diff_names_free(diff_names *n);
const diff_name *diff_names_find(const diff_names *n, const char *name); /* NULL: not there */
const char *diff_name_text(const diff_names *n, const diff_name *name);

/* A difference: '-' only the first has it, '+' only the second, '~' both have it, but not alike.
 * kind is a word for programs; name may be "". */
void diff_tell(diff *d, char sign, const char *kind, const char *name, const char *format, ...)
    TOOL_PRINTF(5, 6);
/* In quiet mode the first difference says everything; a failure ends all work. */
bool diff_is_done(const diff *d);

/* Each compares one aspect. */
void diff_compare_names(diff *d); /* fills partners */
void diff_compare_modules(diff *d);
void diff_compare_tensors(diff *d);
void diff_compare_ties(diff *d);
void diff_compare_metadata(diff *d);
void diff_compare_values(diff *d);

/* Two typed values that are called `name`, with what is in them. */
void diff_compare_value(diff *d, const char *kind, const char *name, ckpt_value a, ckpt_value b);

#endif
