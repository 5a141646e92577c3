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

bool glob_matches(const char *pattern, const char *name, size_t name_size) {
    const char *p = pattern, *p_end = pattern + strlen(pattern);
    const char *n = name, *n_end = name + name_size;
    /* Only the last star met ever needs to take more: an earlier one could not do better. */
    const char *star = NULL, *star_name = NULL;
    while (n < n_end) {
        size_t size;
        uint32_t wanted = character_at(n, n_end, &size);
        if (p < p_end && *p == '*') {
            star = ++p;
            star_name = n;
        } else if (p < p_end && takes(&p, p_end, wanted)) {
            n += size;
        } else if (star != NULL) {
            character_at(star_name, n_end, &size);
            star_name += size;
            n = star_name;
            p = star;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

bool glob_matches_name_or_module(const char *pattern, const char *name, size_t name_size) {
    if (glob_matches(pattern, name, name_size))
        return true;
    for (size_t i = name_size; i-- > 0;) {
        if (name[i] == '.' && glob_matches(pattern, name, i))
            return true;
    }
    return false;
}
