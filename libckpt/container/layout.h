/* SPDX-License-Identifier: MIT */
/* Every constant of the .ckpt format (spec/ckpt-format.md); the records are in model/records.h. */
#ifndef CK_LAYOUT_H
#define CK_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/* Section 2 and 3: the header pages. */
#define CK_MAGIC                                                                                   \
    "\x8e"                                                                                         \
    "CKP\r\n\x1a\n"
enum {
    CK_MAGIC_SIZE = 8,
    CK_PAGE_SIZE = 4096,
    CK_SLOT_SIZE = 128,
    CK_HEADER_SIZE = 2 * CK_PAGE_SIZE,

    CK_SLOT_MAJOR = 8,
    CK_SLOT_MINOR = 10,
    CK_SLOT_STATE = 12,
    CK_SLOT_REQUIRED = 16,
    CK_SLOT_OPTIONAL = 24,
    CK_SLOT_SEQUENCE = 32,
    CK_SLOT_INDEX_OFFSET = 40,
    CK_SLOT_INDEX_SIZE = 48,
    CK_SLOT_INDEX_CHECKSUM = 56,
    CK_SLOT_FILE_SIZE = 64,
    CK_SLOT_UNUSED = 72,
    CK_SLOT_CHECKSUM = 120,

    CK_VERSION_MAJOR = 1,
    CK_VERSION_MINOR = 0,
    CK_STATE_COMMITTED = 1,
    CK_STATE_EDITING = 2
};

/* Section 3.3: the required features that this library knows. */
#define CK_FEATURE_PARTS ((uint64_t)1)
#define CK_FEATURE_ENCODED ((uint64_t)2)
#define CK_KNOWN_FEATURES (CK_FEATURE_PARTS | CK_FEATURE_ENCODED)

/* Section 4: the index. */
enum {
    CK_DIRECTORY_HEAD = 8,
    CK_DIRECTORY_ENTRY = 32,
    CK_SECTION_ALIGNMENT = 8,
    CK_SECTION_CRITICAL = 1,

    CK_STRING_OFFSETS = 1,
    CK_STRING_BYTES = 2,
    CK_DTYPES = 3,
    CK_MODULES = 4,
    CK_MEMBERS = 5,
    CK_TENSORS = 6,
    CK_DIMENSIONS = 7,
    CK_STORAGES = 8,
    CK_CHUNKS = 9,
    CK_VALUES = 10,
    CK_VALUE_BYTES = 11,
    CK_RETIRED = 12,
    CK_CHUNK_ENDS = 13,

    CK_CORE_SECTIONS = 11, /* kinds 1 to 11 are in every index */
    CK_PROGRAMS = 32,
    CK_PARTS = 33,
    CK_SECTION_ROOM = 34, /* over all kinds that are known */
    CK_SIGNATURE = 34,
    CK_ENCRYPTION = 35
};
#define CK_PRIVATE_SECTIONS ((uint32_t)0x80000000u)

/* Section 8: the payload. */
enum {
    CK_ALIGNMENT = 64,
    CK_LARGE_ALIGNMENT = 4096,
    CK_LARGE_SIZE = 65536,
    CK_MIN_CHUNK_LOG2 = 12,
    CK_MAX_CHUNK_LOG2 = 30,
    CK_DEFAULT_CHUNK_LOG2 = 20,

    /* Section 8.1: encoded storages. */
    CK_MAX_ENCODED_CHUNK_LOG2 = 24,
    CK_MAX_WIDTH = 8,
    CK_PLANE_WORD = 4, /* bytes of the word that describes a plane */
    CK_PLANE_STORED = 0,
    CK_PLANE_DEFLATED = 1,
    CK_PLANE_METHOD_SHIFT = 30,
    CK_MAX_RATIO = 1032 /* a deflated byte gives at most so many */
};

/* Section 8.2: storages in other files. */
enum { CK_MAX_PARTS = 4096, CK_MAX_PART_NAME = 255 };

/* Section 11. */
enum { CK_RETIRED_INDEX = 1, CK_RETIRED_STORAGE = 2, CK_RETIRED_ENCODED = 3 };

static inline uint64_t ck_storage_alignment(uint64_t stored_size) {
    return stored_size >= CK_LARGE_SIZE ? CK_LARGE_ALIGNMENT : CK_ALIGNMENT;
}

/* That of a storage in the file: nobody maps an encoded one to look at its elements. */
static inline uint64_t ck_extent_alignment(uint8_t encoding, uint64_t stored_size) {
    return encoding == 0 ? ck_storage_alignment(stored_size) : CK_ALIGNMENT;
}

/* Bytes of one record of a section in version 1.0; 0 for kinds that this library does not know. */
static inline uint32_t ck_record_size(uint32_t kind) {
    static const uint8_t sizes[CK_CHUNK_ENDS + 1] = {0, 8,  1, 16, 24, 16, 24,
                                                     8, 40, 8, 24, 1,  40, 8};
    return kind <= CK_CHUNK_ENDS ? sizes[kind] : kind == CK_PARTS ? 48 : 0;
}

static inline bool ck_section_is_known(uint32_t kind) {
    return ck_record_size(kind) != 0;
}

#endif
