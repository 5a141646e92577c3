/* SPDX-License-Identifier: MIT */
/* Reading modules and their members (section 5 of spec/manifest.md). Recursion is as deep as dotted
 * names are long, which has a limit. */
#include "manifest/manifeststate.h"

#include "model/object.h"

#include <string.h>

/* A module, or the place of a member in one. */
typedef struct place {
    ckpt_module module;
    uint32_t path;
    uint32_t depth; /* components of its dotted name */
} place;

static ckpt_status read_members(ck_manifest_reader *r, const place *at, ckpt_error *err);

/* ---- anchors ---- */

static ck_anchored *anchored_at(const ck_manifest_reader *r, uint32_t i) {
    return (ck_anchored *)(void *)r->anchored.bytes + i;
}

/* A map with an anchor begins. Its number is UINT32_MAX when it has none. */
static ckpt_status open_anchor(ck_manifest_reader *r, const ck_yaml_event *event,
                               uint32_t *ret_number, ckpt_error *err) {
    ck_anchored anchored = {.is_open = true};
    uint32_t number = (uint32_t)(r->anchored.size / sizeof anchored);
    if (event->anchor == NULL) {
        *ret_number = UINT32_MAX;
        return CKPT_OK;
    }
    switch (
        ck_nametree_add(&r->memory, &r->anchors, event->anchor, strlen(event->anchor), number)) {
    case CK_NAMETREE_NOMEM: return ck_fail_nomem(err);
    case CK_NAMETREE_KNOWN:
        return ck_yaml_fail(&r->yaml, event->mark, err, "expected a new anchor, got '&%s' again",
                            CK_NAME(event->anchor));
    case CK_NAMETREE_ADDED: break;
    }
    if (!ck_buffer_append(&r->memory, &r->anchored, &anchored, sizeof anchored))
        return ck_fail_nomem(err);
    *ret_number = number;
    return CKPT_OK;
}

static void close_anchor(ck_manifest_reader *r, uint32_t number, ckpt_module module,
                         ckpt_tensor tensor) {
    if (number == UINT32_MAX)
        return;
    ck_anchored *anchored = anchored_at(r, number);
    anchored->is_open = false;
    anchored->is_tensor = ckpt_tensor_exists(tensor);
    anchored->module = module;
    anchored->tensor = tensor;
}

/* An error of the object model about a member. */
static ckpt_status fail_member(const ck_manifest_reader *r, ck_mark mark, const char *name,
                               const ckpt_error *inner, ckpt_error *err) {
    if (inner->status == CKPT_E_EXISTS)
        return ck_yaml_fail(&r->yaml, mark, err, "duplicate key '%s'", CK_NAME(name));
    return ck_yaml_fail_inner(&r->yaml, mark, inner, err);
}

static ckpt_status read_alias(ck_manifest_reader *r, const place *at, const char *name,
                              ck_mark mark, const ck_yaml_event *event, ckpt_error *err) {
    uint32_t number = ck_nametree_get(&r->anchors, event->text, event->size);
    if (number == CK_NAMETREE_NONE)
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected an anchor before the alias, got no '&%s'",
                            CK_NAME(event->text));
    ck_anchored target = *anchored_at(r, number);
    if (target.is_open)
        return ck_yaml_fail(&r->yaml, event->mark, err,
                            "expected no cycle, but '*%s' stands inside the module '&%s'",
                            CK_NAME(event->text), CK_NAME(event->text));
    ckpt_error inner;
    ckpt_status status = target.is_tensor
                             ? ckpt_add_tensor(at->module, name, target.tensor, &inner)
                             : ck_share_closed_module(at->module, name, target.module, &inner);
    return status == CKPT_OK ? status : fail_member(r, mark, name, &inner, err);
}

/* ---- modules ---- */

/* The type, behind the key `module`. What is to be named after it is made by the callers below. */
static ckpt_status read_type(ck_manifest_reader *r, ck_yaml_event *ret_event, ckpt_error *err) {
    ckpt_status status = ck_yaml_next(&r->yaml, ret_event, err);
    if (status == CKPT_OK)
        status = ck_yaml_as_string(&r->yaml, ret_event, "the type of the module, a string", err);
    return status;
}

/* The keys of a module behind its type, to the end of its map. */
static ckpt_status read_rest(ck_manifest_reader *r, const place *at, ckpt_error *err) {
    static const char *const keys[] = {"module", "attributes", "members"};
    uint32_t seen = 1, key = 0;
    for (;;) {
        ck_yaml_event event;
        ckpt_status status = ck_yaml_next_key(&r->yaml, "a key of the module", &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_MAP_END)
            return status;
        status = ck_read_known_key(r, &event, keys, 3, &seen, &key, err);
        if (status != CKPT_OK)
            return status;
        status = key == 1 ? ck_read_value_map(r, ckpt_module_attributes(at->module),
                                              "a map of attributes", err)
                          : read_members(r, at, err);
        if (status != CKPT_OK)
            return status;
    }
}

