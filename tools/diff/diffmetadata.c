/* SPDX-License-Identifier: MIT */
/* Typed values. Recursion is as deep as values are nested: at most 64. */
#include <inttypes.h>
#include <string.h>

#include "../common/numbertext.h"
#include "diff.h"

enum { SHOWN = 60 };

static void add_value(textbuf *t, ckpt_value value) {
    size_t size = 0;
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_NULL: text_add(t, "null"); break;
    case CKPT_VALUE_BOOL: text_add(t, ckpt_value_bool(value, false) ? "true" : "false"); break;
    case CKPT_VALUE_INT: text_addf(t, "int %" PRId64, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT:
        text_addf(t, "float %s", number_shortest(ckpt_value_float(value, 0), 53).text);
        break;
    case CKPT_VALUE_STRING: {
        const char *string = ckpt_value_string(value);
        text_addf(t, "\"%.*s\"%s", SHOWN, string, strlen(string) > SHOWN ? "..." : "");
        break;
    }
    case CKPT_VALUE_BYTES:
        ckpt_value_bytes(value, &size);
        text_addf(t, "bytes of %zu", size);
        break;
    case CKPT_VALUE_LIST: text_addf(t, "list of %" PRIu32, ckpt_value_count(value)); break;
    case CKPT_VALUE_MAP: text_addf(t, "map of %" PRIu32, ckpt_value_count(value)); break;
    default: text_add(t, "nothing"); break;
    }
}

static bool same_leaf(ckpt_value a, ckpt_value b) {
    size_t x_size = 0, y_size = 0;
    double x, y;
    switch (ckpt_value_kind(a)) {
    case CKPT_VALUE_BOOL: return ckpt_value_bool(a, false) == ckpt_value_bool(b, false);
    case CKPT_VALUE_INT: return ckpt_value_int(a, 0) == ckpt_value_int(b, 0);
    case CKPT_VALUE_FLOAT:
        x = ckpt_value_float(a, 0);
        y = ckpt_value_float(b, 0);
        return memcmp(&x, &y, sizeof x) == 0;
    case CKPT_VALUE_STRING: return strcmp(ckpt_value_string(a), ckpt_value_string(b)) == 0;
    case CKPT_VALUE_BYTES: {
        const void *first = ckpt_value_bytes(a, &x_size), *second = ckpt_value_bytes(b, &y_size);
        return x_size == y_size && (x_size == 0 || memcmp(first, second, x_size) == 0);
    }
    default: return true;
    }
}

/* path is what leads to the two values; it is put back. */
static void compare(diff *d, const char *kind, const char *name, textbuf *path, ckpt_value a,
                    ckpt_value b);

static void tell(diff *d, const char *kind, const char *name, const textbuf *path, ckpt_value a,
                 ckpt_value b) {
    bool only_a = ckpt_value_kind(b) == CKPT_VALUE_ABSENT;
    bool only_b = ckpt_value_kind(a) == CKPT_VALUE_ABSENT;
    textbuf t = {0};
    if (*name != '\0') {
        text_add(&t, text_string(path));
        text_add(&t, ": ");
    }
    if (!only_b)
        add_value(&t, a);
    if (!only_a) {
        text_add(&t, only_b ? "" : " and ");
        add_value(&t, b);
    }
    diff_tell(d,
              only_a   ? '-'
              : only_b ? '+'
                       : '~',
              kind, *name != '\0' ? name : text_string(path), "%s", text_string(&t));
    text_free(&t);
}

static void compare_maps(diff *d, const char *kind, const char *name, textbuf *path, ckpt_value a,
                         ckpt_value b) {
    size_t size = path->size;
    bool in_order = true;
    for (uint32_t i = 0; i < ckpt_value_count(a); i++) {
        const char *key = ckpt_map_key(a, i), *other = ckpt_map_key(b, i);
        in_order = in_order && other != NULL && strcmp(key, other) == 0;
        text_add(path, size != 0 ? "." : "");
        text_add(path, key);
        compare(d, kind, name, path, ckpt_value_at(a, i), ckpt_map_get(b, key));
        text_cut(path, size);
    }
    for (uint32_t i = 0; i < ckpt_value_count(b); i++) {
        const char *key = ckpt_map_key(b, i);
        ckpt_value own = ckpt_map_get(a, key);
        if (ckpt_value_kind(own) != CKPT_VALUE_ABSENT)
            continue;
        in_order = true;
        text_add(path, size != 0 ? "." : "");
        text_add(path, key);
        tell(d, kind, name, path, own, ckpt_value_at(b, i));
        text_cut(path, size);
    }
    if (!in_order && ckpt_value_count(a) == ckpt_value_count(b))
        diff_tell(d, '~', kind, *name != '\0' ? name : text_string(path), "keys in another order");
}

static void compare(diff *d, const char *kind, const char *name, textbuf *path, ckpt_value a,
                    ckpt_value b) {
    ckpt_value_type type = ckpt_value_kind(a);
    size_t size = path->size;
    if (type == CKPT_VALUE_MAP && ckpt_value_kind(b) == CKPT_VALUE_MAP) {
        compare_maps(d, kind, name, path, a, b);
    } else if (type == CKPT_VALUE_LIST && ckpt_value_kind(b) == CKPT_VALUE_LIST &&
               ckpt_value_count(a) == ckpt_value_count(b)) {
        for (uint32_t i = 0; i < ckpt_value_count(a); i++) {
            text_addf(path, "[%" PRIu32 "]", i);
            compare(d, kind, name, path, ckpt_value_at(a, i), ckpt_value_at(b, i));
            text_cut(path, size);
        }
    } else if (type != ckpt_value_kind(b) || ckpt_value_count(a) != ckpt_value_count(b) ||
               !same_leaf(a, b)) {
        tell(d, kind, name, path, a, b);
    }
}

void diff_compare_value(diff *d, const char *kind, const char *name, ckpt_value a, ckpt_value b) {
    textbuf path = {0};
    compare(d, kind, name, &path, a, b);
    text_free(&path);
}

void diff_compare_metadata(diff *d) {
    diff_compare_value(d, "metadata", "", ckpt_metadata(d->a.c), ckpt_metadata(d->b.c));
}
