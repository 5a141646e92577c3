/* SPDX-License-Identifier: MIT */
/* The temporary names under which files are written, and what savers that were killed have left.
 *
 * The main file of a save is ".NAME.N.tmp" beside its target, its parts are ".NAME.N.P.tmp". A
 * saver holds a lock on its main file until that has its name or is gone, and with it everything
 * of the number N is its own. A file of such a name that nobody has locked is a left-over of a
 * program that was killed: the next saver of the same target takes it away. Readers never do.
 *
 * A checkpoint that is a directory is made as a directory of such a name, which its saver locks. */
#ifndef CK_TEMPORARYFILE_H
#define CK_TEMPORARYFILE_H

#include "base/atomicfile.h"

/* Creates the main file and locks it. Where that takes the place of a left-over, those whose
 * numbers follow are taken away too. Where files cannot be locked, nothing is. */
ckpt_status ck_temporary_create(ck_atomic_file *file, ckpt_file_mode mode, ckpt_error *err);
/* A part, from 1, of a save whose main file was created so. */
ckpt_status ck_temporary_create_part(ck_atomic_file *file, const ck_atomic_file *main,
                                     uint32_t part, ckpt_file_mode mode, ckpt_error *err);
/* Gives the lock back, if there is one. */
void ck_temporary_release(ck_atomic_file *file);

/* Creates the directory of that temporary path and locks it: *ret_guard is open as long as the lock
 * is to last, -1 where there is none. A left-over of the name is taken away before. Returns an
 * errno; EEXIST: the name is somebody else's. */
int ck_temporary_directory(const ckpt_filesystem *files, const char *path, int *ret_guard);
/* Whether there was such a left-over and it is gone. */
bool ck_temporary_remove_directory(const ckpt_filesystem *files, const char *path);

#endif
