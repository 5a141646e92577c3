/* SPDX-License-Identifier: MIT */
/* The module tree in the manner of print(net), with the tensors under their modules. A shared
 * module is gone into at its first place only, so the tree is never longer than the file. */
#include <inttypes.h>
#include <string.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"
#include "treefold.h"
#include "treenotes.h"

/* Without --full: characters of a name, a type or attributes; lines in all; members of one module
 * that are shown, after folding, and how many of them are the last ones. */
enum { LABEL = 100, ATTRIBUTES = 200, LINES = 1000, MEMBERS = 56, LAST_MEMBERS = 8 };

typedef struct tree {
    const inspection *in;
    treehash hash;
    grid grid;
    bool full;
    uint64_t lines;
    uint64_t hidden;
    textbuf scratch;
} tree;

static void show_members(tree *t, uint32_t module, int indent);

/* Whether a line is still to be shown; counts it either way. */
static bool begin_line(tree *t, int indent) {
    if (!t->full && t->lines >= LINES) {
        t->hidden++;
        return false;
    }
    t->lines++;
    text_clear(&t->scratch);
    for (int i = 0; i < indent; i++)
        text_add(&t->scratch, "  ");
    return true;
}

static void put_piece(tree *t, style look, const char *string) {
    grid_cell(&t->grid, look, string);
}

/* What was gathered in scratch, as one piece of the line. */
static void put_scratch(tree *t, style look) {
    put_piece(t, look, text_string(&t->scratch));
    text_clear(&t->scratch);
}

static void put_plain_line(tree *t, int indent, const char *string) {
    if (!begin_line(t, indent))
        return;
    text_add(&t->scratch, string);
    put_scratch(t, STYLE_PLAIN);
    grid_end_line(&t->grid);
}

static const char *name_at(const tree *t, size_t place) {
    return outline_member(t->in->outline, place).name;
}

/* "0", or "0-11" for a run. */
static void add_label(tree *t, size_t first, size_t last) {
    text_add_escaped(&t->scratch, name_at(t, first), t->full ? 0 : LABEL);
    if (last != first) {
        text_add(&t->scratch, "-");
        text_add_escaped(&t->scratch, name_at(t, last), t->full ? 0 : LABEL);
    }
}

static void show_tensor(tree *t, size_t place, size_t last, uint32_t repeats, int indent) {
    ckpt_tensor tensor = outline_member(t->in->outline, place).tensor;
    if (!begin_line(t, indent))
        return;
    add_label(t, place, last);
    put_scratch(t, STYLE_NAME);
    put_piece(t, STYLE_TYPE, ckpt_tensor_dtype_info(tensor).name);
    number_add_list(&t->scratch, ckpt_tensor_shape(tensor), ckpt_tensor_rank(tensor));
    put_scratch(t, STYLE_PLAIN);
    if (repeats > 1)
        text_addf(&t->scratch, "%s of these; the first: ", number_grouped(repeats).text);
    size_t before = t->scratch.size;
    textbuf note = {0};
    note_tensor(t->in->outline, place, t->full, &note);
    text_add(&t->scratch, text_string(&note));
    text_free(&note);
    if (repeats > 1 && t->scratch.size == before)
        text_cut(&t->scratch, before - strlen("; the first: "));
    put_scratch(t, STYLE_TIE);
    grid_end_row(&t->grid);
}

/* A sink that takes no more than is shown. */
static bool attribute_sink(void *ctx, const char *bytes, size_t size) {
    tree *t = ctx;
    text_add_bytes(&t->scratch, bytes, size);
    return t->full || t->scratch.size <= ATTRIBUTES;
}

static void add_attributes(tree *t, ckpt_module module) {
    text_clear(&t->scratch);
    if (ckpt_print_attributes(module, attribute_sink, t, NULL) == CKPT_OK)
        return;
    /* A cut must not fall inside a character. */
    size_t end = ATTRIBUTES;
    while (end > 0 && ((unsigned char)t->scratch.data[end] & 0xc0) == 0x80)
        end--;
    text_cut(&t->scratch, end);
    text_add(&t->scratch, "...");
}

static void put_type(tree *t, ckpt_module module) {
    const char *type = ckpt_module_type(module);
    text_add_escaped(&t->scratch, *type != '\0' ? type : "Module", t->full ? 0 : LABEL);
    put_scratch(t, STYLE_TYPE);
}

static void put_note(tree *t, size_t place) {
    if (place == OUTLINE_NONE)
        return;
    note_ties(t->in->outline, place, t->full, &t->scratch);
    if (t->scratch.size != 0) {
        put_piece(t, STYLE_PLAIN, "  ");
        put_scratch(t, STYLE_TIE);
    }
}

static bool is_reference(const tree *t, size_t place, ckpt_module module) {
    return place != OUTLINE_NONE && t->in->outline->modules[module.id].object.first != place;
}

/* The line of a module, whose label was put before; what is inside follows. place is OUTLINE_NONE
 * for the root. */
