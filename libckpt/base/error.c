/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/utf8.h"

#include <ckpt/walk.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
    "CKPT_OK",          "CKPT_E_ARGUMENT",    "CKPT_E_NOMEM",      "CKPT_E_IO",
    "CKPT_E_NOT_FOUND", "CKPT_E_EXISTS",      "CKPT_E_FORMAT",     "CKPT_E_VERSION",
    "CKPT_E_TRUNCATED", "CKPT_E_CHECKSUM",    "CKPT_E_STRUCTURE",  "CKPT_E_OVERFLOW",
    "CKPT_E_BOUNDS",    "CKPT_E_LIMIT",       "CKPT_E_MANIFEST",   "CKPT_E_SHAPE",
    "CKPT_E_MISMATCH",  "CKPT_E_UNSUPPORTED", "CKPT_E_DURABILITY", "CKPT_E_CANCELLED",
};

const char *ckpt_status_name(ckpt_status status) {
    size_t i = (size_t)status;
    return i < sizeof status_names / sizeof status_names[0] ? status_names[i] : "CKPT_E_?";
}

/* Cuts what vsnprintf cut in the middle of a UTF-8 sequence back to its beginning, so that the
 * message stays well-formed. */
static void trim_partial_character(char *text) {
    size_t size = strlen(text), i = size;
    while (i > 0 && size - i < 4 && ((unsigned char)text[i - 1] & 0xc0) == 0x80)
        i--;
    if (i > 0 && (unsigned char)text[i - 1] >= 0xc0 && !ck_utf8_valid(text + i - 1, size - i + 1))
        text[i - 1] = '\0';
}

static void append(ckpt_error *err, const char *format, ...) CK_PRINTF(2, 3);

static void append_list(ckpt_error *err, const char *format, va_list arguments) {
    size_t used = strlen(err->message);
    vsnprintf(err->message + used, sizeof err->message - used, format, arguments);
    trim_partial_character(err->message);
}

static void append(ckpt_error *err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append_list(err, format, arguments);
    va_end(arguments);
}

static void reset(ckpt_error *err, ckpt_status status) {
    memset(err, 0, sizeof *err);
    err->status = status;
    err->offset = CKPT_NO_OFFSET;
    if (status == CKPT_E_NOMEM)
        err->sys_errno = ENOMEM;
}

static void append_place(ckpt_error *err, const ck_place *place) {
    if (place->name != NULL)
        append(err, "%s", place->name[0] != '\0' ? CK_NAME(place->name) : "''");
    if (place->line != 0)
        append(err, ":%u:%u", (unsigned)place->line, (unsigned)place->column);
    if (err->message[0] != '\0')
        append(err, ": ");
    if (place->offset != CKPT_NO_OFFSET)
        append(err, "offset %llu: ", (unsigned long long)place->offset);
    if (place->rule != NULL)
        append(err, "rule %s: ", place->rule);
}

void ck_set_error(ckpt_error *err, ckpt_status status, const char *format, ...) {
    if (err == NULL)
        return;
    reset(err, status);
    va_list arguments;
    va_start(arguments, format);
    append_list(err, format, arguments);
    va_end(arguments);
}

void ck_set_error_at(ckpt_error *err, const ck_place *place, ckpt_status status, const char *format,
                     ...) {
    if (err == NULL)
        return;
    reset(err, status);
    err->offset = place->offset;
    err->line = place->line;
    err->column = place->column;
    if (place->rule != NULL)
        snprintf(err->rule, sizeof err->rule, "%s", place->rule);
    append_place(err, place);
    va_list arguments;
    va_start(arguments, format);
    append_list(err, format, arguments);
    va_end(arguments);
}

void ck_error_rule(ckpt_error *err, const char *rule) {
    char text[16];
    if (err == NULL)
        return;
    snprintf(err->rule, sizeof err->rule, "%s", rule);
    snprintf(text, sizeof text, "rule %s", rule);
    ck_error_prefix(err, err->status, text);
}

/* The common ones by their POSIX meaning: strerror is not safe with threads, and its words depend
 * on the locale. */
static const char *errno_text(int sys_errno) {
    switch (sys_errno) {
    case EACCES: return "permission denied";
    case EBUSY: return "device or resource busy";
    case EDQUOT: return "disk quota exceeded";
    case EEXIST: return "file exists";
    case EFBIG: return "file too large";
    case EINTR: return "interrupted";
    case EINVAL: return "invalid argument";
    case EIO: return "input/output error";
    case EISDIR: return "is a directory";
    case ELOOP: return "too many symbolic links";
    case EMFILE: return "too many open files";
    case ENAMETOOLONG: return "file name too long";
    case ENOENT: return "no such file or directory";
    case ENOMEM: return "out of memory";
    case ENOSPC: return "no space left on device";
    case ENOTDIR: return "not a directory";
    case ENXIO: return "no such device or address";
    case EPERM: return "operation not permitted";
    case EROFS: return "read-only file system";
    case EXDEV: return "not the same file system";
    default: return NULL;
    }
}

ckpt_status ck_fail_errno(ckpt_error *err, const char *name, const char *what, int sys_errno) {
    ckpt_status status = sys_errno == ENOENT   ? CKPT_E_NOT_FOUND
                         : sys_errno == ENOMEM ? CKPT_E_NOMEM
                                               : CKPT_E_IO;
    ck_place place = {name, CKPT_NO_OFFSET, NULL, 0, 0};
    const char *text = errno_text(sys_errno);
    if (text != NULL)
        ck_set_error_at(err, &place, status, "cannot %s: %s", what, text);
    else
        ck_set_error_at(err, &place, status, "cannot %s: system error %d", what, sys_errno);
    if (err != NULL)
        err->sys_errno = sys_errno;
    return status;
}

ck_name_text ck_name_n(const char *name, size_t size) {
    ck_name_text result;
    size_t length = ckpt_escape(name, size, result.text, sizeof result.text);
    if (length >= sizeof result.text) {
        size_t room = sizeof result.text - sizeof "...";
        ckpt_escape(name, size, result.text, room + 1);
        memcpy(result.text + strlen(result.text), "...", sizeof "...");
    }
    return result;
}

ck_name_text ck_name(const char *name) {
    return ck_name_n(name, strlen(name));
}

ckpt_status ck_error_prefix(ckpt_error *err, ckpt_status status, const char *name) {
    if (err == NULL || status == CKPT_OK || name == NULL)
        return status;
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    err->message[0] = '\0';
    append(err, "%s: %s", CK_NAME(name), message);
    return status;
}
