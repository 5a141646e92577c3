/* SPDX-License-Identifier: MIT */
#include "exchange/tensorstream.h"

#include "base/checked.h"
#include "model/chunkread.h"
#include "model/sliceplan.h"
#include "model/sliceread.h"
#include "model/storageread.h"
#include "model/tensor.h"

#include <string.h>

#define PIECE_SIZE CK_RUN_SIZE
/* Each piece of a view may need all of what the view spans to be read, checked or inflated again.
 */
#define VIEW_SIZE (4 * CK_RUN_SIZE)

/* ---- progress ---- */

ck_meter ck_meter_for(const ckpt_save_options *options, uint64_t total) {
    ck_meter meter = {options->progress, options->ctx, 0, total};
    return meter;
}

ckpt_status ck_meter_add(ck_meter *meter, uint64_t bytes, ckpt_error *err) {
    if (meter == NULL)
        return CKPT_OK;
    meter->done += bytes;
    if (meter->report != NULL && !meter->report(meter->ctx, meter->done, meter->total))
        return ck_fail(err, CKPT_E_CANCELLED, "saving was cancelled");
    return CKPT_OK;
}

/* ---- runs of bytes ---- */

/* The bytes of a storage that can be handed out where they are: nothing is to be checked. */
static const unsigned char *bytes_in_place(ckpt_storage storage) {
    const ck_storage_rec *rec = ck_storage_at(storage.owner, storage.id);
    return rec->part != CK_NONE || rec->chunk_log2 == 0 ? ck_storage_bytes(storage) : NULL;
}

/* A multiple of the chunks, so that none is read twice. */
static size_t room_for(ckpt_storage storage, uint64_t size) {
    const ck_storage_rec *rec = ck_storage_at(storage.owner, storage.id);
    uint64_t room = PIECE_SIZE;
    if (rec->part == CK_NONE && (uint64_t)1 << rec->chunk_log2 > room)
        room = (uint64_t)1 << rec->chunk_log2;
    return (size_t)(size < room ? size : room);
}

/* To the end of a piece, as the storage is divided. */
static size_t piece_at(uint64_t offset, uint64_t end, size_t room) {
    uint64_t size = room - offset % room;
    return (size_t)(end - offset < size ? end - offset : size);
}

static ckpt_status stream_in_place(const unsigned char *bytes, uint64_t offset, uint64_t size,
                                   ck_take_bytes take, void *ctx, ckpt_error *err) {
    uint64_t end = offset + size;
    ckpt_status status = CKPT_OK;
    while (offset < end && status == CKPT_OK) {
        size_t piece = piece_at(offset, end, PIECE_SIZE);
        status = take(ctx, bytes + offset, piece, err);
        offset += piece;
    }
    return status;
}

static ckpt_status stream_read(ckpt_storage storage, uint64_t offset, uint64_t size,
                               ck_take_bytes take, void *ctx, ckpt_error *err) {
    const ck_memory *memory = &storage.owner->memory;
    uint64_t end = offset + size;
    size_t room = room_for(storage, size);
    unsigned char *buffer = ck_alloc(memory, room, 1);
    ckpt_status status = buffer != NULL ? CKPT_OK : ck_fail_nomem(err);
    while (offset < end && status == CKPT_OK) {
        size_t piece = piece_at(offset, end, room);
        status = ckpt_storage_read(storage, offset, piece, buffer, err);
        if (status == CKPT_OK)
            status = take(ctx, buffer, piece, err);
        offset += piece;
    }
    ck_free(memory, buffer, room, 1);
    return status;
}

ckpt_status ck_storage_stream(ckpt_storage storage, uint64_t offset, uint64_t size,
                              ck_take_bytes take, void *ctx, ckpt_error *err) {
    if (!ck_within(offset, size, ckpt_storage_size(storage)))
        return ck_fail(err, CKPT_E_BOUNDS, "the range is not inside the storage");
    if (size == 0)
        return CKPT_OK;
    storage = ck_storage_resolve(storage);
    const unsigned char *bytes = bytes_in_place(storage);
    return bytes != NULL ? stream_in_place(bytes, offset, size, take, ctx, err)
                         : stream_read(storage, offset, size, take, ctx, err);
}

/* ---- views with strides ---- */

/* A walk through a tensor by slices that follow one another in the dense order, each of at most
 * `room` bytes: one place in each of the dimensions before `split`, a range in that one, all of
 * those behind it. */
typedef struct box {
    ck_geometry g;
    ckpt_slice slices[CK_MAX_RANK];
    uint32_t split;
    uint64_t step; /* how many of the dimension `split` a piece has */
    uint64_t unit; /* bytes of one of them */
} box;

static void box_begin(box *b, const ck_geometry *g, size_t room) {
    b->g = *g;
    b->unit = g->block_bytes;
    b->split = g->rank - 1;
    while (b->split > 0 && b->unit * g->shape[b->split] <= room)
        b->unit *= g->shape[b->split--];
    b->step = room / b->unit;
    for (uint32_t i = 0; i < g->rank; i++) {
        ckpt_slice slice = {0, i < b->split ? 1 : g->shape[i], 1};
        b->slices[i] = slice;
    }
    if (b->step < g->shape[b->split])
        b->slices[b->split].count = b->step;
}

