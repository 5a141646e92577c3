/* SPDX-License-Identifier: MIT */
/* How long dotted names can become: rules M5, M6 and M7 of the format. */
#ifndef CK_MEASURE_H
#define CK_MEASURE_H

#include "model/topology.h"

typedef struct ck_extent_of_names {
    uint64_t depth;     /* components of the longest path */
    uint64_t name_size; /* bytes of the longest dotted name */
    uint64_t names;     /* modules and tensors under all their names; saturates */
} ck_extent_of_names;

/* Linear in the modules and members. */
ckpt_status ck_measure_names(ckpt *c, const ck_topology *topology, ck_extent_of_names *ret_extent,
                             ckpt_error *err);

#endif
