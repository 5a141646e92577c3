/* SPDX-License-Identifier: MIT */
#include "lossaccount.h"

#include "comparemodels.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One name of a tensor. */
typedef struct place {
    char *name;
    ckpt_tensor tensor;
    ckpt_tensor found;         /* under that name in the other one; null when there is none */
    uint32_t first;            /* place with the same tensor, */
    uint32_t first_of_storage; /* and with the same storage */
    unsigned told;             /* kinds of losses, as bits, of this name; of the tensor, if first */
} place;

typedef struct account {
    ckpt *a, *b;
    const loss_book *book;
    place *places;
    uint32_t count;
    bool *told_modules; /* by number */
    char *buffer;
    size_t size;
    bool differ;
} account;

static void *must_have(void *block) {
    if (block == NULL)
        abort();
    return block;
}

/* A tensor with several names is told of under one of them. */
static bool was_told_of(const account *k, ckpt_loss_kind kind, const place *p) {
    return (k->places[p->first].told & 1u << kind) != 0;
}

static void tell(account *k, const char *format, ...) {
    va_list arguments;
    if (!k->differ) {
        va_start(arguments, format);
        vsnprintf(k->buffer, k->size, format, arguments);
        va_end(arguments);
    }
    k->differ = true;
}

/* ---- names ---- */

static ckpt_walk *walk_of(ckpt *c, ckpt_walk_kind kind) {
    ckpt_walk *walk;
    if (ckpt_walk_create(ckpt_root(c), kind, &walk, NULL) != CKPT_OK)
        abort();
    return walk;
}

static uint32_t count_names(ckpt *c) {
    ckpt_walk *walk = walk_of(c, CKPT_WALK_STATE_DICT);
    ckpt_walk_item item;
    uint32_t count = 0;
    while (ckpt_walk_next(walk, &item))
        count++;
    ckpt_walk_free(walk);
    return count;
}

static void list_places(account *k) {
    ckpt_walk *walk = walk_of(k->a, CKPT_WALK_STATE_DICT);
    ckpt_walk_item item;
    k->places = must_have(calloc((size_t)count_names(k->a) + 1, sizeof *k->places));
    while (ckpt_walk_next(walk, &item)) {
        place *p = &k->places[k->count];
        p->name = must_have(malloc(item.name_size + 1));
        memcpy(p->name, item.name, item.name_size + 1);
        p->tensor = item.tensor;
        p->found = ckpt_find_tensor(ckpt_root(k->b), item.name);
        p->first = p->first_of_storage = k->count;
        for (uint32_t i = k->count; i-- > 0;) {
            if (ckpt_tensor_same(k->places[i].tensor, item.tensor))
                p->first = i;
            if (ckpt_tensor_storage(k->places[i].tensor).id == ckpt_tensor_storage(item.tensor).id)
                p->first_of_storage = i;
        }
        for (ckpt_loss_kind kind = CKPT_LOSS_TIE; kind <= CKPT_LOSS_ORDER; kind++)
            p->told |= loss_book_has(k->book, kind, item.name) ? 1u << kind : 0;
        k->places[p->first].told |= p->told;
        k->count++;
    }
    ckpt_walk_free(walk);
}

static void check_names(account *k) {
    uint32_t changed = 0, count = count_names(k->b);
    for (uint32_t i = 0; i < k->count; i++) {
        const place *p = &k->places[i];
        changed += loss_book_has(k->book, CKPT_LOSS_NAME, p->name);
        if (!ckpt_tensor_exists(p->found) && !loss_book_has(k->book, CKPT_LOSS_NAME, p->name))
            tell(k, "the name '%s' is gone", p->name);
    }
    if (count != k->count && changed == 0)
        tell(k, "%u names, and %u", k->count, count);
}

static void check_order(account *k) {
    ckpt_walk_item item;
    if (loss_book_has(k->book, CKPT_LOSS_ORDER, NULL) ||
        loss_book_has(k->book, CKPT_LOSS_NAME, NULL))
        return;
    ckpt_walk *walk = walk_of(k->b, CKPT_WALK_STATE_DICT);
    for (uint32_t i = 0; i < k->count && !k->differ; i++) {
        if (!ckpt_walk_next(walk, &item) || strcmp(item.name, k->places[i].name) != 0)
            tell(k, "another name than '%s' in place %u", k->places[i].name, i);
    }
    ckpt_walk_free(walk);
}

/* ---- tensors ---- */

