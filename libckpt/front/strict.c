/* SPDX-License-Identifier: MIT */
#include "front/strict.h"

#include "base/error.h"

#include <stdio.h>

static ckpt_status fail(const ck_strict *strict, ckpt_error *err) {
    return ck_fail(err, CKPT_E_UNSUPPORTED, "the format would lose something: %s", strict->first);
}

static void count_loss(void *ctx, const ckpt_loss *loss) {
    ck_strict *strict = ctx;
    if (!loss->hidden && strict->losses++ == 0)
        snprintf(strict->first, sizeof strict->first, "%s: %s%s%s", ckpt_loss_kind_name(loss->kind),
                 *loss->name != '\0' ? CK_NAME(loss->name) : "", *loss->name != '\0' ? ": " : "",
                 loss->message);
    if (strict->on_loss != NULL)
        strict->on_loss(strict->loss_ctx, loss);
}

static bool pass_progress(void *ctx, uint64_t done, uint64_t total) {
    const ck_strict *strict = ctx;
    if (strict->losses != 0)
        return false;
    return strict->progress == NULL || strict->progress(strict->ctx, done, total);
}

static ckpt_status pass_bytes(void *ctx, const void *bytes, size_t size, uint64_t offset,
                              ckpt_error *err) {
    const ck_strict *strict = ctx;
    if (strict->losses != 0)
        return fail(strict, err);
    return strict->sink.write(strict->sink.ctx, bytes, size, offset, err);
}

void ck_strict_begin(ck_strict *strict, ckpt_save_options *options, ck_sink *sink) {
    strict->is_on = options->strict;
    if (!strict->is_on)
        return;
    strict->losses = 0;
    strict->on_loss = options->on_loss;
    strict->loss_ctx = options->loss_ctx;
    strict->progress = options->progress;
    strict->ctx = options->ctx;
    strict->sink = *sink;
    options->on_loss = count_loss;
    options->progress = pass_progress;
    options->loss_ctx = options->ctx = strict;
    sink->ctx = strict;
    sink->write = pass_bytes;
}

ckpt_status ck_strict_end(const ck_strict *strict, ckpt_status status, ckpt_error *err) {
    if (!strict->is_on || strict->losses == 0)
        return status;
    return fail(strict, err);
}
