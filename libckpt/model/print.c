/* SPDX-License-Identifier: MIT */
/* The module tree as PyTorch's print(net) shows it. */
#include "model/printclass.h"
#include "model/printer.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

/* A module whose children are being printed. */
typedef struct level {
    ckpt_module module;
    bool is_list; /* a ModuleList: PyTorch numbers its children, and folds those that look alike */
    uint32_t place;  /* of the next child among the members */
    uint32_t number; /* of the next child */
    uint32_t told;   /* children before this number are part of a line that is printed */
} level;

typedef struct tree_printer {
    ck_printer out;
    ck_print_classes classes;
    uint32_t open; /* parentheses that wait for their closing one */
    level levels[CK_MAX_DEPTH + 1];
} tree_printer;

static void put_spaces(ck_printer *p, uint32_t count) {
    while (count-- > 0)
        ck_put(p, " ", 1);
}

static bool has_children(ckpt_module module) {
    return ckpt_module_exists(ckpt_module_at(module, 0));
}

/* "Linear(in_features=4)" or, with children, "Sequential(" with the attributes on a line of their
 * own when there are any, as PyTorch's extra_repr. The closing parenthesis is the caller's. */
static void open_module(tree_printer *t, ckpt_module module, uint32_t depth) {
    ck_printer *p = &t->out;
    const char *type = ckpt_module_type(module);
    level children = {module, strcmp(type, "ModuleList") == 0, 0, 0, 0};
    t->levels[depth] = children;
    ck_put_escaped(p, type[0] != '\0' ? type : "Module");
    ck_put_text(p, "(");
    if (!has_children(module)) {
        ck_put_attributes(p, module);
        ck_put_text(p, ")");
        return;
    }
    t->open = depth + 1;
    if (ckpt_value_count(ckpt_module_attributes(module)) != 0) {
        ck_put_text(p, "\n");
        put_spaces(p, 2 * depth + 2);
        ck_put_attributes(p, module);
    }
}

static void close_to(tree_printer *t, uint32_t depth) {
    while (t->open > depth) {
        t->open--;
        ck_put_text(&t->out, "\n");
        put_spaces(&t->out, 2 * t->open);
        ck_put_text(&t->out, ")");
    }
}

/* The members that follow the child at place `from` and are printed with the same text. */
static uint32_t count_alike(const tree_printer *t, const level *list, uint32_t from) {
    uint32_t count = 1, members = ckpt_module_member_count(list->module);
    ckpt_module first = ckpt_module_member(list->module, from).module;
    for (uint32_t i = from + 1; i < members; i++) {
        ckpt_member member = ckpt_module_member(list->module, i);
        if (member.kind != CKPT_MEMBER_MODULE)
            continue;
        if (!ck_prints_alike(&t->classes, first, member.module))
            break;
        count++;
    }
    return count;
}

static void put_label(tree_printer *t, level *parent, const char *component) {
    char text[64];
    uint32_t first = parent->number - 1, count;
    if (!parent->is_list) {
        ck_put_text(&t->out, "(");
        ck_put_escaped(&t->out, component);
        ck_put_text(&t->out, "): ");
        return;
    }
    count = count_alike(t, parent, parent->place - 1);
    parent->told = first + count;
    if (count == 1)
        snprintf(text, sizeof text, "(%u): ", (unsigned)first);
    else
        snprintf(text, sizeof text, "(%u-%u): %u x ", (unsigned)first,
                 (unsigned)(first + count - 1), (unsigned)count);
    ck_put_text(&t->out, text);
}

/* Finds the place of the child that the walk has come to. */
static void step_to_child(level *parent) {
    while (ckpt_module_member(parent->module, parent->place).kind != CKPT_MEMBER_MODULE)
        parent->place++;
    parent->place++;
    parent->number++;
}

/* False for a child that a line before stands for. */
static bool print_item(tree_printer *t, const ckpt_walk_item *item) {
    level *parent = &t->levels[item->depth - 1];
    step_to_child(parent);
    if (parent->number <= parent->told)
        return false;
    close_to(t, item->depth);
    ck_put_text(&t->out, "\n");
    put_spaces(&t->out, 2 * item->depth);
    put_label(t, parent, item->component);
    open_module(t, item->module, item->depth);
    return true;
}

static void print_tree(tree_printer *t, ckpt_walk *walk, ckpt_module module) {
    ckpt_walk_item item;
    open_module(t, module, 0);
    while (!t->out.stopped && ckpt_walk_next(walk, &item)) {
        if (!ckpt_tensor_exists(item.tensor) && !print_item(t, &item))
            ckpt_walk_skip(walk);
    }
    close_to(t, 0);
    ck_put_text(&t->out, "\n");
}

ckpt_status ckpt_print_module(ckpt_module module, ckpt_text_sink sink, void *ctx, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_status status = ckpt_walk_create(module, CKPT_WALK_EVERYTHING, &walk, err);
    if (status != CKPT_OK)
        return status;
    const ck_memory *memory = &module.owner->memory;
    tree_printer *t = ck_calloc(memory, 1, sizeof *t);
    status = t != NULL ? ck_print_classes_create(module, &t->classes, err) : ck_fail_nomem(err);
    if (status == CKPT_OK) {
        t->out.sink = sink;
        t->out.ctx = ctx;
        print_tree(t, walk, module);
        status = ck_printer_finish(&t->out, err);
        ck_print_classes_free(&t->classes);
    }
    ck_free(memory, t, 1, sizeof *t);
    ckpt_walk_free(walk);
    return status;
}
