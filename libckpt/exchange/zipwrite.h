/* SPDX-License-Identifier: MIT */
/* Writing ZIP archives of stored entries, with payloads that begin at multiples of 64, or of
 * deflated ones. The same calls give the same bytes: there are no dates in them. (What is deflated
 * depends on the version of zlib.) */
#ifndef CK_ZIPWRITE_H
#define CK_ZIPWRITE_H

#include "base/buffer.h"
#include "exchange/zipdeflate.h"
#include "model/format.h"

typedef enum ck_zip_style {
    CK_ZIP_PLAIN, /* sizes and CRC-32 in the local header; else as Python's zipfile writes it */
    CK_ZIP_TORCH  /* byte for byte as torch.save does: sizes and CRC-32 in data descriptors, names
                     always marked as UTF-8, Zip64 end records always there. Programs compute
                     from that where a record lies */
} ck_zip_style;

/* Entries one after another: begin, write as often as needed, end. After a failure only
 * ck_zip_writer_clear. */
typedef struct ck_zip_writer {
    const ck_memory *memory;
    const ck_sink *sink;
    ck_zip_style style;
    ck_buffer directory; /* the central directory so far */
    uint64_t count;
    uint64_t position; /* where the next entry begins in the file */
    /* the entry that is being written */
    bool open;
    size_t record; /* of it in the directory */
    uint64_t header_offset, data_offset, size, done;
    uint64_t stored; /* bytes in the file: as many as size where they are not deflated */
    uint32_t crc32;
    ck_zip_deflater *deflater; /* NULL: entries are stored */
} ck_zip_writer;

/* Both must outlive the writer; it writes from offset 0 of the sink on. */
void ck_zip_writer_init(ck_zip_writer *writer, const ck_memory *memory, const ck_sink *sink,
                        ck_zip_style style);
void ck_zip_writer_clear(ck_zip_writer *writer);
/* Deflates all entries, before the first. For CK_ZIP_PLAIN. */
ckpt_status ck_zip_writer_deflate(ck_zip_writer *writer, ckpt_error *err);

/* size: of the content, which must be known before. CKPT_E_UNSUPPORTED: the name breaks rule Z6 of
 * zipread.h. */
ckpt_status ck_zip_begin(ck_zip_writer *writer, const char *name, size_t name_size, uint64_t size,
                         ckpt_error *err);
/* The next bytes of the content; not more in all than was said. The second has the type
 * ck_take_bytes of tensorstream.h, with the writer as ctx. */
ckpt_status ck_zip_write(ck_zip_writer *writer, const void *bytes, size_t size, ckpt_error *err);
ckpt_status ck_zip_take(void *writer, const void *bytes, size_t size, ckpt_error *err);
/* As many bytes must have been written as were said. */
ckpt_status ck_zip_end(ck_zip_writer *writer, ckpt_error *err);
/* The three in one. */
ckpt_status ck_zip_add(ck_zip_writer *writer, const char *name, size_t name_size, const void *bytes,
                       size_t size, ckpt_error *err);

/* Where the content of the entry that was begun last lies in the file. */
static inline uint64_t ck_zip_data_offset(const ck_zip_writer *writer) {
    return writer->data_offset;
}
/* CRC-32 of the entry that was ended last. */
static inline uint32_t ck_zip_crc32(const ck_zip_writer *writer) {
    return writer->crc32;
}

/* Central directory and end records. CKPT_E_UNSUPPORTED: two names break rule Z7; ignore_case as
 * for ck_zip_open. */
ckpt_status ck_zip_finish(ck_zip_writer *writer, bool ignore_case, ckpt_error *err);

#endif
