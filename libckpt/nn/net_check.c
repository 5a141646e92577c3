/* SPDX-License-Identifier: MIT */
/* A module against its entry in the operator table: attributes, tensors, and both together. */
#include "nn/netplan.h"

#include <string.h>

static const char *type_name(ckpt_value_type type) {
    switch (type) {
    case CKPT_VALUE_NULL: return "null";
    case CKPT_VALUE_BOOL: return "a bool";
    case CKPT_VALUE_INT: return "an int";
    case CKPT_VALUE_FLOAT: return "a float";
    case CKPT_VALUE_STRING: return "a string";
    case CKPT_VALUE_BYTES: return "bytes";
    case CKPT_VALUE_LIST: return "a list";
    case CKPT_VALUE_MAP: return "a map";
    case CKPT_VALUE_ABSENT:
    default: return "nothing";
    }
}

static size_t attribute_count(const ck_operator *kind) {
    size_t count = 0;
    while (kind->attributes != NULL && kind->attributes[count].name != NULL)
        count++;
    return count;
}

static size_t weight_count(const ck_operator *kind) {
    size_t count = 0;
    while (kind->weights != NULL && kind->weights[count].name != NULL)
        count++;
    return count;
}

/* ---- attributes ---- */

static void set_fallback(const ck_attribute_spec *spec, ck_attribute *attribute) {
    memset(attribute, 0, sizeof *attribute);
    switch (spec->type) {
    case CKPT_VALUE_BOOL: attribute->as.boolean = spec->fallback.boolean; break;
    case CKPT_VALUE_INT: attribute->as.integer = spec->fallback.integer; break;
    case CKPT_VALUE_FLOAT: attribute->as.number = spec->fallback.number; break;
    case CKPT_VALUE_STRING: attribute->as.text = spec->fallback.text; break;
    case CKPT_VALUE_NULL:
    case CKPT_VALUE_BYTES:
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP:
    case CKPT_VALUE_ABSENT:
    default: break;
    }
}

static void set_given(const ck_attribute_spec *spec, ckpt_value value, ck_attribute *attribute) {
    attribute->given = true;
    if (spec->type == CKPT_VALUE_BOOL)
        attribute->as.boolean = ckpt_value_bool(value, false);
    else if (spec->type == CKPT_VALUE_INT)
        attribute->as.integer = ckpt_value_int(value, 0);
    else if (spec->type == CKPT_VALUE_FLOAT)
        attribute->as.number = ckpt_value_float(value, 0);
    else
        attribute->as.text = ckpt_value_string(value);
}

static void read_attribute(const ck_attribute_spec *spec, ckpt_value attributes,
                           ck_attribute *ret_attribute, ck_report *report) {
    set_fallback(spec, ret_attribute);
    ckpt_value value = ckpt_map_get(attributes, spec->name);
    ckpt_value_type type = ckpt_value_kind(value);
    bool fits = type == spec->type || (spec->type == CKPT_VALUE_FLOAT && type == CKPT_VALUE_INT);
    if (fits)
        set_given(spec, value, ret_attribute);
    else if (type != CKPT_VALUE_ABSENT)
        ck_report_add(report, "%s is %s, must be %s", spec->name, type_name(type),
                      type_name(spec->type));
    else if (spec->required)
        ck_report_add(report, "attribute '%s' is missing", spec->name);
}

static void report_unknown_attributes(const ck_operator *kind, ckpt_value attributes,
                                      ck_report *report) {
    uint32_t count = kind->any_attributes ? 0 : ckpt_value_count(attributes);
    size_t known = attribute_count(kind);
    for (uint32_t i = 0; i < count; i++) {
        const char *key = ckpt_map_key(attributes, i);
        size_t j = 0;
        while (j < known && strcmp(kind->attributes[j].name, key) != 0)
            j++;
        if (j == known)
            ck_report_add(report, "unknown attribute '%s'", CK_NAME(key));
    }
}

/* ---- members ---- */

static void read_weight(const ck_weight_spec *spec, ckpt_module module, ck_weight *ret_weight,
                        ck_report *report) {
    memset(ret_weight, 0, sizeof *ret_weight);
    ckpt_tensor tensor = ckpt_module_tensor(module, spec->name);
    if (!ckpt_tensor_exists(tensor)) {
        if (!spec->optional)
            ck_report_add(report, "there is no tensor '%s'", spec->name);
        return;
    }
    ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
    uint32_t rank = ckpt_tensor_rank(tensor);
    if (info.dtype_class != CKPT_CLASS_FLOAT || info.dtype == CKPT_DTYPE_OTHER)
        ck_report_add(report, "%s has dtype %s, which the runtime does not compute with",
                      spec->name, CK_NAME(info.name));
    else if (rank != spec->rank)
        ck_report_add(report, "%s has shape %s, must have %u dimension%s", spec->name,
                      CK_SHAPE(rank, ckpt_tensor_shape(tensor)), (unsigned)spec->rank,
                      spec->rank == 1 ? "" : "s");
    else
        ret_weight->tensor = tensor;
}

static bool is_weight(const ck_operator *kind, const char *name) {
    for (size_t i = 0; i < weight_count(kind); i++)
        if (strcmp(kind->weights[i].name, name) == 0)
            return true;
    return false;
}

static void report_unknown_members(const ck_operator *kind, ckpt_module module, ck_report *report) {
    uint32_t count = ckpt_module_member_count(module);
    for (uint32_t i = 0; i < count; i++) {
        ckpt_member member = ckpt_module_member(module, i);
        if (member.kind == CKPT_MEMBER_MODULE && !kind->is_container)
            ck_report_add(report, "unexpected child module '%s'", CK_NAME(member.name));
        if (member.kind == CKPT_MEMBER_TENSOR && !is_weight(kind, member.name))
            ck_report_add(report, "unexpected tensor '%s'", CK_NAME(member.name));
    }
}

/* ---- the module ---- */

ckpt_status ck_net_read_module(ckpt_net *net, ckpt_module module, const ck_operator *kind,
                               ck_net_op *ret_op, ck_report *report, ckpt_error *err) {
    size_t attributes = attribute_count(kind), weights = weight_count(kind);
    ck_net_op op = {kind, net->attributes.size / sizeof(ck_attribute),
                    net->weights.size / sizeof(ck_weight)};
    if (!ck_buffer_append_zeros(&net->memory, &net->attributes,
                                attributes * sizeof(ck_attribute)) ||
        !ck_buffer_append_zeros(&net->memory, &net->weights, weights * sizeof(ck_weight)))
        return ck_fail_nomem(err);
    ckpt_value given = ckpt_module_attributes(module);
    for (size_t i = 0; i < attributes; i++)
        read_attribute(&kind->attributes[i], given,
                       CK_NET_ARRAY(ck_attribute, net->attributes) + op.first_attribute + i,
                       report);
    for (size_t i = 0; i < weights; i++)
        read_weight(&kind->weights[i], module,
                    CK_NET_ARRAY(ck_weight, net->weights) + op.first_weight + i, report);
    report_unknown_attributes(kind, given, report);
    report_unknown_members(kind, module, report);
    ck_instance instance = ck_net_instance(net, &op);
    if (kind->check != NULL)
        kind->check(&instance, report);
    *ret_op = op;
    return CKPT_OK;
}
