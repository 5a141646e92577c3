/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

/* A file of a few kilobytes can have 2^26 names. */
#define MOST_NAMES ((size_t)1 << 22)
#define MOST_TEXT ((size_t)1 << 30)

const char *diff_name_text(const diff_names *n, const diff_name *name) {
    return n->text.data + name->text;
}

static void add_name(diff_names *n, const ckpt_walk_item *item) {
    n->items = tool_grow(n->items, n->count, &n->room, sizeof *n->items);
    n->items[n->count] = (diff_name){n->text.size, item->module, item->tensor, n->count};
    n->count++;
    text_add_bytes(&n->text, item->name, item->name_size + 1);
}

/* By name, merging from the bottom up: qsort hands no text to its function. */
static void sort_names(diff_names *n) {
    diff_name **from = tool_new(n->count, sizeof *from), **to = tool_new(n->count, sizeof *to);
    for (size_t i = 0; i < n->count; i++)
        from[i] = &n->items[i];
    for (size_t width = 1; width < n->count; width *= 2) {
        for (size_t low = 0; low < n->count; low += width * 2) {
            size_t middle = low + width < n->count ? low + width : n->count;
            size_t high = middle + width < n->count ? middle + width : n->count;
            size_t i = low, k = middle;
            for (size_t at = low; at < high; at++) {
                bool first = i < middle && (k >= high || strcmp(diff_name_text(n, from[i]),
                                                                diff_name_text(n, from[k])) <= 0);
                to[at] = first ? from[i++] : from[k++];
            }
        }
        diff_name **swapped = from;
        from = to;
        to = swapped;
    }
    free(to);
    n->sorted = from;
}

bool diff_names_read(diff_names *n, ckpt *c, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    n->c = c;
    if (ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, err) != CKPT_OK)
        return false;
    while (ckpt_walk_next(walk, &item)) {
        if (n->count == MOST_NAMES || n->text.size > MOST_TEXT) {
            ckpt_walk_free(walk);
            *err = (ckpt_error){.status = CKPT_E_LIMIT,
                                .message = "there are too many names to compare"};
            return false;
        }
        add_name(n, &item);
    }
    ckpt_walk_free(walk);
    sort_names(n);
    return true;
}

void diff_names_free(diff_names *n) {
    text_free(&n->text);
    free(n->items);
    free(n->sorted);
}

const diff_name *diff_names_find(const diff_names *n, const char *name) {
    size_t low = 0, high = n->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, diff_name_text(n, n->sorted[middle]));
        if (order == 0)
            return n->sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
