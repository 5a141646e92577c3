/* SPDX-License-Identifier: MIT */
#ifndef FORMATNAMES_H
#define FORMATNAMES_H

#include <stddef.h>

/* The format that a path asks for by its extension, by the name that the library has for it; NULL
 * when the extension says nothing. */
const char *format_of_path(const char *path);
/* Whether the path is that of an index of shards. */
int format_is_index(const char *path);

#endif
