/* SPDX-License-Identifier: MIT */
#include "glob.h"

#include <stdint.h>
#include <string.h>

/* The character at p, and its size in bytes. A byte that begins none stands for itself. */
static uint32_t character_at(const char *p, const char *end, size_t *ret_size) {
    unsigned char c = (unsigned char)*p;
    size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if ((size_t)(end - p) < size)
        size = 1;
    uint32_t value = c;
    for (size_t i = 1; i < size; i++)
        value = value << 8 | (unsigned char)p[i];
    *ret_size = size;
    return value;
}

/* The ']' that ends the set that begins at p, or NULL. It may stand first in a set for itself. */
static const char *set_end(const char *p, const char *end) {
    p++;
    if (p < end && *p == '!')
        p++;
    if (p < end && *p == ']')
        p++;
    while (p < end && *p != ']')
        p++;
    return p < end ? p : NULL;
}

static bool in_set(const char *p, const char *end, uint32_t wanted) {
    bool negated = *p == '!';
    bool found = false;
    if (negated)
        p++;
    while (p < end) {
        size_t size;
        uint32_t low = character_at(p, end, &size);
        uint32_t high = low;
        p += size;
        if (end - p >= 2 && *p == '-') {
            high = character_at(p + 1, end, &size);
            p += 1 + size;
        }
        found = found || (low <= wanted && wanted <= high);
    }
    return found != negated;
}

/* Whether the element of the pattern at *p, which is no '*', takes the character; *p moves over the
 * element. */
static bool takes(const char **p, const char *end, uint32_t wanted) {
    const char *close = **p == '[' ? set_end(*p, end) : NULL;
    if (close != NULL) {
        const char *set = *p + 1;
        *p = close + 1;
        return in_set(set, close, wanted);
    }
    bool any = **p == '?';
    if (**p == '\\' && *p + 1 < end)
        ++*p;
    size_t size;
    uint32_t own = character_at(*p, end, &size);
    *p += size;
    return any || own == wanted;
}

/* The elements up to the next '*' or the end of the pattern, at n; *p moves over them. Returns
 * where the name goes on, or NULL. */
static const char *take_run(const char **p, const char *p_end, const char *n, const char *n_end) {
    while (*p < p_end && **p != '*') {
        size_t size;
        if (n == n_end)
            return NULL;
        uint32_t wanted = character_at(n, n_end, &size);
        if (!takes(p, p_end, wanted))
            return NULL;
        n += size;
    }
    return n;
}

static bool may_end(const char *n, const char *n_end, bool at_dots) {
    return n == n_end || (at_dots && *n == '.');
}

/* The first place from n on where the elements up to the next '*' fit; for the last of them, where
 * the name may end behind them too. Returns as take_run does. */
static const char *find_run(const char **p, const char *p_end, const char *n, const char *n_end,
                            bool at_dots) {
    for (;;) {
        const char *rest = *p;
        const char *after = take_run(&rest, p_end, n, n_end);
        if (after != NULL && (rest != p_end || may_end(after, n_end, at_dots))) {
            *p = rest;
            return after;
        }
        if (n == n_end)
            return NULL;
        size_t size;
        character_at(n, n_end, &size);
        n += size;
    }
}

/* Whether the pattern takes the name, or, at_dots, what stands before a dot of it. Every run
 * between stars is best taken where it comes first, so no choice is ever taken back. */
static bool matches(const char *pattern, const char *name, size_t name_size, bool at_dots) {
    const char *p = pattern, *p_end = pattern + strlen(pattern);
    const char *n_end = name + name_size, *n = take_run(&p, p_end, name, n_end);
    if (n != NULL && p == p_end)
        return may_end(n, n_end, at_dots);
    while (n != NULL && p < p_end) {
        while (p < p_end && *p == '*')
            p++;
        if (p < p_end)
            n = find_run(&p, p_end, n, n_end, at_dots);
    }
    return n != NULL;
}

bool glob_matches(const char *pattern, const char *name, size_t name_size) {
    return matches(pattern, name, name_size, false);
}

bool glob_matches_name_or_module(const char *pattern, const char *name, size_t name_size) {
    return matches(pattern, name, name_size, true);
}
