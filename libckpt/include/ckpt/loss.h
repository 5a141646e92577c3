/* SPDX-License-Identifier: MIT */
/* What a format could not hold, or could not tell: the loss report of a conversion. */
#ifndef CKPT_LOSS_H
#define CKPT_LOSS_H

#include <ckpt/status.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ckpt_loss_kind {
    CKPT_LOSS_TIE,      /* names of one tensor, or tensors of one storage, were given bytes each */
    CKPT_LOSS_VIEW,     /* a strided or offset view was made dense */
    CKPT_LOSS_NAME,     /* a name was changed */
    CKPT_LOSS_DTYPE,    /* an element type was changed, to a wider one or on request */
    CKPT_LOSS_SHAPE,    /* a shape was changed: a scalar became an array of one element, ... */
    CKPT_LOSS_METADATA, /* a metadata entry was dropped, or its type was changed */
    CKPT_LOSS_MODULE,   /* the type or the attributes of a module were dropped, or a module that has
                           no tensors */
    CKPT_LOSS_FLAG,     /* requires_grad, or whether it is parameter or buffer */
    CKPT_LOSS_ORDER     /* the order of names was changed */
} ckpt_loss_kind;

/* "tie", "view", ...: words for reports, for good. */
CKPT_API const char *ckpt_loss_kind_name(ckpt_loss_kind kind);

/* One thing that was lost. The texts live as long as the call to which it is given. */
typedef struct ckpt_loss {
    ckpt_loss_kind kind;
    const char *name;    /* the dotted name, or the key, that it is about; "" for the whole file.
                            From the file, unescaped */
    const char *message; /* one line: what became of it */
    bool hidden;         /* nothing is lost: libckpt reads it back, as does software that knows the
                            entry of the file in which it is told (PyTorch's load_model, for ties in
                            safetensors); other software does not see it. No matter for a strict
                            save */
} ckpt_loss;

/* Called in the order in which things are found, at most once for each name and kind. */
typedef void (*ckpt_on_loss)(void *ctx, const ckpt_loss *loss);

#ifdef __cplusplus
}
#endif
#endif
