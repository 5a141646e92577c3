/* SPDX-License-Identifier: MIT */
/* What the files share that read PyTorch's objects. spec/exchange.md, section "PyTorch", says what
 * becomes of what. */
#ifndef CK_TORCHSTATE_H
#define CK_TORCHSTATE_H

#include "base/hashmap.h"
#include "base/nametree.h"
#include "exchange/torchnames.h"
#include "exchange/torchpath.h"
#include "exchange/zipread.h"
#include "model/object.h"

/* One key of the file, however many persistent ids have it. */
typedef struct ck_torch_storage {
    const char *key; /* in ck_pickle.text */
    size_t key_size;
    uint16_t class_number; /* in ck_torch_classes */
    uint64_t numel;        /* elements of the class; bytes of an UntypedStorage */
    uint64_t size;         /* bytes in the file: may end in a part of an element */
    uint64_t offset;       /* in the file, where there is no archive */
    const ck_zip_entry *entry;
    bool is_there; /* its place in the file is known */
    bool is_made;
    uint32_t unit; /* by which it is swapped; 0, 1: not at all */
    ckpt_storage storage;
} ck_torch_storage;

/* What a node turned out to be. */
enum { CK_TORCH_UNKNOWN, CK_TORCH_ENTERED, CK_TORCH_PLAIN, CK_TORCH_HOLDS_TENSORS };

struct ck_torch_dialect;

typedef struct ck_torch_reader {
    ckpt *c;
    const struct ck_torch_dialect *dialect; /* NULL: PyTorch's own */
    ck_memory memory;
    ck_pickle pickle; /* of the object */
    uint32_t root;
    bool swap; /* the elements are big-endian */

    ck_buffer storages; /* of ck_torch_storage */
    ck_nametree keys;

    size_t node_count;
    uint8_t *seen;        /* by node: one of the above */
    uint8_t *uses;        /* by node: in how many containers it stands; 2 for more */
    uint32_t *made;       /* by node: number + 1 of the storage, tensor or module that it became */
    ck_hashmap views;     /* hash of a tensor to its number: equal views are one tensor */
    ck_hashmap places;    /* node of a tensor that stands in several places to the first of them: */
    ck_buffer place_text; /* where its pointer begins in here */

    ck_buffer path; /* the pointer to where the reader is, without a NUL */
    uint32_t depth;
    uint32_t in_optimizer; /* optimizer states around this place */
    uint64_t text_left;    /* bytes of names and pointers that may still be made */
    uint64_t values_left;  /* values that may still be made */
} ck_torch_reader;

static inline ck_torch_storage *ck_torch_storage_at(const ck_torch_reader *t, size_t i) {
    return (ck_torch_storage *)(void *)t->storages.bytes + i;
}
static inline size_t ck_torch_storage_count(const ck_torch_reader *t) {
    return t->storages.size / sizeof(ck_torch_storage);
}

/* Another program whose objects are PyTorch's but for the tensors in them. */
typedef struct ck_torch_dialect {
    const ck_pickle_name *names; /* ids below CK_TORCH_STORAGES are those of torchnames.h */
    size_t name_count;
    unsigned allowed;                              /* CK_PICKLE_PROTOCOL_2, ... */
    const char *(*rule_name)(ck_pickle_rule rule); /* as ck_pickle has it */
    bool (*is_tensor)(const ck_torch_reader *t, uint32_t node);
    /* As ck_torch_make_tensor. */
    ckpt_status (*make_tensor)(ck_torch_reader *t, uint32_t node, ckpt_tensor *ret_tensor,
                               ckpt_error *err);
    /* The name of a dtype for which an object stands; NULL: it is none. */
    const char *(*dtype_name)(const ck_torch_reader *t, uint32_t node);
} ck_torch_dialect;

/* ---- life (torchobject.c) ---- */

/* dialect: NULL for PyTorch's own. */
void ck_torch_reader_open(ck_torch_reader *t, ckpt *c, const ck_torch_dialect *dialect);
void ck_torch_reader_close(ck_torch_reader *t);
/* Runs the pickle of the object and registers its storages. */
ckpt_status ck_torch_read_object(ck_torch_reader *t, const ck_source *source, uint64_t offset,
                                 uint64_t limit, uint64_t *ret_end, ckpt_error *err);
/* Makes the model of it, when the place of every storage is known. */
ckpt_status ck_torch_build(ck_torch_reader *t, ckpt_error *err);

/* ---- storages (torchstorage.c) ---- */

/* Every persistent id of the pickle. */
ckpt_status ck_torch_register_storages(ck_torch_reader *t, ckpt_error *err);
/* UINT32_MAX when there is no such key. */
uint32_t ck_torch_find_storage(const ck_torch_reader *t, const char *key, size_t size);
uint64_t ck_torch_element_size(uint16_t class_number); /* bytes; 0: cannot be kept */
/* Where a storage lies; CKPT_E_MISMATCH when size is not what the pickle says. */
ckpt_status ck_torch_place_storage(ck_torch_reader *t, uint32_t number, uint64_t offset,
                                   uint64_t size, const ck_zip_entry *entry, ckpt_error *err);
