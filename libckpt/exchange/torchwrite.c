/* SPDX-License-Identifier: MIT */
/* The archive that torch.save writes. */
#include "exchange/torchwrite.h"

#include "exchange/tensorstream.h"
#include "exchange/torchpath.h"
#include "exchange/torchwriter.h"
#include "exchange/zipwrite.h"

#include <ckpt/walk.h>

#include <stdio.h>
#include <string.h>

#define FOLDER "archive/"

ckpt_status ck_torch_writer_open(ck_torch_writer *w, ckpt *c, const ckpt_save_options *options,
                                 ckpt_error *err) {
    memset(w, 0, sizeof *w);
    w->c = c;
    w->memory = *ck_ckpt_memory(c);
    w->losses = (ck_losses){options->on_loss, options->loss_ctx};
    w->pickle.memory = w->memory;
    w->storage_count = ckpt_storage_count(c);
    w->module_count = ckpt_module_count(c);
    w->storages = ck_calloc(&w->memory, w->storage_count, sizeof *w->storages);
    w->module_memo = ck_calloc(&w->memory, w->module_count, sizeof *w->module_memo);
    w->module_places = ck_calloc(&w->memory, w->module_count, sizeof *w->module_places);
    if (w->storages == NULL || w->module_memo == NULL || w->module_places == NULL)
        return ck_fail_nomem(err);
    return CKPT_OK;
}

void ck_torch_writer_close(ck_torch_writer *w) {
    ck_free(&w->memory, w->storages, w->storage_count, sizeof *w->storages);
    ck_free(&w->memory, w->module_memo, w->module_count, sizeof *w->module_memo);
    ck_free(&w->memory, w->module_places, w->module_count, sizeof *w->module_places);
    ck_nametree_clear(&w->memory, &w->firsts);
    ck_buffer_clear(&w->memory, &w->first_memos);
    ck_buffer_clear(&w->memory, &w->keys);
    ck_buffer_clear(&w->memory, &w->path);
    ck_buffer_clear(&w->memory, &w->name);
    ck_pickle_writer_clear(&w->pickle);
}

/* ---- what is lost ---- */

static void report_module(const ck_torch_writer *w, const ckpt_walk_item *item) {
    const char *type = ckpt_module_type(item->module);
    if (ck_torch_is_container(type))
        return;
    bool is_shared = w->module_places[item->module.id] > 1;
    if (*type != '\0' || ckpt_value_count(ckpt_module_attributes(item->module)) != 0)
        ck_report_loss(&w->losses, CKPT_LOSS_MODULE, item->name,
                       "a state_dict does not hold the type and the attributes of the module%s",
                       is_shared ? ", nor that it stands in several places" : "");
    else if (is_shared)
        ck_report_loss(&w->losses, CKPT_LOSS_MODULE, item->name,
                       "a state_dict does not say that the module stands in several places; its "
                       "tensors stay tied");
}

ckpt_status ck_torch_report_modules(const ck_torch_writer *w, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(w->c), CKPT_WALK_NAMED_MODULES, &walk, err);
    if (status != CKPT_OK)
        return status;
    while (ckpt_walk_next(walk, &item))
        report_module(w, &item);
    ckpt_walk_free(walk);
    return CKPT_OK;
}

void ck_torch_report_metadata(const ck_torch_writer *w) {
    static const char *const own[] = {CK_TORCH_TYPES, CK_TORCH_VERSIONS, CK_TORCH_ORDER};
    ckpt_value metadata = ckpt_metadata(w->c);
    for (uint32_t i = 0; i < ckpt_value_count(metadata); i++) {
        const char *key = ckpt_map_key(metadata, i);
        bool is_own = false;
        for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
            is_own = is_own || strcmp(key, own[k]) == 0;
        if (!is_own)
            ck_report_loss(&w->losses, CKPT_LOSS_METADATA, key, "the format has no metadata");
    }
}

/* ---- the archive ---- */

static ckpt_status add_text(ck_zip_writer *zip, const char *name, const char *text,
                            ckpt_error *err) {
    return ck_zip_add(zip, name, strlen(name), text, strlen(text), err);
}

