/* SPDX-License-Identifier: MIT */
/* Rules in the manner of sed, s/EXPRESSION/REPLACEMENT/FLAGS, for names. */
#ifndef RENAMING_H
#define RENAMING_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "../common/textbuffer.h"

typedef struct renaming {
    const char *text; /* as given */
    regex_t expression;
    char *replacement; /* with its backslashes */
    bool is_global;
} renaming;

/* EXPRESSION is a POSIX extended regular expression; in REPLACEMENT, & and \1 to \9 stand for what
 * was matched. Any character may stand for the slash. Flags: g, for every match in place of the
 * first, and i, for either case. False, with the reason in message, for what is no rule. */
bool renaming_read(renaming *r, const char *text, char *message, size_t message_size);
void renaming_free(renaming *r);

/* Adds the new name to the text; false when the rule does not match, and nothing is added. */
bool renaming_apply(const renaming *r, const char *name, textbuf *ret_name);

#endif
