/* SPDX-License-Identifier: MIT */
/* The state_dict of a checkpoint as a list, for the writers of formats that hold names and arrays
 * and little else; and telling what becomes of the rest (flatreport.c). */
#ifndef CK_FLATTEN_H
#define CK_FLATTEN_H

#include "base/nametree.h"
#include "model/losses.h"
#include "model/object.h"

typedef struct ck_flat_entry {
    ckpt_tensor tensor;
    size_t name, name_size; /* dotted, in ck_flat.text, with a NUL behind it */
    size_t written;         /* what it is called in the file, in ck_flat.text: the same until */
    size_t written_size;    /* ck_flat_rename */
    uint64_t nbytes;        /* of a dense copy */
    uint32_t same;          /* first entry of the same tensor: its own number if it is the first */
    uint32_t same_storage;  /* first entry of the tensors in the same storage */
    bool dense;             /* contiguous, row-major */
    bool whole; /* begins where its storage begins and has as many bytes, perhaps strided */
} ck_flat_entry;

typedef struct ck_flat {
    ck_memory memory;
    ckpt *c;
    ck_buffer entries; /* of ck_flat_entry, in the order of the state_dict */
    ck_buffer text;
    ck_nametree taken; /* all names and those that were given; filled by the first ck_flat_rename */
} ck_flat;

/* Clear in every case. max_text: CKPT_E_LIMIT when the names have more bytes together, the NULs
 * counted; a small file of another format may have very many of them. */
ckpt_status ck_flat_collect(ck_flat *flat, ckpt *c, uint64_t max_text, ckpt_error *err);
void ck_flat_clear(ck_flat *flat);

static inline uint32_t ck_flat_count(const ck_flat *flat) {
    return (uint32_t)(flat->entries.size / sizeof(ck_flat_entry));
}
static inline ck_flat_entry *ck_flat_at(const ck_flat *flat, uint32_t i) {
    return (ck_flat_entry *)(void *)flat->entries.bytes + i;
}
/* Both valid until the next ck_flat_rename. */
static inline const char *ck_flat_name(const ck_flat *flat, uint32_t i) {
    return (const char *)flat->text.bytes + ck_flat_at(flat, i)->name;
}
static inline const char *ck_flat_written(const ck_flat *flat, uint32_t i) {
    return (const char *)flat->text.bytes + ck_flat_at(flat, i)->written;
}

/* Dotted names are unique, and their components are well-formed UTF-8 without NUL and '.': a format
 * that takes any text can hold them all. Where one cannot be, it is given another: `wanted`, behind
 * which "~2", "~3" ... is put if an entry has that name or was given it (the result has at most
 * max_size bytes: wanted is cut, between characters, to make room). */
ckpt_status ck_flat_rename(ck_flat *flat, uint32_t i, const char *wanted, size_t wanted_size,
                           size_t max_size, ckpt_error *err);

/* ---- what is lost; each function tells of every loss of its kind ---- */

/* CKPT_LOSS_TIE for every name but the first of a tensor, and for tensors that share a storage
 * with one that comes before; CKPT_LOSS_VIEW for tensors that are strided or part of their storage
 * only. For formats in which every name gets dense bytes of its own. */
void ck_flat_report_ties(const ck_flat *flat, const ck_losses *losses);
void ck_flat_report_views(const ck_flat *flat, const ck_losses *losses);
/* CKPT_LOSS_NAME for the entries that were renamed. */
void ck_flat_report_names(const ck_flat *flat, const ck_losses *losses);
/* CKPT_LOSS_FLAG where parameter or buffer, or requires_grad, is not what a reader assumes who
 * knows only the dtype: float and complex are parameters with gradient, all others buffers. Or,
 * where all_buffers, that everything is a buffer. */
void ck_flat_report_flags(const ck_flat *flat, bool all_buffers, const ck_losses *losses);
/* CKPT_LOSS_MODULE for types and attributes of modules, modules without tensors, and modules that
 * stand in several places. */
ckpt_status ck_flat_report_modules(ckpt *c, const ck_losses *losses, ckpt_error *err);
/* CKPT_LOSS_METADATA for the entries whose type is not among `kept`, a sum of
 * CK_KEEPS(CKPT_VALUE_...). */
#define CK_KEEPS(type) (1u << (type))
void ck_flat_report_metadata(ckpt *c, unsigned kept, const ck_losses *losses);

#endif
