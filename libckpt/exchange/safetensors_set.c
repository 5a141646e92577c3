/* SPDX-License-Identifier: MIT */
/* Writing a set of shards with an index, as huggingface_hub and transformers lay them out:
 * NAME-00001-of-0000N.safetensors, and NAME.safetensors.index.json with the size of all tensors,
 * the metadata, and the shard of each tensor, in the order of the shards. */
#include "base/sort.h"
#include "exchange/jsonout.h"
#include "exchange/safetensors_files.h"
#include "exchange/safetensors_write.h"

#include <stdio.h>
#include <string.h>

#define MAX_SHARDS 99999u /* five digits */
#define MAX_STEM 200      /* so that the name of a shard is a file name */

/* ---- names ---- */

static bool ends_with(const char *text, size_t size, const char *end) {
    size_t length = strlen(end);
    return size >= length && memcmp(text + size - length, end, length) == 0;
}

bool ck_safetensors_is_set(const ck_safetensors_plan *plan, const ck_sink *sink) {
    return plan->shards > 1 || ends_with(sink->parts->stem, strlen(sink->parts->stem), ".index");
}

/* "net" of "net.safetensors.index", which is what the stem of the index is. */
static size_t name_size(const char *stem) {
    size_t size = strlen(stem);
    if (ends_with(stem, size, ".index"))
        size -= strlen(".index");
    if (ends_with(stem, size, ".safetensors"))
        size -= strlen(".safetensors");
    return size;
}

typedef struct shard_name {
    char text[MAX_STEM + 40];
} shard_name;

static shard_name name_of(const ck_safetensors_plan *plan, const ck_part_files *parts,
                          uint32_t shard) {
    shard_name name;
    snprintf(name.text, sizeof name.text, "%.*s-%05u-of-%05u.safetensors",
             (int)name_size(parts->stem), parts->stem, (unsigned)(shard + 1),
             (unsigned)plan->shards);
    return name;
}

/* ---- the index ---- */

static bool put_indented(const ck_memory *m, ck_buffer *out, bool *first, const char *key,
                         const char *value) {
    bool good = ck_json_put_text(m, out, *first ? "\n    " : ",\n    ");
    *first = false;
    return good && ck_json_put_string(m, out, key, strlen(key), true) &&
           ck_json_put_text(m, out, ": ") && ck_json_put_string(m, out, value, strlen(value), true);
}

static bool put_index_metadata(const ck_safetensors_plan *plan, ck_buffer *out) {
    const ck_memory *m = &plan->flat.memory;
    uint32_t position = 0;
    const char *key, *value;
    bool first = false,
         good = ck_json_put_text(m, out, "  \"metadata\": {\n    \"total_size\": ") &&
                ck_json_put_uint(m, out, plan->total);
    while (good && ck_safetensors_next_pair(plan, &position, &key, &value)) {
        /* The shards have a string of that name; here it is the sum. */
        if (strcmp(key, "total_size") != 0)
            good = put_indented(m, out, &first, key, value);
    }
    return good && ck_json_put_text(m, out, "\n  },\n");
}

/* The items stand by their types in a shard; the map has them as the state_dict has. */
static int compare_listed(const void *a, const void *b) {
    const ck_safetensors_item *x = a, *y = b;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static bool put_weight_map(const ck_safetensors_plan *plan, const ck_part_files *parts,
                           const ck_safetensors_item *listed, ck_buffer *out) {
    const ck_memory *m = &plan->flat.memory;
    bool first = true, good = ck_json_put_text(m, out, "  \"weight_map\": {");
    for (uint32_t i = 0; i < plan->count && good; i++)
        good = put_indented(m, out, &first, listed[i].name,
                            name_of(plan, parts, listed[i].shard).text);
    return good && ck_json_put_text(m, out, first ? "}\n" : "\n  }\n");
}

static bool put_index(const ck_safetensors_plan *plan, const ck_part_files *parts, ck_buffer *out) {
    const ck_memory *m = &plan->flat.memory;
    ck_safetensors_item *listed = ck_alloc(m, plan->count, sizeof *listed);
    if (listed == NULL)
        return false;
    if (plan->count != 0)
        memcpy(listed, plan->items, plan->count * sizeof *listed);
    bool good = ck_sort(m, listed, plan->count, sizeof *listed, compare_listed) &&
                ck_json_put_text(m, out, "{\n") && put_index_metadata(plan, out) &&
                put_weight_map(plan, parts, listed, out) && ck_json_put_text(m, out, "}\n");
    ck_free(m, listed, plan->count, sizeof *listed);
    return good;
}

static ckpt_status write_index(const ck_safetensors_plan *plan, const ck_sink *sink,
                               ckpt_error *err) {
    ck_buffer index = {NULL, 0, 0};
    ckpt_status status = put_index(plan, sink->parts, &index) ? CKPT_OK : ck_fail_nomem(err);
    if (status == CKPT_OK && index.size > CK_SAFETENSORS_MAX_HEADER)
        status = ck_fail(err, CKPT_E_LIMIT, "the index would have more than %u bytes",
                         CK_SAFETENSORS_MAX_HEADER);
    if (status == CKPT_OK)
        status = sink->write(sink->ctx, index.bytes, index.size, 0, err);
    ck_buffer_clear(&plan->flat.memory, &index);
    return status;
}

/* ---- the set ---- */

static ckpt_status write_shard(const ck_safetensors_plan *plan, uint32_t first, uint32_t count,
                               const ck_part_files *parts, ck_meter *meter, ckpt_error *err) {
    uint32_t part;
    ck_sink sink;
    ckpt_status status = parts->create(parts->ctx, &part, &sink, err);
    if (status == CKPT_OK)
        status = ck_safetensors_write_items(plan, plan->items + first, count, &sink, meter, err);
    if (status == CKPT_OK)
        status =
            parts->name(parts->ctx, part, name_of(plan, parts, plan->items[first].shard).text, err);
    return status == CKPT_OK ? parts->finish(parts->ctx, part, err) : status;
}

ckpt_status ck_safetensors_write_set(const ck_safetensors_plan *plan, const ck_sink *sink,
                                     ck_meter *meter, ckpt_error *err) {
    ckpt_status status = CKPT_OK;
    if (plan->shards > MAX_SHARDS)
        return ck_fail(err, CKPT_E_LIMIT, "%u shards, more than %u", (unsigned)plan->shards,
                       MAX_SHARDS);
    if (name_size(sink->parts->stem) > MAX_STEM)
        return ck_fail(err, CKPT_E_LIMIT, "the name '%s' is too long for shards to be named after",
                       CK_NAME(sink->parts->stem));
    sink->parts->replace(sink->parts->ctx);
    for (uint32_t first = 0, next; first < plan->count && status == CKPT_OK; first = next) {
        for (next = first + 1; next < plan->count; next++) {
            if (plan->items[next].shard != plan->items[first].shard)
                break;
        }
        status = write_shard(plan, first, next - first, sink->parts, meter, err);
    }
    return status == CKPT_OK ? write_index(plan, sink, err) : status;
}
