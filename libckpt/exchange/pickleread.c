/* SPDX-License-Identifier: MIT */
/* Looking at what a pickle gave. */
#include "exchange/pickle.h"

#include <stdio.h>
#include <string.h>

uint32_t ck_pickle_child(const ck_pickle *p, uint32_t id, uint32_t i) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    if (node->kind == CK_PICKLE_OBJECT)
        node = ck_pickle_at(p, node->as.object.arguments);
    return ((const uint32_t *)(const void *)p->children.bytes)[node->as.run.first + i];
}

uint32_t ck_pickle_get(const ck_pickle *p, uint32_t dict, const char *key) {
    if (ck_pickle_kind_of(p, dict) != CK_PICKLE_DICT)
        return CK_PICKLE_NO_NODE;
    for (uint32_t i = 0; i < ck_pickle_at(p, dict)->count; i++) {
        if (ck_pickle_is_text(p, ck_pickle_child(p, dict, 2 * i), key))
            return ck_pickle_child(p, dict, 2 * i + 1);
    }
    return CK_PICKLE_NO_NODE;
}

const char *ck_pickle_text(const ck_pickle *p, uint32_t id, size_t *ret_size) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    *ret_size = (size_t)node->as.bytes.size;
    return *ret_size != 0 ? (const char *)p->text.bytes + node->as.bytes.offset : "";
}

bool ck_pickle_is_text(const ck_pickle *p, uint32_t id, const char *text) {
    size_t size;
    if (ck_pickle_kind_of(p, id) != CK_PICKLE_TEXT)
        return false;
    const char *bytes = ck_pickle_text(p, id, &size);
    return strlen(text) == size && memcmp(text, bytes, size) == 0;
}

bool ck_pickle_uint(const ck_pickle *p, uint32_t id, uint64_t *ret_value) {
    const ck_pickle_node *node = ck_pickle_at(p, id);
    if (node->kind != CK_PICKLE_INT || node->as.integer < 0)
        return false;
    *ret_value = (uint64_t)node->as.integer;
    return true;
}

uint16_t ck_pickle_name_id(const ck_pickle *p, uint32_t id) {
    uint16_t number = ck_pickle_at(p, id)->name;
    return number != CK_PICKLE_NO_NAME ? p->names[number].id : CK_PICKLE_NO_NAME;
}

ck_name_text ck_pickle_describe(const ck_pickle *p, uint32_t id) {
    static const char *const words[] = {"None",    "a bool", "an int",    "an int",
                                        "a float", "a text", "bytes",     "a bytearray",
                                        "a tuple", "a list", "a set",     "a frozenset",
                                        "a dict",  "a name", "an object", "a storage"};
    const ck_pickle_node *node = ck_pickle_at(p, id);
    ck_name_text text;
    const ck_pickle_name *name = node->name != CK_PICKLE_NO_NAME ? &p->names[node->name] : NULL;
    if (name == NULL)
        snprintf(text.text, sizeof text.text, "%s", words[node->kind]);
    else
        snprintf(text.text, sizeof text.text, "%s%s.%s",
                 node->kind == CK_PICKLE_NAME ? "" : "an object of ", name->module, name->name);
    return text;
}
