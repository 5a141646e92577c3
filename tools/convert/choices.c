/* SPDX-License-Identifier: MIT */
/* Which names are kept, what they become, and which types their tensors get. */
#include <stdlib.h>
#include <string.h>

#include "../common/glob.h"
#include "../common/textbuffer.h"
#include "convert.h"
#include "pythonnotes.h"

/* From a type to a type. */
typedef struct cast_count {
    ckpt_dtype from, to;
    uint64_t tensors;
} cast_count;

typedef struct choices {
    convert_options *o;
    textbuf name, other;
    char *pattern; /* room for one of a --dtype */
    cast_count *casts;
    size_t cast_count, cast_room;
    unsigned char *counted; /* by tensor: its cast is counted */
    uint64_t kept, left_out;
    bool has_notes; /* about Python objects, which go by names */
    new_names names;
} choices;

bool convert_has_choices(const convert_options *o) {
    return o->select.count + o->drop.count + o->rename_count + o->dtype_count != 0;
}

/* Every pattern is tried until it has fitted something. */
static bool any_matches(pattern_list *list, const ckpt_walk_item *item) {
    bool any = false;
    for (size_t i = 0; i < list->count; i++) {
        convert_pattern *pattern = &list->patterns[i];
        if (any && pattern->fits)
            continue;
        if (glob_matches_name_or_module(pattern->text, item->name, item->name_size))
            any = pattern->fits = true;
    }
    return any;
}

/* NULL: each of them fits something. A misspelt one would lose what it is about. */
static const char *useless(const pattern_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        if (!list->patterns[i].fits)
            return list->patterns[i].text;
    }
    return NULL;
}

static int check_patterns(const convert_options *o) {
    const char *select = useless(&o->select), *drop = useless(&o->drop);
    if (select != NULL || drop != NULL)
        return tool_fail(CONVERT, "%s: --%s '%s' fits no name", o->input,
                         select != NULL ? "select" : "drop", select != NULL ? select : drop);
    return TOOL_FINE;
}

/* One rule after the other, each on what the one before made. */
static const char *rename_item(choices *k, const ckpt_walk_item *item) {
    bool changed = false;
    const char *name = item->name;
    for (size_t i = 0; i < k->o->rename_count; i++) {
        text_clear(&k->other);
        if (!renaming_apply(&k->o->renames[i].rule, name, &k->other))
            continue;
        k->o->renames[i].count++;
        textbuf kept = k->name;
        k->name = k->other;
        k->other = kept;
        name = text_string(&k->name);
        changed = true;
    }
    return changed ? name : NULL;
}

/* Those that hold numbers of a net: not scales without a mantissa, and no types of which several
 * elements share a byte. */
static bool is_float(const ckpt_dtype_info *info) {
    return info->dtype_class == CKPT_CLASS_BLOCK ||
           (info->dtype_class == CKPT_CLASS_FLOAT && info->block_elements == 1 &&
            info->dtype != CKPT_F8_E8M0FNU);
}

/* The last option that is about the tensor counts. */
static ckpt_dtype dtype_of(choices *k, const ckpt_walk_item *item) {
    ckpt_dtype_info own = ckpt_tensor_dtype_info(item->tensor);
    for (size_t i = k->o->dtype_count; i-- > 0;) {
        const convert_dtype *d = &k->o->dtypes[i];
        if (d->pattern == NULL) {
            if (is_float(&own))
                return d->dtype;
            continue;
        }
        memcpy(k->pattern, d->pattern, d->pattern_size);
        k->pattern[d->pattern_size] = '\0';
        if (glob_matches_name_or_module(k->pattern, item->name, item->name_size))
            return d->dtype;
    }
    return CKPT_DTYPE_OTHER;
}

static void count_cast(choices *k, ckpt_tensor tensor, ckpt_dtype to) {
    ckpt_dtype from = ckpt_tensor_dtype(tensor);
    size_t i = 0;
    if (k->counted[tensor.id])
        return;
    k->counted[tensor.id] = 1;
    if (to == CKPT_DTYPE_OTHER || to == from)
        return;
    while (i < k->cast_count && (k->casts[i].from != from || k->casts[i].to != to))
        i++;
    if (i == k->cast_count) {
        k->casts = tool_grow(k->casts, k->cast_count, &k->cast_room, sizeof *k->casts);
        k->casts[k->cast_count++] = (cast_count){from, to, 0};
    }
    k->casts[i].tensors++;
}

