/* SPDX-License-Identifier: MIT */
/* Opening, saving and verifying. */
#ifndef CKPT_FILE_H
#define CKPT_FILE_H

#include <ckpt/build.h>
#include <ckpt/loss.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- open ---- */

typedef enum ckpt_access {
    CKPT_ACCESS_MAP = 0, /* tensor bytes are mapped: zero-copy, fast; see ckpt_tensor_data */
    CKPT_ACCESS_READ = 1 /* everything is read into memory of the library and checked there; what
                            another program does to the file can only cause an error. For files of
                            strangers. */
} ckpt_access;

typedef struct ckpt_open_options {
    size_t struct_size; /* sizeof(ckpt_open_options) */
    const ckpt_allocator *allocator;
    const ckpt_filesystem *filesystem;
    ckpt_access access;
    const char *formats;  /* names of the formats to consider, separated by commas, of "ckpt",
                             "gguf", "npy", "npz", "oneflow", "oneflow-dir", "safetensors", "torch"
                             and "torch-legacy"; NULL: all */
    unsigned threads;     /* to check and decode chunks with, for each call that reads; 0: one for
                             each processor. 1: the library starts no threads */
    uint64_t generation;  /* an older state of an edited .ckpt file, by its number; 0: the newest.
                             CKPT_E_NOT_FOUND when the file has no such generation */
    ckpt_on_loss on_loss; /* told of what of the file the checkpoint does not hold */
    void *loss_ctx;
} ckpt_open_options;

/* Opens a checkpoint in any format that libckpt reads; which one it is, its content tells, never
 * its name. The structure is validated once, here; of the tensor bytes nothing is read. options may
 * be NULL. On failure nothing stays allocated and *ret_ckpt is untouched.
 * The path may be that of a directory in which OneFlow has saved; links inside of it are not
 * followed.
 * CKPT_E_FORMAT: the content is in none of the formats. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_open(const char *path, const ckpt_open_options *options,
                                               ckpt **ret_ckpt, ckpt_error *err);
/* From memory, which must stay valid and unchanged until the checkpoint is freed. name stands for
 * the path in error messages (NULL: "memory"). */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_open_memory(const void *data, size_t size,
                                                      const char *name,
                                                      const ckpt_open_options *options,
                                                      ckpt **ret_ckpt, ckpt_error *err);
/* Through the caller's functions; *reader is copied, its ctx must live as long as the checkpoint.
 * Opening a .ckpt file costs at most two requests: the first 8192 bytes (all, if there are fewer)
 * and the index, whose size they tell. A safetensors file: the first 8192 bytes, and what they do
 * not hold of its header. A .npy file, the same. A .npz file: its end, its central directory, and
 * for each array the headers before it, those that are near each other together; a file of PyTorch
 * also some small records and the pickle. A GGUF file: the first 8192 bytes, then 128 KiB, then as
 * much again as there is already, up to 16 MiB at a time, until the head is complete. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_open_reader(const ckpt_reader *reader, const char *name,
                                                      const ckpt_open_options *options,
                                                      ckpt **ret_ckpt, ckpt_error *err);

/* What is known of the file that a checkpoint was opened from. */
typedef struct ckpt_file_info {
    const char *path;   /* as given; "" for a checkpoint that was created */
    const char *format; /* as in ckpt_open_options.formats; "" for one that was created */
    uint64_t file_size;
    uint16_t version_major; /* of the format; 0 where it has none */
    uint16_t version_minor;
    uint64_t generation;       /* sequence number of the header slot in use, from 1; ckpt only */
    uint64_t index_size;       /* bytes of the index; ckpt only */
    const char *recovered;     /* "" for a whole file, else what is wrong with the newest state,
                                  and that an older one is shown; ckpt only */
    uint32_t storages_checked; /* storages that have checksums */
    uint64_t retired_size;     /* bytes that only generations before this one use: what a save to a
                                  new file leaves out; ckpt only */
} ckpt_file_info;

CKPT_API ckpt_file_info ckpt_describe_file(const ckpt *c);

/* A complete state of a .ckpt file: ckpt_commit adds one, and those before stay in the file. */
typedef struct ckpt_generation {
    uint64_t number;       /* for ckpt_open_options.generation */
    uint64_t index_offset; /* in the file */
    uint64_t index_size;   /* bytes; the file ended with the index when this was the newest */
} ckpt_generation;

/* The generations from the one that is open back to the oldest, as many of them as there is room for
 * in `items` (NULL if `room` is 0). Returns how many there are: 0 for files in other formats and for
 * checkpoints that were created. */
CKPT_API uint32_t ckpt_generations(const ckpt *c, ckpt_generation *items, uint32_t room);

/* Another file in the directory of a .ckpt file, in which some of its storages lie: a shard, or a
 * checkpoint that it was saved with as ckpt_save_options.base. */
