/* SPDX-License-Identifier: MIT */
/* The table entry by which a file format takes part: a reader and a writer between bytes and the
 * object model. To add a format: one file that defines a ck_format, one line here, one line in
 * front/formats.c. */
#ifndef CK_FORMAT_H
#define CK_FORMAT_H

#include "base/source.h"

#include <ckpt/file.h>

struct ck_part_files;
struct ck_atomic_directory;

/* Where a writer puts its bytes; pwrite-like, so that a header can come last. */
typedef struct ck_sink {
    void *ctx;
    ckpt_status (*write)(void *ctx, const void *bytes, size_t size, uint64_t offset,
                         ckpt_error *err);
    const struct ck_part_files *parts; /* NULL where nothing can lie beside the file */
    /* A hint: the file will have so many bytes at least, and all of them will be written. NULL
     * where nobody cares. */
    void (*reserve)(void *ctx, uint64_t size);
} ck_sink;

/* More files in the directory of the one that is saved. All of them are written under temporary
 * names; when the writer has returned CKPT_OK they are synced and renamed, the main file after
 * them (base/partfiles.h says what a failure leaves). */
typedef struct ck_part_files {
    void *ctx;
    const char *stem; /* of the main file: its last component without the last extension */
    const char *path; /* of the main file, as given to the save */
    const ckpt_filesystem *files;
    ckpt_status (*create)(void *ctx, uint32_t *ret_part, ck_sink *ret_sink, ckpt_error *err);
    /* Exactly size bytes of what has been written to the part. */
    ckpt_status (*read)(void *ctx, uint32_t part, void *bytes, size_t size, uint64_t offset,
                        ckpt_error *err);
    /* The names of the parts do not come from what is in them: what has them is part of an older
     * checkpoint, which must stay whole until this one is. */
    void (*replace)(void *ctx);
    /* Under which component the part is to be found; every part must have been told one before the
     * writer returns. A file of that name is replaced. */
    ckpt_status (*name)(void *ctx, uint32_t part, const char *component, ckpt_error *err);
    /* Nothing more is written to the part or read from it: it is synced and closed. Without it that
     * is done in the end, and all parts are open until then. */
    ckpt_status (*finish)(void *ctx, uint32_t part, ckpt_error *err);
    /* The part, which has no name yet, is not needed after all. */
    void (*discard)(void *ctx, uint32_t part);
} ck_part_files;

typedef struct ck_format {
    const char *name; /* as in ckpt_open_options.formats */
    /* Whether a file that begins with these bytes (as many as there are, up to CK_PROBE_SIZE) is
     * to be read by this format. Must not take what another format owns. The source keeps them as
     * its head until the format has read: what lies in them costs no other request. */
    bool (*probe)(const unsigned char *head, size_t size, uint64_t file_size);
    /* Fills an empty checkpoint (ck_ckpt_new). Takes *source over (ck_take_source) on success; on
     * failure the caller closes it and frees the checkpoint. */
    ckpt_status (*read)(ckpt *c, ck_source *source, ckpt_error *err);
    /* NULL where libckpt does not write the format. */
    ckpt_status (*write)(ckpt *c, const ck_sink *sink, const ckpt_save_options *options,
                         ckpt_error *err);
    /* Checks what reading does not. NULL where the format has nothing to check against: then the
     * storages are read, that is all. */
    ckpt_status (*verify)(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                          ckpt_error *err);
    /* Writes the changes into the file that the checkpoint was read from, of which it has a path.
     * NULL where a file cannot be edited. */
    ckpt_status (*commit)(ckpt *c, const ckpt_save_options *options, ckpt_error *err);
    /* Whether write heeds shard_size. It is not asked for it where the sink has no parts. */
    bool has_shards;
    /* Where the format is a directory: writes into one that is new. write is NULL then. */
    ckpt_status (*write_directory)(ckpt *c, struct ck_atomic_directory *directory,
                                   const ckpt_save_options *options, ckpt_error *err);
    /* The file that is read when a directory is opened, and one by which such a directory of an
     * older format, which is not read, is known. Or NULL. */
    const char *main_component, *older_component;
} ck_format;

/* Both header pages of a .ckpt file. */
#define CK_PROBE_SIZE 8192

extern const ck_format ck_format_ckpt;
extern const ck_format ck_format_gguf;
extern const ck_format ck_format_safetensors;
extern const ck_format ck_format_npy;
extern const ck_format ck_format_npz;
extern const ck_format ck_format_oneflow;
extern const ck_format ck_format_oneflow_dir;
extern const ck_format ck_format_torch;
extern const ck_format ck_format_torch_legacy;

#endif
