/* SPDX-License-Identifier: MIT */
/* --stats: a line of statistics for each selected tensor. */
#include <stdlib.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"
#include "statistics.h"

static void put_heading(grid *g) {
    static const char *const words[] = {"name", "dtype", "shape", "min", "max",      "mean",
                                        "std",  "zeros", "nan",   "inf", "histogram"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        grid_cell(g, STYLE_FAINT, words[i]);
    grid_end_row(g);
}

/* A bar for each bin; the highest bin has the full height, an empty one is blank. */
static void put_histogram(grid *g, const statistics *s) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const letters[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
    const char *const *bars = g->terminal->utf8 ? blocks : letters;
    uint64_t highest = 0;
    textbuf t = {0};
    for (int i = 0; i < STATISTICS_BINS; i++)
        highest = s->bins[i] > highest ? s->bins[i] : highest;
    if (highest != 0) {
        text_add(&t, "|");
        for (int i = 0; i < STATISTICS_BINS; i++) {
            double part = (double)s->bins[i] / (double)highest;
            text_add(&t, bars[s->bins[i] == 0 ? 0 : 1 + (int)(part * 7)]);
        }
        text_add(&t, "|");
    }
    grid_cell(g, STYLE_TYPE, text_string(&t));
    text_free(&t);
}

static void put_count(grid *g, uint64_t count, bool is_bad) {
    grid_cell(g, is_bad && count != 0 ? STYLE_WARNING : STYLE_PLAIN, number_grouped(count).text);
}

static void put_numbers(grid *g, const statistics *s) {
    const double numbers[] = {s->min, s->max, s->mean, s->std};
    for (int i = 0; i < 4; i++)
        grid_cell(g, STYLE_PLAIN, s->finite != 0 ? number_brief(numbers[i]).text : "-");
    put_count(g, s->zeros, false);
    put_count(g, s->nans, true);
    put_count(g, s->infinities, true);
    put_histogram(g, s);
}

static int put_tensor(grid *g, const ckpt_walk_item *item) {
    statistics s;
    ckpt_status status;
    ckpt_error err;
    textbuf t = {0};
    const char *reason = statistics_of(item->tensor, &s, &status, &err);
    if (status != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    text_add_escaped_bytes(&t, item->name, item->name_size, 0);
    grid_cell(g, STYLE_NAME, text_string(&t));
    grid_cell(g, STYLE_TYPE, ckpt_tensor_dtype_info(item->tensor).name);
    text_clear(&t);
    number_add_list(&t, ckpt_tensor_shape(item->tensor), ckpt_tensor_rank(item->tensor));
    grid_cell(g, STYLE_PLAIN, text_string(&t));
    text_free(&t);
    if (reason != NULL)
        grid_cell(g, STYLE_FAINT, reason);
    else
        put_numbers(g, &s);
    grid_end_row(g);
    return TOOL_FINE;
}

int view_stats(const inspection *in) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    if (ckpt_walk_create(ckpt_root(in->c), CKPT_WALK_STATE_DICT, &walk, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    bool *seen = tool_new(ckpt_tensor_count(in->c), sizeof *seen);
    grid g;
    int status = TOOL_FINE;
    grid_begin(&g, &in->terminal, "lllrrrrrrrl");
    put_heading(&g);
    /* A tied tensor once, under the first of its names that is selected. */
    while (status == TOOL_FINE && !ferror(stdout) && ckpt_walk_next(walk, &item)) {
        if (seen[item.tensor.id] || !inspect_selects(in, item.name, item.name_size))
            continue;
        seen[item.tensor.id] = true;
        status = put_tensor(&g, &item);
    }
    grid_finish(&g);
    free(seen);
    ckpt_walk_free(walk);
    return status;
}
