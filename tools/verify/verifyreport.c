/* SPDX-License-Identifier: MIT */
/* What ckpt-verify says while it works. */
#include <inttypes.h>
#include <stdio.h>

#include "../common/numbertext.h"
#include "verify.h"

enum { SHOWN_NAMES = 8 };

/* Names of a storage's tensors that reach into a range of it. */
typedef struct gathering {
    textbuf names;
    int shown;
} gathering;

static bool gather_name(void *ctx, const char *name) {
    gathering *g = ctx;
    if (g->shown == SHOWN_NAMES) {
        text_add(&g->names, " and more");
        g->shown++;
    }
    if (g->shown > SHOWN_NAMES)
        return false;
    text_add(&g->names, g->shown++ == 0 ? " in " : ", ");
    text_add_escaped(&g->names, name, 200);
    return true;
}

static void gather(verification *v, const ckpt_damage *damage, gathering *g) {
    ckpt_storage_layout layout = ckpt_describe_storage(damage->storage);
    uint64_t chunk_size = layout.chunk_size != 0 ? layout.chunk_size : UINT64_MAX;
    uint64_t low = layout.chunk_size != 0 ? damage->chunk * chunk_size : 0;
    uint64_t high = low > UINT64_MAX - chunk_size ? UINT64_MAX : low + chunk_size;
    if (v->outline == NULL)
        v->outline = outline_new(v->c);
    chunk_views_each_name(&v->views, v->outline, damage->storage, low, high, gather_name, g);
}

/* Of a part that is damaged as a whole there is no range to tell. */
static void add_range(textbuf *t, const ckpt_damage *damage) {
    text_addf(t, ": bytes %" PRIu64 " to %" PRIu64, damage->offset,
              damage->size != 0 ? damage->offset + damage->size - 1 : damage->offset);
    if (damage->part[0] != '\0') {
        text_add(t, " of ");
        text_add_escaped(t, damage->part, 0);
    }
}

void verify_report_damage(void *ctx, const ckpt_damage *damage) {
    verification *v = ctx;
    if (v->quiet)
        return;
    textbuf t = {0};
    gathering g = {0};
    text_add_escaped(&t, v->path, 0);
    if (ckpt_storage_exists(damage->storage)) {
        text_addf(&t, ": storage %" PRIu32 " chunk %" PRIu64, damage->storage.id, damage->chunk);
        gather(v, damage, &g);
    }
    if (damage->part[0] == '\0' || ckpt_storage_exists(damage->storage))
        add_range(&t, damage);
    text_addf(&t, "%s: %s", text_string(&g.names), damage->message);
    progress_clear(&v->progress);
    puts(text_string(&t));
    text_free(&t);
    text_free(&g.names);
}
