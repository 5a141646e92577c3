/* SPDX-License-Identifier: MIT */
#include "model/geometry.h"

#include "base/checked.h"
#include "model/records.h"

/* The product of the extents that are not 0, times block_bytes, stays below 2^63: then neither the
 * number of elements, nor the dense size, nor any dense stride can overflow. */
static bool size_is_bounded(const ck_geometry *g) {
    uint64_t product = g->block_bytes;
    for (uint32_t i = 0; i < g->rank; i++) {
        if (g->shape[i] != 0 && (!ck_mul(product, g->shape[i], &product)))
            return false;
    }
    return product < CK_SIZE_LIMIT;
}

static bool fits_blocks(const ck_geometry *g) {
    if (g->block_elements == 1 && g->dtype_class != CKPT_CLASS_BLOCK)
        return true;
    if (g->strides != NULL && g->block_elements > 1)
        return false;
    if (g->dtype_class == CKPT_CLASS_BLOCK)
        return g->block_elements == 1 ||
               (g->rank > 0 && g->shape[g->rank - 1] % g->block_elements == 0);
    return ck_geometry_numel(g) % g->block_elements == 0;
}

bool ck_geometry_is_dense(uint32_t rank, const uint64_t *shape, const uint64_t *strides) {
    uint64_t dense = 1;
    bool is_dense = true;
    for (uint32_t i = rank; i-- > 0;) {
        if (shape[i] == 0)
            return true;
        if (shape[i] > 1 && strides[i] != dense)
            is_dense = false;
        dense *= shape[i];
    }
    return is_dense;
}

uint64_t ck_geometry_numel(const ck_geometry *g) {
    uint64_t numel = 1;
    for (uint32_t i = 0; i < g->rank; i++)
        numel *= g->shape[i];
    return numel;
}

uint64_t ck_geometry_dense_size(const ck_geometry *g) {
    return ck_geometry_numel(g) / g->block_elements * g->block_bytes;
}

/* The number of the last element counted from the first, along the strides. */
static bool last_element(const ck_geometry *g, uint64_t *ret_last) {
    uint64_t last = 0, distance;
    for (uint32_t i = 0; i < g->rank; i++) {
        if (!ck_mul(g->shape[i] - 1, g->strides[i], &distance) || !ck_add(last, distance, &last))
            return false;
    }
    *ret_last = last;
    return true;
}

static bool span(const ck_geometry *g, uint64_t *ret_span) {
    uint64_t last;
    if (ck_geometry_numel(g) == 0) {
        *ret_span = 0;
        return true;
    }
    if (g->strides == NULL) {
        *ret_span = ck_geometry_dense_size(g);
        return true;
    }
    return last_element(g, &last) && ck_add(last, 1, &last) &&
           ck_mul(last, g->block_bytes, ret_span);
}

uint64_t ck_geometry_span(const ck_geometry *g) {
    uint64_t bytes = 0;
    span(g, &bytes);
    return bytes;
}

ck_geometry_fault ck_geometry_check(const ck_geometry *g, uint64_t storage_size) {
    uint64_t bytes;
    if (!size_is_bounded(g))
        return CK_GEOMETRY_TOO_LARGE;
    if (!fits_blocks(g))
        return CK_GEOMETRY_BLOCKS;
    if (g->strides != NULL) {
        for (uint32_t i = 0; i < g->rank; i++) {
            if (g->strides[i] >= CK_SIZE_LIMIT)
                return CK_GEOMETRY_STRIDES;
        }
        if (ck_geometry_is_dense(g->rank, g->shape, g->strides))
            return CK_GEOMETRY_DENSE;
    }
    if (g->offset % g->block_bytes != 0)
        return CK_GEOMETRY_OFFSET;
    if (!span(g, &bytes) || !ck_within(g->offset, bytes, storage_size))
        return CK_GEOMETRY_OUT_OF_BOUNDS;
    return CK_GEOMETRY_SOUND;
}
