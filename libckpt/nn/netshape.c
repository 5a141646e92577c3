/* SPDX-License-Identifier: MIT */
#include "nn/netshape.h"

#include "base/checked.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool ck_extents_product(const uint64_t *extents, uint32_t count, uint64_t *ret_product) {
    uint64_t product = 1;
    for (uint32_t i = 0; i < count; i++)
        if (extents[i] == 0)
            product = 0;
    for (uint32_t i = 0; i < count && product != 0; i++)
        if (!ck_mul(product, extents[i], &product))
            return false;
    *ret_product = product;
    return true;
}

ckpt_status ck_shape_count(const ck_shape *shape, size_t *ret_count, ckpt_error *err) {
    uint64_t count = 0, size = 0;
    if (!ck_extents_product(shape->extents, shape->rank, &count) ||
        !ck_mul(count, sizeof(float), &size) || size > SIZE_MAX / 2)
        return ck_fail(err, CKPT_E_OVERFLOW, "an array of shape %s is too large for memory",
                       CK_SHAPE(shape->rank, shape->extents));
    *ret_count = (size_t)count;
    return CKPT_OK;
}

ck_shape_text ck_shape_describe(uint32_t rank, const uint64_t *extents) {
    ck_shape_text out;
    size_t used = 1, room = sizeof out.text - sizeof ", ...]";
    memcpy(out.text, "[", 2);
    for (uint32_t i = 0; i < rank; i++) {
        char number[32];
        int size = snprintf(number, sizeof number, "%s%" PRIu64, i > 0 ? ", " : "", extents[i]);
        if (used + (size_t)size > room) {
            memcpy(out.text + used, ", ...]", sizeof ", ...]");
            return out;
        }
        memcpy(out.text + used, number, (size_t)size);
        used += (size_t)size;
    }
    memcpy(out.text + used, "]", 2);
    return out;
}

bool ck_shape_dimension(const ck_shape *shape, int64_t dimension, uint32_t *ret_dimension) {
    int64_t count = shape->rank > 0 ? (int64_t)shape->rank : 1;
    if (dimension < -count || dimension >= count)
        return false;
    *ret_dimension = (uint32_t)(dimension < 0 ? dimension + count : dimension);
    return true;
}
