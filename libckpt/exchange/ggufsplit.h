/* SPDX-License-Identifier: MIT */
/* Models in several GGUF files, as llama.cpp splits them: NAME-00001-of-0000N.gguf and so on, of
 * which the first has the metadata. Each file has tensors of its own, and says by split.no, from 0,
 * and split.count which one it is. */
#ifndef CK_GGUFSPLIT_H
#define CK_GGUFSPLIT_H

#include "base/error.h"
#include "model/object.h"

#define CK_GGUF_MAX_SPLITS 99999u
#define CK_GGUF_COMPONENT_ROOM 300

typedef struct ck_gguf_split {
    uint32_t number; /* from 0 */
    uint32_t count;  /* 1 for a model in one file */
    int64_t tensors; /* of all files together; -1 where that is not said */
} ck_gguf_split;

/* From the metadata of a file; source names it in errors. */
ckpt_status ck_gguf_find_split(ckpt *c, const ck_source *source, ck_gguf_split *ret_split,
                               ckpt_error *err);
/* Takes what it says out of the metadata. */
ckpt_status ck_gguf_forget_split(ckpt *c, ckpt_error *err);

/* What the name of file `number` of `count` ends with. */
void ck_gguf_split_suffix(uint32_t number, uint32_t count, char text[32]);

/* The last component of the name of file `number`, when that of the first is `first`, a path.
 * False when `first` is not the name that the first of them has. */
bool ck_gguf_split_component(const char *first, uint32_t number, uint32_t count,
                             char component[CK_GGUF_COMPONENT_ROOM]);

/* Of how many files a path says that it is one; 0 when it says nothing of the kind. */
uint32_t ck_gguf_split_count_of(const char *path);

#endif
