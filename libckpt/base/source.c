/* SPDX-License-Identifier: MIT */
#include "base/source.h"

#include "base/checked.h"
#include "base/error.h"
#include "base/linuxmemory.h"

#include <errno.h>
#include <string.h>

/* One pread of the system is limited; and a hook that counts requests should see sane ones. */
#define LARGEST_READ ((size_t)1 << 30)

static ckpt_status prepare(ck_source *source, const ck_memory *memory, const char *name,
                           ckpt_error *err) {
    memset(source, 0, sizeof *source);
    source->memory = *memory;
    source->file = -1;
    source->name = ck_copy_string(memory, name, strlen(name));
    return source->name != NULL ? CKPT_OK : ck_fail_nomem(err);
}

static void try_to_map(ck_source *source) {
    const ckpt_filesystem *files = source->files;
    size_t size;
    const void *bytes = NULL;
    if (source->size == 0 || !ck_to_size(source->size, &size))
        return;
    if (files->map(files->ctx, source->file, size, &bytes) == 0) {
        source->bytes = bytes;
        source->mapped = true;
    }
}

static ckpt_status look_at_file(ck_source *source, ckpt_error *err) {
    const ckpt_filesystem *files = source->files;
    ckpt_file_status status = {.size = 0};
    int failure = files->status(files->ctx, source->file, &status);
    if (failure != 0)
        return ck_fail_errno(err, source->name, "look at", failure);
    if (!status.is_regular)
        return ck_fail(err, CKPT_E_IO, "%s: not a regular file", CK_NAME(source->name));
    source->size = status.size;
    return CKPT_OK;
}

ckpt_status ck_source_from_file(ck_source *ret_source, const ck_memory *memory,
                                const ckpt_filesystem *files, int file, const char *name, bool map,
                                ckpt_error *err) {
    ck_source source;
    ckpt_status status = prepare(&source, memory, name, err);
    if (status != CKPT_OK) {
        files->close(files->ctx, file);
        return status;
    }
    source.files = files;
    source.file = file;
    source.to_map = map;
    status = look_at_file(&source, err);
    if (status != CKPT_OK) {
        ck_source_close(&source);
        return status;
    }
    if (map)
        try_to_map(&source);
    *ret_source = source;
    return CKPT_OK;
}

ckpt_status ck_source_open(ck_source *ret_source, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool map,
                           ckpt_error *err) {
    int file;
    if (files == NULL)
        files = ckpt_posix_filesystem();
    int failure;
    do
        failure = files->open(files->ctx, path, CKPT_FILE_READ, &file);
    while (failure == EINTR);
    if (failure != 0)
        return ck_fail_errno(err, path, "open", failure);
    return ck_source_from_file(ret_source, memory, files, file, path, map, err);
}

ckpt_status ck_source_from_memory(ck_source *ret_source, const ck_memory *memory, const void *bytes,
                                  size_t size, const char *name, ckpt_error *err) {
    ck_source source;
    ckpt_status status = prepare(&source, memory, name != NULL ? name : "memory", err);
    if (status != CKPT_OK)
        return status;
    source.bytes = bytes;
    source.size = size;
    *ret_source = source;
    return CKPT_OK;
}

ckpt_status ck_source_from_reader(ck_source *ret_source, const ck_memory *memory,
                                  const ckpt_reader *reader, const char *name, ckpt_error *err) {
    ck_source source;
    ckpt_status status = prepare(&source, memory, name != NULL ? name : "reader", err);
    if (status != CKPT_OK)
        return status;
    source.reader = *reader;
    source.size = reader->size;
    *ret_source = source;
    return CKPT_OK;
}

ckpt_status ck_source_absent(ck_source *ret_source, const ck_memory *memory, uint64_t size,
                             const char *name, const ckpt_error *why, ckpt_error *err) {
    ck_source source;
    ckpt_status status = prepare(&source, memory, name, err);
    if (status != CKPT_OK)
        return status;
    source.absent = ck_alloc(memory, 1, sizeof *source.absent);
    if (source.absent == NULL) {
        ck_source_close(&source);
        return ck_fail_nomem(err);
    }
    *source.absent = *why;
    source.size = size;
    *ret_source = source;
    return CKPT_OK;
}

