/* SPDX-License-Identifier: MIT */
/* Reading typed values (section 4 of spec/manifest.md). */
#include "manifest/base64.h"
#include "manifest/manifeststate.h"
#include "manifest/plainscalar.h"

#include "model/records.h"

#include <math.h>
#include <string.h>

/* Where a value goes: under a key of a map, or, without one, to the end of a list. */
typedef struct place {
    ckpt_value container;
    const char *key;
    ck_mark mark;
    uint32_t depth; /* of the value */
} place;

static ckpt_status store(ck_manifest_reader *r, const place *to, ckpt_literal literal,
                         ckpt_value *ret_value, ckpt_error *err) {
    ckpt_error inner;
    ckpt_status status = to->key != NULL
                             ? ckpt_map_set(to->container, to->key, literal, ret_value, &inner)
                             : ckpt_list_append(to->container, literal, ret_value, &inner);
    return status == CKPT_OK ? status : ck_yaml_fail_inner(&r->yaml, to->mark, &inner, err);
}

static ckpt_status read_scalar(ck_manifest_reader *r, const place *to, const ck_yaml_event *event,
                               ckpt_error *err) {
    ckpt_literal literal = ckpt_string_n(event->text, event->size);
    ck_plain plain = {.kind = CK_PLAIN_STRING};
    if (event->plain)
        plain = ck_plain_resolve(event->text, event->size);
    switch (plain.kind) {
    case CK_PLAIN_NULL: literal = ckpt_null(); break;
    case CK_PLAIN_BOOL: literal = ckpt_bool(plain.boolean); break;
    case CK_PLAIN_INT: literal = ckpt_int(plain.integer); break;
    case CK_PLAIN_FLOAT: literal = ckpt_float(plain.number); break;
    case CK_PLAIN_STRING: break;
    case CK_PLAIN_AMBIGUOUS:
        if (event->size == 0)
            return ck_yaml_fail(&r->yaml, event->mark, err,
                                "expected a value, got nothing; write null or \"\"");
        return ck_yaml_as_string(&r->yaml, event, "a value", err);
    case CK_PLAIN_OUT_OF_RANGE: return ck_yaml_unexpected(&r->yaml, event, "a value", err);
    }
    return store(r, to, literal, NULL, err);
}

static ckpt_status read_bytes(ck_manifest_reader *r, const place *to, ckpt_error *err) {
    ck_yaml_event event;
    size_t size;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_as_string(&r->yaml, &event, "base64 in quotes", err);
    if (status != CKPT_OK)
        return status;
    unsigned char *bytes = ck_alloc(&r->memory, event.size, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    if (ck_base64_read(event.text, event.size, bytes, &size))
        status = store(r, to, ckpt_bytes(bytes, size), NULL, err);
    else
        status = ck_yaml_fail(&r->yaml, event.mark, err, "expected canonical base64");
    ck_free(&r->memory, bytes, event.size, 1);
    return status;
}

static bool read_bits(const char *text, size_t size, uint64_t *ret_bits) {
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = 0;
    if (size != 18 || memcmp(text, "0x", 2) != 0)
        return false;
    for (size_t i = 2; i < size; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL)
            return false;
        bits = bits << 4 | (uint64_t)(digit - digits);
    }
    *ret_bits = bits;
    return true;
}

static ckpt_status read_float_bits(ck_manifest_reader *r, const place *to, ckpt_error *err) {
    ck_yaml_event event;
    uint64_t bits;
    double value;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_as_string(&r->yaml, &event, "the bits of a NaN in quotes", err);
    if (status != CKPT_OK)
        return status;
    if (read_bits(event.text, event.size, &bits)) {
        memcpy(&value, &bits, sizeof value);
        if (isnan(value) && bits != 0x7ff8000000000000u)
            return store(r, to, ckpt_float(value), NULL, err);
    }
    return ck_yaml_fail(&r->yaml, event.mark, err,
                        "expected the bits of a NaN other than .nan: 0x and 16 digits 0-9, a-f");
}

/* The one key of a map that stands for a scalar has been read. */
static ckpt_status read_special(ck_manifest_reader *r, const place *to, bool is_bytes,
                                ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = is_bytes ? read_bytes(r, to, err) : read_float_bits(r, to, err);
    if (status == CKPT_OK)
        status = ck_yaml_expect(&r->yaml, CK_YAML_MAP_END, "the end of the map after one key",
                                &event, err);
    return status;
}

static ckpt_status read_value(ck_manifest_reader *r, const place *to, const ck_yaml_event *event,
                              ckpt_error *err);

