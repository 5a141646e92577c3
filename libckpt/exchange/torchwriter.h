/* SPDX-License-Identifier: MIT */
/* What the files share that write PyTorch's objects. */
#ifndef CK_TORCHWRITER_H
#define CK_TORCHWRITER_H

#include "base/nametree.h"
#include "exchange/pickle.h"
#include "exchange/picklewrite.h"
#include "exchange/torchentries.h"
#include "exchange/torchnames.h"
#include "model/object.h"

/* Elements that lists and dicts are given at once, as pickle does it. */
#define CK_TORCH_BATCH 1000u

/* A storage of the checkpoint, by its number there. */
typedef struct ck_torch_written {
    bool is_used;          /* a tensor that is written views it */
    uint16_t class_number; /* in ck_torch_classes */
    uint32_t key;          /* in the file, from 1; 0: not yet named */
} ck_torch_written;

/* A tensor object that may be named again. */
typedef struct ck_torch_first {
    uint32_t memo; /* 0: not yet written */
    uint32_t tensor;
} ck_torch_first;

/* Things that pickles name again and again, with their numbers in the memo; 0: not yet. */
enum {
    CK_TORCH_MEMO_STORAGE, /* the text */
    CK_TORCH_MEMO_CPU,
    CK_TORCH_MEMO_ORDERED_DICT,
    CK_TORCH_MEMO_V2,
    CK_TORCH_MEMO_V3,
    CK_TORCH_MEMO_PARAMETER,
    CK_TORCH_MEMO_CLASSES,                             /* one for each class */
    CK_TORCH_MEMO_DTYPES = CK_TORCH_MEMO_CLASSES + 32, /* one for each dtype */
    CK_TORCH_MEMO_COUNT = CK_TORCH_MEMO_DTYPES + 64
};

struct ck_torch_writer_dialect;

typedef struct ck_torch_writer {
    ckpt *c;
    const struct ck_torch_writer_dialect *dialect; /* NULL: PyTorch's own */
    ck_memory memory;
    ck_losses losses;
    ck_pickle_writer pickle;
    uint32_t memo[CK_TORCH_MEMO_COUNT];

    size_t storage_count, module_count;
    ck_torch_written *storages; /* by storage */
    ck_buffer keys;             /* of uint32_t: the storages in the order of their keys */
    ck_nametree firsts;         /* pointers to tensors that stand in several places, to their */
    ck_buffer first_memos;      /* place in here: of ck_torch_first */
    uint32_t *module_memo;      /* by module: number of the container */
    uint8_t *module_places;     /* by module: 0, 1, or 2 for more */
    bool is_python;             /* the modules stand for Python's containers, from the root on */

    ck_buffer path; /* the pointer to where the writer is */
    ck_buffer name; /* the dotted name of that place, for reports */
    uint32_t depth;
    uint32_t in_optimizer;
} ck_torch_writer;

/* Another program whose objects are PyTorch's but for the tensors in them. */
typedef struct ck_torch_writer_dialect {
    const char *module; /* that has its own Size */
    /* As ck_torch_emit_tensor. */
    ckpt_status (*emit_tensor)(ck_torch_writer *w, ckpt_tensor tensor, ckpt_error *err);
    /* A text that stands for something else, as its type says; false: it is no such thing. */
    bool (*emit_noted)(ck_torch_writer *w, const char *text, const char *type);
} ck_torch_writer_dialect;

/* ---- life (torchwrite.c); close in every case ---- */

/* options may be NULL where nobody is told of anything. */
ckpt_status ck_torch_writer_open(ck_torch_writer *w, ckpt *c, const ckpt_save_options *options,
                                 ckpt_error *err);
void ck_torch_writer_close(ck_torch_writer *w);
/* What of modules and metadata a file does not hold. The first is to be called before the pickle is
 * written, and after the storages are planned, which finds modules that stand in several places. */
ckpt_status ck_torch_report_modules(const ck_torch_writer *w, ckpt_error *err);
void ck_torch_report_metadata(const ck_torch_writer *w);
/* Whether it is a parameter, and wants gradients, where it is written as a plain Tensor. */
void ck_torch_report_flags(ck_torch_writer *w, ckpt_tensor tensor, const char *name);

/* What torch.types says of the place where the writer is; "" for nothing. */
const char *ck_torch_noted_type(const ck_torch_writer *w);
/* The entry of a map of the metadata for that place; absent when there is none. */
ckpt_value ck_torch_noted(const ck_torch_writer *w, const char *map);

/* Gives the dict on the stack its _metadata, if it has any. type: that of the module, or
 * "OrderedDict" for a net (torchemitmeta.c). */
ckpt_status ck_torch_emit_metadata(ck_torch_writer *w, const char *type,
                                   const ck_torch_entries *entries, ckpt_error *err);

/* ---- each of these leaves one value on the stack of the pickle ---- */

/* torchemit.c */
ckpt_status ck_torch_emit_root(ck_torch_writer *w, ckpt_error *err);
/* torchemitvalue.c */
ckpt_status ck_torch_emit_value(ck_torch_writer *w, ckpt_value value, ckpt_error *err);
/* An empty dict of that type; what stands behind the name of the type does not matter. */
void ck_torch_emit_new_dict(ck_torch_writer *w, const char *type);
/* torchemitkey.c */
/* A key of a dict as ck_torch_make_keys wrote it; word is "", "[int]" or "[any]". */
void ck_torch_emit_key(ck_torch_writer *w, const char *key, size_t size, const char *word);
/* torchemittensor.c. The second, before the first tensor, finds out which are named again. */
ckpt_status ck_torch_emit_tensor(ck_torch_writer *w, ckpt_tensor tensor, ckpt_error *err);
ckpt_status ck_torch_find_firsts(ck_torch_writer *w, ckpt_error *err);
/* GLOBAL, by way of the memo. */
void ck_torch_emit_name(ck_torch_writer *w, unsigned memo, const char *module, const char *name);
void ck_torch_emit_hooks(ck_torch_writer *w); /* an empty OrderedDict */

/* Pairs of hexadecimal digits, at most room bytes of them (torchemitkey.c). */
bool ck_torch_read_hex(const char *text, size_t size, unsigned char *bytes, size_t room);

/* The class in which each storage is written; and how many places each module has (torchplan.c). */
ckpt_status ck_torch_plan_storages(ck_torch_writer *w, ckpt_error *err);

/* A tensor as PyTorch can have it. */
typedef struct ck_torch_view {
    uint16_t dtype;  /* a place in ck_torch_dtypes */
    uint64_t offset; /* elements of it */
    uint32_t rank;
    uint64_t shape[CK_MAX_RANK + 1], strides[CK_MAX_RANK + 1];
    bool as_bytes; /* the dtype is none of PyTorch's: these are its bytes */
} ck_torch_view;

void ck_torch_view_of(ckpt_tensor tensor, ck_torch_view *ret_view);

#endif
