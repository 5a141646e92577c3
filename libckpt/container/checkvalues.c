/* SPDX-License-Identifier: MIT */
/* Values (spec/ckpt-format.md, section 9). The elements stand breadth first, so that running sums
 * prove that every value belongs to exactly one container, and levels are contiguous. */
#include "container/index.h"

static ckpt_status reject_value(const ck_index *index, uint64_t v, const char *rule,
                                ckpt_status status, const char *message, ckpt_error *err) {
    return ck_index_reject(index, CK_VALUES, v, rule, status, err, "value %llu %s",
                           (unsigned long long)v, message);
}

static bool is_container(const ck_value_rec *rec) {
    return rec->type == CKPT_VALUE_LIST || rec->type == CKPT_VALUE_MAP;
}

/* V1. */
static ckpt_status check_roots(const ck_index *index, uint64_t roots, ckpt_error *err) {
    if (index->c->values.count < roots)
        return ck_index_reject(index, CK_VALUES, 0, "V1", CKPT_E_STRUCTURE, err,
                               "the metadata or the attributes of a module are missing");
    for (uint64_t v = 0; v < roots; v++) {
        const ck_value_rec *rec = ck_value_at(index->c, v);
        if (rec->type != CKPT_VALUE_MAP || rec->key != CK_NONE || rec->by_key != 0)
            return reject_value(index, v, "V1", CKPT_E_STRUCTURE, "is a root and no plain map",
                                err);
    }
    return CKPT_OK;
}

/* V5 and V6. */
static ckpt_status check_scalar(const ck_index *index, const ck_usage *usage, uint64_t v,
                                ckpt_error *err) {
    const ck_value_rec *rec = ck_value_at(index->c, v);
    if (rec->type > CKPT_VALUE_MAP)
        return reject_value(index, v, "V5", CKPT_E_STRUCTURE, "has an unknown type", err);
    if (is_container(rec) || rec->type == CKPT_VALUE_BYTES)
        return CKPT_OK;
    if (rec->count != 0 || (rec->type == CKPT_VALUE_NULL && rec->payload != 0) ||
        (rec->type == CKPT_VALUE_BOOL && rec->payload > 1))
        return reject_value(index, v, "V6", CKPT_E_STRUCTURE, "is not as its type demands", err);
    if (rec->type != CKPT_VALUE_STRING)
        return CKPT_OK;
    uint32_t string = rec->payload < CK_NONE ? (uint32_t)rec->payload : CK_NONE;
    return ck_use_string(index, usage, string, CK_VALUES, v, err);
}

/* V3, V4 and the keys. */
static ckpt_status check_elements(const ck_index *index, const ck_usage *usage, uint64_t v,
                                  ckpt_error *err) {
    const ck_value_rec *rec = ck_value_at(index->c, v);
    const ck_value_rec *run = ck_value_at(index->c, rec->payload);
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < rec->count && status == CKPT_OK; i++) {
        if (rec->type == CKPT_VALUE_MAP) {
            status = ck_use_string(index, usage, run[i].key, CK_VALUES, rec->payload + i, err);
            if (status == CKPT_OK && run[i].by_key >= rec->count)
                status = reject_value(index, rec->payload + i, "V4", CKPT_E_BOUNDS,
                                      "has a by_key that is out of range", err);
        } else if (run[i].key != CK_NONE || run[i].by_key != 0) {
            status = reject_value(index, rec->payload + i, "V3", CKPT_E_STRUCTURE,
                                  "is an element of a list and has a key", err);
        }
    }
    for (uint32_t i = 1; i < rec->count && rec->type == CKPT_VALUE_MAP && status == CKPT_OK; i++) {
        if (run[run[i].by_key].key <= run[run[i - 1].by_key].key)
            status =
                reject_value(index, rec->payload + run[i].by_key, "V4", CKPT_E_STRUCTURE,
                             "has a key that stands twice in its map, or is sorted wrongly", err);
    }
    return status;
}

/* The running sums of V2 and V7, and the levels of V8. */
typedef struct sums {
    uint64_t next_element;
    uint64_t next_byte;
    uint64_t level_end; /* values before this one are not deeper than `level` */
    unsigned level;
} sums;

static ckpt_status check_container(const ck_index *index, const ck_usage *usage, uint64_t v,
                                   sums *s, ckpt_error *err) {
    const ck_value_rec *rec = ck_value_at(index->c, v);
    if (rec->payload != s->next_element || rec->count > index->c->values.count - s->next_element ||
        (rec->count != 0 && rec->payload <= v))
        return reject_value(index, v, "V2", CKPT_E_BOUNDS, "does not have the next elements", err);
    s->next_element += rec->count;
    return check_elements(index, usage, v, err);
}

static ckpt_status check_bytes(const ck_index *index, uint64_t v, sums *s, ckpt_error *err) {
    const ck_value_rec *rec = ck_value_at(index->c, v);
    if (rec->payload != s->next_byte || rec->count > index->c->value_bytes.size - s->next_byte)
        return reject_value(index, v, "V7", CKPT_E_BOUNDS, "does not have the next bytes", err);
    s->next_byte += rec->count;
    return CKPT_OK;
}

static ckpt_status check_value(const ck_index *index, const ck_usage *usage, uint64_t v, sums *s,
                               ckpt_error *err) {
    if (v == s->level_end) {
        s->level++;
        s->level_end = s->next_element;
        if (s->level > CK_MAX_VALUE_DEPTH)
            return reject_value(index, v, "V8", CKPT_E_LIMIT, "is nested deeper than 64", err);
    }
    const ck_value_rec *rec = ck_value_at(index->c, v);
    if (rec->type <= CKPT_VALUE_MAP && is_container(rec))
        return check_container(index, usage, v, s, err);
    if (rec->type == CKPT_VALUE_BYTES)
        return check_bytes(index, v, s, err);
    return check_scalar(index, usage, v, err);
}

ckpt_status ck_check_values(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    uint64_t roots = (uint64_t)index->c->modules.count + 1, count = index->c->values.count;
    sums s = {roots, 0, roots, 0};
    ckpt_status status = check_roots(index, roots, err);
    for (uint64_t v = 0; v < count && status == CKPT_OK; v++)
        status = check_value(index, usage, v, &s, err);
    if (status == CKPT_OK && s.next_element != count)
        return reject_value(index, s.next_element, "V2", CKPT_E_STRUCTURE,
                            "belongs to no container", err);
    if (status == CKPT_OK && s.next_byte != index->c->value_bytes.size)
        return ck_index_reject(index, CK_VALUE_BYTES, s.next_byte, "V7", CKPT_E_STRUCTURE, err,
                               "bytes that belong to no value");
    return status;
}
