/* SPDX-License-Identifier: MIT */
/* Status codes and the error that the caller owns. */
#ifndef CKPT_STATUS_H
#define CKPT_STATUS_H

#include <stdint.h>

#if defined(__GNUC__)
#define CKPT_API __attribute__((visibility("default")))
#define CKPT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CKPT_API
#define CKPT_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are part of the ABI: they are never reused and new ones are added at the end. */
typedef enum ckpt_status {
    CKPT_OK = 0,
    CKPT_E_ARGUMENT = 1,     /* the caller passed something that the function does not take */
    CKPT_E_NOMEM = 2,        /* the allocator said no */
    CKPT_E_IO = 3,           /* the system said no; sys_errno tells what */
    CKPT_E_NOT_FOUND = 4,    /* no such file, member, tensor, key */
    CKPT_E_EXISTS = 5,       /* that name is taken */
    CKPT_E_FORMAT = 6,       /* the bytes are in no format that libckpt knows (or may consider) */
    CKPT_E_VERSION = 7,      /* a version or a required feature that this library does not know */
    CKPT_E_TRUNCATED = 8,    /* the file ends before its content does */
    CKPT_E_CHECKSUM = 9,     /* bytes are not those that were written */
    CKPT_E_STRUCTURE = 10,   /* a rule of the format is broken; `rule` names it */
    CKPT_E_OVERFLOW = 11,    /* a number of the file leads out of 64 bits (or of size_t) */
    CKPT_E_BOUNDS = 12,      /* something reaches out of what holds it */
    CKPT_E_LIMIT = 13,       /* a documented limit is passed */
    CKPT_E_MANIFEST = 14,    /* a manifest is malformed; line and column say where */
    CKPT_E_SHAPE = 15,       /* shapes or attributes do not fit each other */
    CKPT_E_MISMATCH = 16,    /* two descriptions of one thing disagree */
    CKPT_E_UNSUPPORTED = 17, /* well-formed, but not something this function can handle */
    CKPT_E_DURABILITY = 18,  /* the new file is in place, but its directory could not be synced:
                                after a power loss either the old or the new file may be found */
    CKPT_E_CANCELLED = 19    /* the caller's progress function asked to stop */
} ckpt_status;

#define CKPT_NO_OFFSET UINT64_MAX

/* What went wrong. Owned by the caller, passed last, NULL where nobody wants to know. A function
 * that returns CKPT_OK leaves it untouched; any other return fills all of it. The message is one
 * line of printable text without a newline: "FILE: PLACE: RULE"; names that come from a file are
 * escaped in it as by ckpt_escape(). */
typedef struct ckpt_error {
    ckpt_status status;
    int sys_errno;   /* errno of the failed call, 0 when no system call failed */
    uint64_t offset; /* byte offset in the file, CKPT_NO_OFFSET when there is none */
    uint32_t line;   /* in a text, from 1; 0 when there is none */
    uint32_t column; /* in a text, from 1; 0 when there is none */
    char rule[8];    /* the rule of the specification that is broken, "" when none */
    char message[496];
} ckpt_error;

/* "CKPT_E_CHECKSUM" and the like, for logs; "CKPT_E_?" for a number that is none. */
CKPT_API const char *ckpt_status_name(ckpt_status status);

#ifdef __cplusplus
}
#endif
#endif
