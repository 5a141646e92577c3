/* SPDX-License-Identifier: MIT */
#include "fuzztarget.h"

#include "comparemodels.h"

#include <ckpt/nn.h>

#include <string.h>

/* A small file may tell of a large tensor: those are not read whole. */
enum { LARGEST_COPY = 1 << 20, MOST_NAMES = 5000, MOST_TEXT = 1 << 18 };

void fuzz_check_error(ckpt_status status, const ckpt_error *err) {
    if (status == CKPT_OK)
        return;
    must(err->status == status, "the error has another status");
    size_t size = strnlen(err->message, sizeof err->message);
    must(size > 0 && size < sizeof err->message, "no message");
    for (size_t i = 0; i < size; i++)
        must((unsigned char)err->message[i] >= 0x20 && err->message[i] != 0x7f,
             "a control character in a message");
}

static void use_elements(ckpt_tensor tensor) {
    uint64_t size = ckpt_tensor_nbytes(tensor), numel = ckpt_tensor_numel(tensor);
    const void *data;
    ckpt_error err;
    if (ckpt_tensor_data(tensor, &data, &err) == CKPT_OK && numel != 0) {
        volatile unsigned char first = *(const unsigned char *)data;
        (void)first;
    }
    if (size > LARGEST_COPY || numel > LARGEST_COPY / sizeof(double))
        return;
    void *copy = malloc(LARGEST_COPY);
    must(copy != NULL, "no memory for the test");
    fuzz_check_error(ckpt_tensor_read(tensor, copy, (size_t)size, &err), &err);
    fuzz_check_error(
        ckpt_tensor_read_as(tensor, CKPT_F64, copy, (size_t)numel * sizeof(double), &err), &err);
    free(copy);
}

static void use_tensor(ckpt_tensor tensor) {
    ckpt_storage storage = ckpt_tensor_storage(tensor);
    uint64_t numel = 1;
    must(ckpt_tensor_rank(tensor) <= 64, "rank");
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor); i++) {
        numel *= ckpt_tensor_shape(tensor)[i];
        must(ckpt_tensor_stride(tensor, i) < UINT64_C(1) << 63, "stride");
    }
    must(numel == ckpt_tensor_numel(tensor), "numel");
    must(ckpt_storage_exists(storage), "storage");
    must(numel == 0 || ckpt_tensor_dtype_info(tensor).block_elements != 0, "dtype");
    ckpt_storage_layout layout = ckpt_describe_storage(storage);
    must(layout.part[0] != '\0' || layout.stored_size <= ckpt_describe_file(tensor.owner).file_size,
         "layout");
}

static void use_value(ckpt_value value, uint32_t depth) {
    size_t size = 0, sum = 0;
    const char *bytes = ckpt_value_bytes(value, &size);
    const char *text = ckpt_value_string(value);
    must(depth <= 64, "values are nested too deep");
    for (size_t i = 0; i < size; i++)
        sum += (unsigned char)bytes[i];
    must(text == NULL || strlen(text) + sum + 1 != 0, "text");
    for (uint32_t i = 0; i < ckpt_value_count(value); i++) {
        ckpt_value element = ckpt_value_at(value, i);
        if (ckpt_value_kind(value) == CKPT_VALUE_MAP) {
            ckpt_value found = ckpt_map_get(value, ckpt_map_key(value, i));
            must(found.id == element.id, "a key is not found");
        }
        use_value(element, depth + 1);
    }
}

static void use_names(ckpt *c, ckpt_walk_kind kind) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    must(ckpt_walk_create(ckpt_root(c), kind, &walk, &err) == CKPT_OK, "no walk");
    for (uint32_t i = 0; i < MOST_NAMES && ckpt_walk_next(walk, &item); i++) {
        must(strlen(item.name) == item.name_size && item.name_size <= 65535, "name");
        if (!ckpt_tensor_exists(item.tensor))
            continue;
        must(ckpt_tensor_same(ckpt_find_tensor(ckpt_root(c), item.name), item.tensor),
             "a name is not found");
    }
    ckpt_walk_free(walk);
}

static bool take_text(void *ctx, const char *text, size_t size) {
    size_t *left = ctx;
    for (size_t i = 0; i < size; i++)
        must(text[i] == '\n' || ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f),
             "a control character is printed");
    *left -= size < *left ? size : *left;
    return *left > 0;
}

static void use_net(ckpt *c) {
    ckpt_net *net;
    ckpt_error err;
    uint64_t shape[2] = {1, 0}, out[64];
    uint32_t rank;
    ckpt_status status = ckpt_net_build(ckpt_root(c), NULL, &net, &err);
    fuzz_check_error(status, &err);
    if (status != CKPT_OK)
        return;
    shape[1] = ckpt_net_input_features(net);
    fuzz_check_error(ckpt_net_output_shape(net, 2, shape, &rank, out, &err), &err);
    ckpt_net_free(net);
}

