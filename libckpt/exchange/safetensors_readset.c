/* SPDX-License-Identifier: MIT */
/* Reading a set of shards by its index. Each shard is a checkpoint without names that belongs to
 * the one of the set, whose storages are those of the shards. Which tensors a shard has, the index
 * must say exactly. The names stand in the order of the index. */
#include "base/endian.h"
#include "base/checked.h"
#include "exchange/dottedtree.h"
#include "exchange/safetensors_files.h"
#include "exchange/safetensors_header.h"
#include "exchange/safetensors_index.h"

#include <errno.h>
#include <string.h>

typedef struct set {
    ckpt *c;
    const ck_source *source;
    ck_safetensors_index index;
    ck_safetensors_pairs pairs;
    uint64_t total; /* bytes of the tensors */
    ck_dotted_path path;
} set;

static const char *shard_name(const set *s, uint32_t shard) {
    return (const char *)s->index.text.bytes + ck_indexed_shard_at(&s->index, shard)->name;
}

static char *tensor_name(const set *s, const ck_indexed_tensor *t) {
    return (char *)s->index.text.bytes + t->name;
}

/* The entry of the map for a tensor of a shard. */
static ckpt_status find_entry(const set *s, const ck_safetensor *t, uint32_t shard,
                              ck_indexed_tensor **ret_entry, ckpt_error *err) {
    ck_place place = {s->source->name, CKPT_NO_OFFSET, "SI7", 0, 0};
    const char *name = t->name;
    uint32_t number = ck_nametree_get(&s->index.names, name, t->name_size);
    if (number == CK_NAMETREE_NONE)
        return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                          "tensor '%s' of shard '%s' is not in the weight_map", CK_NAME(name),
                          CK_NAME(shard_name(s, shard)));
    *ret_entry = ck_indexed_tensor_at(&s->index, number);
    if ((*ret_entry)->shard != shard)
        return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                          "tensor '%s' is in shard '%s', the weight_map says '%s'", CK_NAME(name),
                          CK_NAME(shard_name(s, shard)),
                          CK_NAME(shard_name(s, (*ret_entry)->shard)));
    return CKPT_OK;
}

static ckpt_status fail_missing(const set *s, uint32_t shard, ckpt_error *err) {
    ck_place place = {s->source->name, CKPT_NO_OFFSET, "SI7", 0, 0};
    size_t i = 0;
    while (ck_indexed_tensor_at(&s->index, i)->shard != shard ||
           ckpt_tensor_exists(ck_indexed_tensor_at(&s->index, i)->tensor))
        i++;
    return ck_fail_at(err, &place, CKPT_E_MISMATCH,
                      "shard '%s' has no tensor '%s', which the weight_map says is there",
                      CK_NAME(shard_name(s, shard)),
                      CK_NAME(tensor_name(s, ck_indexed_tensor_at(&s->index, i))));
}

/* The storages of a shard, in the checkpoint that will have its file, and tensors that view them.
 */
static ckpt_status take_tensors(set *s, ckpt *part, const ck_safetensors *header,
                                uint64_t data_offset, uint32_t shard, ckpt_error *err) {
    size_t count = ck_safetensors_count(header);
    for (size_t i = 0; i < count; i++) {
        const ck_safetensor *t = ck_safetensor_at(header, i);
        ck_indexed_tensor *entry;
        ckpt_storage stored, storage;
        ckpt_status status = find_entry(s, t, shard, &entry, err);
        if (status == CKPT_OK && ckpt_tensor_exists(entry->tensor))
            status =
                ck_safetensors_fail_duplicate(shard_name(s, shard), tensor_name(s, entry), err);
        if (status == CKPT_OK)
            status =
                ck_storage_in_source(part, data_offset + t->begin, t->end - t->begin, &stored, err);
        if (status == CKPT_OK)
            status = ckpt_storage_link(s->c, stored, &storage, err);
        if (status == CKPT_OK)
            status = ck_safetensor_create(header, t, storage, &entry->tensor, err);
        if (status != CKPT_OK)
            return status;
        s->total = ck_add_saturated(s->total, t->end - t->begin);
    }
    if (count != ck_indexed_shard_at(&s->index, shard)->tensors)
        return fail_missing(s, shard, err);
    return CKPT_OK;
}

/* Indexes of PyTorch's own look the same, and lead to archives or pickles: those have, where the
 * size of the header would stand, a size that none has. */
static ckpt_status check_kind(const ck_source *source, ckpt_error *err) {
    ck_place place = {source->name, CKPT_NO_OFFSET, "SI8", 0, 0};
    unsigned char head[CK_SAFETENSORS_SIZE_FIELD];
    if (source->size < sizeof head)
        return CKPT_OK;
    ckpt_status status = ck_source_read(source, 0, head, sizeof head, err);
    if (status != CKPT_OK || ck_load64(head) <= CK_SAFETENSORS_MAX_HEADER)
        return status;
    if (memcmp(head, "PK\3\4", 4) == 0 || (head[0] == 0x80 && head[1] <= 5))
        return ck_fail_at(
            err, &place, CKPT_E_UNSUPPORTED,
            "a shard that PyTorch wrote, not a safetensors file: open each of them by "
            "itself, or put them together with ckpt-merge");
    return CKPT_OK;
}

