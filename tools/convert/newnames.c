/* SPDX-License-Identifier: MIT */
#include "newnames.h"

#include <stdlib.h>
#include <string.h>

static size_t put(new_names *n, const char *name, size_t size) {
    size_t place = n->text.size;
    text_add_bytes(&n->text, name, size);
    text_add_bytes(&n->text, "", 1);
    return place;
}

static void add(new_names *n, const char *from, size_t from_size, const char *to, size_t to_size) {
    n->names = tool_grow(n->names, n->count, &n->room, sizeof *n->names);
    size_t place = put(n, from, from_size);
    n->names[n->count] = (new_name){place, put(n, to, to_size), n->count};
    n->count++;
}

/* Up to the last dot of the first bytes; false: there is none. */
static bool parent(const char *name, size_t *size) {
    size_t end = *size;
    while (end > 0 && name[end - 1] != '.')
        end--;
    if (end == 0)
        return false;
    *size = end - 1;
    return true;
}

void new_names_add(new_names *n, const char *from, const char *to) {
    size_t from_size = strlen(from), to_size = strlen(to);
    add(n, from, from_size, to, to_size);
    while (parent(from, &from_size) && parent(to, &to_size))
        add(n, from, from_size, to, to_size);
}

/* qsort has no argument for the text: the places become pointers while it sorts. */
typedef struct named {
    const char *from;
    new_name name;
} named;

static int compare(const void *a, const void *b) {
    const named *x = a, *y = b;
    int order = strcmp(x->from, y->from);
    return order != 0 ? order : x->name.number < y->name.number ? -1 : 1;
}

void new_names_sort(new_names *n) {
    named *all = tool_new(n->count, sizeof *all);
    for (size_t i = 0; i < n->count; i++)
        all[i] = (named){text_string(&n->text) + n->names[i].from, n->names[i]};
    qsort(all, n->count, sizeof *all, compare);
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++) {
        if (i == 0 || strcmp(all[i].from, all[i - 1].from) != 0)
            n->names[kept++] = all[i].name;
    }
    n->count = kept;
    free(all);
}

const char *new_names_find(const new_names *n, const char *from) {
    const char *text = text_string(&n->text);
    size_t low = 0, high = n->count;
    if (*from == '\0')
        return "";
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(from, text + n->names[middle].from);
        if (order == 0)
            return text + n->names[middle].to;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void new_names_free(new_names *n) {
    text_free(&n->text);
    free(n->names);
}
