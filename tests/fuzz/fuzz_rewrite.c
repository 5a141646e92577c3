/* SPDX-License-Identifier: MIT */
/* Opens the input as a file of another format, and writes that as safetensors: what comes of it can
 * be read, has the same tensors, and is the same when it is written once more. */
#include "fuzztarget.h"

#include <string.h>

typedef struct written {
    void *bytes;
    size_t size;
} written;

static bool write_it(ckpt *c, written *ret_written) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "safetensors"};
    ckpt_error err;
    ckpt_status status =
        ckpt_save_memory(c, &options, &ret_written->bytes, &ret_written->size, &err);
    fuzz_check_error(status, &err);
    /* Element types that safetensors does not have. */
    must(status == CKPT_OK || status == CKPT_E_UNSUPPORTED, "it cannot be written");
    return status == CKPT_OK;
}

static ckpt *open_it(const written *w) {
    ckpt_open_options options = {.struct_size = sizeof options, .formats = "safetensors"};
    ckpt_error err;
    ckpt *c;
    must(ckpt_open_memory(w->bytes, w->size, NULL, &options, &c, &err) == CKPT_OK,
         "what was written cannot be read");
    return c;
}

static void compare(ckpt_tensor a, ckpt_tensor b) {
    ckpt_error err;
    size_t size = (size_t)ckpt_tensor_nbytes(a);
    must(ckpt_tensor_exists(b) && ckpt_tensor_dtype(a) == ckpt_tensor_dtype(b) &&
             ckpt_tensor_rank(a) == ckpt_tensor_rank(b) && ckpt_tensor_nbytes(b) == size,
         "a tensor is another one");
    unsigned char *x = malloc(size + 1), *y = malloc(size + 1);
    must(ckpt_tensor_read(a, x, size, &err) == CKPT_OK, err.message);
    must(ckpt_tensor_read(b, y, size, &err) == CKPT_OK, err.message);
    must(memcmp(x, y, size) == 0, "a tensor has other bytes");
    free(x);
    free(y);
}

static void compare_all(ckpt *c, ckpt *copy) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    must(ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, &err) == CKPT_OK, err.message);
    while (ckpt_walk_next(walk, &item)) {
        /* The one name that is changed; and the empty one is that of the root. */
        if (strcmp(item.name, "__metadata__") != 0 && item.name_size != 0)
            compare(item.tensor, ckpt_find_tensor(ckpt_root(copy), item.name));
    }
    ckpt_walk_free(walk);
}

static void rewrite(ckpt *c) {
    written first, second;
    if (!write_it(c, &first))
        return;
    ckpt *copy = open_it(&first);
    compare_all(c, copy);
    must(write_it(copy, &second), "what was read cannot be written");
    must(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0,
         "another file when it is written again");
    ckpt_buffer_free(copy, second.bytes, second.size);
    ckpt_free(copy);
    ckpt_buffer_free(c, first.bytes, first.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ckpt_open_options options = {.struct_size = sizeof options, .formats = "safetensors,npy"};
    ckpt_error err;
    ckpt *c;
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        rewrite(c);
        ckpt_free(c);
    }
    return 0;
}
