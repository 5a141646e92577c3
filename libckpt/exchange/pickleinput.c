/* SPDX-License-Identifier: MIT */
/* The bytes of a pickle, through a window; and frames, which no opcode may straddle. */
#include "base/endian.h"
#include "exchange/picklemachine.h"

#define WINDOW_SIZE ((size_t)1 << 16)

static ckpt_status check_room(const ck_pickle *p, uint64_t size, ckpt_error *err) {
    if (size > p->end - p->position)
        return ck_pickle_fail(p, err, CKPT_E_TRUNCATED, "the pickle is cut off");
    if (p->opcode_at < p->frame_end && size > p->frame_end - p->position)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "an opcode reaches out of its frame");
    return CKPT_OK;
}

static ckpt_status move_window(ck_pickle *p, ckpt_error *err) {
    uint64_t left = p->end - p->position;
    size_t size = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
    if (p->window == NULL) {
        p->window = ck_alloc(&p->memory, WINDOW_SIZE, 1);
        if (p->window == NULL)
            return ck_fail_nomem(err);
    }
    p->window_size = 0;
    ckpt_status status = ck_source_read(p->source, p->position, p->window, size, err);
    if (status == CKPT_OK) {
        p->window_at = p->position;
        p->window_size = size;
    }
    return status;
}

ckpt_status ck_pickle_take(ck_pickle *p, size_t size, const unsigned char **ret_bytes,
                           ckpt_error *err) {
    ckpt_status status = check_room(p, size, err);
    if (status == CKPT_OK &&
        (p->position < p->window_at || p->position + size > p->window_at + p->window_size))
        status = move_window(p, err);
    if (status != CKPT_OK)
        return status;
    *ret_bytes = p->window + (p->position - p->window_at);
    p->position += size;
    return CKPT_OK;
}

ckpt_status ck_pickle_take_number(ck_pickle *p, size_t width, uint64_t *ret_number,
                                  ckpt_error *err) {
    const unsigned char *bytes;
    ckpt_status status = ck_pickle_take(p, width, &bytes, err);
    if (status != CKPT_OK)
        return status;
    switch (width) {
    case 1: *ret_number = bytes[0]; break;
    case 2: *ret_number = ck_load16(bytes); break;
    case 4: *ret_number = ck_load32(bytes); break;
    default: *ret_number = ck_load64(bytes);
    }
    return CKPT_OK;
}

/* What the window has of it, then the rest from the source. */
ckpt_status ck_pickle_take_text(ck_pickle *p, uint64_t size, ckpt_error *err) {
    ckpt_status status = check_room(p, size, err);
    if (status != CKPT_OK || size == 0)
        return status;
    if (size > SIZE_MAX || !ck_buffer_reserve(&p->memory, &p->text, (size_t)size))
        return ck_fail_nomem(err);
    unsigned char *place = p->text.bytes + p->text.size;
    uint64_t window_end = p->window_at + p->window_size;
    size_t ready = 0;
    if (p->position >= p->window_at && p->position < window_end) {
        uint64_t there = window_end - p->position;
        ready = (size_t)(there < size ? there : size);
        memcpy(place, p->window + (p->position - p->window_at), ready);
    }
    if (ready < size)
        status = ck_source_read(p->source, p->position + ready, place + ready, (size_t)size - ready,
                                err);
    if (status != CKPT_OK)
        return status;
    p->text.size += (size_t)size;
    p->position += size;
    return CKPT_OK;
}

ckpt_status ck_pickle_skip(ck_pickle *p, uint64_t size, ckpt_error *err) {
    ckpt_status status = check_room(p, size, err);
    if (status == CKPT_OK)
        p->position += size;
    return status;
}

ckpt_status ck_pickle_enter_frame(ck_pickle *p, ckpt_error *err) {
    uint64_t size;
    if (p->opcode_at < p->frame_end)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "a frame inside of a frame");
    ckpt_status status = ck_pickle_take_number(p, 8, &size, err);
    if (status == CKPT_OK && size > p->end - p->position)
        status = ck_pickle_fail(p, err, CKPT_E_TRUNCATED, "a frame reaches behind the end");
    if (status == CKPT_OK)
        p->frame_end = p->position + size;
    return status;
}

ckpt_status ck_pickle_leave_frame(const ck_pickle *p, ckpt_error *err) {
    if (p->position < p->frame_end)
        return ck_pickle_fail(p, err, CKPT_E_STRUCTURE, "the pickle ends before its frame");
    return CKPT_OK;
}