typedef struct ckpt_part {
    const char *name;      /* one component, never a path; "" for a number that is none */
    uint64_t size;         /* bytes that it should have */
    const uint8_t *sha256; /* 32 bytes, that it should have; ckpt_verify compares them */
    const char *problem;   /* why its storages cannot be read: it is not there, is no regular file,
                              has another size, or the checkpoint was not opened by its path; "" when
                              they can */
} ckpt_part;

/* In ascending order of their names: i from 0 to count - 1. */
CKPT_API uint32_t ckpt_part_count(const ckpt *c);
CKPT_API ckpt_part ckpt_part_at(const ckpt *c, uint32_t i);

/* Where the bytes of a storage lie in the file that the checkpoint was opened from, or in a part of
 * it. A storage that was added and then written by ckpt_commit is described when that file is
 * opened anew. */
typedef struct ckpt_storage_layout {
    uint64_t offset;      /* in the file, or the part; 0 for a storage without bytes */
    uint64_t stored_size; /* bytes in the file */
    const char *encoding; /* "raw" or "planes"; "" when the storage is not in that file */
    uint64_t chunk_size;  /* bytes, decoded; 0 without checksums */
    uint64_t chunk_count;
    const char *part; /* name of the part; "" for the file itself */
} ckpt_storage_layout;

CKPT_API ckpt_storage_layout ckpt_describe_storage(ckpt_storage storage);

/* ---- progress ---- */

/* Called now and then with bytes done and bytes in all: of the file when it is read, of the
 * storages, before they are encoded, when it is written. false stops the work with CKPT_E_CANCELLED
 * (a save then leaves the old file as it was). */
typedef bool (*ckpt_progress)(void *ctx, uint64_t done, uint64_t total);

/* ---- verify ---- */

typedef struct ckpt_damage {
    ckpt_storage storage; /* null: the damage is outside of every storage */
    uint64_t chunk;       /* number of the chunk in its storage */
    uint64_t offset;      /* of the damaged range in the file, or in the part */
    uint64_t size;        /* bytes */
    const char *rule;     /* of the specification */
    const char *message;  /* one line */
    const char *part;     /* name of the part in which the damage is; "" for the file itself */
} ckpt_damage;

typedef struct ckpt_verify_options {
    size_t struct_size; /* sizeof(ckpt_verify_options) */
    ckpt_progress progress;
    void (*on_damage)(void *ctx, const ckpt_damage *damage); /* in the order of the file, from the
                                                                caller's thread */
    void *ctx;                                               /* for both functions */
} ckpt_verify_options;

typedef struct ckpt_verify_result {
    uint64_t bytes;           /* read and checked */
    uint64_t chunks;          /* compared with their checksum */
    uint64_t damaged;         /* calls of on_damage */
    uint64_t unchecked_bytes; /* of storages in use that have no checksums */
} ckpt_verify_result;

/* Reads the whole file, and its parts, and checks what opening does not: every chunk, every byte of
 * padding, the SHA-256 of every part.
 * CKPT_OK: all is well. CKPT_E_CHECKSUM or CKPT_E_STRUCTURE: there is damage; all of it was told to
 * on_damage and err describes the first. ret_result (NULL allowed) is filled in both cases. Of a
 * .npz file every array is a chunk, with a CRC-32. Formats without checksums have only their
 * structure, which opening has checked; their bytes are read, and counted as unchecked.
 * CKPT_E_MISMATCH: c has been committed, and another program has edited the file since.
 * With CKPT_ACCESS_MAP bytes are looked at in the map. A disk that fails is an error all the same;
 * a program that cuts the file at that very moment can raise a signal, as under ckpt_tensor_data.
 */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_verify(ckpt *c, const ckpt_verify_options *options,
                                                 ckpt_verify_result *ret_result, ckpt_error *err);

/* ---- identity ---- */

#define CKPT_DIGEST_SIZE 32 /* bytes */

typedef struct ckpt_digest_options {
    size_t struct_size;     /* sizeof(ckpt_digest_options) */
    ckpt_progress progress; /* counts the bytes of the storages */
    void *ctx;
} ckpt_digest_options;

/* The identity of the model: one SHA-256 of modules, attributes, names and their order, ties,
 * dtypes, shapes, strides, flags, metadata and the bytes of the storages, as spec/ckpt-format.md,
 * section 13.1, lays them out. Equal for two checkpoints exactly when (but for collisions of
 * SHA-256) they are the same model, whether opened or created, however a file stores it: object
 * numbers, chunks, checksums, generations and what no name leads to make no difference. Works for
 * every format. The storages are read through their checks, as ckpt_storage_read does, in pieces:
 * memory is bounded. options may be NULL; ret_digest has CKPT_DIGEST_SIZE bytes. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_digest(ckpt *c, const ckpt_digest_options *options,
                                                 uint8_t *ret_digest, ckpt_error *err);

/* ---- save ---- */

