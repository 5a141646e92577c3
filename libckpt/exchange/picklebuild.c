/* SPDX-License-Identifier: MIT */
/* The opcodes that make something of what is on the stack. */
#include "exchange/picklemachine.h"

#include <string.h>

/* ---- containers ---- */

ck_pickle_node ck_pickle_container(ck_pickle_kind kind) {
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = (uint8_t)kind;
    node.name = CK_PICKLE_NO_NAME;
    node.as.run.state = CK_PICKLE_NO_NODE;
    return node;
}

static uint32_t *children_at(const ck_pickle *p, uint64_t i) {
    return (uint32_t *)(void *)p->children.bytes + i;
}

/* Room for count more children behind those that are there; they move to the end of the table when
 * something else stands behind them. Room doubles, so that n children cost O(n). */
static ckpt_status make_room(ck_pickle *p, uint32_t container, uint32_t used, size_t count,
                             ckpt_error *err) {
    uint64_t first = ck_pickle_at(p, container)->as.run.first;
    uint64_t room = ck_pickle_at(p, container)->as.run.room, end = p->children.size / sizeof used;
    if (count <= room - used)
        return CKPT_OK;
    uint64_t wanted = used + (count > used ? count : used);
    bool is_last = first + room == end && room != 0;
    uint64_t added = is_last ? wanted - room : wanted;
    if (end + added >= UINT32_MAX)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "too many values");
    if (!ck_buffer_append_zeros(&p->memory, &p->children, (size_t)added * sizeof used))
        return ck_fail_nomem(err);
    if (!is_last && used != 0)
        memcpy(children_at(p, end), children_at(p, first), used * sizeof used);
    if (!is_last)
        ck_pickle_at(p, container)->as.run.first = (uint32_t)end;
    ck_pickle_at(p, container)->as.run.room = (uint32_t)wanted;
    return CKPT_OK;
}

ckpt_status ck_pickle_extend(ck_pickle *p, uint32_t container, const uint32_t *children,
                             size_t count, ckpt_error *err) {
    uint32_t width = ck_pickle_kind_of(p, container) == CK_PICKLE_DICT ? 2 : 1;
    uint32_t used = ck_pickle_at(p, container)->count * width;
    if (count == 0)
        return CKPT_OK;
    ckpt_status status = make_room(p, container, used, count, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_node *node = ck_pickle_at(p, container);
    memcpy(children_at(p, node->as.run.first + used), children, count * sizeof *children);
    node->count += (uint32_t)(count / width);
    return CKPT_OK;
}

ckpt_status ck_pickle_op_empty(ck_pickle *p, ckpt_error *err) {
    ck_pickle_kind kind = p->opcode == ']'   ? CK_PICKLE_LIST
                          : p->opcode == '}' ? CK_PICKLE_DICT
                          : p->opcode == ')' ? CK_PICKLE_TUPLE
                                             : CK_PICKLE_SET;
    ck_pickle_node node = ck_pickle_container(kind);
    return ck_pickle_push_node(p, &node, err);
}

/* items lie in the stack, above its new end; nothing is pushed before they are copied. */
static ckpt_status push_filled(ck_pickle *p, ck_pickle_kind kind, const uint32_t *items,
                               size_t count, ckpt_error *err) {
    ck_pickle_node node = ck_pickle_container(kind);
    uint32_t id = 0;
    ckpt_status status = ck_pickle_add(p, &node, &id, err);
    if (status == CKPT_OK)
        status = ck_pickle_extend(p, id, items, count, err);
    return status == CKPT_OK ? ck_pickle_push(p, id, err) : status;
}

static ckpt_status push_marked(ck_pickle *p, ck_pickle_kind kind, ckpt_error *err) {
    const uint32_t *items;
    size_t count;
    ckpt_status status = ck_pickle_pop_mark(p, &items, &count, err);
    return status == CKPT_OK ? push_filled(p, kind, items, count, err) : status;
}

ckpt_status ck_pickle_op_tuple(ck_pickle *p, ckpt_error *err) {
    return push_marked(p, CK_PICKLE_TUPLE, err);
}

ckpt_status ck_pickle_op_frozenset(ck_pickle *p, ckpt_error *err) {
    return push_marked(p, CK_PICKLE_FROZENSET, err);
}

ckpt_status ck_pickle_op_small_tuple(ck_pickle *p, ckpt_error *err) {
    uint32_t items[3];
    size_t count = (size_t)p->opcode - 0x84;
    for (size_t i = count; i-- > 0;) {
        ckpt_status status = ck_pickle_pop(p, &items[i], err);
        if (status != CKPT_OK)
            return status;
    }
    return push_filled(p, CK_PICKLE_TUPLE, items, count, err);
}

/* The container under what was taken from the stack. */
static ckpt_status find_container(ck_pickle *p, ck_pickle_kind kind, const char *what,
                                  uint32_t *ret_id, ckpt_error *err) {
    ckpt_status status = ck_pickle_top(p, ret_id, err);
    if (status == CKPT_OK && ck_pickle_kind_of(p, *ret_id) != kind)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "%s is not %s",
                              ck_pickle_describe(p, *ret_id).text, what);
    return status;
}

ckpt_status ck_pickle_op_append(ck_pickle *p, ckpt_error *err) {
    uint32_t item, list = 0;
    ckpt_status status = ck_pickle_pop(p, &item, err);
    if (status == CKPT_OK)
        status = find_container(p, CK_PICKLE_LIST, "a list to append to", &list, err);
    return status == CKPT_OK ? ck_pickle_extend(p, list, &item, 1, err) : status;
}

static ckpt_status extend_marked(ck_pickle *p, ck_pickle_kind kind, const char *what,
                                 ckpt_error *err) {
    const uint32_t *items = NULL;
    size_t count = 0;
    uint32_t container = 0;
    ckpt_status status = ck_pickle_pop_mark(p, &items, &count, err);
    if (status == CKPT_OK)
        status = find_container(p, kind, what, &container, err);
    if (status == CKPT_OK && kind == CK_PICKLE_DICT && count % 2 != 0)
        status = ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a key has no value");
    return status == CKPT_OK ? ck_pickle_extend(p, container, items, count, err) : status;
}

ckpt_status ck_pickle_op_appends(ck_pickle *p, ckpt_error *err) {
    return extend_marked(p, CK_PICKLE_LIST, "a list to append to", err);
}

ckpt_status ck_pickle_op_setitems(ck_pickle *p, ckpt_error *err) {
    return extend_marked(p, CK_PICKLE_DICT, "a dict to set items of", err);
}

ckpt_status ck_pickle_op_additems(ck_pickle *p, ckpt_error *err) {
    return extend_marked(p, CK_PICKLE_SET, "a set to add items to", err);
}

ckpt_status ck_pickle_op_setitem(ck_pickle *p, ckpt_error *err) {
    uint32_t items[2] = {0, 0}, dict = 0;
    ckpt_status status = ck_pickle_pop(p, &items[1], err);
    if (status == CKPT_OK)
        status = ck_pickle_pop(p, &items[0], err);
    if (status == CKPT_OK)
        status = find_container(p, CK_PICKLE_DICT, "a dict to set items of", &dict, err);
    return status == CKPT_OK ? ck_pickle_extend(p, dict, items, 2, err) : status;
}
