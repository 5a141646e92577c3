/* SPDX-License-Identifier: MIT */
/* One YAML document in the canonical style (section 8 of spec/manifest.md). The only writer with
 * libyaml's emitter. A failure sticks: write straight through, and ask once at the end. */
#ifndef CK_YAMLWRITER_H
#define CK_YAMLWRITER_H

#include "base/buffer.h"
#include "base/error.h"

#include <yaml.h>

typedef enum ck_yaml_style { CK_YAML_BLOCK, CK_YAML_FLOW } ck_yaml_style;

typedef struct ck_yaml_writer {
    ck_memory memory;
    ck_buffer text;
    bool has_emitter, failed;
    yaml_emitter_t emitter;
} ck_yaml_writer;

void ck_yaml_writer_open(ck_yaml_writer *w, const ck_memory *memory);
/* Ends the document. CKPT_E_NOMEM is the only failure. The text is then in w->text. */
ckpt_status ck_yaml_writer_end(ck_yaml_writer *w, ckpt_error *err);
void ck_yaml_writer_close(ck_yaml_writer *w); /* frees the text too */

/* anchor may be NULL. */
void ck_yaml_begin_map(ck_yaml_writer *w, ck_yaml_style style, const char *anchor);
void ck_yaml_end_map(ck_yaml_writer *w);
void ck_yaml_begin_list(ck_yaml_writer *w, ck_yaml_style style);
void ck_yaml_end_list(ck_yaml_writer *w);
void ck_yaml_write_alias(ck_yaml_writer *w, const char *anchor);

void ck_yaml_write_string(ck_yaml_writer *w, const char *text, size_t size);
void ck_yaml_write_text(ck_yaml_writer *w, const char *text); /* the same, up to its NUL */
/* As it is, without quotes. */
void ck_yaml_write_plain(ck_yaml_writer *w, const char *text);
void ck_yaml_write_uint(ck_yaml_writer *w, uint64_t value);
void ck_yaml_write_int(ck_yaml_writer *w, int64_t value);
void ck_yaml_write_bool(ck_yaml_writer *w, bool value);

#endif
