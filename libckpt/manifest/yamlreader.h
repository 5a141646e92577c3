/* SPDX-License-Identifier: MIT */
/* The events of one YAML document, of the part of YAML that manifests use (section 2 of
 * spec/manifest.md). The only reader of libyaml's parser. */
#ifndef CK_YAMLREADER_H
#define CK_YAMLREADER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

typedef struct ck_mark {
    uint32_t line, column; /* from 1; columns count characters */
} ck_mark;

typedef enum ck_yaml_kind {
    CK_YAML_SCALAR,
    CK_YAML_ALIAS,
    CK_YAML_MAP,
    CK_YAML_MAP_END,
    CK_YAML_LIST,
    CK_YAML_LIST_END
} ck_yaml_kind;

/* Valid until the next event is asked for. */
typedef struct ck_yaml_event {
    ck_yaml_kind kind;
    ck_mark mark;
    const char *text; /* of a scalar, UTF-8 with a NUL behind and none inside; name of an alias */
    size_t size;
    bool plain;         /* a scalar without quotes */
    const char *anchor; /* of a map, or NULL; other anchors are refused */
} ck_yaml_event;

typedef struct ck_yaml_reader {
    const char *name;
    const char *text;
    size_t size;
    uint32_t depth, max_depth;
    bool has_parser, has_event;
    yaml_parser_t parser;
    yaml_event_t event;
} ck_yaml_reader;

/* Checks the encoding and begins the document. The name and the text are borrowed. Close in every
 * case. */
ckpt_status ck_yaml_open(ck_yaml_reader *y, const char *text, size_t size, const char *name,
                         uint32_t max_depth, ckpt_error *err);
ckpt_status ck_yaml_next(ck_yaml_reader *y, ck_yaml_event *ret_event, ckpt_error *err);
/* After the root value: nothing may follow. */
ckpt_status ck_yaml_finish(ck_yaml_reader *y, ckpt_error *err);
void ck_yaml_close(ck_yaml_reader *y);

/* ---- refusing ---- */

/* CKPT_E_MANIFEST: "NAME:LINE:COLUMN: ..." */
ckpt_status ck_yaml_fail(const ck_yaml_reader *y, ck_mark mark, ckpt_error *err, const char *format,
                         ...) CK_PRINTF(4, 5);
ck_place ck_yaml_place_at(const ck_yaml_reader *y, ck_mark mark);
/* "expected WHAT, got a list" */
ckpt_status ck_yaml_unexpected(const ck_yaml_reader *y, const ck_yaml_event *event,
                               const char *what, ckpt_error *err);
/* An error of the object model, at a place of the text: status and message are those of inner. */
ckpt_status ck_yaml_fail_inner(const ck_yaml_reader *y, ck_mark mark, const ckpt_error *inner,
                               ckpt_error *err);

/* ---- taking one scalar ---- */

/* A string: in quotes, or plain and nothing else than a string. */
ckpt_status ck_yaml_as_string(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                              ckpt_error *err);
ckpt_status ck_yaml_as_uint(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                            uint64_t *ret_value, ckpt_error *err);
ckpt_status ck_yaml_as_bool(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                            bool *ret_value, ckpt_error *err);
/* An integer or a float. */
ckpt_status ck_yaml_as_float(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                             double *ret_value, ckpt_error *err);

/* The next event, which must be of that kind and without an anchor. */
ckpt_status ck_yaml_expect(ck_yaml_reader *y, ck_yaml_kind kind, const char *what,
                           ck_yaml_event *ret_event, ckpt_error *err);
/* The next key of a map, or its end. */
ckpt_status ck_yaml_next_key(ck_yaml_reader *y, const char *what, ck_yaml_event *ret_event,
                             ckpt_error *err);

#endif
