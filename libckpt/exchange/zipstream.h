/* SPDX-License-Identifier: MIT */
/* The content of one entry, from its beginning to its end. */
#ifndef CK_ZIPSTREAM_H
#define CK_ZIPSTREAM_H

#include "base/zlibmemory.h"
#include "exchange/zipread.h"

/* Must not be moved once it was read from. */
typedef struct ck_zip_stream {
    const ck_zip_entry *entry;
    uint64_t done;    /* bytes of the content that were given */
    uint64_t fetched; /* compressed bytes that were read */
    uint32_t crc32;   /* of what is done */
    bool ended;       /* all was given, and it was as the entry says */
    ck_zlib_memory memory;
    z_stream inflater; /* while input is not NULL */
    unsigned char *input;
} ck_zip_stream;

/* Allocates nothing before the first read; the entry must outlive the stream. */
void ck_zip_stream_open(ck_zip_stream *stream, const ck_memory *memory, const ck_zip_entry *entry);
/* The next size bytes, of which there must be as many. With the last of them (for an empty content:
 * with 0) come the checks of rule Z12, CKPT_E_CHECKSUM or CKPT_E_STRUCTURE. After a failure the
 * stream can only be closed. */
ckpt_status ck_zip_stream_read(ck_zip_stream *stream, const ck_source *source, void *bytes,
                               size_t size, ckpt_error *err);
/* Frees all memory; reading begins anew then. */
void ck_zip_stream_close(ck_zip_stream *stream);

#endif
