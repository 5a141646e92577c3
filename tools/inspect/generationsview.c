/* SPDX-License-Identifier: MIT */
/* --generations: the complete states that a .ckpt file holds. */
#include <inttypes.h>
#include <stdlib.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"

static void put_heading(grid *g) {
    static const char *const words[] = {"generation", "file size", "index offset", "index", ""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        grid_cell(g, STYLE_FAINT, words[i]);
    grid_end_row(g);
}

static void put_generation(grid *g, ckpt_generation generation, bool is_open) {
    grid_cellf(g, STYLE_NAME, "%" PRIu64, generation.number);
    grid_cell(g, STYLE_PLAIN, number_grouped(generation.index_offset + generation.index_size).text);
    grid_cell(g, STYLE_PLAIN, number_grouped(generation.index_offset).text);
    grid_cell(g, STYLE_PLAIN, number_grouped(generation.index_size).text);
    grid_cell(g, STYLE_TYPE, is_open ? "shown" : "");
    grid_end_row(g);
}

int view_generations(const inspection *in) {
    ckpt_file_info info = ckpt_describe_file(in->c);
    uint32_t count = ckpt_generations(in->c, NULL, 0);
    grid g;
    if (count == 0)
        return tool_fail(INSPECT, "%s files have no generations", info.format);
    ckpt_generation *generations = tool_new(count, sizeof *generations);
    ckpt_generations(in->c, generations, count);
    grid_begin(&g, &in->terminal, "rrrrl");
    put_heading(&g);
    for (uint32_t i = count; i > 0; i--)
        put_generation(&g, generations[i - 1], i == 1);
    free(generations);
    if (info.retired_size != 0) {
        grid_cellf(&g, STYLE_PLAIN, "%s in older generations only",
                   number_of_bytes(info.retired_size).text);
        grid_end_line(&g);
    }
    grid_finish(&g);
    return TOOL_FINE;
}
