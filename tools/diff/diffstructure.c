/* SPDX-License-Identifier: MIT */
/* Names, modules, dtypes, shapes, flags, ties. */
#include <stdlib.h>
#include <string.h>

#include "../common/numbertext.h"
#include "diff.h"

static const char *kind_of(const diff_name *name) {
    return ckpt_tensor_exists(name->tensor) ? "tensor" : "module";
}

/* "f32 [2, 3]", or the type of a module. */
static void describe(const diff_name *name, textbuf *t) {
    text_clear(t);
    if (!ckpt_tensor_exists(name->tensor)) {
        text_add(t, ckpt_module_type(name->module));
        return;
    }
    text_addf(t, "%s ", ckpt_tensor_dtype_info(name->tensor).name);
    number_add_list(t, ckpt_tensor_shape(name->tensor), ckpt_tensor_rank(name->tensor));
}

static void tell_alone(diff *d, char sign, const diff_names *n, const diff_name *name) {
    textbuf t = {0};
    describe(name, &t);
    diff_tell(d, sign, kind_of(name), diff_name_text(n, name), "%s", text_string(&t));
    text_free(&t);
}

/* Modules alone are no difference where only values count. */
static bool counts(const diff *d, const diff_name *name) {
    return d->o->structure || ckpt_tensor_exists(name->tensor);
}

static void compare_order(diff *d) {
    const diff_name *last = NULL;
    for (size_t i = 0; i < d->a.count; i++) {
        const diff_name *partner = d->partners[i];
        if (partner != NULL && last != NULL && partner->number < last->number) {
            diff_tell(d, '~', "order", diff_name_text(&d->b, partner),
                      "stands before %s in the second", diff_name_text(&d->b, last));
            return;
        }
        last = partner != NULL ? partner : last;
    }
}

void diff_compare_names(diff *d) {
    d->partners = tool_new(d->a.count, sizeof *d->partners);
    for (size_t i = 0; i < d->a.count && !diff_is_done(d); i++) {
        const diff_name *own = &d->a.items[i];
        const diff_name *other = diff_names_find(&d->b, diff_name_text(&d->a, own));
        if (other != NULL && kind_of(own) == kind_of(other))
            d->partners[i] = other;
        else if (other != NULL)
            diff_tell(d, '~', "name", diff_name_text(&d->a, own), "a %s and a %s", kind_of(own),
                      kind_of(other));
        else if (counts(d, own))
            tell_alone(d, '-', &d->a, own);
    }
    for (size_t i = 0; i < d->b.count && !diff_is_done(d); i++) {
        const diff_name *own = &d->b.items[i];
        if (counts(d, own) && diff_names_find(&d->a, diff_name_text(&d->b, own)) == NULL)
            tell_alone(d, '+', &d->b, own);
    }
    if (d->o->structure && !diff_is_done(d))
        compare_order(d);
}

static void compare_module(diff *d, const char *name, ckpt_module a, ckpt_module b) {
    if (strcmp(ckpt_module_type(a), ckpt_module_type(b)) != 0)
        diff_tell(d, '~', "type", name, "'%s' and '%s'", ckpt_module_type(a), ckpt_module_type(b));
    diff_compare_value(d, "attribute", name, ckpt_module_attributes(a), ckpt_module_attributes(b));
}

void diff_compare_modules(diff *d) {
    compare_module(d, "", ckpt_root(d->a.c), ckpt_root(d->b.c));
    for (size_t i = 0; i < d->a.count && !diff_is_done(d); i++) {
        const diff_name *own = &d->a.items[i];
        if (d->partners[i] != NULL && !ckpt_tensor_exists(own->tensor))
            compare_module(d, diff_name_text(&d->a, own), own->module, d->partners[i]->module);
    }
}

/* ---- tensors ---- */

static bool same_shape(ckpt_tensor a, ckpt_tensor b) {
    uint32_t rank = ckpt_tensor_rank(a);
    return rank == ckpt_tensor_rank(b) &&
           (rank == 0 ||
            memcmp(ckpt_tensor_shape(a), ckpt_tensor_shape(b), rank * sizeof(uint64_t)) == 0);
}

static bool same_layout(ckpt_tensor a, ckpt_tensor b) {
    for (uint32_t i = 0; i < ckpt_tensor_rank(a); i++) {
        if (ckpt_tensor_stride(a, i) != ckpt_tensor_stride(b, i))
            return false;
    }
    return ckpt_tensor_storage_offset(a) == ckpt_tensor_storage_offset(b);
}

