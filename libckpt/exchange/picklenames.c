/* SPDX-License-Identifier: MIT */
/* The opcodes that name things, and that do something with what they named: here each becomes a
 * node or an error. */
#include "exchange/picklemachine.h"

#include <string.h>

#define MAX_LINE 256

static const ck_pickle_name *name_of(const ck_pickle *p, uint32_t id) {
    uint16_t number = ck_pickle_at(p, id)->name;
    return number != CK_PICKLE_NO_NAME ? &p->names[number] : NULL;
}

static bool same(const char *text, const char *bytes, size_t size) {
    return strlen(text) == size && memcmp(text, bytes, size) == 0;
}

static ckpt_status push_name(ck_pickle *p, const char *module, size_t module_size, const char *name,
                             size_t name_size, ckpt_error *err) {
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_NAME;
    for (size_t i = 0; i < p->name_count; i++) {
        if (same(p->names[i].name, name, name_size) &&
            same(p->names[i].module, module, module_size)) {
            node.name = (uint16_t)i;
            return ck_pickle_push_node(p, &node, err);
        }
    }
    return ck_pickle_fail(p, err, CKPT_E_UNSUPPORTED,
                          "the pickle names %s.%s, which is not on the list",
                          ck_name_n(module, module_size).text, ck_name_n(name, name_size).text);
}

/* A line without its end. One that is too long for anything on the list is cut. */
static ckpt_status take_line(ck_pickle *p, char line[MAX_LINE], size_t *ret_size, ckpt_error *err) {
    const unsigned char *byte;
    for (size_t size = 0;;) {
        ckpt_status status = ck_pickle_take(p, 1, &byte, err);
        if (status != CKPT_OK)
            return status;
        if (*byte == '\n' || size == MAX_LINE) {
            *ret_size = size;
            return CKPT_OK;
        }
        line[size++] = (char)*byte;
    }
}

ckpt_status ck_pickle_op_name(ck_pickle *p, ckpt_error *err) {
    char module[MAX_LINE], name[MAX_LINE];
    size_t module_size = 0, name_size = 0;
    ckpt_status status = take_line(p, module, &module_size, err);
    if (status == CKPT_OK)
        status = take_line(p, name, &name_size, err);
    return status == CKPT_OK ? push_name(p, module, module_size, name, name_size, err) : status;
}

ckpt_status ck_pickle_op_stack_name(ck_pickle *p, ckpt_error *err) {
    uint32_t module = 0, name = 0;
    size_t module_size, name_size;
    ckpt_status status = ck_pickle_pop(p, &name, err);
    if (status == CKPT_OK)
        status = ck_pickle_pop(p, &module, err);
    if (status != CKPT_OK)
        return status;
    if (ck_pickle_kind_of(p, module) != CK_PICKLE_TEXT ||
        ck_pickle_kind_of(p, name) != CK_PICKLE_TEXT)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a name is not a text");
    const char *module_text = ck_pickle_text(p, module, &module_size);
    const char *name_text = ck_pickle_text(p, name, &name_size);
    return push_name(p, module_text, module_size, name_text, name_size, err);
}

/* ---- calls ---- */

/* A thing of the list and a tuple of arguments, from the stack. */
static ckpt_status pop_call(ck_pickle *p, unsigned use, uint32_t *ret_called,
                            uint32_t *ret_arguments, ckpt_error *err) {
    ckpt_status status = ck_pickle_pop(p, ret_arguments, err);
    if (status == CKPT_OK)
        status = ck_pickle_pop(p, ret_called, err);
    if (status != CKPT_OK)
        return status;
    if (ck_pickle_kind_of(p, *ret_arguments) != CK_PICKLE_TUPLE)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "the arguments of a call are not a tuple");
    if (ck_pickle_kind_of(p, *ret_called) != CK_PICKLE_NAME ||
        (name_of(p, *ret_called)->use & use) == 0)
        return ck_pickle_fail(p, err, CKPT_E_UNSUPPORTED,
                              "the pickle %s %s, which is not on the list of what it may",
                              use == CK_PICKLE_NEW ? "makes an object of" : "calls",
                              ck_pickle_describe(p, *ret_called).text);
    return CKPT_OK;
}

static ckpt_status push_object(ck_pickle *p, uint32_t called, uint32_t arguments, ckpt_error *err) {
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_OBJECT;
    node.name = ck_pickle_at(p, called)->name;
    node.as.object.arguments = arguments;
    node.as.object.state = CK_PICKLE_NO_NODE;
    return ck_pickle_push_node(p, &node, err);
}

/* Copies the children of one container to the end of another. All that is ever copied has no more
 * children than the pickle has bytes so far: who gives every list to one call only needs no more.
 */
static ckpt_status copy_children(ck_pickle *p, uint32_t from, uint32_t to, ckpt_error *err) {
    uint32_t width = ck_pickle_kind_of(p, from) == CK_PICKLE_DICT ? 2 : 1;
    uint32_t count = ck_pickle_at(p, from)->count * width;
    p->copied += count;
    if (p->copied > p->position - p->begin)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "the pickle copies too much");
    if (count == 0)
        return CKPT_OK;
    uint32_t *copy = ck_alloc(&p->memory, count, sizeof *copy);
    if (copy == NULL)
        return ck_fail_nomem(err);
    const uint32_t *children =
        (const uint32_t *)(void *)p->children.bytes + ck_pickle_at(p, from)->as.run.first;
    memcpy(copy, children, count * sizeof *copy);
    ckpt_status status = ck_pickle_extend(p, to, copy, count, err);
    ck_free(&p->memory, copy, count, sizeof *copy);
    return status;
}

