/* SPDX-License-Identifier: MIT */
/* The attribute _metadata of a state_dict: for each path of a module a dict, which is nearly always
 * {'version': n}. */
#include "exchange/torchstate.h"

#include <string.h>

uint32_t ck_torch_metadata_of(const ck_torch_reader *t, uint32_t node) {
    const ck_pickle *p = &t->pickle;
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_DICT)
        return CK_PICKLE_NO_NODE;
    uint32_t state = ck_pickle_at(p, node)->as.run.state;
    if (state == CK_PICKLE_NO_NODE)
        return CK_PICKLE_NO_NODE;
    uint32_t metadata = ck_pickle_get(p, state, "_metadata");
    if (metadata == CK_PICKLE_NO_NODE || ck_pickle_kind_of(p, metadata) != CK_PICKLE_DICT)
        return CK_PICKLE_NO_NODE;
    for (uint32_t i = 0; i < ck_pickle_at(p, metadata)->count; i++) {
        const ck_pickle_node *key = ck_pickle_at(p, ck_pickle_child(p, metadata, 2 * i));
        if (key->kind != CK_PICKLE_TEXT || key->odd)
            return CK_PICKLE_NO_NODE;
    }
    return metadata;
}

static bool is_version(const ck_pickle *p, uint32_t node, int64_t *ret_version) {
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_DICT || ck_pickle_at(p, node)->count != 1 ||
        ck_pickle_at(p, node)->name != CK_PICKLE_NO_NAME ||
        !ck_pickle_is_text(p, ck_pickle_child(p, node, 0), "version"))
        return false;
    const ck_pickle_node *value = ck_pickle_at(p, ck_pickle_child(p, node, 1));
    *ret_version = value->as.integer;
    return value->kind == CK_PICKLE_INT;
}

static ckpt_status keep_one(ck_torch_reader *t, uint32_t metadata, const ck_torch_keys *keys,
                            uint32_t i, ckpt_value versions, ckpt_error *err) {
    size_t size, before = t->path.size;
    const char *key = ck_torch_key(keys, i, &size);
    uint32_t value = ck_pickle_child(&t->pickle, metadata, 2 * i + 1);
    int64_t version;
    if (is_version(&t->pickle, value, &version))
        return ckpt_map_set(versions, key, ckpt_int(version), NULL, err);
    ckpt_status status = ck_torch_survey(t, value, err);
    if (status == CKPT_OK && t->seen[value] == CK_TORCH_HOLDS_TENSORS)
        status = ck_fail_rule(err, "PT12", CKPT_E_UNSUPPORTED, "_metadata holds tensors");
    if (status == CKPT_OK)
        status = ck_torch_step(&t->memory, &t->path, key, size, err);
    if (status == CKPT_OK)
        status = ck_torch_store_value(t, value, versions, key, err);
    if (status == CKPT_OK)
        t->path.size = before;
    return status;
}

static ckpt_status keep(ck_torch_reader *t, uint32_t metadata, const ck_torch_keys *keys,
                        ckpt_error *err) {
    static const char step[] = "/~metadata"; /* no key gives a '~' without a digit */
    size_t before = t->path.size;
    ckpt_value all, versions;
    ckpt_status status = ck_torch_spend_text(t, before, err);
    if (status == CKPT_OK)
        status = ck_torch_side_map(t, CK_TORCH_VERSIONS, &all, err);
    if (status == CKPT_OK)
        status = ckpt_map_set(all, ck_torch_pointer(&t->path), ckpt_map(), &versions, err);
    if (status == CKPT_OK && !ck_buffer_append(&t->memory, &t->path, step, sizeof step))
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        t->path.size--; /* the NUL */
    if (status == CKPT_OK && strcmp(ck_torch_container_type(t, metadata), "OrderedDict") != 0)
        status = ck_torch_note_type(t, ck_torch_container_type(t, metadata), err);
    for (uint32_t i = 0; status == CKPT_OK && i < ck_pickle_at(&t->pickle, metadata)->count; i++)
        status = keep_one(t, metadata, keys, i, versions, err);
    if (status == CKPT_OK)
        t->path.size = before;
    return status;
}

ckpt_status ck_torch_keep_metadata(ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    uint32_t state = ck_pickle_at(&t->pickle, node)->as.run.state;
    uint32_t metadata = ck_torch_metadata_of(t, node);
    if (state == CK_PICKLE_NO_NODE)
        return CKPT_OK;
    if (ck_pickle_kind_of(&t->pickle, state) != CK_PICKLE_DICT)
        return ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE, "a dict has %s for attributes",
                            ck_pickle_describe(&t->pickle, state).text);
    if (ck_pickle_at(&t->pickle, state)->count > (metadata != CK_PICKLE_NO_NODE ? 1u : 0u))
        ck_report_loss(&t->c->losses, CKPT_LOSS_METADATA, ck_torch_pointer(&t->path),
                       "the attributes that Python code has given to the dict are dropped");
    if (metadata == CK_PICKLE_NO_NODE)
        return CKPT_OK;
    ck_torch_keys keys;
    ckpt_status status = ck_torch_make_keys(t, metadata, &keys, err);
    if (status == CKPT_OK)
        status = keep(t, metadata, &keys, err);
    ck_torch_clear_keys(t, &keys);
    return status;
}
