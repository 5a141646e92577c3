/* SPDX-License-Identifier: MIT */
/* Typed values: a checkpoint's metadata and a module's attributes.
 *
 * A value is null, bool, int64, float64, string, bytes, list or map. Maps keep the order in which
 * their keys were set. Reading is total: asking a value for what it is not gives the fallback, and
 * the absent value (type CKPT_VALUE_ABSENT) may be asked anything. */
#ifndef CKPT_VALUES_H
#define CKPT_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ckpt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ckpt ckpt;

/* A handle: copied freely, valid as long as its checkpoint. After a change to the same container
 * (ckpt_map_set, ckpt_map_remove, ckpt_list_append) handles to its elements must be fetched anew.
 */
typedef struct ckpt_value {
    ckpt *owner;
    uint32_t id;
} ckpt_value;

typedef enum ckpt_value_type {
    CKPT_VALUE_NULL = 0,
    CKPT_VALUE_BOOL = 1,
    CKPT_VALUE_INT = 2,
    CKPT_VALUE_FLOAT = 3,
    CKPT_VALUE_STRING = 4,
    CKPT_VALUE_BYTES = 5,
    CKPT_VALUE_LIST = 6,
    CKPT_VALUE_MAP = 7,
    CKPT_VALUE_ABSENT = 255 /* no such element; never in a file */
} ckpt_value_type;

CKPT_API ckpt_value_type ckpt_value_kind(ckpt_value value);
CKPT_API bool ckpt_value_bool(ckpt_value value, bool fallback);
CKPT_API int64_t ckpt_value_int(ckpt_value value, int64_t fallback);
CKPT_API double ckpt_value_float(ckpt_value value, double fallback); /* takes an int too */
/* UTF-8 with a NUL behind it and none inside; NULL when the value is no string. */
CKPT_API const char *ckpt_value_string(ckpt_value value);
/* The bytes, NULL when the value is none (or has none); the size goes to *ret_size. */
CKPT_API const void *ckpt_value_bytes(ckpt_value value, size_t *ret_size);

CKPT_API uint32_t ckpt_value_count(ckpt_value value);            /* elements of a list or map */
CKPT_API ckpt_value ckpt_value_at(ckpt_value value, uint32_t i); /* element i, in order */
CKPT_API const char *ckpt_map_key(ckpt_value map, uint32_t i);   /* NULL when there is none */
CKPT_API ckpt_value ckpt_map_get(ckpt_value map, const char *key);

/* A value to be stored, made by the functions below. Strings and bytes are copied when stored. */
typedef struct ckpt_literal {
    ckpt_value_type kind;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct {
            const void *data;
            size_t size;
        } bytes; /* of a string too */
    } as;
} ckpt_literal;

static inline ckpt_literal ckpt_null(void) {
    ckpt_literal literal;
    memset(&literal, 0, sizeof literal);
    return literal;
}

static inline ckpt_literal ckpt_bool(bool value) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_BOOL;
    literal.as.boolean = value;
    return literal;
}

static inline ckpt_literal ckpt_int(int64_t value) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_INT;
    literal.as.integer = value;
    return literal;
}

static inline ckpt_literal ckpt_float(double value) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_FLOAT;
    literal.as.number = value;
    return literal;
}

static inline ckpt_literal ckpt_string_n(const char *text, size_t size) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_STRING;
    literal.as.bytes.data = text;
    literal.as.bytes.size = size;
    return literal;
}

static inline ckpt_literal ckpt_string(const char *text) {
    return ckpt_string_n(text, strlen(text));
}

static inline ckpt_literal ckpt_bytes(const void *data, size_t size) {
    ckpt_literal literal = ckpt_string_n((const char *)data, size);
    literal.kind = CKPT_VALUE_BYTES;
    return literal;
}

static inline ckpt_literal ckpt_list(void) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_LIST;
    return literal;
}

static inline ckpt_literal ckpt_map(void) {
    ckpt_literal literal = ckpt_null();
    literal.kind = CKPT_VALUE_MAP;
    return literal;
}

/* Stores a literal under key, in place of what was there or at the end. ret_value (NULL allowed)
 * gets the stored value, so that a list or a map can be filled.
 * CKPT_E_ARGUMENT: map is no map, a string is not UTF-8 or has a NUL inside.
 * CKPT_E_LIMIT: nesting deeper than 64, a string or bytes over the format's limits. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_map_set(ckpt_value map, const char *key,
                                                  ckpt_literal literal, ckpt_value *ret_value,
                                                  ckpt_error *err);
/* Time as of ckpt_remove. CKPT_E_NOT_FOUND: no such key. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_map_remove(ckpt_value map, const char *key,
                                                     ckpt_error *err);
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_list_append(ckpt_value list, ckpt_literal literal,
                                                      ckpt_value *ret_value, ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
