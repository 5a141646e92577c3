/* SPDX-License-Identifier: MIT */
#include "exchange/ggufnames.h"

#include "exchange/dottedtree.h"
#include "exchange/ggufvalues.h"

#include <string.h>

static ckpt_status fail(const char *key, const char *what, ckpt_error *err) {
    ck_place place = {NULL, CKPT_NO_OFFSET, "GG18", 0, 0};
    return ck_fail_at(err, &place, CKPT_E_STRUCTURE, "'%s': %s", key, what);
}

/* A list of strings, so many that groups of `group` can be made; or nothing. */
static ckpt_status find_list(ckpt *c, const char *key, uint32_t group, ckpt_value *ret_list,
                             ckpt_error *err) {
    ckpt_value list = ckpt_map_get(ckpt_metadata(c), key);
    ckpt_value_type kind = ckpt_value_kind(list);
    if (kind != CKPT_VALUE_LIST && kind != CKPT_VALUE_ABSENT)
        return fail(key, "no list", err);
    for (uint32_t i = 0; i < ckpt_value_count(list); i++) {
        if (ckpt_value_kind(ckpt_value_at(list, i)) != CKPT_VALUE_STRING)
            return fail(key, "something that is no string", err);
    }
    if (ckpt_value_count(list) % group != 0)
        return fail(key, "not as many strings as belong together", err);
    *ret_list = list;
    return CKPT_OK;
}

static const char *string_at(ckpt_value list, uint32_t i) {
    return ckpt_value_string(ckpt_value_at(list, i));
}

ckpt_status ck_ggufnames_open(ck_ggufnames *n, ckpt *c, ckpt_error *err) {
    memset(n, 0, sizeof *n);
    n->c = c;
    ckpt_status status = find_list(c, CK_GGUF_NAMES_KEY, 2, &n->long_names, err);
    if (status == CKPT_OK)
        status = find_list(c, CK_GGUF_TIES_KEY, 3, &n->ties, err);
    for (uint32_t i = 0; status == CKPT_OK && i < ckpt_value_count(n->long_names); i += 2) {
        const char *name = string_at(n->long_names, i);
        switch (ck_nametree_add(&c->memory, &n->names, name, strlen(name), i)) {
        case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
        case CK_NAMETREE_KNOWN: return fail(CK_GGUF_NAMES_KEY, "two names for one tensor", err);
        case CK_NAMETREE_ADDED: break;
        }
    }
    return status;
}

void ck_ggufnames_close(ck_ggufnames *n) {
    ck_nametree_clear(&n->c->memory, &n->names);
    ck_buffer_clear(&n->c->memory, &n->scratch);
}

/* The text of the metadata must stay as it is. */
static ckpt_status add_copy(ck_ggufnames *n, const char *name, ckpt_tensor tensor,
                            ckpt_error *err) {
    size_t size = strlen(name);
    n->scratch.size = 0;
    if (!ck_buffer_append(&n->c->memory, &n->scratch, name, size + 1))
        return ck_fail_nomem(err);
    return ck_add_dotted(n->c, (char *)n->scratch.bytes, size, tensor, err);
}

/* Decimal digits without zeros before them, less than 2^32; CK_NONE for anything else. */
static uint32_t place_of(const char *text) {
    uint64_t place = 0;
    size_t size = strspn(text, "0123456789");
    if (text[size] != '\0' || size == 0 || size > 10 || (text[0] == '0' && size > 1))
        return CK_NONE;
    for (size_t i = 0; i < size; i++)
        place = place * 10 + (uint64_t)(text[i] - '0');
    return place < CK_NONE ? (uint32_t)place : CK_NONE;
}

/* The names that stand behind as many tensors as have been placed. */
static ckpt_status add_ties(ck_ggufnames *n, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && n->next_tie < ckpt_value_count(n->ties) &&
           place_of(string_at(n->ties, n->next_tie + 2)) == n->placed) {
        ckpt_tensor kept = ckpt_find_tensor(ckpt_root(n->c), string_at(n->ties, n->next_tie + 1));
        if (!ckpt_tensor_exists(kept))
            return fail(CK_GGUF_TIES_KEY, "a name of a tensor that does not come before", err);
        status = add_copy(n, string_at(n->ties, n->next_tie), kept, err);
        n->next_tie += 3;
    }
    return status;
}

ckpt_status ck_ggufnames_place(ck_ggufnames *n, char *name, size_t size, ckpt_tensor tensor,
                               ckpt_error *err) {
    uint32_t place = ck_nametree_get(&n->names, name, size);
    ckpt_status status = add_ties(n, err);
    if (status != CKPT_OK)
        return status;
    n->placed++;
    if (place != CK_NAMETREE_NONE)
        return add_copy(n, string_at(n->long_names, place + 1), tensor, err);
    return ck_add_dotted(n->c, name, size, tensor, err);
}

ckpt_status ck_gguf_drop_entry(ckpt *c, const char *key, ckpt_error *err) {
    ckpt_value metadata = ckpt_metadata(c), types = ckpt_map_get(metadata, CK_GGUF_TYPES_KEY);
    ckpt_status status = CKPT_OK;
    if (ckpt_value_kind(ckpt_map_get(types, key)) != CKPT_VALUE_ABSENT) {
        status = ckpt_map_remove(types, key, err);
        if (status == CKPT_OK && ckpt_value_count(types) == 0)
            status = ckpt_map_remove(metadata, CK_GGUF_TYPES_KEY, err);
    }
    if (status == CKPT_OK && ckpt_value_kind(ckpt_map_get(metadata, key)) != CKPT_VALUE_ABSENT)
        status = ckpt_map_remove(metadata, key, err);
    return status;
}

ckpt_status ck_ggufnames_finish(ck_ggufnames *n, ckpt_error *err) {
    ckpt_status status = add_ties(n, err);
    if (status == CKPT_OK && n->next_tie != ckpt_value_count(n->ties))
        status = fail(CK_GGUF_TIES_KEY, "places that do not ascend, or behind all tensors", err);
    if (status == CKPT_OK)
        status = ck_gguf_drop_entry(n->c, CK_GGUF_NAMES_KEY, err);
    return status == CKPT_OK ? ck_gguf_drop_entry(n->c, CK_GGUF_TIES_KEY, err) : status;
}
