/* SPDX-License-Identifier: MIT */
/* Printing to the caller's sink: what is shared by values and trees. */
#ifndef CK_PRINTER_H
#define CK_PRINTER_H

#include "model/object.h"

/* Once the sink has said no, nothing more is given to it. */
typedef struct ck_printer {
    ckpt_text_sink sink;
    void *ctx;
    bool stopped;
} ck_printer;

void ck_put(ck_printer *p, const char *text, size_t size);
void ck_put_text(ck_printer *p, const char *text);
void ck_put_escaped(ck_printer *p, const char *text);
/* "in_features=4, bias=True" */
void ck_put_attributes(ck_printer *p, ckpt_module module);
/* CKPT_E_CANCELLED when the sink said no. */
ckpt_status ck_printer_finish(const ck_printer *p, ckpt_error *err);

#endif
