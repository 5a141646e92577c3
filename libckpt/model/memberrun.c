/* SPDX-License-Identifier: MIT */
#include "model/memberrun.h"

#include "model/lookup.h"

#include <string.h>

/* Where the room of the module's run is noted; NULL when memory runs out. */
static uint32_t *find_room(ckpt *c, uint32_t module) {
    size_t count = c->member_rooms.count;
    if (module >= count) {
        if (!ck_table_append(&c->memory, &c->member_rooms, module - count + 1))
            return NULL;
        for (size_t i = count; i < c->member_rooms.count; i++)
            ((uint32_t *)c->member_rooms.records)[i] = CK_HASH_NONE;
    }
    return (uint32_t *)c->member_rooms.records + module;
}

/* Enters the members for the places that they have. */
static void forget_shift(ckpt *c, uint32_t module) {
    const ck_module_rec *rec = ck_module_rec_at(c, module);
    const ck_member_rec *run = ck_member_at(c, rec->first_member);
    if (ck_member_shift(c, module) == 0)
        return;
    ck_hashmap_remove(&c->member_shifts, module);
    for (uint32_t i = 0; i < rec->member_count; i++)
        ck_hashmap_set(&c->memory, &c->member_index, ck_pair(module, run[i].name), i);
}

/* A run that has used up its room, but has lost half as many members at its beginning as it has
 * now, goes back there: what comes and goes takes no more and more room. */
static void use_beginning_again(ckpt *c, uint32_t module, uint32_t *room) {
    ck_module_rec *rec = ck_module_rec_at(c, module);
    uint32_t count = rec->member_count, shift = ck_member_shift(c, module);
    uint32_t used = *room != CK_HASH_NONE ? *room : count;
    if (shift == 0 || shift < count / 2 || count < used)
        return;
    ck_member_rec *run = ck_member_at(c, rec->first_member - shift);
    memmove(run, run + shift, count * sizeof *run);
    rec->first_member -= shift;
    *room = used + shift;
    forget_shift(c, module);
}

ckpt_status ck_member_reserve(ckpt_module module, ckpt_error *err) {
    ckpt *c = module.owner;
    ck_module_rec *rec = ck_module_rec_at(c, module.id);
    uint32_t *room = find_room(c, module.id);
    if (room == NULL || !ck_hashmap_reserve(&c->memory, &c->member_index, 1))
        return ck_fail_nomem(err);
    use_beginning_again(c, module.id, room);
    uint64_t first = rec->first_member;
    if (!ck_table_grow_run(&c->memory, &c->members, &rec->first_member, rec->member_count, room))
        return ck_fail_nomem(err);
    if (rec->first_member != first)
        forget_shift(c, module.id);
    return CKPT_OK;
}

void ck_member_add(ckpt_module module, uint32_t name, uint32_t kind, uint32_t target) {
    ckpt *c = module.owner;
    ck_module_rec *rec = ck_module_rec_at(c, module.id);
    ck_member_rec *member = ck_member_at(c, rec->first_member + rec->member_count);
    member->name = name;
    member->kind = kind;
    member->target = target;
    ck_hashmap_set(&c->memory, &c->member_index, ck_pair(module.id, name),
                   rec->member_count + ck_member_shift(c, module.id));
    rec->member_count++;
}

/* Moves those behind a place to the front by one; they are entered for their new places. */
static void close_from_behind(ckpt *c, uint32_t module, uint32_t place) {
    const ck_module_rec *rec = ck_module_rec_at(c, module);
    ck_member_rec *run = ck_member_at(c, rec->first_member);
    uint32_t shift = ck_member_shift(c, module);
    for (uint32_t i = place; i + 1 < rec->member_count; i++) {
        run[i] = run[i + 1];
        ck_hashmap_set(&c->memory, &c->member_index, ck_pair(module, run[i].name), i + shift);
    }
}

/* Moves those before it back by one: the run begins later. Those behind it need not be touched. */
static void close_from_before(ckpt *c, uint32_t module, uint32_t place) {
    ck_module_rec *rec = ck_module_rec_at(c, module);
    ck_member_rec *run = ck_member_at(c, rec->first_member);
    uint32_t shift = ck_member_shift(c, module);
    uint32_t *rooms = c->member_rooms.records;
    for (uint32_t i = place; i > 0; i--) {
        run[i] = run[i - 1];
        ck_hashmap_set(&c->memory, &c->member_index, ck_pair(module, run[i].name), i + shift);
    }
    ck_hashmap_set(&c->memory, &c->member_shifts, module, shift + 1);
    if (module < c->member_rooms.count && rooms[module] != CK_HASH_NONE)
        rooms[module]--;
    rec->first_member++;
}

ckpt_status ck_member_remove(ckpt_module module, uint32_t place, ckpt_error *err) {
    ckpt *c = module.owner;
    ck_module_rec *rec = ck_module_rec_at(c, module.id);
    const ck_member_rec *removed = ck_member_at(c, rec->first_member + place);
    if (!ck_hashmap_reserve(&c->memory, &c->member_shifts, 1))
        return ck_fail_nomem(err);
    ck_hashmap_remove(&c->member_index, ck_pair(module.id, removed->name));
    if (place < rec->member_count / 2)
        close_from_before(c, module.id, place);
    else
        close_from_behind(c, module.id, place);
    rec->member_count--;
    return CKPT_OK;
}
