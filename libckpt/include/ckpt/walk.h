/* SPDX-License-Identifier: MIT */
/* Walks over dotted names, with PyTorch's semantics, and the printed tree. */
#ifndef CKPT_WALK_H
#define CKPT_WALK_H

#include <ckpt/hooks.h>
#include <ckpt/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ckpt_walk_kind {
    CKPT_WALK_STATE_DICT,       /* every name of every tensor, ties repeated */
    CKPT_WALK_NAMED_PARAMETERS, /* each parameter once, under its first name */
    CKPT_WALK_NAMED_BUFFERS,    /* each buffer once, under its first name */
    CKPT_WALK_NAMED_MODULES,    /* each module once, the start itself first, as "" */
    CKPT_WALK_EVERYTHING        /* every name of every module and tensor; the start itself not */
} ckpt_walk_kind;

typedef struct ckpt_walk_item {
    const char *name;      /* dotted, seen from the start; valid until the next step */
    size_t name_size;      /* bytes, the NUL not counted */
    const char *component; /* the last component, inside name */
    uint32_t depth;        /* components in the name */
    bool repeated;         /* this walk has met the same object before */
    ckpt_module module;    /* the module itself, or the one that holds the tensor */
    ckpt_tensor tensor;    /* null for a module */
} ckpt_walk_item;

typedef struct ckpt_walk ckpt_walk;

/* Walks depth first in declaration order. The checkpoint must not be changed during the walk.
 * Memory: about 80 KiB and one bit for each object. CKPT_E_LIMIT when names would pass the limits
 * of the format (65535 bytes, 128 components, 2^26 names), which only a checkpoint that was changed
 * can do. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_walk_create(ckpt_module start, ckpt_walk_kind kind,
                                                      ckpt_walk **ret_walk, ckpt_error *err);
/* The next item; false at the end. */
CKPT_API bool ckpt_walk_next(ckpt_walk *walk, ckpt_walk_item *ret_item);
/* Does not go into the module that the last step returned. */
CKPT_API void ckpt_walk_skip(ckpt_walk *walk);
CKPT_API void ckpt_walk_free(ckpt_walk *walk); /* takes NULL */

/* Writes the module tree as PyTorch's print(net) does (the children of a ModuleList that look alike
 * are folded to one), the last line ended by a newline. Names and
 * types are escaped. A net of 2^26 names prints that many lines: stop it from the sink. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_print_module(ckpt_module module, ckpt_text_sink sink,
                                                       void *ctx, ckpt_error *err);

/* Writes a module's attributes as PyTorch writes them inside the parentheses: "in_features=4,
 * out_features=8, bias=True". */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_print_attributes(ckpt_module module, ckpt_text_sink sink,
                                                           void *ctx, ckpt_error *err);

/* Makes text from a file fit for a terminal and for one line: control characters, bidirectional
 * and other invisible format characters, line separators, backslashes and malformed UTF-8 become
 * \n, \x1b, \u202e ... Writes at most size bytes (always with a NUL, if size is not 0) and returns
 * the length of the whole result, as snprintf does. */
CKPT_API size_t ckpt_escape(const char *text, size_t text_size, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
