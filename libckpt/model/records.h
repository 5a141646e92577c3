/* SPDX-License-Identifier: MIT */
/* The records of the object model.
 *
 * They have the layout of the records in the index of a .ckpt file (spec/ckpt-format.md, sections 6
 * to 9), in the byte order of the host. So opening a file builds nothing: the tables of the model
 * are the index, checked once. What a change adds goes behind them. */
#ifndef CK_RECORDS_H
#define CK_RECORDS_H

#include <stdint.h>

#define CK_NONE UINT32_MAX

typedef struct ck_dtype_rec {
    uint32_t name;
    uint8_t dtype_class;
    uint8_t reserved[3];
    uint32_t block_elements;
    uint32_t block_bytes;
} ck_dtype_rec;

typedef struct ck_module_rec {
    uint32_t type;
    uint32_t member_count;
    uint64_t first_member;
    uint32_t program;
    uint32_t reserved;
} ck_module_rec;

enum { CK_MEMBER_MODULE = 1, CK_MEMBER_TENSOR = 2 };

typedef struct ck_member_rec {
    uint32_t name;
    uint32_t target;
    uint32_t by_name; /* kept up only until the first change: see ck_thaw in object.h */
    uint32_t kind;
} ck_member_rec;

enum { CK_TENSOR_STRIDED = 1, CK_TENSOR_BUFFER = 2, CK_TENSOR_REQUIRES_GRAD = 4 };

typedef struct ck_tensor_rec {
    uint32_t storage;
    uint16_t dtype;
    uint8_t rank;
    uint8_t flags;
    uint64_t offset; /* bytes */
    uint64_t first_dimension;
} ck_tensor_rec;

typedef struct ck_storage_rec {
    uint64_t offset;
    uint64_t size;
    uint64_t stored_size;
    uint64_t first_chunk;
    uint8_t encoding;
    uint8_t chunk_log2;
    uint8_t width;    /* of an encoded storage: bytes of an element, and number of planes */
    uint8_t rotation; /* bits by which an element was rotated to the left */
    uint32_t part;    /* CK_NONE: in the file; else a number of PARTS, or, once the storages of a
                         checkpoint are linked to their files, of ckpt.payloads */
} ck_storage_rec;

enum { CK_ENCODING_RAW = 0, CK_ENCODING_PLANES = 1 };

typedef struct ck_value_rec {
    uint32_t key;
    uint32_t by_key; /* as by_name; after the first change the depth of the value */
    uint32_t type;
    uint32_t count;
    uint64_t payload;
} ck_value_rec;

typedef struct ck_retired_rec {
    uint64_t offset;
    uint64_t size;
    uint32_t kind;
    uint32_t reserved;
    uint64_t sequence;
    uint64_t checksum;
} ck_retired_rec;

typedef struct ck_part_rec {
    uint32_t name;
    uint32_t reserved;
    uint64_t size;
    uint8_t sha256[32];
} ck_part_rec;

_Static_assert(sizeof(ck_dtype_rec) == 16, "spec, section 6");
_Static_assert(sizeof(ck_module_rec) == 24, "spec, section 7.1");
_Static_assert(sizeof(ck_member_rec) == 16, "spec, section 7.2");
_Static_assert(sizeof(ck_tensor_rec) == 24, "spec, section 7.3");
_Static_assert(sizeof(ck_storage_rec) == 40, "spec, section 8");
_Static_assert(sizeof(ck_value_rec) == 24, "spec, section 9");
_Static_assert(sizeof(ck_retired_rec) == 40, "spec, section 11");
_Static_assert(sizeof(ck_part_rec) == 48, "spec, section 8.2");

/* Limits of the format. */
enum {
    CK_MAX_RANK = 64,
    CK_MAX_DEPTH = 128,       /* members in a path */
    CK_MAX_NAME_SIZE = 65535, /* bytes of a dotted name */
    CK_MAX_VALUE_DEPTH = 64,
    CK_MAX_BLOCK = 65536, /* elements or bytes */
    CK_MAX_DTYPE_NAME = 32
};
#define CK_MAX_NAMES ((uint64_t)1 << 26)
#define CK_SIZE_LIMIT ((uint64_t)1 << 63) /* sizes and extents stay below */

#endif
