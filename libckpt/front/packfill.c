/* SPDX-License-Identifier: MIT */
#include "front/packfill.h"

#include "base/checked.h"
#include "base/error.h"
#include "model/object.h"
#include "model/tensor.h"

#include <string.h>

ckpt_status ck_pack_fail(const ckpt_fill *fill, const char *path, const ckpt_error *inner,
                         ckpt_error *err) {
    ck_place place = {path, CKPT_NO_OFFSET, NULL, fill->line, fill->column};
    ckpt_status status = ck_fail_at(err, &place, inner->status, "%s", inner->message);
    if (err != NULL)
        err->sys_errno = inner->sys_errno;
    return status;
}

/* ---- links ---- */

static bool same_view(ckpt_tensor a, ckpt_tensor b) {
    if (ckpt_tensor_storage_offset(a) != ckpt_tensor_storage_offset(b) ||
        ckpt_storage_size(ckpt_tensor_storage(a)) != ckpt_storage_size(ckpt_tensor_storage(b)))
        return false;
    for (uint32_t i = 0; i < ckpt_tensor_rank(a); i++)
        if (ckpt_tensor_stride(a, i) != ckpt_tensor_stride(b, i))
            return false;
    return true;
}

/* What becomes of a storage of the manifest. */
typedef struct plan {
    bool is_decided, is_copied;
    ckpt_storage link;
} plan;

static void decide(plan *p, ckpt_tensor tensor, ckpt_tensor source) {
    ckpt_storage link = ckpt_tensor_storage(source);
    bool can_link = ckpt_tensor_exists(source) && same_view(tensor, source) &&
                    (!p->is_decided || ckpt_storage_same(p->link, link));
    p->is_copied = p->is_copied || !can_link;
    p->is_decided = true;
    p->link = link;
}

/* A short text can have any number of tensors write the same large storage; what is sensible is
 * far below this. */
#define MOST_WRITES 64
#define FREE_WRITES ((uint64_t)16 << 20)

static ckpt_status check_work(const ckpt_manifest *manifest, const char *path, const plan *plans,
                              ckpt_error *err) {
    ckpt *c = ckpt_manifest_ckpt(manifest);
    uint64_t written = 0, limit = 0;
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++)
        if (plans[i].is_copied)
            limit = ck_add_saturated(limit, ckpt_storage_size(ckpt_storage_by_id(c, i)));
    limit = ck_add_saturated(ck_mul_saturated(limit, MOST_WRITES), FREE_WRITES);
    for (uint32_t i = 0; i < ckpt_manifest_fill_count(manifest); i++) {
        ckpt_fill fill = ckpt_manifest_fill(manifest, i);
        ckpt_error inner;
        if (plans[ckpt_tensor_storage(fill.tensor).id].is_copied)
            written = ck_add_saturated(written, ckpt_tensor_nbytes(fill.tensor));
        if (written <= limit)
            continue;
        (void)ck_fail(&inner, CKPT_E_LIMIT,
                      "the tensors up to this one write more than %d times the bytes of their "
                      "storages, and 16 MiB",
                      MOST_WRITES);
        return ck_pack_fail(&fill, path, &inner, err);
    }
    return CKPT_OK;
}

static ckpt_status prepare_storages(ckpt *c, const plan *plans, ckpt_error *err) {
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_storage storage = ckpt_storage_by_id(c, i);
        ckpt_status status = CKPT_OK;
        if (plans[i].is_copied)
            status = ck_storage_fill_zeros(storage, err);
        else if (plans[i].is_decided)
            status = ck_storage_relink(storage, plans[i].link, err);
        if (status != CKPT_OK)
            return status;
    }
    return CKPT_OK;
}

/* ---- copies ---- */

/* Spreads dense elements over a strided view. */
static void scatter(const ck_geometry *g, const unsigned char *dense, unsigned char *first) {
    uint64_t index[CK_MAX_RANK] = {0}, count = ck_geometry_numel(g), place = 0;
    for (uint64_t i = 0; i < count; i++) {
        memcpy(first + place * g->block_bytes, dense + i * g->block_bytes, g->block_bytes);
        uint32_t d = g->rank;
        while (d-- > 0) {
            place += g->strides[d];
            if (++index[d] < g->shape[d])
                break;
            place -= index[d] * g->strides[d];
            index[d] = 0;
        }
    }
}

static ckpt_status copy_tensor(ckpt_tensor tensor, ckpt_tensor source, ckpt_error *err) {
    ckpt *c = tensor.owner;
    const ck_memory *memory = ck_ckpt_memory(c);
    ck_geometry g = ck_tensor_geometry(c, ck_tensor_at(c, tensor.id));
    unsigned char *bytes = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    size_t size = (size_t)ckpt_tensor_nbytes(tensor);
    if (g.strides == NULL || size == 0)
        return ckpt_tensor_read(source, bytes + g.offset, size, err);
    unsigned char *dense = ck_alloc(memory, size, 1);
    if (dense == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ckpt_tensor_read(source, dense, size, err);
    if (status == CKPT_OK)
        scatter(&g, dense, bytes + g.offset);
    ck_free(memory, dense, size, 1);
    return status;
}

static ckpt_status run_recipe(const ckpt_fill *fill, ckpt_rng *stream, ckpt_error *err) {
    ckpt_rng own;
    if (fill->has_seed) {
        ckpt_rng_seed(&own, fill->seed);
        stream = &own;
    }
    return ckpt_init_tensor(fill->tensor, &fill->init, stream, err);
}

static ckpt_status fill_tensors(const ckpt_manifest *manifest, const char *path,
                                const ckpt_tensor *sources, const plan *plans, uint64_t seed,
                                ckpt_error *err) {
    ckpt_rng stream;
    ckpt_rng_seed(&stream, seed);
    for (uint32_t i = 0; i < ckpt_manifest_fill_count(manifest); i++) {
        ckpt_fill fill = ckpt_manifest_fill(manifest, i);
        ckpt_error inner;
        ckpt_status status = CKPT_OK;
        if (!ckpt_tensor_exists(sources[i]))
            status = run_recipe(&fill, &stream, &inner);
        else if (plans[ckpt_tensor_storage(fill.tensor).id].is_copied)
            status = copy_tensor(fill.tensor, sources[i], &inner);
        if (status != CKPT_OK)
            return ck_pack_fail(&fill, path, &inner, err);
    }
    return CKPT_OK;
}

ckpt_status ck_pack_fill(const ckpt_manifest *manifest, const char *path,
                         const ckpt_tensor *sources, uint64_t seed, ckpt_error *err) {
    ckpt *c = ckpt_manifest_ckpt(manifest);
    const ck_memory *memory = ck_ckpt_memory(c);
    size_t count = ckpt_storage_count(c);
    plan *plans = ck_calloc(memory, count, sizeof *plans);
    if (plans == NULL)
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < ckpt_manifest_fill_count(manifest); i++) {
        ckpt_tensor tensor = ckpt_manifest_fill(manifest, i).tensor;
        decide(&plans[ckpt_tensor_storage(tensor).id], tensor, sources[i]);
    }
    ckpt_status status = check_work(manifest, path, plans, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, prepare_storages(c, plans, err), path);
    if (status == CKPT_OK)
        status = fill_tensors(manifest, path, sources, plans, seed, err);
    ck_free(memory, plans, count, sizeof *plans);
    return status;
}
