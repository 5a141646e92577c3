/* SPDX-License-Identifier: MIT */
#include "nn/netwalk.h"

#include <stdio.h>
#include <string.h>

void ck_net_walk_start(ck_net_walk *walk, ckpt_module module) {
    walk->module = module;
    walk->kind = NULL;
    walk->depth = 0;
    walk->visits = 0;
    walk->started = false;
}

/* Appends to a text that is cut when the room is used up. */
static void append(char *text, size_t size, size_t *used, const char *piece) {
    size_t room = size - 1 - *used, length = strlen(piece);
    if (length > room)
        length = room;
    memcpy(text + *used, piece, length);
    *used += length;
    text[*used] = '\0';
}

ck_net_place ck_net_walk_place(const ck_net_walk *walk) {
    char path[256] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < walk->depth; i++) {
        const ck_net_level *level = &walk->levels[i];
        append(path, sizeof path, &used, i > 0 ? "." : "");
        append(path, sizeof path, &used, ckpt_module_member(level->module, level->next - 1).name);
    }
    ck_net_place place;
    const char *type = ckpt_module_type(walk->module);
    if (walk->depth == 0)
        (void)snprintf(place.text, sizeof place.text, "the module itself (%s)", CK_NAME(type));
    else
        (void)snprintf(place.text, sizeof place.text, "module '%s' (%s)", CK_NAME(path),
                       CK_NAME(type));
    return place;
}

static ckpt_status open_container(ck_net_walk *walk, ckpt_error *err) {
    if (walk->depth == CK_NET_DEPTH_LIMIT)
        return ck_fail(err, CKPT_E_LIMIT, "%s: containers are nested deeper than %d",
                       ck_net_walk_place(walk).text, CK_NET_DEPTH_LIMIT);
    ck_net_level *level = &walk->levels[walk->depth++];
    level->module = walk->module;
    level->next = 0;
    level->count = ckpt_module_member_count(walk->module);
    return CKPT_OK;
}

/* The next child module of the innermost container that has one left; true in *ret_found. */
static ckpt_status find_child(ck_net_walk *walk, bool *ret_found, ckpt_error *err) {
    for (; walk->depth > 0; walk->depth--) {
        ck_net_level *level = &walk->levels[walk->depth - 1];
        while (level->next < level->count) {
            if (++walk->visits > CK_NET_VISIT_LIMIT)
                return ck_fail(err, CKPT_E_LIMIT, "the net has more than %d places for modules",
                               CK_NET_VISIT_LIMIT);
            ckpt_member member = ckpt_module_member(level->module, level->next++);
            if (member.kind == CKPT_MEMBER_MODULE) {
                walk->module = member.module;
                *ret_found = true;
                return CKPT_OK;
            }
        }
    }
    *ret_found = false;
    return CKPT_OK;
}

ckpt_status ck_net_walk_next(ck_net_walk *walk, bool *ret_found, ckpt_error *err) {
    bool found = true;
    ckpt_status status = CKPT_OK;
    if (walk->started && walk->kind->is_container)
        status = open_container(walk, err);
    if (status == CKPT_OK && walk->started)
        status = find_child(walk, &found, err);
    if (status != CKPT_OK)
        return status;
    walk->started = true;
    if (found) {
        walk->kind = ck_operator_named(ckpt_module_type(walk->module));
        if (walk->kind == NULL)
            return ck_fail(err, CKPT_E_UNSUPPORTED, "%s: the runtime has no operator of this type",
                           ck_net_walk_place(walk).text);
    }
    *ret_found = found;
    return CKPT_OK;
}
