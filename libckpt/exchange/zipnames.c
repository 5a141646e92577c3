/* SPDX-License-Identifier: MIT */
#include "exchange/zipnames.h"

#include "base/sort.h"
#include "base/utf8.h"
#include "exchange/zipinner.h"

#include <string.h>

static bool is_dots(const char *component, size_t size) {
    return (size == 1 && component[0] == '.') ||
           (size == 2 && component[0] == '.' && component[1] == '.');
}

static bool is_drive(const char *name, size_t size) {
    return size >= 2 && name[1] == ':' &&
           ((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z'));
}

static const char *component_fault(const char *name, size_t size) {
    for (size_t begin = 0; begin < size;) {
        const char *slash = memchr(name + begin, '/', size - begin);
        size_t length = slash != NULL ? (size_t)(slash - name) - begin : size - begin;
        if (length == 0)
            return "has an empty component";
        if (is_dots(name + begin, length))
            return "has a component '.' or '..'";
        begin += length + 1;
    }
    return NULL;
}

const char *ck_zip_name_fault(const char *name, size_t size) {
    if (size == 0)
        return "is empty";
    if (size > UINT16_MAX)
        return "has more than 65535 bytes";
    if (memchr(name, '\0', size) != NULL)
        return "has a NUL";
    if (!ck_utf8_valid(name, size))
        return "is not UTF-8";
    if (memchr(name, '\\', size) != NULL)
        return "has a backslash";
    if (name[0] == '/' || is_drive(name, size))
        return "is absolute";
    return component_fault(name, size);
}

/* '/' comes first, so that what is in a directory follows it at once. */
static int rank_of(char c, bool ignore_case) {
    if (c == '/')
        return 0;
    if (ignore_case && c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    return 1 + (unsigned char)c;
}

static int compare_texts(const char *a, size_t a_size, const char *b, size_t b_size,
                         bool ignore_case) {
    size_t common = a_size < b_size ? a_size : b_size;
    for (size_t i = 0; i < common; i++) {
        int difference = a[i] == b[i] ? 0 : rank_of(a[i], ignore_case) - rank_of(b[i], ignore_case);
        if (difference != 0)
            return difference;
    }
    return a_size < b_size ? -1 : a_size > b_size;
}

static int compare_exact(const void *a, const void *b) {
    const ck_zip_entry *x = *(const ck_zip_entry *const *)a, *y = *(const ck_zip_entry *const *)b;
    return compare_texts(x->name, x->name_size, y->name, y->name_size, false);
}

static int compare_folded(const void *a, const void *b) {
    const ck_zip_entry *x = *(const ck_zip_entry *const *)a, *y = *(const ck_zip_entry *const *)b;
    return compare_texts(x->name, x->name_size, y->name, y->name_size, true);
}

/* Of two neighbours: equal, or the second is in a directory that has the name of the first. An
 * entry that is a directory itself ("a/") goes with those in it, but not with "a". */
static bool clash(const ck_zip_entry *a, const ck_zip_entry *b, bool ignore_case) {
    size_t size = a->name_size;
    if (b->name_size < size || compare_texts(a->name, size, b->name, size, ignore_case) != 0)
        return false;
    return b->name_size == size || (a->name[size - 1] != '/' && b->name[size] == '/');
}

bool ck_zip_sort_by_name(const ck_memory *memory, const ck_zip_entry **entries, size_t count,
                         bool ignore_case, const ck_zip_entry **ret_first,
                         const ck_zip_entry **ret_second) {
    *ret_first = *ret_second = NULL;
    if (!ck_sort(memory, entries, count, sizeof *entries,
                 ignore_case ? compare_folded : compare_exact))
        return false;
    for (size_t i = 1; i < count; i++) {
        if (!clash(entries[i - 1], entries[i], ignore_case))
            continue;
        *ret_first = entries[i - 1];
        *ret_second = entries[i];
        break;
    }
    return true;
}

const ck_zip_entry *ck_zip_search(const ck_zip_entry *const *entries, size_t count,
                                  bool ignore_case, const char *name, size_t size) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ck_zip_entry *entry = entries[middle];
        int order = compare_texts(entry->name, entry->name_size, name, size, ignore_case);
        if (order == 0)
            return memcmp(entry->name, name, size) == 0 ? entry : NULL;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
