/* SPDX-License-Identifier: MIT */
/* The identity of a model (spec/ckpt-format.md, section 13.1). */
#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/options.h"
#include "base/sha256.h"
#include "container/collect.h"
#include "model/object.h"
#include "model/storageread.h"

#include <string.h>

#define PIECE_SIZE ((uint64_t)1 << 20)

typedef struct digesting {
    ckpt *c;
    const ck_collection *all;
    const ckpt_digest_options *options;
    ck_sha256 hash;
    unsigned char *buffer; /* for the bytes of storages */
    size_t buffer_size;
    uint64_t done, total; /* bytes of storages */
} digesting;

/* ---- the words of the stream ---- */

static void put_number(digesting *d, uint64_t number) {
    unsigned char bytes[8];
    ck_store64(bytes, number);
    ck_sha256_add(&d->hash, bytes, sizeof bytes);
}

static void put_bytes(digesting *d, const void *bytes, size_t size) {
    put_number(d, size);
    ck_sha256_add(&d->hash, bytes, size);
}

static void put_string(digesting *d, uint32_t string) {
    size_t size;
    const char *text = ck_string(d->c, string, &size);
    put_bytes(d, text, size);
}

/* Recurses as deep as values are nested, at most CK_MAX_VALUE_DEPTH. */
static void put_value(digesting *d, uint64_t value) {
    const ck_value_rec *rec = ck_value_at(d->c, value);
    put_number(d, rec->type);
    switch ((ckpt_value_type)rec->type) {
    case CKPT_VALUE_BOOL:
    case CKPT_VALUE_INT:
    case CKPT_VALUE_FLOAT: put_number(d, rec->payload); break;
    case CKPT_VALUE_STRING: put_string(d, (uint32_t)rec->payload); break;
    case CKPT_VALUE_BYTES:
        put_bytes(d, rec->count != 0 ? d->c->value_bytes.bytes + rec->payload : NULL, rec->count);
        break;
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP:
        put_number(d, rec->count);
        for (uint32_t i = 0; i < rec->count; i++) {
            if (rec->type == CKPT_VALUE_MAP)
                put_string(d, ck_value_at(d->c, rec->payload + i)->key);
            put_value(d, rec->payload + i);
        }
        break;
    case CKPT_VALUE_NULL:
    case CKPT_VALUE_ABSENT: break;
    }
}

/* ---- the parts of the stream ---- */

static void put_module(digesting *d, uint32_t id) {
    const ck_module_rec *rec = ck_module_rec_at(d->c, id);
    put_string(d, rec->type);
    put_value(d, ck_attributes_of(d->c, id));
    put_number(d, rec->member_count);
    for (uint32_t i = 0; i < rec->member_count; i++) {
        const ck_member_rec *member = ck_member_at(d->c, rec->first_member + i);
        const uint32_t *numbers =
            member->kind == CK_MEMBER_MODULE ? d->all->modules.number : d->all->tensors.number;
        put_string(d, member->name);
        put_number(d, member->kind);
        put_number(d, numbers[member->target]);
    }
}

static void put_tensor(digesting *d, uint32_t id) {
    const ck_tensor_rec *rec = ck_tensor_at(d->c, id);
    const ck_dtype_rec *dtype = ck_dtype_at(d->c, rec->dtype);
    uint32_t dimensions = (rec->flags & CK_TENSOR_STRIDED) ? 2u * rec->rank : rec->rank;
    put_string(d, dtype->name);
    put_number(d, dtype->dtype_class);
    put_number(d, dtype->block_elements);
    put_number(d, dtype->block_bytes);
    put_number(d, rec->flags);
    put_number(d, d->all->storages.number[rec->storage]);
    put_number(d, rec->offset);
    put_number(d, rec->rank);
    for (uint32_t i = 0; i < dimensions; i++)
        put_number(d, *ck_dimension_at(d->c, rec->first_dimension + i));
}

