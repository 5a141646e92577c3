/* SPDX-License-Identifier: MIT */
#include "losslist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbertext.h"

enum { KIND_LINES = 8, LINE_NAMES = 3 };

static char *copy_of(const char *string) {
    size_t size = strlen(string) + 1;
    return memcpy(tool_new(size, 1), string, size);
}

void loss_list_add(void *ctx, const ckpt_loss *loss) {
    loss_lists *lists = ctx;
    loss_list *list = loss->hidden ? &lists->hidden : &lists->lost;
    list->entries = tool_grow(list->entries, list->count, &list->room, sizeof *list->entries);
    list->entries[list->count] =
        (loss_entry){loss->kind, copy_of(loss->name), copy_of(loss->message), list->count};
    list->count++;
}

static void free_list(loss_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].name);
        free(list->entries[i].message);
    }
    free(list->entries);
    *list = (loss_list){0};
}

void loss_lists_free(loss_lists *lists) {
    free_list(&lists->lost);
    free_list(&lists->hidden);
}

static void begin_line(textbuf *t, const loss_entry *e) {
    text_addf(t, "  %-8s  ", ckpt_loss_kind_name(e->kind));
}

static void end_line(textbuf *t) {
    puts(text_string(t));
    text_clear(t);
}

/* A message is fit for a terminal: the library has escaped the names in it. */
static void print_one(textbuf *t, const loss_entry *e) {
    begin_line(t, e);
    if (*e->name != '\0') {
        text_add_escaped(t, e->name, 0);
        text_add(t, ": ");
    }
    text_add(t, e->message);
    end_line(t);
}

static void print_group(textbuf *t, const loss_entry *first, size_t count) {
    if (count == 1) {
        print_one(t, first);
        return;
    }
    begin_line(t, first);
    for (size_t i = 0; i < count && i < LINE_NAMES; i++) {
        text_add(t, i > 0 ? ", " : "");
        text_add_escaped(t, first[i].name, 100);
    }
    if (count > LINE_NAMES)
        text_addf(t, " and %s more", number_grouped(count - LINE_NAMES).text);
    text_addf(t, ": %s", first->message);
    end_line(t);
}

static int by_number(const void *a, const void *b) {
    const loss_entry *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int by_message(const void *a, const void *b) {
    const loss_entry *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    int order = strcmp(x->message, y->message);
    return order != 0 ? order : by_number(a, b);
}

static size_t group_size(const loss_entry *first, const loss_entry *end) {
    size_t count = 1;
    while (first + count < end && first[count].kind == first->kind &&
           strcmp(first[count].message, first->message) == 0)
        count++;
    return count;
}

typedef struct group {
    const loss_entry *first;
    size_t count;
} group;

static int by_first_number(const void *a, const void *b) {
    const group *x = a, *y = b;
    return by_number(x->first, y->first);
}

/* Groups come in the order of their first losses; those of a kind beyond the first few are counted
 * only. */
static void print_groups(textbuf *t, const loss_entry *sorted, size_t count) {
    size_t lines[CKPT_LOSS_ORDER + 1] = {0}, left[CKPT_LOSS_ORDER + 1] = {0}, groups = 0;
    group *all = tool_new(count, sizeof *all);
    for (size_t i = 0; i < count; i += all[groups++].count)
        all[groups] = (group){sorted + i, group_size(sorted + i, sorted + count)};
    qsort(all, groups, sizeof *all, by_first_number);
    for (size_t i = 0; i < groups; i++) {
        if (lines[all[i].first->kind]++ < KIND_LINES)
            print_group(t, all[i].first, all[i].count);
        else
            left[all[i].first->kind] += all[i].count;
    }
    for (size_t kind = 0; kind <= CKPT_LOSS_ORDER; kind++) {
        if (left[kind] == 0)
            continue;
        text_addf(t, "  %-8s  and %s more; --verbose shows all",
                  ckpt_loss_kind_name((ckpt_loss_kind)kind), number_grouped(left[kind]).text);
        end_line(t);
    }
    free(all);
}

void loss_list_print(const loss_list *list, bool verbose) {
    textbuf t = {0};
    if (verbose) {
        for (size_t i = 0; i < list->count; i++)
            print_one(&t, &list->entries[i]);
    } else if (list->count != 0) {
        loss_entry *sorted = tool_new(list->count, sizeof *sorted);
        memcpy(sorted, list->entries, list->count * sizeof *sorted);
        qsort(sorted, list->count, sizeof *sorted, by_message);
        print_groups(&t, sorted, list->count);
        free(sorted);
    }
    text_free(&t);
}

void loss_list_json(const loss_list *list, json *j) {
    json_begin(j, '[', false);
    for (size_t i = 0; i < list->count; i++) {
        const loss_entry *e = &list->entries[i];
        json_begin(j, '{', true);
        json_key(j, "kind");
        json_string(j, ckpt_loss_kind_name(e->kind));
        json_key(j, "name");
        json_string(j, e->name);
        json_key(j, "message");
        json_string(j, e->message);
        json_end(j, '}');
    }
    json_end(j, ']');
}
