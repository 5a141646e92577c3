/* SPDX-License-Identifier: MIT */
/* Modules and members (spec/ckpt-format.md, sections 7.1 and 7.2). */
#include "container/index.h"
#include "model/measure.h"

#include <string.h>

static ckpt_status reject_module(const ck_index *index, uint32_t m, const char *rule,
                                 const char *message, ckpt_error *err) {
    return ck_index_reject(index, CK_MODULES, m, rule, CKPT_E_STRUCTURE, err, "module %u %s",
                           (unsigned)m, message);
}

/* M1, M2, M3. */
static ckpt_status check_records(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    const ckpt *c = index->c;
    uint64_t members = 0;
    if (c->modules.count == 0)
        return ck_index_reject(index, CK_MODULES, 0, "M1", CKPT_E_STRUCTURE, err,
                               "there is no root module");
    for (uint32_t m = 0; m < c->modules.count; m++) {
        const ck_module_rec *rec = ck_module_rec_at(c, m);
        ckpt_status status = ck_use_string(index, usage, rec->type, CK_MODULES, m, err);
        if (status != CKPT_OK)
            return status;
        if (rec->first_member != members)
            return reject_module(index, m, "M2", "does not have the next members", err);
        /* At most 2^32 modules of at most 2^32 members: the sum cannot overflow. */
        members += rec->member_count;
        if ((rec->program != CK_NONE && !index->has_programs) || rec->reserved != 0)
            return reject_module(index, m, "M3", "has a program, or a reserved field that is not 0",
                                 err);
    }
    if (members != c->members.count)
        return ck_index_reject(index, CK_MODULES, 0, "M2", CKPT_E_BOUNDS, err,
                               "the modules do not have as many members as there are");
    return CKPT_OK;
}

/* What the scan over all members has met. */
typedef struct scan {
    const ck_index *index;
    const ck_usage *usage;
    unsigned char *placed; /* by module: it is a member */
    uint32_t next_tensor;
} scan;

static ckpt_status reject_member(const scan *s, uint64_t i, const char *rule, ckpt_status status,
                                 const char *message, ckpt_error *err) {
    const ck_member_rec *member = ck_member_at(s->index->c, i);
    const char *name =
        member->name < s->index->c->strings.fixed ? ck_string(s->index->c, member->name, NULL) : "";
    return ck_index_reject(s->index, CK_MEMBERS, i, rule, status, err, "member '%s' %s",
                           CK_NAME(name), message);
}

/* N1, N2, N4, N5: one member for itself. */
static ckpt_status check_member(scan *s, uint32_t module, uint64_t i, ckpt_error *err) {
    const ckpt *c = s->index->c;
    const ck_member_rec *member = ck_member_at(c, i);
    size_t size;
    ckpt_status status = ck_use_string(s->index, s->usage, member->name, CK_MEMBERS, i, err);
    if (status != CKPT_OK)
        return status;
    if (member->kind != CK_MEMBER_MODULE && member->kind != CK_MEMBER_TENSOR)
        return reject_member(s, i, "N1", CKPT_E_STRUCTURE, "is neither module nor tensor", err);
    const char *name = ck_string(c, member->name, &size);
    if (memchr(name, '.', size) != NULL)
        return reject_member(s, i, "N2", CKPT_E_STRUCTURE, "has a '.' in its name", err);
    if (member->kind == CK_MEMBER_MODULE) {
        if (member->target <= module || member->target >= c->modules.count)
            return reject_member(s, i, "N4", CKPT_E_BOUNDS,
                                 "is not a module that comes after its holder", err);
        s->placed[member->target] = 1;
    } else if (member->target >= s->next_tensor) {
        if (member->target != s->next_tensor || member->target >= c->tensors.count)
            return reject_member(s, i, "N5", CKPT_E_BOUNDS, "is not the next tensor", err);
        s->next_tensor++;
    }
    return CKPT_OK;
}

