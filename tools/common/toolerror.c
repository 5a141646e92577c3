/* SPDX-License-Identifier: MIT */
#include "toolerror.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ckpt/walk.h>

enum { MESSAGE_SIZE = 1024, LONGEST_ESCAPE = 10 };

/* Escapes what is not fit for a terminal, once only: parts of the message may be escaped already,
 * so a backslash stays as it is. */
static void escape_once(const char *message, char *escaped, size_t size) {
    size_t used = 0;
    while (*message != '\0') {
        size_t length = strcspn(message, "\\");
        used += ckpt_escape(message, length, escaped + used, size - used);
        message += length;
        if (*message == '\\')
            escaped[used++] = *message++;
    }
    escaped[used] = '\0';
}

static void put_line(const char *tool, const char *hint, const char *format, va_list arguments) {
    char message[MESSAGE_SIZE], escaped[MESSAGE_SIZE * LONGEST_ESCAPE];
    vsnprintf(message, sizeof message, format, arguments);
    escape_once(message, escaped, sizeof escaped);
    /* What was printed before shall stand before. */
    fflush(stdout);
    if (hint != NULL)
        fprintf(stderr, "%s: %s; try '%s --help'\n", tool, escaped, hint);
    else
        fprintf(stderr, "%s: %s\n", tool, escaped);
}

int tool_fail(const char *tool, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_line(tool, NULL, format, arguments);
    va_end(arguments);
    return TOOL_NO;
}

int tool_misuse(const char *tool, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_line(tool, tool, format, arguments);
    va_end(arguments);
    return TOOL_USAGE;
}

int tool_finish(const char *tool, int status) {
    errno = 0;
    int lost = ferror(stdout);
    if (fflush(stdout) != 0)
        lost = 1;
    int reason = errno;
    if (fclose(stdout) != 0 && !lost) {
        lost = 1;
        reason = errno;
    }
    if (!lost)
        return status;
    tool_fail(tool, "standard output: %s", reason != 0 ? strerror(reason) : "cannot write");
    return status == TOOL_FINE ? TOOL_NO : status;
}

static void *or_exit(void *block) {
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        exit(TOOL_NO);
    }
    return block;
}

void *tool_new(size_t count, size_t item_size) {
    return or_exit(calloc(count != 0 ? count : 1, item_size));
}

void *tool_grow(void *items, size_t count, size_t *room, size_t item_size) {
    if (count < *room)
        return items;
    size_t wanted = *room < 16 ? 16 : *room;
    if (wanted > SIZE_MAX / 2 / item_size)
        return or_exit(NULL);
    *room = wanted * 2;
    return or_exit(realloc(items, *room * item_size));
}
