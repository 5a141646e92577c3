/* SPDX-License-Identifier: MIT */
/* Checking the CRC-32 of every entry. Damage is told and passed over; only a failure to read ends
 * the work. */
#include "base/sort.h"
#include "exchange/zipinner.h"
#include "exchange/zipstream.h"
#include "model/object.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_SIZE = 1 << 20 };

/* A storage that lies in the file as it is, by its place. */
typedef struct place {
    uint64_t offset, size;
    uint32_t storage;
} place;

typedef struct verifying {
    ckpt *c;
    const ckpt_verify_options *options;
    ckpt_verify_result *result;
    unsigned char *buffer;
    place *places; /* sorted */
    size_t place_count, place_room;
    ckpt_error *err;    /* the first damage */
    ckpt_status status; /* CKPT_OK while there is none */
} verifying;

static int compare_places(const void *a, const void *b) {
    const place *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static ckpt_status list_places(verifying *v, ckpt_error *err) {
    ckpt *c = v->c;
    v->place_room = c->storages.count;
    v->places = ck_alloc(&c->memory, v->place_room, sizeof *v->places);
    if (v->places == NULL)
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < v->place_room; i++) {
        const ck_storage_rec *rec = ck_storage_at(c, i);
        place here = {rec->offset, rec->size, i};
        if (rec->part == CK_NONE && rec->size > 0)
            v->places[v->place_count++] = here;
    }
    return ck_sort(&c->memory, v->places, v->place_count, sizeof *v->places, compare_places)
               ? CKPT_OK
               : ck_fail_nomem(err);
}

/* The storage that is in the entry; null where there is none, or its bytes are computed. */
static ckpt_storage storage_in(const verifying *v, const ck_zip_entry *e) {
    ckpt_storage none = {NULL, 0};
    size_t low = 0, high = v->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->places[middle].offset < e->data_offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == v->place_count ||
        v->places[low].offset + v->places[low].size > e->data_offset + e->compressed_size)
        return none;
    ckpt_storage storage = {v->c, v->places[low].storage};
    return storage;
}

static void tell(verifying *v, const ck_zip_entry *e, ckpt_status status, const char *rule,
                 ckpt_error *found) {
    char message[256];
    snprintf(message, sizeof message, "the entry '%s' %s", CK_NAME(e->name),
             status == CKPT_E_CHECKSUM ? "has content with another CRC-32"
                                       : "cannot be inflated to what it should be");
    ckpt_damage damage = {.storage = storage_in(v, e),
                          .offset = e->data_offset,
                          .size = e->compressed_size,
                          .rule = rule,
                          .message = message,
                          .part = ""};
    v->result->damaged++;
    if (v->status == CKPT_OK) {
        v->status = status;
        if (v->err != NULL)
            *v->err = *found;
    }
    if (v->options->on_damage != NULL)
        v->options->on_damage(v->options->ctx, &damage);
}

static ckpt_status step(verifying *v, uint64_t done, ckpt_error *err) {
    if (v->options->progress == NULL ||
        v->options->progress(v->options->ctx, done, v->c->source.size))
        return CKPT_OK;
    return ck_fail(err, CKPT_E_CANCELLED, "verifying was cancelled");
}

/* Through the whole content. *ret_found: what the stream says of it, as the status that comes
 * back; a progress function that wants no more is CKPT_E_CANCELLED. */
static ckpt_status go_through(verifying *v, const ck_zip_entry *e, ckpt_error *ret_found) {
    ck_zip_stream stream;
    ckpt_status status;
    uint64_t before = v->result->bytes;
    ck_zip_stream_open(&stream, &v->c->memory, e);
    do {
        uint64_t rest = e->size - stream.done;
        size_t size = rest < PIECE_SIZE ? (size_t)rest : PIECE_SIZE;
        status = ck_zip_stream_read(&stream, &v->c->source, v->buffer, size, ret_found);
        uint64_t fetched = e->method == CK_ZIP_STORED ? stream.done : stream.fetched;
        if (status == CKPT_OK)
            status = step(v, before + fetched, ret_found);
    } while (status == CKPT_OK && stream.done < e->size);
    ck_zip_stream_close(&stream);
    return status;
}

static ckpt_status verify_entry(verifying *v, const ck_zip_entry *e, ckpt_error *err) {
    ckpt_error found;
    ckpt_status status = go_through(v, e, &found);
    v->result->bytes += e->compressed_size;
    v->result->chunks++;
    if (status == CKPT_E_CHECKSUM || status == CKPT_E_STRUCTURE) {
        tell(v, e, status, found.rule, &found);
        return CKPT_OK;
    }
    if (status != CKPT_OK && err != NULL)
        *err = found;
    return status;
}

static ckpt_status verify_all(verifying *v, const ck_zip *zip, ckpt_error *err) {
    ckpt_status status = list_places(v, err);
    v->buffer = ck_alloc(&v->c->memory, PIECE_SIZE, 1);
    if (status == CKPT_OK && v->buffer == NULL)
        status = ck_fail_nomem(err);
    for (uint32_t i = 0; status == CKPT_OK && i < ck_zip_count(zip); i++)
        status = verify_entry(v, ck_zip_entry_at(zip, i), err);
    ck_free(&v->c->memory, v->buffer, PIECE_SIZE, 1);
    ck_free(&v->c->memory, v->places, v->place_room, sizeof *v->places);
    return status == CKPT_OK ? v->status : status;
}

ckpt_status ck_zip_verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                          ckpt_error *err) {
    verifying v;
    ck_zip *zip;
    memset(&v, 0, sizeof v);
    v.c = c;
    v.options = options;
    v.result = result;
    v.err = err;
    ckpt_status status = ck_zip_open(&zip, &c->memory, &c->source, false, err);
    if (status != CKPT_OK)
        return status;
    status = verify_all(&v, zip, err);
    /* Opening has read headers, directory and end records: all that is not content. */
    if (status == CKPT_OK)
        result->bytes = c->source.size;
    ck_zip_close(zip);
    return status;
}
