/* SPDX-License-Identifier: MIT */
/* Files beside the one that is saved, as a writer sees them (model/format.h). */
#ifndef CK_PARTSINK_H
#define CK_PARTSINK_H

#include "base/partfiles.h"
#include "model/format.h"

typedef struct ck_part_sink {
    ck_part_files files;
    ck_parts parts;
    char *stem;
} ck_part_sink;

/* The main file is open and must outlive it; *ret_sink must not be moved. */
ckpt_status ck_part_sink_begin(ck_part_sink *ret_sink, const ck_atomic_file *main, ckpt_error *err);
/* Parts first, then the main file, which is closed in every case; frees. */
ckpt_status ck_part_sink_commit(ck_part_sink *sink, ck_atomic_file *main, ckpt_error *err);
/* Throws the parts away, not the main file; frees. */
void ck_part_sink_abort(ck_part_sink *sink);

#endif