static ckpt_status read_shard_of(set *s, ckpt *part, ck_source *source, uint32_t shard,
                                 ckpt_error *err) {
    ck_safetensors header;
    uint64_t data_offset = 0;
    ckpt_status status = check_kind(source, err);
    if (status != CKPT_OK)
        return status;
    status = ck_safetensors_load(&header, &s->c->memory, source, &data_offset, err);
    if (status == CKPT_OK)
        status = take_tensors(s, part, &header, data_offset, shard, err);
    if (status == CKPT_OK)
        status = ck_safetensors_merge_pairs(&s->c->memory, &s->pairs, &header.metadata,
                                            shard_name(s, shard), &s->c->losses, err);
    ck_safetensors_clear(&header);
    if (status == CKPT_OK)
        ck_take_source(part, source);
    return status;
}

/* A symbolic link, or no regular file; other failures of the system break no rule. */
static bool is_odd_file(ckpt_status status, const ckpt_error *err) {
    return status == CKPT_E_IO && err != NULL && (err->sys_errno == ELOOP || err->sys_errno == 0);
}

static void name_rule(ckpt_status status, ckpt_error *err) {
    if (status == CKPT_E_BOUNDS || is_odd_file(status, err))
        ck_error_rule(err, "SI5");
    else if (status == CKPT_E_NOT_FOUND)
        ck_error_rule(err, "SI6");
    else if (status == CKPT_E_UNSUPPORTED)
        ck_error_rule(err, "SI9");
}

static ckpt_status read_shard(set *s, uint32_t shard, ckpt_error *err) {
    ck_source source;
    ckpt *part;
    ckpt_status status = ck_ckpt_new(&s->c->memory, &part, err);
    if (status != CKPT_OK)
        return status;
    status = ckpt_attach(s->c, part, err);
    if (status != CKPT_OK) {
        ckpt_free(part);
        return status;
    }
    status = ck_source_open_beside(&source, s->source, shard_name(s, shard), err);
    if (status != CKPT_OK) {
        name_rule(status, err);
        return status;
    }
    status = read_shard_of(s, part, &source, shard, err);
    if (status != CKPT_OK)
        ck_source_close(&source);
    return status;
}

/* Indexes are about whose sum nobody has cared: the official loaders do not look at it. */
static void report_total(const set *s) {
    if (s->index.has_total && s->index.total != s->total)
        ck_report_loss(&s->c->losses, CKPT_LOSS_METADATA, "total_size",
                       "the index says %llu bytes, the tensors have %llu",
                       (unsigned long long)s->index.total, (unsigned long long)s->total);
}

static ckpt_status build(set *s, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    for (uint32_t i = 0; i < ck_indexed_shard_count(&s->index) && status == CKPT_OK; i++)
        status = read_shard(s, i, err);
    for (size_t i = 0; i < ck_indexed_tensor_count(&s->index) && status == CKPT_OK; i++) {
        const ck_indexed_tensor *t = ck_indexed_tensor_at(&s->index, i);
        status = ck_error_prefix(
            err,
            ck_safetensors_name_status(
                ck_add_dotted_next(s->c, &s->path, tensor_name(s, t), t->name_size, t->tensor, err),
                err),
            s->source->name);
    }
    if (status == CKPT_OK)
        status =
            ck_error_prefix(err, ck_safetensors_apply_pairs(s->c, &s->pairs, err), s->source->name);
    if (status == CKPT_OK)
        report_total(s);
    return status;
}

static ckpt_status parse(set *s, const char *text, size_t size, ckpt_error *err) {
    ck_place place = {s->source->name, 0, "SI2", 0, 0};
    ck_json json;
    ckpt_status status = ck_json_open(&json, &s->c->memory, text, size, &place, err);
    if (status == CKPT_OK)
        status = ck_safetensors_index_parse(&s->index, &json, &s->pairs, s->c, err);
    ck_json_close(&json);
    return status;
}

static ckpt_status read_index(set *s, ckpt_error *err) {
    const ck_memory *memory = &s->c->memory;
    ck_place place = {s->source->name, CKPT_NO_OFFSET, "SI1", 0, 0};
    if (s->source->size > CK_SAFETENSORS_MAX_HEADER)
        return ck_fail_at(err, &place, CKPT_E_LIMIT, "an index of more than %u bytes",
                          CK_SAFETENSORS_MAX_HEADER);
    size_t size = (size_t)s->source->size;
    char *text = ck_alloc(memory, size, 1);
    if (text == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_read(s->source, 0, text, size, err);
    if (status == CKPT_OK)
        status = parse(s, text, size, err);
    ck_free(memory, text, size, 1);
    return status;
}

ckpt_status ck_safetensors_read_set(ckpt *c, ck_source *source, ckpt_error *err) {
    set s;
    memset(&s, 0, sizeof s);
    s.c = c;
    s.source = source;
    s.index.memory = c->memory;
    ckpt_status status = ck_add_root(c, err);
    if (status == CKPT_OK)
        status = read_index(&s, err);
    if (status == CKPT_OK)
        status = build(&s, err);
    ck_safetensors_index_clear(&s.index);
    ck_safetensors_pairs_clear(&c->memory, &s.pairs);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}
