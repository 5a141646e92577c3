/* SPDX-License-Identifier: MIT */
/* Reading modules and their members. */
#include "model/lookup.h"

#include <string.h>

static ckpt_module no_module(void) {
    ckpt_module module = {NULL, 0};
    return module;
}

static ckpt_tensor no_tensor(void) {
    ckpt_tensor tensor = {NULL, 0};
    return tensor;
}

static const ck_module_rec *record_of(ckpt_module module) {
    if (module.owner == NULL || module.id >= module.owner->modules.count)
        return NULL;
    return ck_module_rec_at(module.owner, module.id);
}

ckpt_module ckpt_root(ckpt *c) {
    return ckpt_module_by_id(c, 0);
}

uint32_t ckpt_module_count(const ckpt *c) {
    return c != NULL ? (uint32_t)c->modules.count : 0;
}

ckpt_module ckpt_module_by_id(ckpt *c, uint32_t id) {
    ckpt_module module = {c, id};
    return id < ckpt_module_count(c) ? module : no_module();
}

const char *ckpt_module_type(ckpt_module module) {
    const ck_module_rec *rec = record_of(module);
    return rec != NULL ? ck_string(module.owner, rec->type, NULL) : "";
}

uint32_t ckpt_module_member_count(ckpt_module module) {
    const ck_module_rec *rec = record_of(module);
    return rec != NULL ? rec->member_count : 0;
}

ckpt_member ckpt_module_member(ckpt_module module, uint32_t i) {
    ckpt_member member = {NULL, CKPT_MEMBER_NONE, no_module(), no_tensor()};
    const ck_module_rec *rec = record_of(module);
    if (rec == NULL || i >= rec->member_count)
        return member;
    const ck_member_rec *entry = ck_member_at(module.owner, rec->first_member + i);
    member.name = ck_string(module.owner, entry->name, NULL);
    if (entry->kind == CK_MEMBER_MODULE) {
        member.kind = CKPT_MEMBER_MODULE;
        member.module.owner = module.owner;
        member.module.id = entry->target;
    } else {
        member.kind = CKPT_MEMBER_TENSOR;
        member.tensor.owner = module.owner;
        member.tensor.id = entry->target;
    }
    return member;
}

static ckpt_member member_named(ckpt_module module, const char *name, size_t size) {
    uint32_t place = CK_NONE;
    if (record_of(module) != NULL)
        place = ck_find_member(module.owner, module.id, name, size);
    return ckpt_module_member(module, place);
}

ckpt_member ckpt_module_member_named(ckpt_module module, const char *name) {
    return member_named(module, name, strlen(name));
}

ckpt_module ckpt_module_at(ckpt_module module, uint32_t i) {
    uint32_t count = ckpt_module_member_count(module);
    for (uint32_t place = 0; place < count; place++) {
        ckpt_member member = ckpt_module_member(module, place);
        if (member.kind == CKPT_MEMBER_MODULE && i-- == 0)
            return member.module;
    }
    return no_module();
}

ckpt_module ckpt_module_child(ckpt_module module, const char *name) {
    return ckpt_module_member_named(module, name).module;
}

ckpt_tensor ckpt_module_tensor(ckpt_module module, const char *name) {
    return ckpt_module_member_named(module, name).tensor;
}

/* Goes down all components but the last, which is left in *ret_last. */
static ckpt_module find_holder(ckpt_module module, const char *dotted_name, const char **ret_last) {
    const char *dot;
    while ((dot = strchr(dotted_name, '.')) != NULL) {
        module = member_named(module, dotted_name, (size_t)(dot - dotted_name)).module;
        dotted_name = dot + 1;
    }
    *ret_last = dotted_name;
    return module;
}

ckpt_module ckpt_find_module(ckpt_module module, const char *dotted_name) {
    const char *last;
    if (dotted_name[0] == '\0')
        return module;
    module = find_holder(module, dotted_name, &last);
    return ckpt_module_child(module, last);
}

ckpt_tensor ckpt_find_tensor(ckpt_module module, const char *dotted_name) {
    const char *last;
    module = find_holder(module, dotted_name, &last);
    return ckpt_module_tensor(module, last);
}
