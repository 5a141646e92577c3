/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "randommodel.h"

static ckpt_status build_seed(sweep *s, uint64_t seed, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    ckpt *c = untouched;
    ckpt_create_options options = {sizeof options, &s->allocator};
    sweep_arm(s);
    ckpt_status status = random_model(seed, &options, &c, err);
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_free(c);
    else
        sweep_expect(s, c == untouched, "a failed build touched its output");
    return status;
}

static ckpt_status build_one(sweep *s, ckpt_error *err) {
    return build_seed(s, 3, err);
}

static ckpt_status build_another(sweep *s, ckpt_error *err) {
    return build_seed(s, 16, err);
}

static ckpt_status build_third(sweep *s, ckpt_error *err) {
    return build_seed(s, 29, err);
}

const sweep_case building_scenarios[] = {
    {"build one", build_one},
    {"build another", build_another},
    {"build a third", build_third},
    {NULL, NULL},
};