typedef struct counted {
    ck_zip_writer *zip;
    ck_meter *meter;
} counted;

static ckpt_status take_counted(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    counted *to = ctx;
    ckpt_status status = ck_zip_take(to->zip, bytes, size, err);
    return status == CKPT_OK ? ck_meter_add(to->meter, size, err) : status;
}

static ckpt_status add_storage(const ck_torch_writer *w, ck_zip_writer *zip, uint32_t key,
                               ck_meter *meter, ckpt_error *err) {
    ckpt_storage storage = {w->c, ((const uint32_t *)(const void *)w->keys.bytes)[key]};
    counted to = {zip, meter};
    char name[32];
    int size = snprintf(name, sizeof name, FOLDER "data/%u", key);
    uint64_t bytes = ckpt_storage_size(storage);
    ckpt_status status = ck_zip_begin(zip, name, (size_t)size, bytes, err);
    if (status == CKPT_OK && bytes != 0)
        status = ck_storage_stream(storage, 0, bytes, take_counted, &to, err);
    return status == CKPT_OK ? ck_zip_end(zip, err) : status;
}

static uint64_t total_size(const ck_torch_writer *w) {
    uint64_t total = 0;
    const uint32_t *keys = (const void *)w->keys.bytes;
    for (size_t i = 0; i < w->keys.size / sizeof *keys; i++)
        total += ckpt_storage_size((ckpt_storage){w->c, keys[i]});
    return total;
}

/* The order and the alignment are those of format version 1, from which PyTorch computes where a
 * storage lies. */
static ckpt_status write_records(const ck_torch_writer *w, ck_zip_writer *zip,
                                 const ckpt_save_options *options, ckpt_error *err) {
    ck_meter meter = ck_meter_for(options, total_size(w));
    ckpt_status status = ck_zip_add(zip, FOLDER "data.pkl", sizeof FOLDER "data.pkl" - 1,
                                    w->pickle.bytes.bytes, w->pickle.bytes.size, err);
    if (status == CKPT_OK)
        status = add_text(zip, FOLDER ".format_version", "1", err);
    if (status == CKPT_OK)
        status = add_text(zip, FOLDER ".storage_alignment", "64", err);
    if (status == CKPT_OK)
        status = add_text(zip, FOLDER "byteorder", "little", err);
    for (uint32_t key = 0; status == CKPT_OK && key < w->keys.size / sizeof key; key++)
        status = add_storage(w, zip, key, &meter, err);
    if (status == CKPT_OK)
        status = add_text(zip, FOLDER "version", "3\n", err);
    return status == CKPT_OK ? ck_zip_finish(zip, false, err) : status;
}

static ckpt_status write_pickle(ck_torch_writer *w, ckpt_error *err) {
    ck_pickle_write_begin(&w->pickle, 2);
    ckpt_status status = ck_torch_emit_root(w, err);
    return status == CKPT_OK ? ck_pickle_write_end(&w->pickle, err) : status;
}

static ckpt_status write_file(ck_torch_writer *w, const ck_sink *sink,
                              const ckpt_save_options *options, ckpt_error *err) {
    ck_zip_writer zip;
    ckpt_status status = ck_torch_plan_storages(w, err);
    if (status == CKPT_OK)
        status = ck_torch_report_modules(w, err);
    if (status == CKPT_OK)
        status = write_pickle(w, err);
    if (status != CKPT_OK)
        return status;
    ck_torch_report_metadata(w);
    ck_zip_writer_init(&zip, &w->memory, sink, CK_ZIP_TORCH);
    status = write_records(w, &zip, options, err);
    ck_zip_writer_clear(&zip);
    return status;
}

ckpt_status ck_torch_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                           ckpt_error *err) {
    ck_torch_writer w;
    ckpt_status status = ck_torch_writer_open(&w, c, options, err);
    if (status == CKPT_OK)
        status = write_file(&w, sink, options, err);
    ck_torch_writer_close(&w);
    return status;
}
