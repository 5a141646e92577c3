/* SPDX-License-Identifier: MIT */
/* Reading GGUF files (spec/exchange.md): key-values, descriptions of tensors, then the data of all
 * tensors in that order, each aligned.
 *
 * The format has flat names: "blk.0.attn_q.weight" becomes a tensor of modules of type "". Tensors
 * of float and of quantised types become parameters, integers buffers. A model that is split into
 * several files is one checkpoint: the storages of the other files lie in checkpoints of their own,
 * which nobody sees, and are linked. */
#include "exchange/ggufhead.h"
#include "exchange/ggufnames.h"
#include "exchange/ggufsplit.h"
#include "exchange/ggufswap.h"
#include "exchange/gguftensors.h"
#include "exchange/ggufvalues.h"
#include "exchange/ggufwrite.h"
#include "model/format.h"

#include <ckpt/walk.h>

#include <string.h>

static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    return size >= 4 && memcmp(head, CK_GGUF_MAGIC, 4) == 0;
}

/* One file: that of the checkpoint, or another one of the model. */
typedef struct gguf_file {
    ckpt *c; /* that the file belongs to */
    ck_ggufhead head;
    ck_gguf_counts counts;
    ck_gguf_tensors tensors;
    ck_gguf_split split;
} gguf_file;

/* Everything but the data. c is new. */
static ckpt_status read_head(gguf_file *f, ckpt *c, const ck_source *source, ckpt_error *err) {
    memset(f, 0, sizeof *f);
    f->c = c;
    f->head.memory = f->tensors.memory = *ck_ckpt_memory(c);
    f->head.source = source;
    ckpt_status status = ck_ggufhead_begin(&f->head, &f->counts, err);
    if (status == CKPT_OK)
        status = ck_add_root(c, err);
    if (status == CKPT_OK)
        status = ck_gguf_read_values(c, &f->head, f->counts.values, err);
    if (status == CKPT_OK)
        status = ck_gguf_find_split(c, source, &f->split, err);
    if (status != CKPT_OK)
        return status;
    int64_t alignment =
        ckpt_value_int(ckpt_map_get(ckpt_metadata(c), CK_GGUF_ALIGNMENT_KEY), CK_GGUF_ALIGNMENT);
    return ck_gguf_read_tensors(&f->tensors, &f->head, f->counts.tensors, (uint32_t)alignment, err);
}

static void clear_head(gguf_file *f) {
    ck_ggufhead_clear(&f->head);
    ck_gguf_tensors_clear(&f->tensors);
}

static ckpt_status make_storage(const gguf_file *f, const ck_gguf_tensor *t, ckpt *main,
                                ckpt_storage *ret_storage, ckpt_error *err) {
    uint64_t offset = t->size != 0 ? f->tensors.data_offset + t->offset : 0;
    ckpt_storage storage;
    ck_place place = {f->head.source->name, CKPT_NO_OFFSET, "GG19", 0, 0};
    if (f->head.big_endian && !ck_gguf_can_swap(t->dtype))
        return ck_fail_at(err, &place, CKPT_E_UNSUPPORTED,
                          "tensor '%s' is %s in big-endian order, which is not defined",
                          CK_NAME(ck_gguf_text(&f->tensors, t->name)),
                          ckpt_dtype_describe(t->dtype).name);
    ckpt_status status =
        f->head.big_endian ? ck_gguf_swapped_storage(f->c, t->dtype, offset, t->size, &storage, err)
                           : ck_storage_in_source(f->c, offset, t->size, &storage, err);
    if (status == CKPT_OK && f->c != main)
        return ckpt_storage_link(main, storage, ret_storage, err);
    if (status == CKPT_OK)
        *ret_storage = storage;
    return status;
}

static ckpt_status add_tensors(const gguf_file *f, ckpt *main, ck_ggufnames *names,
                               ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ck_gguf_tensor_count(&f->tensors) && status == CKPT_OK; i++) {
        const ck_gguf_tensor *t = ck_gguf_tensor_at(&f->tensors, i);
        ckpt_dtype_class dtype_class = ckpt_dtype_describe(t->dtype).dtype_class;
        ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                                 .dtype = t->dtype,
                                 .rank = t->rank,
                                 .shape = t->shape,
                                 .is_buffer = !ck_gguf_is_parameter(dtype_class)};
        ckpt_storage storage;
        ckpt_tensor tensor;
        status = make_storage(f, t, main, &storage, err);
        if (status == CKPT_OK)
            status = ckpt_tensor_create(storage, &spec, &tensor, err);
        if (status == CKPT_OK)
            status = ck_ggufnames_place(names, ck_gguf_text(&f->tensors, t->name), t->name_size,
                                        tensor, err);
    }
    return status;
}

/* ---- the other files ---- */

/* They have nothing to say but which of the files they are. */
static void report_values(const gguf_file *f, const ck_losses *losses) {
    static const char *const expected[] = {CK_GGUF_SPLIT_NO, CK_GGUF_SPLIT_COUNT,
                                           CK_GGUF_SPLIT_TENSORS, CK_GGUF_ALIGNMENT_KEY,
                                           CK_GGUF_TYPES_KEY};
    ckpt_value metadata = ckpt_metadata(f->c);
    for (uint32_t i = 0; i < ckpt_value_count(metadata); i++) {
        const char *key = ckpt_map_key(metadata, i);
        size_t k = 0, count = sizeof expected / sizeof expected[0];
        while (k < count && strcmp(expected[k], key) != 0)
            k++;
        if (k == count)
            ck_report_loss(losses, CKPT_LOSS_METADATA, key,
                           "a value of file %lu of the model, of which only the first may have any",
                           (unsigned long)f->split.number + 1);
    }
}

