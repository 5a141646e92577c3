/* SPDX-License-Identifier: MIT */
/* Reading typed values. */
#include "model/lookup.h"

#include <string.h>

static const ck_value_rec *record_of(ckpt_value value) {
    if (value.owner == NULL || value.id >= value.owner->values.count)
        return NULL;
    return ck_value_at(value.owner, value.id);
}

static ckpt_value absent(void) {
    ckpt_value value = {NULL, 0};
    return value;
}

ckpt_value_type ckpt_value_kind(ckpt_value value) {
    const ck_value_rec *rec = record_of(value);
    return rec != NULL ? (ckpt_value_type)rec->type : CKPT_VALUE_ABSENT;
}

bool ckpt_value_bool(ckpt_value value, bool fallback) {
    const ck_value_rec *rec = record_of(value);
    return rec != NULL && rec->type == CKPT_VALUE_BOOL ? rec->payload != 0 : fallback;
}

int64_t ckpt_value_int(ckpt_value value, int64_t fallback) {
    const ck_value_rec *rec = record_of(value);
    if (rec == NULL || rec->type != CKPT_VALUE_INT)
        return fallback;
    int64_t result;
    memcpy(&result, &rec->payload, sizeof result);
    return result;
}

double ckpt_value_float(ckpt_value value, double fallback) {
    const ck_value_rec *rec = record_of(value);
    if (rec != NULL && rec->type == CKPT_VALUE_INT)
        return (double)ckpt_value_int(value, 0);
    if (rec == NULL || rec->type != CKPT_VALUE_FLOAT)
        return fallback;
    double result;
    memcpy(&result, &rec->payload, sizeof result);
    return result;
}

const char *ckpt_value_string(ckpt_value value) {
    const ck_value_rec *rec = record_of(value);
    if (rec == NULL || rec->type != CKPT_VALUE_STRING)
        return NULL;
    return ck_string(value.owner, (uint32_t)rec->payload, NULL);
}

const void *ckpt_value_bytes(ckpt_value value, size_t *ret_size) {
    const ck_value_rec *rec = record_of(value);
    if (rec == NULL || rec->type != CKPT_VALUE_BYTES || rec->count == 0) {
        *ret_size = 0;
        return NULL;
    }
    *ret_size = rec->count;
    return value.owner->value_bytes.bytes + rec->payload;
}

static bool is_container(const ck_value_rec *rec) {
    return rec != NULL && (rec->type == CKPT_VALUE_LIST || rec->type == CKPT_VALUE_MAP);
}

uint32_t ckpt_value_count(ckpt_value value) {
    const ck_value_rec *rec = record_of(value);
    return is_container(rec) ? rec->count : 0;
}

ckpt_value ckpt_value_at(ckpt_value value, uint32_t i) {
    const ck_value_rec *rec = record_of(value);
    if (!is_container(rec) || i >= rec->count)
        return absent();
    ckpt_value element = {value.owner, (uint32_t)(rec->payload + i)};
    return element;
}

const char *ckpt_map_key(ckpt_value map, uint32_t i) {
    const ck_value_rec *rec = record_of(ckpt_value_at(map, i));
    return rec != NULL && rec->key != CK_NONE ? ck_string(map.owner, rec->key, NULL) : NULL;
}

ckpt_value ckpt_map_get(ckpt_value map, const char *key) {
    if (ckpt_value_kind(map) != CKPT_VALUE_MAP)
        return absent();
    uint32_t place = ck_find_element(map.owner, map.id, key, strlen(key));
    return place != CK_NONE ? ckpt_value_at(map, place) : absent();
}

ckpt_value ckpt_metadata(ckpt *c) {
    ckpt_value value = {c, 0};
    return value;
}

uint32_t ck_attributes_of(const ckpt *c, uint32_t module) {
    if (!c->thawed || module < c->attributes_fixed)
        return module + 1;
    return ((const uint32_t *)c->attributes_added.records)[module - c->attributes_fixed];
}

ckpt_value ckpt_module_attributes(ckpt_module module) {
    if (module.owner == NULL || module.id >= module.owner->modules.count)
        return absent();
    ckpt_value value = {module.owner, ck_attributes_of(module.owner, module.id)};
    return value;
}
