/* SPDX-License-Identifier: MIT */
/* Totals, counted without walking the names: their number can be exponential in the file. */
#include "base/checked.h"
#include "model/tensor.h"
#include "model/topology.h"

#include <string.h>

typedef struct counting {
    ckpt *c;
    const ck_topology *topology;
    uint64_t *paths;        /* by place in the order: ways from the start to the module */
    unsigned char *tensors; /* by tensor: seen */
    unsigned char *storages;
    ckpt_summary *summary;
} counting;

static void count_tensor(counting *s, uint32_t id, uint64_t paths) {
    ckpt_tensor tensor = {s->c, id};
    ckpt_summary *sum = s->summary;
    sum->names = ck_add_saturated(sum->names, paths);
    sum->untied_bytes =
        ck_add_saturated(sum->untied_bytes, ck_mul_saturated(paths, ckpt_tensor_nbytes(tensor)));
    if (s->tensors[id])
        return;
    s->tensors[id] = 1;
    sum->tensors++;
    uint64_t *elements = ckpt_tensor_is_parameter(tensor) ? &sum->parameters : &sum->buffers;
    *elements = ck_add_saturated(*elements, ckpt_tensor_numel(tensor));
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    if (!s->storages[storage.id]) {
        s->storages[storage.id] = 1;
        sum->storages++;
        sum->storage_bytes = ck_add_saturated(sum->storage_bytes, ckpt_storage_size(storage));
    }
}

static void count_module(counting *s, uint32_t place) {
    const ck_module_rec *rec = ck_module_rec_at(s->c, s->topology->order[place]);
    for (uint32_t i = 0; i < rec->member_count; i++) {
        const ck_member_rec *member = ck_member_at(s->c, rec->first_member + i);
        if (member->kind == CK_MEMBER_TENSOR) {
            count_tensor(s, member->target, s->paths[place]);
        } else {
            uint64_t *paths = &s->paths[ck_topology_place(s->topology, member->target)];
            *paths = ck_add_saturated(*paths, s->paths[place]);
        }
    }
}

static ckpt_status count_all(ckpt *c, const ck_topology *topology, ckpt_summary *summary,
                             ckpt_error *err) {
    counting s = {c,
                  topology,
                  ck_calloc(&c->memory, topology->count, sizeof(uint64_t)),
                  ck_calloc(&c->memory, c->tensors.count, 1),
                  ck_calloc(&c->memory, c->storages.count, 1),
                  summary};
    bool complete = s.paths != NULL && s.tensors != NULL && s.storages != NULL;
    if (complete) {
        s.paths[0] = 1;
        for (uint32_t place = 0; place < topology->count; place++)
            count_module(&s, place);
        summary->modules = topology->count;
    }
    ck_free(&c->memory, s.paths, topology->count, sizeof(uint64_t));
    ck_free(&c->memory, s.tensors, c->tensors.count, 1);
    ck_free(&c->memory, s.storages, c->storages.count, 1);
    return complete ? CKPT_OK : ck_fail_nomem(err);
}

ckpt_status ckpt_summarize(ckpt_module module, ckpt_summary *ret_summary, ckpt_error *err) {
    if (module.owner == NULL || module.id >= module.owner->modules.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such module");
    ck_topology topology;
    ckpt_summary summary;
    memset(&summary, 0, sizeof summary);
    ckpt_status status = ck_topology_create(module, &topology, err);
    if (status != CKPT_OK)
        return status;
    status = count_all(module.owner, &topology, &summary, err);
    ck_topology_free(&topology);
    if (status == CKPT_OK)
        *ret_summary = summary;
    return status;
}
