/* SPDX-License-Identifier: MIT */
/* Verifying, whatever the format. */
#include "front/formats.h"

#include "base/error.h"
#include "base/options.h"
#include "model/object.h"

#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)

/* For formats that have no checksums: that every byte can be read is all that can be said. */
static ckpt_status read_everything(ckpt *c, const ckpt_verify_options *options,
                                   ckpt_verify_result *result, ckpt_error *err) {
    unsigned char *buffer = ck_alloc(&c->memory, PIECE_SIZE, 1);
    ckpt_status status = buffer != NULL ? CKPT_OK : ck_fail_nomem(err);
    for (uint64_t done = 0; done < c->source.size && status == CKPT_OK;) {
        uint64_t rest = c->source.size - done;
        size_t piece = rest < PIECE_SIZE ? (size_t)rest : PIECE_SIZE;
        status = ck_source_read(&c->source, done, buffer, piece, err);
        if (status != CKPT_OK)
            break;
        done += piece;
        result->bytes = result->unchecked_bytes = done;
        if (options->progress != NULL && !options->progress(options->ctx, done, c->source.size))
            status = ck_fail(err, CKPT_E_CANCELLED, "verifying was cancelled");
    }
    ck_free(&c->memory, buffer, PIECE_SIZE, 1);
    return status;
}

ckpt_status ckpt_verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *ret_result,
                        ckpt_error *err) {
    ckpt_verify_options known;
    ckpt_verify_result result;
    memset(&result, 0, sizeof result);
    ckpt_status status = ck_options_take(&known, sizeof known, options, "verify options", err);
    if (status != CKPT_OK)
        return status;
    if (c == NULL || !c->has_source)
        return ck_fail(err, CKPT_E_ARGUMENT, "the checkpoint was not opened from a file");
    const ck_format *format = ck_format_named(c->info.format);
    status = format->verify != NULL ? format->verify(c, &known, &result, err)
                                    : read_everything(c, &known, &result, err);
    if (ret_result != NULL)
        *ret_result = result;
    return status;
}
