/* SPDX-License-Identifier: MIT */
/* The whole checkpoint at a glance: where every module, tensor and storage stands. Each module is
 * gone into once, so time and memory are linear in the file, however many dotted names it has. */
#ifndef OUTLINE_H
#define OUTLINE_H

#include <stddef.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

#include "textbuffer.h"

#define OUTLINE_NONE SIZE_MAX

/* A member of a module: a place where a module or a tensor stands. Places are numbered in the order
 * of the state_dict. */
typedef struct outline_place {
    uint32_t module; /* that has the member */
    uint32_t member;
    size_t next; /* place of the same object, or OUTLINE_NONE */
} outline_place;

typedef struct outline_object {
    size_t first, last; /* places; OUTLINE_NONE when there are none */
    uint64_t places;
} outline_object;

typedef struct outline_module {
    outline_object object;
    size_t start, end; /* the places inside are [start, end); the first is its first member */
    uint64_t names;    /* dotted names of the module, saturating */
    uint32_t depth;    /* of its first name; 0 for the root */
} outline_module;

typedef struct outline_storage {
    uint32_t first, last; /* tensors that view it, in the order of their first places */
    uint32_t tensors;
    uint64_t places; /* of all these tensors */
} outline_storage;

typedef struct outline {
    ckpt *c;
    outline_place *places;
    size_t place_count, place_room;
    outline_module *modules;
    outline_object *tensors;
    uint32_t *next_view; /* of each tensor: the next one on its storage; UINT32_MAX at the end */
    outline_storage *storages;
    uint32_t *order; /* modules as they are first met, the root first */
    uint32_t order_count;
} outline;

outline *outline_new(ckpt *c);
void outline_free(outline *o); /* takes NULL */

/* The member that a place stands for. */
ckpt_member outline_member(const outline *o, size_t place);

/* Adds names to a text, raw or escaped. The first name is the one that a walk meets first. */
void outline_add_name(const outline *o, size_t place, textbuf *t);       /* raw */
void outline_add_module_name(const outline *o, uint32_t id, textbuf *t); /* raw; "" for the root */
void outline_add_tensor_name(const outline *o, uint32_t id, textbuf *t); /* raw */
void outline_add_escaped_name(const outline *o, size_t place, textbuf *t); /* its first name */

/* How many dotted names a tensor has, those through shared modules counted; saturating. */
uint64_t outline_tensor_names(const outline *o, uint32_t id);
/* Calls visit with the dotted names of a tensor, the first name first; visit returns false to
 * stop. */
typedef bool (*outline_visit)(void *ctx, const char *name);
void outline_each_name(const outline *o, uint32_t tensor, outline_visit visit, void *ctx);

#endif
