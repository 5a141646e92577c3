/* SPDX-License-Identifier: MIT */
#ifndef FORMATNAMES_H
#define FORMATNAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The format that a path asks for by its extension, by the name that the library has for it; NULL
 * when the extension says nothing. */
const char *format_of_path(const char *path);
/* Whether the library writes the format; whether as shards. */
bool format_is_written(const char *name);
bool format_has_shards(const char *name);
/* The value of --from: names that are separated by commas. Returns TOOL_FINE, or TOOL_USAGE when
 * one of them is none, which has been told with the names that there are. */
int format_check_list(const char *tool, const char *list);
/* The same for the one name behind --to. */
int format_check_output(const char *tool, const char *name);
/* Whether the path is that of an index of shards. */
int format_is_index(const char *path);

#endif
