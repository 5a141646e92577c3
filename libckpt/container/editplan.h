/* SPDX-License-Identifier: MIT */
/* What a new generation keeps of the file, what it adds, and what it retires. */
#ifndef CK_EDITPLAN_H
#define CK_EDITPLAN_H

#include "container/collect.h"
#include "container/header.h"

typedef struct ck_edit_plan {
    ck_memory memory;
    ck_collection all; /* storages: those that are in the file, in its order, then the others */
    uint32_t *kept;    /* numbers in the file of the storages that come first */
    size_t kept_room;
    uint32_t kept_count;
    ck_retired_rec *retired; /* of the new generation, by offset */
    size_t retired_room;
    size_t retired_count;
} ck_edit_plan;

/* newest is the generation of the slot, as it is in the file; c is what shall become of it. */
ckpt_status ck_edit_plan_make(ckpt *c, const ckpt *newest, const ck_slot *slot,
                              ck_edit_plan *ret_plan, ckpt_error *err);
/* After a commit: notes what the writable storages hold, so that the next commit finds those that
 * were changed. */
void ck_edit_plan_remember(ckpt *c);
/* Whether what the caller may write to holds what a commit has written, or is not there. */
bool ck_edit_plan_is_as_committed(const ckpt *c);
void ck_edit_plan_free(ck_edit_plan *plan); /* takes a zeroed one with memory, too */

#endif