/* The key of an element, unescaped. */
static ckpt_status check_key(ck_manifest_reader *r, ckpt_value map, const ck_yaml_event *key,
                             const char **ret_name, ckpt_error *err) {
    const char *name = key->text;
    if (name[0] == '$' && *++name != '$')
        return ck_yaml_fail(&r->yaml, key->mark, err,
                            "expected no key that begins with a single '$', got '%s'; write '$%s'",
                            CK_NAME(key->text), CK_NAME(key->text));
    if (ckpt_value_kind(ckpt_map_get(map, name)) != CKPT_VALUE_ABSENT)
        return ck_yaml_fail(&r->yaml, key->mark, err, "duplicate key '%s'", CK_NAME(key->text));
    *ret_name = name;
    return CKPT_OK;
}

/* One element, whose key has been read. */
static ckpt_status read_element(ck_manifest_reader *r, ckpt_value map, uint32_t depth,
                                const ck_yaml_event *key, ckpt_error *err) {
    const char *name = NULL;
    ck_yaml_event event;
    ckpt_status status = check_key(r, map, key, &name, err);
    if (status != CKPT_OK)
        return status;
    char *copy = ck_copy_string(&r->memory, name, strlen(name));
    if (copy == NULL)
        return ck_fail_nomem(err);
    place to = {map, copy, key->mark, depth};
    status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK)
        status = read_value(r, &to, &event, err);
    ck_free_string(&r->memory, copy);
    return status;
}

/* Elements until the end of the map; *key is the event of the first. */
static ckpt_status read_elements(ck_manifest_reader *r, ckpt_value map, uint32_t depth,
                                 ck_yaml_event *key, ckpt_error *err) {
    while (key->kind != CK_YAML_MAP_END) {
        ckpt_status status = read_element(r, map, depth, key, err);
        if (status == CKPT_OK)
            status = ck_yaml_next_key(&r->yaml, "a key", key, err);
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

static ckpt_status read_map(ck_manifest_reader *r, const place *to, ckpt_error *err) {
    ck_yaml_event key;
    ckpt_value map;
    ckpt_status status = ck_yaml_next_key(&r->yaml, "a key", &key, err);
    if (status != CKPT_OK)
        return status;
    if (key.kind == CK_YAML_SCALAR && strcmp(key.text, "$bytes") == 0)
        return read_special(r, to, true, err);
    if (key.kind == CK_YAML_SCALAR && strcmp(key.text, "$float") == 0)
        return read_special(r, to, false, err);
    status = store(r, to, ckpt_map(), &map, err);
    return status == CKPT_OK ? read_elements(r, map, to->depth + 1, &key, err) : status;
}

static ckpt_status read_list(ck_manifest_reader *r, const place *to, ckpt_error *err) {
    ckpt_value list;
    ckpt_status status = store(r, to, ckpt_list(), &list, err);
    while (status == CKPT_OK) {
        ck_yaml_event event;
        status = ck_yaml_next(&r->yaml, &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_LIST_END)
            break;
        place element = {list, NULL, event.mark, to->depth + 1};
        status = read_value(r, &element, &event, err);
    }
    return status;
}

static ckpt_status read_value(ck_manifest_reader *r, const place *to, const ck_yaml_event *event,
                              ckpt_error *err) {
    if (event->kind == CK_YAML_SCALAR)
        return read_scalar(r, to, event, err);
    if ((event->kind != CK_YAML_MAP && event->kind != CK_YAML_LIST) || event->anchor != NULL)
        return event->anchor == NULL
                   ? ck_yaml_unexpected(&r->yaml, event, "a value", err)
                   : ck_yaml_fail(&r->yaml, event->mark, err,
                                  "expected no anchor here, got '&%s': only modules and tensors "
                                  "have any",
                                  CK_NAME(event->anchor));
    if (to->depth > CK_MAX_VALUE_DEPTH) {
        ck_place at = ck_yaml_place_at(&r->yaml, event->mark);
        return ck_fail_at(err, &at, CKPT_E_LIMIT, "values are nested deeper than %d",
                          CK_MAX_VALUE_DEPTH);
    }
    return event->kind == CK_YAML_MAP ? read_map(r, to, err) : read_list(r, to, err);
}

ckpt_status ck_read_value_map(ck_manifest_reader *r, ckpt_value map, const char *what,
                              ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_expect(&r->yaml, CK_YAML_MAP, what, &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_next_key(&r->yaml, "a key", &event, err);
    return status == CKPT_OK ? read_elements(r, map, 1, &event, err) : status;
}
