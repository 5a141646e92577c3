/* SPDX-License-Identifier: MIT */
/* Under which names things were, and are now. */
#ifndef NEWNAMES_H
#define NEWNAMES_H

#include "../common/textbuffer.h"

typedef struct new_name {
    size_t from, to; /* in the text */
    size_t number;
} new_name;

typedef struct new_names {
    textbuf text;
    new_name *names;
    size_t count, room;
} new_names;

/* A tensor, or a module without members; modules go where what is in them goes: the first thing
 * decides. */
void new_names_add(new_names *n, const char *from, const char *to);
/* After the last, before anything is looked up. */
void new_names_sort(new_names *n);
/* NULL: nothing has that name any more. "" stays what it was. */
const char *new_names_find(const new_names *n, const char *from);
void new_names_free(new_names *n);

#endif