static void show_module_line(tree *t, size_t place, ckpt_module module, bool has_children) {
    put_type(t, module);
    if (is_reference(t, place, module)) {
        put_note(t, place);
    } else if (has_children) {
        put_piece(t, STYLE_PLAIN, "(");
        put_note(t, place);
    } else {
        put_piece(t, STYLE_PLAIN, "(");
        add_attributes(t, module);
        put_scratch(t, STYLE_PLAIN);
        put_piece(t, STYLE_PLAIN, ")");
        put_note(t, place);
    }
    grid_end_line(&t->grid);
}

static void show_inside(tree *t, ckpt_module module, bool has_children, int indent) {
    if (has_children && ckpt_value_count(ckpt_module_attributes(module)) != 0) {
        add_attributes(t, module);
        textbuf attributes = t->scratch;
        t->scratch = (textbuf){0};
        put_plain_line(t, indent + 1, text_string(&attributes));
        text_free(&attributes);
    }
    show_members(t, module.id, indent + 1);
    if (has_children)
        put_plain_line(t, indent, ")");
}

static void show_module(tree *t, size_t place, size_t last, uint32_t repeats, int indent) {
    ckpt_module module = outline_member(t->in->outline, place).module;
    bool has_children = ckpt_module_exists(ckpt_module_at(module, 0));
    if (begin_line(t, indent)) {
        text_add(&t->scratch, "(");
        add_label(t, place, last);
        text_add(&t->scratch, "): ");
        put_scratch(t, STYLE_NAME);
        if (repeats > 1)
            grid_cellf(&t->grid, STYLE_TIE, "%s x ", number_grouped(repeats).text);
        show_module_line(t, place, module, has_children);
    }
    if (!is_reference(t, place, module))
        show_inside(t, module, has_children, indent);
}

static void show_member(tree *t, size_t place, size_t last, uint32_t repeats, int indent) {
    if (outline_member(t->in->outline, place).kind == CKPT_MEMBER_MODULE)
        show_module(t, place, last, repeats, indent);
    else
        show_tensor(t, place, last, repeats, indent);
}

static void show_fold(tree *t, const folded_members *m, const fold *f, int indent) {
    const size_t *places = m->places + f->first;
    size_t last = places[f->period * f->repeats - 1];
    if (f->period == 1) {
        show_member(t, places[0], last, f->repeats, indent);
        return;
    }
    if (begin_line(t, indent)) {
        text_add(&t->scratch, "(");
        add_label(t, places[0], last);
        text_add(&t->scratch, "): ");
        put_scratch(t, STYLE_NAME);
        grid_cellf(&t->grid, STYLE_TIE, "%s x [", number_grouped(f->repeats).text);
        grid_end_line(&t->grid);
    }
    for (uint32_t i = 0; i < f->period; i++)
        show_member(t, places[i], places[i], 1, indent + 1);
    put_plain_line(t, indent, "]");
}

static void show_gap(tree *t, const folded_members *m, uint32_t first_fold, uint32_t end_fold,
                     int indent) {
    uint32_t first = m->folds[first_fold].first;
    uint32_t end = m->folds[end_fold].first;
    if (!begin_line(t, indent))
        return;
    text_add(&t->scratch, "... ");
    number_add_count(&t->scratch, end - first, "more member");
    text_add(&t->scratch, ", ");
    text_add_escaped(&t->scratch, name_at(t, m->places[first]), LABEL);
    text_add(&t->scratch, " to ");
    text_add_escaped(&t->scratch, name_at(t, m->places[end - 1]), LABEL);
    put_scratch(t, STYLE_FAINT);
    grid_end_line(&t->grid);
}

static void show_members(tree *t, uint32_t module, int indent) {
    folded_members m = fold_members(&t->hash, module, t->full);
    bool cut = !t->full && m.fold_count > MEMBERS;
    for (uint32_t i = 0; i < m.fold_count; i++) {
        if (cut && i == MEMBERS - LAST_MEMBERS) {
            show_gap(t, &m, i, m.fold_count - LAST_MEMBERS, indent);
            i = m.fold_count - LAST_MEMBERS;
        }
        show_fold(t, &m, &m.folds[i], indent);
    }
    folded_members_free(&m);
}

int view_tree(const inspection *in) {
    tree t = {.in = in, .full = in->options.full};
    ckpt_module root = ckpt_root(in->c);
    bool has_children = ckpt_module_exists(ckpt_module_at(root, 0));
    t.hash = treehash_of(in->outline);
    grid_begin(&t.grid, &in->terminal, "llll");
    begin_line(&t, 0);
    show_module_line(&t, OUTLINE_NONE, root, has_children);
    show_inside(&t, root, has_children, 0);
    if (t.hidden != 0) {
        grid_cellf(&t.grid, STYLE_WARNING, "... %s more lines; --full shows all",
                   number_grouped(t.hidden).text);
        grid_end_line(&t.grid);
    }
    grid_finish(&t.grid);
    text_free(&t.scratch);
    treehash_free(&t.hash);
    return TOOL_FINE;
}
