/* SPDX-License-Identifier: MIT */
/* Copying one checkpoint into another: which name becomes what. */
#include "base/options.h"
#include "model/copyplan.h"
#include "model/copyvalues.h"

#include <string.h>

/* A file of a few kilobytes can have 2^26 names; where each may be changed by itself, each costs
 * memory. */
#define MOST_CHOICES ((uint32_t)1 << 22)

typedef struct copying {
    ck_copy_plan plan;
    uint32_t ancestors[CK_MAX_DEPTH + 1]; /* by depth: the module that the walk is in */
    uint32_t choices;
} copying;

/* Modules whose place the choice for something inside tells. */
static void assign_ancestors(copying *k, uint32_t node, uint32_t depth) {
    ck_copy_plan *plan = &k->plan;
    for (uint32_t d = depth; d > 0;) {
        d--;
        plan->modules[k->ancestors[d]] |= CK_COPY_KEPT;
        if (node == 0)
            continue;
        node = ck_copy_node_at(plan, node)->parent;
        if (d != 0 && node != 0)
            ck_copy_assign(plan, node, k->ancestors[d]);
    }
}

/* A tensor's type is chosen under its first name. */
static ckpt_status choose_dtype(copying *k, const ckpt_walk_item *item, ckpt_dtype dtype,
                                ckpt_error *err) {
    uint8_t *chosen = &k->plan.dtypes[item->tensor.id];
    ckpt_dtype own = ckpt_tensor_dtype(item->tensor);
    if (*chosen != 0)
        return CKPT_OK;
    *chosen = 1;
    if (dtype == CKPT_DTYPE_OTHER || dtype == own)
        return CKPT_OK;
    if (own == CKPT_DTYPE_OTHER)
        return ck_fail(err, CKPT_E_UNSUPPORTED, "'%s': elements of type '%s' are not converted",
                       CK_NAME(item->name), CK_NAME(ckpt_tensor_dtype_info(item->tensor).name));
    ckpt_status status = ckpt_convert(own, NULL, dtype, NULL, 0, err);
    if (status != CKPT_OK)
        return ck_error_prefix(err, status, item->name);
    *chosen = (uint8_t)(dtype + 1);
    return CKPT_OK;
}

static ckpt_status take(copying *k, const ckpt_walk_item *item, ckpt_error *err) {
    ckpt_copy_choice choice = {false, NULL, CKPT_DTYPE_OTHER};
    const ckpt_copy_options *options = &k->plan.options;
    bool is_tensor = ckpt_tensor_exists(item->tensor);
    uint32_t node;
    if (k->choices++ == MOST_CHOICES)
        return ck_fail(err, CKPT_E_LIMIT, "there are more than 2^22 names to choose from");
    if (!options->choose(options->ctx, item, &choice))
        return ck_fail(err, CKPT_E_CANCELLED, "the copy was cancelled");
    if (choice.drop)
        return CKPT_OK;
    const char *name = choice.name != NULL ? choice.name : item->name;
    ckpt_status status =
        ck_copy_place(&k->plan, name, strlen(name), is_tensor ? CK_MEMBER_TENSOR : CK_MEMBER_MODULE,
                      is_tensor ? item->tensor.id : item->module.id, &node, err);
    if (status == CKPT_OK && is_tensor)
        status = choose_dtype(k, item, choice.dtype, err);
    if (status == CKPT_OK)
        assign_ancestors(k, node, item->depth);
    return status;
}

/* Everything as it is: a module met again is not gone into. */
static ckpt_status take_plainly(copying *k, ckpt_walk *walk, const ckpt_walk_item *item,
                                ckpt_error *err) {
    uint32_t node;
    if (ckpt_tensor_exists(item->tensor)) {
        k->plan.dtypes[item->tensor.id] = 1;
        return ck_copy_place(&k->plan, item->name, item->name_size, CK_MEMBER_TENSOR,
                             item->tensor.id, &node, err);
    }
    if (item->repeated)
        ckpt_walk_skip(walk);
    return ck_copy_place(&k->plan, item->name, item->name_size, CK_MEMBER_MODULE, item->module.id,
                         &node, err);
}

