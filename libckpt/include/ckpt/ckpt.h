/* SPDX-License-Identifier: MIT */
/* libckpt: model checkpoints that forget nothing.
 *
 * This header brings all of the object model and the files. The runtime is in <ckpt/nn.h>.
 *
 *     ckpt *c;
 *     ckpt_error err;
 *     if (ckpt_open("digits.ckpt", NULL, &c, &err) != CKPT_OK) {
 *         fprintf(stderr, "%s\n", err.message);
 *         return 1;
 *     }
 *     ckpt_tensor bias = ckpt_module_tensor(ckpt_module_at(ckpt_root(c), 2), "bias");
 *     ...
 *     ckpt_free(c);
 *
 * Conventions. A function that can fail returns ckpt_status and takes a ckpt_error last; outputs
 * (ret_...) are untouched on failure. Options structs begin with struct_size; all other members
 * zero is the safe default, and NULL stands for that. `size` is bytes, `count` is items, `offset`
 * is bytes unless its name or its comment says elements. Strings and pointers are not NULL unless
 * the declaration allows it; a type or name that is not known is "". The library never prints,
 * exits or aborts, has no global state, and one checkpoint may be read from many threads at once;
 * to change it needs one thread alone. */
#ifndef CKPT_CKPT_H
#define CKPT_CKPT_H

#include <ckpt/build.h>
#include <ckpt/copy.h>
#include <ckpt/dtypes.h>
#include <ckpt/file.h>
#include <ckpt/hooks.h>
#include <ckpt/init.h>
#include <ckpt/loss.h>
#include <ckpt/manifest.h>
#include <ckpt/model.h>
#include <ckpt/status.h>
#include <ckpt/values.h>
#include <ckpt/version.h>
#include <ckpt/walk.h>

#endif
