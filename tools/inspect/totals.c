/* SPDX-License-Identifier: MIT */
/* The first line of the overview, and the sums at its end. */
#include <inttypes.h>

#include "../common/grid.h"
#include "../common/numbertext.h"
#include "inspect.h"

static void add_parts(const inspection *in, textbuf *t) {
    uint64_t size = 0;
    uint32_t count = ckpt_part_count(in->c);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t more = ckpt_part_at(in->c, i).size;
        size = more > UINT64_MAX - size ? UINT64_MAX : size + more;
    }
    if (count == 0)
        return;
    text_add(t, ", with ");
    number_add_count(t, count, "part");
    text_addf(t, " of %s", number_of_bytes(size).text);
}

static void put_problems(const inspection *in) {
    for (uint32_t i = 0; i < ckpt_part_count(in->c); i++) {
        ckpt_part part = ckpt_part_at(in->c, i);
        if (part.problem[0] == '\0')
            continue;
        textbuf t = {0};
        text_addf(&t, "WARNING: %s", part.problem);
        terminal_put(&in->terminal, STYLE_WARNING, text_string(&t));
        putchar('\n');
        text_free(&t);
    }
}

int view_header(const inspection *in) {
    ckpt_file_info info = ckpt_describe_file(in->c);
    textbuf t = {0};
    text_add_escaped(&t, in->options.path, 0);
    terminal_put(&in->terminal, STYLE_NAME, text_string(&t));
    text_clear(&t);
    text_addf(&t, ": %s", info.format);
    if (info.version_major != 0 || info.version_minor != 0)
        text_addf(&t, " %u.%u", info.version_major, info.version_minor);
    text_addf(&t, ", %s", number_of_bytes(info.file_size).text);
    if (info.generation > 1)
        text_addf(&t, ", generation %" PRIu64, info.generation);
    add_parts(in, &t);
    terminal_put(&in->terminal, STYLE_PLAIN, text_string(&t));
    putchar('\n');
    put_problems(in);
    if (info.recovered != NULL && *info.recovered != '\0') {
        text_clear(&t);
        text_addf(&t, "WARNING: %s", info.recovered);
        terminal_put(&in->terminal, STYLE_WARNING, text_string(&t));
        putchar('\n');
    }
    text_free(&t);
    return TOOL_FINE;
}

/* "3,466 in 6 tensors" */
static void add_elements(textbuf *t, uint64_t elements, uint64_t tensors) {
    if (tensors == 0) {
        text_add(t, "none");
        return;
    }
    text_addf(t, "%s in ", number_grouped(elements).text);
    number_add_count(t, tensors, "tensor");
}

static void add_tensors(const inspection *in, textbuf *parameters, textbuf *buffers,
                        const ckpt_summary *s) {
    uint64_t parameter_tensors = 0;
    for (uint32_t i = 0; i < ckpt_tensor_count(in->c); i++)
        parameter_tensors += ckpt_tensor_is_parameter(ckpt_tensor_by_id(in->c, i));
    add_elements(parameters, s->parameters, parameter_tensors);
    add_elements(buffers, s->buffers, s->tensors - parameter_tensors);
}

static void add_counts(textbuf *t, const ckpt_summary *s) {
    text_add(t, number_grouped(s->tensors).text);
    if (s->names != s->tensors) {
        text_add(t, " under ");
        number_add_count(t, s->names, "name");
    }
    text_add(t, " in ");
    number_add_count(t, s->modules, "module");
}

static void add_weights(textbuf *t, const ckpt_summary *s) {
    text_addf(t, "%s in ", number_of_bytes(s->storage_bytes).text);
    number_add_count(t, s->storages, "storage");
    if (s->untied_bytes > s->storage_bytes)
        text_addf(t, "; ties save %s", number_of_bytes(s->untied_bytes - s->storage_bytes).text);
}

static void add_metadata(const inspection *in, textbuf *t) {
    enum { SHOWN = 6 };
    ckpt_value map = ckpt_metadata(in->c);
    uint32_t count = ckpt_value_count(map);
    if (count == 0) {
        text_add(t, "none");
        return;
    }
    for (uint32_t i = 0; i < count && i < SHOWN; i++) {
        text_add(t, i != 0 ? ", " : "");
        text_add_escaped(t, ckpt_map_key(map, i), 40);
    }
    if (count > SHOWN)
        text_addf(t, " and %s more", number_grouped(count - SHOWN).text);
    text_add(t, " (--metadata)");
}

static void add_integrity(const inspection *in, textbuf *t, const ckpt_summary *s) {
    ckpt_file_info info = ckpt_describe_file(in->c);
    if (info.index_size == 0 && info.storages_checked == 0) {
        text_addf(t, "structure checked; the format %s has no checksums", info.format);
        return;
    }
    text_add(t, info.index_size == 0 ? "structure checked; " : "index checked; ");
    if (info.storages_checked == 0)
        text_add(t, "no checksums of the payload");
    else if (info.storages_checked < s->storages)
        text_addf(t, "%" PRIu32 " of %s storages have checksums (ckpt-verify compares them)",
                  info.storages_checked, number_grouped(s->storages).text);
    else
        text_add(t, "all storages have checksums (ckpt-verify compares them)");
}

static void put_total(grid *g, const char *label, textbuf *t) {
    grid_cell(g, STYLE_FAINT, label);
    grid_cell(g, STYLE_PLAIN, text_string(t));
    grid_end_row(g);
    text_clear(t);
}

int view_totals(const inspection *in) {
    ckpt_summary s;
    ckpt_error err;
    if (ckpt_summarize(ckpt_root(in->c), &s, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    grid g;
    textbuf t = {0}, buffers = {0};
    grid_begin(&g, &in->terminal, "ll");
    add_tensors(in, &t, &buffers, &s);
    put_total(&g, "parameters", &t);
    put_total(&g, "buffers", &buffers);
    add_counts(&t, &s);
    put_total(&g, "tensors", &t);
    add_weights(&t, &s);
    put_total(&g, "weights", &t);
    add_metadata(in, &t);
    put_total(&g, "metadata", &t);
    add_integrity(in, &t, &s);
    put_total(&g, "integrity", &t);
    grid_finish(&g);
    text_free(&t);
    text_free(&buffers);
    return TOOL_FINE;
}
