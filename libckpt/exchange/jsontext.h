/* SPDX-License-Identifier: MIT */
/* A strict reader of JSON (RFC 8259) that is told what to expect and takes it piece by piece: what
 * is not expected is refused, so nothing is ever skipped and nesting is as deep as the caller goes.
 * Strings are well-formed UTF-8 without NUL; numbers are integers from 0 to 2^63-1 in canonical
 * decimal. */
#ifndef CK_JSONTEXT_H
#define CK_JSONTEXT_H

#include "base/buffer.h"
#include "base/error.h"

#include <ckpt/values.h>

typedef struct ck_json {
    ck_memory memory;
    const char *name;     /* for messages */
    uint64_t file_offset; /* of the text, for messages */
    const char *rule;     /* what a text breaks that is not what the caller expects; or NULL */
    const char *text;
    size_t size;
    size_t position;
    ck_buffer string;   /* the last one that was read, unescaped, with a NUL behind it */
    char *in_place;     /* the text, where strings are unescaped in it; else NULL */
    const char *placed; /* the last one, then */
} ck_json;

/* Borrows text, and of place the name (of the file), the offset (of the text in it) and the rule,
 * which callers change where another one holds. CKPT_E_STRUCTURE when the text is not UTF-8. Close
 * in every case. */
ckpt_status ck_json_open(ck_json *json, const ck_memory *memory, const char *text, size_t size,
                         const ck_place *place, ckpt_error *err);
/* The same for a text that may be changed: strings are unescaped where they stand, and stay there
 * for as long as the text does. */
ckpt_status ck_json_open_in_place(ck_json *json, const ck_memory *memory, char *text, size_t size,
                                  const ck_place *place, ckpt_error *err);
void ck_json_close(ck_json *json);

/* White space, then that character and no other. */
ckpt_status ck_json_expect(ck_json *json, char c, const char *what, ckpt_error *err);
/* Inside an object or array, behind what opens it or behind an element: whether another element
 * follows (and then what separates it is taken) or the end does (and then that is taken). first:
 * whether no element was read yet. */
ckpt_status ck_json_more(ck_json *json, char end, bool first, bool *ret_more, ckpt_error *err);
/* Both leave the text in ck_json_text, valid until the next string; its size excludes the NUL. */
ckpt_status ck_json_string(ck_json *json, const char *what, size_t *ret_size, ckpt_error *err);
ckpt_status ck_json_key(ck_json *json, size_t *ret_size, ckpt_error *err); /* and the colon */
ckpt_status ck_json_uint(ck_json *json, const char *what, uint64_t *ret_value, ckpt_error *err);
/* A string (in ck_json_text, as above), a number, true, false or null, as the value that is to be
 * stored. Numbers without fraction and exponent are integers from -2^63 to 2^63-1 in canonical
 * decimal; the others, numbers that a float64 can come near. */
ckpt_status ck_json_scalar(ck_json *json, const char *what, ckpt_literal *ret_value,
                           ckpt_error *err);
/* Nothing but white space may follow. */
ckpt_status ck_json_end(ck_json *json, ckpt_error *err);

static inline const char *ck_json_text(const ck_json *json) {
    return json->in_place != NULL ? json->placed : (const char *)json->string.bytes;
}

/* For failures of a rule of their own: ck_json_fail(ck_json_by(json, "..."), err, ...). */
static inline ck_json *ck_json_by(ck_json *json, const char *rule) {
    json->rule = rule;
    return json;
}

/* CKPT_E_STRUCTURE at the place where the reader is. */
ckpt_status ck_json_fail(const ck_json *json, ckpt_error *err, const char *format, ...)
    CK_PRINTF(3, 4);

#endif
