/* SPDX-License-Identifier: MIT */
/* The object of a pickle, and the model that is made of it. */
#include "exchange/torchentries.h"
#include "exchange/torchstate.h"

#include <ckpt/walk.h>

#include <string.h>

/* What a file of N bytes may make of its own text and values, by repeating them. */
#define TEXT_ROOM ((uint64_t)1 << 20)
#define TEXT_FACTOR 64
#define VALUES_ROOM ((uint64_t)1 << 16)
#define VALUES_FACTOR 4

void ck_torch_reader_open(ck_torch_reader *t, ckpt *c, const ck_torch_dialect *dialect) {
    memset(t, 0, sizeof *t);
    t->c = c;
    t->dialect = dialect;
    t->memory = *ck_ckpt_memory(c);
    t->views.seed = c->hash_seed;
    if (dialect != NULL) {
        ck_pickle_open(&t->pickle, &t->memory, dialect->names, dialect->name_count,
                       dialect->allowed);
        t->pickle.rule_name = dialect->rule_name;
    } else {
        ck_pickle_open(&t->pickle, &t->memory, ck_torch_names, ck_torch_name_count,
                       CK_PICKLE_PROTOCOL_2 | CK_PICKLE_PERSISTENT);
    }
}

void ck_torch_reader_close(ck_torch_reader *t) {
    ck_buffer_clear(&t->memory, &t->storages);
    ck_nametree_clear(&t->memory, &t->keys);
    ck_free(&t->memory, t->seen, t->node_count, sizeof *t->seen);
    ck_free(&t->memory, t->made, t->node_count, sizeof *t->made);
    ck_free(&t->memory, t->uses, t->node_count, sizeof *t->uses);
    ck_hashmap_clear(&t->memory, &t->views);
    ck_hashmap_clear(&t->memory, &t->places);
    ck_buffer_clear(&t->memory, &t->place_text);
    ck_buffer_clear(&t->memory, &t->path);
    ck_pickle_close(&t->pickle);
}

static void count_uses(ck_torch_reader *t) {
    for (size_t i = 0; i < t->node_count; i++) {
        const ck_pickle_node *node = ck_pickle_at(&t->pickle, (uint32_t)i);
        bool is_dict = node->kind == CK_PICKLE_DICT;
        if (node->kind < CK_PICKLE_TUPLE || node->kind > CK_PICKLE_DICT)
            continue;
        for (uint32_t k = 0; k < node->count; k++) {
            uint32_t child = ck_pickle_child(&t->pickle, (uint32_t)i, is_dict ? 2 * k + 1 : k);
            if (t->uses[child] < 2)
                t->uses[child]++;
        }
    }
}

ckpt_status ck_torch_read_object(ck_torch_reader *t, const ck_source *source, uint64_t offset,
                                 uint64_t limit, uint64_t *ret_end, ckpt_error *err) {
    ckpt_status status = ck_pickle_run(&t->pickle, source, offset, limit, &t->root, ret_end, err);
    if (status != CKPT_OK)
        return status;
    t->node_count = ck_pickle_node_count(&t->pickle);
    t->seen = ck_calloc(&t->memory, t->node_count, sizeof *t->seen);
    t->made = ck_calloc(&t->memory, t->node_count, sizeof *t->made);
    t->uses = ck_calloc(&t->memory, t->node_count, sizeof *t->uses);
    if (t->seen == NULL || t->made == NULL || t->uses == NULL)
        return ck_fail_nomem(err);
    count_uses(t);
    t->text_left = TEXT_ROOM + TEXT_FACTOR * (*ret_end - offset);
    t->values_left = VALUES_ROOM + VALUES_FACTOR * (*ret_end - offset);
    return ck_error_prefix(err, ck_torch_register_storages(t, err), source->name);
}

/* ---- what holds tensors ---- */

static ckpt_status survey_children(ck_torch_reader *t, uint32_t node, bool *ret_holds,
                                   ckpt_error *err) {
    uint32_t step = ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_DICT ? 2 : 1;
    uint32_t count = ck_pickle_at(&t->pickle, node)->count;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < count; i++) {
        uint32_t child = ck_pickle_child(&t->pickle, node, i * step + (step - 1));
        status = ck_torch_survey(t, child, err);
        *ret_holds = *ret_holds || t->seen[child] == CK_TORCH_HOLDS_TENSORS;
    }
    return status;
}

ckpt_status ck_torch_survey(ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    bool is_container = kind >= CK_PICKLE_TUPLE && kind <= CK_PICKLE_DICT;
    bool holds = ck_torch_is_tensor(t, node);
    ckpt_status status = CKPT_OK;
    if (t->seen[node] == CK_TORCH_ENTERED)
        return ck_fail_rule(err, "PT8", CKPT_E_UNSUPPORTED, "%s contains itself",
                            ck_pickle_describe(&t->pickle, node).text);
    if (t->seen[node] != CK_TORCH_UNKNOWN)
        return CKPT_OK;
    if (is_container) {
        if (t->depth >= CK_PICKLE_MAX_DEPTH)
            return ck_fail_rule(err, t->pickle.rule_name(CK_PICKLE_LIMITS), CKPT_E_LIMIT,
                                "values are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
        t->seen[node] = CK_TORCH_ENTERED;
        t->depth++;
        status = survey_children(t, node, &holds, err);
        t->depth--;
        /* A state_dict is a module even where none of its modules has a tensor. */
        holds = holds || ck_torch_metadata_of(t, node) != CK_PICKLE_NO_NODE;
    }
    t->seen[node] = holds ? CK_TORCH_HOLDS_TENSORS : CK_TORCH_PLAIN;
    return status;
}

/* ---- the root ---- */

/* A root that is no container has one entry, "object", to which the empty pointer leads. */
static ckpt_status build_object(ck_torch_reader *t, ckpt_module root, ckpt_error *err) {
    ckpt_tensor tensor;
    ckpt_status status = ckpt_set_module_type(root, "object", err);
    if (status != CKPT_OK)
        return status;
    if (!ck_torch_is_tensor(t, t->root))
        return ck_torch_store_value(t, t->root, ckpt_module_attributes(root), "object", err);
    status = ck_torch_make_tensor(t, t->root, &tensor, err);
    return status == CKPT_OK ? ckpt_add_tensor(root, "object", tensor, err) : status;
}

static ckpt_status build_root(ck_torch_reader *t, ckpt_error *err) {
    ckpt_module root = ckpt_root(t->c);
    const char *type = ck_torch_container_type(t, t->root);
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, t->root);
    bool is_container = kind >= CK_PICKLE_TUPLE && kind <= CK_PICKLE_DICT;
    if (!is_container || !ck_torch_is_container(type))
        return build_object(t, root, err);
    ckpt_status status = ckpt_set_module_type(root, type, err);
    return status == CKPT_OK ? ck_torch_fill_module(t, t->root, root, err) : status;
}

/* That no name is longer or deeper than names may be. */
static ckpt_status check_names(ckpt *c, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, err);
    if (status == CKPT_OK)
        ckpt_walk_free(walk);
    else if (status == CKPT_E_LIMIT)
        ck_error_rule(err, "PT14");
    return status;
}

ckpt_status ck_torch_build(ck_torch_reader *t, ckpt_error *err) {
    ckpt_status status = ck_torch_survey(t, t->root, err);
    if (status == CKPT_OK)
        status = ck_add_root(t->c, err);
    if (status == CKPT_OK)
        status = build_root(t, err);
    if (status != CKPT_OK)
        return ck_torch_locate(t, err, status);
    return check_names(t->c, err);
}
