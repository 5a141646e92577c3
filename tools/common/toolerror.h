/* SPDX-License-Identifier: MIT */
/* How a tool ends: its exit status and its one line on stderr. */
#ifndef TOOLERROR_H
#define TOOLERROR_H

#include <stddef.h>

#if defined(__GNUC__)
#define TOOL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define TOOL_PRINTF(text, first)
#endif

enum {
    TOOL_FINE = 0,
    TOOL_NO = 1,   /* the file is bad, or the answer is no */
    TOOL_USAGE = 2 /* wrong usage */
};

/* "TOOL: MESSAGE" on stderr; what is not fit for a terminal is escaped, since parts of the
 * message may be the user's own arguments. Returns TOOL_NO. */
int tool_fail(const char *tool, const char *format, ...) TOOL_PRINTF(2, 3);
/* The same with a hint at --help behind it. Returns TOOL_USAGE. */
int tool_misuse(const char *tool, const char *format, ...) TOOL_PRINTF(2, 3);
/* The last call of main: makes sure that all of stdout has been written. Returns the exit status,
 * TOOL_NO where status was TOOL_FINE and the output is lost. */
int tool_finish(const char *tool, int status);

/* Memory for the tools: count items of item_size bytes, zeroed; a tool without memory says so and
 * exits. Free with free. */
void *tool_new(size_t count, size_t item_size);
/* Grows an array so that it has room for one item more than count; *room is its room in items. */
void *tool_grow(void *items, size_t count, size_t *room, size_t item_size);

#endif
