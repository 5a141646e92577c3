/* SPDX-License-Identifier: MIT */
/* One checkpoint made of others: whole, in part, under other names, as other types. */
#ifndef CKPT_COPY_H
#define CKPT_COPY_H

#include <ckpt/build.h>
#include <ckpt/loss.h>
#include <ckpt/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a name. All zeros: it stays as it is. */
typedef struct ckpt_copy_choice {
    bool drop;        /* leave it out */
    const char *name; /* another dotted name, read before the next call; NULL: the same */
    ckpt_dtype dtype; /* of a tensor, as ckpt_storage_cast converts to it; CKPT_DTYPE_OTHER: the
                         same. Where a tensor has several names, the first one that is not dropped
                         decides, and all of them stay tied */
} ckpt_copy_choice;

/* item is one of CKPT_WALK_EVERYTHING: a tensor, or a module without members. *choice is all zeros.
 * false stops the copy with CKPT_E_CANCELLED. */
typedef bool (*ckpt_copy_choose)(void *ctx, const ckpt_walk_item *item, ckpt_copy_choice *choice);

typedef struct ckpt_copy_options {
    size_t struct_size;      /* sizeof(ckpt_copy_options) */
    ckpt_copy_choose choose; /* NULL: everything, as it is */
    void *ctx;
    ckpt_on_loss on_loss; /* told of what the choices cannot keep; not of the choices themselves */
    void *loss_ctx;
} ckpt_copy_options;

/* Adds what another checkpoint holds to c: names in their order, modules with types and attributes,
 * shared modules, tied tensors, tensors that view one storage, flags, metadata. Bytes are not
 * copied: the new storages are links (ckpt_storage_link) and conversions (ckpt_storage_cast), so
 * `from` must live as long as c, which ckpt_attach sees to.
 *
 * Where names change, a module goes where its tensors go: a tensor that was `a.b.weight` and
 * becomes `x.y.weight` makes x.y of what a.b was, and x of a. A module that nothing leads to any
 * more is left out, and reported if it had a type or attributes. Modules of c and of `from` under
 * the same name become one, with the members of both; where types, attributes or metadata disagree,
 * c keeps its own, and that is reported.
 *
 * options may be NULL. CKPT_E_EXISTS: two tensors would have the same name. CKPT_E_UNSUPPORTED: a
 * name would go through a tensor, members would be added to a module that stands in several places,
 * or there is no such conversion. CKPT_E_ARGUMENT: a new name is not UTF-8. CKPT_E_LIMIT: names are
 * chosen one by one and there are more than 2^22 of them. After a failure c may hold a part: it is
 * good for nothing but ckpt_free. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_copy(ckpt *c, ckpt *from,
                                               const ckpt_copy_options *options, ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
