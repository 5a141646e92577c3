/* SPDX-License-Identifier: MIT */
/* The string table. */
#include "base/utf8.h"
#include "model/object.h"

#include <string.h>
#include <xxhash.h>

uint32_t ck_string_count(const ckpt *c) {
    return c->strings.fixed + (uint32_t)c->strings.added.count;
}

const char *ck_string(const ckpt *c, uint32_t i, size_t *ret_size) {
    const ck_strings *strings = &c->strings;
    if (i < strings->fixed) {
        if (ret_size != NULL)
            *ret_size = (size_t)(strings->offsets[i + 1] - strings->offsets[i] - 1);
        return strings->bytes + strings->offsets[i];
    }
    const ck_added_string *added =
        (const ck_added_string *)strings->added.records + (i - strings->fixed);
    if (ret_size != NULL)
        *ret_size = added->size;
    return added->text;
}

/* The key under which the index holds the text, or would: keys that other texts have taken are
 * passed over. hash_seed differs from run to run, so nobody can prepare texts that collide; no
 * result depends on it. */
static uint64_t find_key(const ckpt *c, const char *text, size_t size, uint32_t *ret_string) {
    uint64_t key = XXH3_64bits_withSeed(text, size, c->hash_seed);
    for (;; key++) {
        uint32_t i = ck_hashmap_get(&c->strings.index, key);
        size_t found_size = 0;
        if (i != CK_HASH_NONE) {
            const char *found = ck_string(c, i, &found_size);
            if (found_size != size || (size != 0 && memcmp(found, text, size) != 0))
                continue;
        }
        *ret_string = i;
        return key;
    }
}

uint32_t ck_find_string(const ckpt *c, const char *text, size_t size) {
    uint32_t string;
    find_key(c, text, size, &string);
    return string; /* CK_HASH_NONE is CK_NONE */
}

ckpt_status ck_thaw_strings(ckpt *c, ckpt_error *err) {
    if (!ck_hashmap_reserve(&c->memory, &c->strings.index, c->strings.fixed))
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < c->strings.fixed; i++) {
        size_t size;
        uint32_t known;
        const char *text = ck_string(c, i, &size);
        uint64_t key = find_key(c, text, size, &known);
        if (!ck_hashmap_set(&c->memory, &c->strings.index, key, i))
            return ck_fail_nomem(err);
    }
    return CKPT_OK;
}

static ckpt_status add_string(ckpt *c, uint64_t key, const char *text, size_t size,
                              uint32_t *ret_string, ckpt_error *err) {
    uint32_t number = ck_string_count(c);
    if (number >= CK_NONE - 1 || size >= CK_NONE)
        return ck_fail(err, CKPT_E_LIMIT, "too many strings, or one too long");
    char *copy = ck_copy_string(&c->memory, text, size);
    if (copy == NULL)
        return ck_fail_nomem(err);
    if (!ck_hashmap_reserve(&c->memory, &c->strings.index, 1) ||
        !ck_table_append(&c->memory, &c->strings.added, 1)) {
        ck_free(&c->memory, copy, size + 1, 1);
        return ck_fail_nomem(err);
    }
    ck_added_string *added =
        (ck_added_string *)c->strings.added.records + (c->strings.added.count - 1);
    added->text = copy;
    added->size = (uint32_t)size;
    if (!ck_hashmap_set(&c->memory, &c->strings.index, key, number))
        return ck_fail_nomem(err);
    *ret_string = number;
    return CKPT_OK;
}

ckpt_status ck_intern(ckpt *c, const char *text, size_t size, uint32_t *ret_string,
                      ckpt_error *err) {
    uint32_t string;
    uint64_t key = find_key(c, text, size, &string);
    if (string != CK_HASH_NONE) {
        *ret_string = string;
        return CKPT_OK;
    }
    if (!ck_utf8_valid(text, size))
        return ck_fail(err, CKPT_E_ARGUMENT, "'%s' is not well-formed UTF-8 without NUL",
                       ck_name_n(text, size).text);
    return add_string(c, key, text, size, ret_string, err);
}

void ck_strings_clear(ckpt *c) {
    ck_added_string *added = c->strings.added.records;
    for (size_t i = 0; i < c->strings.added.count; i++)
        ck_free(&c->memory, added[i].text, (size_t)added[i].size + 1, 1);
    ck_table_clear(&c->memory, &c->strings.added);
    ck_hashmap_clear(&c->memory, &c->strings.index);
}
