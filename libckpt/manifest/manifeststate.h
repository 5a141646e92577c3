/* SPDX-License-Identifier: MIT */
/* A manifest that was read, and the state of reading one. */
#ifndef CK_MANIFESTSTATE_H
#define CK_MANIFESTSTATE_H

#include "base/buffer.h"
#include "base/nametree.h"
#include "manifest/yamlreader.h"

#include <ckpt/manifest.h>

/* A string in ckpt_manifest.text, as its offset plus one; 0: none. */
typedef size_t ck_text;

typedef struct ck_fill_record {
    ckpt_tensor tensor;
    uint32_t path;
    ckpt_fill_kind kind;
    ck_text file, file_tensor, nonlinearity;
    uint64_t offset;
    ckpt_init init;
    bool has_seed;
    uint64_t seed;
    ck_mark mark;
} ck_fill_record;

/* A dotted name by its last component and the path before it: the names of a million tensors share
 * their beginnings. */
typedef struct ck_path {
    uint32_t parent;
    ck_text name;
} ck_path;

#define CK_PATH_ROOT UINT32_MAX

struct ckpt_manifest {
    ck_memory memory;
    ckpt *checkpoint;
    ck_buffer fills; /* of ck_fill_record */
    ck_buffer paths; /* of ck_path */
    ck_buffer text;
    ck_text data;
    uint64_t seed;
};

/* Gives the checkpoint away; the manifest has none from then on. */
ckpt *ck_manifest_take(ckpt_manifest *manifest);

/* ---- reading ---- */

typedef struct ck_anchored {
    bool is_tensor, is_open;
    ckpt_module module;
    ckpt_tensor tensor;
} ck_anchored;

typedef struct ck_listed_storage {
    ckpt_storage storage;
    ck_mark mark;
    bool is_viewed;
} ck_listed_storage;

typedef struct ck_manifest_reader {
    ckpt_manifest *manifest;
    ckpt *checkpoint;
    ck_memory memory;
    ck_yaml_reader yaml;
    ck_nametree anchors; /* to numbers in anchored */
    ck_buffer anchored;  /* of ck_anchored */
    ck_buffer storages;  /* of ck_listed_storage */
} ck_manifest_reader;

/* A copy that lives as long as the manifest. */
ckpt_status ck_keep_text(ck_manifest_reader *r, const char *text, size_t size, ck_text *ret_text,
                         ckpt_error *err);
const char *ck_kept_text(const ckpt_manifest *manifest, ck_text text); /* "" for none */

/* Each reads what its name says, from the event given, or from the one after it. */

/* The elements of a map into a map value; nothing of the text has been read of it yet. */
ckpt_status ck_read_value_map(ck_manifest_reader *r, ckpt_value map, const char *what,
                              ckpt_error *err);
/* The list of storages. */
ckpt_status ck_read_storages(ck_manifest_reader *r, ckpt_error *err);
/* The root module, all of it. */
ckpt_status ck_read_root(ck_manifest_reader *r, ckpt_error *err);
/* A tensor after its first key, `parameter` or `buffer`; the tensor has no name yet. path is that
 * of the tensor. */
ckpt_status ck_read_tensor(ck_manifest_reader *r, bool is_buffer, ck_mark mark, uint32_t path,
                           ckpt_tensor *ret_tensor, ckpt_error *err);
/* The dtype of a tensor. name has room for one of 32 characters. */
ckpt_status ck_read_dtype(ck_manifest_reader *r, char name[40], ckpt_dtype_info *ret_info,
                          ckpt_error *err);
/* The values of the keys `data` and `init`. */
ckpt_status ck_read_data(ck_manifest_reader *r, ck_fill_record *fill, ckpt_error *err);
ckpt_status ck_read_init(ck_manifest_reader *r, ck_fill_record *fill, ckpt_error *err);
/* The name of a file: one plain component. */
ckpt_status ck_read_file_name(ck_manifest_reader *r, const ck_yaml_event *event, ck_text *ret_file,
                              ckpt_error *err);
/* Which of the keys it is. Refuses a key that is none of them, or whose bit is set in *seen; sets
 * it. */
ckpt_status ck_read_known_key(const ck_manifest_reader *r, const ck_yaml_event *event,
                              const char *const *keys, uint32_t count, uint32_t *seen,
                              uint32_t *ret_key, ckpt_error *err);

#endif
