/* SPDX-License-Identifier: MIT */
/* Shards: files beside the one that is saved, each of which gets storages until the next one would
 * make it greater than it may be. Their names come from what is in them, so that a save never
 * writes over a shard that another checkpoint needs with other bytes. */
#include "container/payloadwriter.h"

#include "base/checked.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "container/parts.h"

#include <stdio.h>
#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)
/* Of the stem; with what follows the name is no longer than a name may be. */
#define MAX_STEM 200

/* The stem of the file, made so that it can be the name of a part. */
static void put_stem(const char *stem, char *name) {
    size_t size = strlen(stem);
    if (size == 0 || !ck_utf8_valid(stem, size))
        stem = "ckpt", size = 4;
    if (size > MAX_STEM) {
        size = MAX_STEM;
        while (((unsigned char)stem[size] & 0xc0) == 0x80)
            size--;
    }
    for (size_t i = 0; i < size; i++)
        name[i] = ck_part_name_valid(stem + i, 1) || stem[i] == '.' ? stem[i] : '_';
    name[size] = '\0';
}

/* "STEM-0123456789abcdef.part", and "...-2.part" when a part of the same bytes has that name. */
static void put_name(const ck_payload_writer *w, const uint8_t *sha256, char *name, size_t room) {
    const ck_nametree *taken = &w->placement->part_names;
    put_stem(w->sink->parts->stem, name);
    size_t stem = strlen(name);
    name[stem++] = '-';
    for (int i = 0; i < 8; i++)
        snprintf(name + stem + 2 * i, room - stem - 2 * (size_t)i, "%02x", (unsigned)sha256[i]);
    stem += 16;
    snprintf(name + stem, room - stem, ".part");
    for (unsigned n = 2; ck_nametree_get(taken, name, strlen(name)) != CK_NAMETREE_NONE; n++)
        snprintf(name + stem, room - stem, "-%u.part", n);
}

static ckpt_status hash_shard(const ck_payload_writer *w, uint8_t *ret_sha256, ckpt_error *err) {
    const ck_part_files *parts = w->sink->parts;
    size_t room = w->end < PIECE_SIZE ? (size_t)w->end : PIECE_SIZE;
    unsigned char *piece = ck_alloc(&w->c->memory, room, 1);
    ckpt_status status = piece != NULL ? CKPT_OK : ck_fail_nomem(err);
    ck_sha256 hash;
    ck_sha256_begin(&hash);
    for (uint64_t done = 0; done < w->end && status == CKPT_OK;) {
        size_t size = w->end - done < room ? (size_t)(w->end - done) : room;
        status = parts->read(parts->ctx, w->part, piece, size, done, err);
        if (status == CKPT_OK)
            ck_sha256_add(&hash, piece, size);
        done += size;
    }
    ck_sha256_end(&hash, ret_sha256);
    ck_free(&w->c->memory, piece, room, 1);
    return status;
}

static void place_storages(const ck_payload_writer *w, uint32_t next_storage, uint32_t part) {
    for (uint32_t s = w->first; s < next_storage; s++) {
        if (w->placement->storages[s].part == CK_IN_OPEN_SHARD)
            w->placement->storages[s].part = part;
    }
}

ckpt_status ck_shard_close(ck_payload_writer *w, uint32_t next_storage, ckpt_error *err) {
    const ck_part_files *parts = w->sink->parts;
    uint8_t sha256[CK_SHA256_SIZE];
    char name[CK_MAX_PART_NAME + 1];
    uint32_t part = 0;
    ckpt_status status = ck_stage_flush(&w->stage, err);
    if (status == CKPT_OK)
        status = hash_shard(w, sha256, err);
    if (status != CKPT_OK)
        return status;
    put_name(w, sha256, name, sizeof name);
    status = ck_placement_add_part(w->placement, name, w->end, sha256, &part, err);
    if (status == CKPT_OK)
        status = parts->name(parts->ctx, w->part, name, err);
    if (status == CKPT_OK)
        status = parts->finish(parts->ctx, w->part, err);
    if (status != CKPT_OK)
        return status;
    place_storages(w, next_storage, part);
    w->to = *w->sink;
    w->end = w->placement->end;
    w->part = CK_NONE;
    ck_stage_begin(&w->stage, w->end);
    return CKPT_OK;
}

/* Before it is encoded, a storage takes as much as it can. */
static bool has_room(const ck_payload_writer *w, uint64_t size) {
    uint64_t begin, end;
    return ck_align(w->end, ck_storage_alignment(size), &begin) && ck_add(begin, size, &end) &&
           end <= w->options->shard_size;
}

ckpt_status ck_shard_choose(ck_payload_writer *w, uint32_t storage, uint64_t size,
                            ckpt_error *err) {
    const ck_part_files *parts = w->sink->parts;
    if (w->part != CK_NONE && has_room(w, size))
        return CKPT_OK;
    ckpt_status status = ck_stage_flush(&w->stage, err);
    if (status == CKPT_OK && w->part != CK_NONE)
        status = ck_shard_close(w, storage, err);
    if (status == CKPT_OK)
        status = parts->create(parts->ctx, &w->part, &w->to, err);
    if (status == CKPT_OK) {
        w->end = 0;
        w->first = storage;
        ck_stage_begin(&w->stage, 0);
    }
    return status;
}
