/* SPDX-License-Identifier: MIT */
#include "grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, WIDEST = 64, GAP = 2 };

void grid_begin(grid *g, const terminal *t, const char *alignment) {
    *g = (grid){.terminal = t, .alignment = alignment};
}

static void add_item(grid *g, size_t start, style look) {
    g->items = tool_grow(g->items, g->item_count, &g->item_room, sizeof *g->items);
    g->items[g->item_count++] = (grid_item){.start = start, .look = look};
}

void grid_cell(grid *g, style look, const char *string) {
    add_item(g, g->texts.size, look);
    text_add_bytes(&g->texts, string, strlen(string) + 1);
}

void grid_cellf(grid *g, style look, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char small[256];
    vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    grid_cell(g, look, small);
}

static const char *item_text(const grid *g, size_t i) {
    return g->texts.data + g->items[i].start;
}

static void measure(grid *g) {
    for (size_t r = 0; r < g->row_count; r++) {
        const grid_row *row = &g->rows[r];
        for (size_t i = 0; i < row->count && !row->is_line; i++) {
            size_t width = text_width(item_text(g, row->first + i));
            if (width > g->widths[i])
                g->widths[i] = width < WIDEST ? width : WIDEST;
        }
    }
}

static void put_spaces(size_t count) {
    while (count-- > 0)
        putchar(' ');
}

static void put_row(const grid *g, const grid_row *row) {
    size_t owed = 0; /* spaces, which are not written at the end of a line */
    for (size_t i = 0; i < row->count; i++) {
        const char *string = item_text(g, row->first + i);
        size_t width = text_width(string);
        size_t padding = width < g->widths[i] ? g->widths[i] - width : 0;
        bool right = g->alignment[i] == 'r';
        if (width != 0) {
            put_spaces(owed + (right ? padding : 0));
            terminal_put(g->terminal, g->items[row->first + i].look, string);
            owed = right ? 0 : padding;
        } else {
            owed += padding;
        }
        owed += GAP;
    }
    putchar('\n');
}

static void put_line(const grid *g, const grid_row *row) {
    for (size_t i = row->first; i < row->first + row->count; i++)
        terminal_put(g->terminal, g->items[i].look, item_text(g, i));
    putchar('\n');
}

static void flush_block(grid *g) {
    measure(g);
    for (size_t r = 0; r < g->row_count && !ferror(stdout); r++) {
        if (g->rows[r].is_line)
            put_line(g, &g->rows[r]);
        else
            put_row(g, &g->rows[r]);
    }
    g->row_count = 0;
    g->item_count = 0;
    g->row_start = 0;
    text_clear(&g->texts);
}

static void end(grid *g, bool is_line) {
    g->rows = tool_grow(g->rows, g->row_count, &g->row_room, sizeof *g->rows);
    g->rows[g->row_count++] = (grid_row){
        .first = g->row_start, .count = g->item_count - g->row_start, .is_line = is_line};
    g->row_start = g->item_count;
    if (g->row_count == BLOCK_ROWS)
        flush_block(g);
}

void grid_end_row(grid *g) {
    end(g, false);
}

void grid_end_line(grid *g) {
    end(g, true);
}

void grid_finish(grid *g) {
    flush_block(g);
    free(g->items);
    free(g->rows);
    text_free(&g->texts);
}
