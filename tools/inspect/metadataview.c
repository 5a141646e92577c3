/* SPDX-License-Identifier: MIT */
/* --metadata: the tree of typed values; --manifest: the text that the library writes. */
#include <inttypes.h>

#include "../common/numbertext.h"
#include "inspect.h"

/* Without --full: characters of a string and bytes that are shown; elements of a list, when it has
 * more than the sum, at its beginning and at its end. */
enum { STRING = 200, BYTES = 16, FIRST_ELEMENTS = 8, LAST_ELEMENTS = 2 };

typedef struct metadata {
    const inspection *in;
    textbuf line;
} metadata;

static void add_bytes(metadata *m, ckpt_value value) {
    size_t size = 0;
    const unsigned char *bytes = ckpt_value_bytes(value, &size);
    text_addf(&m->line, "of %s", number_grouped(size).text);
    size_t shown = m->in->options.full || size < BYTES ? size : BYTES;
    for (size_t i = 0; i < shown; i++)
        text_addf(&m->line, "%s%02x", i == 0 ? ": " : " ", bytes[i]);
    if (shown < size)
        text_add(&m->line, " ...");
}

static void add_scalar(metadata *m, ckpt_value value) {
    textbuf *t = &m->line;
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: text_add(t, ckpt_value_bool(value, false) ? "true" : "false"); break;
    case CKPT_VALUE_INT: text_addf(t, "%" PRId64, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: text_add(t, number_shortest(ckpt_value_float(value, 0), 53).text); break;
    case CKPT_VALUE_STRING:
        text_add(t, "\"");
        text_add_escaped(t, ckpt_value_string(value), m->in->options.full ? 0 : STRING);
        text_add(t, "\"");
        break;
    case CKPT_VALUE_BYTES: add_bytes(m, value); break;
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP: text_addf(t, "of %s", number_grouped(ckpt_value_count(value)).text); break;
    default: break;
    }
}

static const char *type_name(ckpt_value value) {
    static const char *const names[] = {"null",   "bool",  "int",  "float",
                                        "string", "bytes", "list", "map"};
    ckpt_value_type kind = ckpt_value_kind(value);
    return kind <= CKPT_VALUE_MAP ? names[kind] : "";
}

/* A line for the elements that are left out; the number of the one that comes after them. */
static uint32_t leave_out(const metadata *m, uint32_t count, int indent) {
    if (m->in->options.full || count <= FIRST_ELEMENTS + LAST_ELEMENTS)
        return FIRST_ELEMENTS;
    uint32_t rest = count - FIRST_ELEMENTS - LAST_ELEMENTS;
    printf("%*s... %s more (--full)\n", 2 * indent, "", number_grouped(rest).text);
    return count - LAST_ELEMENTS;
}

static void show_elements(metadata *m, ckpt_value container, int indent) {
    bool is_map = ckpt_value_kind(container) == CKPT_VALUE_MAP;
    if (!is_map && ckpt_value_kind(container) != CKPT_VALUE_LIST)
        return;
    for (uint32_t i = 0; i < ckpt_value_count(container) && !ferror(stdout); i++) {
        if (!is_map && i == FIRST_ELEMENTS)
            i = leave_out(m, ckpt_value_count(container), indent);
        ckpt_value value = ckpt_value_at(container, i);
        text_clear(&m->line);
        for (int k = 0; k < indent; k++)
            text_add(&m->line, "  ");
        if (is_map)
            text_add_escaped(&m->line, ckpt_map_key(container, i), 0);
        else
            text_addf(&m->line, "%" PRIu32, i);
        text_add(&m->line, ": ");
        terminal_put(&m->in->terminal, STYLE_NAME, text_string(&m->line));
        terminal_put(&m->in->terminal, STYLE_TYPE, type_name(value));
        text_clear(&m->line);
        add_scalar(m, value);
        if (m->line.size != 0)
            printf(" %s", text_string(&m->line));
        putchar('\n');
        show_elements(m, value, indent + 1);
    }
}

int view_metadata(const inspection *in) {
    metadata m = {.in = in};
    ckpt_value map = ckpt_metadata(in->c);
    if (ckpt_value_count(map) == 0)
        puts("no metadata");
    show_elements(&m, map, 0);
    text_free(&m.line);
    return TOOL_FINE;
}

int view_manifest(const inspection *in) {
    char *manifest;
    size_t size;
    ckpt_error err;
    if (ckpt_manifest_write(in->c, &manifest, &size, &err) != CKPT_OK)
        return tool_fail(INSPECT, "%s", err.message);
    fwrite(manifest, 1, size, stdout);
    ckpt_buffer_free(in->c, manifest, size + 1);
    return TOOL_FINE;
}
