/* SPDX-License-Identifier: MIT */
/* Editing in place, whatever the format. */
#include "front/formats.h"

#include "base/error.h"
#include "base/options.h"
#include "model/object.h"

#include <string.h>

ckpt_status ckpt_commit(ckpt *c, const ckpt_save_options *options, ckpt_error *err) {
    ckpt_save_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "save options", err);
    if (status != CKPT_OK)
        return status;
    if (c == NULL || !c->has_source || c->source.file < 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "the checkpoint was not opened from a file");
    if (known.format != NULL && strcmp(known.format, c->info.format) != 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "an edit cannot change the format of a file");
    if (known.shard_size != 0 || known.base != NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "an edit appends to its file: it makes no shards and takes no base");
    const ck_format *format = ck_format_named(c->info.format);
    if (format == NULL || format->commit == NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "%s: files in this format cannot be edited in place",
                       CK_NAME(c->source.name));
    return format->commit(c, &known, err);
}
