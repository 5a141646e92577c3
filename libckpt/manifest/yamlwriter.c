/* SPDX-License-Identifier: MIT */
#include "manifest/yamlwriter.h"

#include "base/utf8.h"
#include "manifest/plainscalar.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool append(ck_yaml_writer *w, const char *text, size_t size) {
    return ck_buffer_append(&w->memory, &w->text, text, size);
}

/* libyaml hands over whole characters. It escapes control characters, but not those that reorder or
 * hide text; they can stand in double quotes only, since plain scalars are ASCII. */
static int append_text(void *data, unsigned char *bytes, size_t size) {
    const char *p = (const char *)bytes, *end = p + size, *written = p;
    while (p < end) {
        const char *before = p;
        uint32_t code_point = ck_utf8_next(&p, (size_t)(end - p));
        if (code_point < 0x80 || !ck_code_point_is_unsafe(code_point))
            continue;
        char escape[16];
        snprintf(escape, sizeof escape, code_point > 0xffff ? "\\U%08" PRIX32 : "\\u%04" PRIX32,
                 code_point);
        if (!append(data, written, (size_t)(before - written)) ||
            !append(data, escape, strlen(escape)))
            return 0;
        written = p;
    }
    return append(data, written, (size_t)(end - written));
}

/* Takes the result of making an event, and the event. */
static void emit(ck_yaml_writer *w, int made, yaml_event_t *event) {
    if (!made) {
        w->failed = true;
        return;
    }
    if (w->failed)
        yaml_event_delete(event);
    else if (!yaml_emitter_emit(&w->emitter, event))
        w->failed = true;
}

void ck_yaml_writer_open(ck_yaml_writer *w, const ck_memory *memory) {
    memset(w, 0, sizeof *w);
    w->memory = *memory;
    yaml_event_t event;
    if (!yaml_emitter_initialize(&w->emitter)) {
        w->failed = true;
        return;
    }
    w->has_emitter = true;
    yaml_emitter_set_output(&w->emitter, append_text, w);
    yaml_emitter_set_unicode(&w->emitter, 1);
    yaml_emitter_set_indent(&w->emitter, 2);
    yaml_emitter_set_width(&w->emitter, -1);
    yaml_emitter_set_break(&w->emitter, YAML_LN_BREAK);
    emit(w, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
    emit(w, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
}

ckpt_status ck_yaml_writer_end(ck_yaml_writer *w, ckpt_error *err) {
    yaml_event_t event;
    emit(w, yaml_document_end_event_initialize(&event, 1), &event);
    emit(w, yaml_stream_end_event_initialize(&event), &event);
    return w->failed ? ck_fail_nomem(err) : CKPT_OK;
}

void ck_yaml_writer_close(ck_yaml_writer *w) {
    if (w->has_emitter)
        yaml_emitter_delete(&w->emitter);
    ck_buffer_clear(&w->memory, &w->text);
    w->has_emitter = false;
}

static const yaml_char_t *characters(const char *text) {
    return (const yaml_char_t *)text;
}

void ck_yaml_begin_map(ck_yaml_writer *w, ck_yaml_style style, const char *anchor) {
    yaml_event_t event;
    emit(w,
         yaml_mapping_start_event_initialize(&event, characters(anchor), NULL, 1,
                                             style == CK_YAML_FLOW ? YAML_FLOW_MAPPING_STYLE
                                                                   : YAML_BLOCK_MAPPING_STYLE),
         &event);
}

void ck_yaml_end_map(ck_yaml_writer *w) {
    yaml_event_t event;
    emit(w, yaml_mapping_end_event_initialize(&event), &event);
}

void ck_yaml_begin_list(ck_yaml_writer *w, ck_yaml_style style) {
    yaml_event_t event;
    emit(w,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                              style == CK_YAML_FLOW ? YAML_FLOW_SEQUENCE_STYLE
                                                                    : YAML_BLOCK_SEQUENCE_STYLE),
         &event);
}

void ck_yaml_end_list(ck_yaml_writer *w) {
    yaml_event_t event;
    emit(w, yaml_sequence_end_event_initialize(&event), &event);
}

void ck_yaml_write_alias(ck_yaml_writer *w, const char *anchor) {
    yaml_event_t event;
    emit(w, yaml_alias_event_initialize(&event, characters(anchor)), &event);
}

static void write_scalar(ck_yaml_writer *w, const char *text, size_t size, bool plain) {
    yaml_event_t event;
    if (size > INT_MAX) {
        w->failed = true;
        return;
    }
    emit(w,
         yaml_scalar_event_initialize(&event, NULL, NULL, characters(text), (int)size, plain, 1,
                                      plain ? YAML_PLAIN_SCALAR_STYLE
                                            : YAML_DOUBLE_QUOTED_SCALAR_STYLE),
         &event);
}

void ck_yaml_write_string(ck_yaml_writer *w, const char *text, size_t size) {
    write_scalar(w, text, size, ck_plain_may_stand(text, size));
}

void ck_yaml_write_text(ck_yaml_writer *w, const char *text) {
    ck_yaml_write_string(w, text, strlen(text));
}

void ck_yaml_write_plain(ck_yaml_writer *w, const char *text) {
    write_scalar(w, text, strlen(text), true);
}

void ck_yaml_write_uint(ck_yaml_writer *w, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    ck_yaml_write_plain(w, text);
}

void ck_yaml_write_int(ck_yaml_writer *w, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    ck_yaml_write_plain(w, text);
}

void ck_yaml_write_bool(ck_yaml_writer *w, bool value) {
    ck_yaml_write_plain(w, value ? "true" : "false");
}
