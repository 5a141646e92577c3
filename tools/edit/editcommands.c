/* SPDX-License-Identifier: MIT */
/* The commands of ckpt-edit, each a few calls of the library. */
#include "edit.h"

#include <string.h>

#include "../common/textbuffer.h"

/* A dotted name as the module that it stands in and the last component, which is a part of it. */
typedef struct place {
    ckpt_module parent;
    const char *name;
} place;

static bool find_place(ckpt *c, const char *dotted_name, place *ret_place) {
    const char *dot = strrchr(dotted_name, '.');
    ckpt_module root = ckpt_root(c);
    if (dot == NULL) {
        place top = {root, dotted_name};
        *ret_place = top;
        return true;
    }
    textbuf parent = {0};
    text_add_bytes(&parent, dotted_name, (size_t)(dot - dotted_name));
    place found = {dot == dotted_name ? ckpt_module_child(root, "")
                                      : ckpt_find_module(root, text_string(&parent)),
                   dot + 1};
    text_free(&parent);
    *ret_place = found;
    return ckpt_module_exists(found.parent);
}

static int fail_no_module(const char *name) {
    return tool_fail(EDIT, "'%s': there is no module of that name", name);
}

static int tell(const edit_command *command, ckpt_status status, const ckpt_error *err) {
    if (status == CKPT_OK)
        return TOOL_FINE;
    return tool_fail(EDIT, "%s '%s': %s", edit_verb_name(command->verb), command->words[0],
                     err->message);
}

/* To another module: what it names gets the new name too, as the last member there, and then loses
 * the old one. */
static ckpt_status move(place from, place to, ckpt_error *err) {
    ckpt_member member = ckpt_module_member_named(from.parent, from.name);
    if (ckpt_module_same(from.parent, to.parent) || member.kind == CKPT_MEMBER_NONE)
        return ckpt_rename(from.parent, from.name, to.name, err);
    ckpt_status status = member.kind == CKPT_MEMBER_MODULE
                             ? ckpt_share_module(to.parent, to.name, member.module, err)
                             : ckpt_add_tensor(to.parent, to.name, member.tensor, err);
    return status == CKPT_OK ? ckpt_remove(from.parent, from.name, err) : status;
}

static int rename_member(ckpt *c, const edit_command *command) {
    ckpt_error err;
    place from, to;
    if (!find_place(c, command->words[0], &from))
        return fail_no_module(command->words[0]);
    if (!find_place(c, command->words[1], &to))
        return fail_no_module(command->words[1]);
    return tell(command, move(from, to, &err), &err);
}

static int drop(ckpt *c, const edit_command *command) {
    ckpt_error err;
    place at;
    if (!find_place(c, command->words[0], &at))
        return fail_no_module(command->words[0]);
    return tell(command, ckpt_remove(at.parent, at.name, &err), &err);
}

static int add(ckpt *c, const edit_command *command) {
    ckpt_error err;
    ckpt_module added;
    place at;
    if (!find_place(c, command->words[0], &at))
        return fail_no_module(command->words[0]);
    if (command->from != NULL)
        return edit_add_tensor(at.parent, at.name, command);
    return tell(command, ckpt_add_module(at.parent, at.name, command->module, &added, &err), &err);
}

static int change_module(ckpt *c, const edit_command *command) {
    ckpt_error err;
    ckpt_module module = ckpt_find_module(ckpt_root(c), command->words[0]);
    if (!ckpt_module_exists(module))
        return fail_no_module(command->words[0]);
    if (command->verb == EDIT_TYPE)
        return tell(command, ckpt_set_module_type(module, command->words[1], &err), &err);
    ckpt_value attributes = ckpt_module_attributes(module);
    if (command->verb == EDIT_ATTRIBUTE)
        return edit_set_value(attributes, command->words[1]);
    return tell(command, ckpt_map_remove(attributes, command->words[1], &err), &err);
}

int edit_apply(ckpt *c, const edit_command *command) {
    ckpt_error err;
    switch (command->verb) {
    case EDIT_SET: return edit_set_value(ckpt_metadata(c), command->words[0]);
    case EDIT_UNSET:
        return tell(command, ckpt_map_remove(ckpt_metadata(c), command->words[0], &err), &err);
    case EDIT_RENAME: return rename_member(c, command);
    case EDIT_DROP: return drop(c, command);
    case EDIT_ADD: return add(c, command);
    default: return change_module(c, command);
    }
}
