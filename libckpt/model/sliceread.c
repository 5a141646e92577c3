/* SPDX-License-Identifier: MIT */
/* Reading slices. What is in memory is copied from there; what is in a file, or is computed when it
 * is asked for, comes through a window that holds a run of chunks (or of bytes, where there are no
 * checksums), so that each chunk is read, checked and decoded once. */
#include "model/sliceread.h"

#include "base/checked.h"
#include "model/chunkread.h"
#include "model/sliceplan.h"
#include "model/storageread.h"
#include "model/tensor.h"

#include <string.h>

/* Gaps that are read rather than left out, where there are no checksums: for stretches so short
 * that requests for each of them would take longer, and for others. The latter bounds how often the
 * slices of a transposed tensor read what lies between those of one of them. */
#define SMALL_GAP ((uint64_t)65536)
#define SMALL_STRETCH ((uint64_t)256)
#define SMALLEST_GAP ((uint64_t)4096)

typedef struct window {
    ckpt_storage storage;
    const ck_storage_rec *rec;
    unsigned char *bytes;
    size_t room;
    uint64_t begin, end; /* what it holds of the storage */
} window;

static void gather(const ck_slice_plan *plan, const unsigned char *bytes, uint64_t origin,
                   unsigned char *destination) {
    ck_slice_walk walk;
    ck_walk_begin(&walk, plan);
    do
        memcpy(destination + walk.to, bytes + (walk.from - origin), (size_t)plan->run);
    while (ck_walk_next(&walk));
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The chunks, or the bytes, that hold [offset, offset + size), but no more than there is room for
 * behind `begin`. */
static uint64_t end_for(const window *w, uint64_t begin, uint64_t offset, uint64_t size) {
    uint64_t end = offset + size;
    if (w->rec->chunk_log2 != 0)
        end = ((end - 1) >> w->rec->chunk_log2 << w->rec->chunk_log2) +
              ((uint64_t)1 << w->rec->chunk_log2);
    return smaller(smaller(end, begin + w->room), w->rec->size);
}

static uint64_t begin_for(const window *w, uint64_t offset) {
    return w->rec->chunk_log2 != 0 ? offset >> w->rec->chunk_log2 << w->rec->chunk_log2 : offset;
}

/* What lies together in the storage can be runs that do not in the destination. */
static uint64_t small_gap(const ck_slice_plan *plan) {
    const ck_loop *inner = &plan->loops[plan->depth - 1];
    uint64_t stretch = inner->from == plan->run ? inner->count * plan->run : plan->run;
    if (stretch < SMALL_STRETCH || stretch > SMALL_GAP)
        return SMALL_GAP;
    return stretch > SMALLEST_GAP ? stretch : SMALLEST_GAP;
}

/* How far one request should reach that begins with the rest of the run that the walk is at: over
 * all runs that follow without a gap. */
static uint64_t look_ahead(const window *w, const ck_slice_walk *at, uint64_t begin,
                           uint64_t offset) {
    ck_slice_walk walk = *at;
    uint64_t run = walk.plan->run, end = end_for(w, begin, offset, walk.from + run - offset);
    uint64_t gap = w->rec->chunk_log2 != 0 ? 0 : small_gap(walk.plan);
    while (end < begin + w->room && ck_walk_next(&walk)) {
        uint64_t next = begin_for(w, walk.from);
        if (walk.from < begin || (next > end && next - end >= gap) || next >= begin + w->room)
            break;
        uint64_t next_end = end_for(w, begin, walk.from, run);
        end = next_end > end ? next_end : end;
    }
    return end;
}

static ckpt_status load(window *w, const ck_slice_walk *walk, uint64_t offset, ckpt_error *err) {
    const ckpt *c = w->storage.owner;
    const ck_storage_rec *rec = w->rec;
    uint64_t begin = begin_for(w, offset), end = look_ahead(w, walk, begin, offset);
    ckpt_status status;
    w->end = w->begin; /* nothing, should it fail */
    if (rec->chunk_log2 == 0) {
        status = ckpt_storage_read(w->storage, begin, (size_t)(end - begin), w->bytes, err);
    } else {
        uint64_t first = begin >> rec->chunk_log2, last = (end - 1) >> rec->chunk_log2;
        status = ck_chunks_read(c, w->storage.id, first, last - first + 1, w->bytes, err);
    }
    if (status == CKPT_OK) {
        w->begin = begin;
        w->end = end;
    }
    return status;
}

static ckpt_status copy_run(window *w, const ck_slice_walk *walk, unsigned char *destination,
                            ckpt_error *err) {
    uint64_t offset = walk->from, left = walk->plan->run;
    destination += walk->to;
    while (left > 0) {
        if (offset < w->begin || offset >= w->end) {
            ckpt_status status = load(w, walk, offset, err);
            if (status != CKPT_OK)
                return status;
        }
        size_t part = (size_t)smaller(left, w->end - offset);
        memcpy(destination, w->bytes + (offset - w->begin), part);
        destination += part;
        offset += part;
        left -= part;
    }
    return CKPT_OK;
}

static ckpt_status read_window(ckpt_storage storage, const ck_slice_plan *plan,
                               unsigned char *destination, ckpt_error *err) {
    const ck_memory *memory = &storage.owner->memory;
    window w = {.storage = storage, .rec = ck_storage_at(storage.owner, storage.id)};
    uint64_t chunk = (uint64_t)1 << w.rec->chunk_log2, begin = begin_for(&w, plan->start);
    /* Whole chunks, but at the end of the storage; the first window is for no less than one. */
    w.room = SIZE_MAX / 2;
    uint64_t all = end_for(&w, begin, plan->start, plan->span) - begin;
    w.room = (size_t)smaller(all, chunk > CK_RUN_SIZE ? chunk : CK_RUN_SIZE);
    w.bytes = ck_alloc(memory, w.room, 1);
    if (w.bytes == NULL)
        return ck_fail_nomem(err);
    ck_slice_walk walk;
    ck_walk_begin(&walk, plan);
    ckpt_status status;
    do
        status = copy_run(&w, &walk, destination, err);
    while (status == CKPT_OK && ck_walk_next(&walk));
    ck_free(memory, w.bytes, w.room, 1);
    return status;
}

/* ---- runs in no order ---- */

/* The window moves to [begin, end); what it holds of that already is not read again. */
static ckpt_status slide(window *w, uint64_t begin, uint64_t end, ckpt_error *err) {
    uint64_t kept = 0;
    if (begin >= w->begin && end <= w->end)
        return CKPT_OK;
    if (begin >= w->begin && begin < w->end) {
        kept = w->end - begin;
        memmove(w->bytes, w->bytes + (begin - w->begin), (size_t)kept);
    }
    w->begin = begin;
    w->end = begin + kept;
    ckpt_status status =
        ckpt_storage_read(w->storage, w->end, (size_t)(end - w->end), w->bytes + kept, err);
    if (status == CKPT_OK)
        w->end = end;
    return status;
}

/* As many places of the outermost loop at a time as the window holds. Each call for a part that it
 * does not hold has a loop less. */
static ckpt_status read_parts(window *w, const ck_slice_plan *plan, unsigned char *destination,
                              ckpt_error *err) {
    if (plan->depth == 0)
        return ckpt_storage_read(w->storage, plan->start, (size_t)plan->run, destination, err);
    if (plan->span <= w->room) {
        ckpt_status status = slide(w, plan->start, plan->start + plan->span, err);
        if (status == CKPT_OK)
            gather(plan, w->bytes, w->begin, destination);
        return status;
    }
    const ck_loop *loop = &plan->loops[0];
    uint64_t inner = plan->span - (loop->count - 1) * loop->from, step = 1;
    if (inner < w->room && loop->from != 0)
        step += (w->room - inner) / loop->from;
    ckpt_status status = CKPT_OK;
    for (uint64_t first = 0; first < loop->count && status == CKPT_OK; first += step) {
        ck_slice_plan part = ck_plan_part(plan, first, smaller(step, loop->count - first));
        status = read_parts(w, &part, destination + first * loop->to, err);
    }
    return status;
}

/* Runs that lie in no order may need a chunk again and again, so all that is between them is read,
 * a window of it at a time. */
static ckpt_status read_unordered(ckpt_storage storage, const ck_slice_plan *plan,
                                  unsigned char *destination, ckpt_error *err) {
    const ck_memory *memory = &storage.owner->memory;
    window w = {.storage = storage, .rec = ck_storage_at(storage.owner, storage.id)};
    uint64_t chunk = (uint64_t)1 << w.rec->chunk_log2;
    w.room = (size_t)smaller(plan->span, chunk > CK_RUN_SIZE ? chunk : CK_RUN_SIZE);
    w.bytes = ck_alloc(memory, w.room, 1);
    if (w.bytes == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = read_parts(&w, plan, destination, err);
    ck_free(memory, w.bytes, w.room, 1);
    return status;
}

/* ---- any ---- */

static ckpt_status read_planned(ckpt_storage storage, const ck_slice_plan *plan,
                                unsigned char *destination, ckpt_error *err) {
    if (plan->depth == 0)
        return ckpt_storage_read(storage, plan->start, (size_t)plan->size, destination, err);
    storage = ck_storage_resolve(storage);
    const ck_storage_rec *rec = ck_storage_at(storage.owner, storage.id);
    if (rec->part != CK_NONE &&
        ck_payload_at(storage.owner, rec->part)->kind != CK_PAYLOAD_PROVIDED) {
        const unsigned char *bytes = ck_storage_bytes(storage);
        if (bytes != NULL)
            gather(plan, bytes, 0, destination);
        else
            memset(destination, 0, (size_t)plan->size);
        return CKPT_OK;
    }
    return plan->ascending ? read_window(storage, plan, destination, err)
                           : read_unordered(storage, plan, destination, err);
}

ckpt_status ck_read_slices(ckpt_tensor tensor, const ckpt_slice *slices, void *destination,
                           size_t size, ckpt_error *err) {
    ck_geometry g = ck_tensor_geometry(tensor.owner, ck_tensor_at(tensor.owner, tensor.id));
    ck_slice_plan plan;
    ckpt_status status = ck_plan_slice(&g, slices, &plan, err);
    if (status != CKPT_OK)
        return status;
    if (size != plan.size)
        return ck_fail(err, CKPT_E_ARGUMENT, "the slice has %llu bytes, not %zu",
                       (unsigned long long)plan.size, size);
    return size != 0 ? read_planned(ckpt_tensor_storage(tensor), &plan, destination, err) : CKPT_OK;
}

ckpt_status ckpt_tensor_read_slice(ckpt_tensor tensor, const ckpt_slice *slices, void *destination,
                                   size_t size, ckpt_error *err) {
    if (tensor.owner == NULL || tensor.id >= tensor.owner->tensors.count)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no such tensor");
    return ck_read_slices(tensor, slices, destination, size, err);
}