static void check_shape(account *k, const place *p) {
    ckpt_tensor a = p->tensor, b = p->found;
    bool is_same = ckpt_tensor_rank(a) == ckpt_tensor_rank(b);
    for (uint32_t i = 0; is_same && i < ckpt_tensor_rank(a); i++)
        is_same = ckpt_tensor_shape(a)[i] == ckpt_tensor_shape(b)[i];
    if (!is_same && !was_told_of(k, CKPT_LOSS_SHAPE, p) && !was_told_of(k, CKPT_LOSS_DTYPE, p))
        tell(k, "'%s' has another shape", p->name);
    /* Where no element lies, and how far the next one is, says nothing. */
    if (!is_same || ckpt_tensor_numel(a) == 0 || was_told_of(k, CKPT_LOSS_VIEW, p) ||
        was_told_of(k, CKPT_LOSS_DTYPE, p))
        return;
    for (uint32_t i = 0; i < ckpt_tensor_rank(a); i++)
        is_same = is_same && ckpt_tensor_stride(a, i) == ckpt_tensor_stride(b, i);
    if (!is_same)
        tell(k, "'%s' has other strides", p->name);
    /* A tensor that shared a storage and no longer does has one of its own. */
    if (!was_told_of(k, CKPT_LOSS_TIE, p) &&
        (ckpt_tensor_storage_offset(a) != ckpt_tensor_storage_offset(b) ||
         ckpt_storage_size(ckpt_tensor_storage(a)) != ckpt_storage_size(ckpt_tensor_storage(b))))
        tell(k, "'%s' lies elsewhere, or in a storage of another size", p->name);
}

static bool values_are_equal(ckpt_tensor a, ckpt_tensor b) {
    uint64_t count = ckpt_tensor_numel(a);
    size_t size = (size_t)count * sizeof(double);
    double *x = must_have(malloc(2 * size + 1)), *y = x + count;
    bool equal = ckpt_tensor_numel(b) == count &&
                 ckpt_tensor_read_as(a, CKPT_F64, x, size, NULL) == CKPT_OK &&
                 ckpt_tensor_read_as(b, CKPT_F64, y, size, NULL) == CKPT_OK;
    for (uint64_t i = 0; equal && i < count; i++)
        equal = (isnan(x[i]) && isnan(y[i])) || memcmp(&x[i], &y[i], sizeof x[i]) == 0;
    free(x);
    return equal;
}

static bool bytes_are_equal(ckpt_tensor a, ckpt_tensor b) {
    size_t size = (size_t)ckpt_tensor_nbytes(a);
    char *x = must_have(malloc(2 * size + 1));
    bool equal = ckpt_tensor_nbytes(b) == size && ckpt_tensor_read(a, x, size, NULL) == CKPT_OK &&
                 ckpt_tensor_read(b, x + size, size, NULL) == CKPT_OK &&
                 memcmp(x, x + size, size) == 0;
    free(x);
    return equal;
}

static void check_elements(account *k, const place *p) {
    ckpt_dtype_info a = ckpt_tensor_dtype_info(p->tensor), b = ckpt_tensor_dtype_info(p->found);
    bool changed = was_told_of(k, CKPT_LOSS_DTYPE, p);
    if (strcmp(a.name, b.name) != 0 && !changed)
        tell(k, "'%s' is %s, and %s", p->name, a.name, b.name);
    else if (!bytes_are_equal(p->tensor, p->found) &&
             (!changed || !values_are_equal(p->tensor, p->found)))
        tell(k, "'%s' has other elements", p->name);
    if ((ckpt_tensor_is_parameter(p->tensor) != ckpt_tensor_is_parameter(p->found) ||
         ckpt_tensor_requires_grad(p->tensor) != ckpt_tensor_requires_grad(p->found)) &&
        !was_told_of(k, CKPT_LOSS_FLAG, p) && !changed)
        tell(k, "'%s' is a parameter or wants gradients here, and not there", p->name);
}

static bool tie_was_told(const account *k, const place *p, const place *other) {
    return was_told_of(k, CKPT_LOSS_TIE, p) || was_told_of(k, CKPT_LOSS_TIE, other) ||
           was_told_of(k, CKPT_LOSS_VIEW, p) || was_told_of(k, CKPT_LOSS_VIEW, other);
}

static void check_ties(account *k, uint32_t i) {
    const place *p = &k->places[i];
    for (uint32_t other = 0; other < i && !k->differ; other++) {
        const place *q = &k->places[other];
        if (!ckpt_tensor_exists(q->found) || tie_was_told(k, p, q))
            continue;
        if ((q->first == p->first) != ckpt_tensor_same(q->found, p->found))
            tell(k, "'%s' and '%s' are one tensor here, and not there", q->name, p->name);
        else if (ckpt_storage_size(ckpt_tensor_storage(p->tensor)) != 0 &&
                 (q->first_of_storage == p->first_of_storage) !=
                     (ckpt_tensor_storage(q->found).id == ckpt_tensor_storage(p->found).id))
            tell(k, "'%s' and '%s' have one storage here, and not there", q->name, p->name);
    }
}

