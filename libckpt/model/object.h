/* SPDX-License-Identifier: MIT */
/* What a checkpoint is in memory, for the rooms behind the public header.
 *
 * All objects are numbered records in tables (records.h). A checkpoint that was opened and not
 * changed is *frozen*: members and map elements are found through their sorted order. The first
 * change calls ck_thaw, which builds hash tables that take over; records keep their numbers. */
#ifndef CK_OBJECT_H
#define CK_OBJECT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/source.h"
#include "model/losses.h"
#include "model/records.h"
#include "model/table.h"

#include <ckpt/file.h>

#include <pthread.h>

/* The string table: `fixed` strings of the file, sorted, then those that were added. None of them
 * ever moves. */
typedef struct ck_strings {
    const uint64_t *offsets; /* fixed + 1 of them */
    const char *bytes;
    uint32_t fixed;
    ck_table added;   /* of ck_added_string */
    ck_hashmap index; /* hash of the text to number; filled by ck_thaw */
} ck_strings;

typedef struct ck_added_string {
    char *text;
    uint32_t size;
} ck_added_string;

/* Where the bytes of a storage lie that are not at storage.offset of the checkpoint's file. */
typedef enum ck_payload_kind {
    CK_PAYLOAD_RESERVED, /* nowhere yet: reads as zeros */
    CK_PAYLOAD_OWNED,
    CK_PAYLOAD_BORROWED,
    CK_PAYLOAD_LINKED,  /* in a storage of another checkpoint */
    CK_PAYLOAD_PROVIDED /* computed, piece by piece, when they are asked for */
} ck_payload_kind;

/* Bytes that must be transformed on the way: inflated, swapped, converted. Nothing of them is kept,
 * so that memory stays flat; who wants them as a whole calls ckpt_storage_data. */
typedef struct ck_provider {
    void *ctx;
    /* Exactly the bytes [offset, offset + size) of the storage, inside of it; size is not 0. Called
     * from several threads. Offsets mostly ascend: a provider that has to go through what comes
     * before may keep its place. */
    ckpt_status (*read)(void *ctx, uint64_t offset, size_t size, void *destination,
                        ckpt_error *err);
    void (*close)(void *ctx); /* when the checkpoint is freed */
} ck_provider;

typedef struct ck_payload {
    ck_payload_kind kind;
    void *owned;
    uint64_t committed_low,
        committed_high; /* hash of the owned bytes as a commit has written them */
    const void *borrowed;
    ckpt_storage link;
    ck_provider provider;
} ck_payload;

/* How the chunks of encoded storages are decoded; the room that knows the format provides it. Work
 * is for one thread at a time, and decode uses no memory hook. */
typedef struct ck_chunk_coding {
    /* room: decoded bytes of the largest chunk */
    ckpt_status (*open)(const ck_memory *memory, size_t room, void **ret_work, ckpt_error *err);
    /* To exactly size bytes, at most room; NULL, or what is wrong with the chunk. */
    const char *(*decode)(void *work, const ck_storage_rec *rec, const unsigned char *stored,
                          size_t stored_size, unsigned char *bytes, size_t size);
    void (*close)(void *work); /* takes NULL */
} ck_chunk_coding;

typedef struct ck_decoder_pool ck_decoder_pool;

/* A storage that had to be read to be pointed at. */
typedef struct ck_loaded {
    void *bytes;
    uint64_t size;
} ck_loaded;

struct ckpt {
    ck_memory memory;

    ck_strings strings;
    ck_table dtypes;
    ck_table modules;
    ck_table members;
    ck_table tensors;
    ck_table dimensions; /* of uint64_t */
    ck_table storages;
    ck_table chunks;     /* of uint64_t: checksums */
    ck_table chunk_ends; /* of uint64_t: as many as chunks, or none where nothing is encoded */
    ck_table values;
    ck_buffer value_bytes;
    size_t value_bytes_fixed_size; /* value_bytes.bytes belongs to the index while capacity is 0 */

