/* SPDX-License-Identifier: MIT */
/* The writer of the .ckpt format: payload, index, and last the header, without which the file is
 * none. */
#include "container/ckptformat.h"

#include "container/payload.h"

#include <string.h>

static ckpt_status write_header(const ck_sink *sink, const ck_encoded *index, ckpt_error *err) {
    unsigned char pages[CK_HEADER_SIZE] = {0};
    ck_slot slot = ck_encoded_slot(index, 1);
    ck_slot_encode(&slot, pages);
    return sink->write(sink->ctx, pages, sizeof pages, 0, err);
}

static ckpt_status write_index(const ck_sink *sink, ck_collection *all, ck_placement *placement,
                               ckpt_error *err) {
    ck_encoded index;
    ckpt_status status = ck_placement_sort_parts(placement, all, err);
    if (status == CKPT_OK)
        status = ck_encode(all, placement, NULL, &index, err);
    if (status != CKPT_OK)
        return status;
    status = ck_payload_finish(sink, placement, &index, err);
    if (status == CKPT_OK)
        status = write_header(sink, &index, err);
    ck_encoded_free(&index);
    return status;
}

ckpt_status ck_ckpt_write(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                          ckpt_error *err) {
    ck_collection all;
    ck_placement placement;
    ckpt_status status = ck_payload_check(options, err);
    if (status == CKPT_OK)
        status = ck_collect(c, &all, err);
    if (status != CKPT_OK)
        return status;
    status = ck_placement_create(&placement, &all, err);
    if (status == CKPT_OK) {
        status = ck_payload_write(c, sink, options, &all, 0, &placement, err);
        if (status == CKPT_OK)
            status = write_index(sink, &all, &placement, err);
        ck_placement_free(&placement);
    }
    ck_collection_free(&all);
    return status;
}
