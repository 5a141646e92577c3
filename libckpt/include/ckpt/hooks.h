/* SPDX-License-Identifier: MIT */
/* The two hooks through which the library reaches the world: memory and files.
 *
 * Every allocation and every system call of the library goes through them (libyaml's own small
 * allocations and the starting of threads excepted), so a program can count, limit or redirect
 * them, and a test can make any one of them fail. NULL in an options struct selects the default:
 * the C library and POSIX. */
#ifndef CKPT_HOOKS_H
#define CKPT_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ckpt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One function for all: block NULL allocates, new_size 0 frees (and returns NULL), anything else
 * resizes as realloc does. old_size is the size of block in bytes, 0 for NULL. The result is
 * aligned for any object type. Must be callable from every thread that uses the checkpoint. */
typedef struct ckpt_allocator {
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    void *ctx;
} ckpt_allocator;

typedef enum ckpt_file_mode {
    CKPT_FILE_READ,   /* an existing file, to read */
    CKPT_FILE_CREATE, /* a new file, to write and read; fails with EEXIST if the name is taken, and
                         does not follow a symbolic link */
    CKPT_FILE_CREATE_PRIVATE, /* the same, for its owner alone until set_permissions */
    CKPT_FILE_EDIT,           /* an existing file, to read and write */
    CKPT_FILE_DIRECTORY       /* an existing directory, for open_at */
} ckpt_file_mode;

typedef struct ckpt_file_status {
    uint64_t size;        /* bytes */
    uint32_t permissions; /* the low twelve bits of the mode */
    bool is_regular;
    bool is_link; /* symbolic; of a path only */
    uint64_t
        device;     /* device and inode together tell two files apart; both 0 where a file system */
    uint64_t inode; /* has no such numbers */
} ckpt_file_status;

/* Every function returns 0 or an errno value. pread and pwrite may transfer fewer bytes than
 * asked (the library goes on) and may return EINTR (the library tries again); a pread of 0 bytes
 * is the end of the file. A file is named by whatever non-negative number open gives. pread may be
 * called from several threads at once, unless the options ask for one thread. */
typedef struct ckpt_filesystem {
    void *ctx;
    int (*open)(void *ctx, const char *path, ckpt_file_mode mode, int *ret_file);
    int (*close)(void *ctx, int file);
    int (*status)(void *ctx, int file, ckpt_file_status *ret_status);
    int (*status_of_path)(void *ctx, const char *path, ckpt_file_status *ret_status);
    int (*set_permissions)(void *ctx, int file, uint32_t permissions);
    int (*pread)(void *ctx, int file, void *buffer, size_t size, uint64_t offset,
                 size_t *ret_count);
    int (*pwrite)(void *ctx, int file, const void *buffer, size_t size, uint64_t offset,
                  size_t *ret_count);
    int (*sync)(void *ctx, int file);                   /* fsync */
    int (*sync_directory)(void *ctx, const char *path); /* fsync of the directory itself */
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
    int (*map)(void *ctx, int file, size_t size, const void **ret_bytes); /* read-only */
    int (*unmap)(void *ctx, const void *bytes, size_t size);
    /* For ckpt_commit only; a file system without them cannot edit. */
    int (*truncate)(void *ctx, int file, uint64_t size);
    /* An exclusive, advisory lock until the file is closed; EWOULDBLOCK when another open file has
     * it, be it of this process. */
    int (*lock)(void *ctx, int file);
    /* For checkpoints that lie in more files than one; a file system without it cannot read them.
     * Opens what has this name in a directory that `open` or this function gave. The name is one
     * component, without `/`; mode is CKPT_FILE_READ or CKPT_FILE_DIRECTORY. A symbolic link must
     * not be followed: ELOOP, or ENOTDIR where a directory is asked for. */
    int (*open_at)(void *ctx, int directory, const char *component, ckpt_file_mode mode,
                   int *ret_file);
    /* Hints; NULL where a file system has nothing of the kind. What they return is not looked at: a
     * failure shows in pwrite or sync. reserve: the file will have at least size bytes, all of
     * which will be written; it may become so long at once. begin_sync: begin to write this range
     * to the disk, without waiting for it. */
    int (*reserve)(void *ctx, int file, uint64_t size);
    int (*begin_sync)(void *ctx, int file, uint64_t offset, uint64_t size);
    /* For checkpoints that are saved as a directory; a file system without them cannot save those.
     * mkdir fails with EEXIST if the name is taken, rmdir unless the directory is empty. */
    int (*mkdir)(void *ctx, const char *path);
    int (*rmdir)(void *ctx, const char *path);
    /* To take away what a program that was killed has left of such a save; NULL: nothing is taken
     * away. Removes a directory with the files in it and in the directories in it. Symbolic links
     * are removed and not followed; where directories are nested deeper it fails, and may have
     * removed a part. */
    int (*remove_tree)(void *ctx, const char *path);
} ckpt_filesystem;

/* The default file system, for hooks that wish to pass most calls on. */
CKPT_API const ckpt_filesystem *ckpt_posix_filesystem(void);

/* A source of bytes that the caller provides: a range of a larger file, an object store, ... */
typedef struct ckpt_reader {
    void *ctx;
    uint64_t size; /* of the whole source, in bytes */
    /* Fills buffer with exactly size bytes from offset on; the library asks only for ranges that
     * lie inside `size`. Returns 0 or an errno value. May be called from several threads. */
    int (*read_at)(void *ctx, void *buffer, size_t size, uint64_t offset);
} ckpt_reader;

/* A sink of bytes that the caller provides. Offsets are not ascending: the header comes last. With
 * ckpt_save_options.compress, bytes may be written over that were written before. */
typedef struct ckpt_writer {
    void *ctx;
    int (*write_at)(void *ctx, const void *bytes, size_t size, uint64_t offset);
} ckpt_writer;

/* A sink of text, in pieces. Returns false to stop; the function that called it then fails with
 * CKPT_E_CANCELLED. */
typedef bool (*ckpt_text_sink)(void *ctx, const char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
