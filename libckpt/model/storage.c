/* SPDX-License-Identifier: MIT */
/* What a storage is, and making storages. */
#include "model/object.h"

#include "base/checked.h"

#include <string.h>

uint32_t ckpt_storage_count(const ckpt *c) {
    return c != NULL ? (uint32_t)c->storages.count : 0;
}

ckpt_storage ckpt_storage_by_id(ckpt *c, uint32_t id) {
    ckpt_storage storage = {c, id}, none = {NULL, 0};
    return id < ckpt_storage_count(c) ? storage : none;
}

static ck_storage_rec *record_of(ckpt_storage storage) {
    if (storage.owner == NULL || storage.id >= storage.owner->storages.count)
        return NULL;
    return ck_storage_at(storage.owner, storage.id);
}

/* The payload of a storage that was added; NULL when its bytes are in the file. */
static ck_payload *payload_of(ckpt_storage storage) {
    const ck_storage_rec *rec = record_of(storage);
    return rec != NULL && rec->part != CK_NONE ? ck_payload_at(storage.owner, rec->part) : NULL;
}

bool ck_storage_is_in_file(const ckpt *c, uint32_t storage) {
    return ck_storage_at(c, storage)->part == CK_NONE;
}

uint64_t ckpt_storage_size(ckpt_storage storage) {
    const ck_storage_rec *rec = record_of(storage);
    return rec != NULL ? rec->size : 0;
}

/* The file beside the main one in which a storage lies, as a checkpoint, or NULL. */
static const ckpt *part_of(ckpt_storage storage) {
    const ck_payload *payload = payload_of(storage);
    if (payload == NULL || payload->kind != CK_PAYLOAD_LINKED)
        return NULL;
    const ckpt *file = payload->link.owner;
    return file->part_name != NULL && file->attached_to == storage.owner ? file : NULL;
}

ckpt_storage_layout ckpt_describe_storage(ckpt_storage storage) {
    ckpt_storage_layout layout = {0, 0, "", 0, 0, ""};
    const ck_storage_rec *rec = record_of(storage);
    const ckpt *part = part_of(storage);
    if (rec == NULL || (rec->part != CK_NONE && part == NULL))
        return layout;
    if (part != NULL)
        layout.part = part->part_name;
    layout.offset = rec->offset;
    layout.stored_size = rec->stored_size;
    layout.encoding = rec->encoding == CK_ENCODING_RAW ? "raw" : "planes";
    if (rec->chunk_log2 != 0) {
        layout.chunk_size = (uint64_t)1 << rec->chunk_log2;
        layout.chunk_count = (rec->size - 1) / layout.chunk_size + 1;
    }
    return layout;
}

