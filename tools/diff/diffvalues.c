/* SPDX-License-Identifier: MIT */
/* The values of tensors: what checksums say to be equal is not read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/numbertext.h"
#include "diff.h"
#include "elementdiff.h"

/* The same place in storages with the same bytes. */
static bool known_equal(ckpt_tensor a, ckpt_tensor b) {
    ckpt_dtype_info x = ckpt_tensor_dtype_info(a), y = ckpt_tensor_dtype_info(b);
    if (strcmp(x.name, y.name) != 0 || x.block_bytes != y.block_bytes ||
        ckpt_tensor_storage_offset(a) != ckpt_tensor_storage_offset(b))
        return false;
    for (uint32_t i = 0; i < ckpt_tensor_rank(a); i++) {
        if (ckpt_tensor_stride(a, i) != ckpt_tensor_stride(b, i))
            return false;
    }
    return ckpt_storage_known_equal(ckpt_tensor_storage(a), ckpt_tensor_storage(b));
}

static void add_numbers(textbuf *t, const element_diff *e) {
    double mean = e->elements != 0 ? e->sum_abs / (double)e->elements : 0;
    text_addf(t, "%s of %s %s differ", number_grouped(e->differing).text,
              number_grouped(e->elements).text, e->is_opaque ? "blocks" : "elements");
    if (e->is_opaque)
        return;
    text_addf(t, ", by at most %s, %s on average", number_brief(e->max_abs).text,
              number_brief(mean).text);
    if (e->has_ulp)
        text_addf(t, ", at most %s ULP", number_grouped(e->max_ulp).text);
    if (e->nans != 0)
        text_addf(t, "; %s are NaN in one only", number_grouped(e->nans).text);
}

static void json_values(diff *d, const char *name, const element_diff *e) {
    json_begin(&d->j, '{', true);
    json_key(&d->j, "kind");
    json_string(&d->j, "values");
    json_key(&d->j, "name");
    json_string(&d->j, name);
    json_key(&d->j, "in");
    json_string(&d->j, "both");
    json_key(&d->j, "elements");
    json_uint(&d->j, e->elements);
    json_key(&d->j, "differ");
    json_uint(&d->j, e->differing);
    json_key(&d->j, "beyond_tolerance");
    json_uint(&d->j, e->beyond);
    json_key(&d->j, "bits_differ");
    json_uint(&d->j, e->bits);
    json_key(&d->j, "nan_in_one");
    json_uint(&d->j, e->nans);
    json_key(&d->j, "max_abs");
    json_float(&d->j, e->max_abs);
    json_key(&d->j, "mean_abs");
    json_float(&d->j, e->elements != 0 ? e->sum_abs / (double)e->elements : 0);
    json_key(&d->j, "max_ulp");
    if (e->has_ulp)
        json_uint(&d->j, e->max_ulp);
    else
        json_null(&d->j);
    json_end(&d->j, '}');
}

static void tell(diff *d, const char *name, const element_diff *e) {
    textbuf t = {0};
    if (d->o->json) {
        json_values(d, name, e);
        d->differences++;
        return;
    }
    if (e->differing != 0)
        add_numbers(&t, e);
    else
        text_addf(&t, "%s of %s elements have other bits, signs of zeros or NaNs",
                  number_grouped(e->bits).text, number_grouped(e->elements).text);
    if (d->o->has_tolerance)
        text_addf(&t, "; %s beyond the tolerance", number_grouped(e->beyond).text);
    diff_tell(d, '~', "values", name, "%s", text_string(&t));
    text_free(&t);
}

/* A part of a tensor has been compared. */
static void advance(void *ctx, uint64_t elements, uint64_t of) {
    diff *d = ctx;
    double part = elements < of ? (double)elements / (double)of : 1;
    uint64_t done = d->bytes + (uint64_t)(part * (double)d->current);
    (void)progress_report(&d->progress, done, d->total);
}

static void compare_pair(diff *d, const char *name, ckpt_tensor a, ckpt_tensor b) {
    element_diff e;
    if (!element_diff_possible(a, b)) {
        /* Another shape has been told. */
        if (ckpt_tensor_numel(a) == ckpt_tensor_numel(b) && !d->o->structure)
            diff_tell(d, '~', "values", name, "%s and %s cannot be compared",
                      ckpt_tensor_dtype_info(a).name, ckpt_tensor_dtype_info(b).name);
        return;
    }
    d->tensors++;
    d->current = ckpt_tensor_nbytes(a);
    bool is_known = known_equal(a, b);
    element_diff_watch watch = {advance, d};
    if (!is_known &&
        element_diff_compute(a, b, d->o->rtol, d->o->atol, &watch, &e, &d->err) != CKPT_OK)
        d->failed = true;
    d->bytes += d->current;
    if (is_known || d->failed)
        return;
    if (e.beyond != 0 || (!d->o->has_tolerance && e.bits != 0))
        tell(d, name, &e);
}

/* Each pair once: tied names need not be compared again. compared: by tensor of the first, the last
 * partner + 1. */
static void for_each_pair(diff *d, void (*act)(diff *, const char *, ckpt_tensor, ckpt_tensor)) {
    uint32_t *compared = tool_new(ckpt_tensor_count(d->a.c), sizeof *compared);
    for (size_t i = 0; i < d->a.count && !diff_is_done(d); i++) {
        const diff_name *own = &d->a.items[i], *other = d->partners[i];
        if (other == NULL || !ckpt_tensor_exists(own->tensor) ||
            compared[own->tensor.id] == other->tensor.id + 1)
            continue;
        compared[own->tensor.id] = other->tensor.id + 1;
        act(d, diff_name_text(&d->a, own), own->tensor, other->tensor);
    }
    free(compared);
}

static void add_to_total(diff *d, const char *name, ckpt_tensor a, ckpt_tensor b) {
    (void)name;
    if (element_diff_possible(a, b))
        d->total += ckpt_tensor_nbytes(a);
}

void diff_compare_values(diff *d) {
    for_each_pair(d, add_to_total);
    progress_begin(&d->progress, d->o->paths[0], d->o->quiet);
    for_each_pair(d, compare_pair);
    progress_clear(&d->progress);
}
