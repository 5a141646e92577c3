/* SPDX-License-Identifier: MIT */
#include "base/filewrite.h"

#include "base/error.h"

#include <errno.h>

ckpt_status ck_file_write(const ckpt_filesystem *files, int file, const char *name,
                          const void *bytes, size_t size, uint64_t offset, ckpt_error *err) {
    const unsigned char *p = bytes;
    while (size > 0) {
        size_t count = 0;
        int failure = files->pwrite(files->ctx, file, p, size, offset, &count);
        if (failure == EINTR)
            continue;
        if (failure == 0 && (count == 0 || count > size))
            failure = EIO;
        if (failure != 0)
            return ck_fail_errno(err, name, "write", failure);
        p += count;
        offset += count;
        size -= count;
    }
    return CKPT_OK;
}

ckpt_status ck_file_read(const ckpt_filesystem *files, int file, const char *name, void *bytes,
                         size_t size, uint64_t offset, ckpt_error *err) {
    unsigned char *p = bytes;
    while (size > 0) {
        size_t count = 0;
        int failure = files->pread(files->ctx, file, p, size, offset, &count);
        if (failure == EINTR)
            continue;
        if (failure == 0 && count > size)
            failure = EIO;
        if (failure != 0)
            return ck_fail_errno(err, name, "read back", failure);
        if (count == 0)
            return ck_fail(err, CKPT_E_TRUNCATED, "%s: what was written is not there",
                           CK_NAME(name));
        p += count;
        offset += count;
        size -= count;
    }
    return CKPT_OK;
}

ckpt_status ck_file_sync(const ckpt_filesystem *files, int file, const char *name,
                         ckpt_error *err) {
    int failure;
    do
        failure = files->sync(files->ctx, file);
    while (failure == EINTR);
    return failure == 0 ? CKPT_OK : ck_fail_errno(err, name, "sync", failure);
}

ckpt_status ck_file_close(const ckpt_filesystem *files, int file, const char *name,
                          ckpt_error *err) {
    int failure = files->close(files->ctx, file);
    if (failure == 0 || failure == EINTR)
        return CKPT_OK;
    return ck_fail_errno(err, name, "close", failure);
}
