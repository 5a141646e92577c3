/* SPDX-License-Identifier: MIT */
/* ZIP archives, read strictly: an archive that two programs could take for different things is
 * refused. Rules have the names Z1 to Z12:
 *
 * Z1  The end record is the end of the file; it has no comment, one disk, and no second signature.
 * Z2  Zip64 records agree with the end record, and lie directly before it.
 * Z3  The central directory is directly before that, and its records fill it exactly.
 * Z4  Flags: only those for a data descriptor, for UTF-8 and for the deflate level; no encryption.
 *     No entry asks for a version after 6.3.
 * Z5  Methods 0 (stored: both sizes are equal) and 8 (deflated: size at most 1032 times as large).
 * Z6  Names are relative paths of UTF-8 (ASCII without its flag) with '/', without empty
 *     components, ".", "..", drive letters, NUL, control characters or backslashes.
 * Z7  Names are told apart, where the archive's owner asks for it also without regard to case; none
 *     is a directory of another one.
 * Z8  Extra fields are well-formed and give no other name; a Zip64 one is there once, and says
 *     exactly what the record left to it.
 * Z9  The local header says what the central directory says.
 * Z10 A data descriptor is there exactly when the flags say so, and says the same.
 * Z11 Entries and central directory fill the file from its first byte, without overlap or gap.
 * Z12 A deflated stream ends where the entry ends, and has the size and the CRC-32 of the entry. */
#ifndef CK_ZIPREAD_H
#define CK_ZIPREAD_H

#include "base/buffer.h"
#include "model/format.h"

#define CK_ZIP_STORED 0
#define CK_ZIP_DEFLATED 8

typedef struct ck_zip_entry {
    const char *name; /* with a NUL behind it; a directory's ends with '/' */
    uint32_t name_size;
    uint16_t flags, method;
    uint32_t crc32;           /* of the content. Not checked by ck_zip_open */
    uint64_t size;            /* of the content */
    uint64_t compressed_size; /* in the file */
    uint64_t header_offset;   /* of the local header, in the file */
    uint64_t data_offset;     /* of the compressed bytes, in the file */
} ck_zip_entry;

typedef struct ck_zip ck_zip;

/* The name of the first entry of an archive, not terminated; NULL when there are no entries. */
typedef struct ck_zip_first {
    const char *name;
    size_t size;
    bool is_cut; /* the name is longer than what is there of it */
} ck_zip_first;

/* Whether a file that begins so can be an archive. */
bool ck_zip_probe(const unsigned char *head, size_t size, uint64_t file_size,
                  ck_zip_first *ret_first);

/* Reads and checks the whole structure: end records, central directory (in one request), local
 * headers and data descriptors (in the order of the file, those that are near each other in one
 * request). Time and memory are n log n in the entries, which are bounded by the bytes that are
 * there. ignore_case: names that differ only in the case of ASCII letters are refused as equal.
 * CKPT_E_STRUCTURE with the rule; CKPT_E_TRUNCATED where the file ends without an end record;
 * CKPT_E_UNSUPPORTED for other methods and encryption. */
ckpt_status ck_zip_open(ck_zip **ret_zip, const ck_memory *memory, const ck_source *source,
                        bool ignore_case, ckpt_error *err);
void ck_zip_close(ck_zip *zip); /* takes NULL */

/* Entries in the order of the central directory; pointers live as long as the ck_zip. */
uint32_t ck_zip_count(const ck_zip *zip);
const ck_zip_entry *ck_zip_entry_at(const ck_zip *zip, uint32_t i);
/* NULL when there is none; by the exact name, in log n. */
const ck_zip_entry *ck_zip_find(const ck_zip *zip, const char *name, size_t name_size);

/* The whole content, with its CRC-32 checked, at the end of *buffer. CKPT_E_LIMIT when it has more
 * than limit bytes: nothing is allocated then. source: the one that ck_zip_open was given, or the
 * checkpoint's that has taken it over. */
ckpt_status ck_zip_read_entry(const ck_memory *memory, const ck_source *source,
                              const ck_zip_entry *entry, uint64_t limit, ck_buffer *buffer,
                              ckpt_error *err);
/* The first size bytes of the content, which must have as many; the CRC-32 is not checked. */
ckpt_status ck_zip_read_start(const ck_memory *memory, const ck_source *source,
                              const ck_zip_entry *entry, void *bytes, size_t size, ckpt_error *err);

/* A storage that is bytes [offset, offset + size) of the content; they must lie in it. Stored ones
 * are taken from the file as they are (zero copy where it is mapped), without a look at the CRC-32.
 * Deflated ones are inflated as they are asked for, in bounded memory, and a read of the last byte
 * fails unless stream, size and CRC-32 are those of the entry. swap: bytes of a unit, to be
 * reversed on the way (2, 4, 8); 0 or 1: none; size must be a multiple of it. c need not have taken
 * its source over yet, but must have when the storage is read. Nothing of the ck_zip is kept. */
ckpt_status ck_zip_storage(ckpt *c, const ck_zip_entry *entry, uint64_t offset, uint64_t size,
                           uint32_t swap, ckpt_storage *ret_storage, ckpt_error *err);

/* Entry `verify` of a format whose files are archives: the CRC-32 of every entry is checked; each
 * is one chunk, of the result and of the damage that is reported. */
ckpt_status ck_zip_verify(ckpt *c, const ckpt_verify_options *options, ckpt_verify_result *result,
                          ckpt_error *err);

#endif
