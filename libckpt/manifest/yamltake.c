/* SPDX-License-Identifier: MIT */
/* Taking events for what they should be, and saying what was expected when they are not. */
#include "manifest/plainscalar.h"
#include "manifest/yamlreader.h"

#include <stdio.h>

ck_place ck_yaml_place_at(const ck_yaml_reader *y, ck_mark mark) {
    ck_place place = {y->name, CKPT_NO_OFFSET, NULL, mark.line, mark.column};
    return place;
}

ckpt_status ck_yaml_fail(const ck_yaml_reader *y, ck_mark mark, ckpt_error *err, const char *format,
                         ...) {
    ck_place place = ck_yaml_place_at(y, mark);
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ck_fail_at(err, &place, CKPT_E_MANIFEST, "%s", text);
}

ckpt_status ck_yaml_fail_inner(const ck_yaml_reader *y, ck_mark mark, const ckpt_error *inner,
                               ckpt_error *err) {
    if (inner->status == CKPT_E_NOMEM)
        return ck_fail_nomem(err);
    ck_place place = ck_yaml_place_at(y, mark);
    ckpt_status status = inner->status == CKPT_E_ARGUMENT ? CKPT_E_MANIFEST : inner->status;
    return ck_fail_at(err, &place, status, "%s", inner->message);
}

static const char *describe(const ck_yaml_event *event) {
    switch (event->kind) {
    case CK_YAML_ALIAS: return "an alias";
    case CK_YAML_MAP: return "a map";
    case CK_YAML_LIST: return "a list";
    case CK_YAML_MAP_END: return "the end of the map";
    case CK_YAML_LIST_END: return "the end of the list";
    case CK_YAML_SCALAR: break;
    }
    if (!event->plain)
        return "a string";
    if (event->size == 0)
        return "nothing";
    switch (ck_plain_resolve(event->text, event->size).kind) {
    case CK_PLAIN_NULL: return "null";
    case CK_PLAIN_BOOL: return "a bool";
    case CK_PLAIN_INT: return "an integer";
    case CK_PLAIN_FLOAT: return "a float";
    case CK_PLAIN_OUT_OF_RANGE: return "a number out of range";
    case CK_PLAIN_AMBIGUOUS: return "an ambiguous scalar";
    case CK_PLAIN_STRING: break;
    }
    return "a string";
}

ckpt_status ck_yaml_unexpected(const ck_yaml_reader *y, const ck_yaml_event *event,
                               const char *what, ckpt_error *err) {
    if (event->kind != CK_YAML_SCALAR || event->size == 0)
        return ck_yaml_fail(y, event->mark, err, "expected %s, got %s", what, describe(event));
    return ck_yaml_fail(y, event->mark, err, "expected %s, got %s, '%s'", what, describe(event),
                        ck_name_n(event->text, event->size).text);
}

ckpt_status ck_yaml_as_string(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                              ckpt_error *err) {
    if (event->kind != CK_YAML_SCALAR)
        return ck_yaml_unexpected(y, event, what, err);
    if (!event->plain || ck_plain_resolve(event->text, event->size).kind == CK_PLAIN_STRING)
        return CKPT_OK;
    if (event->size == 0)
        return ck_yaml_fail(y, event->mark, err,
                            "expected %s, got nothing; an empty string is written \"\"", what);
    return ck_yaml_fail(y, event->mark, err, "expected %s, got %s: quote it: \"%s\"", what,
                        describe(event), ck_name_n(event->text, event->size).text);
}

ckpt_status ck_yaml_as_uint(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                            uint64_t *ret_value, ckpt_error *err) {
    if (event->kind != CK_YAML_SCALAR || !event->plain ||
        !ck_plain_uint(event->text, event->size, ret_value))
        return ck_yaml_unexpected(y, event, what, err);
    return CKPT_OK;
}

ckpt_status ck_yaml_as_bool(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                            bool *ret_value, ckpt_error *err) {
    if (event->kind == CK_YAML_SCALAR && event->plain) {
        ck_plain plain = ck_plain_resolve(event->text, event->size);
        if (plain.kind == CK_PLAIN_BOOL) {
            *ret_value = plain.boolean;
            return CKPT_OK;
        }
    }
    return ck_yaml_unexpected(y, event, what, err);
}

ckpt_status ck_yaml_as_float(const ck_yaml_reader *y, const ck_yaml_event *event, const char *what,
                             double *ret_value, ckpt_error *err) {
    if (event->kind == CK_YAML_SCALAR && event->plain) {
        ck_plain plain = ck_plain_resolve(event->text, event->size);
        if (plain.kind == CK_PLAIN_FLOAT || plain.kind == CK_PLAIN_INT) {
            *ret_value = plain.kind == CK_PLAIN_INT ? (double)plain.integer : plain.number;
            return CKPT_OK;
        }
    }
    return ck_yaml_unexpected(y, event, what, err);
}

ckpt_status ck_yaml_expect(ck_yaml_reader *y, ck_yaml_kind kind, const char *what,
                           ck_yaml_event *ret_event, ckpt_error *err) {
    ckpt_status status = ck_yaml_next(y, ret_event, err);
    if (status != CKPT_OK)
        return status;
    if (ret_event->kind != kind)
        return ck_yaml_unexpected(y, ret_event, what, err);
    if (ret_event->anchor != NULL)
        return ck_yaml_fail(y, ret_event->mark, err,
                            "expected no anchor here, got '&%s': only modules and tensors have any",
                            CK_NAME(ret_event->anchor));
    return CKPT_OK;
}

ckpt_status ck_yaml_next_key(ck_yaml_reader *y, const char *what, ck_yaml_event *ret_event,
                             ckpt_error *err) {
    ckpt_status status = ck_yaml_next(y, ret_event, err);
    if (status != CKPT_OK || ret_event->kind == CK_YAML_MAP_END)
        return status;
    if (ret_event->kind == CK_YAML_SCALAR && ret_event->plain && ret_event->size == 2 &&
        ret_event->text[0] == '<' && ret_event->text[1] == '<')
        return ck_yaml_fail(y, ret_event->mark, err, "expected %s, got a merge key", what);
    return ck_yaml_as_string(y, ret_event, what, err);
}
