/* SPDX-License-Identifier: MIT */
/* Dotted names from an outline. */
#include <string.h>

#include "outline.h"

enum { DEEPEST = 200 };

static const char *component_at(const outline *o, size_t place) {
    return outline_member(o, place).name;
}

/* The dotted name of a place by the first names of all the modules above it. */
void outline_add_name(const outline *o, size_t place, textbuf *t) {
    size_t path[DEEPEST];
    int depth = 0;
    while (place != OUTLINE_NONE && depth < DEEPEST) {
        path[depth++] = place;
        place = o->modules[o->places[place].module].object.first;
    }
    while (depth-- > 0) {
        text_add(t, component_at(o, path[depth]));
        if (depth != 0)
            text_add(t, ".");
    }
}

void outline_add_module_name(const outline *o, uint32_t id, textbuf *t) {
    outline_add_name(o, o->modules[id].object.first, t);
}

void outline_add_tensor_name(const outline *o, uint32_t id, textbuf *t) {
    outline_add_name(o, o->tensors[id].first, t);
}

void outline_add_escaped_name(const outline *o, size_t place, textbuf *t) {
    textbuf raw = {0};
    outline_add_name(o, place, &raw);
    text_add_escaped(t, text_string(&raw), 0);
    text_free(&raw);
}

uint64_t outline_tensor_names(const outline *o, uint32_t id) {
    uint64_t names = 0;
    for (size_t p = o->tensors[id].first; p != OUTLINE_NONE; p = o->places[p].next) {
        uint64_t more = o->modules[o->places[p].module].names;
        names = names > UINT64_MAX - more ? UINT64_MAX : names + more;
    }
    return names;
}

/* One dotted name being put together from its end: path[0] is the last component. */
typedef struct naming {
    const outline *o;
    outline_visit visit;
    void *ctx;
    size_t path[DEEPEST];
    textbuf name;
} naming;

static bool visit_path(naming *n, int depth) {
    text_clear(&n->name);
    for (int i = depth; i-- > 0;) {
        text_add(&n->name, component_at(n->o, n->path[i]));
        if (i != 0)
            text_add(&n->name, ".");
    }
    return n->visit(n->ctx, text_string(&n->name));
}

static bool climb(naming *n, size_t first, int depth) {
    for (size_t p = first; p != OUTLINE_NONE; p = n->o->places[p].next) {
        n->path[depth] = p;
        size_t above = n->o->modules[n->o->places[p].module].object.first;
        bool more = above == OUTLINE_NONE || depth + 1 == DEEPEST ? visit_path(n, depth + 1)
                                                                  : climb(n, above, depth + 1);
        if (!more)
            return false;
    }
    return true;
}

void outline_each_name(const outline *o, uint32_t tensor, outline_visit visit, void *ctx) {
    naming n = {.o = o, .visit = visit, .ctx = ctx};
    climb(&n, o->tensors[tensor].first, 0);
    text_free(&n.name);
}
