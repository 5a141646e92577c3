/* SPDX-License-Identifier: MIT */
/* Verifying, whatever the format. */
#include "front/formats.h"

#include "base/error.h"
#include "base/options.h"
#include "model/object.h"

#include <string.h>

#define PIECE_SIZE ((size_t)1 << 20)

/* The progress of reading several files. */
typedef struct reading {
    const ckpt_verify_options *options;
    ckpt_verify_result *result;
    unsigned char *buffer;
    uint64_t total;
} reading;

/* Other files of the same model, as those of a split one, belong to checkpoints that nobody has
 * opened; their format has no name. */
static const ckpt *other_file(const ckpt *c, size_t i) {
    const ckpt *other = ((ckpt *const *)c->attached.records)[i];
    return other->has_source && other->info.format[0] == '\0' ? other : NULL;
}

static ckpt_status read_file(reading *r, const ck_source *source, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint64_t done = 0; done < source->size && status == CKPT_OK;) {
        uint64_t rest = source->size - done;
        size_t piece = rest < PIECE_SIZE ? (size_t)rest : PIECE_SIZE;
        status = ck_source_read(source, done, r->buffer, piece, err);
        if (status != CKPT_OK)
            break;
        done += piece;
        r->result->bytes = r->result->unchecked_bytes += piece;
        if (r->options->progress != NULL &&
            !r->options->progress(r->options->ctx, r->result->bytes, r->total))
            status = ck_fail(err, CKPT_E_CANCELLED, "verifying was cancelled");
    }
    return status;
}

/* For formats that have no checksums: that every byte can be read is all that can be said. */
static ckpt_status read_everything(ckpt *c, const ckpt_verify_options *options,
                                   ckpt_verify_result *result, ckpt_error *err) {
    reading r = {options, result, ck_alloc(&c->memory, PIECE_SIZE, 1), c->source.size};
    ckpt_status status = r.buffer != NULL ? CKPT_OK : ck_fail_nomem(err);
    for (size_t i = 0; i < c->attached.count; i++) {
        if (other_file(c, i) != NULL)
            r.total += other_file(c, i)->source.size;
    }
    if (status == CKPT_OK)
        status = read_file(&r, &c->source, err);
    for (size_t i = 0; i < c->attached.count && status == CKPT_OK; i++) {
        if (other_file(c, i) != NULL)
            status = read_file(&r, &other_file(c, i)->source, err);
    }
    ck_free(&c->memory, r.buffer, PIECE_SIZE, 1);
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