static bool choose(void *ctx, const ckpt_walk_item *item, ckpt_copy_choice *choice) {
    choices *k = ctx;
    convert_options *o = k->o;
    bool is_tensor = ckpt_tensor_exists(item->tensor);
    bool is_selected = any_matches(&o->select, item) || o->select.count == 0;
    choice->drop = any_matches(&o->drop, item) || !is_selected;
    if (choice->drop) {
        k->left_out += is_tensor;
        return true;
    }
    k->kept += is_tensor;
    choice->name = rename_item(k, item);
    if (k->has_notes)
        new_names_add(&k->names, item->name, choice->name != NULL ? choice->name : item->name);
    if (is_tensor) {
        choice->dtype = dtype_of(k, item);
        count_cast(k, item->tensor, choice->dtype);
    }
    return true;
}

static void note_changes(choices *k) {
    conversion *out = &k->o->out;
    textbuf t = {0};
    if (k->o->select.count + k->o->drop.count != 0)
        conversion_note(out, "select", k->left_out, "names of tensors left out");
    for (size_t i = 0; i < k->o->rename_count; i++) {
        const convert_rename *rename = &k->o->renames[i];
        conversion_note(out, "rename", rename->count, rename->rule.text);
        if (rename->count == 0)
            tool_fail(CONVERT, "warning: --rename '%s' changes no name", rename->rule.text);
    }
    for (size_t i = 0; i < k->cast_count; i++) {
        text_clear(&t);
        text_addf(&t, "%s to %s", ckpt_dtype_describe(k->casts[i].from).name,
                  ckpt_dtype_describe(k->casts[i].to).name);
        conversion_note(out, "dtype", k->casts[i].tensors, text_string(&t));
    }
    if (k->o->dtype_count != 0 && k->cast_count == 0)
        conversion_note(out, "dtype", 0, "tensors of another type");
    text_free(&t);
}

static int copy_chosen(choices *k, ckpt *from, ckpt **ret_ckpt) {
    ckpt_copy_options copy = {.struct_size = sizeof copy,
                              .choose = choose,
                              .ctx = k,
                              .on_loss = loss_list_add,
                              .loss_ctx = &k->o->out.losses};
    ckpt *c = NULL;
    ckpt_error err;
    ckpt_status status = ckpt_create(NULL, &c, &err);
    if (status == CKPT_OK)
        status = ckpt_copy(c, from, &copy, &err);
    if (status == CKPT_OK && k->kept == 0 && k->left_out != 0) {
        ckpt_free(c);
        return tool_fail(CONVERT, "%s: nothing is selected: no tensor is left", k->o->input);
    }
    if (status == CKPT_OK && check_patterns(k->o) != TOOL_FINE) {
        ckpt_free(c);
        return TOOL_NO;
    }
    if (status == CKPT_OK && k->has_notes) {
        new_names_sort(&k->names);
        status = python_notes_rename(c, from, &k->names, &err);
    }
    if (status == CKPT_OK)
        status = ckpt_attach(c, from, &err);
    if (status != CKPT_OK) {
        ckpt_free(c);
        return tool_fail(CONVERT, "%s: %s", k->o->input, err.message);
    }
    *ret_ckpt = c;
    return TOOL_FINE;
}

static bool has_notes(ckpt *c) {
    static const char *const keys[] = {"torch.versions", "torch.types", "torch.order"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (ckpt_value_kind(ckpt_map_get(ckpt_metadata(c), keys[i])) != CKPT_VALUE_ABSENT)
            return true;
    }
    return false;
}

int convert_choose(convert_options *o, ckpt *from, ckpt **ret_ckpt) {
    choices k = {.o = o, .has_notes = has_notes(from)};
    size_t longest = 0;
    for (size_t i = 0; i < o->dtype_count; i++)
        longest = o->dtypes[i].pattern_size > longest ? o->dtypes[i].pattern_size : longest;
    k.pattern = tool_new(longest + 1, 1);
    k.counted = tool_new(ckpt_tensor_count(from), 1);
    int status = copy_chosen(&k, from, ret_ckpt);
    if (status == TOOL_FINE)
        note_changes(&k);
    text_free(&k.name);
    text_free(&k.other);
    free(k.pattern);
    free(k.counted);
    free(k.casts);
    new_names_free(&k.names);
    return status;
}
