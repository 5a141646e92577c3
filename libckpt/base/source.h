/* SPDX-License-Identifier: MIT */
/* Bytes to read from: a file by map or by pread, memory, or the caller's functions. */
#ifndef CK_SOURCE_H
#define CK_SOURCE_H

#include "base/memory.h"

typedef struct ck_source {
    ck_memory memory;
    char *name;                   /* for messages */
    uint64_t size;                /* bytes; what the system said when the source was opened */
    const unsigned char *bytes;   /* all of them, when the source is mapped or in memory */
    const ckpt_filesystem *files; /* for a file */
    int file;                     /* -1 when there is none */
    bool mapped;
    bool to_map;         /* whether it should be, as other files that are opened for its sake */
    ckpt_reader reader;  /* for the caller's functions */
    ckpt_error *absent;  /* why there are no bytes; NULL: there are */
    unsigned char *head; /* the first bytes, while they are kept; else NULL */
    size_t head_size;
} ck_source;

/* map: map the file as well. A file that cannot be mapped (or is empty) is read instead. */
ckpt_status ck_source_open(ck_source *ret_source, const ck_memory *memory,
                           const ckpt_filesystem *files, const char *path, bool map,
                           ckpt_error *err);
/* Takes over a file that is open, whatever comes of it; it must be a regular one. */
ckpt_status ck_source_from_file(ck_source *ret_source, const ck_memory *memory,
                                const ckpt_filesystem *files, int file, const char *name, bool map,
                                ckpt_error *err);
ckpt_status ck_source_from_memory(ck_source *ret_source, const ck_memory *memory, const void *bytes,
                                  size_t size, const char *name, ckpt_error *err);
ckpt_status ck_source_from_reader(ck_source *ret_source, const ck_memory *memory,
                                  const ckpt_reader *reader, const char *name, ckpt_error *err);
/* A file in the directory of the main one, named by one component as the bytes of the main file
 * give it: it is not empty, "." or "..", and has no `/`, so that nothing outside of the directory
 * can be meant. A symbolic link is not followed, and nothing but a regular file is opened for
 * reading. CKPT_E_UNSUPPORTED: the main source is not a file, or its file system cannot do it.
 * CKPT_E_BOUNDS: not such a component. CKPT_E_NOT_FOUND: there is no such file. */
ckpt_status ck_source_open_beside(ck_source *ret_source, const ck_source *main,
                                  const char *component, ckpt_error *err);
/* The same for a file in a directory that lies beside the main file; both are such components. */
ckpt_status ck_source_open_beneath(ck_source *ret_source, const ck_source *main,
                                   const char *directory, const char *component, ckpt_error *err);
/* What stands for a file that cannot be opened: every read fails with a copy of *why. */
ckpt_status ck_source_absent(ck_source *ret_source, const ck_memory *memory, uint64_t size,
                             const char *name, const ckpt_error *why, ckpt_error *err);
/* A file in a directory that the user has named; component is of the program's own choice. A link
 * of that name is not followed. CKPT_E_NOT_FOUND: it is not there, or there is no such directory.
 * CKPT_E_UNSUPPORTED: the file system cannot do it. files NULL: POSIX. */
ckpt_status ck_source_open_inside(ck_source *ret_source, const ck_memory *memory,
                                  const ckpt_filesystem *files, const char *directory,
                                  const char *component, bool map, ckpt_error *err);
void ck_source_close(ck_source *source);

/* Reads the first `size` bytes (all of them, if there are fewer) in one request and keeps them:
 * until they are dropped, what lies in them is read from this copy. So a format is recognised and
 * its header read by one request, and both see the same bytes. */
ckpt_status ck_source_keep_head(ck_source *source, size_t size, ckpt_error *err);
void ck_source_drop_head(ck_source *source);

/* Exactly size bytes from offset on, into memory of the caller: by pread for files, so that this
 * never faults, whatever happens to the file. CKPT_E_TRUNCATED when the source has become shorter
 * or was always. */
ckpt_status ck_source_read(const ck_source *source, uint64_t offset, void *buffer, size_t size,
                           ckpt_error *err);

/* The bytes, where they are: in memory, or in the map once the system has said that they are there.
 * NULL: they have to be read. What another program does to a mapped file afterwards can change
 * them, or raise a signal, as with a tensor's bytes. */
const unsigned char *ck_source_look(const ck_source *source, uint64_t offset, size_t size);

/* All bytes, when they are in memory of the program; NULL for a file, be it mapped, and for the
 * caller's functions. */
static inline const unsigned char *ck_source_in_memory(const ck_source *source) {
    return source->file < 0 && source->reader.read_at == NULL ? source->bytes : NULL;
}

#endif