/* N3. Strictly ascending names, as many as there are members: so by_name names each place once. */
static ckpt_status check_order(const scan *s, const ck_module_rec *rec, ckpt_error *err) {
    const ckpt *c = s->index->c;
    const ck_member_rec *run = ck_member_at(c, rec->first_member);
    uint32_t before = 0;
    for (uint32_t i = 0; i < rec->member_count; i++) {
        if (run[i].by_name >= rec->member_count)
            return reject_member(s, rec->first_member + i, "N3", CKPT_E_BOUNDS,
                                 "has a by_name that is out of range", err);
        uint32_t name = run[run[i].by_name].name;
        if (i > 0 && name <= before)
            return reject_member(s, rec->first_member + run[i].by_name, "N3", CKPT_E_STRUCTURE,
                                 "stands twice in its module, or is sorted wrongly", err);
        before = name;
    }
    return CKPT_OK;
}

static ckpt_status check_members(scan *s, ckpt_error *err) {
    const ckpt *c = s->index->c;
    ckpt_status status = CKPT_OK;
    for (uint32_t m = 0; m < c->modules.count && status == CKPT_OK; m++) {
        const ck_module_rec *rec = ck_module_rec_at(c, m);
        for (uint32_t i = 0; i < rec->member_count && status == CKPT_OK; i++)
            status = check_member(s, m, rec->first_member + i, err);
        if (status == CKPT_OK)
            status = check_order(s, rec, err);
    }
    if (status == CKPT_OK && s->next_tensor != c->tensors.count)
        return ck_index_reject(s->index, CK_TENSORS, s->next_tensor, "N5", CKPT_E_STRUCTURE, err,
                               "tensor %u has no name", (unsigned)s->next_tensor);
    for (uint32_t m = 1; m < c->modules.count && status == CKPT_OK; m++) {
        if (!s->placed[m])
            status = reject_module(s->index, m, "M4", "is no member of any module", err);
    }
    return status;
}

ckpt_status ck_check_modules(const ck_index *index, const ck_usage *usage, ckpt_error *err) {
    ckpt_status status = check_records(index, usage, err);
    if (status != CKPT_OK)
        return status;
    size_t count = index->c->modules.count;
    scan s = {index, usage, ck_calloc(&index->c->memory, count, 1), 0};
    if (s.placed == NULL)
        return ck_fail_nomem(err);
    status = check_members(&s, err);
    ck_free(&index->c->memory, s.placed, count, 1);
    return status;
}

/* M5, M6, M7. The numbers of the modules are a topological order already. */
ckpt_status ck_check_names(const ck_index *index, ckpt_error *err) {
    ckpt *c = index->c;
    size_t count = c->modules.count;
    ck_topology topology = {.memory = c->memory,
                            .module_count = count,
                            .order = ck_alloc(&c->memory, count, sizeof(uint32_t)),
                            .count = (uint32_t)count};
    ck_extent_of_names extent;
    if (topology.order == NULL)
        return ck_fail_nomem(err);
    for (uint32_t m = 0; m < count; m++)
        topology.order[m] = m;
    topology.number = topology.order;
    ckpt_status status = ck_measure_names(c, &topology, &extent, err);
    ck_free(&c->memory, topology.order, count, sizeof(uint32_t));
    if (status != CKPT_OK)
        return status;
    if (extent.depth > CK_MAX_DEPTH)
        return ck_index_reject(index, CK_MODULES, 0, "M5", CKPT_E_LIMIT, err,
                               "modules are nested deeper than %d", CK_MAX_DEPTH);
    if (extent.name_size > CK_MAX_NAME_SIZE)
        return ck_index_reject(index, CK_MODULES, 0, "M6", CKPT_E_LIMIT, err,
                               "a dotted name is longer than %d bytes", CK_MAX_NAME_SIZE);
    if (extent.names > CK_MAX_NAMES)
        return ck_index_reject(index, CK_MODULES, 0, "M7", CKPT_E_LIMIT, err,
                               "there are more than 2^26 dotted names");
    return CKPT_OK;
}
