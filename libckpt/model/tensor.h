/* SPDX-License-Identifier: MIT */
#ifndef CK_TENSOR_H
#define CK_TENSOR_H

#include "model/geometry.h"
#include "model/object.h"

/* The geometry of a record whose dtype and first_dimension are valid. */
ck_geometry ck_tensor_geometry(const ckpt *c, const ck_tensor_rec *rec);

/* Whether two tensors, of one checkpoint or of two, have the same dtype, its layout included, and
 * the same shape. */
bool ck_tensor_same_type(ckpt_tensor a, ckpt_tensor b);

/* Whether requires_grad means anything for a type: only float and complex have gradients. */
static inline bool ck_class_has_grad(ckpt_dtype_class dtype_class) {
    return dtype_class == CKPT_CLASS_FLOAT || dtype_class == CKPT_CLASS_COMPLEX;
}

#endif
