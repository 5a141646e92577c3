/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "randommodel.h"

#include <string.h>

enum { COPY_NAME_SIZE = 4096 };

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

/* Another name for every tensor, and another type for those of f32. */
static bool choose(void *ctx, const ckpt_walk_item *item, ckpt_copy_choice *choice) {
    static const char prefix[] = "copy.";
    char *name = ctx;
    if (item->name_size + sizeof prefix > COPY_NAME_SIZE)
        return true;
    memcpy(name, prefix, sizeof prefix - 1);
    memcpy(name + sizeof prefix - 1, item->name, item->name_size + 1);
    choice->name = name;
    if (ckpt_tensor_exists(item->tensor) && ckpt_tensor_dtype(item->tensor) == CKPT_F32)
        choice->dtype = CKPT_BF16;
    return true;
}

static ckpt_status copy_seed(sweep *s, ckpt_copy_choose chosen, ckpt_error *err) {
    static char name[COPY_NAME_SIZE];
    ckpt *from = NULL, *c = NULL;
    ckpt_create_options options = {sizeof options, &s->allocator};
    ckpt_copy_options copy = {.struct_size = sizeof copy, .choose = chosen, .ctx = name};
    void *bytes;
    size_t size;
    ckpt_status status = random_model(11, &options, &from, err);
    if (status == CKPT_OK)
        status = ckpt_create(&options, &c, err);
    if (status == CKPT_OK) {
        sweep_arm(s);
        status = ckpt_copy(c, from, &copy, err);
        if (status == CKPT_OK)
            status = ckpt_save_memory(c, NULL, &bytes, &size, err);
        sweep_disarm(s);
        if (status == CKPT_OK)
            ckpt_buffer_free(c, bytes, size);
    }
    ckpt_free(c);
    ckpt_free(from);
    return status;
}

static ckpt_status copy_all(sweep *s, ckpt_error *err) {
    return copy_seed(s, NULL, err);
}

static ckpt_status copy_some(sweep *s, ckpt_error *err) {
    return copy_seed(s, choose, err);
}

const sweep_case building_scenarios[] = {
    {"build one", build_one},
    {"build another", build_another},
    {"build a third", build_third},
    {"copy as it is", copy_all},
    {"copy under other names", copy_some},
    {NULL, NULL},
};
