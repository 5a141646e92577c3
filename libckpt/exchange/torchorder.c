/* SPDX-License-Identifier: MIT */
/* A state_dict has an order of its tensors, its _metadata one of all modules. The names keep
 * theirs; a module without tensors comes before the module that is listed behind it. */
#include "exchange/torchstate.h"

#include <string.h>

static bool list_paths(ck_torch_reader *t, ck_torch_listed *listed) {
    for (uint32_t i = 0; i < listed->count; i++) {
        size_t size;
        const char *path = ck_torch_key(&listed->paths, i, &size);
        unsigned char no = 0;
        if (ck_nametree_add(&t->memory, &listed->numbers, path, size, i) == CK_NAMETREE_NOMEM ||
            !ck_buffer_append(&t->memory, &listed->holds, &no, 1))
            return false;
    }
    return true;
}

/* The modules around that name, up to one that is marked already. */
static void mark_holders(ck_torch_listed *listed, const char *key, size_t size) {
    /* A name of more components is refused in its turn. */
    for (uint32_t depth = 0; size-- > 0 && depth < CK_MAX_DEPTH;) {
        if (key[size] != '.')
            continue;
        depth++;
        uint32_t number = ck_nametree_get(&listed->numbers, key, size);
        if (number != CK_NAMETREE_NONE && listed->holds.bytes[number] != 0)
            return;
        if (number != CK_NAMETREE_NONE)
            listed->holds.bytes[number] = 1;
    }
}

ckpt_status ck_torch_list_modules(ck_torch_reader *t, uint32_t metadata, uint32_t dict,
                                  const ck_torch_keys *keys, ck_torch_listed *ret_listed,
                                  ckpt_error *err) {
    memset(ret_listed, 0, sizeof *ret_listed);
    ckpt_status status = ck_torch_make_keys(t, metadata, &ret_listed->paths, err);
    if (status != CKPT_OK)
        return status;
    ret_listed->count = ck_pickle_at(&t->pickle, metadata)->count;
    if (!list_paths(t, ret_listed))
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < ck_pickle_at(&t->pickle, dict)->count; i++) {
        size_t size;
        const char *key = ck_torch_key(keys, i, &size);
        if (t->seen[ck_pickle_child(&t->pickle, dict, 2 * i + 1)] == CK_TORCH_HOLDS_TENSORS)
            mark_holders(ret_listed, key, size);
    }
    return CKPT_OK;
}

void ck_torch_clear_listed(ck_torch_reader *t, ck_torch_listed *listed) {
    ck_torch_clear_keys(t, &listed->paths);
    ck_nametree_clear(&t->memory, &listed->numbers);
    ck_buffer_clear(&t->memory, &listed->holds);
}