static bool box_next(box *b) {
    ckpt_slice *range = &b->slices[b->split];
    uint64_t extent = b->g.shape[b->split];
    range->start += range->count;
    if (range->start < extent) {
        if (extent - range->start < range->count)
            range->count = extent - range->start;
        return true;
    }
    range->start = 0;
    range->count = extent < b->step ? extent : b->step;
    for (uint32_t i = b->split; i-- > 0;) {
        if (++b->slices[i].start < b->g.shape[i])
            return true;
        b->slices[i].start = 0;
    }
    return false;
}

static ckpt_status gather(const box *b, const unsigned char *bytes, unsigned char *destination,
                          ckpt_error *err) {
    ck_slice_plan plan;
    ck_slice_walk walk;
    ckpt_status status = ck_plan_slice(&b->g, b->slices, &plan, err);
    if (status != CKPT_OK)
        return status;
    ck_walk_begin(&walk, &plan);
    do
        memcpy(destination + walk.to, bytes + walk.from, (size_t)plan.run);
    while (ck_walk_next(&walk));
    return CKPT_OK;
}

static ckpt_status take_nothing(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    (void)ctx;
    (void)bytes;
    (void)size;
    (void)err;
    return CKPT_OK;
}

/* The bytes of the view's storage if they can be gathered from where they are. Where there are
 * checksums, what the view spans is compared with them once, since each piece may need all of it.
 */
static ckpt_status find_bytes(ckpt_tensor tensor, const ck_geometry *g,
                              const unsigned char **ret_bytes, ckpt_error *err) {
    ckpt_storage storage = ck_storage_resolve(ckpt_tensor_storage(tensor));
    const unsigned char *bytes = ck_storage_bytes(storage);
    ckpt_status status = CKPT_OK;
    if (bytes != NULL && bytes_in_place(storage) == NULL)
        status =
            ck_storage_stream(storage, g->offset, ck_geometry_span(g), take_nothing, NULL, err);
    if (status == CKPT_OK)
        *ret_bytes = bytes;
    return status;
}

static ckpt_status stream_view(ckpt_tensor tensor, const ck_geometry *g, ck_take_bytes take,
                               void *ctx, ckpt_error *err) {
    const ck_memory *memory = &tensor.owner->memory;
    const unsigned char *bytes = NULL;
    box b;
    ckpt_status status = find_bytes(tensor, g, &bytes, err);
    if (status != CKPT_OK)
        return status;
    box_begin(&b, g, bytes != NULL ? PIECE_SIZE : VIEW_SIZE);
    size_t room = (size_t)(b.slices[b.split].count * b.unit);
    unsigned char *buffer = ck_alloc(memory, room, 1);
    if (buffer == NULL)
        return ck_fail_nomem(err);
    bool more = true;
    while (more && status == CKPT_OK) {
        size_t size = (size_t)(b.slices[b.split].count * b.unit);
        status = bytes != NULL ? gather(&b, bytes, buffer, err)
                               : ck_read_slices(tensor, b.slices, buffer, size, err);
        if (status == CKPT_OK)
            status = take(ctx, buffer, size, err);
        more = box_next(&b);
    }
    ck_free(memory, buffer, room, 1);
    return status;
}

ckpt_status ck_tensor_stream(ckpt_tensor tensor, ck_take_bytes take, void *ctx, ckpt_error *err) {
    ck_geometry g = ck_tensor_geometry(tensor.owner, ck_tensor_at(tensor.owner, tensor.id));
    uint64_t size = ck_geometry_dense_size(&g);
    if (size == 0)
        return CKPT_OK;
    if (g.strides != NULL)
        return stream_view(tensor, &g, take, ctx, err);
    return ck_storage_stream(ckpt_tensor_storage(tensor), g.offset, size, take, ctx, err);
}

/* ---- to a file ---- */

typedef struct target {
    const ck_sink *sink;
    uint64_t offset;
    ck_meter *meter;
} target;

static ckpt_status write_piece(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    target *to = ctx;
    ckpt_status status = to->sink->write(to->sink->ctx, bytes, size, to->offset, err);
    to->offset += size;
    return status == CKPT_OK ? ck_meter_add(to->meter, size, err) : status;
}

ckpt_status ck_tensor_to_sink(ckpt_tensor tensor, const ck_sink *sink, uint64_t offset,
                              ck_meter *meter, ckpt_error *err) {
    target to = {sink, offset, meter};
    return ck_tensor_stream(tensor, write_piece, &to, err);
}

ckpt_status ck_storage_to_sink(ckpt_storage storage, const ck_sink *sink, uint64_t offset,
                               ck_meter *meter, ckpt_error *err) {
    target to = {sink, offset, meter};
    return ck_storage_stream(storage, 0, ckpt_storage_size(storage), write_piece, &to, err);
}
