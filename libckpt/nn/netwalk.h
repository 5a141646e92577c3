/* SPDX-License-Identifier: MIT */
/* The modules of a net in the order in which they run, a container before its children, a shared
 * module at each of its places. */
#ifndef CK_NETWALK_H
#define CK_NETWALK_H

#include "base/error.h"
#include "nn/optable.h"

enum {
    CK_NET_DEPTH_LIMIT = 128,
    CK_NET_VISIT_LIMIT = 1 << 20 /* members seen in all; sharing can make places without end */
};

typedef struct ck_net_level {
    ckpt_module module;
    uint32_t next; /* the member to look at next; the one before it is where the walk is now */
    uint32_t count;
} ck_net_level;

typedef struct ck_net_walk {
    ckpt_module module; /* where the walk is */
    const ck_operator *kind;
    uint32_t depth; /* open containers */
    uint32_t visits;
    bool started;
    ck_net_level levels[CK_NET_DEPTH_LIMIT];
} ck_net_walk;

void ck_net_walk_start(ck_net_walk *walk, ckpt_module module);
/* Goes to the next module, into the present one first if it is a container. False in *ret_found at
 * the end. CKPT_E_UNSUPPORTED: a module type that is not in the operator table. CKPT_E_LIMIT: the
 * limits above. */
ckpt_status ck_net_walk_next(ck_net_walk *walk, bool *ret_found, ckpt_error *err);

/* "module '0.block 1.2' (Linear)": where the walk is, escaped, as seen from its start. */
typedef struct ck_net_place {
    char text[288];
} ck_net_place;
ck_net_place ck_net_walk_place(const ck_net_walk *walk);

#endif
