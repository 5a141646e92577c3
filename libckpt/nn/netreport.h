/* SPDX-License-Identifier: MIT */
/* Collects everything that is wrong with the modules of a net into one line:
 * "module '2' (Linear): A; B; module '6' (Softmax): C; and 3 more". */
#ifndef CK_NETREPORT_H
#define CK_NETREPORT_H

#include "base/error.h"

#include <stddef.h>

typedef struct ck_report {
    char subject[208]; /* what the next entries are about; "" when they stand for themselves */
    char text[440];
    size_t used;
    size_t count;    /* entries in text */
    size_t left_out; /* entries that found no room */
} ck_report;

/* All zeros is an empty report. The subject is printed before the first entry that follows. */
void ck_report_about(ck_report *report, const char *subject);
void ck_report_add(ck_report *report, const char *format, ...) CK_PRINTF(2, 3);
/* Stores the report as an error. */
ckpt_status ck_report_fail(const ck_report *report, ckpt_status status, ckpt_error *err);

#endif
