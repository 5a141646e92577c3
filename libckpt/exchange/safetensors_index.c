/* SPDX-License-Identifier: MIT */
#include "exchange/safetensors_index.h"

#include <string.h>

static size_t skip_space(const char *text, size_t size, size_t i) {
    while (i < size && memchr(" \t\n\r", text[i], 4) != NULL)
        i++;
    return i;
}

bool ck_safetensors_is_index(const char *head, size_t size) {
    static const char *const keys[] = {"\"weight_map\"", "\"metadata\""};
    size_t i = skip_space(head, size, 0);
    if (i == size || head[i] != '{')
        return false;
    i = skip_space(head, size, i + 1);
    for (int k = 0; k < 2; k++) {
        size_t length = strlen(keys[k]);
        if (size - i >= length && memcmp(head + i, keys[k], length) == 0)
            return true;
    }
    return false;
}

static ckpt_status keep(ck_safetensors_index *index, const ck_json *json, size_t size,
                        size_t *ret_offset, ckpt_error *err) {
    *ret_offset = index->text.size;
    if (!ck_buffer_append(&index->memory, &index->text, ck_json_text(json), size + 1))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

/* The number of the shard whose name json has just read. */
static ckpt_status find_shard(ck_safetensors_index *index, const ck_json *json, size_t size,
                              uint32_t *ret_shard, ckpt_error *err) {
    uint32_t number = (uint32_t)ck_indexed_shard_count(index);
    ck_indexed_shard shard = {0, 0};
    switch (
        ck_nametree_add(&index->memory, &index->shard_names, ck_json_text(json), size, number)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        *ret_shard = ck_nametree_get(&index->shard_names, ck_json_text(json), size);
        return CKPT_OK;
    case CK_NAMETREE_ADDED: break;
    }
    *ret_shard = number;
    ckpt_status status = keep(index, json, size, &shard.name, err);
    if (status == CKPT_OK &&
        !ck_buffer_append(&index->memory, &index->shards, &shard, sizeof shard))
        status = ck_fail_nomem(err);
    return status;
}

static ckpt_status take_tensor(ck_safetensors_index *index, ck_json *json, ckpt_error *err) {
    ck_indexed_tensor t = {0, 0, 0, {NULL, 0}};
    uint32_t number = (uint32_t)ck_indexed_tensor_count(index);
    size_t size;
    ckpt_status status = ck_json_key(json, &t.name_size, err);
    if (status != CKPT_OK)
        return status;
    switch (
        ck_nametree_add(&index->memory, &index->names, ck_json_text(json), t.name_size, number)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_json_fail(ck_json_by(json, "SI3"), err, "duplicate tensor '%s'",
                            CK_NAME(ck_json_text(json)));
    case CK_NAMETREE_ADDED: break;
    }
    status = keep(index, json, t.name_size, &t.name, err);
    if (status == CKPT_OK)
        status = ck_json_string(json, "the name of a shard, a string", &size, err);
    if (status == CKPT_OK)
        status = find_shard(index, json, size, &t.shard, err);
    if (status != CKPT_OK)
        return status;
    ck_indexed_shard_at(index, t.shard)->tensors++;
    return ck_buffer_append(&index->memory, &index->tensors, &t, sizeof t) ? CKPT_OK
                                                                           : ck_fail_nomem(err);
}

static ckpt_status take_map(ck_safetensors_index *index, ck_json *json, ckpt_error *err) {
    bool more;
    if (index->has_map)
        return ck_json_fail(ck_json_by(json, "SI3"), err, "duplicate key 'weight_map'");
    index->has_map = true;
    ckpt_status status = ck_json_expect(json, '{', "the weight_map, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_tensor(index, json, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    return status;
}

/* What the metadata says under a key. Strings may be ties: they are for later. */
static ckpt_status take_value(ck_safetensors_index *index, ck_json *json, const char *key,
                              size_t key_size, ck_safetensors_pairs *pairs, ckpt *c,
                              ckpt_error *err) {
    ckpt_literal value;
    const char *rule = json->rule;
    json->rule = "SI4";
    ckpt_status status =
        ck_json_scalar(json, "a value that is no array and no object", &value, err);
    json->rule = rule;
    if (status != CKPT_OK)
        return status;
    if (value.kind == CKPT_VALUE_STRING)
        return ck_safetensors_add_pair(&index->memory, pairs, key, key_size, value.as.bytes.data,
                                       value.as.bytes.size, err);
    if (strcmp(key, "total_size") == 0 && value.kind == CKPT_VALUE_INT && value.as.integer >= 0) {
        index->has_total = true;
        index->total = (uint64_t)value.as.integer;
        return CKPT_OK;
    }
    return ckpt_map_set(ckpt_metadata(c), key, value, NULL, err);
}

static ckpt_status take_entry(ck_safetensors_index *index, ck_json *json, ck_nametree *keys,
                              ck_safetensors_pairs *pairs, ckpt *c, ckpt_error *err) {
    size_t size, offset = index->text.size;
    ckpt_status status = ck_json_key(json, &size, err);
    if (status != CKPT_OK)
        return status;
    switch (ck_nametree_add(&index->memory, keys, ck_json_text(json), size, 0)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_json_fail(ck_json_by(json, "SI3"), err, "duplicate key '%s' in the metadata",
                            CK_NAME(ck_json_text(json)));
    case CK_NAMETREE_ADDED: break;
    }
    status = keep(index, json, size, &offset, err);
    if (status == CKPT_OK)
        status =
            take_value(index, json, (const char *)index->text.bytes + offset, size, pairs, c, err);
    index->text.size = offset;
    return status;
}

static ckpt_status take_metadata(ck_safetensors_index *index, ck_json *json,
                                 ck_safetensors_pairs *pairs, ckpt *c, ckpt_error *err) {
    ck_nametree keys;
    bool more;
    memset(&keys, 0, sizeof keys);
    if (index->has_metadata)
        return ck_json_fail(ck_json_by(json, "SI3"), err, "duplicate key 'metadata'");
    index->has_metadata = true;
    ckpt_status status = ck_json_expect(json, '{', "the metadata, an object", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        status = take_entry(index, json, &keys, pairs, c, err);
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    ck_nametree_clear(&index->memory, &keys);
    return status;
}

ckpt_status ck_safetensors_index_parse(ck_safetensors_index *index, ck_json *json,
                                       ck_safetensors_pairs *pairs, ckpt *c, ckpt_error *err) {
    bool more;
    ckpt_status status = ck_json_expect(json, '{', "'{'", err);
    if (status == CKPT_OK)
        status = ck_json_more(json, '}', true, &more, err);
    while (status == CKPT_OK && more) {
        size_t size;
        status = ck_json_key(json, &size, err);
        if (status != CKPT_OK)
            break;
        if (strcmp(ck_json_text(json), "metadata") == 0)
            status = take_metadata(index, json, pairs, c, err);
        else if (strcmp(ck_json_text(json), "weight_map") == 0)
            status = take_map(index, json, err);
        else
            status = ck_json_fail(json, err, "unknown key '%s' in an index",
                                  CK_NAME(ck_json_text(json)));
        if (status == CKPT_OK)
            status = ck_json_more(json, '}', false, &more, err);
    }
    if (status == CKPT_OK && !index->has_map)
        return ck_json_fail(json, err, "an index without weight_map");
    return status == CKPT_OK ? ck_json_end(json, err) : status;
}

void ck_safetensors_index_clear(ck_safetensors_index *index) {
    ck_buffer_clear(&index->memory, &index->tensors);
    ck_buffer_clear(&index->memory, &index->shards);
    ck_buffer_clear(&index->memory, &index->text);
    ck_nametree_clear(&index->memory, &index->names);
    ck_nametree_clear(&index->memory, &index->shard_names);
}