    bool thawed;
    bool is_changed; /* since it was opened, created or committed; bytes of storages do not count */
    ck_hashmap member_index; /* module << 32 | name to place in the run */
    ck_hashmap value_index;  /* first element << 32 | key to place in the run */
    /* Runs whose first elements were removed begin later, and the places noted in the indexes count
     * from where they began before: */
    ck_hashmap member_shifts; /* module to how many there were, when there were any */
    ck_hashmap value_shifts;  /* first element to the same; also what is to be taken from it to have
                                 the first element that value_index knows */
    ck_table member_rooms;  /* of uint32_t, by module: the room of its run, CK_HASH_NONE where that
                               has not grown; of the modules before the last that has */
    ck_hashmap value_rooms; /* first element to the room of the run, when that has grown */
    uint32_t attributes_fixed; /* modules whose attributes are the value 1 + module */
    ck_table attributes_added; /* of uint32_t: the values of the others */
    uint16_t dtype_numbers[CKPT_DTYPE_COUNT]; /* number + 1 of a registered type, 0 not yet used */
    uint64_t hash_seed;

    ck_table payloads; /* of ck_payload */
    ck_table attached; /* of ckpt * */
    ckpt *attached_to;

    const ck_chunk_coding *coding; /* NULL where nothing is encoded */
    ck_decoder_pool *decoders;     /* the same; see decoderpool.h */
    unsigned threads;              /* to read with; 0: one for each processor */
    ck_losses losses;              /* to tell of what reading could not keep */
    ck_source source;              /* the file; size 0 and no name when there is none */
    bool has_source;
    char *directory;      /* that was opened, where the file is inside of it; else NULL */
    unsigned char *index; /* in which the frozen tables lie */
    size_t index_size;
    unsigned char *index_block; /* of index_room bytes; the index begins at a page of it */
    size_t index_room;
    ckpt_file_info info;
    ck_table retired; /* of ck_retired_rec */
    ck_table parts;   /* of ck_part_rec */
    /* Of ckpt *, by part: what stands for the files in which the parts lie, attached. Each has one
     * of those files for its source, and copies of the records of the storages in it. */
    ck_table part_files;
    const ck_part_rec *part; /* of a checkpoint that is such a file; else NULL */
    const char *part_name;   /* its name; belongs to the other checkpoint */
    uint64_t index_offset;
    uint64_t index_checksum;
    uint64_t wanted_generation; /* that is to be opened; 0: the newest */
    bool is_older;              /* a generation before the newest is open */
    bool is_committed;          /* a commit has written the generation that this stands for */
    ck_table file_numbers; /* of uint32_t, by storage: its number in the file, CK_NONE when it is
                              not in use there. For one that is committed; before, the storages of
                              the file have their own numbers */

    pthread_mutex_t lock; /* guards loaded and loaded_index */
    ck_table loaded;      /* of ck_loaded */
    ck_hashmap loaded_index;
};

/* ---- life ---- */

/* An empty checkpoint without even a root; the caller fills the tables. */
ckpt_status ck_ckpt_new(const ckpt_allocator *allocator, ckpt **ret_ckpt, ckpt_error *err);
/* A root module of type "" and empty metadata; for a checkpoint from ck_ckpt_new. */
ckpt_status ck_add_root(ckpt *c, ckpt_error *err);
const ck_memory *ck_ckpt_memory(const ckpt *c);
/* Hands the file over to the checkpoint, which closes it; *source is left empty. */
void ck_take_source(ckpt *c, ck_source *source);

/* ---- records; ids must be valid ---- */

static inline ck_dtype_rec *ck_dtype_at(const ckpt *c, uint32_t i) {
    return (ck_dtype_rec *)c->dtypes.records + i;
}
static inline ck_module_rec *ck_module_rec_at(const ckpt *c, uint32_t i) {
    return (ck_module_rec *)c->modules.records + i;
}
/* Members and dimensions come in runs; the beginning of an empty run may be asked for while there
 * are no records at all, and is NULL then. */
