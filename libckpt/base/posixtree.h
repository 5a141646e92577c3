/* SPDX-License-Identifier: MIT */
#ifndef CK_POSIXTREE_H
#define CK_POSIXTREE_H

/* remove_tree of the default file system (ckpt/hooks.h). */
int ck_posix_remove_tree(void *ctx, const char *path);

#endif
