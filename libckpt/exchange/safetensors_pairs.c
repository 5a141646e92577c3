/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_pairs.h"

#include "exchange/dottedtree.h"

#include <string.h>

static const ck_safetensors_pair *pair_at(const ck_safetensors_pairs *pairs, size_t i) {
    return (const ck_safetensors_pair *)(const void *)pairs->pairs.bytes + i;
}

static size_t pair_count(const ck_safetensors_pairs *pairs) {
    return pairs->pairs.size / sizeof(ck_safetensors_pair);
}

static char *text_at(const ck_safetensors_pairs *pairs, size_t offset) {
    return (char *)pairs->text.bytes + offset;
}

static bool keep(const ck_memory *memory, ck_safetensors_pairs *pairs, const char *text,
                 size_t size, size_t *ret_offset) {
    *ret_offset = pairs->text.size;
    return ck_buffer_append(memory, &pairs->text, text, size) &&
           ck_buffer_append(memory, &pairs->text, "", 1);
}

ckpt_status ck_safetensors_add_pair(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                    const char *key, size_t key_size, const char *value,
                                    size_t value_size, ckpt_error *err) {
    ck_safetensors_pair pair = {0, key_size, 0, value_size};
    switch (ck_nametree_add(memory, &pairs->keys, key, key_size, (uint32_t)pair_count(pairs))) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN: return CKPT_E_EXISTS;
    case CK_NAMETREE_ADDED: break;
    }
    if (!keep(memory, pairs, key, key_size, &pair.key) ||
        !keep(memory, pairs, value, value_size, &pair.value) ||
        !ck_buffer_append(memory, &pairs->pairs, &pair, sizeof pair))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

/* The key is needed when the value has been read, and json holds one string only: it goes into the
 * text first. */
static ckpt_status take_pair(const ck_memory *memory, ck_safetensors_pairs *pairs, ck_json *json,
                             ckpt_error *err) {
    ck_safetensors_pair pair = {0, 0, 0, 0};
    ckpt_status status = ck_json_key(json, &pair.key_size, err);
    if (status != CKPT_OK)
        return status;
    const char *key = ck_json_text(json);
    switch (
        ck_nametree_add(memory, &pairs->keys, key, pair.key_size, (uint32_t)pair_count(pairs))) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_json_fail(ck_json_by(json, "ST3"), err, "duplicate key '%s' in the metadata",
                            CK_NAME(key));
    case CK_NAMETREE_ADDED: break;
    }
    if (!keep(memory, pairs, key, pair.key_size, &pair.key))
        return ck_fail_nomem(err);
    status = ck_json_string(json, "a value of the metadata, a string", &pair.value_size, err);
    if (status != CKPT_OK)
        return status;
    if (!keep(memory, pairs, ck_json_text(json), pair.value_size, &pair.value) ||
        !ck_buffer_append(memory, &pairs->pairs, &pair, sizeof pair))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

ckpt_status ck_safetensors_take_pairs(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                      ck_json *json, ckpt_error *err) {
    bool more;
    ckpt_status status = ck_json_expect(json, '{', "the metadata, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_pair(memory, pairs, json, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    return status;
}

ckpt_status ck_safetensors_merge_pairs(const ck_memory *memory, ck_safetensors_pairs *pairs,
                                       const ck_safetensors_pairs *more, const char *shard,
                                       const ck_losses *losses, ckpt_error *err) {
    for (size_t i = 0; i < pair_count(more); i++) {
        const ck_safetensors_pair *pair = pair_at(more, i);
        const char *key = text_at(more, pair->key), *value = text_at(more, pair->value);
        ckpt_status status = ck_safetensors_add_pair(memory, pairs, key, pair->key_size, value,
                                                     pair->value_size, err);
        if (status == CKPT_E_EXISTS) {
            uint32_t first = ck_nametree_get(&pairs->keys, key, pair->key_size);
            if (strcmp(text_at(pairs, pair_at(pairs, first)->value), value) != 0)
                ck_report_loss(losses, CKPT_LOSS_METADATA, key,
                               "has another text in shard '%s' than before, which is left out",
                               CK_NAME(shard));
        } else if (status != CKPT_OK) {
            return status;
        }
    }
    return CKPT_OK;
}

ckpt_status ck_safetensors_name_status(ckpt_status status, ckpt_error *err) {
    if (status == CKPT_E_LIMIT || status == CKPT_E_UNSUPPORTED)
        ck_error_rule(err, "ST9");
    return status;
}

static ckpt_status apply_pair(ckpt *c, const ck_safetensors_pairs *pairs, size_t i,
                              ckpt_tensor kept, ckpt_error *err) {
    const ck_safetensors_pair *pair = pair_at(pairs, i);
    char *key = text_at(pairs, pair->key);
    const char *value = text_at(pairs, pair->value);
    if (ckpt_tensor_exists(kept) && ck_dotted_is_free(c, key, pair->key_size))
        return ck_safetensors_name_status(ck_add_dotted(c, key, pair->key_size, kept, err), err);
    return ckpt_map_set(ckpt_metadata(c), key, ckpt_string_n(value, pair->value_size), NULL, err);
}

ckpt_status ck_safetensors_apply_pairs(ckpt *c, const ck_safetensors_pairs *pairs,
                                       ckpt_error *err) {
    size_t count = pair_count(pairs);
    ckpt_tensor *kept = ck_alloc(&c->memory, count, sizeof *kept);
    ckpt_status status = kept != NULL ? CKPT_OK : ck_fail_nomem(err);
    for (size_t i = 0; i < count && status == CKPT_OK; i++)
        kept[i] = ck_find_dotted(c, text_at(pairs, pair_at(pairs, i)->value),
                                 pair_at(pairs, i)->value_size);
    for (size_t i = 0; i < count && status == CKPT_OK; i++)
        status = apply_pair(c, pairs, i, kept[i], err);
    ck_free(&c->memory, kept, count, sizeof *kept);
    return status;
}

void ck_safetensors_pairs_clear(const ck_memory *memory, ck_safetensors_pairs *pairs) {
    ck_buffer_clear(memory, &pairs->pairs);
    ck_buffer_clear(memory, &pairs->text);
    ck_nametree_clear(memory, &pairs->keys);
}
