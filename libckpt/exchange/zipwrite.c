/* SPDX-License-Identifier: MIT */
#include "exchange/zipwrite.h"

#include "base/endian.h"
#include "exchange/zipinner.h"
#include "exchange/zipnames.h"

#include <string.h>
#include <zlib.h>

enum {
    ALIGNMENT = 64,
    PADDING_ID = 0x4246, /* "FB", the extra field by which PyTorch aligns */
    EXTRA_HEAD = 4,
    LARGEST_EXTRA = EXTRA_HEAD + 24 + EXTRA_HEAD + ALIGNMENT,
    DATE = 0x0021, /* 1980-01-01, the first that there is */
    VERSION = 20,
    LARGEST_PIECE = 1 << 30 /* zlib counts in unsigned int */
};

#define TOO_LARGE UINT32_MAX /* from here on a number does not fit into 32 bits */

void ck_zip_writer_init(ck_zip_writer *writer, const ck_memory *memory, const ck_sink *sink,
                        ck_zip_style style) {
    memset(writer, 0, sizeof *writer);
    writer->memory = memory;
    writer->sink = sink;
    writer->style = style;
}

void ck_zip_writer_clear(ck_zip_writer *writer) {
    ck_buffer_clear(writer->memory, &writer->directory);
    ck_zip_deflater_free(writer->deflater);
    writer->deflater = NULL;
}