static ckpt_status check_split(const gguf_file *f, const ck_gguf_split *wanted, ckpt_error *err) {
    ck_place place = {f->head.source->name, CKPT_NO_OFFSET, "GG17", 0, 0};
    if (f->split.number == wanted->number && f->split.count == wanted->count)
        return CKPT_OK;
    return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                      "it says that it is file %lu of %lu of a model, not %lu of %lu",
                      (unsigned long)f->split.number + 1, (unsigned long)f->split.count,
                      (unsigned long)wanted->number + 1, (unsigned long)wanted->count);
}

/* Takes the source over, whatever comes of it. The checkpoint of the file belongs to main then. */
static ckpt_status read_other(ckpt *main, ck_source *source, const ck_gguf_split *split,
                              ck_ggufnames *names, ckpt_error *err) {
    ckpt *part = NULL;
    gguf_file f;
    ckpt_status status = ck_ckpt_new(ck_ckpt_memory(main), &part, err);
    if (status == CKPT_OK) {
        status = ckpt_attach(main, part, err);
        if (status != CKPT_OK)
            ckpt_free(part);
    }
    if (status != CKPT_OK) {
        ck_source_close(source);
        return status;
    }
    status = read_head(&f, part, source, err);
    if (status == CKPT_OK)
        status = check_split(&f, split, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, add_tensors(&f, main, names, err), source->name);
    if (status == CKPT_OK)
        report_values(&f, &main->losses);
    clear_head(&f);
    if (status == CKPT_OK)
        ck_take_source(part, source);
    else
        ck_source_close(source);
    return status;
}

static ckpt_status read_others(ckpt *c, const ck_source *first, const ck_gguf_split *split,
                               ck_ggufnames *names, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 1; i < split->count && status == CKPT_OK; i++) {
        ck_gguf_split wanted = {i, split->count, split->tensors};
        char component[CK_GGUF_COMPONENT_ROOM];
        ck_source source;
        if (!ck_gguf_split_component(first->name, i, split->count, component))
            return ck_fail(err, CKPT_E_STRUCTURE, "the name of the file has changed");
        status = ck_source_open_beside(&source, first, component, err);
        if (status == CKPT_OK)
            status = read_other(c, &source, &wanted, names, err);
    }
    return status;
}

static ckpt_status check_first(const ck_source *source, const ck_gguf_split *split,
                               ckpt_error *err) {
    ck_place place = {source->name, CKPT_NO_OFFSET, "GG17", 0, 0};
    char suffix[32], component[CK_GGUF_COMPONENT_ROOM];
    if (split->count == 1)
        return CKPT_OK;
    ck_gguf_split_suffix(0, split->count, suffix);
    if (split->number != 0)
        return ck_fail_at(err, &place, CKPT_E_UNSUPPORTED,
                          "it is file %lu of %lu of a model; open the first, ...%s",
                          (unsigned long)split->number + 1, (unsigned long)split->count, suffix);
    if (!ck_gguf_split_component(source->name, 0, split->count, component))
        return ck_fail_at(err, &place, CKPT_E_STRUCTURE,
                          "it is the first of %lu files of a model, so its name must end in %s",
                          (unsigned long)split->count, suffix);
    return CKPT_OK;
}

static ckpt_status check_total(const ck_source *source, const ck_gguf_split *split, uint32_t placed,
                               ckpt_error *err) {
    ck_place place = {source->name, CKPT_NO_OFFSET, "GG17", 0, 0};
    if (split->count == 1 || split->tensors < 0 || split->tensors == (int64_t)placed)
        return CKPT_OK;
    return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                      "the files of the model have %lu tensors, not %lld", (unsigned long)placed,
                      (long long)split->tensors);
}

/* ---- the whole ---- */

/* Tensors are numbered as they stand in the file. In the tree, names that begin alike stand
 * together.
 */
static ckpt_status report_order(ckpt *c, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    uint32_t next = 0;
    if (c->losses.report == NULL)
        return CKPT_OK;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, err);
    if (status != CKPT_OK)
        return status;
    while (ckpt_walk_next(walk, &item) && (item.repeated || item.tensor.id == next))
        next += !item.repeated;
    ckpt_walk_free(walk);
    if (next != ckpt_tensor_count(c))
        ck_report_loss(&c->losses, CKPT_LOSS_ORDER, "",
                       "names that begin alike stand together now, from the first of them on");
    return CKPT_OK;
}

static ckpt_status build(const gguf_file *f, ck_ggufnames *names, ckpt_error *err) {
    const char *name = f->head.source->name;
    ckpt_status status = ck_error_prefix(err, ck_ggufnames_open(names, f->c, err), name);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, add_tensors(f, f->c, names, err), name);
    if (status == CKPT_OK)
        status = read_others(f->c, f->head.source, &f->split, names, err);
    if (status == CKPT_OK)
        status = ck_error_prefix(err, ck_ggufnames_finish(names, err), name);
    if (status == CKPT_OK)
        status = check_total(f->head.source, &f->split, names->placed, err);
    if (status == CKPT_OK && f->split.count > 1)
        status = ck_gguf_forget_split(f->c, err);
    return status == CKPT_OK ? report_order(f->c, err) : status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    gguf_file f;
    ck_ggufnames names;
    ckpt_status status = read_head(&f, c, source, err);
    if (status == CKPT_OK)
        status = check_first(source, &f.split, err);
    if (status == CKPT_OK) {
        status = build(&f, &names, err);
        ck_ggufnames_close(&names);
    }
    c->info.version_major = (uint16_t)f.counts.version;
    clear_head(&f);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

const ck_format ck_format_gguf = {
    .name = "gguf",
    .probe = probe,
    .read = read_file,
    .write = ck_gguf_write,
    .has_shards = true,
};
