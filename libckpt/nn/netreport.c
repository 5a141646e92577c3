/* SPDX-License-Identifier: MIT */
#include "nn/netreport.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ck_report_about(ck_report *report, const char *subject) {
    (void)snprintf(report->subject, sizeof report->subject, "%s", subject);
}

void ck_report_add(ck_report *report, const char *format, ...) {
    char entry[240];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(entry, sizeof entry, format, arguments);
    va_end(arguments);
    char piece[sizeof entry + sizeof report->subject + 8];
    int size = snprintf(piece, sizeof piece, "%s%s%s%s", report->used > 0 ? "; " : "",
                        report->subject, report->subject[0] != '\0' ? ": " : "", entry);
    if (size < 0 || (size_t)size >= sizeof report->text - report->used) {
        report->left_out++;
        return;
    }
    memcpy(report->text + report->used, piece, (size_t)size + 1);
    report->used += (size_t)size;
    report->count++;
    report->subject[0] = '\0';
}

ckpt_status ck_report_fail(const ck_report *report, ckpt_status status, ckpt_error *err) {
    if (report->left_out == 0)
        return ck_fail(err, status, "%s", report->text);
    return ck_fail(err, status, "%s; and %zu more", report->text, report->left_out);
}
