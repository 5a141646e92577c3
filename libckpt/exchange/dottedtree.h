/* SPDX-License-Identifier: MIT */
/* Building a module tree from dotted names, for formats that know nothing else. */
#ifndef CK_DOTTEDTREE_H
#define CK_DOTTEDTREE_H

#include <ckpt/build.h>

/* Gives the tensor a dotted name of size bytes, seen from the root; modules of type "" are made on
 * the way. The empty name is a member with the empty name. The text has a NUL behind it; it is used
 * as scratch and restored. CKPT_E_EXISTS: the name is taken. CKPT_E_UNSUPPORTED: the name, or a
 * beginning of it, is that of a tensor where a module would have to be, or the other way round.
 * CKPT_E_LIMIT: the name has more bytes or components than dotted names may have. */
ckpt_status ck_add_dotted(ckpt *c, char *name, size_t size, ckpt_tensor tensor, ckpt_error *err);
/* Whether that would succeed, but for memory. */
bool ck_dotted_is_free(ckpt *c, char *name, size_t size);

#endif
