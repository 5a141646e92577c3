/* SPDX-License-Identifier: MIT */
/* Pointers into a Python object, in the manner of RFC 6901: "" is the object, "/model/0.weight"
 * what is under "0.weight" of what is under "model"; '~' in a key is "~0", '/' is "~1". */
#ifndef CK_TORCHPATH_H
#define CK_TORCHPATH_H

#include "base/buffer.h"
#include "base/error.h"

/* Metadata entries of a checkpoint that came from a file of PyTorch: maps with pointers for keys.
 */
#define CK_TORCH_TYPES "torch.types"
#define CK_TORCH_VERSIONS "torch.versions"
#define CK_TORCH_ORDER "torch.order"

/* One step into a container; set the size back to come out of it. */
ckpt_status ck_torch_step(const ck_memory *memory, ck_buffer *path, const char *key, size_t size,
                          ckpt_error *err);
/* With a NUL; valid until the next step. Only ck_torch_step may make the path longer. */
const char *ck_torch_pointer(const ck_buffer *path);

#endif
