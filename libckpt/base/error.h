/* SPDX-License-Identifier: MIT */
/* Filling the caller's ckpt_error. Each ck_fail gives back the status that it stores, so that a
 * failure is one statement: return ck_fail(err, CKPT_E_..., "...", ...). They are macros so that
 * the compiler sees which status comes back; status is evaluated twice. */
#ifndef CK_ERROR_H
#define CK_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include <ckpt/status.h>

#if defined(__GNUC__)
#define CK_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CK_PRINTF(text, first)
#endif

/* What an error is about. Any part may be left out: name NULL, offset CKPT_NO_OFFSET, rule NULL,
 * line 0. The message becomes "NAME: offset N: rule R: TEXT", "NAME:LINE:COLUMN: TEXT" or shorter;
 * name is escaped, the text is taken as it is (quote names in it with CK_NAME). */
typedef struct ck_place {
    const char *name;
    uint64_t offset;
    const char *rule;
    uint32_t line, column;
} ck_place;

void ck_set_error(ckpt_error *err, ckpt_status status, const char *format, ...) CK_PRINTF(3, 4);
void ck_set_error_at(ckpt_error *err, const ck_place *place, ckpt_status status, const char *format,
                     ...) CK_PRINTF(4, 5);
#define ck_fail(err, status, ...) (ck_set_error((err), (status), __VA_ARGS__), (status))
#define ck_fail_at(err, place, status, ...)                                                        \
    (ck_set_error_at((err), (place), (status), __VA_ARGS__), (status))
/* Of a rule, where a layer above knows the file. */
#define ck_fail_rule(err, name, status, ...)                                                       \
    (ck_set_error_at((err), &(const ck_place){NULL, CKPT_NO_OFFSET, (name), 0, 0}, (status),       \
                     __VA_ARGS__),                                                                 \
     (status))
#define ck_fail_nomem(err)                                                                         \
    (ck_set_error((err), CKPT_E_NOMEM, "out of memory"), (ckpt_status)CKPT_E_NOMEM)
/* CKPT_E_NOMEM, CKPT_E_NOT_FOUND (ENOENT) or CKPT_E_IO for an errno: "NAME: cannot WHAT: TEXT". */
ckpt_status ck_fail_errno(ckpt_error *err, const char *name, const char *what, int sys_errno);

/* Escaped copies of names for messages: ck_fail(err, s, "no tensor '%s'", CK_NAME(name)). They are
 * cut, with "..." at the end, when longer than the room. */
typedef struct ck_name_text {
    char text[128];
} ck_name_text;
ck_name_text ck_name(const char *name);
ck_name_text ck_name_n(const char *name, size_t size);
#define CK_NAME(name) (ck_name(name).text)

/* Puts "NAME: " before the message of an error that a deeper layer stored without knowing the file.
 * Returns err's status unchanged; does nothing for CKPT_OK or NULL. */
ckpt_status ck_error_prefix(ckpt_error *err, ckpt_status status, const char *name);
/* Says of an error that a deeper layer stored which rule it breaks. */
void ck_error_rule(ckpt_error *err, const char *rule);

#endif
