/* SPDX-License-Identifier: MIT */
#include "exchange/picklemachine.h"

#include "base/checked.h"

#include <stdio.h>
#include <string.h>

static const char *rule_of_torch(ck_pickle_rule rule) {
    switch (rule) {
    case CK_PICKLE_ON_LIST: return "PT4";
    case CK_PICKLE_WELL_FORMED: return "PT5";
    case CK_PICKLE_UNIQUE_KEYS:
    case CK_PICKLE_PLAIN_KEYS: return "PT6";
    case CK_PICKLE_DENSE_MEMO: return "PT7";
    default: return NULL;
    }
}

void ck_pickle_open(ck_pickle *p, const ck_memory *memory, const ck_pickle_name *names,
                    size_t name_count, unsigned allowed) {
    memset(p, 0, sizeof *p);
    p->memory = *memory;
    p->rule_name = rule_of_torch;
    p->names = names;
    p->name_count = name_count;
    p->allowed = allowed;
}

static void clear_work(ck_pickle *p) {
    if (p->window != NULL)
        ck_free(&p->memory, p->window, (size_t)1 << 16, 1);
    p->window = NULL;
    ck_buffer_clear(&p->memory, &p->stack);
    ck_buffer_clear(&p->memory, &p->marks);
    ck_buffer_clear(&p->memory, &p->memo);
}

void ck_pickle_close(ck_pickle *p) {
    clear_work(p);
    ck_buffer_clear(&p->memory, &p->nodes);
    ck_buffer_clear(&p->memory, &p->children);
    ck_buffer_clear(&p->memory, &p->text);
}

static ckpt_status fail_with(const ck_pickle *p, ckpt_error *err, ck_pickle_rule rule,
                             ckpt_status status, const char *format, va_list arguments) {
    char text[300];
    ck_place place = {p->source->name, p->opcode_at, p->rule_name(rule), 0, 0};
    vsnprintf(text, sizeof text, format, arguments);
    return ck_fail_at(err, &place, status, "%s", text);
}

ckpt_status ck_pickle_fail(const ck_pickle *p, ckpt_error *err, ckpt_status status,
                           const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail_with(p, err,
              status == CKPT_E_UNSUPPORTED ? CK_PICKLE_ON_LIST
              : status == CKPT_E_LIMIT     ? CK_PICKLE_LIMITS
                                           : CK_PICKLE_WELL_FORMED,
              status, format, arguments);
    va_end(arguments);
    return status;
}

ckpt_status ck_pickle_fail_by(const ck_pickle *p, ckpt_error *err, ck_pickle_rule rule,
                              ckpt_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail_with(p, err, rule, status, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- nodes ---- */

ckpt_status ck_pickle_add(ck_pickle *p, const ck_pickle_node *node, uint32_t *ret_id,
                          ckpt_error *err) {
    /* At most one node comes of an opcode, so that numbers cannot run out. */
    uint32_t id = (uint32_t)ck_pickle_node_count(p);
    if (!ck_buffer_append(&p->memory, &p->nodes, node, sizeof *node))
        return ck_fail_nomem(err);
    *ret_id = id;
    return CKPT_OK;
}

/* ---- stack ---- */

static size_t stack_size(const ck_pickle *p) {
    return p->stack.size / sizeof(uint32_t);
}

/* Where the last mark lies. */
static size_t stack_floor(const ck_pickle *p) {
    size_t marks = p->marks.size / sizeof(uint32_t);
    return marks != 0 ? ((const uint32_t *)(const void *)p->marks.bytes)[marks - 1] : 0;
}

ckpt_status ck_pickle_push(ck_pickle *p, uint32_t id, ckpt_error *err) {
    if (stack_size(p) >= CK_PICKLE_MAX_STACK)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "more than %d values on the stack",
                              CK_PICKLE_MAX_STACK);
    return ck_buffer_append(&p->memory, &p->stack, &id, sizeof id) ? CKPT_OK : ck_fail_nomem(err);
}

ckpt_status ck_pickle_push_node(ck_pickle *p, const ck_pickle_node *node, ckpt_error *err) {
    uint32_t id = 0;
    ckpt_status status = ck_pickle_add(p, node, &id, err);
    return status == CKPT_OK ? ck_pickle_push(p, id, err) : status;
}

ckpt_status ck_pickle_top(const ck_pickle *p, uint32_t *ret_id, ckpt_error *err) {
    size_t size = stack_size(p);
    if (size <= stack_floor(p))
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "nothing is on the stack");
    *ret_id = ((const uint32_t *)(const void *)p->stack.bytes)[size - 1];
    return CKPT_OK;
}

ckpt_status ck_pickle_pop(ck_pickle *p, uint32_t *ret_id, ckpt_error *err) {
    ckpt_status status = ck_pickle_top(p, ret_id, err);
    if (status == CKPT_OK)
        p->stack.size -= sizeof(uint32_t);
    return status;
}

ckpt_status ck_pickle_pop_mark(ck_pickle *p, const uint32_t **ret_items, size_t *ret_count,
                               ckpt_error *err) {
    if (p->marks.size == 0)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "no mark is on the stack");
    size_t floor = stack_floor(p);
    static const uint32_t nothing = 0;
    *ret_count = stack_size(p) - floor;
    *ret_items =
        p->stack.bytes != NULL ? (const uint32_t *)(void *)p->stack.bytes + floor : &nothing;
    p->stack.size = floor * sizeof(uint32_t);
    p->marks.size -= sizeof(uint32_t);
    return CKPT_OK;
}

/* ---- the run ---- */

static ckpt_status step(ck_pickle *p, ckpt_error *err) {
    const unsigned char *byte;
    p->opcode_at = p->position;
    ckpt_status status = ck_pickle_take(p, 1, &byte, err);
    if (status != CKPT_OK)
        return status;
    p->opcode = *byte;
    if (++p->opcodes > CK_PICKLE_MAX_OPCODES)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "more than %d opcodes", CK_PICKLE_MAX_OPCODES);
    const ck_pickle_opcode *opcode = ck_pickle_opcode_of(p->opcode);
    if (opcode->run == NULL || (opcode->needs & p->allowed) == 0)
        return ck_pickle_fail(p, err, CKPT_E_UNSUPPORTED,
                              "the pickle uses opcode 0x%02x, which is not on the list", p->opcode);
    return opcode->run(p, err);
}

ckpt_status ck_pickle_run(ck_pickle *p, const ck_source *source, uint64_t offset, uint64_t limit,
                          uint32_t *ret_root, uint64_t *ret_end, ckpt_error *err) {
    uint32_t root = 0;
    ckpt_status status = CKPT_OK;
    p->source = source;
    p->begin = p->position = p->opcode_at = offset;
    p->end = limit;
    while (status == CKPT_OK && !p->stopped)
        status = step(p, err);
    if (status == CKPT_OK)
        status = ck_pickle_leave_frame(p, err);
    if (status == CKPT_OK)
        status = ck_pickle_pop(p, &root, err);
    if (status == CKPT_OK && (p->stack.size != 0 || p->marks.size != 0))
        status = ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "the pickle leaves more than one value");
    if (status == CKPT_OK)
        status = ck_pickle_check_keys(p, err);
    clear_work(p);
    if (status != CKPT_OK)
        return status;
    *ret_root = root;
    *ret_end = p->position;
    return CKPT_OK;
}
