/* SPDX-License-Identifier: MIT */
/* Parses the input as the index of a set of shards; and opens it from memory, where the shards that
 * it names are nowhere. */
#include "fuzztarget.h"

#include "exchange/safetensors_index.h"

#include <string.h>

static void parse(const uint8_t *data, size_t size, const ckpt_allocator *hook) {
    ck_safetensors_index index;
    ck_safetensors_pairs pairs;
    ck_place place = {"index", 0, "SI2", 0, 0};
    ck_json json;
    ckpt_create_options options = {sizeof options, hook};
    ckpt_error err;
    ckpt *c;
    memset(&index, 0, sizeof index);
    memset(&pairs, 0, sizeof pairs);
    index.memory = *hook;
    must(ckpt_create(&options, &c, &err) == CKPT_OK, err.message);
    ckpt_status status = ck_json_open(&json, hook, (const char *)data, size, &place, &err);
    if (status == CKPT_OK)
        status = ck_safetensors_index_parse(&index, &json, &pairs, c, &err);
    fuzz_check_error(status, &err);
    ck_json_close(&json);
    size_t sum = 0, tensors = ck_indexed_tensor_count(&index);
    for (size_t i = 0; i < ck_indexed_shard_count(&index); i++)
        sum += ck_indexed_shard_at(&index, i)->tensors;
    must(status != CKPT_OK || sum == tensors, "shards do not add up");
    for (size_t i = 0; i < tensors; i++) {
        const ck_indexed_tensor *t = ck_indexed_tensor_at(&index, i);
        must(t->shard < ck_indexed_shard_count(&index), "a shard that there is not");
        must(strlen((const char *)index.text.bytes + t->name) == t->name_size, "a name with NUL");
    }
    if (status == CKPT_OK)
        fuzz_manifest_round_trip(c);
    ck_safetensors_index_clear(&index);
    ck_safetensors_pairs_clear(hook, &pairs);
    ckpt_free(c);
}

static void open_it(const uint8_t *data, size_t size, const ckpt_allocator *hook) {
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = hook};
    ckpt_error err;
    ckpt *c;
    options.formats = "safetensors";
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        must(ckpt_tensor_count(c) == 0 || data[0] != '{', "tensors from nowhere");
        ckpt_free(c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    parse(data, size, &hook);
    open_it(data, size, &hook);
    must(memory.peak <= ((size_t)16 << 20) + 64 * size, "parsing takes too much memory");
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
