/* SPDX-License-Identifier: MIT */
/* Lines of text in aligned columns, on stdout. Rows are gathered and written in blocks, so that a
 * table of any length needs little memory; the columns never become narrower from one block to the
 * next. A very wide cell does not widen its column for all. */
#ifndef GRID_H
#define GRID_H

#include <stddef.h>
#include <stdint.h>

#include "terminal.h"
#include "textbuffer.h"

enum { GRID_COLUMNS = 12 };

typedef struct grid_item {
    size_t start; /* of the cell's text */
    style look;
} grid_item;

typedef struct grid_row {
    size_t first; /* of its cells */
    size_t count;
    bool is_line; /* cells stand one behind the other, in no columns */
} grid_row;

typedef struct grid {
    const terminal *terminal;
    const char *alignment;
    size_t widths[GRID_COLUMNS];
    textbuf texts; /* the cells, each with a NUL behind it */
    grid_item *items;
    size_t item_count, item_room;
    grid_row *rows;
    size_t row_count, row_room;
    size_t row_start; /* first cell of the row that is being filled */
} grid;

/* alignment has one letter for each column: 'l' or 'r'. */
void grid_begin(grid *g, const terminal *t, const char *alignment);
void grid_cell(grid *g, style look, const char *string);
void grid_cellf(grid *g, style look, const char *format, ...) TOOL_PRINTF(3, 4);
void grid_end_row(grid *g);
void grid_end_line(grid *g);
/* Writes what is left, and frees. */
void grid_finish(grid *g);

#endif
