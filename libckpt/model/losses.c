/* SPDX-License-Identifier: MIT */
#include "model/losses.h"

#include <stdarg.h>
#include <stdio.h>

const char *ckpt_loss_kind_name(ckpt_loss_kind kind) {
    switch (kind) {
    case CKPT_LOSS_TIE: return "tie";
    case CKPT_LOSS_VIEW: return "view";
    case CKPT_LOSS_NAME: return "name";
    case CKPT_LOSS_DTYPE: return "dtype";
    case CKPT_LOSS_SHAPE: return "shape";
    case CKPT_LOSS_METADATA: return "metadata";
    case CKPT_LOSS_MODULE: return "module";
    case CKPT_LOSS_FLAG: return "flag";
    case CKPT_LOSS_ORDER: return "order";
    }
    return "?";
}

void ck_report_loss(const ck_losses *losses, ckpt_loss_kind kind, const char *name,
                    const char *format, ...) {
    char message[sizeof((ckpt_error *)0)->message];
    va_list arguments;
    if (losses->report == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    ckpt_loss loss = {kind, name, message};
    losses->report(losses->ctx, &loss);
}
