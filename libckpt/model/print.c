/* SPDX-License-Identifier: MIT */
/* The module tree as PyTorch's print(net) shows it. */
#include "base/floattext.h"
#include "model/object.h"

#include <ckpt/walk.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct printer {
    ckpt_text_sink sink;
    void *ctx;
    bool stopped;
} printer;

static void put(printer *p, const char *text, size_t size) {
    if (!p->stopped && size != 0 && !p->sink(p->ctx, text, size))
        p->stopped = true;
}

static void put_text(printer *p, const char *text) {
    put(p, text, strlen(text));
}

static void put_escaped(printer *p, const char *text) {
    char buffer[256];
    size_t size = strlen(text);
    if (ckpt_escape(text, size, buffer, sizeof buffer) < sizeof buffer) {
        put_text(p, buffer);
        return;
    }
    /* Long: in pieces of whole characters. */
    while (size > 0) {
        size_t piece = size < 24 ? size : 24;
        while (piece > 1 && piece < size && ((unsigned char)text[piece] & 0xc0) == 0x80)
            piece--;
        ckpt_escape(text, piece, buffer, sizeof buffer);
        put_text(p, buffer);
        text += piece;
        size -= piece;
    }
}

static void put_spaces(printer *p, uint32_t count) {
    while (count-- > 0)
        put(p, " ", 1);
}

/* As Python's repr: the shortest digits that give the same number back. */
static void put_float(printer *p, double value) {
    char text[CK_FLOAT_TEXT_SIZE];
    if (isnan(value) || isinf(value)) {
        put_text(p, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    ck_float_write(value, text);
    const char *e = strchr(text, 'e');
    if (e == NULL) {
        put_text(p, text);
        return;
    }
    /* "1.0e-5" is "1e-05" in Python. */
    size_t digits = (size_t)(e - text);
    bool is_whole = digits > 2 && memcmp(e - 2, ".0", 2) == 0;
    put(p, text, is_whole ? digits - 2 : digits);
    put(p, e, 2);
    put_text(p, e[3] == '\0' ? "0" : "");
    put_text(p, e + 2);
}

static void put_value(printer *p, ckpt_value value, int depth) {
    char text[32];
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: put_text(p, ckpt_value_bool(value, false) ? "True" : "False"); break;
    case CKPT_VALUE_INT:
        snprintf(text, sizeof text, "%lld", (long long)ckpt_value_int(value, 0));
        put_text(p, text);
        break;
    case CKPT_VALUE_FLOAT: put_float(p, ckpt_value_float(value, 0)); break;
    case CKPT_VALUE_STRING:
        put_text(p, "'");
        put_escaped(p, ckpt_value_string(value));
        put_text(p, "'");
        break;
    case CKPT_VALUE_BYTES: put_text(p, "b'...'"); break;
    case CKPT_VALUE_LIST:
        put_text(p, "(");
        for (uint32_t i = 0; i < ckpt_value_count(value) && depth < 4 && !p->stopped; i++) {
            put_text(p, i != 0 ? ", " : "");
            put_value(p, ckpt_value_at(value, i), depth + 1);
        }
        put_text(p, depth >= 4 ? "...)" : ckpt_value_count(value) == 1 ? ",)" : ")");
        break;
    case CKPT_VALUE_MAP: put_text(p, "{...}"); break;
    default: put_text(p, "None"); break;
    }
}

static void put_attributes(printer *p, ckpt_module module) {
    ckpt_value attributes = ckpt_module_attributes(module);
    for (uint32_t i = 0; i < ckpt_value_count(attributes) && !p->stopped; i++) {
        put_text(p, i != 0 ? ", " : "");
        put_escaped(p, ckpt_map_key(attributes, i));
        put_text(p, "=");
        put_value(p, ckpt_value_at(attributes, i), 0);
    }
}

static ckpt_status finish(const printer *p, ckpt_error *err) {
    return p->stopped ? ck_fail(err, CKPT_E_CANCELLED, "the sink took no more text") : CKPT_OK;
}

ckpt_status ckpt_print_attributes(ckpt_module module, ckpt_text_sink sink, void *ctx,
                                  ckpt_error *err) {
    printer p = {sink, ctx, false};
    put_attributes(&p, module);
    return finish(&p, err);
}

static bool has_children(ckpt_module module) {
    return ckpt_module_exists(ckpt_module_at(module, 0));
}

/* "Linear(in_features=4)" or, with children, "Sequential(" with the attributes on a line of their
 * own when there are any, as PyTorch's extra_repr. The closing parenthesis is the caller's. */
static void open_module(printer *p, ckpt_module module, uint32_t depth) {
    const char *type = ckpt_module_type(module);
    if (type[0] != '\0')
        put_escaped(p, type);
    else
        put_text(p, "Module");
    put_text(p, "(");
    if (!has_children(module)) {
        put_attributes(p, module);
    } else if (ckpt_value_count(ckpt_module_attributes(module)) != 0) {
        put_text(p, "\n");
        put_spaces(p, 2 * depth + 2);
        put_attributes(p, module);
    }
}

static void close_to(printer *p, uint32_t *open, uint32_t depth) {
    while (*open > depth) {
        (*open)--;
        put_text(p, "\n");
        put_spaces(p, 2 * *open);
        put_text(p, ")");
    }
}

static void print_item(printer *p, const ckpt_walk_item *item, uint32_t *open) {
    close_to(p, open, item->depth);
    put_text(p, "\n");
    put_spaces(p, 2 * item->depth);
    put_text(p, "(");
    put_escaped(p, item->component);
    put_text(p, "): ");
    open_module(p, item->module, item->depth);
    if (has_children(item->module))
        *open = item->depth + 1;
    else
        put_text(p, ")");
}

ckpt_status ckpt_print_module(ckpt_module module, ckpt_text_sink sink, void *ctx,
                              ckpt_error *err) {
    printer p = {sink, ctx, false};
    ckpt_walk *walk;
    ckpt_walk_item item;
    uint32_t open = has_children(module) ? 1 : 0;
    ckpt_status status = ckpt_walk_create(module, CKPT_WALK_EVERYTHING, &walk, err);
    if (status != CKPT_OK)
        return status;
    open_module(&p, module, 0);
    while (!p.stopped && ckpt_walk_next(walk, &item)) {
        if (!ckpt_tensor_exists(item.tensor))
            print_item(&p, &item, &open);
    }
    close_to(&p, &open, 0);
    if (!has_children(module))
        put_text(&p, ")");
    put_text(&p, "\n");
    ckpt_walk_free(walk);
    return finish(&p, err);
}