void ck_source_close(ck_source *source) {
    if (source->mapped)
        source->files->unmap(source->files->ctx, source->bytes, (size_t)source->size);
    if (source->file >= 0)
        source->files->close(source->files->ctx, source->file);
    ck_source_drop_head(source);
    ck_free(&source->memory, source->absent, 1, sizeof *source->absent);
    ck_free_string(&source->memory, source->name);
    memset(source, 0, sizeof *source);
    source->file = -1;
}

ckpt_status ck_source_keep_head(ck_source *source, size_t size, ckpt_error *err) {
    if (source->size < size)
        size = (size_t)source->size;
    ck_source_drop_head(source);
    unsigned char *head = ck_alloc(&source->memory, size, 1);
    if (head == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_read(source, 0, head, size, err);
    if (status != CKPT_OK) {
        ck_free(&source->memory, head, size, 1);
        return status;
    }
    source->head = head;
    source->head_size = size;
    return CKPT_OK;
}

void ck_source_drop_head(ck_source *source) {
    ck_free(&source->memory, source->head, source->head_size, 1);
    source->head = NULL;
    source->head_size = 0;
}

static ckpt_status fail_short(const ck_source *source, uint64_t offset, ckpt_error *err) {
    ck_place place = {source->name, offset, NULL, 0, 0};
    return ck_fail_at(err, &place, CKPT_E_TRUNCATED, "the file ends here");
}

static ckpt_status read_file(const ck_source *source, uint64_t offset, unsigned char *buffer,
                             size_t size, ckpt_error *err) {
    const ckpt_filesystem *files = source->files;
    while (size > 0) {
        size_t count = 0;
        size_t wanted = size < LARGEST_READ ? size : LARGEST_READ;
        int failure = files->pread(files->ctx, source->file, buffer, wanted, offset, &count);
        if (failure == EINTR)
            continue;
        if (failure != 0)
            return ck_fail_errno(err, source->name, "read", failure);
        if (count == 0)
            return fail_short(source, offset, err);
        if (count > wanted)
            return ck_fail_errno(err, source->name, "read", EIO);
        buffer += count;
        offset += count;
        size -= count;
    }
    return CKPT_OK;
}

/* How many of the bytes asked for lie in the head, and have been copied from it. */
static size_t read_head(const ck_source *source, uint64_t offset, void *buffer, size_t size) {
    if (source->head == NULL || offset >= source->head_size)
        return 0;
    size_t kept = source->head_size - (size_t)offset;
    size_t count = size < kept ? size : kept;
    memcpy(buffer, source->head + offset, count);
    return count;
}

ckpt_status ck_source_read(const ck_source *source, uint64_t offset, void *buffer, size_t size,
                           ckpt_error *err) {
    if (!ck_within(offset, size, source->size))
        return fail_short(source, source->size, err);
    if (size == 0)
        return CKPT_OK;
    if (source->absent != NULL) {
        if (err != NULL)
            *err = *source->absent;
        return source->absent->status;
    }
    size_t from_head = read_head(source, offset, buffer, size);
    buffer = (unsigned char *)buffer + from_head;
    offset += from_head;
    size -= from_head;
    if (size == 0)
        return CKPT_OK;
    if (source->file >= 0)
        return read_file(source, offset, buffer, size, err);
    if (source->reader.read_at != NULL) {
        int failure = source->reader.read_at(source->reader.ctx, buffer, size, offset);
        return failure == 0 ? CKPT_OK : ck_fail_errno(err, source->name, "read", failure);
    }
    memcpy(buffer, source->bytes + offset, size);
    return CKPT_OK;
}

const unsigned char *ck_source_look(const ck_source *source, uint64_t offset, size_t size) {
    const unsigned char *bytes = ck_source_in_memory(source);
    if (!ck_within(offset, size, source->size))
        return NULL;
    if (bytes != NULL)
        return bytes + offset;
    if (!source->mapped || source->files != ckpt_posix_filesystem() ||
        !ck_linux_populate(source->bytes + offset, size))
        return NULL;
    return source->bytes + offset;
}