static void tell_shapes(diff *d, const char *name, ckpt_tensor a, ckpt_tensor b) {
    textbuf t = {0};
    number_add_list(&t, ckpt_tensor_shape(a), ckpt_tensor_rank(a));
    text_add(&t, " and ");
    number_add_list(&t, ckpt_tensor_shape(b), ckpt_tensor_rank(b));
    diff_tell(d, '~', "shape", name, "%s", text_string(&t));
    text_free(&t);
}

static const char *flag_of(ckpt_tensor tensor) {
    return !ckpt_tensor_is_parameter(tensor)   ? "a buffer"
           : ckpt_tensor_requires_grad(tensor) ? "a parameter with gradient"
                                               : "a parameter without gradient";
}

static void compare_tensor(diff *d, const char *name, ckpt_tensor a, ckpt_tensor b) {
    ckpt_dtype_info x = ckpt_tensor_dtype_info(a), y = ckpt_tensor_dtype_info(b);
    if (!same_shape(a, b))
        tell_shapes(d, name, a, b);
    if (!d->o->structure)
        return;
    if (strcmp(x.name, y.name) != 0)
        diff_tell(d, '~', "dtype", name, "%s and %s", x.name, y.name);
    if (strcmp(flag_of(a), flag_of(b)) != 0)
        diff_tell(d, '~', "flag", name, "%s and %s", flag_of(a), flag_of(b));
    if (same_shape(a, b) && !same_layout(a, b))
        diff_tell(d, '~', "layout", name, "another offset or other strides in its storage");
}

void diff_compare_tensors(diff *d) {
    for (size_t i = 0; i < d->a.count && !diff_is_done(d); i++) {
        const diff_name *own = &d->a.items[i];
        if (d->partners[i] != NULL && ckpt_tensor_exists(own->tensor))
            compare_tensor(d, diff_name_text(&d->a, own), own->tensor, d->partners[i]->tensor);
    }
}

/* ---- ties ---- */

/* By object: the first name that both have. */
typedef struct leaders {
    const diff_name **modules, **tensors, **storages;
} leaders;

static leaders leaders_of(ckpt *c) {
    return (leaders){tool_new(ckpt_module_count(c), sizeof(diff_name *)),
                     tool_new(ckpt_tensor_count(c), sizeof(diff_name *)),
                     tool_new(ckpt_storage_count(c), sizeof(diff_name *))};
}

static void free_leaders(leaders *l) {
    free(l->modules);
    free(l->tensors);
    free(l->storages);
}

static const diff_name *lead(const diff_name **leader, const diff_name *own) {
    if (*leader == NULL)
        *leader = own;
    return *leader;
}

static void tell_tie(diff *d, const char *kind, const diff_name *own, const diff_name *a,
                     const diff_name *b) {
    textbuf t = {0};
    text_add(&t, a != own ? "one with " : "on its own");
    if (a != own)
        text_add(&t, diff_name_text(&d->a, a));
    text_add(&t, b != own ? ", and one with " : ", and on its own");
    if (b != own)
        text_add(&t, diff_name_text(&d->a, b));
    diff_tell(d, '~', kind, diff_name_text(&d->a, own), "%s", text_string(&t));
    text_free(&t);
}

/* own is a name in the first; leaders of both are kept as names in the first. */
static void compare_tie(diff *d, leaders *a, leaders *b, const diff_name *own,
                        const diff_name *other) {
    if (!ckpt_tensor_exists(own->tensor)) {
        const diff_name *x = lead(&a->modules[own->module.id], own);
        const diff_name *y = lead(&b->modules[other->module.id], own);
        if (x != y)
            tell_tie(d, "shared", own, x, y);
        return;
    }
    const diff_name *x = lead(&a->tensors[own->tensor.id], own);
    const diff_name *y = lead(&b->tensors[other->tensor.id], own);
    const diff_name *p = lead(&a->storages[ckpt_tensor_storage(own->tensor).id], own);
    const diff_name *q = lead(&b->storages[ckpt_tensor_storage(other->tensor).id], own);
    if (x != y)
        tell_tie(d, "tie", own, x, y);
    else if (p != q && x == own)
        tell_tie(d, "storage", own, p, q);
}

void diff_compare_ties(diff *d) {
    leaders a = leaders_of(d->a.c), b = leaders_of(d->b.c);
    for (size_t i = 0; i < d->a.count && !diff_is_done(d); i++) {
        if (d->partners[i] != NULL)
            compare_tie(d, &a, &b, &d->a.items[i], d->partners[i]);
    }
    free_leaders(&a);
    free_leaders(&b);
}
