/* SPDX-License-Identifier: MIT */
/* Parts: that they are there (F8), what they hold (F9), and their chunks, each of which tells more
 * of where damage is. Storages without checksums are covered by those of the parts. */
#include "container/verifying.h"

#include "base/checked.h"
#include "base/sha256.h"
#include "container/parts.h"

#include <stdio.h>
#include <string.h>

static ckpt *file_at(const ckpt *c, uint32_t part) {
    return ((ckpt *const *)c->part_files.records)[part];
}

uint64_t ck_parts_size(const ckpt *c) {
    uint64_t size = 0;
    for (uint32_t i = 0; i < c->part_files.count; i++)
        size = ck_add_saturated(size, file_at(c, i)->part->size);
    return size;
}

static void tell_part(ck_verifying *v, const char *rule, const char *what, ckpt_status status) {
    char message[480]; /* room for the longest name, escaped */
    snprintf(message, sizeof message, "the part '%s' %s", CK_NAME(v->file->part_name), what);
    ckpt_damage damage = {.size = v->file->part->size, .rule = rule, .message = message};
    ck_verify_tell(v, &damage, status);
}

/* A part that cannot be opened is as good as damaged: what went wrong is in the message. */
static ckpt_status tell_absent(ck_verifying *v, ckpt_error *err) {
    const ckpt_error *why = v->file->source.absent;
    char what[200];
    const char *text = strstr(why->message, ": ");
    snprintf(what, sizeof what, "cannot be read: %.170s", text != NULL ? text + 2 : why->message);
    tell_part(v, "F8", what, why->status);
    return ck_verify_step(v, v->file->part->size, err);
}

static ckpt_status hash_part(ck_verifying *v, unsigned char *buffer, ckpt_error *err) {
    const ck_part_rec *rec = v->file->part;
    uint8_t sha256[CK_SHA256_SIZE];
    ckpt_status status = CKPT_OK;
    ck_sha256 hash;
    ck_sha256_begin(&hash);
    for (uint64_t done = 0; done < rec->size && status == CKPT_OK;) {
        uint64_t left = rec->size - done;
        size_t size = left < CK_PIECE_SIZE ? (size_t)left : CK_PIECE_SIZE;
        status = ck_source_read(&v->file->source, done, buffer, size, err);
        if (status != CKPT_OK)
            return status;
        ck_sha256_add(&hash, buffer, size);
        done += size;
        status = ck_verify_step(v, size, err);
    }
    ck_sha256_end(&hash, sha256);
    if (status == CKPT_OK && memcmp(sha256, rec->sha256, sizeof sha256) != 0)
        tell_part(v, "F9", "has not its SHA-256", CKPT_E_CHECKSUM);
    return status;
}

static ckpt_status verify_storages(ck_verifying *v, const uint32_t *ids, ckpt_error *err) {
    ckpt_status status = ck_verify_begin(v, v->file, err);
    for (uint32_t i = 0; i < v->file->storages.count && status == CKPT_OK; i++) {
        if (ck_storage_at(v->file, i)->chunk_log2 != 0)
            status = ck_verify_chunks(v, i, ids[i], err);
    }
    return ck_verify_end(v, status, err);
}

/* Of each part the numbers that its storages have in c, one part behind the other. */
static void list_ids(const ckpt *c, const size_t *begins, uint32_t *ids) {
    for (uint32_t s = 0; s < c->storages.count; s++) {
        uint32_t number;
        const ckpt *file = ck_part_of(c, s, &number);
        if (file != NULL)
            ids[begins[file->part - file_at(c, 0)->part] + number] = s;
    }
}

static ckpt_status verify_files(ck_verifying *v, const size_t *begins, const uint32_t *ids,
                                ckpt_error *err) {
    unsigned char *buffer = ck_alloc(&v->c->memory, CK_PIECE_SIZE, 1);
    ckpt_status status = buffer != NULL ? CKPT_OK : ck_fail_nomem(err);
    for (uint32_t i = 0; i < v->c->part_files.count && status == CKPT_OK; i++) {
        v->file = file_at(v->c, i);
        if (v->file->source.absent != NULL) {
            status = tell_absent(v, err);
            continue;
        }
        status = verify_storages(v, ids + begins[i], err);
        if (status == CKPT_OK)
            status = hash_part(v, buffer, err);
    }
    v->file = v->c;
    ck_free(&v->c->memory, buffer, CK_PIECE_SIZE, 1);
    return status;
}

ckpt_status ck_verify_parts(ck_verifying *v, ckpt_error *err) {
    const ck_memory *memory = &v->c->memory;
    size_t count = v->c->part_files.count, all = 0;
    if (count == 0)
        return CKPT_OK;
    size_t *begins = ck_alloc(memory, count, sizeof *begins);
    for (uint32_t i = 0; i < count && begins != NULL; i++) {
        begins[i] = all;
        all += file_at(v->c, i)->storages.count;
    }
    uint32_t *ids = begins != NULL ? ck_alloc(memory, all, sizeof *ids) : NULL;
    ckpt_status status = ids != NULL ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK) {
        list_ids(v->c, begins, ids);
        status = verify_files(v, begins, ids, err);
    }
    if (begins != NULL)
        ck_free(memory, ids, all, sizeof *ids);
    ck_free(memory, begins, count, sizeof *begins);
    return status;
}
