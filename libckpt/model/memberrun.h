/* SPDX-License-Identifier: MIT */
/* The members of a module are a run in the table of members, with room behind it. To take one away
 * moves those on the nearer side only: a run can begin later than it did, and member_index knows
 * its members by places that count what went away in front of them (ck_member_shift). */
#ifndef CK_MEMBERRUN_H
#define CK_MEMBERRUN_H

#include "model/object.h"

/* Everything that can fail when a member is added. */
ckpt_status ck_member_reserve(ckpt_module module, ckpt_error *err);
/* Behind all others. The name is a string of the checkpoint that no member has; reserved before. */
void ck_member_add(ckpt_module module, uint32_t name, uint32_t kind, uint32_t target);
ckpt_status ck_member_remove(ckpt_module module, uint32_t place, ckpt_error *err);

#endif