static ckpt_status walk_names(copying *k, ckpt_error *err) {
    ckpt_walk *walk = NULL;
    ckpt_walk_item item;
    ckpt_module root = ckpt_root(k->plan.from);
    ckpt_status status = ckpt_walk_create(root, CKPT_WALK_EVERYTHING, &walk, err);
    k->ancestors[0] = root.id;
    while (status == CKPT_OK && ckpt_walk_next(walk, &item)) {
        bool is_module = !ckpt_tensor_exists(item.tensor);
        if (is_module)
            k->ancestors[item.depth] = item.module.id;
        if (k->plan.options.choose == NULL)
            status = take_plainly(k, walk, &item, err);
        else if (!is_module || ckpt_module_member_count(item.module) == 0)
            status = take(k, &item, err);
    }
    ckpt_walk_free(walk);
    return status;
}

/* Modules of which something is kept, but which no name leads to. */
static ckpt_status report_modules(const ck_copy_plan *plan, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    if (plan->options.choose == NULL || plan->losses.report == NULL)
        return CKPT_OK;
    ckpt_status status =
        ckpt_walk_create(ckpt_root(plan->from), CKPT_WALK_NAMED_MODULES, &walk, err);
    if (status != CKPT_OK)
        return status;
    while (ckpt_walk_next(walk, &item)) {
        const char *type = ckpt_module_type(item.module);
        bool says_something =
            *type != '\0' || ckpt_value_count(ckpt_module_attributes(item.module)) != 0;
        if (plan->modules[item.module.id] == CK_COPY_KEPT && says_something)
            ck_report_loss(&plan->losses, CKPT_LOSS_MODULE, item.name,
                           "no name leads to the module of type '%s' any more", CK_NAME(type));
    }
    ckpt_walk_free(walk);
    return CKPT_OK;
}

static ckpt_status copy_metadata(const ck_copy_plan *plan, ckpt_error *err) {
    ckpt_value to = ckpt_metadata(plan->to), from = ckpt_metadata(plan->from);
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ckpt_value_count(from) && status == CKPT_OK; i++) {
        const char *key = ckpt_map_key(from, i);
        ckpt_value value = ckpt_value_at(from, i), there = ckpt_map_get(to, key);
        if (ckpt_value_kind(there) == CKPT_VALUE_ABSENT)
            status = ck_copy_value(to, key, value, err);
        else if (!ck_values_equal(there, value))
            ck_report_loss(&plan->losses, CKPT_LOSS_METADATA, key,
                           "another value than one before, which is kept");
    }
    return status;
}

static ckpt_status carry_out(copying *k, ckpt_error *err) {
    ckpt_status status = walk_names(k, err);
    if (status == CKPT_OK)
        status = ck_copy_find_twins(&k->plan, err);
    if (status == CKPT_OK)
        status = ck_copy_emit(&k->plan, err);
    if (status == CKPT_OK)
        status = report_modules(&k->plan, err);
    return status == CKPT_OK ? copy_metadata(&k->plan, err) : status;
}

ckpt_status ckpt_copy(ckpt *c, ckpt *from, const ckpt_copy_options *options, ckpt_error *err) {
    ckpt_copy_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "copy options", err);
    if (status != CKPT_OK)
        return status;
    if (c == NULL || from == NULL || c == from)
        return ck_fail(err, CKPT_E_ARGUMENT, "there are no two checkpoints");
    copying *k = ck_calloc(&c->memory, 1, sizeof *k);
    if (k == NULL)
        return ck_fail_nomem(err);
    status = ck_copy_plan_create(&k->plan, c, from, &known, err);
    if (status == CKPT_OK) {
        status = carry_out(k, err);
        ck_copy_plan_free(&k->plan);
    }
    ck_free(&c->memory, k, 1, sizeof *k);
    return status;
}
