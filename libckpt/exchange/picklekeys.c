/* SPDX-License-Identifier: MIT */
/* No key twice. Python lets the last of equal keys win; a file in which there are two was made by
 * no pickler, and two readers may see two different things in it. */
#include "base/sort.h"
#include "exchange/picklemachine.h"

#include <string.h>

/* Keys that are equal have the same class and number, or the same text. */
typedef struct key {
    uint32_t key_class; /* 0: None; 1: a whole number; 2: another float; 3: a long; 4: a text */
    uint32_t size;
    uint64_t number;
    const char *text;
} key;

static void set_number(key *k, const ck_pickle_node *node) {
    double value = node->as.number;
    k->key_class = 1;
    if (node->kind != CK_PICKLE_FLOAT) {
        k->number = (uint64_t)node->as.integer;
    } else if (value >= -9007199254740992.0 && value <= 9007199254740992.0 &&
               value == (double)(int64_t)value) {
        k->number = (uint64_t)(int64_t)value;
    } else {
        k->key_class = 2;
        memcpy(&k->number, &value, sizeof value);
    }
}

/* False for what cannot be a key. */
static bool make_key(const ck_pickle *p, uint32_t id, key *k) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    size_t size = 0;
    memset(k, 0, sizeof *k);
    switch (node->kind) {
    case CK_PICKLE_NONE: return true;
    case CK_PICKLE_BOOL:
    case CK_PICKLE_INT:
    case CK_PICKLE_FLOAT: set_number(k, node); return true;
    case CK_PICKLE_LONG:
    case CK_PICKLE_TEXT:
        k->key_class = node->kind == CK_PICKLE_LONG ? 3 : 4;
        k->text = ck_pickle_text(p, id, &size);
        k->size = (uint32_t)size;
        return size <= UINT32_MAX;
    default: return false;
    }
}

static int compare(const void *a, const void *b) {
    const key *x = a, *y = b;
    if (x->key_class != y->key_class)
        return x->key_class < y->key_class ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->size != 0 ? memcmp(x->text, y->text, x->size) : 0;
}

static ckpt_status fail_twice(const ck_pickle *p, const key *k, ckpt_error *err) {
    if (k->key_class == 4)
        return ck_pickle_fail_by(p, err, CK_PICKLE_UNIQUE_KEYS, CKPT_E_STRUCTURE,
                                 "a dict or set has the key '%s' twice",
                                 ck_name_n(k->text, k->size).text);
    return ck_pickle_fail_by(p, err, CK_PICKLE_UNIQUE_KEYS, CKPT_E_STRUCTURE,
                             "a dict or set has a key twice");
}

static ckpt_status check_sorted(ck_pickle *p, key *keys, size_t count, ckpt_error *err) {
    if (!ck_sort(&p->memory, keys, count, sizeof *keys, compare))
        return ck_fail_nomem(err);
    for (size_t i = 1; i < count; i++) {
        if (compare(&keys[i - 1], &keys[i]) == 0)
            return fail_twice(p, &keys[i], err);
    }
    return CKPT_OK;
}

/* All containers share the buffer. */
static ckpt_status check_container(ck_pickle *p, uint32_t id, ck_buffer *keys, ckpt_error *err) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    uint32_t width = node->kind == CK_PICKLE_DICT ? 2 : 1;
    keys->size = 0;
    if (!ck_buffer_reserve(&p->memory, keys, (size_t)node->count * sizeof(key)))
        return ck_fail_nomem(err);
    key *list = (void *)keys->bytes;
    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t child = ck_pickle_child(p, id, i * width);
        if (!make_key(p, child, &list[i]))
            return ck_pickle_fail_by(p, err, CK_PICKLE_PLAIN_KEYS, CKPT_E_UNSUPPORTED,
                                     "%s is a key of a dict or a set",
                                     ck_pickle_describe(p, child).text);
    }
    return node->count > 1 ? check_sorted(p, list, node->count, err) : CKPT_OK;
}

ckpt_status ck_pickle_check_keys(ck_pickle *p, ckpt_error *err) {
    ck_buffer keys = {NULL, 0, 0};
    ckpt_status status = CKPT_OK;
    for (size_t id = 0; status == CKPT_OK && id < ck_pickle_node_count(p); id++) {
        const ck_pickle_node *node = ck_pickle_at(p, (uint32_t)id);
        if (node->count != 0 && (node->kind == CK_PICKLE_DICT || node->kind == CK_PICKLE_SET ||
                                 node->kind == CK_PICKLE_FROZENSET))
            status = check_container(p, (uint32_t)id, &keys, err);
    }
    ck_buffer_clear(&p->memory, &keys);
    return status;
}