static ckpt_status add_module(ck_manifest_reader *r, const place *parent, const char *name,
                              ck_mark mark, ckpt_module *ret_module, ckpt_error *err) {
    ck_yaml_event type;
    ckpt_error inner;
    ckpt_status status = read_type(r, &type, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_add_module(parent->module, name, type.text, ret_module, &inner);
    return status == CKPT_OK ? status : fail_member(r, mark, name, &inner, err);
}

static ckpt_status add_tensor(ck_manifest_reader *r, const place *parent, const char *name,
                              ck_mark mark, ckpt_tensor tensor, ckpt_error *err) {
    ckpt_error inner;
    ckpt_status status = ckpt_add_tensor(parent->module, name, tensor, &inner);
    return status == CKPT_OK ? status : fail_member(r, mark, name, &inner, err);
}

/* ---- members ---- */

/* at: the place of the member, its module still that of the parent. */
static ckpt_status read_map(ck_manifest_reader *r, place at, const char *name, ck_mark mark,
                            const ck_yaml_event *event, ckpt_error *err) {
    const ckpt_tensor no_tensor = {NULL, 0};
    ckpt_tensor tensor = no_tensor;
    ck_mark begin = event->mark;
    ck_yaml_event key;
    uint32_t anchor;
    ckpt_status status = open_anchor(r, event, &anchor, err);
    if (status == CKPT_OK)
        status = ck_yaml_next_key(&r->yaml, "a key", &key, err);
    if (status != CKPT_OK)
        return status;
    bool ended = key.kind == CK_YAML_MAP_END;
    if (!ended && strcmp(key.text, "module") == 0) {
        place inside = at;
        status = add_module(r, &at, name, mark, &inside.module, err);
        if (status == CKPT_OK)
            status = read_rest(r, &inside, err);
        at = inside;
    } else if (!ended && (strcmp(key.text, "parameter") == 0 || strcmp(key.text, "buffer") == 0)) {
        status = ck_read_tensor(r, key.text[0] == 'b', begin, at.path, &tensor, err);
        if (status == CKPT_OK)
            status = add_tensor(r, &at, name, mark, tensor, err);
    } else {
        return ck_yaml_unexpected(&r->yaml, &key,
                                  "the first key to be 'module', 'parameter' or 'buffer'", err);
    }
    if (status == CKPT_OK)
        close_anchor(r, anchor, at.module, tensor);
    return status;
}

static ckpt_status add_path(ck_manifest_reader *r, uint32_t parent, const ck_yaml_event *key,
                            uint32_t *ret_path, ckpt_error *err) {
    ck_path path = {parent, 0};
    ck_buffer *paths = &r->manifest->paths;
    size_t number = paths->size / sizeof path;
    ckpt_status status = ck_keep_text(r, key->text, key->size, &path.name, err);
    if (status != CKPT_OK)
        return status;
    if (number >= CK_PATH_ROOT || !ck_buffer_append(&r->memory, paths, &path, sizeof path))
        return ck_fail_nomem(err);
    *ret_path = (uint32_t)number;
    return CKPT_OK;
}

static ckpt_status fail_depth(const ck_manifest_reader *r, ck_mark mark, ckpt_error *err) {
    ck_place at = ck_yaml_place_at(&r->yaml, mark);
    return ck_fail_at(err, &at, CKPT_E_LIMIT, "a dotted name has more than %d components",
                      CK_MAX_DEPTH);
}

static ckpt_status read_member(ck_manifest_reader *r, const place *parent, const ck_yaml_event *key,
                               ckpt_error *err) {
    place at = {parent->module, 0, parent->depth + 1};
    ck_mark mark = key->mark;
    ck_yaml_event event;
    if (at.depth > CK_MAX_DEPTH)
        return fail_depth(r, mark, err);
    ckpt_status status = add_path(r, parent->path, key, &at.path, err);
    if (status != CKPT_OK)
        return status;
    char *name = ck_copy_string(&r->memory, key->text, key->size);
    if (name == NULL)
        return ck_fail_nomem(err);
    status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK && event.kind == CK_YAML_ALIAS)
        status = read_alias(r, parent, name, mark, &event, err);
    else if (status == CKPT_OK && event.kind == CK_YAML_MAP)
        status = read_map(r, at, name, mark, &event, err);
    else if (status == CKPT_OK)
        status = ck_yaml_unexpected(&r->yaml, &event, "a module, a tensor or an alias of one", err);
    ck_free_string(&r->memory, name);
    return status;
}

static ckpt_status read_members(ck_manifest_reader *r, const place *at, ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_expect(&r->yaml, CK_YAML_MAP, "a map of members", &event, err);
    while (status == CKPT_OK) {
        status = ck_yaml_next_key(&r->yaml, "the name of a member", &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_MAP_END)
            break;
        status = read_member(r, at, &event, err);
    }
    return status;
}

ckpt_status ck_read_root(ck_manifest_reader *r, ckpt_error *err) {
    place root = {ckpt_root(r->checkpoint), CK_PATH_ROOT, 0};
    ck_yaml_event event;
    uint32_t anchor = UINT32_MAX;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK && event.kind != CK_YAML_MAP)
        status = ck_yaml_unexpected(&r->yaml, &event, "the root module, a map", err);
    if (status == CKPT_OK)
        status = open_anchor(r, &event, &anchor, err);
    if (status == CKPT_OK)
        status = ck_yaml_next_key(&r->yaml, "the key 'module'", &event, err);
    if (status != CKPT_OK)
        return status;
    if (event.kind == CK_YAML_MAP_END || strcmp(event.text, "module") != 0)
        return ck_yaml_unexpected(&r->yaml, &event, "the first key of the root to be 'module'",
                                  err);
    status = read_type(r, &event, err);
    if (status == CKPT_OK)
        status = ckpt_set_module_type(root.module, event.text, err);
    return status == CKPT_OK ? read_rest(r, &root, err) : status;
}
