/* SPDX-License-Identifier: MIT */
/* Ties between tensors with the same bytes. Those of the same type are hashed; those with the same
 * hash are compared with one of each class of equal bytes, found by bisection, so that even bytes
 * that were made to have the same hash cost no more than that. */
#include <stdlib.h>
#include <string.h>

#include "../common/tensorwindow.h"
#include "convert.h"

typedef struct candidate {
    uint32_t tensor;
    uint64_t hash;
    uint32_t kept; /* the tensor that takes its place, perhaps itself */
} candidate;

static int compare_types(ckpt *c, uint32_t a, uint32_t b) {
    ckpt_tensor x = ckpt_tensor_by_id(c, a), y = ckpt_tensor_by_id(c, b);
    ckpt_dtype_info p = ckpt_tensor_dtype_info(x), q = ckpt_tensor_dtype_info(y);
    uint32_t rank = ckpt_tensor_rank(x);
    int order = strcmp(p.name, q.name);
    if (order != 0)
        return order;
    if (rank != ckpt_tensor_rank(y))
        return rank < ckpt_tensor_rank(y) ? -1 : 1;
    for (uint32_t d = 0; d < rank; d++) {
        uint64_t m = ckpt_tensor_shape(x)[d], n = ckpt_tensor_shape(y)[d];
        if (m != n)
            return m < n ? -1 : 1;
    }
    int flags = ckpt_tensor_is_parameter(x) * 2 + ckpt_tensor_requires_grad(x);
    return flags - (ckpt_tensor_is_parameter(y) * 2 + ckpt_tensor_requires_grad(y));
}

/* qsort hands nothing over to its function; the lists are short enough for a sort of our own to be
 * no burden: merging from the bottom up, stable. */
typedef int (*candidate_order)(ckpt *c, const candidate *a, const candidate *b);

static int by_type(ckpt *c, const candidate *a, const candidate *b) {
    return compare_types(c, a->tensor, b->tensor);
}

static int by_hash(ckpt *c, const candidate *a, const candidate *b) {
    (void)c;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static void merge_runs(ckpt *c, const candidate *from, candidate *to, size_t low, size_t middle,
                       size_t high, candidate_order order) {
    size_t i = low, k = middle;
    for (size_t n = low; n < high; n++) {
        bool first = i < middle && (k >= high || order(c, &from[i], &from[k]) <= 0);
        to[n] = first ? from[i++] : from[k++];
    }
}

static void sort(ckpt *c, candidate *all, size_t count, candidate_order order) {
    candidate *other = tool_new(count, sizeof *other);
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += width * 2) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = middle + width < count ? middle + width : count;
            merge_runs(c, all, other, low, middle, high, order);
        }
        memcpy(all, other, count * sizeof *all);
    }
    free(other);
}

/* Words of 8 bytes, wherever the windows end: those of views are others than those of dense
 * tensors.
 */
typedef struct hashing {
    uint64_t hash, word;
    unsigned filled; /* bytes of the word */
} hashing;

static void hash_word(hashing *h, uint64_t word) {
    h->hash = (h->hash ^ word) * 0x9fb21c651e98df25u;
    h->hash ^= h->hash >> 32;
}

static void hash_bytes(hashing *h, const unsigned char *bytes, size_t size) {
    size_t i = 0;
    while (i < size) {
        uint64_t word;
        if (h->filled == 0 && size - i >= 8) {
            memcpy(&word, bytes + i, 8);
            hash_word(h, word);
            i += 8;
            continue;
        }
        memcpy((unsigned char *)&h->word + h->filled++, bytes + i++, 1);
        if (h->filled == 8) {
            hash_word(h, h->word);
            h->word = h->filled = 0;
        }
    }
}

static ckpt_status hash_tensor(ckpt_tensor tensor, uint64_t *ret_hash, ckpt_error *err) {
    tensor_window w;
    hashing h = {.hash = 0x9e3779b97f4a7c15u};
    tensor_window_open(&w, tensor);
    ckpt_status status;
    while ((status = tensor_window_fill(&w, err)) == CKPT_OK && w.count != 0) {
        hash_bytes(&h, w.bytes, (size_t)(w.count * w.dtype.block_bytes));
        tensor_window_take(&w, w.count);
    }
    tensor_window_close(&w);
    hash_word(&h, h.word);
    *ret_hash = h.hash;
    return status;
}

