/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wants_colour(void) {
    const char *no = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    return (no == NULL || *no == '\0') && kind != NULL && strcmp(kind, "dumb") != 0 &&
           isatty(STDOUT_FILENO);
}

terminal terminal_of_stdout(colour_choice choice) {
    setlocale(LC_CTYPE, "");
    return (terminal){
        .colour = choice == COLOUR_ALWAYS || (choice == COLOUR_AUTO && wants_colour()),
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

bool terminal_read_choice(const char *word, colour_choice *ret_choice) {
    static const char *const words[] = {"auto", "always", "never"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret_choice = (colour_choice)i;
            return true;
        }
    }
    return false;
}

void terminal_put(const terminal *t, style s, const char *string) {
    static const char *const codes[] = {
        [STYLE_PLAIN] = "", [STYLE_NAME] = "1",  [STYLE_TYPE] = "36",
        [STYLE_TIE] = "33", [STYLE_FAINT] = "2", [STYLE_WARNING] = "1;31",
    };
    if (*string == '\0')
        return;
    if (!t->colour || s == STYLE_PLAIN) {
        fputs(string, stdout);
        return;
    }
    fputs("\x1b[", stdout);
    fputs(codes[s], stdout);
    fputs("m", stdout);
    fputs(string, stdout);
    fputs("\x1b[0m", stdout);
}
