/* SPDX-License-Identifier: MIT */
/* A text that grows. Begin with all zeros: textbuf t = {0}. */
#ifndef TEXTBUFFER_H
#define TEXTBUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "toolerror.h"

typedef struct textbuf {
    char *data; /* NUL-terminated once something was added; use text_string */
    size_t size;
    size_t room;
} textbuf;

const char *text_string(const textbuf *t); /* "" for an empty one */
void text_clear(textbuf *t);               /* keeps the memory */
void text_free(textbuf *t);
void text_cut(textbuf *t, size_t size); /* drops what lies behind the first size bytes */

void text_add(textbuf *t, const char *string);
void text_add_bytes(textbuf *t, const char *bytes, size_t size);
void text_addf(textbuf *t, const char *format, ...) TOOL_PRINTF(2, 3);
/* As ckpt_escape makes it. With a limit, which counts characters, a longer text is cut and ends in
 * "..."; limit 0 means none. */
void text_add_escaped(textbuf *t, const char *string, size_t limit);
/* The same for bytes that may hold a NUL. */
void text_add_escaped_bytes(textbuf *t, const char *bytes, size_t size, size_t limit);
/* A ckpt_text_sink; ctx is the text. */
bool text_sink(void *ctx, const char *bytes, size_t size);

/* Characters of a UTF-8 text: what it takes on a terminal, wide characters not considered. */
size_t text_width(const char *string);

#endif