/* What stands in a tensor's arguments: a storage, or a view of one, in elements of its class. */
typedef struct ck_torch_extent {
    uint32_t storage;
    uint64_t first, numel;
} ck_torch_extent;
ckpt_status ck_torch_extent_of(const ck_torch_reader *t, uint32_t stored, ck_torch_extent *ret,
                               ckpt_error *err);
/* The storage itself, for elements of a dtype (a place in ck_torch_dtypes). */
ckpt_status ck_torch_make_storage(ck_torch_reader *t, uint32_t number, uint16_t dtype,
                                  ckpt_storage *ret_storage, ckpt_error *err);

/* ---- tensors (torchtensor.c) ---- */

/* Whether the node is one, or a storage that stands for one. */
bool ck_torch_is_tensor(const ck_torch_reader *t, uint32_t node);
/* Also notes in torch.types what of it the model does not say. */
ckpt_status ck_torch_make_tensor(ck_torch_reader *t, uint32_t node, ckpt_tensor *ret_tensor,
                                 ckpt_error *err);
/* Notes the type of the tensor's object, "" for none; again: the very object stood somewhere
 * before. */
ckpt_status ck_torch_note_object(ck_torch_reader *t, uint32_t node, const char *type, bool again,
                                 ckpt_error *err);

/* ---- notes (torchnotes.c) ---- */

/* torch.types[path] = type. */
ckpt_status ck_torch_note_type(ck_torch_reader *t, const char *type, ckpt_error *err);
/* A map of the metadata, which is made when it is not there. */
ckpt_status ck_torch_side_map(ck_torch_reader *t, const char *name, ckpt_value *ret_map,
                              ckpt_error *err);
/* Puts the path before the message of an error. */
ckpt_status ck_torch_locate(ck_torch_reader *t, ckpt_error *err, ckpt_status status);
/* Takes bytes from t->text_left. */
ckpt_status ck_torch_spend_text(ck_torch_reader *t, uint64_t size, ckpt_error *err);

/* ---- keys (torchkeys.c) ---- */

/* The keys of a dict as texts, in order, and the word that says how they were made of its keys: ""
 * where all are texts, "[int]", "[any]". */
typedef struct ck_torch_keys {
    ck_buffer text;    /* with a NUL behind each */
    ck_buffer offsets; /* of size_t; one more than there are keys */
    const char *word;
} ck_torch_keys;

ckpt_status ck_torch_make_keys(ck_torch_reader *t, uint32_t container, ck_torch_keys *keys,
                               ckpt_error *err);
void ck_torch_clear_keys(ck_torch_reader *t, ck_torch_keys *keys);

static inline char *ck_torch_key(const ck_torch_keys *keys, uint32_t i, size_t *ret_size) {
    const size_t *offsets = (const size_t *)(const void *)keys->offsets.bytes;
    *ret_size = offsets[i + 1] - offsets[i] - 1;
    return (char *)keys->text.bytes + offsets[i];
}

/* ---- the order of modules (torchorder.c) ---- */

/* The modules that _metadata lists. */
typedef struct ck_torch_listed {
    ck_torch_keys paths;
    uint32_t count;
    ck_nametree numbers; /* of the paths */
    ck_buffer holds;     /* for each path a byte: there are tensors in it, or below */
} ck_torch_listed;

/* keys: those of dict, which are texts. To be cleared after a failure too. */
ckpt_status ck_torch_list_modules(ck_torch_reader *t, uint32_t metadata, uint32_t dict,
                                  const ck_torch_keys *keys, ck_torch_listed *ret_listed,
                                  ckpt_error *err);
void ck_torch_clear_listed(ck_torch_reader *t, ck_torch_listed *listed);

/* ---- values (torchvalue.c) ---- */

/* Stores what the node stands for, which holds no tensors, in a map under key or, where key is
 * NULL, at the end of a list. The path leads to it. */
ckpt_status ck_torch_store_value(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err);
/* A literal under key in a map or, where key is NULL, at the end of a list. */
ckpt_status ck_torch_put(ckpt_value container, const char *key, ckpt_literal literal,
                         ckpt_value *ret_value, ckpt_error *err);
/* Bytes and bytearrays, those that are made of a text too (torchbytes.c). */
ckpt_status ck_torch_store_bytes(ck_torch_reader *t, uint32_t node, ckpt_value container,
                                 const char *key, ckpt_error *err);
/* "dict", "OrderedDict", "tuple" ...: of containers. */
const char *ck_torch_container_type(const ck_torch_reader *t, uint32_t node);

/* ---- modules (torchmodule.c) ---- */

/* Whether tensors are in it, wherever; CKPT_E_UNSUPPORTED for cycles. */
ckpt_status ck_torch_survey(ck_torch_reader *t, uint32_t node, ckpt_error *err);
/* Fills a module with the elements of a container. */
ckpt_status ck_torch_fill_module(ck_torch_reader *t, uint32_t node, ckpt_module module,
                                 ckpt_error *err);

/* ---- _metadata (torchversions.c) ---- */

/* The _metadata of a state_dict: a dict; NO_NODE when there is none. */
uint32_t ck_torch_metadata_of(const ck_torch_reader *t, uint32_t node);
/* Keeps it in torch.versions; reports what else the dict has for attributes. */
ckpt_status ck_torch_keep_metadata(ck_torch_reader *t, uint32_t node, ckpt_error *err);

#endif
