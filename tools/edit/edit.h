/* SPDX-License-Identifier: MIT */
/* What the files of ckpt-edit have in common. */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <ckpt/ckpt.h>

#include "../common/toolerror.h"

#define EDIT "ckpt-edit"

typedef enum edit_verb {
    EDIT_SET,
    EDIT_UNSET,
    EDIT_ATTRIBUTE,
    EDIT_NO_ATTRIBUTE,
    EDIT_TYPE,
    EDIT_RENAME,
    EDIT_DROP,
    EDIT_ADD,
    EDIT_VERBS
} edit_verb;

typedef struct edit_command {
    edit_verb verb;
    const char *words[2]; /* as many as the verb takes */
    int word_count;
    const char *from, *tensor, *module; /* options of add; NULL: not given */
    bool is_buffer;
} edit_command;

typedef struct edit_options {
    const char *path;
    edit_command *commands;
    size_t command_count, command_room;
    ckpt_save_options save;
    bool quiet;
} edit_options;

/* The command line. Returns -1 to go on, or the exit status: help and version have been printed,
 * misuse has been told. */
int edit_read_options(int argc, char **argv, edit_options *ret_options);
void edit_free_options(edit_options *options);
const char *edit_verb_name(edit_verb verb);

/* Makes one change, in memory. Tells what is wrong with it and returns the exit status. */
int edit_apply(ckpt *c, const edit_command *command);
/* "add NAME --from FILE". */
int edit_add_tensor(ckpt_module parent, const char *name, const edit_command *command);
/* "KEY=VALUE" into a map; VALUE is written as in a manifest. */
int edit_set_value(ckpt_value map, const char *assignment);

#endif
