/* SPDX-License-Identifier: MIT */
#include "model/copyvalues.h"

#include "base/error.h"

/* Values are nested at most CK_MAX_VALUE_DEPTH deep, which bounds the recursion here. */

static bool same_bytes(const void *a, size_t a_size, const void *b, size_t b_size) {
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool same_leaves(ckpt_value a, ckpt_value b) {
    size_t a_size = 0, b_size = 0;
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
        const void *first = ckpt_value_bytes(a, &a_size), *second = ckpt_value_bytes(b, &b_size);
        return same_bytes(first, a_size, second, b_size);
    }
    default: return true;
    }
}

bool ck_values_equal(ckpt_value a, ckpt_value b) {
    ckpt_value_type kind = ckpt_value_kind(a);
    if (kind != ckpt_value_kind(b) || ckpt_value_count(a) != ckpt_value_count(b))
        return false;
    if (kind != CKPT_VALUE_LIST && kind != CKPT_VALUE_MAP)
        return same_leaves(a, b);
    for (uint32_t i = 0; i < ckpt_value_count(a); i++) {
        if (kind == CKPT_VALUE_MAP && strcmp(ckpt_map_key(a, i), ckpt_map_key(b, i)) != 0)
            return false;
        if (!ck_values_equal(ckpt_value_at(a, i), ckpt_value_at(b, i)))
            return false;
    }
    return true;
}

static ckpt_literal literal_of(ckpt_value value) {
    size_t size = 0;
    const void *bytes;
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: return ckpt_bool(ckpt_value_bool(value, false));
    case CKPT_VALUE_INT: return ckpt_int(ckpt_value_int(value, 0));
    case CKPT_VALUE_FLOAT: return ckpt_float(ckpt_value_float(value, 0));
    case CKPT_VALUE_STRING: return ckpt_string(ckpt_value_string(value));
    case CKPT_VALUE_BYTES: bytes = ckpt_value_bytes(value, &size); return ckpt_bytes(bytes, size);
    case CKPT_VALUE_LIST: return ckpt_list();
    case CKPT_VALUE_MAP: return ckpt_map();
    default: return ckpt_null();
    }
}

static ckpt_status fill(ckpt_value container, ckpt_value value, ckpt_error *err) {
    for (uint32_t i = 0; i < ckpt_value_count(value); i++) {
        ckpt_value element = ckpt_value_at(value, i), copy;
        ckpt_status status =
            ckpt_value_kind(value) == CKPT_VALUE_MAP
                ? ckpt_map_set(container, ckpt_map_key(value, i), literal_of(element), &copy, err)
                : ckpt_list_append(container, literal_of(element), &copy, err);
        if (status == CKPT_OK && ckpt_value_count(element) != 0)
            status = fill(copy, element, err);
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

ckpt_status ck_copy_value(ckpt_value map, const char *key, ckpt_value value, ckpt_error *err) {
    ckpt_value copy;
    ckpt_status status = ckpt_map_set(map, key, literal_of(value), &copy, err);
    return status == CKPT_OK && ckpt_value_count(value) != 0 ? fill(copy, value, err) : status;
}