typedef struct ckpt_save_options {
    size_t struct_size; /* sizeof(ckpt_save_options) */
    const ckpt_filesystem *filesystem;
    const char *format;  /* "ckpt" (NULL too) or another that libckpt writes */
    uint64_t chunk_size; /* bytes, a power of two from 4096 to 2^30; 0: 2^20 */
    bool no_checksums;   /* of the payload; the index always has one */
    bool not_durable;    /* no fsync: faster, and after a power loss perhaps neither file */
    bool compress;       /* encode storages that shrink by a 64th or more ("planes"): smaller files,
                            which cannot be mapped. Needs checksums and chunks of at most 2^24
                            bytes. The bytes depend on the version of zlib. In format "npz": deflate
                            the arrays, as numpy.savez_compressed does; no others compress */
    unsigned threads;    /* to read, check and compress with; 0: one for each processor, 1: the
                            library starts no threads. Has no influence on the bytes. When
                            compressing, takes memory for about three and a half chunks each */
    ckpt_progress progress;
    void *ctx;            /* for progress */
    ckpt_on_loss on_loss; /* told of what of the checkpoint the format cannot hold */
    void *loss_ctx;
    uint64_t shard_size; /* bytes of tensors in one file, more than which go to files beside the
                            one at the path; 0: all in one file. CKPT_E_UNSUPPORTED where the format
                            or the destination does not have that */
    ckpt *base;          /* format "ckpt": a checkpoint opened from a .ckpt file in the directory of
                            the path. Storages whose bytes are in it, or in its parts, are not
                            written again: the new file refers to them, and needs that file as it
                            is now, for as long as it lives */
    bool strict;         /* fail with CKPT_E_UNSUPPORTED in place of losing anything that on_loss
                            would be told of, but for what is hidden only. It is told even so */
} ckpt_save_options;

/* Writes beside path and renames over it: at every instant path holds the old file or the new one,
 * whole. Parts (shard_size) are in their places before it: in format "ckpt" under names that come
 * from what is in them, so that none is ever replaced by other bytes, in others so that old parts
 * and new ones never lie together; those of earlier saves under other names stay. Works over the
 * very file that the checkpoint was opened from. The same model and options give the same bytes. A
 * symbolic link at path is replaced, not followed; the permissions of a file that is replaced are
 * kept; what is neither file nor link is not replaced. CKPT_E_NOT_FOUND: there is no such
 * directory. CKPT_E_IO: the old file is as it was and nothing is left behind. What a saver of the
 * same path that was killed has left (".NAME.N.tmp"), the next one takes away. CKPT_E_DURABILITY:
 * see ckpt_status. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_save(ckpt *c, const char *path,
                                               const ckpt_save_options *options, ckpt_error *err);
/* To memory, obtained from the checkpoint's allocator; free it with ckpt_buffer_free. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_save_memory(ckpt *c, const ckpt_save_options *options,
                                                      void **ret_data, size_t *ret_size,
                                                      ckpt_error *err);
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_save_writer(ckpt *c, const ckpt_writer *writer,
                                                      const ckpt_save_options *options,
                                                      ckpt_error *err);
/* Frees what ckpt_save_memory and ckpt_manifest_write gave. data may be NULL. */
CKPT_API void ckpt_buffer_free(ckpt *c, void *data, size_t size);

/* ---- edit in place ---- */

/* Writes what was changed into the .ckpt file that c was opened from, as a new generation: the
 * bytes of storages that are in the file stay where they are, those of added ones and a new index
 * are appended. The generations before can still be opened; ckpt_save to a new file drops them. A
 * write that is cut short, wherever that happens, leaves the generation before, and opening tells
 * of it (ckpt_file_info.recovered).
 * Storages that lie in parts stay there. A file that is a part of others must not be edited.
 *
 * From then on c stands for the new generation. Handles and pointers stay valid, those to mapped
 * tensors too. options may be NULL; format is "ckpt", filesystem NULL stands for the one that c was
 * opened with. not_durable does without fsync: after a power loss the file may then be damaged.
 *
 * CKPT_E_ARGUMENT: c was not opened from a file by its path. CKPT_E_UNSUPPORTED: the file is in
 * another format or of a later minor version of its format, or an older generation is open; or
 * options has a shard_size or a base.
 * CKPT_E_MISMATCH: the file at that path is not the one that was opened, or somebody has edited it
 * since. CKPT_E_IO: among others, another program is editing it (sys_errno EWOULDBLOCK). After any
 * of these the file holds what it held; where it could not be put back as it was, it is marked as
 * interrupted in an edit.
 * CKPT_E_DURABILITY: the new generation is in the file and c stands for it, but it could not be
 * synced: after a power loss either the old or the new one may be found.
 * Where nothing was changed since c was opened or committed, nothing is written. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_commit(ckpt *c, const ckpt_save_options *options,
                                                 ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
