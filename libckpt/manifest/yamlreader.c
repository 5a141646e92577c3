/* SPDX-License-Identifier: MIT */
#include "manifest/yamlreader.h"

#include "manifest/yamltext.h"

#include <string.h>

static ck_mark mark_of(const yaml_mark_t *mark) {
    ck_mark m;
    m.line = mark->line < UINT32_MAX ? (uint32_t)mark->line + 1 : UINT32_MAX;
    m.column = mark->column < UINT32_MAX ? (uint32_t)mark->column + 1 : UINT32_MAX;
    return m;
}

static ckpt_status fail_in_parser(const ck_yaml_reader *y, ckpt_error *err) {
    const yaml_parser_t *p = &y->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return ck_fail_nomem(err);
    const char *problem = p->problem != NULL ? p->problem : "not YAML";
    if (p->error == YAML_READER_ERROR) {
        ck_place place = ck_yaml_place(y->name, y->text, y->size, p->problem_offset);
        return ck_fail_at(err, &place, CKPT_E_MANIFEST, "%s", problem);
    }
    if (p->context == NULL)
        return ck_yaml_fail(y, mark_of(&p->problem_mark), err, "%s", problem);
    return ck_yaml_fail(y, mark_of(&p->problem_mark), err, "%s (%s)", problem, p->context);
}

static ckpt_status parse(ck_yaml_reader *y, ckpt_error *err) {
    if (y->has_event)
        yaml_event_delete(&y->event);
    y->has_event = false;
    if (!yaml_parser_parse(&y->parser, &y->event))
        return fail_in_parser(y, err);
    y->has_event = true;
    return CKPT_OK;
}

ckpt_status ck_yaml_open(ck_yaml_reader *y, const char *text, size_t size, const char *name,
                         uint32_t max_depth, ckpt_error *err) {
    memset(y, 0, sizeof *y);
    y->name = name;
    y->max_depth = max_depth;
    size_t skip;
    ckpt_status status = ck_yaml_check_start(name, text, size, &skip, err);
    if (status != CKPT_OK)
        return status;
    y->text = text + skip;
    y->size = size - skip;
    if (!yaml_parser_initialize(&y->parser))
        return ck_fail_nomem(err);
    y->has_parser = true;
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)y->text, y->size);
    status = parse(y, err); /* the start of the stream */
    if (status == CKPT_OK)
        status = parse(y, err); /* the start of the document */
    if (status == CKPT_OK && y->event.type != YAML_DOCUMENT_START_EVENT)
        status = ck_yaml_fail(y, mark_of(&y->event.start_mark), err,
                              "expected the key 'ckpt-manifest', got an empty text");
    return status;
}

void ck_yaml_close(ck_yaml_reader *y) {
    if (y->has_event)
        yaml_event_delete(&y->event);
    if (y->has_parser)
        yaml_parser_delete(&y->parser);
    y->has_event = y->has_parser = false;
}

static ckpt_status enter(ck_yaml_reader *y, ck_mark mark, ckpt_error *err) {
    if (++y->depth <= y->max_depth)
        return CKPT_OK;
    ck_place place = ck_yaml_place_at(y, mark);
    return ck_fail_at(err, &place, CKPT_E_LIMIT, "collections are nested deeper than %lu",
                      (unsigned long)y->max_depth);
}

static ckpt_status refuse_tag_or_anchor(const ck_yaml_reader *y, const yaml_char_t *tag,
                                        const yaml_char_t *anchor, ck_mark mark, ckpt_error *err) {
    if (tag != NULL)
        return ck_yaml_fail(y, mark, err, "expected no tag, got '%s'", CK_NAME((const char *)tag));
    if (anchor != NULL)
        return ck_yaml_fail(y, mark, err,
                            "expected no anchor here, got '&%s': only modules and tensors have any",
                            CK_NAME((const char *)anchor));
    return CKPT_OK;
}

static ckpt_status take_scalar(ck_yaml_reader *y, ck_yaml_event *e, ckpt_error *err) {
    e->kind = CK_YAML_SCALAR;
    e->text = (const char *)y->event.data.scalar.value;
    e->size = y->event.data.scalar.length;
    e->plain = y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (memchr(e->text, '\0', e->size) != NULL)
        return ck_yaml_fail(y, e->mark, err, "expected a string without NUL");
    return refuse_tag_or_anchor(y, y->event.data.scalar.tag, y->event.data.scalar.anchor, e->mark,
                                err);
}

static ckpt_status take_map(ck_yaml_reader *y, ck_yaml_event *e, ckpt_error *err) {
    e->kind = CK_YAML_MAP;
    e->anchor = (const char *)y->event.data.mapping_start.anchor;
    ckpt_status status = enter(y, e->mark, err);
    if (status == CKPT_OK)
        status = refuse_tag_or_anchor(y, y->event.data.mapping_start.tag, NULL, e->mark, err);
    return status;
}

static ckpt_status take_list(ck_yaml_reader *y, ck_yaml_event *e, ckpt_error *err) {
    e->kind = CK_YAML_LIST;
    ckpt_status status = enter(y, e->mark, err);
    if (status == CKPT_OK)
        status = refuse_tag_or_anchor(y, y->event.data.sequence_start.tag,
                                      y->event.data.sequence_start.anchor, e->mark, err);
    return status;
}

static ckpt_status take(ck_yaml_reader *y, ck_yaml_event *e, ckpt_error *err) {
    switch (y->event.type) {
    case YAML_SCALAR_EVENT: return take_scalar(y, e, err);
    case YAML_MAPPING_START_EVENT: return take_map(y, e, err);
    case YAML_SEQUENCE_START_EVENT: return take_list(y, e, err);
    case YAML_ALIAS_EVENT:
        e->kind = CK_YAML_ALIAS;
        e->text = (const char *)y->event.data.alias.anchor;
        e->size = strlen(e->text);
        return CKPT_OK;
    case YAML_MAPPING_END_EVENT: e->kind = CK_YAML_MAP_END; break;
    case YAML_SEQUENCE_END_EVENT: e->kind = CK_YAML_LIST_END; break;
    default: return ck_yaml_fail(y, e->mark, err, "the text ends too early");
    }
    y->depth--;
    return CKPT_OK;
}

ckpt_status ck_yaml_next(ck_yaml_reader *y, ck_yaml_event *ret_event, ckpt_error *err) {
    ck_yaml_event e;
    memset(&e, 0, sizeof e);
    ckpt_status status = parse(y, err);
    if (status != CKPT_OK)
        return status;
    e.mark = mark_of(&y->event.start_mark);
    status = take(y, &e, err);
    if (status == CKPT_OK)
        *ret_event = e;
    return status;
}

ckpt_status ck_yaml_finish(ck_yaml_reader *y, ckpt_error *err) {
    ckpt_status status = parse(y, err);
    if (status != CKPT_OK)
        return status;
    if (y->event.type != YAML_DOCUMENT_END_EVENT)
        return ck_yaml_fail(y, mark_of(&y->event.start_mark), err,
                            "expected the end of the document");
    return ck_yaml_check_end(y->name, y->text, y->size, y->event.end_mark.index, err);
}
