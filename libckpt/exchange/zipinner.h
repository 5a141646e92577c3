/* SPDX-License-Identifier: MIT */
/* What the files of the ZIP reader share. */
#ifndef CK_ZIPINNER_H
#define CK_ZIPINNER_H

#include "base/error.h"
#include "exchange/zipread.h"

#define CK_ZIP_LOCAL_SIGNATURE 0x04034b50u
#define CK_ZIP_CENTRAL_SIGNATURE 0x02014b50u
#define CK_ZIP_END_SIGNATURE 0x06054b50u
#define CK_ZIP_END64_SIGNATURE 0x06064b50u
#define CK_ZIP_LOCATOR_SIGNATURE 0x07064b50u
#define CK_ZIP_DESCRIPTOR_SIGNATURE 0x08074b50u

#define CK_ZIP_FLAG_DESCRIPTOR 0x0008u
#define CK_ZIP_FLAG_UTF8 0x0800u

enum {
    CK_ZIP_LOCAL_SIZE = 30, /* without name and extra field, as the next one */
    CK_ZIP_CENTRAL_SIZE = 46,
    CK_ZIP_END_SIZE = 22,
    CK_ZIP_END64_SIZE = 56,
    CK_ZIP_LOCATOR_SIZE = 20,
    CK_ZIP_EXTRA64 = 0x0001, /* id of the extra field */
    CK_ZIP_UNIX = 3 << 8,    /* of a version: the system of the writer */
    CK_ZIP_VERSION64 = 45,   /* from which on there is Zip64 */
    CK_ZIP_EXPANSION = 1032  /* to how many times its size deflate can expand */
};

struct ck_zip {
    ck_memory memory;
    const ck_source *source; /* while the archive is opened */
    uint64_t directory_offset;
    uint64_t directory_size;
    uint64_t declared; /* entries, as the end record has it */
    bool ignore_case;
    ck_zip_entry *entries;
    uint32_t count;               /* of them that are there */
    uint32_t capacity;            /* of entries and by_name */
    ck_buffer names;              /* with a NUL behind each */
    const ck_zip_entry **by_name; /* sorted */
};

/* What an extra field says that matters here. */
typedef struct ck_zip_extra {
    const unsigned char *zip64; /* NULL: there is none */
    size_t zip64_size;
} ck_zip_extra;

/* NULL, or what is wrong with the field (Z8). */
const char *ck_zip_parse_extra(const unsigned char *bytes, size_t size, ck_zip_extra *ret_extra);

/* CKPT_E_STRUCTURE at a place of the file; the text follows. */
#define ck_zip_fail(source, offset, rule, err, ...)                                                \
    ck_fail_at((err), (&(ck_place){(source)->name, (offset), (rule), 0, 0}), CKPT_E_STRUCTURE,     \
               __VA_ARGS__)

/* For 32 bits: all ones where the number does not fit, and stands in a Zip64 field. */
static inline uint32_t ck_zip_narrow(uint64_t value) {
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* The steps of ck_zip_open. */
ckpt_status ck_zip_read_end(ck_zip *zip, ckpt_error *err);       /* Z1, Z2, Z3 */
ckpt_status ck_zip_read_directory(ck_zip *zip, ckpt_error *err); /* Z3 to Z6, Z8 */
ckpt_status ck_zip_check_locals(ck_zip *zip, ckpt_error *err);   /* Z8 to Z11 */
ckpt_status ck_zip_sort_names(ck_zip *zip, ckpt_error *err);     /* Z7 */

#endif
