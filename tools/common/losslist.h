/* SPDX-License-Identifier: MIT */
/* What a conversion could not keep: gathered while it runs, told at its end. */
#ifndef LOSSLIST_H
#define LOSSLIST_H

#include <stdbool.h>
#include <stddef.h>

#include <ckpt/loss.h>

#include "jsonwriter.h"

typedef struct loss_entry {
    ckpt_loss_kind kind;
    char *name, *message;
    size_t number; /* in the order in which they came */
} loss_entry;

typedef struct loss_list {
    loss_entry *entries;
    size_t count, room;
} loss_list;

/* What is lost, and what is there but hidden from other software. */
typedef struct loss_lists {
    loss_list lost, hidden;
} loss_lists;

/* A ckpt_on_loss; ctx are the loss_lists. */
void loss_list_add(void *ctx, const ckpt_loss *loss);
void loss_lists_free(loss_lists *lists);

/* Lines on stdout, each "  KIND  MESSAGE: NAMES"; losses of one kind with the same message share a
 * line, and there are at most a few lines for one kind. verbose: one line for each loss. */
void loss_list_print(const loss_list *list, bool verbose);
/* An array of all losses. */
void loss_list_json(const loss_list *list, json *j);

#endif
