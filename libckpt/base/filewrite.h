/* SPDX-License-Identifier: MIT */
/* Writing through the filesystem hook, and reading back: whole ranges, with what was cut short gone
 * on with. name is that of the file, for messages. */
#ifndef CK_FILEWRITE_H
#define CK_FILEWRITE_H

#include "base/memory.h"

ckpt_status ck_file_write(const ckpt_filesystem *files, int file, const char *name,
                          const void *bytes, size_t size, uint64_t offset, ckpt_error *err);

/* Exactly size bytes of a file that was written; CKPT_E_TRUNCATED when they are not there. */
ckpt_status ck_file_read(const ckpt_filesystem *files, int file, const char *name, void *bytes,
                         size_t size, uint64_t offset, ckpt_error *err);

/* A failed fsync has dropped the data: a second one that succeeds would prove nothing. So whoever
 * gets a failure from here never syncs the file again. */
ckpt_status ck_file_sync(const ckpt_filesystem *files, int file, const char *name, ckpt_error *err);

/* Closing may tell of a write that failed late; so it counts, and the descriptor is gone even then.
 */
ckpt_status ck_file_close(const ckpt_filesystem *files, int file, const char *name,
                          ckpt_error *err);

#endif
