/* SPDX-License-Identifier: MIT */
/* Few large writes out of many small pieces. */
#include "base/error.h"
#include "container/payloadwriter.h"

#include <string.h>

/* As large as a write is when what is written is small: larger ones are not faster. */
#define STAGE_SIZE ((size_t)4 << 20)

ckpt_status ck_stage_open(ck_stage *stage, const ck_memory *memory, const ck_sink *sink,
                          uint64_t offset, uint64_t extent, size_t least, bool twice,
                          ckpt_error *err) {
    memset(stage, 0, sizeof *stage);
    stage->sink = sink;
    stage->offset = offset;
    stage->room = extent < STAGE_SIZE ? (size_t)extent : STAGE_SIZE;
    stage->room = stage->room < least ? least : stage->room;
    stage->blocks[0] = ck_alloc(memory, CK_COPY_ROOM(stage->room), 1);
    /* Chunks may be very large; then there is room for one only. */
    bool wants_second = twice && extent > stage->room && stage->room <= STAGE_SIZE;
    if (wants_second)
        stage->blocks[1] = ck_alloc(memory, CK_COPY_ROOM(stage->room), 1);
    if (stage->blocks[0] == NULL || (wants_second && stage->blocks[1] == NULL))
        return ck_fail_nomem(err);
    stage->buffers[0] = ck_copy_begin(stage->blocks[0]);
    if (wants_second)
        stage->buffers[1] = ck_copy_begin(stage->blocks[1]);
    return CKPT_OK;
}

void ck_stage_close(ck_stage *stage, const ck_memory *memory) {
    ck_free(memory, stage->blocks[1], CK_COPY_ROOM(stage->room), 1);
    ck_free(memory, stage->blocks[0], CK_COPY_ROOM(stage->room), 1);
}

void ck_stage_write_waiting(void *ctx) {
    ck_stage *stage = ctx;
    size_t size = stage->waiting.size;
    stage->waiting.size = 0;
    if (size != 0 && stage->status == CKPT_OK)
        stage->status = stage->sink->write(stage->sink->ctx, stage->waiting.bytes, size,
                                           stage->waiting.offset, &stage->failure);
}

static ckpt_status outcome(const ck_stage *stage, ckpt_error *err) {
    if (stage->status != CKPT_OK && err != NULL)
        *err = stage->failure;
    return stage->status;
}

ckpt_status ck_stage_post_run(ck_stage *stage, const unsigned char *bytes, size_t size,
                              ckpt_error *err) {
    ck_stage_write_waiting(stage);
    stage->waiting.bytes = bytes;
    stage->waiting.size = size;
    stage->waiting.offset = stage->offset;
    stage->offset += size;
    stage->used = 0;
    bool is_ours = bytes == stage->buffers[stage->current];
    if (is_ours && stage->buffers[1] == NULL)
        ck_stage_write_waiting(stage);
    else if (is_ours)
        stage->current = 1 - stage->current;
    return outcome(stage, err);
}

static ckpt_status post(ck_stage *stage, ckpt_error *err) {
    if (stage->used == 0)
        return outcome(stage, err);
    return ck_stage_post_run(stage, stage->buffers[stage->current], stage->used, err);
}

static ckpt_status pad(ck_stage *stage, uint64_t offset, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    while (status == CKPT_OK && stage->offset + stage->used < offset) {
        uint64_t gap = offset - stage->offset - stage->used;
        size_t left = stage->room - stage->used, size = gap < left ? (size_t)gap : left;
        memset(stage->buffers[stage->current] + stage->used, 0, size);
        stage->used += size;
        if (stage->used == stage->room)
            status = post(stage, err);
    }
    return status;
}

ckpt_status ck_stage_take(ck_stage *stage, uint64_t offset, size_t size, unsigned char **ret_bytes,
                          ckpt_error *err) {
    ckpt_status status = pad(stage, offset, err);
    if (status == CKPT_OK && stage->room - stage->used < size)
        status = post(stage, err);
    if (status != CKPT_OK)
        return status;
    *ret_bytes = stage->buffers[stage->current] + stage->used;
    stage->used += size;
    return CKPT_OK;
}

ckpt_status ck_stage_put(ck_stage *stage, uint64_t offset, const unsigned char *bytes, size_t size,
                         ckpt_error *err) {
    while (size > 0) {
        size_t part = size < stage->room ? size : stage->room;
        unsigned char *to;
        ckpt_status status = ck_stage_take(stage, offset, part, &to, err);
        if (status != CKPT_OK)
            return status;
        memcpy(to, bytes, part);
        bytes += part;
        offset += part;
        size -= part;
    }
    return CKPT_OK;
}

void ck_stage_rewind(ck_stage *stage, uint64_t offset) {
    if (offset >= stage->offset) {
        stage->used = (size_t)(offset - stage->offset);
    } else {
        stage->offset = offset;
        stage->used = 0;
    }
}

ckpt_status ck_stage_post(ck_stage *stage, uint64_t offset, ckpt_error *err) {
    ckpt_status status = pad(stage, offset, err);
    return status == CKPT_OK ? post(stage, err) : status;
}

ckpt_status ck_stage_flush(ck_stage *stage, ckpt_error *err) {
    ckpt_status status = post(stage, err);
    if (status == CKPT_OK)
        ck_stage_write_waiting(stage);
    return status == CKPT_OK ? outcome(stage, err) : status;
}

void ck_stage_begin(ck_stage *stage, uint64_t offset) {
    stage->offset = offset;
    stage->used = 0;
}