static void check_tensors(account *k) {
    for (uint32_t i = 0; i < k->count && !k->differ; i++) {
        const place *p = &k->places[i];
        if (!ckpt_tensor_exists(p->found))
            continue;
        check_shape(k, p);
        check_elements(k, p);
        check_ties(k, i);
    }
}

/* ---- modules and metadata ---- */

/* A module whose tensors got other names has another one itself. */
static bool is_renamed(const account *k, const char *name) {
    size_t size = strlen(name);
    for (uint32_t i = 0; i < k->count; i++) {
        const place *p = &k->places[i];
        if (strncmp(p->name, name, size) == 0 && p->name[size] == '.' &&
            (p->told & 1u << CKPT_LOSS_NAME) != 0)
            return true;
    }
    return false;
}

static void check_module(account *k, ckpt_module a, const char *name) {
    ckpt_module b = *name != '\0' ? ckpt_find_module(ckpt_root(k->b), name) : ckpt_root(k->b);
    if (k->told_modules[a.id] || (!ckpt_module_exists(b) && is_renamed(k, name)))
        return;
    if (!ckpt_module_exists(b))
        tell(k, "the module '%s' is gone", name);
    /* A module of no type may be read as the container that stands for it. */
    else if (*ckpt_module_type(a) != '\0' && strcmp(ckpt_module_type(a), ckpt_module_type(b)) != 0)
        tell(k, "the module '%s' has the type '%s', and '%s'", name, ckpt_module_type(a),
             ckpt_module_type(b));
    else if (!values_equal(ckpt_module_attributes(a), ckpt_module_attributes(b)))
        tell(k, "the module '%s' has other attributes", name);
}

static void each_module(account *k, void (*visit)(account *, ckpt_module, const char *)) {
    ckpt_walk *walk = walk_of(k->a, CKPT_WALK_EVERYTHING);
    ckpt_walk_item item;
    visit(k, ckpt_root(k->a), "");
    while (!k->differ && ckpt_walk_next(walk, &item)) {
        if (!ckpt_tensor_exists(item.tensor))
            visit(k, item.module, item.name);
    }
    ckpt_walk_free(walk);
}

static void note_module(account *k, ckpt_module a, const char *name) {
    k->told_modules[a.id] = k->told_modules[a.id] || loss_book_has(k->book, CKPT_LOSS_MODULE, name);
}

static void check_modules(account *k) {
    k->told_modules = must_have(calloc((size_t)ckpt_module_count(k->a) + 1, sizeof(bool)));
    each_module(k, note_module);
    each_module(k, check_module);
    free(k->told_modules);
}

static bool is_note(const char *key) {
    return strncmp(key, "torch.", 6) == 0 || strncmp(key, "gguf.", 5) == 0;
}

static void check_metadata(account *k) {
    ckpt_value a = ckpt_metadata(k->a), b = ckpt_metadata(k->b);
    for (uint32_t i = 0; i < ckpt_value_count(a); i++) {
        const char *key = ckpt_map_key(a, i);
        if (!is_note(key) && !loss_book_has(k->book, CKPT_LOSS_METADATA, key) &&
            !values_equal(ckpt_value_at(a, i), ckpt_map_get(b, key)))
            tell(k, "the metadata '%s' is another value", key);
    }
    for (uint32_t i = 0; i < ckpt_value_count(b); i++) {
        const char *key = ckpt_map_key(b, i);
        if (!is_note(key) && ckpt_value_kind(ckpt_map_get(a, key)) == CKPT_VALUE_ABSENT &&
            !loss_book_has(k->book, CKPT_LOSS_TIE, key))
            tell(k, "the metadata '%s' is new", key);
    }
}

const char *losses_leave_out(ckpt *a, ckpt *b, const loss_book *book, char *buffer, size_t size) {
    account k = {.a = a, .b = b, .book = book, .buffer = buffer, .size = size};
    list_places(&k);
    check_names(&k);
    check_order(&k);
    check_tensors(&k);
    check_modules(&k);
    check_metadata(&k);
    for (uint32_t i = 0; i < k.count; i++)
        free(k.places[i].name);
    free(k.places);
    return k.differ ? buffer : NULL;
}
