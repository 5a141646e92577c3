/* SPDX-License-Identifier: MIT */
/* Telling the caller what a format could not keep. */
#ifndef CK_LOSSES_H
#define CK_LOSSES_H

#include "base/error.h"

#include <ckpt/loss.h>

typedef struct ck_losses {
    ckpt_on_loss report; /* NULL: nobody wants to know */
    void *ctx;
} ck_losses;

/* name as in ckpt_loss; the message is formatted, and cut where it gets longer than that of an
 * error. Names in it are escaped by CK_NAME. */
void ck_report_loss(const ck_losses *losses, ckpt_loss_kind kind, const char *name,
                    const char *format, ...) CK_PRINTF(4, 5);
/* The same of what is hidden only. */
void ck_report_hidden(const ck_losses *losses, ckpt_loss_kind kind, const char *name,
                      const char *format, ...) CK_PRINTF(4, 5);

#endif
