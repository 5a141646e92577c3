/* SPDX-License-Identifier: MIT */
/* What GGUF cannot say about names, kept in two entries of the file's metadata, both [string]:
 *
 *     ckpt.names   short, name, short, name, ...: names that are too long for GGUF
 *     ckpt.ties    name, kept, place, ...: names that are the tensor `kept` as well, which comes
 *                  before; in the state_dict they stand behind `place` tensors of the file
 *
 * Reading takes both out of the metadata. */
#ifndef CK_GGUFNAMES_H
#define CK_GGUFNAMES_H

#include "base/nametree.h"
#include "model/object.h"

typedef struct ck_ggufnames {
    ckpt *c;
    ck_nametree names; /* of short names to their place in the list */
    ckpt_value long_names, ties;
    uint32_t next_tie;
    uint32_t placed; /* tensors that have been named */
    ck_buffer scratch;
} ck_ggufnames;

/* Looks at the metadata of c. Close in every case. */
ckpt_status ck_ggufnames_open(ck_ggufnames *n, ckpt *c, ckpt_error *err);
void ck_ggufnames_close(ck_ggufnames *n);

/* Gives the next tensor its name, and before that the names that stand before it. name has a NUL
 * behind it and is used as scratch. */
ckpt_status ck_ggufnames_place(ck_ggufnames *n, char *name, size_t size, ckpt_tensor tensor,
                               ckpt_error *err);
/* After the last tensor: the rest of the names; and what was read leaves the metadata. */
ckpt_status ck_ggufnames_finish(ck_ggufnames *n, ckpt_error *err);

/* Takes an entry, if it is there, out of the metadata and out of "gguf.types". */
ckpt_status ck_gguf_drop_entry(ckpt *c, const char *key, ckpt_error *err);

#endif
