/* SPDX-License-Identifier: MIT */
/* The local headers of an archive and the data descriptors, in the order of the file. */
#include "base/checked.h"
#include "base/cursor.h"
#include "base/sort.h"
#include "exchange/zipinner.h"

#include <string.h>

enum { WINDOW_SIZE = 8192 };

/* Part of the file, so that headers that are near each other cost one request. */
typedef struct window {
    const ck_zip *zip;
    ck_buffer buffer;
    uint64_t offset; /* of its bytes in the file */
} window;

/* size bytes from offset on, all of which are before the directory. */
static ckpt_status look(window *w, uint64_t offset, size_t size, const unsigned char **ret_bytes,
                        ckpt_error *err) {
    if (offset < w->offset || !ck_within(offset - w->offset, size, w->buffer.size)) {
        uint64_t rest = w->zip->directory_offset - offset;
        size_t wanted = size > WINDOW_SIZE ? size : WINDOW_SIZE;
        wanted = rest < wanted ? (size_t)rest : wanted;
        w->buffer.size = 0;
        if (!ck_buffer_reserve(&w->zip->memory, &w->buffer, wanted))
            return ck_fail_nomem(err);
        ckpt_status status = ck_source_read(w->zip->source, offset, w->buffer.bytes, wanted, err);
        if (status != CKPT_OK)
            return status;
        w->buffer.size = wanted;
        w->offset = offset;
    }
    *ret_bytes = w->buffer.bytes + (offset - w->offset);
    return CKPT_OK;
}

static ckpt_status differ(const window *w, const ck_zip_entry *e, const char *what,
                          ckpt_error *err) {
    return ck_zip_fail(w->zip->source, e->header_offset, "Z9", err,
                       "the local header of '%s' has %s than the central directory",
                       CK_NAME(e->name), what);
}

/* With a data descriptor the header may leave a number open. */
static bool agrees(uint64_t local, uint64_t central, bool open) {
    return local == central || (open && local == 0);
}

/* The Zip64 field of a header: the sizes that it stands for. Python writes both of them whenever it
 * might have had to. PyTorch writes the place of the header too where that is behind 4 GiB. */
static bool zip64_agrees(const ck_zip_extra *extra, const ck_zip_entry *e, bool size_there,
                         bool compressed_there, bool open) {
    ck_cursor cursor = ck_cursor_at(extra->zip64, extra->zip64_size);
    if (extra->zip64_size == 16 || extra->zip64_size == 24)
        size_there = compressed_there = true;
    if (size_there && !agrees(ck_cursor_u64(&cursor), e->size, open))
        return false;
    if (compressed_there && !agrees(ck_cursor_u64(&cursor), e->compressed_size, open))
        return false;
    if (ck_cursor_remaining(&cursor) == 8 && e->header_offset >= UINT32_MAX &&
        ck_cursor_u64(&cursor) != e->header_offset)
        return false;
    return !cursor.failed && ck_cursor_remaining(&cursor) == 0;
}

static ckpt_status check_sizes(const window *w, const ck_zip_entry *e, uint32_t compressed,
                               uint32_t size, const ck_zip_extra *extra, ckpt_error *err) {
    bool open = (e->flags & CK_ZIP_FLAG_DESCRIPTOR) != 0;
    bool size_there = size == UINT32_MAX, compressed_there = compressed == UINT32_MAX;
    if ((!size_there && !agrees(size, e->size, open)) ||
        (!compressed_there && !agrees(compressed, e->compressed_size, open)))
        return differ(w, e, "other sizes", err);
    if (extra->zip64 == NULL ? size_there || compressed_there
                             : !zip64_agrees(extra, e, size_there, compressed_there, open))
        return differ(w, e, "other Zip64 sizes", err);
    return CKPT_OK;
}

static ckpt_status check_fields(const window *w, const ck_zip_entry *e, const unsigned char *bytes,
                                const ck_zip_extra *extra, ckpt_error *err) {
    bool open = (e->flags & CK_ZIP_FLAG_DESCRIPTOR) != 0;
    ck_cursor cursor = ck_cursor_at(bytes + 6, CK_ZIP_LOCAL_SIZE - 6);
    if (ck_cursor_u16(&cursor) != e->flags)
        return differ(w, e, "other flags", err);
    if (ck_cursor_u16(&cursor) != e->method)
        return differ(w, e, "another method", err);
    (void)ck_cursor_u32(&cursor); /* time and date */
    if (!agrees(ck_cursor_u32(&cursor), e->crc32, open))
        return differ(w, e, "another CRC-32", err);
    uint32_t compressed = ck_cursor_u32(&cursor);
    return check_sizes(w, e, compressed, ck_cursor_u32(&cursor), extra, err);
}