void fuzz_look(ckpt *c) {
    ckpt_summary summary;
    ckpt_error err;
    for (int kind = CKPT_WALK_STATE_DICT; kind <= CKPT_WALK_EVERYTHING; kind++)
        use_names(c, (ckpt_walk_kind)kind);
    use_value(ckpt_metadata(c), 0);
    for (uint32_t m = 0; m < ckpt_module_count(c); m++)
        use_value(ckpt_module_attributes(ckpt_module_by_id(c, m)), 0);
    for (uint32_t t = 0; t < ckpt_tensor_count(c); t++)
        use_tensor(ckpt_tensor_by_id(c, t));
    must(ckpt_summarize(ckpt_root(c), &summary, &err) == CKPT_OK, "no summary");
    must(summary.storages == ckpt_storage_count(c) && summary.tensors == ckpt_tensor_count(c) &&
             summary.modules == ckpt_module_count(c),
         "an object that nothing leads to");
}

void fuzz_use(ckpt *c) {
    ckpt_error err;
    size_t patience = MOST_TEXT;
    fuzz_look(c);
    for (uint32_t t = 0; t < ckpt_tensor_count(c); t++)
        use_elements(ckpt_tensor_by_id(c, t));
    ckpt_status status = ckpt_print_module(ckpt_root(c), take_text, &patience, &err);
    must(status == CKPT_OK || status == CKPT_E_CANCELLED, "not printed");
    fuzz_check_error(ckpt_verify(c, NULL, NULL, &err), &err);
    use_net(c);
}

typedef struct image {
    void *bytes;
    size_t size;
} image;

/* False when damage of the payload is in the way, or what lies in parts, which memory has not. */
static bool save(ckpt *c, image *ret_image) {
    ckpt_error err;
    bool is_oneflow = strcmp(ckpt_describe_file(c).format, "oneflow") == 0;
    ckpt_status status = ckpt_save_memory(c, NULL, &ret_image->bytes, &ret_image->size, &err);
    must(status == CKPT_OK || status == CKPT_E_CHECKSUM || status == CKPT_E_NOMEM ||
             strcmp(err.rule, "C3") == 0 || strcmp(err.rule, "Z12") == 0 ||
             /* A bfloat16 that is none shows when it is read. */
             (status == CKPT_E_MISMATCH && is_oneflow) ||
             (status == CKPT_E_UNSUPPORTED && ckpt_part_count(c) != 0),
         err.message);
    return status == CKPT_OK;
}

static void compare(ckpt *a, ckpt *b) {
    char why[300];
    const char *difference = models_differ(a, b, why, sizeof why);
    must(difference == NULL, difference);
}

/* A change and its undoing, so that the other half of the model is used too. */
static void change_and_compare(ckpt *c, const image *wanted) {
    static const uint64_t shape[1] = {2};
    image again;
    ckpt_error err;
    char name[] = "a name that may be new";
    ckpt_module root = ckpt_root(c);
    if (ckpt_add_buffer(root, name, CKPT_U8, 1, shape, NULL, NULL, &err) != CKPT_OK)
        return;
    must(ckpt_rename(root, name, "another", &err) == CKPT_OK || err.status == CKPT_E_EXISTS,
         err.message);
    must(ckpt_remove(root, err.status == CKPT_E_EXISTS ? name : "another", &err) == CKPT_OK,
         err.message);
    must(save(c, &again), "not saved a second time");
    must(again.size == wanted->size && memcmp(again.bytes, wanted->bytes, again.size) == 0,
         "a change that was undone shows");
    ckpt_buffer_free(c, again.bytes, again.size);
}

void fuzz_save(ckpt *c) {
    image first, second;
    ckpt *opened;
    ckpt_error err;
    if (!save(c, &first))
        return;
    must(ckpt_open_memory(first.bytes, first.size, NULL, NULL, &opened, &err) == CKPT_OK,
         err.message);
    must(ckpt_verify(opened, NULL, NULL, &err) == CKPT_OK, err.message);
    compare(c, opened);
    must(save(opened, &second), "not saved again");
    must(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0,
         "other bytes the second time");
    ckpt_buffer_free(opened, second.bytes, second.size);
    ckpt_free(opened);
    change_and_compare(c, &first);
    ckpt_buffer_free(c, first.bytes, first.size);
}

void fuzz_manifest_round_trip(ckpt *c) {
    ckpt_error err;
    char *text, *again;
    size_t size, again_size;
    ckpt_manifest *manifest;
    ckpt_status status = ckpt_manifest_write(c, &text, &size, &err);
    fuzz_check_error(status, &err);
    if (status != CKPT_OK)
        return;
    must(strlen(text) == size, "a NUL in a manifest");
    must(ckpt_manifest_read(text, size, NULL, NULL, &manifest, &err) == CKPT_OK, err.message);
    ckpt *read = ckpt_manifest_ckpt(manifest);
    must(ckpt_manifest_write(read, &again, &again_size, &err) == CKPT_OK, err.message);
    must(size == again_size && memcmp(text, again, size) == 0, "another text the second time");
    ckpt_buffer_free(read, again, again_size + 1);
    ckpt_manifest_free(manifest);
    ckpt_buffer_free(c, text, size + 1);
}
