/* SPDX-License-Identifier: MIT */
/* What ckpt-diff says. */
#include <stdarg.h>
#include <stdio.h>

#include "diff.h"

bool diff_is_done(const diff *d) {
    return d->failed || (d->o->quiet && d->differences != 0);
}

static void tell_as_json(diff *d, char sign, const char *kind, const char *name,
                         const char *message) {
    json_begin(&d->j, '{', true);
    json_key(&d->j, "kind");
    json_string(&d->j, kind);
    json_key(&d->j, "name");
    json_string(&d->j, name);
    json_key(&d->j, "in");
    json_string(&d->j, sign == '-' ? "a" : sign == '+' ? "b" : "both");
    json_key(&d->j, "message");
    json_string(&d->j, message);
    json_end(&d->j, '}');
}

void diff_tell(diff *d, char sign, const char *kind, const char *name, const char *format, ...) {
    char message[1024];
    va_list arguments;
    d->differences++;
    if (d->o->quiet)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (d->o->json) {
        tell_as_json(d, sign, kind, name, message);
        return;
    }
    progress_clear(&d->progress);
    textbuf t = {0};
    text_addf(&t, "%c %s ", sign, kind);
    if (*name != '\0') {
        text_add_escaped(&t, name, 0);
        text_add(&t, *message != '\0' ? ": " : "");
    }
    text_add_escaped(&t, message, 0);
    puts(text_string(&t));
    text_free(&t);
}
