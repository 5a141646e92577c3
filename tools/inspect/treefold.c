/* SPDX-License-Identifier: MIT */
#include "treefold.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_PERIOD = 8, DIGITS = 9 };

typedef struct numbered {
    const char *name;
    size_t stem; /* bytes before the number */
    uint32_t number;
    bool has_number;
    bool is_module;
    uint64_t key;
} numbered;

static numbered read_name(const char *name) {
    size_t size = strlen(name), stem = size;
    while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9' && size - stem <= DIGITS)
        stem--;
    numbered n = {.name = name, .stem = stem};
    n.has_number = stem < size && size - stem <= DIGITS;
    for (size_t i = stem; n.has_number && i < size; i++)
        n.number = n.number * 10 + (uint32_t)(name[i] - '0');
    return n;
}

static bool counts_on(const numbered *a, const numbered *b) {
    return a->has_number && b->has_number && a->stem == b->stem && b->number == a->number + 1 &&
           a->is_module == b->is_module && memcmp(a->name, b->name, a->stem) == 0;
}

/* How often the first `period` of members, of which there are count, stand one after the other. */
static uint32_t repeats_of(const numbered *members, uint32_t count, uint32_t period) {
    uint32_t i = 1;
    while (i < count && counts_on(&members[i - 1], &members[i]) &&
           (i < period || members[i].key == members[i - period].key))
        i++;
    return i / period;
}

static fold fold_at(const numbered *members, uint32_t first, uint32_t count) {
    fold best = {.first = first, .period = 1, .repeats = 1};
    for (uint32_t period = 1; period <= LONGEST_PERIOD && period * 2 <= count - first; period++) {
        uint32_t repeats = repeats_of(members + first, count - first, period);
        uint32_t enough = period == 1 && members[first].is_module ? 2 : 3;
        if (repeats >= enough && repeats * period > best.repeats * best.period)
            best = (fold){.first = first, .period = period, .repeats = repeats};
    }
    return best;
}

/* The places of the members of a module, found by going through its own part of the list. */
static void find_places(const outline *o, uint32_t module, folded_members *m) {
    size_t place = o->modules[module].start;
    ckpt_module handle = ckpt_module_by_id(o->c, module);
    for (uint32_t i = 0; i < m->count; i++) {
        m->places[i] = place;
        ckpt_member member = ckpt_module_member(handle, i);
        place++;
        /* The places inside of a module that is first met here lie between. */
        if (member.kind == CKPT_MEMBER_MODULE &&
            o->modules[member.module.id].object.first == m->places[i])
            place = o->modules[member.module.id].end;
    }
}

folded_members fold_members(const treehash *h, uint32_t module, bool unfold) {
    const outline *o = h->outline;
    folded_members m = {.count = ckpt_module_member_count(ckpt_module_by_id(o->c, module))};
    m.places = tool_new(m.count, sizeof *m.places);
    m.folds = tool_new(m.count, sizeof *m.folds);
    numbered *members = tool_new(m.count, sizeof *members);
    find_places(o, module, &m);
    for (uint32_t i = 0; i < m.count; i++) {
        ckpt_member member = outline_member(o, m.places[i]);
        members[i] = read_name(member.name);
        members[i].is_module = member.kind == CKPT_MEMBER_MODULE;
        members[i].key = treehash_member(h, m.places[i]);
    }
    for (uint32_t i = 0; i < m.count;) {
        fold f = {.first = i, .period = 1, .repeats = 1};
        if (!unfold)
            f = fold_at(members, i, m.count);
        m.folds[m.fold_count++] = f;
        i += f.period * f.repeats;
    }
    free(members);
    return m;
}

void folded_members_free(folded_members *m) {
    free(m->places);
    free(m->folds);
}
