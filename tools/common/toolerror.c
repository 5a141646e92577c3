/* SPDX-License-Identifier: MIT */
#include "toolerror.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_line(const char *tool, const char *hint, const char *format, va_list arguments) {
    char message[1024];
    vsnprintf(message, sizeof message, format, arguments);
    for (char *p = message; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    }
    /* What was printed before shall stand before. */
    fflush(stdout);
    if (hint != NULL)
        fprintf(stderr, "%s: %s; try '%s --help'\n", tool, message, hint);
    else
        fprintf(stderr, "%s: %s\n", tool, message);
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
