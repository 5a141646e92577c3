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

static void report(const ck_losses *losses, ckpt_loss_kind kind, bool hidden, const char *name,
                   const char *format, va_list arguments) CK_PRINTF(5, 0);

static void report(const ck_losses *losses, ckpt_loss_kind kind, bool hidden, const char *name,
                   const char *format, va_list arguments) {
    char message[sizeof((ckpt_error *)0)->message];
    vsnprintf(message, sizeof message, format, arguments);
    ckpt_loss loss = {kind, name, message, hidden};
    losses->report(losses->ctx, &loss);
}

void ck_report_loss(const ck_losses *losses, ckpt_loss_kind kind, const char *name,
                    const char *format, ...) {
    va_list arguments;
    if (losses->report == NULL)
        return;
    va_start(arguments, format);
    report(losses, kind, false, name, format, arguments);
    va_end(arguments);
}

void ck_report_hidden(const ck_losses *losses, ckpt_loss_kind kind, const char *name,
                      const char *format, ...) {
    va_list arguments;
    if (losses->report == NULL)
        return;
    va_start(arguments, format);
    report(losses, kind, true, name, format, arguments);
    va_end(arguments);
}