static inline ck_member_rec *ck_member_at(const ckpt *c, uint64_t i) {
    return c->members.records != NULL ? (ck_member_rec *)c->members.records + i : NULL;
}
static inline ck_tensor_rec *ck_tensor_at(const ckpt *c, uint32_t i) {
    return (ck_tensor_rec *)c->tensors.records + i;
}
static inline uint64_t *ck_dimension_at(const ckpt *c, uint64_t i) {
    return c->dimensions.records != NULL ? (uint64_t *)c->dimensions.records + i : NULL;
}
static inline ck_storage_rec *ck_storage_at(const ckpt *c, uint32_t i) {
    return (ck_storage_rec *)c->storages.records + i;
}
static inline uint64_t *ck_chunk_at(const ckpt *c, uint64_t i) {
    return (uint64_t *)c->chunks.records + i;
}
/* Where the stored bytes of a chunk end, from the offset of its storage. */
static inline uint64_t ck_chunk_end_at(const ckpt *c, uint64_t i) {
    return ((const uint64_t *)c->chunk_ends.records)[i];
}
static inline ck_value_rec *ck_value_at(const ckpt *c, uint64_t i) {
    return (ck_value_rec *)c->values.records + i;
}
static inline ck_payload *ck_payload_at(const ckpt *c, uint32_t i) {
    return (ck_payload *)c->payloads.records + i;
}

/* The value that holds the attributes of a module. */
uint32_t ck_attributes_of(const ckpt *c, uint32_t module);

/* ---- strings ---- */

uint32_t ck_string_count(const ckpt *c);
const char *ck_string(const ckpt *c, uint32_t i, size_t *ret_size); /* ret_size may be NULL */
/* The number of a text, which is added when it is new. CKPT_E_ARGUMENT when it is not UTF-8 or has
 * a NUL. The checkpoint must be thawed. */
ckpt_status ck_intern(ckpt *c, const char *text, size_t size, uint32_t *ret_string,
                      ckpt_error *err);
/* CK_NONE when there is no such text. The checkpoint must be thawed. */
uint32_t ck_find_string(const ckpt *c, const char *text, size_t size);
ckpt_status ck_thaw_strings(ckpt *c, ckpt_error *err);
void ck_strings_clear(ckpt *c);

/* ---- changes ---- */

ckpt_status ck_thaw(ckpt *c, ckpt_error *err);
static inline uint64_t ck_pair(uint64_t high, uint32_t low) {
    return high << 32 | low;
}

/* ---- storages ---- */

/* A storage with a size and no bytes: it reads as zeros until one of the next two is called. */
ckpt_status ck_storage_reserve(ckpt *c, uint64_t size, ckpt_storage *ret_storage, ckpt_error *err);
/* Gives a reserved storage zeros of its own, so that it is writable. */
ckpt_status ck_storage_fill_zeros(ckpt_storage storage, ckpt_error *err);
/* Takes back the storage that was added last, with its bytes; nothing may view it. */
void ck_storage_discard_last(ckpt *c);
/* Lets a reserved storage be the bytes of another one, of the same size. */
ckpt_status ck_storage_relink(ckpt_storage storage, ckpt_storage other, ckpt_error *err);
/* Bytes [offset, offset + size) of the checkpoint's file, raw and without checksums. */
ckpt_status ck_storage_in_source(ckpt *c, uint64_t offset, uint64_t size, ckpt_storage *ret_storage,
                                 ckpt_error *err);
/* A storage whose bytes the provider computes. *provider is copied; on failure it stays the
 * caller's to close. */
ckpt_status ck_storage_provide(ckpt *c, uint64_t size, const ck_provider *provider,
                               ckpt_storage *ret_storage, ckpt_error *err);
bool ck_storage_is_in_file(const ckpt *c, uint32_t storage);

/* ---- tensors and modules ---- */

/* A tensor with a storage of its own and a dense copy of the bytes; it has no name. */
ckpt_status ck_tensor_copy(ckpt_tensor tensor, ckpt_tensor *ret_copy, ckpt_error *err);
/* Takes back the tensor that was made last; it has no name yet. Its storage stays. */
void ck_tensor_discard_last(ckpt *c);
/* ckpt_share_module for callers that know that no cycle can come of it, as when a text is read in
 * which a module can only be named again after its end. */
ckpt_status ck_share_closed_module(ckpt_module parent, const char *name, ckpt_module module,
                                   ckpt_error *err);

/* ---- values ---- */

/* Room for count elements in a list that is empty and has had no element before: they then cost one
 * record each, and nothing moves while they are appended. */
ckpt_status ck_list_reserve(ckpt_value list, uint32_t count, ckpt_error *err);

/* ---- names ---- */

/* Whether text can be a component of a dotted name. */
ckpt_status ck_check_component(const char *text, size_t size, ckpt_error *err);

#endif
