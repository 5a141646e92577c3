/* SPDX-License-Identifier: MIT */
/* Values and attributes as Python writes them. */
#include "base/floattext.h"
#include "model/printer.h"

#include <ckpt/walk.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

void ck_put(ck_printer *p, const char *text, size_t size) {
    if (!p->stopped && size != 0 && !p->sink(p->ctx, text, size))
        p->stopped = true;
}

void ck_put_text(ck_printer *p, const char *text) {
    ck_put(p, text, strlen(text));
}

void ck_put_escaped(ck_printer *p, const char *text) {
    char buffer[256];
    size_t size = strlen(text);
    if (ckpt_escape(text, size, buffer, sizeof buffer) < sizeof buffer) {
        ck_put_text(p, buffer);
        return;
    }
    /* Long: in pieces of whole characters. */
    while (size > 0) {
        size_t piece = size < 24 ? size : 24;
        while (piece > 1 && piece < size && ((unsigned char)text[piece] & 0xc0) == 0x80)
            piece--;
        ckpt_escape(text, piece, buffer, sizeof buffer);
        ck_put_text(p, buffer);
        text += piece;
        size -= piece;
    }
}

/* As Python's repr: the shortest digits that give the same number back. */
static void put_float(ck_printer *p, double value) {
    char text[CK_FLOAT_TEXT_SIZE];
    if (isnan(value) || isinf(value)) {
        ck_put_text(p, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    ck_float_write(value, text);
    const char *e = strchr(text, 'e');
    if (e == NULL) {
        ck_put_text(p, text);
        return;
    }
    /* "1.0e-5" is "1e-05" in Python. */
    size_t digits = (size_t)(e - text);
    bool is_whole = digits > 2 && memcmp(e - 2, ".0", 2) == 0;
    ck_put(p, text, is_whole ? digits - 2 : digits);
    ck_put(p, e, 2);
    ck_put_text(p, e[3] == '\0' ? "0" : "");
    ck_put_text(p, e + 2);
}

static void put_value(ck_printer *p, ckpt_value value, int depth) {
    char text[32];
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: ck_put_text(p, ckpt_value_bool(value, false) ? "True" : "False"); break;
    case CKPT_VALUE_INT:
        snprintf(text, sizeof text, "%lld", (long long)ckpt_value_int(value, 0));
        ck_put_text(p, text);
        break;
    case CKPT_VALUE_FLOAT: put_float(p, ckpt_value_float(value, 0)); break;
    case CKPT_VALUE_STRING:
        ck_put_text(p, "'");
        ck_put_escaped(p, ckpt_value_string(value));
        ck_put_text(p, "'");
        break;
    case CKPT_VALUE_BYTES: ck_put_text(p, "b'...'"); break;
    case CKPT_VALUE_LIST:
        ck_put_text(p, "(");
        for (uint32_t i = 0; i < ckpt_value_count(value) && depth < 4 && !p->stopped; i++) {
            ck_put_text(p, i != 0 ? ", " : "");
            put_value(p, ckpt_value_at(value, i), depth + 1);
        }
        ck_put_text(p, depth >= 4 ? "...)" : ckpt_value_count(value) == 1 ? ",)" : ")");
        break;
    case CKPT_VALUE_MAP: ck_put_text(p, "{...}"); break;
    default: ck_put_text(p, "None"); break;
    }
}

void ck_put_attributes(ck_printer *p, ckpt_module module) {
    ckpt_value attributes = ckpt_module_attributes(module);
    for (uint32_t i = 0; i < ckpt_value_count(attributes) && !p->stopped; i++) {
        ck_put_text(p, i != 0 ? ", " : "");
        ck_put_escaped(p, ckpt_map_key(attributes, i));
        ck_put_text(p, "=");
        put_value(p, ckpt_value_at(attributes, i), 0);
    }
}

ckpt_status ck_printer_finish(const ck_printer *p, ckpt_error *err) {
    return p->stopped ? ck_fail(err, CKPT_E_CANCELLED, "the sink took no more text") : CKPT_OK;
}

ckpt_status ckpt_print_attributes(ckpt_module module, ckpt_text_sink sink, void *ctx,
                                  ckpt_error *err) {
    ck_printer p = {sink, ctx, false};
    ck_put_attributes(&p, module);
    return ck_printer_finish(&p, err);
}