ckpt_status ck_zip_writer_deflate(ck_zip_writer *writer, ckpt_error *err) {
    writer->deflater = ck_zip_deflater_create(writer->memory, writer->sink);
    return writer->deflater != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static bool is_torch(const ck_zip_writer *writer) {
    return writer->style == CK_ZIP_TORCH;
}

/* Whether its sizes go to Zip64 fields. How large it gets deflated is not known when the room for
 * them is made. */
static bool is_large(const ck_zip_writer *writer) {
    uint64_t most = writer->deflater != NULL ? ck_zip_deflate_bound(writer->size) : writer->size;
    return most >= TOO_LARGE;
}

static uint32_t size_in_header(const ck_zip_writer *writer, uint64_t size) {
    return is_large(writer) ? TOO_LARGE : (uint32_t)size;
}

static uint16_t method_of(const ck_zip_writer *writer) {
    return writer->deflater != NULL ? CK_ZIP_DEFLATED : 0;
}

/* PyTorch writes no descriptor for an empty record. */
static bool has_descriptor(const ck_zip_writer *writer) {
    return is_torch(writer) && writer->size > 0;
}

static uint16_t flags_of(const ck_zip_writer *writer, const char *name, size_t name_size) {
    bool ascii = true;
    for (size_t i = 0; i < name_size; i++)
        ascii = ascii && (unsigned char)name[i] < 0x80;
    return (uint16_t)((is_torch(writer) || !ascii ? CK_ZIP_FLAG_UTF8 : 0) |
                      (has_descriptor(writer) ? CK_ZIP_FLAG_DESCRIPTOR : 0));
}

/* ---- local header ---- */

/* PyTorch's has the place of the header too where that does not fit into 32 bits, and no compressed
 * size, since it does not know it yet. */
static size_t put_zip64(const ck_zip_writer *writer, unsigned char *extra) {
    bool torch = is_torch(writer);
    size_t size = is_large(writer) ? 16 : 0;
    if (size > 0) {
        ck_store64(extra + EXTRA_HEAD, writer->size);
        ck_store64(extra + EXTRA_HEAD + 8, torch ? 0 : writer->stored);
    }
    if (torch && writer->header_offset >= TOO_LARGE) {
        ck_store64(extra + EXTRA_HEAD + size, writer->header_offset);
        size += 8;
    }
    if (size == 0)
        return 0;
    ck_store16(extra, CK_ZIP_EXTRA64);
    ck_store16(extra + 2, (uint16_t)size);
    return EXTRA_HEAD + size;
}

/* As many bytes as bring data that are stored to a multiple of 64; data_offset is set. */
static size_t put_extra(ck_zip_writer *writer, size_t name_size, unsigned char *extra) {
    size_t size = put_zip64(writer, extra);
    if (writer->deflater != NULL) {
        writer->data_offset = writer->header_offset + CK_ZIP_LOCAL_SIZE + name_size + size;
        return size;
    }
    uint64_t start = writer->header_offset + CK_ZIP_LOCAL_SIZE + name_size + size + EXTRA_HEAD;
    size_t padding = (size_t)((0 - start) % ALIGNMENT);
    ck_store16(extra + size, PADDING_ID);
    ck_store16(extra + size + 2, (uint16_t)padding);
    memset(extra + size + EXTRA_HEAD, 'Z', padding);
    writer->data_offset = start + padding;
    return size + EXTRA_HEAD + padding;
}

static void put_head(const ck_zip_writer *writer, const char *name, size_t name_size,
                     size_t extra_size, unsigned char *head) {
    bool torch = is_torch(writer);
    memset(head, 0, CK_ZIP_LOCAL_SIZE);
    ck_store32(head, CK_ZIP_LOCAL_SIGNATURE);
    ck_store16(head + 6, flags_of(writer, name, name_size));
    if (!torch) {
        ck_store16(head + 4, is_large(writer) ? CK_ZIP_VERSION64 : VERSION);
        ck_store16(head + 8, method_of(writer));
        ck_store16(head + 12, DATE);
        ck_store32(head + 14, writer->crc32);
    }
    ck_store32(head + 18, torch ? 0 : size_in_header(writer, writer->stored));
    ck_store32(head + 22, torch ? 0 : size_in_header(writer, writer->size));
    ck_store16(head + 26, (uint16_t)name_size);
    ck_store16(head + 28, (uint16_t)extra_size);
}

/* Its place and size do not depend on the CRC-32: so it can be written when that is known. */
static ckpt_status write_local(ck_zip_writer *writer, ckpt_error *err) {
    unsigned char head[CK_ZIP_LOCAL_SIZE], extra[LARGEST_EXTRA];
    const unsigned char *record = writer->directory.bytes + writer->record;
    const char *name = (const char *)record + CK_ZIP_CENTRAL_SIZE;
    size_t name_size = ck_load16(record + 28), extra_size = put_extra(writer, name_size, extra);
    const ck_sink *sink = writer->sink;
    uint64_t offset = writer->header_offset;
    put_head(writer, name, name_size, extra_size, head);
    ckpt_status status = sink->write(sink->ctx, head, sizeof head, offset, err);
    if (status == CKPT_OK)
        status = sink->write(sink->ctx, name, name_size, offset + sizeof head, err);
    if (status == CKPT_OK)
        status = sink->write(sink->ctx, extra, extra_size, offset + sizeof head + name_size, err);
    return status;
}

/* ---- central directory ---- */

/* Without the CRC-32 and the size of what is stored, which come when the entry ends. */
static bool add_record(ck_zip_writer *writer, const char *name, size_t name_size) {
    unsigned char record[CK_ZIP_CENTRAL_SIZE], extra[EXTRA_HEAD + 24];
    size_t extra_size = EXTRA_HEAD;
    bool large = is_large(writer), far = writer->header_offset >= TOO_LARGE;
    if (large) {
        ck_store64(extra + extra_size, writer->size);
        ck_store64(extra + extra_size + 8, writer->size);
        extra_size += 16;
    }
    if (far) {
        ck_store64(extra + extra_size, writer->header_offset);
        extra_size += 8;
    }
    ck_store16(extra, CK_ZIP_EXTRA64);
    ck_store16(extra + 2, (uint16_t)(extra_size - EXTRA_HEAD));
    extra_size = large || far ? extra_size : 0;
    memset(record, 0, sizeof record);
    ck_store32(record, CK_ZIP_CENTRAL_SIGNATURE);
    ck_store16(record + 8, flags_of(writer, name, name_size));
    ck_store16(record + 10, method_of(writer));
    ck_store32(record + 24, size_in_header(writer, writer->size));
    ck_store16(record + 28, (uint16_t)name_size);
    ck_store16(record + 30, (uint16_t)extra_size);
    ck_store32(record + 42, ck_zip_narrow(writer->header_offset));
    if (!is_torch(writer)) {
        ck_store16(record + 4, CK_ZIP_UNIX | VERSION);
        ck_store16(record + 6, large || far ? CK_ZIP_VERSION64 : VERSION);
        ck_store16(record + 14, DATE);
        ck_store32(record + 38, 0600u << 16);
    }
    writer->record = writer->directory.size;
    return ck_buffer_append(writer->memory, &writer->directory, record, sizeof record) &&
           ck_buffer_append(writer->memory, &writer->directory, name, name_size) &&
           ck_buffer_append(writer->memory, &writer->directory, extra, extra_size);
}

/* ---- entries ---- */

ckpt_status ck_zip_begin(ck_zip_writer *writer, const char *name, size_t name_size, uint64_t size,
                         ckpt_error *err) {
    unsigned char extra[LARGEST_EXTRA];
    const char *fault = ck_zip_name_fault(name, name_size);
    if (fault != NULL)
        return ck_fail(err, CKPT_E_UNSUPPORTED,
                       "an archive has no place for an entry '%s': its name %s",
                       ck_name_n(name, name_size).text, fault);
    writer->open = true;
    writer->header_offset = writer->position;
    writer->size = size;
    writer->done = writer->stored = 0;
    writer->crc32 = 0;
    (void)put_extra(writer, name_size, extra);
    if (!add_record(writer, name, name_size))
        return ck_fail_nomem(err);
    writer->count++;
    return writer->deflater != NULL
               ? ck_zip_deflate_begin(writer->deflater, writer->data_offset, err)
               : CKPT_OK;
}

static ckpt_status put_content(ck_zip_writer *writer, const unsigned char *bytes, size_t size,
                               ckpt_error *err) {
    if (writer->deflater != NULL)
        return ck_zip_deflate(writer->deflater, bytes, size, err);
    return writer->sink->write(writer->sink->ctx, bytes, size, writer->data_offset + writer->done,
                               err);
}

ckpt_status ck_zip_write(ck_zip_writer *writer, const void *bytes, size_t size, ckpt_error *err) {
    const unsigned char *next = bytes;
    if (!writer->open || size > writer->size - writer->done)
        return ck_fail(err, CKPT_E_ARGUMENT, "an entry gets more bytes than its size");
    while (size > 0) {
        size_t piece = size < LARGEST_PIECE ? size : LARGEST_PIECE;
        ckpt_status status = put_content(writer, next, piece, err);
        if (status != CKPT_OK)
            return status;
        writer->crc32 = (uint32_t)crc32_z(writer->crc32, next, piece);
        writer->done += piece;
        next += piece;
        size -= piece;
    }
    return CKPT_OK;
}

ckpt_status ck_zip_take(void *writer, const void *bytes, size_t size, ckpt_error *err) {
    return ck_zip_write(writer, bytes, size, err);
}

/* PyTorch's has wide sizes where the local header has a Zip64 field. */
static ckpt_status write_descriptor(ck_zip_writer *writer, ckpt_error *err) {
    unsigned char bytes[24];
    bool wide = writer->size >= TOO_LARGE || writer->header_offset >= TOO_LARGE;
    size_t size = wide ? 24 : 16;
    ck_store32(bytes, CK_ZIP_DESCRIPTOR_SIGNATURE);
    ck_store32(bytes + 4, writer->crc32);
    if (wide) {
        ck_store64(bytes + 8, writer->size);
        ck_store64(bytes + 16, writer->size);
    } else {
        ck_store32(bytes + 8, (uint32_t)writer->size);
        ck_store32(bytes + 12, (uint32_t)writer->size);
    }
    ckpt_status status = writer->sink->write(writer->sink->ctx, bytes, size, writer->position, err);
    writer->position += size;
    return status;
}

/* What was not known when the record was made. */
static void complete_record(ck_zip_writer *writer) {
    unsigned char *record = writer->directory.bytes + writer->record;
    ck_store32(record + 16, writer->crc32);
    ck_store32(record + 20, size_in_header(writer, writer->stored));
    if (is_large(writer))
        ck_store64(record + CK_ZIP_CENTRAL_SIZE + ck_load16(record + 28) + EXTRA_HEAD + 8,
                   writer->stored);
}

ckpt_status ck_zip_end(ck_zip_writer *writer, ckpt_error *err) {
    if (!writer->open || writer->done != writer->size)
        return ck_fail(err, CKPT_E_ARGUMENT, "an entry gets fewer bytes than its size");
    ckpt_status status = CKPT_OK;
    if (writer->deflater != NULL)
        status = ck_zip_deflate_end(writer->deflater, err);
    writer->open = false;
    writer->position =
        writer->deflater != NULL ? writer->deflater->offset : writer->data_offset + writer->size;
    writer->stored = writer->position - writer->data_offset;
    complete_record(writer);
    if (status == CKPT_OK)
        status = write_local(writer, err);
    if (status == CKPT_OK && has_descriptor(writer))
        status = write_descriptor(writer, err);
    return status;
}

ckpt_status ck_zip_add(ck_zip_writer *writer, const char *name, size_t name_size, const void *bytes,
                       size_t size, ckpt_error *err) {
    ckpt_status status = ck_zip_begin(writer, name, name_size, size, err);
    if (status == CKPT_OK)
        status = ck_zip_write(writer, bytes, size, err);
    return status == CKPT_OK ? ck_zip_end(writer, err) : status;
}
