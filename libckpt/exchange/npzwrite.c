/* SPDX-License-Identifier: MIT */
#include "exchange/npzwrite.h"

#include "base/checked.h"
#include "base/error.h"
#include "exchange/npyout.h"
#include "exchange/zipnames.h"
#include "exchange/zipwrite.h"

#include <string.h>

enum {
    MAX_TEXT = 1 << 28, /* bytes of all names */
    MAX_NAME = UINT16_MAX - 4
};

typedef struct writing {
    ck_flat flat;
    ck_zip_writer zip;
    ck_losses losses;
    ck_meter meter;
    ck_buffer name; /* of an entry */
} writing;

static bool make_entry_name(writing *w, const char *name, size_t size) {
    w->name.size = 0;
    return ck_buffer_append(&w->flat.memory, &w->name, name, size) &&
           ck_buffer_append(&w->flat.memory, &w->name, ".npy", sizeof ".npy");
}

/* A name that would lead out of a directory, or that an archive does not have, gets '_' for what
 * makes it so. */
static ckpt_status mend_name(writing *w, uint32_t i, ckpt_error *err) {
    size_t size = ck_flat_at(&w->flat, i)->written_size;
    if (!make_entry_name(w, ck_flat_written(&w->flat, i), size))
        return ck_fail_nomem(err);
    char *name = (char *)w->name.bytes;
    if (ck_zip_name_fault(name, w->name.size - 1) == NULL)
        return CKPT_OK;
    for (size_t k = 0; k < size; k++) {
        if (name[k] == '/' || name[k] == '\\' || (k == 1 && name[k] == ':'))
            name[k] = '_';
    }
    return ck_flat_rename(&w->flat, i, name, size, MAX_NAME, err);
}

static ckpt_status prepare(writing *w, ckpt_error *err) {
    ck_npy_out out;
    uint64_t total = 0;
    for (uint32_t i = 0; i < ck_flat_count(&w->flat); i++) {
        ckpt_status status = mend_name(w, i, err);
        if (status == CKPT_OK)
            status =
                ck_error_prefix(err, ck_npy_prepare(&out, ck_flat_at(&w->flat, i)->tensor, err),
                                ck_flat_name(&w->flat, i));
        if (status != CKPT_OK)
            return status;
        ck_npy_report(&out, ck_flat_name(&w->flat, i), &w->losses);
        total = ck_add_saturated(total, out.header_size + out.data_size);
    }
    w->meter.total = total;
    return CKPT_OK;
}

static ckpt_status report(ckpt *c, const writing *w, ckpt_error *err) {
    ck_flat_report_ties(&w->flat, &w->losses);
    ck_flat_report_views(&w->flat, &w->losses);
    ck_flat_report_names(&w->flat, &w->losses);
    ck_flat_report_flags(&w->flat, false, &w->losses);
    ck_flat_report_metadata(c, 0, &w->losses);
    return ck_flat_report_modules(c, &w->losses, err);
}

static ckpt_status take(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    writing *w = ctx;
    ckpt_status status = ck_zip_write(&w->zip, bytes, size, err);
    return status == CKPT_OK ? ck_meter_add(&w->meter, size, err) : status;
}

static ckpt_status write_member(writing *w, uint32_t i, ckpt_error *err) {
    ck_npy_out out;
    ckpt_status status = ck_npy_prepare(&out, ck_flat_at(&w->flat, i)->tensor, err);
    if (status != CKPT_OK)
        return status;
    if (!make_entry_name(w, ck_flat_written(&w->flat, i), ck_flat_at(&w->flat, i)->written_size))
        return ck_fail_nomem(err);
    status = ck_zip_begin(&w->zip, (const char *)w->name.bytes, w->name.size - 1,
                          out.header_size + out.data_size, err);
    if (status == CKPT_OK)
        status = ck_npy_stream(&out, take, w, err);
    return status == CKPT_OK ? ck_zip_end(&w->zip, err) : status;
}

static ckpt_status write_all(writing *w, ckpt *c, ckpt_error *err) {
    ckpt_status status = prepare(w, err);
    if (status == CKPT_OK)
        status = report(c, w, err);
    for (uint32_t i = 0; status == CKPT_OK && i < ck_flat_count(&w->flat); i++)
        status = ck_error_prefix(err, write_member(w, i, err), ck_flat_name(&w->flat, i));
    return status == CKPT_OK ? ck_zip_finish(&w->zip, false, err) : status;
}

ckpt_status ck_npz_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err) {
    writing w;
    memset(&w, 0, sizeof w);
    w.losses.report = options->on_loss;
    w.losses.ctx = options->loss_ctx;
    w.meter = ck_meter_for(options, 0);
    ck_zip_writer_init(&w.zip, ck_ckpt_memory(c), sink, CK_ZIP_PLAIN);
    ckpt_status status = ck_flat_collect(&w.flat, c, MAX_TEXT, err);
    if (status == CKPT_OK && options->compress)
        status = ck_zip_writer_deflate(&w.zip, err);
    if (status == CKPT_OK)
        status = write_all(&w, c, err);
    ck_buffer_clear(ck_ckpt_memory(c), &w.name);
    ck_zip_writer_clear(&w.zip);
    ck_flat_clear(&w.flat);
    return status;
}