static bool is_sequence(const ck_pickle *p, uint32_t id) {
    ck_pickle_kind kind = ck_pickle_kind_of(p, id);
    return kind == CK_PICKLE_LIST || kind == CK_PICKLE_TUPLE;
}

static ckpt_status copy_pairs(ck_pickle *p, uint32_t from, uint32_t to, ckpt_error *err) {
    uint32_t count = ck_pickle_at(p, from)->count;
    p->copied += (uint64_t)count * 2;
    if (p->copied > p->position - p->begin)
        return ck_pickle_fail(p, err, CKPT_E_LIMIT, "the pickle copies too much");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t pair = ck_pickle_child(p, from, i);
        if (!is_sequence(p, pair) || ck_pickle_at(p, pair)->count != 2)
            return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a dict is made of no pairs");
        uint32_t items[2] = {ck_pickle_child(p, pair, 0), ck_pickle_child(p, pair, 1)};
        ckpt_status status = ck_pickle_extend(p, to, items, 2, err);
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

/* What dict and set make of an argument. */
static ckpt_status fill(ck_pickle *p, uint32_t container, uint32_t argument, ckpt_error *err) {
    bool is_dict = ck_pickle_kind_of(p, container) == CK_PICKLE_DICT;
    if (is_dict && ck_pickle_kind_of(p, argument) == CK_PICKLE_DICT)
        return copy_children(p, argument, container, err);
    if (is_dict && is_sequence(p, argument))
        return copy_pairs(p, argument, container, err);
    if (!is_dict && is_sequence(p, argument))
        return copy_children(p, argument, container, err);
    return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a container is made of %s",
                          ck_pickle_describe(p, argument).text);
}

static ckpt_status push_container(ck_pickle *p, uint32_t called, uint32_t arguments,
                                  ckpt_error *err) {
    uint32_t id = 0, count = ck_pickle_at(p, arguments)->count;
    bool is_dict = (name_of(p, called)->use & CK_PICKLE_MAKES_DICT) != 0;
    ck_pickle_node node = ck_pickle_container(is_dict ? CK_PICKLE_DICT : CK_PICKLE_SET);
    if (is_dict)
        node.name = ck_pickle_at(p, called)->name;
    if (count > 1)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a container is made of %u things", count);
    ckpt_status status = ck_pickle_add(p, &node, &id, err);
    if (status == CKPT_OK && count == 1)
        status = fill(p, id, ck_pickle_child(p, arguments, 0), err);
    return status == CKPT_OK ? ck_pickle_push(p, id, err) : status;
}

ckpt_status ck_pickle_op_reduce(ck_pickle *p, ckpt_error *err) {
    uint32_t called = 0, arguments = 0;
    const unsigned containers = CK_PICKLE_MAKES_DICT | CK_PICKLE_MAKES_SET;
    ckpt_status status = pop_call(p, CK_PICKLE_CALL | containers, &called, &arguments, err);
    if (status != CKPT_OK)
        return status;
    if ((name_of(p, called)->use & containers) != 0)
        return push_container(p, called, arguments, err);
    return push_object(p, called, arguments, err);
}

ckpt_status ck_pickle_op_newobj(ck_pickle *p, ckpt_error *err) {
    uint32_t called = 0, arguments = 0;
    ckpt_status status = pop_call(p, CK_PICKLE_NEW, &called, &arguments, err);
    return status == CKPT_OK ? push_object(p, called, arguments, err) : status;
}

ckpt_status ck_pickle_op_build(ck_pickle *p, ckpt_error *err) {
    uint32_t state = 0, built = 0;
    ckpt_status status = ck_pickle_pop(p, &state, err);
    if (status == CKPT_OK)
        status = ck_pickle_top(p, &built, err);
    if (status != CKPT_OK)
        return status;
    ck_pickle_node *node = ck_pickle_at(p, built);
    bool is_dict = node->kind == CK_PICKLE_DICT;
    if ((!is_dict && node->kind != CK_PICKLE_OBJECT) || node->name == CK_PICKLE_NO_NAME ||
        (p->names[node->name].use & CK_PICKLE_STATE) == 0)
        return ck_pickle_fail(p, err, CKPT_E_UNSUPPORTED,
                              "the pickle gives %s a state, which is not on the list",
                              ck_pickle_describe(p, built).text);
    uint32_t *place = is_dict ? &node->as.run.state : &node->as.object.state;
    if (*place != CK_PICKLE_NO_NODE)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "an object gets a second state");
    *place = state;
    return CKPT_OK;
}

ckpt_status ck_pickle_op_persistent(ck_pickle *p, ckpt_error *err) {
    ck_pickle_node node;
    memset(&node, 0, sizeof node);
    node.kind = CK_PICKLE_STORED;
    node.name = CK_PICKLE_NO_NAME;
    node.as.object.state = CK_PICKLE_NO_NODE;
    ckpt_status status = ck_pickle_pop(p, &node.as.object.arguments, err);
    return status == CKPT_OK ? ck_pickle_push_node(p, &node, err) : status;
}
