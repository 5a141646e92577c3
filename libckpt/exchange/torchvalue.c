/* SPDX-License-Identifier: MIT */
/* Python values without tensors as typed values. What those cannot say stands in torch.types. */
#include "exchange/torchstate.h"

#include <stdio.h>
#include <string.h>

ckpt_status ck_torch_put(ckpt_value container, const char *key, ckpt_literal literal,
                         ckpt_value *ret_value, ckpt_error *err) {
    return key != NULL ? ckpt_map_set(container, key, literal, ret_value, err)
                       : ckpt_list_append(container, literal, ret_value, err);
}

static ckpt_status store_noted(ck_torch_reader *t, ckpt_value container, const char *key,
                               ckpt_literal literal, const char *type, ckpt_error *err) {
    ckpt_status status = ck_torch_put(container, key, literal, NULL, err);
    return status == CKPT_OK ? ck_torch_note_type(t, type, err) : status;
}

static ckpt_status fail_malformed(const ck_torch_reader *t, uint32_t node, ckpt_error *err) {
    return ck_fail_rule(err, "PT4", CKPT_E_STRUCTURE, "%s has other arguments than it takes",
                        ck_pickle_describe(&t->pickle, node).text);
}

/* ---- scalars ---- */

static ckpt_status store_text(ck_torch_reader *t, uint32_t node, ckpt_value container,
                              const char *key, ckpt_error *err) {
    size_t size;
    const char *text = ck_pickle_text(&t->pickle, node, &size);
    if (!ck_pickle_at(&t->pickle, node)->odd)
        return ck_torch_put(container, key, ckpt_string_n(text, size), NULL, err);
    ckpt_status status = ck_torch_spend_text(t, size, err);
    return status == CKPT_OK ? store_noted(t, container, key, ckpt_bytes(text, size), "str", err)
                             : status;
}

/* Two's complement as Python's hex() writes it: "-0x1f". */
static ckpt_status store_long(ck_torch_reader *t, uint32_t node, ckpt_value container,
                              const char *key, ckpt_error *err) {
    unsigned char bytes[256];
    char text[4 + 2 * sizeof bytes] = "";
    size_t size, used = 0;
    const char *given = ck_pickle_text(&t->pickle, node, &size);
    memcpy(bytes, given, size);
    bool negative = bytes[size - 1] >= 0x80;
    for (size_t i = 0, carry = 1; negative && i < size; i++) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
    used += (size_t)snprintf(text, sizeof text, "%s0x", negative ? "-" : "");
    for (size_t i = size; i-- > 0;)
        used += (size_t)snprintf(text + used, sizeof text - used, "%02x", bytes[i]);
    return store_noted(t, container, key, ckpt_string_n(text, used), "int", err);
}

/* ---- objects ---- */

static bool is_number(const ck_pickle *p, uint32_t node) {
    return ck_pickle_kind_of(p, node) == CK_PICKLE_FLOAT;
}

static ckpt_status store_complex(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t arguments = ck_pickle_at(p, node)->as.object.arguments;
    ckpt_value list;
    if (ck_pickle_at(p, arguments)->count != 2 || !is_number(p, ck_pickle_child(p, node, 0)) ||
        !is_number(p, ck_pickle_child(p, node, 1)))
        return fail_malformed(t, node, err);
    ckpt_status status = ck_torch_put(container, key, ckpt_list(), &list, err);
    for (uint32_t i = 0; status == CKPT_OK && i < 2; i++) {
        double part = ck_pickle_at(p, ck_pickle_child(p, node, i))->as.number;
        status = ckpt_list_append(list, ckpt_float(part), NULL, err);
    }
    return status == CKPT_OK ? ck_torch_note_type(t, "complex", err) : status;
}

/* The type alone, or with an index: "cuda:1". */
static ckpt_status store_device(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                const char *key, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t count = ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count;
    uint64_t number = 0;
    char text[64];
    size_t size = 0;
    const char *type = "";
    if ((count != 1 && count != 2) ||
        ck_pickle_kind_of(p, ck_pickle_child(p, node, 0)) != CK_PICKLE_TEXT ||
        ck_pickle_at(p, ck_pickle_child(p, node, 0))->odd ||
        (count == 2 && !ck_pickle_uint(p, ck_pickle_child(p, node, 1), &number)))
        return fail_malformed(t, node, err);
    type = ck_pickle_text(p, ck_pickle_child(p, node, 0), &size);
    if (size > 32 || (count == 2 && memchr(type, ':', size) != NULL))
        return fail_malformed(t, node, err);
    int used = count == 1 ? snprintf(text, sizeof text, "%.*s", (int)size, type)
                          : snprintf(text, sizeof text, "%.*s:%llu", (int)size, type,
                                     (unsigned long long)number);
    return store_noted(t, container, key, ckpt_string_n(text, (size_t)used), "torch.device", err);
}

