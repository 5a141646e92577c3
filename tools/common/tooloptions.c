/* SPDX-License-Identifier: MIT */
#include "tooloptions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ckpt/version.h>

#include "toolerror.h"

tool_arguments tool_arguments_of(const char *tool, const tool_option *options, int argc,
                                 char **argv) {
    return (tool_arguments){
        .tool = tool, .options = options, .count = argc, .words = argv, .next = 1};
}

static int take_value(tool_arguments *a, const tool_option *option, const char *attached,
                      const char *shown) {
    if (!option->has_value) {
        if (attached == NULL)
            return option->id;
        tool_misuse(a->tool, "option '%s' takes no value", shown);
        return TOOL_BAD;
    }
    if (attached == NULL && a->next < a->count)
        attached = a->words[a->next++];
    if (attached == NULL) {
        tool_misuse(a->tool, "option '%s' needs a value", shown);
        return TOOL_BAD;
    }
    a->value = attached;
    return option->id;
}

static int long_option(tool_arguments *a, const char *word) {
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    for (const tool_option *o = a->options; o->id != 0; o++) {
        if (strlen(o->name) == size && memcmp(o->name, name, size) == 0)
            return take_value(a, o, name[size] == '=' ? name + size + 1 : NULL, word);
    }
    if (strcmp(name, "help") == 0)
        return TOOL_HELP;
    if (strcmp(name, "version") == 0)
        return TOOL_VERSION;
    tool_misuse(a->tool, "unknown option '%s'", word);
    return TOOL_BAD;
}

static int short_option(tool_arguments *a, const char *word) {
    for (const tool_option *o = a->options; o->id != 0; o++) {
        if (o->letter == word[1])
            return take_value(a, o, word[2] != '\0' ? word + 2 : NULL, word);
    }
    if (strcmp(word, "-h") == 0)
        return TOOL_HELP;
    tool_misuse(a->tool, "unknown option '%s'", word);
    return TOOL_BAD;
}

int tool_next(tool_arguments *a) {
    if (a->next >= a->count)
        return TOOL_END;
    const char *word = a->words[a->next++];
    if (!a->operands_only && strcmp(word, "--") == 0) {
        a->operands_only = true;
        return tool_next(a);
    }
    if (a->operands_only || word[0] != '-' || word[1] == '\0') {
        a->value = word;
        return TOOL_OPERAND;
    }
    return word[1] == '-' ? long_option(a, word) : short_option(a, word);
}

bool tool_read_u64(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value) {
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}

/* The factor that a unit stands for, 0 for what is none. */
static uint64_t unit_of(const char *unit) {
    static const char letters[] = "KMGT";
    const char *letter = *unit != '\0' ? strchr(letters, *unit) : NULL;
    const char *rest = letter != NULL ? unit + 1 : unit;
    bool is_decimal = strcmp(rest, "B") == 0;
    uint64_t factor = 1;
    if (letter == NULL)
        return *unit == '\0' || is_decimal;
    if (*rest != '\0' && !is_decimal && strcmp(rest, "iB") != 0)
        return 0;
    for (const char *p = letters; p <= letter; p++)
        factor *= is_decimal ? 1000 : 1024;
    return factor;
}

bool tool_read_size(const char *text, uint64_t low, uint64_t high, uint64_t *ret_value) {
    char digits[24];
    uint64_t number;
    size_t size = strspn(text, "0123456789");
    uint64_t factor = unit_of(text + size);
    if (size >= sizeof digits || factor == 0)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    if (!tool_read_u64(digits, 0, UINT64_MAX / factor, &number) || number * factor < low ||
        number * factor > high)
        return false;
    *ret_value = number * factor;
    return true;
}

bool tool_read_double(const char *text, double *ret_value) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0)
        return false;
    *ret_value = value;
    return true;
}

void tool_print_version(const char *tool) {
    printf("%s (libckpt) %s\n", tool, CKPT_VERSION_STRING);
}
