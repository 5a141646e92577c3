/* SPDX-License-Identifier: MIT */
#include "renaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 10 };

/* The part of a rule before the next delimiter, in which a backslash takes the delimiter as an
 * ordinary character; NULL when there is no delimiter. */
static char *take_part(const char **text, char delimiter) {
    const char *p = *text;
    char *part = tool_new(strlen(p) + 1, 1), *end = part;
    for (; *p != '\0' && *p != delimiter; p++) {
        if (*p == '\\' && p[1] == delimiter)
            p++;
        else if (*p == '\\' && p[1] != '\0')
            *end++ = *p++;
        *end++ = *p;
    }
    if (*p == '\0') {
        free(part);
        return NULL;
    }
    *text = p + 1;
    return part;
}

static bool take_flags(renaming *r, const char *flags, int *options) {
    for (; *flags != '\0'; flags++) {
        if (*flags == 'g')
            r->is_global = true;
        else if (*flags == 'i')
            *options |= REG_ICASE;
        else
            return false;
    }
    return true;
}

/* The greatest group that the replacement names. */
static size_t greatest_group(const char *replacement) {
    size_t greatest = 0;
    for (const char *p = replacement; *p != '\0'; p++) {
        if (*p != '\\' || p[1] == '\0')
            continue;
        p++;
        if (*p >= '0' && *p <= '9' && (size_t)(*p - '0') > greatest)
            greatest = (size_t)(*p - '0');
    }
    return greatest;
}

bool renaming_read(renaming *r, const char *text, char *message, size_t message_size) {
    const char *rest = text + 2;
    int options = REG_EXTENDED;
    *r = (renaming){.text = text};
    if (text[0] != 's' || text[1] == '\0' || text[1] == '\\') {
        snprintf(message, message_size, "a rule is s/EXPRESSION/REPLACEMENT/");
        return false;
    }
    char *expression = take_part(&rest, text[1]);
    r->replacement = expression != NULL ? take_part(&rest, text[1]) : NULL;
    bool sound = r->replacement != NULL && take_flags(r, rest, &options);
    if (!sound) {
        snprintf(message, message_size, "a rule is s/EXPRESSION/REPLACEMENT/ and perhaps g or i");
    } else {
        int failure = regcomp(&r->expression, expression, options);
        sound = failure == 0;
        if (!sound) {
            regerror(failure, &r->expression, message, message_size);
        } else if (greatest_group(r->replacement) > r->expression.re_nsub) {
            snprintf(message, message_size, "the expression has no group %zu",
                     greatest_group(r->replacement));
            regfree(&r->expression);
            sound = false;
        }
    }
    free(expression);
    if (!sound) {
        free(r->replacement);
        *r = (renaming){0};
    }
    return sound;
}

void renaming_free(renaming *r) {
    if (r->replacement == NULL)
        return;
    regfree(&r->expression);
    free(r->replacement);
    *r = (renaming){0};
}

static void add_group(textbuf *t, const char *name, const regmatch_t *group) {
    if (group->rm_so >= 0)
        text_add_bytes(t, name + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
}

static void add_replacement(const renaming *r, const char *name, const regmatch_t *groups,
                            textbuf *t) {
    for (const char *p = r->replacement; *p != '\0'; p++) {
        if (*p == '&') {
            add_group(t, name, &groups[0]);
        } else if (*p == '\\' && p[1] >= '0' && p[1] <= '9') {
            add_group(t, name, &groups[*++p - '0']);
        } else {
            if (*p == '\\' && p[1] != '\0')
                p++;
            text_add_bytes(t, p, 1);
        }
    }
}

/* One character, which stays as it is. */
static const char *keep_character(const char *name, textbuf *t) {
    do
        text_add_bytes(t, name++, 1);
    while (((unsigned char)*name & 0xc0) == 0x80);
    return name;
}

/* As sed: an empty match counts, but not where the match before it ended. */
bool renaming_apply(const renaming *r, const char *name, textbuf *ret_name) {
    regmatch_t groups[GROUPS];
    bool at_start = true, behind_match = false;
    while (regexec(&r->expression, name, GROUPS, groups, at_start ? 0 : REG_NOTBOL) == 0) {
        bool is_empty = groups[0].rm_eo == groups[0].rm_so;
        if (!(is_empty && groups[0].rm_so == 0 && behind_match)) {
            text_add_bytes(ret_name, name, (size_t)groups[0].rm_so);
            add_replacement(r, name, groups, ret_name);
            name += groups[0].rm_eo;
        }
        at_start = false;
        behind_match = !is_empty;
        if (!r->is_global || (is_empty && *name == '\0'))
            break;
        if (is_empty)
            name = keep_character(name, ret_name);
    }
    if (at_start)
        return false;
    text_add(ret_name, name);
    return true;
}
