/* SPDX-License-Identifier: MIT */
/* --params: a line for each dotted name of each tensor. */
#include <inttypes.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"
#include "treenotes.h"

static void put_heading(grid *g) {
    static const char *const words[] = {"name",  "dtype",   "shape", "elements",
                                        "bytes", "storage", "notes"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        grid_cell(g, STYLE_FAINT, words[i]);
    grid_end_row(g);
}

/* The tie, then what else is to be said. A tensor has its first name in the first line that the
 * walk gives for it. */
static void add_notes(const inspection *in, const ckpt_walk_item *item, textbuf *t) {
    textbuf more = {0};
    note_kind(item->tensor, t);
    if (item->repeated) {
        text_add(t, t->size != 0 ? ", tied to " : "tied to ");
        outline_add_tensor_name(in->outline, item->tensor.id, &more);
        text_add_escaped_bytes(t, text_string(&more), more.size, in->options.full ? 0 : NOTE_NAME);
        text_clear(&more);
    }
    note_views(in->outline, item->tensor, in->options.full, &more);
    if (more.size != 0) {
        text_add(t, t->size != 0 ? ", " : "");
        text_add(t, text_string(&more));
    }
    text_free(&more);
}

static void put_tensor(const inspection *in, grid *g, const ckpt_walk_item *item, textbuf *t) {
    ckpt_tensor tensor = item->tensor;
    text_clear(t);
    text_add_escaped_bytes(t, item->name, item->name_size, 0);
    grid_cell(g, STYLE_NAME, text_string(t));
    grid_cell(g, STYLE_TYPE, ckpt_tensor_dtype_info(tensor).name);
    text_clear(t);
    number_add_list(t, ckpt_tensor_shape(tensor), ckpt_tensor_rank(tensor));
    grid_cell(g, STYLE_PLAIN, text_string(t));
    grid_cell(g, STYLE_PLAIN, number_grouped(ckpt_tensor_numel(tensor)).text);
    grid_cell(g, STYLE_PLAIN, number_grouped(ckpt_tensor_nbytes(tensor)).text);
    grid_cellf(g, STYLE_PLAIN, "%" PRIu32, ckpt_tensor_storage(tensor).id);
    text_clear(t);
    add_notes(in, item, t);
    grid_cell(g, STYLE_TIE, text_string(t));
    grid_end_row(g);
}

int view_params(const inspection *in) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    if (ckpt_walk_create(ckpt_root(in->c), CKPT_WALK_STATE_DICT, &walk, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    grid g;
    textbuf t = {0};
    grid_begin(&g, &in->terminal, "lllrrrl");
    put_heading(&g);
    while (!ferror(stdout) && ckpt_walk_next(walk, &item)) {
        if (inspect_selects(in, item.name, item.name_size))
            put_tensor(in, &g, &item, &t);
    }
    grid_finish(&g);
    text_free(&t);
    ckpt_walk_free(walk);
    return TOOL_FINE;
}