static ckpt_status store_layout(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                const char *key, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t count = ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count;
    size_t size;
    if (count != 1 || ck_pickle_kind_of(p, ck_pickle_child(p, node, 0)) != CK_PICKLE_TEXT ||
        ck_pickle_at(p, ck_pickle_child(p, node, 0))->odd)
        return fail_malformed(t, node, err);
    const char *text = ck_pickle_text(p, ck_pickle_child(p, node, 0), &size);
    return store_noted(t, container, key, ckpt_string_n(text, size), "torch.layout", err);
}

static ckpt_status store_size(ck_torch_reader *t, uint32_t node, ckpt_value container,
                              const char *key, ckpt_error *err) {
    const ck_pickle *p = &t->pickle;
    uint32_t arguments = ck_pickle_at(p, node)->as.object.arguments;
    ckpt_value list;
    if (ck_pickle_at(p, arguments)->count != 1 ||
        ck_pickle_kind_of(p, ck_pickle_child(p, node, 0)) != CK_PICKLE_TUPLE)
        return fail_malformed(t, node, err);
    uint32_t tuple = ck_pickle_child(p, node, 0), count = ck_pickle_at(p, tuple)->count;
    ckpt_status status = ck_torch_put(container, key, ckpt_list(), &list, err);
    for (uint32_t i = 0; status == CKPT_OK && i < count; i++) {
        uint64_t extent;
        if (!ck_pickle_uint(p, ck_pickle_child(p, tuple, i), &extent))
            return fail_malformed(t, node, err);
        status = ckpt_list_append(list, ckpt_int((int64_t)extent), NULL, err);
    }
    return status == CKPT_OK ? ck_torch_note_type(t, "torch.Size", err) : status;
}

static ckpt_status store_object(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                const char *key, ckpt_error *err) {
    switch (ck_pickle_name_id(&t->pickle, node)) {
    case CK_TORCH_ENCODE:
    case CK_TORCH_BYTEARRAY: return ck_torch_store_bytes(t, node, container, key, err);
    case CK_TORCH_COMPLEX: return store_complex(t, node, container, key, err);
    case CK_TORCH_SIZE: return store_size(t, node, container, key, err);
    case CK_TORCH_DEVICE: return store_device(t, node, container, key, err);
    case CK_TORCH_LAYOUT: return store_layout(t, node, container, key, err);
    default:
        if (t->dialect != NULL && t->dialect->dtype_name(t, node) != NULL)
            return store_noted(t, container, key, ckpt_string(t->dialect->dtype_name(t, node)),
                               "torch.dtype", err);
        return ck_fail_rule(err, "PT12", CKPT_E_UNSUPPORTED,
                            "%s where only a plain value can be kept",
                            ck_pickle_describe(&t->pickle, node).text);
    }
}

/* torch.float32 and the like; classes are not kept. */
static ckpt_status store_name(ck_torch_reader *t, uint32_t node, ckpt_value container,
                              const char *key, ckpt_error *err) {
    const ck_pickle_name *name = &t->pickle.names[ck_pickle_at(&t->pickle, node)->name];
    if (name->id < CK_TORCH_DTYPES || t->dialect != NULL)
        return ck_fail_rule(err, "PT12", CKPT_E_UNSUPPORTED,
                            "%s.%s stands where only a plain value can be kept", name->module,
                            name->name);
    return store_noted(t, container, key, ckpt_string(name->name),
                       name->id < CK_TORCH_QSCHEMES ? "torch.dtype" : "torch.qscheme", err);
}

/* ---- containers ---- */

const char *ck_torch_container_type(const ck_torch_reader *t, uint32_t node) {
    switch (ck_pickle_kind_of(&t->pickle, node)) {
    case CK_PICKLE_TUPLE: return "tuple";
    case CK_PICKLE_LIST: return "list";
    case CK_PICKLE_SET: return "set";
    case CK_PICKLE_FROZENSET: return "frozenset";
    default:
        switch (ck_pickle_name_id(&t->pickle, node)) {
        case CK_TORCH_ORDERED_DICT: return "OrderedDict";
        case CK_TORCH_COUNTER: return "Counter";
        default: return "dict";
        }
    }
}

