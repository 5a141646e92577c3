/* SPDX-License-Identifier: MIT */
/* Whether the losses that a conversion has told account for every difference between what was
 * written and what is read of it. */
#ifndef LOSSACCOUNT_H
#define LOSSACCOUNT_H

#include <ckpt/ckpt.h>

#include <stdbool.h>
#include <stddef.h>

/* The losses of one conversion. All zero: none. */
typedef struct loss_record {
    ckpt_loss_kind kind;
    char *name;
} loss_record;

typedef struct loss_book {
    loss_record *records;
    size_t count, room;
} loss_book;

/* A ckpt_on_loss; ctx is the book. */
void loss_book_note(void *ctx, const ckpt_loss *loss);
void loss_book_clear(loss_book *book);
/* name NULL: of anything. A loss without a name is about the whole file; one of a module, about the
 * root. */
bool loss_book_has(const loss_book *book, ckpt_loss_kind kind, const char *name);

/* NULL when every difference between a and b has been told; else one line, in the buffer, about the
 * first one that has not. Entries of the metadata that only say what a format was (torch.types and
 * the like) may be in one of them only. */
const char *losses_leave_out(ckpt *a, ckpt *b, const loss_book *book, char *buffer, size_t size);

#endif
