/* SPDX-License-Identifier: MIT */
/* Building a module tree from dotted names, for formats that know nothing else. */
#ifndef CK_DOTTEDTREE_H
#define CK_DOTTEDTREE_H

#include "model/records.h"

#include <ckpt/build.h>

/* Gives the tensor a dotted name of size bytes, seen from the root; modules of type "" are made on
 * the way. The empty name is a member with the empty name. The text has a NUL behind it; it is used
 * as scratch and restored. CKPT_E_EXISTS: the name is taken. CKPT_E_UNSUPPORTED: the name, or a
 * beginning of it, is that of a tensor where a module would have to be, or the other way round.
 * CKPT_E_LIMIT: the name has more bytes or components than dotted names may have, or there would be
 * more than 4096 modules, and three for each tensor of the checkpoint. */
ckpt_status ck_add_dotted(ckpt *c, char *name, size_t size, ckpt_tensor tensor, ckpt_error *err);
/* The same for many names, of which one begins mostly as the one before: the modules on the way are
 * not looked up again. The text of the name before must still be there. depth is 0 at first;
 * between two calls no member may be taken away. */
typedef struct ck_dotted_step {
    size_t end; /* of the component, in the name */
    ckpt_module module;
} ck_dotted_step;

typedef struct ck_dotted_path {
    const char *name;
    uint32_t depth;
    ck_dotted_step steps[CK_MAX_DEPTH];
} ck_dotted_path;

ckpt_status ck_add_dotted_next(ckpt *c, ck_dotted_path *path, char *name, size_t size,
                               ckpt_tensor tensor, ckpt_error *err);

/* The tensor that has the name; null when none has. The text is scratch, as above. */
ckpt_tensor ck_find_dotted(ckpt *c, char *name, size_t size);
/* Whether ck_add_dotted would succeed, but for memory. */
bool ck_dotted_is_free(ckpt *c, char *name, size_t size);

#endif
