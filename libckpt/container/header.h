/* SPDX-License-Identifier: MIT */
/* The header pages: which slot is in use (spec/ckpt-format.md, section 3). */
#ifndef CK_HEADER_H
#define CK_HEADER_H

#include "base/source.h"
#include "container/layout.h"

typedef struct ck_slot {
    uint16_t version_major, version_minor;
    uint32_t state;
    uint64_t required_features, optional_features;
    uint64_t sequence;
    uint64_t index_offset, index_size, index_checksum;
    uint64_t file_size;
} ck_slot;

typedef struct ck_header {
    ck_slot slot;          /* the current one */
    const char *recovered; /* "" or why an older generation may be shown; a static string */
} ck_header;

ckpt_status ck_header_read(const ck_source *source, ck_header *ret_header, ckpt_error *err);

/* The 128 bytes of a slot, checksum included. */
void ck_slot_encode(const ck_slot *slot, unsigned char *bytes);

#endif
