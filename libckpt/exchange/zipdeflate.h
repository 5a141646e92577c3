/* SPDX-License-Identifier: MIT */
/* Deflating an entry of an archive while it is written, in bounded memory. */
#ifndef CK_ZIPDEFLATE_H
#define CK_ZIPDEFLATE_H

#include "base/zlibmemory.h"
#include "model/format.h"

enum { CK_ZIP_DEFLATE_ROOM = 1 << 16 };

/* Begin, bytes as often as needed, end; then the next entry. */
typedef struct ck_zip_deflater {
    ck_zlib_memory memory;
    z_stream stream;
    bool is_open; /* there is a state of zlib's */
    const ck_sink *sink;
    uint64_t offset; /* in the sink, where the next bytes go */
    unsigned char room[CK_ZIP_DEFLATE_ROOM];
} ck_zip_deflater;

/* NULL when memory runs out. */
ck_zip_deflater *ck_zip_deflater_create(const ck_memory *memory, const ck_sink *sink);
void ck_zip_deflater_free(ck_zip_deflater *deflater); /* takes NULL */

/* The next entry, whose data begin there in the sink. */
ckpt_status ck_zip_deflate_begin(ck_zip_deflater *deflater, uint64_t offset, ckpt_error *err);
/* At most 2^30 bytes. */
ckpt_status ck_zip_deflate(ck_zip_deflater *deflater, const void *bytes, size_t size,
                           ckpt_error *err);
/* deflater->offset is the end of the data then. */
ckpt_status ck_zip_deflate_end(ck_zip_deflater *deflater, ckpt_error *err);

/* More than so many bytes never become of size bytes; saturates. */
uint64_t ck_zip_deflate_bound(uint64_t size);

#endif
