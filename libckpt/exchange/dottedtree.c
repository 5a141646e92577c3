/* SPDX-License-Identifier: MIT */
#include "exchange/dottedtree.h"

#include "base/error.h"
#include "model/records.h"

#include <string.h>

/* Two bytes of a name can make a module, which takes a hundred times as much: names that are mostly
 * dots would make a small file take much memory. */
enum { MODULES_FREE = 4096, MODULES_PER_TENSOR = 3 };

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
    uint64_t tensors = ckpt_tensor_count(module->owner);
    if (ckpt_module_count(module->owner) >= MODULES_FREE + MODULES_PER_TENSOR * tensors)
        return ck_fail(err, CKPT_E_LIMIT, "its names make more than %d modules for each tensor",
                       MODULES_PER_TENSOR);
    *end = '\0';
    ckpt_status status = ckpt_add_module(*module, component, "", module, err);
    *end = kept;
    return status;
}

/* The module that a component leads to, which is made when it is not there yet; in a module that
 * was just made nothing is. */
static ckpt_status enter(ckpt_module *module, bool *is_new, char *component, char *end,
                         const char *name, size_t size, ckpt_error *err) {
    ckpt_member member = {NULL, CKPT_MEMBER_NONE, {NULL, 0}, {NULL, 0}};
    if (!*is_new)
        member = find_component(*module, component, end);
    *is_new = member.kind == CKPT_MEMBER_NONE;
    if (*is_new)
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
    ckpt_error taken;
    ckpt_status status = ckpt_add_tensor(module, component, tensor, &taken);
    if (status == CKPT_E_EXISTS && ckpt_module_exists(ckpt_module_child(module, component)))
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "the name '%s' also begins the names of other tensors, and a member cannot "
                       "be both a tensor and a module",
                       ck_name_n(name, size).text);
    if (status != CKPT_OK && err != NULL)
        *err = taken;
    return status;
}

static char *find_dot(char *component, char *end) {
    return memchr(component, '.', (size_t)(end - component));
}

/* How many modules of the path the name goes through too. */
static uint32_t count_shared(const ck_dotted_path *path, const char *name, size_t size) {
    size_t from = 0;
    uint32_t i = 0;
    for (; i < path->depth; i++) {
        size_t end = path->steps[i].end;
        if (end >= size || name[end] != '.' || memcmp(name + from, path->name + from, end - from))
            break;
        from = end + 1;
    }
    return i;
}

ckpt_status ck_add_dotted_next(ckpt *c, ck_dotted_path *path, char *name, size_t size,
                               ckpt_tensor tensor, ckpt_error *err) {
    char *component = name, *end = name + size, *dot;
    ckpt_module module = ckpt_root(c);
    bool is_new = false;
    ckpt_status status = check_limits(name, size, err);
    if (status != CKPT_OK)
        return status;
    path->depth = count_shared(path, name, size);
    path->name = name;
    if (path->depth > 0) {
        module = path->steps[path->depth - 1].module;
        component += path->steps[path->depth - 1].end + 1;
    }
    while (status == CKPT_OK && (dot = find_dot(component, end)) != NULL) {
        status = enter(&module, &is_new, component, dot, name, size, err);
        if (status == CKPT_OK) {
            ck_dotted_step step = {(size_t)(dot - name), module};
            path->steps[path->depth++] = step;
        }
        component = dot + 1;
    }
    return status == CKPT_OK ? add_last(module, component, name, size, tensor, err) : status;
}

ckpt_status ck_add_dotted(ckpt *c, char *name, size_t size, ckpt_tensor tensor, ckpt_error *err) {
    ck_dotted_path path;
    path.depth = 0;
    return ck_add_dotted_next(c, &path, name, size, tensor, err);
}

/* What stands under the name, or, where *ret_is_whole is false, in its way. */
static ckpt_member find(ckpt *c, char *name, size_t size, bool *ret_is_whole) {
    ckpt_module module = ckpt_root(c);
    char *component = name, *end = name + size, *dot;
    while ((dot = find_dot(component, end)) != NULL) {
        ckpt_member member = find_component(module, component, dot);
        if (member.kind != CKPT_MEMBER_MODULE) {
            *ret_is_whole = false;
            return member;
        }
        module = member.module;
        component = dot + 1;
    }
    *ret_is_whole = true;
    return find_component(module, component, end);
}

ckpt_tensor ck_find_dotted(ckpt *c, char *name, size_t size) {
    bool is_whole;
    ckpt_tensor none = {NULL, 0};
    ckpt_member member = find(c, name, size, &is_whole);
    return is_whole && member.kind == CKPT_MEMBER_TENSOR ? member.tensor : none;
}

bool ck_dotted_is_free(ckpt *c, char *name, size_t size) {
    bool is_whole;
    return check_limits(name, size, NULL) == CKPT_OK &&
           find(c, name, size, &is_whole).kind == CKPT_MEMBER_NONE;
}
