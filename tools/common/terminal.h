/* SPDX-License-Identifier: MIT */
/* What the standard output is able to show. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

typedef enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour_choice;

typedef enum style {
    STYLE_PLAIN,
    STYLE_NAME,
    STYLE_TYPE,
    STYLE_TIE,
    STYLE_FAINT,
    STYLE_WARNING
} style;

typedef struct terminal {
    bool colour;
    bool utf8;
} terminal;

/* COLOUR_AUTO: colour if stdout is a terminal that is not "dumb" and NO_COLOR is unset or empty
 * (https://no-color.org). Selects the user's character set, and nothing else of the locale. */
terminal terminal_of_stdout(colour_choice choice);
/* "auto", "always" or "never"; false for anything else. */
bool terminal_read_choice(const char *word, colour_choice *ret_choice);
/* Writes text to stdout in a style. */
void terminal_put(const terminal *t, style s, const char *string);

#endif
