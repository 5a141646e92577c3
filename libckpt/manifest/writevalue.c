/* SPDX-License-Identifier: MIT */
#include "manifest/writevalue.h"

#include "manifest/base64.h"
#include "base/floattext.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void write_value(ck_yaml_writer *w, ckpt_value value);

static void write_float(ck_yaml_writer *w, double value) {
    char text[CK_FLOAT_TEXT_SIZE];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!isnan(value) || bits == 0x7ff8000000000000u) {
        ck_float_write(value, text);
        ck_yaml_write_plain(w, text);
        return;
    }
    snprintf(text, sizeof text, "0x%016" PRIx64, bits);
    ck_yaml_begin_map(w, CK_YAML_FLOW, NULL);
    ck_yaml_write_plain(w, "$float");
    ck_yaml_write_text(w, text);
    ck_yaml_end_map(w);
}

static void write_bytes(ck_yaml_writer *w, ckpt_value value) {
    size_t size = 0;
    const void *bytes = ckpt_value_bytes(value, &size);
    size_t length = ck_base64_length(size);
    char *text = ck_alloc(&w->memory, length, 1);
    if (text == NULL) {
        w->failed = true;
        return;
    }
    ck_base64_write(bytes, size, text);
    ck_yaml_begin_map(w, CK_YAML_FLOW, NULL);
    ck_yaml_write_plain(w, "$bytes");
    ck_yaml_write_string(w, text, length);
    ck_yaml_end_map(w);
    ck_free(&w->memory, text, length, 1);
}

static void write_list(ck_yaml_writer *w, ckpt_value list) {
    uint32_t count = ckpt_value_count(list);
    ck_yaml_begin_list(w, CK_YAML_FLOW);
    for (uint32_t i = 0; i < count; i++)
        write_value(w, ckpt_value_at(list, i));
    ck_yaml_end_list(w);
}

/* The nesting of values is bounded by the object model, and so is this recursion. */
static void write_value(ck_yaml_writer *w, ckpt_value value) {
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: ck_yaml_write_bool(w, ckpt_value_bool(value, false)); break;
    case CKPT_VALUE_INT: ck_yaml_write_int(w, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: write_float(w, ckpt_value_float(value, 0)); break;
    case CKPT_VALUE_STRING: ck_yaml_write_text(w, ckpt_value_string(value)); break;
    case CKPT_VALUE_BYTES: write_bytes(w, value); break;
    case CKPT_VALUE_LIST: write_list(w, value); break;
    case CKPT_VALUE_MAP: ck_write_value_map(w, value, CK_YAML_FLOW); break;
    case CKPT_VALUE_NULL:
    case CKPT_VALUE_ABSENT: ck_yaml_write_plain(w, "null"); break;
    }
}

/* A key that begins with '$' gets one more, so that it cannot be taken for a special form. */
static void write_key(ck_yaml_writer *w, const char *key) {
    size_t size = strlen(key);
    if (key[0] != '$') {
        ck_yaml_write_string(w, key, size);
        return;
    }
    char *escaped = ck_alloc(&w->memory, size + 1, 1);
    if (escaped == NULL) {
        w->failed = true;
        return;
    }
    escaped[0] = '$';
    memcpy(escaped + 1, key, size);
    ck_yaml_write_string(w, escaped, size + 1);
    ck_free(&w->memory, escaped, size + 1, 1);
}

void ck_write_value_map(ck_yaml_writer *w, ckpt_value map, ck_yaml_style style) {
    uint32_t count = ckpt_value_count(map);
    ck_yaml_begin_map(w, style, NULL);
    for (uint32_t i = 0; i < count; i++) {
        write_key(w, ckpt_map_key(map, i));
        write_value(w, ckpt_value_at(map, i));
    }
    ck_yaml_end_map(w);
}