static ckpt_status check_header(window *w, ck_zip_entry *e, ck_zip_extra *ret_extra,
                                ckpt_error *err) {
    const ck_source *source = w->zip->source;
    const unsigned char *bytes;
    uint64_t room = w->zip->directory_offset - e->header_offset;
    size_t size = CK_ZIP_LOCAL_SIZE + e->name_size;
    if (room < size)
        return ck_zip_fail(source, e->header_offset, "Z11", err, "no room for a local header");
    ckpt_status status = look(w, e->header_offset, size, &bytes, err);
    if (status != CKPT_OK)
        return status;
    if (ck_load32(bytes) != CK_ZIP_LOCAL_SIGNATURE)
        return ck_zip_fail(source, e->header_offset, "Z9", err, "no local header");
    if (ck_load16(bytes + 26) != e->name_size ||
        memcmp(bytes + CK_ZIP_LOCAL_SIZE, e->name, e->name_size) != 0)
        return differ(w, e, "another name", err);
    size_t extra_size = ck_load16(bytes + 28);
    if (room < size + extra_size)
        return ck_zip_fail(source, e->header_offset, "Z11", err, "no room for an extra field");
    status = look(w, e->header_offset, size + extra_size, &bytes, err);
    if (status != CKPT_OK)
        return status;
    const char *fault = ck_zip_parse_extra(bytes + size, extra_size, ret_extra);
    if (fault != NULL)
        return ck_zip_fail(source, e->header_offset, "Z8", err, "%s", fault);
    e->data_offset = e->header_offset + size + extra_size;
    return check_fields(w, e, bytes, ret_extra, err);
}

/* *end: of the data; then of the descriptor. */
static ckpt_status check_descriptor(window *w, const ck_zip_entry *e, bool wide, uint64_t *end,
                                    ckpt_error *err) {
    const unsigned char *bytes;
    size_t size = wide ? 24 : 16;
    if (!ck_within(*end, size, w->zip->directory_offset))
        return ck_zip_fail(w->zip->source, *end, "Z10", err, "no data descriptor");
    ckpt_status status = look(w, *end, size, &bytes, err);
    if (status != CKPT_OK)
        return status;
    ck_cursor cursor = ck_cursor_at(bytes, size);
    bool same = ck_cursor_u32(&cursor) == CK_ZIP_DESCRIPTOR_SIGNATURE;
    same = ck_cursor_u32(&cursor) == e->crc32 && same;
    same = (wide ? ck_cursor_u64(&cursor) : ck_cursor_u32(&cursor)) == e->compressed_size && same;
    same = (wide ? ck_cursor_u64(&cursor) : ck_cursor_u32(&cursor)) == e->size && same;
    if (!same)
        return ck_zip_fail(w->zip->source, *end, "Z10", err,
                           "the data descriptor of '%s' contradicts the central directory",
                           CK_NAME(e->name));
    *end += size;
    return CKPT_OK;
}

/* *end: of the entry before; then of this one. */
static ckpt_status check_entry(window *w, ck_zip_entry *e, uint64_t *end, ckpt_error *err) {
    ck_zip_extra extra;
    if (e->header_offset != *end)
        return ck_zip_fail(w->zip->source, e->header_offset, "Z11", err,
                           "the entry '%s' does not begin where the one before it ends",
                           CK_NAME(e->name));
    ckpt_status status = check_header(w, e, &extra, err);
    if (status != CKPT_OK)
        return status;
    *end = e->data_offset;
    if (!ck_within(*end, e->compressed_size, w->zip->directory_offset))
        return ck_zip_fail(w->zip->source, e->data_offset, "Z11", err,
                           "the entry '%s' reaches into the central directory", CK_NAME(e->name));
    *end += e->compressed_size;
    if ((e->flags & CK_ZIP_FLAG_DESCRIPTOR) == 0)
        return CKPT_OK;
    bool wide = extra.zip64 != NULL || e->size >= UINT32_MAX || e->compressed_size >= UINT32_MAX;
    return check_descriptor(w, e, wide, end, err);
}

static int compare_places(const void *a, const void *b) {
    const ck_zip_entry *x = *(ck_zip_entry *const *)a, *y = *(ck_zip_entry *const *)b;
    return x->header_offset < y->header_offset ? -1 : x->header_offset > y->header_offset;
}

static ckpt_status check_in_order(const ck_zip *zip, ck_zip_entry *const *order, ckpt_error *err) {
    window w = {zip, {NULL, 0, 0}, 0};
    uint64_t end = 0;
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < zip->count && status == CKPT_OK; i++)
        status = check_entry(&w, order[i], &end, err);
    ck_buffer_clear(&zip->memory, &w.buffer);
    if (status == CKPT_OK && end != zip->directory_offset)
        status = ck_zip_fail(zip->source, end, "Z11", err,
                             "something between the last entry and the central directory");
    return status;
}

ckpt_status ck_zip_check_locals(ck_zip *zip, ckpt_error *err) {
    ck_zip_entry **order = ck_alloc(&zip->memory, zip->count, sizeof *order);
    if (order == NULL)
        return ck_fail_nomem(err);
    for (uint32_t i = 0; i < zip->count; i++)
        order[i] = &zip->entries[i];
    ckpt_status status = ck_sort(&zip->memory, order, zip->count, sizeof *order, compare_places)
                             ? check_in_order(zip, order, err)
                             : ck_fail_nomem(err);
    ck_free(&zip->memory, order, zip->count, sizeof *order);
    return status;
}