/* *ret_order as from memcmp. */
static ckpt_status compare_bytes(ckpt_tensor a, ckpt_tensor b, int *ret_order, ckpt_error *err) {
    tensor_window x, y;
    ckpt_status status;
    tensor_window_open(&x, a);
    tensor_window_open(&y, b);
    *ret_order = 0;
    while ((status = tensor_window_fill(&x, err)) == CKPT_OK && x.count != 0 && *ret_order == 0) {
        status = tensor_window_fill(&y, err);
        if (status != CKPT_OK)
            break;
        uint64_t count = x.count < y.count ? x.count : y.count;
        *ret_order = memcmp(x.bytes, y.bytes, (size_t)(count * x.dtype.block_bytes));
        tensor_window_take(&x, count);
        tensor_window_take(&y, count);
    }
    tensor_window_close(&x);
    tensor_window_close(&y);
    return status;
}

/* A run of tensors with one hash. classes: room for a tensor of each class, kept in the order of
 * their bytes. */
static ckpt_status tie_same_hash(ckpt *c, candidate *run, size_t count, uint32_t *classes,
                                 ckpt_error *err) {
    size_t class_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = class_count;
        int order = -1;
        while (low < high && order != 0) {
            size_t middle = low + (high - low) / 2;
            ckpt_status status = compare_bytes(ckpt_tensor_by_id(c, run[i].tensor),
                                               ckpt_tensor_by_id(c, classes[middle]), &order, err);
            if (status != CKPT_OK)
                return status;
            if (order == 0)
                run[i].kept = classes[middle];
            else if (order < 0)
                high = middle;
            else
                low = middle + 1;
        }
        if (order == 0)
            continue;
        memmove(classes + low + 1, classes + low, (class_count - low) * sizeof *classes);
        classes[low] = run[i].tensor;
        class_count++;
    }
    return CKPT_OK;
}

/* A run of tensors of one type. */
static ckpt_status tie_same_type(ckpt *c, candidate *run, size_t count, uint32_t *classes,
                                 ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; i < count && status == CKPT_OK; i++)
        status = hash_tensor(ckpt_tensor_by_id(c, run[i].tensor), &run[i].hash, err);
    if (status == CKPT_OK)
        sort(c, run, count, by_hash);
    for (size_t i = 0, size; i < count && status == CKPT_OK; i += size) {
        for (size = 1; i + size < count && run[i + size].hash == run[i].hash;)
            size++;
        if (size > 1)
            status = tie_same_hash(c, run + i, size, classes, err);
    }
    return status;
}

static ckpt_status find_equal(ckpt *c, candidate *all, size_t count, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    uint32_t *classes = tool_new(count, sizeof *classes);
    sort(c, all, count, by_type);
    for (size_t i = 0, size; i < count && status == CKPT_OK; i += size) {
        for (size = 1; i + size < count && by_type(c, &all[i], &all[i + size]) == 0;)
            size++;
        if (size > 1)
            status = tie_same_type(c, all + i, size, classes, err);
    }
    free(classes);
    return status;
}

/* Every member that names a tensor of which another takes the place. */
static ckpt_status tie_members(ckpt *c, const uint32_t *kept, uint64_t *ret_count,
                               ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t m = 0; m < ckpt_module_count(c); m++) {
        ckpt_module module = ckpt_module_by_id(c, m);
        for (uint32_t i = 0; i < ckpt_module_member_count(module) && status == CKPT_OK; i++) {
            ckpt_member member = ckpt_module_member(module, i);
            if (member.kind != CKPT_MEMBER_TENSOR || kept[member.tensor.id] == member.tensor.id)
                continue;
            status =
                ckpt_tie(module, member.name, ckpt_tensor_by_id(c, kept[member.tensor.id]), err);
            ++*ret_count;
        }
    }
    return status;
}

int convert_tie_equal(convert_options *o, ckpt *c) {
    uint32_t tensors = ckpt_tensor_count(c);
    candidate *all = tool_new(tensors, sizeof *all);
    uint32_t *kept = tool_new(tensors, sizeof *kept);
    size_t count = 0;
    uint64_t names = 0;
    ckpt_error err;
    for (uint32_t t = 0; t < tensors; t++) {
        kept[t] = t;
        if (ckpt_tensor_numel(ckpt_tensor_by_id(c, t)) != 0)
            all[count++] = (candidate){.tensor = t, .kept = t};
    }
    ckpt_status status = find_equal(c, all, count, &err);
    for (size_t i = 0; i < count; i++)
        kept[all[i].tensor] = all[i].kept;
    if (status == CKPT_OK)
        status = tie_members(c, kept, &names, &err);
    if (status == CKPT_OK)
        conversion_note(&o->out, "tie", names, "members tied to an equal tensor");
    free(all);
    free(kept);
    return status == CKPT_OK ? TOOL_FINE : tool_fail(CONVERT, "%s: %s", o->input, err.message);
}
