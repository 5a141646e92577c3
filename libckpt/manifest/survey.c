/* SPDX-License-Identifier: MIT */
#include "manifest/survey.h"

#include "model/object.h"
#include "model/tensor.h"

#include <string.h>

/* Values of ck_survey.storages while counting: views so far. */
enum { UNVIEWED = 0, VIEWED_ONCE = 1, MUST_LIST = 2 };

static bool fills_its_storage(ckpt_tensor tensor) {
    ck_geometry g = ck_tensor_geometry(tensor.owner, ck_tensor_at(tensor.owner, tensor.id));
    return g.offset == 0 && ck_geometry_span(&g) == ckpt_storage_size(ckpt_tensor_storage(tensor));
}

static ckpt_status see_tensor(ck_survey *s, ckpt_tensor tensor, ckpt_error *err) {
    if (s->tensors[tensor.id] != 0) {
        s->tensors[tensor.id] = CK_SHARED;
        return CKPT_OK;
    }
    s->tensors[tensor.id] = CK_SEEN;
    uint32_t id = ckpt_tensor_storage(tensor).id;
    if (s->storages[id] == UNVIEWED && !ck_buffer_append(&s->memory, &s->listed, &id, sizeof id))
        return ck_fail_nomem(err);
    bool simple = s->storages[id] == UNVIEWED && fills_its_storage(tensor);
    s->storages[id] = simple ? VIEWED_ONCE : MUST_LIST;
    return CKPT_OK;
}

/* In the order of the text. */
static ckpt_status see_module(ck_survey *s, ckpt_module module, int depth, ckpt_error *err) {
    uint32_t count = ckpt_module_member_count(module);
    if (count > 0 && depth == CK_MAX_DEPTH)
        return ck_fail(err, CKPT_E_LIMIT, "a dotted name has more than %d components",
                       CK_MAX_DEPTH);
    for (uint32_t i = 0; i < count; i++) {
        ckpt_member member = ckpt_module_member(module, i);
        ckpt_status status = CKPT_OK;
        if (member.kind == CKPT_MEMBER_TENSOR) {
            status = see_tensor(s, member.tensor, err);
        } else if (s->modules[member.module.id] != 0) {
            s->modules[member.module.id] = CK_SHARED;
        } else {
            s->modules[member.module.id] = CK_SEEN;
            status = see_module(s, member.module, depth + 1, err);
        }
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

/* From counts to numbers in the list, which keeps those that must be in it. */
static void number_storages(ck_survey *s) {
    uint32_t *listed = (uint32_t *)(void *)s->listed.bytes, count = 0;
    size_t viewed = s->listed.size / sizeof *listed;
    for (size_t i = 0; i < viewed; i++) {
        uint32_t id = listed[i];
        bool is_listed = s->storages[id] == MUST_LIST;
        s->storages[id] = is_listed ? count : CK_UNLISTED;
        if (is_listed)
            listed[count++] = id;
    }
    s->listed.size = count * sizeof *listed;
}

ckpt_status ck_survey_create(ckpt *c, ck_survey *ret_survey, ckpt_error *err) {
    ck_survey *s = ret_survey;
    memset(s, 0, sizeof *s);
    s->memory = *ck_ckpt_memory(c);
    s->checkpoint = c;
    s->modules = ck_calloc(&s->memory, ckpt_module_count(c), 1);
    s->tensors = ck_calloc(&s->memory, ckpt_tensor_count(c), 1);
    s->storages = ck_calloc(&s->memory, ckpt_storage_count(c), sizeof *s->storages);
    if (s->modules == NULL || s->tensors == NULL || s->storages == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = see_module(s, ckpt_root(c), 0, err);
    if (status == CKPT_OK)
        number_storages(s);
    return status;
}

void ck_survey_free(ck_survey *s) {
    ck_free(&s->memory, s->modules, ckpt_module_count(s->checkpoint), 1);
    ck_free(&s->memory, s->tensors, ckpt_tensor_count(s->checkpoint), 1);
    ck_free(&s->memory, s->storages, ckpt_storage_count(s->checkpoint), sizeof *s->storages);
    ck_buffer_clear(&s->memory, &s->listed);
}