static ckpt_status check_size(const ckpt *c, uint64_t size, ckpt_error *err) {
    if (c == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no checkpoint");
    if (size >= CK_SIZE_LIMIT)
        return ck_fail(err, CKPT_E_OVERFLOW, "a storage of 2^63 bytes or more");
    if (c->storages.count >= CK_NONE - 1 || c->payloads.count >= CK_NONE - 1)
        return ck_fail(err, CKPT_E_LIMIT, "too many storages");
    return CKPT_OK;
}

static ckpt_status add_storage(ckpt *c, uint64_t size, const ck_payload *payload,
                               ckpt_storage *ret_storage, ckpt_error *err) {
    ckpt_status status = check_size(c, size, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_table_append(&c->memory, &c->payloads, 1))
        return ck_fail_nomem(err);
    if (!ck_table_append(&c->memory, &c->storages, 1)) {
        c->payloads.count--;
        return ck_fail_nomem(err);
    }
    ckpt_storage storage = {c, (uint32_t)c->storages.count - 1};
    ck_storage_rec *rec = ck_storage_at(c, storage.id);
    rec->size = size;
    rec->part = (uint32_t)c->payloads.count - 1;
    *ck_payload_at(c, rec->part) = *payload;
    *ret_storage = storage;
    return CKPT_OK;
}

ckpt_status ck_storage_reserve(ckpt *c, uint64_t size, ckpt_storage *ret_storage, ckpt_error *err) {
    ck_payload payload = {.kind = CK_PAYLOAD_RESERVED};
    return add_storage(c, size, &payload, ret_storage, err);
}

ckpt_status ck_storage_fill_zeros(ckpt_storage storage, ckpt_error *err) {
    ck_payload *payload = payload_of(storage);
    size_t size;
    if (payload == NULL || payload->kind != CK_PAYLOAD_RESERVED)
        return ck_fail(err, CKPT_E_ARGUMENT, "the storage has its bytes already");
    if (!ck_to_size(ckpt_storage_size(storage), &size))
        return ck_fail_nomem(err);
    void *bytes = ck_calloc(&storage.owner->memory, size, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    payload->kind = CK_PAYLOAD_OWNED;
    payload->owned = bytes;
    return CKPT_OK;
}

void ck_storage_discard_last(ckpt *c) {
    const ck_storage_rec *rec = ck_storage_at(c, (uint32_t)c->storages.count - 1);
    const ck_payload *payload = ck_payload_at(c, rec->part);
    ck_free(&c->memory, payload->owned, (size_t)rec->size, 1);
    c->storages.count--;
    c->payloads.count--;
}

ckpt_status ckpt_storage_create(ckpt *c, uint64_t size, ckpt_storage *ret_storage,
                                ckpt_error *err) {
    ckpt_storage storage;
    ckpt_status status = ck_storage_reserve(c, size, &storage, err);
    if (status == CKPT_OK) {
        status = ck_storage_fill_zeros(storage, err);
        if (status != CKPT_OK)
            ck_storage_discard_last(c);
    }
    if (status == CKPT_OK)
        *ret_storage = storage;
    return status;
}

ckpt_status ckpt_storage_borrow(ckpt *c, const void *data, uint64_t size, ckpt_storage *ret_storage,
                                ckpt_error *err) {
    ck_payload payload = {.kind = CK_PAYLOAD_BORROWED, .borrowed = data};
    if (data == NULL && size != 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "the bytes of the storage are missing");
    return add_storage(c, size, &payload, ret_storage, err);
}

ckpt_status ck_storage_provide(ckpt *c, uint64_t size, const ck_provider *provider,
                               ckpt_storage *ret_storage, ckpt_error *err) {
    ck_payload payload = {.kind = CK_PAYLOAD_PROVIDED, .provider = *provider};
    return add_storage(c, size, &payload, ret_storage, err);
}

static ckpt_status check_link(const ckpt *c, ckpt_storage other, ckpt_error *err) {
    if (record_of(other) == NULL || other.owner == c)
        return ck_fail(err, CKPT_E_ARGUMENT, "a storage is linked to one of another checkpoint");
    return CKPT_OK;
}

ckpt_status ckpt_storage_link(ckpt *c, ckpt_storage other, ckpt_storage *ret_storage,
                              ckpt_error *err) {
    ck_payload payload = {.kind = CK_PAYLOAD_LINKED, .link = other};
    ckpt_status status = check_link(c, other, err);
    if (status != CKPT_OK)
        return status;
    return add_storage(c, ckpt_storage_size(other), &payload, ret_storage, err);
}

ckpt_status ck_storage_relink(ckpt_storage storage, ckpt_storage other, ckpt_error *err) {
    ck_payload *payload = payload_of(storage);
    ckpt_status status = check_link(storage.owner, other, err);
    if (status != CKPT_OK)
        return status;
    if (payload == NULL || payload->kind != CK_PAYLOAD_RESERVED ||
        ckpt_storage_size(storage) != ckpt_storage_size(other))
        return ck_fail(err, CKPT_E_ARGUMENT, "the storage cannot be linked");
    payload->kind = CK_PAYLOAD_LINKED;
    payload->link = other;
    return CKPT_OK;
}

ckpt_status ck_storage_in_source(ckpt *c, uint64_t offset, uint64_t size, ckpt_storage *ret_storage,
                                 ckpt_error *err) {
    ckpt_status status = check_size(c, size, err);
    if (status != CKPT_OK)
        return status;
    if (!ck_table_append(&c->memory, &c->storages, 1))
        return ck_fail_nomem(err);
    ckpt_storage storage = {c, (uint32_t)c->storages.count - 1};
    ck_storage_rec *rec = ck_storage_at(c, storage.id);
    rec->offset = offset;
    rec->size = rec->stored_size = size;
    rec->part = CK_NONE;
    *ret_storage = storage;
    return CKPT_OK;
}

void *ckpt_storage_writable(ckpt_storage storage) {
    ck_payload *payload = payload_of(storage);
    return payload != NULL && payload->kind == CK_PAYLOAD_OWNED ? payload->owned : NULL;
}
