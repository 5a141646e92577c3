/* SPDX-License-Identifier: MIT */
/* --storages: a line for each storage, with the names that view it. */
#include <inttypes.h>
#include <string.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"

enum { SHOWN_NAMES = 4 };

/* Gathers the names of a storage: those of one tensor are joined by " = ", tensors by ", ". */
typedef struct gathering {
    const inspection *in;
    textbuf names;
    uint64_t shown;
    bool first_of_tensor;
    bool selected;
} gathering;

static bool gather_name(void *ctx, const char *name) {
    gathering *g = ctx;
    if (!g->in->options.full && g->shown == SHOWN_NAMES)
        return false;
    if (g->shown++ != 0)
        text_add(&g->names, g->first_of_tensor ? ", " : " = ");
    text_add_escaped(&g->names, name, 0);
    g->first_of_tensor = false;
    return true;
}

static bool match_name(void *ctx, const char *name) {
    gathering *g = ctx;
    g->selected = inspect_selects(g->in, name, strlen(name));
    return !g->selected;
}

static uint64_t add_saturating(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* All names of a storage, and how many there are. */
static uint64_t gather(gathering *g, uint32_t storage) {
    const outline *o = g->in->outline;
    uint64_t names = 0;
    text_clear(&g->names);
    g->shown = 0;
    g->selected = g->in->options.pattern_count == 0;
    if (o->storages[storage].tensors == 0)
        return 0;
    for (uint32_t v = o->storages[storage].first; v != UINT32_MAX; v = o->next_view[v]) {
        names = add_saturating(names, outline_tensor_names(o, v));
        g->first_of_tensor = true;
        if (g->in->options.full || g->shown < SHOWN_NAMES)
            outline_each_name(o, v, gather_name, g);
        if (!g->selected)
            outline_each_name(o, v, match_name, g);
    }
    if (names > g->shown)
        text_addf(&g->names, " and %s more", number_grouped(names - g->shown).text);
    return names;
}

/* There is a column for parts where there are parts. */
static void put_heading(grid *g, bool has_parts) {
    static const char *const words[] = {"storage",  "bytes",  "offset", "stored",
                                        "encoding", "chunks", "part",   "names"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (has_parts || strcmp(words[i], "part") != 0)
            grid_cell(g, STYLE_FAINT, words[i]);
    }
    grid_end_row(g);
}

static void put_part(grid *g, const ckpt_storage_layout *layout) {
    textbuf t = {0};
    text_add_escaped(&t, layout->part[0] != '\0' ? layout->part : "-", 0);
    grid_cell(g, STYLE_PLAIN, text_string(&t));
    text_free(&t);
}

/* "planes 66.5 %": what is left of an encoded storage. */
static void put_encoding(grid *g, const ckpt_storage_layout *layout, uint64_t size) {
    bool is_raw = size == layout->stored_size;
    if (is_raw)
        grid_cell(g, STYLE_TYPE, layout->encoding);
    else
        grid_cellf(g, STYLE_TYPE, "%s %.1f %%", layout->encoding,
                   100.0 * (double)layout->stored_size / (double)size);
}

static void put_storage(grid *g, ckpt_storage storage, const char *names, bool several,
                        bool has_parts) {
    ckpt_storage_layout layout = ckpt_describe_storage(storage);
    bool placed = layout.encoding != NULL && *layout.encoding != '\0';
    grid_cellf(g, STYLE_NAME, "%" PRIu32, storage.id);
    grid_cell(g, STYLE_PLAIN, number_grouped(ckpt_storage_size(storage)).text);
    grid_cell(g, STYLE_PLAIN, placed ? number_grouped(layout.offset).text : "-");
    grid_cell(g, STYLE_PLAIN, placed ? number_grouped(layout.stored_size).text : "-");
    if (placed)
        put_encoding(g, &layout, ckpt_storage_size(storage));
    else
        grid_cell(g, STYLE_TYPE, "-");
    grid_cell(g, STYLE_PLAIN,
              layout.chunk_size != 0 ? number_grouped(layout.chunk_count).text : "-");
    if (has_parts)
        put_part(g, &layout);
    grid_cell(g, several ? STYLE_TIE : STYLE_PLAIN, names);
    grid_end_row(g);
}

static void put_sums(grid *g, uint64_t shown, uint64_t bytes, uint64_t stored, uint64_t several) {
    textbuf t = {0};
    number_add_count(&t, shown, "storage");
    text_addf(&t, ", %s", number_of_bytes(bytes).text);
    if (stored != bytes)
        text_addf(&t, ", in the file %s (%.1f %%)", number_of_bytes(stored).text,
                  100.0 * (double)stored / (double)bytes);
    if (several != 0)
        text_addf(&t, "; %s under several names", number_grouped(several).text);
    grid_cell(g, STYLE_PLAIN, text_string(&t));
    grid_end_line(g);
    text_free(&t);
}

int view_storages(const inspection *in) {
    gathering names = {.in = in};
    grid g;
    uint64_t shown = 0, bytes = 0, stored = 0, several = 0;
    bool has_parts = ckpt_part_count(in->c) != 0;
    grid_begin(&g, &in->terminal, has_parts ? "rrrrlrll" : "rrrrlrl");
    put_heading(&g, has_parts);
    for (uint32_t i = 0; i < ckpt_storage_count(in->c) && !ferror(stdout); i++) {
        ckpt_storage storage = ckpt_storage_by_id(in->c, i);
        uint64_t count = gather(&names, i);
        if (!names.selected)
            continue;
        put_storage(&g, storage, text_string(&names.names), count > 1, has_parts);
        shown++;
        several += count > 1;
        bytes = add_saturating(bytes, ckpt_storage_size(storage));
        stored = add_saturating(stored, ckpt_describe_storage(storage).stored_size);
    }
    put_sums(&g, shown, bytes, stored, several);
    grid_finish(&g);
    text_free(&names.names);
    return TOOL_FINE;
}
