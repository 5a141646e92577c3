/* SPDX-License-Identifier: MIT */
/* A recipe worked out for one shape: which numbers a tensor gets. */
#ifndef CK_INIT_RECIPE_H
#define CK_INIT_RECIPE_H

#include <ckpt/init.h>

typedef enum ck_fill_kind { CK_FILL_CONSTANT, CK_FILL_UNIFORM, CK_FILL_NORMAL } ck_fill_kind;

typedef struct ck_fill {
    ck_fill_kind kind;
    double a, b; /* the constant; low and high; mean and std */
} ck_fill;

/* CKPT_E_SHAPE when the recipe needs fans, which need a rank of at least 2. A shape with an extent
 * of 0 may give no finite number, and needs none: std is then taken as 0. */
ckpt_status ck_init_resolve(const ckpt_init *init, uint32_t rank, const uint64_t *shape,
                            ck_fill *ret_fill, ckpt_error *err);

#endif
