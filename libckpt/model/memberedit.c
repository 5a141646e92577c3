/* SPDX-License-Identifier: MIT */
/* Changing modules and their members: what the caller asks for, checked. */
#include "base/utf8.h"
#include "model/lookup.h"
#include "model/memberrun.h"
#include "model/tensor.h"
#include "model/topology.h"

#include <string.h>

ckpt_status ck_check_component(const char *text, size_t size, ckpt_error *err) {
    if (size > CK_MAX_NAME_SIZE)
        return ck_fail(err, CKPT_E_ARGUMENT, "a name of %zu bytes is longer than %d", size,
                       CK_MAX_NAME_SIZE);
    if (size != 0 && memchr(text, '.', size) != NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "the name '%s' has a '.'", ck_name_n(text, size).text);
    if (!ck_utf8_valid(text, size))
        return ck_fail(err, CKPT_E_ARGUMENT, "the name '%s' is not well-formed UTF-8 without NUL",
                       ck_name_n(text, size).text);
    return CKPT_OK;
}

static ckpt_status prepare(ckpt_module module, ckpt_error *err) {
    if (module.owner == NULL || module.id >= module.owner->modules.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such module");
    return ck_thaw(module.owner, err);
}

static ckpt_status fail_taken(const char *name, ckpt_error *err) {
    return ck_fail(err, CKPT_E_EXISTS, "the module has a member '%s' already", CK_NAME(name));
}

/* Checks that the name is a free one and gives it a number. */
static ckpt_status take_name(ckpt_module module, const char *name, uint32_t *ret_string,
                             ckpt_error *err) {
    ckpt_status status = prepare(module, err);
    if (status == CKPT_OK)
        status = ck_check_component(name, strlen(name), err);
    if (status != CKPT_OK)
        return status;
    /* What nothing is called yet, no member is. */
    uint32_t string = ck_find_string(module.owner, name, strlen(name));
    if (string == CK_NONE)
        return ck_intern(module.owner, name, strlen(name), ret_string, err);
    if (ck_hashmap_get(&module.owner->member_index, ck_pair(module.id, string)) != CK_HASH_NONE)
        return fail_taken(name, err);
    *ret_string = string;
    return CKPT_OK;
}

ckpt_status ckpt_set_module_type(ckpt_module module, const char *type, ckpt_error *err) {
    uint32_t string;
    ckpt_status status = prepare(module, err);
    if (status == CKPT_OK)
        status = ck_intern(module.owner, type, strlen(type), &string, err);
    if (status == CKPT_OK)
        ck_module_rec_at(module.owner, module.id)->type = string;
    return status;
}

/* A module without a name, with empty attributes. */
static ckpt_status create_module(ckpt *c, const char *type, uint32_t *ret_id, ckpt_error *err) {
    uint32_t string;
    ckpt_status status = ck_intern(c, type, strlen(type), &string, err);
    if (status != CKPT_OK)
        return status;
    if (c->modules.count >= CK_NONE - 1 || c->values.count >= CK_NONE / 2)
        return ck_fail(err, CKPT_E_LIMIT, "too many modules");
    if (!ck_table_append(&c->memory, &c->values, 1))
        return ck_fail_nomem(err);
    uint32_t attributes = (uint32_t)c->values.count - 1;
    ck_value_at(c, attributes)->key = CK_NONE;
    ck_value_at(c, attributes)->type = CKPT_VALUE_MAP;
    if (!ck_table_append(&c->memory, &c->attributes_added, 1))
        return ck_fail_nomem(err);
    if (!ck_table_append(&c->memory, &c->modules, 1)) {
        c->attributes_added.count--;
        return ck_fail_nomem(err);
    }
    uint32_t id = (uint32_t)c->modules.count - 1;
    ((uint32_t *)c->attributes_added.records)[c->attributes_added.count - 1] = attributes;
    ck_module_rec_at(c, id)->type = string;
    ck_module_rec_at(c, id)->program = CK_NONE;
    *ret_id = id;
    return CKPT_OK;
}

ckpt_status ckpt_add_module(ckpt_module parent, const char *name, const char *type,
                            ckpt_module *ret_module, ckpt_error *err) {
    uint32_t string, id = 0;
    ckpt_status status = take_name(parent, name, &string, err);
    if (status == CKPT_OK)
        status = ck_member_reserve(parent, err);
    if (status == CKPT_OK)
        status = create_module(parent.owner, type, &id, err);
    if (status != CKPT_OK)
        return status;
    ck_member_add(parent, string, CK_MEMBER_MODULE, id);
    if (ret_module != NULL) {
        ret_module->owner = parent.owner;
        ret_module->id = id;
    }
    return CKPT_OK;
}

ckpt_status ck_share_closed_module(ckpt_module parent, const char *name, ckpt_module module,
                                   ckpt_error *err) {
    uint32_t string;
    ckpt_status status = take_name(parent, name, &string, err);
    if (status != CKPT_OK)
        return status;
    if (module.owner != parent.owner || module.id >= module.owner->modules.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "the module is not one of this checkpoint");
    status = ck_member_reserve(parent, err);
    if (status == CKPT_OK)
        ck_member_add(parent, string, CK_MEMBER_MODULE, module.id);
    return status;
}

ckpt_status ckpt_share_module(ckpt_module parent, const char *name, ckpt_module module,
                              ckpt_error *err) {
    bool reaches = false;
    if (parent.owner == NULL || module.owner != parent.owner ||
        parent.id >= parent.owner->modules.count || module.id >= module.owner->modules.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "the module is not one of this checkpoint");
    ckpt_status status = ck_module_reaches(module, parent, &reaches, err);
    if (status != CKPT_OK)
        return status;
    if (reaches)
        return ck_fail(err, CKPT_E_STRUCTURE, "as '%s' the module would contain itself",
                       CK_NAME(name));
    return ck_share_closed_module(parent, name, module, err);
}

ckpt_status ckpt_add_tensor(ckpt_module module, const char *name, ckpt_tensor tensor,
                            ckpt_error *err) {
    uint32_t string;
    ckpt_status status = take_name(module, name, &string, err);
    if (status != CKPT_OK)
        return status;
    if (tensor.owner != module.owner || tensor.id >= tensor.owner->tensors.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "the tensor is not one of this checkpoint");
    status = ck_member_reserve(module, err);
    if (status == CKPT_OK)
        ck_member_add(module, string, CK_MEMBER_TENSOR, tensor.id);
    return status;
}

/* The record of a member that must be there. */
static ckpt_status find_existing(ckpt_module module, const char *name, uint32_t *ret_place,
                                 ckpt_error *err) {
    ckpt_status status = prepare(module, err);
    if (status != CKPT_OK)
        return status;
    uint32_t place = ck_find_member(module.owner, module.id, name, strlen(name));
    if (place == CK_NONE)
        return ck_fail(err, CKPT_E_NOT_FOUND, "the module has no member '%s'", CK_NAME(name));
    *ret_place = place;
    return CKPT_OK;
}

ckpt_status ckpt_rename(ckpt_module module, const char *name, const char *new_name,
                        ckpt_error *err) {
    uint32_t place, string;
    ckpt_status status = find_existing(module, name, &place, err);
    if (status != CKPT_OK || strcmp(name, new_name) == 0)
        return status;
    status = take_name(module, new_name, &string, err);
    if (status != CKPT_OK)
        return status;
    ckpt *c = module.owner;
    if (!ck_hashmap_reserve(&c->memory, &c->member_index, 1))
        return ck_fail_nomem(err);
    ck_member_rec *member = ck_member_at(c, ck_module_rec_at(c, module.id)->first_member + place);
    ck_hashmap_remove(&c->member_index, ck_pair(module.id, member->name));
    ck_hashmap_set(&c->memory, &c->member_index, ck_pair(module.id, string),
                   place + ck_member_shift(c, module.id));
    member->name = string;
    return CKPT_OK;
}

ckpt_status ckpt_remove(ckpt_module module, const char *name, ckpt_error *err) {
    uint32_t place;
    ckpt_status status = find_existing(module, name, &place, err);
    return status == CKPT_OK ? ck_member_remove(module, place, err) : status;
}

/* The record of a member that must be a tensor. */
static ckpt_status find_tensor_member(ckpt_module module, const char *name,
                                      ck_member_rec **ret_member, ckpt_error *err) {
    uint32_t place;
    ckpt_status status = find_existing(module, name, &place, err);
    if (status != CKPT_OK)
        return status;
    ckpt *c = module.owner;
    ck_member_rec *member = ck_member_at(c, ck_module_rec_at(c, module.id)->first_member + place);
    if (member->kind != CK_MEMBER_TENSOR)
        return ck_fail(err, CKPT_E_ARGUMENT, "the member '%s' is a module", CK_NAME(name));
    *ret_member = member;
    return CKPT_OK;
}

ckpt_status ckpt_tie(ckpt_module module, const char *name, ckpt_tensor tensor, ckpt_error *err) {
    ck_member_rec *member;
    ckpt_status status = find_tensor_member(module, name, &member, err);
    if (status != CKPT_OK)
        return status;
    if (tensor.owner != module.owner || tensor.id >= tensor.owner->tensors.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "the tensor is not one of this checkpoint");
    if (!ck_tensor_same_type(ckpt_module_tensor(module, name), tensor))
        return ck_fail(err, CKPT_E_SHAPE, "'%s' has another dtype or shape than the tensor",
                       CK_NAME(name));
    member->target = tensor.id;
    return CKPT_OK;
}

ckpt_status ckpt_untie(ckpt_module module, const char *name, ckpt_tensor *ret_tensor,
                       ckpt_error *err) {
    ck_member_rec *member;
    ckpt_tensor copy;
    ckpt_status status = find_tensor_member(module, name, &member, err);
    if (status == CKPT_OK)
        status = ck_tensor_copy(ckpt_module_tensor(module, name), &copy, err);
    if (status != CKPT_OK)
        return status;
    /* The copy has not touched the members, so the record is where it was. */
    member->target = copy.id;
    if (ret_tensor != NULL)
        *ret_tensor = copy;
    return CKPT_OK;
}
