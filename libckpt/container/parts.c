/* SPDX-License-Identifier: MIT */
/* Opening parts. Each becomes a hidden checkpoint with copies of the records of the storages that
 * lie in it, and these are linked: so all that reads storages reads those, too. */
#include "container/parts.h"

#include "base/error.h"

#include <string.h>

static const ck_part_rec *record_at(const ckpt *c, size_t part) {
    return (const ck_part_rec *)c->parts.records + part;
}

static ckpt *file_at(const ckpt *c, size_t part) {
    return ((ckpt *const *)c->part_files.records)[part];
}

/* What is there under the name of the part; a failure is kept and comes back when it is read. */
static ckpt_status open_part(const ck_source *main, const char *name, uint64_t size,
                             ck_source *ret_source, ckpt_error *err) {
    ckpt_error why;
    ckpt_status status = ck_source_open_beside(ret_source, main, name, &why);
    if (status == CKPT_OK && ret_source->size == size)
        return CKPT_OK;
    if (status == CKPT_OK) {
        ck_place place = {ret_source->name, CKPT_NO_OFFSET, "F8", 0, 0};
        ck_set_error_at(&why, &place, CKPT_E_MISMATCH,
                        "the part has %llu bytes and should have %llu",
                        (unsigned long long)ret_source->size, (unsigned long long)size);
        ck_source_close(ret_source);
    }
    if (status == CKPT_E_NOMEM)
        return ck_fail_nomem(err);
    return ck_source_absent(ret_source, &main->memory, size, name, &why, err);
}

/* The checksums and ends of chunks are those of the whole; storages keep their first_chunk. */
static void share_tables(const ckpt *c, ckpt *file) {
    file->chunks.records = c->chunks.records;
    file->chunks.count = c->chunks.count;
    file->chunk_ends.records = c->chunk_ends.records;
    file->chunk_ends.count = c->chunk_ends.count;
    file->coding = c->coding;
    file->decoders = c->decoders;
    file->threads = c->threads;
}

static ckpt_status add_file(ckpt *c, const ck_source *main, size_t part, ckpt_error *err) {
    const ck_part_rec *rec = record_at(c, part);
    const char *name = ck_string(c, rec->name, NULL);
    ck_source source;
    ckpt *file;
    ckpt_status status = ck_ckpt_new(&c->memory, &file, err);
    if (status != CKPT_OK)
        return status;
    status = open_part(main, name, rec->size, &source, err);
    if (status == CKPT_OK)
        ck_take_source(file, &source);
    if (status == CKPT_OK && !ck_table_append(&c->memory, &c->part_files, 1))
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        status = ckpt_attach(c, file, err);
    if (status != CKPT_OK) {
        ckpt_free(file);
        return status;
    }
    file->part = rec;
    file->part_name = name;
    share_tables(c, file);
    ((ckpt **)c->part_files.records)[part] = file;
    return CKPT_OK;
}

static ckpt_status link_storage(ckpt *c, uint32_t s, uint32_t payload, ckpt_error *err) {
    ck_storage_rec *rec = ck_storage_at(c, s);
    ckpt *file = file_at(c, rec->part);
    if (!ck_table_append(&file->memory, &file->storages, 1))
        return ck_fail_nomem(err);
    uint32_t number = (uint32_t)file->storages.count - 1;
    *ck_storage_at(file, number) = *rec;
    ck_storage_at(file, number)->part = CK_NONE;
    ck_payload_at(c, payload)->kind = CK_PAYLOAD_LINKED;
    ck_payload_at(c, payload)->link = (ckpt_storage){file, number};
    rec->part = payload;
    return CKPT_OK;
}

ckpt_status ck_parts_link(ckpt *c, const ck_source *main, ckpt_error *err) {
    size_t elsewhere = 0;
    uint32_t payload = (uint32_t)c->payloads.count;
    ckpt_status status = CKPT_OK;
    for (size_t i = 0; i < c->parts.count && status == CKPT_OK; i++)
        status = add_file(c, main, i, err);
    for (uint32_t s = 0; s < c->storages.count; s++)
        elsewhere += ck_storage_at(c, s)->part != CK_NONE;
    if (status == CKPT_OK && !ck_table_append(&c->memory, &c->payloads, elsewhere))
        status = ck_fail_nomem(err);
    for (uint32_t s = 0; s < c->storages.count && status == CKPT_OK; s++) {
        if (ck_storage_at(c, s)->part != CK_NONE)
            status = link_storage(c, s, payload++, err);
    }
    return status;
}

ckpt *ck_part_of(const ckpt *c, uint32_t storage, uint32_t *ret_number) {
    uint32_t payload = ck_storage_at(c, storage)->part;
    if (payload == CK_NONE || ck_payload_at(c, payload)->kind != CK_PAYLOAD_LINKED)
        return NULL;
    ckpt_storage link = ck_payload_at(c, payload)->link;
    if (link.owner->part == NULL || link.owner->attached_to != c)
        return NULL;
    *ret_number = link.id;
    return link.owner;
}

uint32_t ckpt_part_count(const ckpt *c) {
    return c != NULL ? (uint32_t)c->part_files.count : 0;
}

ckpt_part ckpt_part_at(const ckpt *c, uint32_t i) {
    ckpt_part none = {"", 0, NULL, ""};
    if (i >= ckpt_part_count(c))
        return none;
    const ckpt *file = file_at(c, i);
    ckpt_part part = {file->part_name, file->part->size, file->part->sha256,
                      file->source.absent != NULL ? file->source.absent->message : ""};
    return part;
}
