/* SPDX-License-Identifier: MIT */
/* Bringing bytes into the tensors of a manifest. */
#ifndef CK_PACKFILL_H
#define CK_PACKFILL_H

#include <ckpt/manifest.h>

/* sources: for each fill of the manifest the tensor that it is a copy of, of the same dtype and
 * shape, or the null handle for a recipe. A storage whose tensors view a source storage of the same
 * size in the same way is linked to it; any other is made of zeros, and its tensors are written
 * into it in order. seed is that of the stream for the recipes. */
ckpt_status ck_pack_fill(const ckpt_manifest *manifest, const char *path,
                         const ckpt_tensor *sources, uint64_t seed, ckpt_error *err);

/* inner's status and message, at the place of the fill in the manifest. */
ckpt_status ck_pack_fail(const ckpt_fill *fill, const char *path, const ckpt_error *inner,
                         ckpt_error *err);

#endif
