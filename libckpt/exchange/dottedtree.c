/* SPDX-License-Identifier: MIT */
#include "exchange/dottedtree.h"

#include "base/error.h"
#include "model/records.h"

#include <string.h>

static ckpt_status check_limits(const char *name, size_t size, ckpt_error *err) {
    uint32_t components = 1;
    if (size > CK_MAX_NAME_SIZE)
        return ck_fail(err, CKPT_E_LIMIT, "the name '%s' has more than %d bytes",
                       ck_name_n(name, size).text, CK_MAX_NAME_SIZE);
    for (size_t i = 0; i < size; i++)
        components += name[i] == '.';
    if (components > CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "the name '%s' has more than %d components",
                       ck_name_n(name, size).text, CK_MAX_DEPTH);
    return CKPT_OK;
}

/* What stands in the module under the component that ends before end; the character there is put
 * back. */
static ckpt_member find_component(ckpt_module module, char *component, char *end) {
    char kept = *end;
    *end = '\0';
    ckpt_member member = ckpt_module_member_named(module, component);
    *end = kept;
    return member;
}

static ckpt_status make_component(ckpt_module *module, char *component, char *end,
                                  ckpt_error *err) {
    char kept = *end;
    *end = '\0';
    ckpt_status status = ckpt_add_module(*module, component, "", module, err);
    *end = kept;
    return status;
}

/* The module that a component leads to, which is made when it is not there yet. */
static ckpt_status enter(ckpt_module *module, char *component, char *end, const char *name,
                         size_t size, ckpt_error *err) {
    ckpt_member member = find_component(*module, component, end);
    if (member.kind == CKPT_MEMBER_NONE)
        return make_component(module, component, end, err);
    if (member.kind == CKPT_MEMBER_TENSOR)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "the name '%s' goes through a tensor, and a member cannot be both a tensor "
                       "and a module",
                       ck_name_n(name, size).text);
    *module = member.module;
    return CKPT_OK;
}

static ckpt_status add_last(ckpt_module module, const char *component, const char *name,
                            size_t size, ckpt_tensor tensor, ckpt_error *err) {
    if (ckpt_module_exists(ckpt_module_child(module, component)))
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "the name '%s' also begins the names of other tensors, and a member cannot "
                       "be both a tensor and a module",
                       ck_name_n(name, size).text);
    return ckpt_add_tensor(module, component, tensor, err);
}

static char *find_dot(char *component, char *end) {
    return memchr(component, '.', (size_t)(end - component));
}

ckpt_status ck_add_dotted(ckpt *c, char *name, size_t size, ckpt_tensor tensor, ckpt_error *err) {
    ckpt_module module = ckpt_root(c);
    char *component = name, *end = name + size, *dot;
    ckpt_status status = check_limits(name, size, err);
    while (status == CKPT_OK && (dot = find_dot(component, end)) != NULL) {
        status = enter(&module, component, dot, name, size, err);
        component = dot + 1;
    }
    return status == CKPT_OK ? add_last(module, component, name, size, tensor, err) : status;
}

bool ck_dotted_is_free(ckpt *c, char *name, size_t size) {
    ckpt_module module = ckpt_root(c);
    char *component = name, *end = name + size, *dot;
    if (check_limits(name, size, NULL) != CKPT_OK)
        return false;
    while ((dot = find_dot(component, end)) != NULL) {
        ckpt_member member = find_component(module, component, dot);
        if (member.kind != CKPT_MEMBER_MODULE)
            return member.kind == CKPT_MEMBER_NONE;
        module = member.module;
        component = dot + 1;
    }
    return ckpt_module_member_named(module, component).kind == CKPT_MEMBER_NONE;
}
