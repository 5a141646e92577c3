/* SPDX-License-Identifier: MIT */
/* The files beside a manifest, each opened once. */
#ifndef CK_PACKSOURCE_H
#define CK_PACKSOURCE_H

#include "base/buffer.h"
#include "base/nametree.h"
#include "base/source.h"

#include <ckpt/manifest.h>

typedef struct ck_pack_sources {
    ck_memory memory;
    const ckpt_allocator *allocator;
    const ckpt_filesystem *files;
    ck_source manifest; /* open, to find what lies beside it */
    const char *output; /* must be none of the files beside it; NULL: not known */
    ck_nametree beside; /* names of checkpoints beside the manifest to numbers in opened */
    ck_nametree paths;  /* the same for paths */
    ck_nametree raw;    /* the same for files that are taken as raw bytes */
    ck_buffer opened;   /* of ckpt *, owned until they are handed over */
} ck_pack_sources;

/* s is all zeros but for its first five members; manifest is closed as well. */
void ck_pack_sources_free(ck_pack_sources *s);
/* Attaches all of them to c. */
ckpt_status ck_pack_sources_give(ck_pack_sources *s, ckpt *c, ckpt_error *err);

/* A file that is a checkpoint in any format. is_path: name is a path, else a file beside the
 * manifest. */
ckpt_status ck_pack_open(ck_pack_sources *s, const char *name, bool is_path, ckpt **ret_ckpt,
                         ckpt_error *err);
/* A tensor like the given one, dense, whose bytes lie in a file beside the manifest from offset on.
 */
ckpt_status ck_pack_open_raw(ck_pack_sources *s, const char *name, uint64_t offset,
                             ckpt_tensor like, ckpt_tensor *ret_tensor, ckpt_error *err);

#endif