static void put_structure(digesting *d) {
    static const char title[16] = "ckpt identity 1\n";
    ck_sha256_add(&d->hash, title, sizeof title);
    put_value(d, 0);
    put_number(d, d->all->modules.count);
    for (uint32_t m = 0; m < d->all->modules.count; m++)
        put_module(d, d->all->modules.order[m]);
    put_number(d, d->all->tensors.count);
    for (uint32_t t = 0; t < d->all->tensors.count; t++)
        put_tensor(d, d->all->tensors.order[t]);
}

static ckpt_status report(digesting *d, ckpt_error *err) {
    const ckpt_digest_options *options = d->options;
    if (options->progress != NULL && !options->progress(options->ctx, d->done, d->total))
        return ck_fail(err, CKPT_E_CANCELLED, "computing the digest was cancelled");
    return CKPT_OK;
}

static ckpt_status put_storage(digesting *d, uint32_t id, ckpt_error *err) {
    ckpt_storage storage = {d->c, id};
    uint64_t size = ckpt_storage_size(storage);
    uint8_t digest[CK_SHA256_SIZE];
    ck_sha256 hash;
    ck_sha256_begin(&hash);
    for (uint64_t done = 0; done < size;) {
        size_t piece = size - done < d->buffer_size ? (size_t)(size - done) : d->buffer_size;
        ckpt_status status = ckpt_storage_read(storage, done, piece, d->buffer, err);
        if (status != CKPT_OK)
            return status;
        ck_sha256_add(&hash, d->buffer, piece);
        done += piece;
        d->done += piece;
        status = report(d, err);
        if (status != CKPT_OK)
            return status;
    }
    ck_sha256_end(&hash, digest);
    put_number(d, size);
    ck_sha256_add(&d->hash, digest, sizeof digest);
    return CKPT_OK;
}

/* ---- all of it ---- */

/* A piece is made of whole chunks, which are checked as a whole: so each is read once. */
static ckpt_status make_buffer(digesting *d, ckpt_error *err) {
    uint64_t size = 0;
    for (uint32_t s = 0; s < d->all->storages.count; s++) {
        ckpt_storage storage = {d->c, d->all->storages.order[s]};
        uint64_t whole = ckpt_storage_size(storage);
        uint64_t piece = ckpt_describe_storage(ck_storage_resolve(storage)).chunk_size;
        piece = piece > PIECE_SIZE ? piece : PIECE_SIZE;
        piece = piece < whole ? piece : whole;
        size = piece > size ? piece : size;
        d->total = ck_add_saturated(d->total, whole);
    }
    d->buffer_size = (size_t)size;
    d->buffer = ck_alloc(&d->c->memory, d->buffer_size, 1);
    return d->buffer != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static ckpt_status digest_collection(digesting *d, uint8_t *ret_digest, ckpt_error *err) {
    ckpt_status status = make_buffer(d, err);
    if (status != CKPT_OK)
        return status;
    ck_sha256_begin(&d->hash);
    put_structure(d);
    put_number(d, d->all->storages.count);
    for (uint32_t s = 0; s < d->all->storages.count && status == CKPT_OK; s++)
        status = put_storage(d, d->all->storages.order[s], err);
    ck_free(&d->c->memory, d->buffer, d->buffer_size, 1);
    if (status == CKPT_OK)
        ck_sha256_end(&d->hash, ret_digest);
    return status;
}

ckpt_status ckpt_digest(ckpt *c, const ckpt_digest_options *options, uint8_t *ret_digest,
                        ckpt_error *err) {
    ckpt_digest_options known;
    ck_collection all;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "digest options", err);
    if (status != CKPT_OK)
        return status;
    if (c == NULL || ret_digest == NULL)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no checkpoint, or no room for its digest");
    status = ck_collect(c, &all, err);
    if (status != CKPT_OK)
        return status;
    digesting d = {.c = c, .all = &all, .options = &known};
    status = digest_collection(&d, ret_digest, err);
    ck_collection_free(&all);
    return status;
}