static ckpt_status store_elements(ck_torch_reader *t, uint32_t node, const ck_torch_keys *keys,
                                  ckpt_value value, ckpt_error *err) {
    bool is_dict = ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_DICT;
    uint32_t count = ck_pickle_at(&t->pickle, node)->count;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; status == CKPT_OK && i < count; i++) {
        size_t size, before = t->path.size;
        const char *key = ck_torch_key(keys, i, &size);
        uint32_t child = ck_pickle_child(&t->pickle, node, is_dict ? 2 * i + 1 : i);
        status = ck_torch_step(&t->memory, &t->path, key, size, err);
        if (status == CKPT_OK)
            status = ck_torch_store_value(t, child, value, is_dict ? key : NULL, err);
        if (status == CKPT_OK)
            t->path.size = before;
    }
    return status;
}

/* A list or dict that stands elsewhere too; what is in a tuple can be told apart by nobody. */
static void report_copy(ck_torch_reader *t, uint32_t node) {
    ck_pickle_kind kind = ck_pickle_kind_of(&t->pickle, node);
    if (t->made[node]++ == 1 && kind != CK_PICKLE_TUPLE && kind != CK_PICKLE_FROZENSET &&
        ck_pickle_at(&t->pickle, node)->count != 0)
        ck_report_loss(&t->c->losses, CKPT_LOSS_METADATA, ck_torch_pointer(&t->path),
                       "this %s stands at several places of the object; each gets a copy",
                       ck_torch_container_type(t, node));
}

static ckpt_status store_container(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                   const char *key, ckpt_error *err) {
    bool is_dict = ck_pickle_kind_of(&t->pickle, node) == CK_PICKLE_DICT;
    const char *type = ck_torch_container_type(t, node);
    char text[32];
    ck_torch_keys keys;
    ckpt_value value;
    report_copy(t, node);
    ckpt_status status = ck_torch_make_keys(t, node, &keys, err);
    if (status == CKPT_OK)
        status = ck_torch_put(container, key, is_dict ? ckpt_map() : ckpt_list(), &value, err);
    snprintf(text, sizeof text, "%s%s", type, status == CKPT_OK ? keys.word : "");
    if (status == CKPT_OK && strcmp(text, is_dict ? "dict" : "list") != 0)
        status = ck_torch_note_type(t, text, err);
    if (status == CKPT_OK && is_dict)
        status = ck_torch_keep_metadata(t, node, err);
    if (status == CKPT_OK)
        status = store_elements(t, node, &keys, value, err);
    ck_torch_clear_keys(t, &keys);
    return status;
}

static ckpt_status store_any(ck_torch_reader *t, uint32_t node, ckpt_value container,
                             const char *key, ckpt_error *err) {
    const ck_pickle_node *n = ck_pickle_at(&t->pickle, node);
    switch (n->kind) {
    case CK_PICKLE_NONE: return ck_torch_put(container, key, ckpt_null(), NULL, err);
    case CK_PICKLE_BOOL:
        return ck_torch_put(container, key, ckpt_bool(n->as.integer != 0), NULL, err);
    case CK_PICKLE_INT: return ck_torch_put(container, key, ckpt_int(n->as.integer), NULL, err);
    case CK_PICKLE_LONG: return store_long(t, node, container, key, err);
    case CK_PICKLE_FLOAT: return ck_torch_put(container, key, ckpt_float(n->as.number), NULL, err);
    case CK_PICKLE_TEXT: return store_text(t, node, container, key, err);
    case CK_PICKLE_BYTES:
    case CK_PICKLE_BYTEARRAY: return ck_torch_store_bytes(t, node, container, key, err);
    case CK_PICKLE_NAME: return store_name(t, node, container, key, err);
    case CK_PICKLE_OBJECT: return store_object(t, node, container, key, err);
    case CK_PICKLE_TUPLE:
    case CK_PICKLE_LIST:
    case CK_PICKLE_SET:
    case CK_PICKLE_FROZENSET:
    case CK_PICKLE_DICT: return store_container(t, node, container, key, err);
    default:
        return ck_fail_rule(err, "PT12", CKPT_E_UNSUPPORTED,
                            "%s where only a plain value can be kept",
                            ck_pickle_describe(&t->pickle, node).text);
    }
}

ckpt_status ck_torch_store_value(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err) {
    if (t->values_left == 0)
        return ck_fail_rule(err, t->pickle.rule_name(CK_PICKLE_LIMITS), CKPT_E_LIMIT,
                            "what it repeats is too much for so small a file");
    if (t->depth >= CK_PICKLE_MAX_DEPTH)
        return ck_fail_rule(err, t->pickle.rule_name(CK_PICKLE_LIMITS), CKPT_E_LIMIT,
                            "values are nested deeper than %d", CK_PICKLE_MAX_DEPTH);
    t->values_left--;
    t->depth++;
    ckpt_status status = store_any(t, node, container, key, err);
    t->depth--;
    return status;
}
