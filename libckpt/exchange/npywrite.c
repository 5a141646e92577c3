/* SPDX-License-Identifier: MIT */
#include "exchange/npywrite.h"

#include "base/error.h"
#include "exchange/npyout.h"

#include <ckpt/walk.h>

#include <string.h>

/* Bytes on their way to the file, from offset on. */
typedef struct outgoing {
    const ck_sink *sink;
    uint64_t offset;
    ck_meter meter;
} outgoing;

static ckpt_status take(void *ctx, const void *bytes, size_t size, ckpt_error *err) {
    outgoing *o = ctx;
    ckpt_status status = o->sink->write(o->sink->ctx, bytes, size, o->offset, err);
    o->offset += size;
    return status == CKPT_OK ? ck_meter_add(&o->meter, size, err) : status;
}

static ckpt_status report(ckpt *c, const ck_flat *flat, const ck_npy_out *out,
                          const ck_losses *losses, ckpt_error *err) {
    const char *name = ck_flat_name(flat, 0);
    if (strcmp(name, "array") != 0)
        ck_report_loss(losses, CKPT_LOSS_NAME, name, "a .npy file has no names: read as 'array'");
    ck_flat_report_views(flat, losses);
    ck_npy_report(out, name, losses);
    ck_flat_report_flags(flat, true, losses);
    ck_flat_report_metadata(c, 0, losses);
    return ck_flat_report_modules(c, losses, err);
}

static ckpt_status write_flat(ckpt *c, const ck_flat *flat, const ck_sink *sink,
                              const ckpt_save_options *options, ckpt_error *err) {
    ck_losses losses = {options->on_loss, options->loss_ctx};
    ck_npy_out out;
    ckpt_status status = ck_npy_prepare(&out, ck_flat_at(flat, 0)->tensor, err);
    if (status != CKPT_OK)
        return ck_error_prefix(err, status, ck_flat_name(flat, 0));
    status = report(c, flat, &out, &losses, err);
    if (status != CKPT_OK)
        return status;
    outgoing o = {sink, 0, ck_meter_for(options, out.header_size + out.data_size)};
    return ck_npy_stream(&out, take, &o, err);
}

ckpt_status ck_npy_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err) {
    ckpt_summary summary;
    ck_flat flat;
    ckpt_status status = ckpt_summarize(ckpt_root(c), &summary, err);
    if (status != CKPT_OK)
        return status;
    if (summary.names != 1)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "a .npy file holds one array, the checkpoint has %llu names of tensors",
                       (unsigned long long)summary.names);
    status = ck_flat_collect(&flat, c, UINT64_MAX, err);
    if (status == CKPT_OK)
        status = write_flat(c, &flat, sink, options, err);
    ck_flat_clear(&flat);
    return status;
}
