/* SPDX-License-Identifier: MIT */
/* What POSIX has no good word for. posix_fallocate is none: where a file system cannot reserve, it
 * writes zeros instead, which is the contrary of what is wanted. */
#define _GNU_SOURCE
#include "base/linuxfiles.h"

#include <errno.h>
#include <fcntl.h>

int ck_linux_reserve(void *ctx, int file, uint64_t size) {
    (void)ctx;
#ifdef __linux__
    return fallocate(file, 0, 0, (off_t)size) == 0 ? 0 : errno;
#else
    (void)file;
    (void)size;
    return ENOTSUP;
#endif
}

int ck_linux_begin_sync(void *ctx, int file, uint64_t offset, uint64_t size) {
    (void)ctx;
#ifdef __linux__
    return sync_file_range(file, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE) == 0 ? 0
                                                                                         : errno;
#else
    (void)file;
    (void)offset;
    (void)size;
    return ENOTSUP;
#endif
}
