/* SPDX-License-Identifier: MIT */
/* Saving that would rather fail than lose. */
#ifndef CK_STRICT_H
#define CK_STRICT_H

#include "model/format.h"

/* Stands between a writer and the one who called it, if that one wants it. */
typedef struct ck_strict {
    bool is_on;
    uint64_t losses;
    char first[200]; /* "NAME: MESSAGE" */
    ckpt_on_loss on_loss;
    void *loss_ctx;
    ckpt_progress progress;
    void *ctx;
    ck_sink sink;
} ck_strict;

/* Where the options ask for it: puts functions of its own into *options and *sink, which pass on
 * what they are told, but nothing to be written after the first loss. */
void ck_strict_begin(ck_strict *strict, ckpt_save_options *options, ck_sink *sink);
/* What becomes of the status of the writer. */
ckpt_status ck_strict_end(const ck_strict *strict, ckpt_status status, ckpt_error *err);

#endif
