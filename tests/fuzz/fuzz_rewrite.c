/* SPDX-License-Identifier: MIT */
/* Opens the input in whatever format it is, and writes it in every other one: what comes of it can
 * be read, the losses that were told account for each difference, it is the same when it is written
 * once more, and what is converted back is what there was. */
#include "fuzztarget.h"

#include "lossaccount.h"

#include <string.h>

/* A small file may tell of a large tensor, or of very many names. */
enum { LARGEST_MODEL = 1 << 18, MOST_PLACES = 200 };

static const char *const formats[] = {"ckpt", "safetensors", "npz", "gguf", "torch", "oneflow"};

typedef struct written {
    void *bytes;
    size_t size;
} written;

static bool is_small(ckpt *c) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_error err;
    uint64_t left = LARGEST_MODEL;
    uint32_t names = 0;
    must(ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &walk, &err) == CKPT_OK, err.message);
    bool is_small = true;
    while (is_small && ckpt_walk_next(walk, &item)) {
        uint64_t size = ckpt_tensor_exists(item.tensor) ? ckpt_tensor_nbytes(item.tensor) : 0;
        is_small = ++names <= MOST_PLACES && size <= left &&
                   (size == 0 || ckpt_tensor_numel(item.tensor) <= LARGEST_MODEL);
        left -= is_small ? size : 0;
    }
    ckpt_walk_free(walk);
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++)
        is_small = is_small && ckpt_storage_size(ckpt_storage_by_id(c, i)) <= LARGEST_MODEL;
    return is_small;
}

/* False when the format cannot hold it, or bytes that are needed are damaged. */
static bool write_it(ckpt *c, const char *format, loss_book *book, written *ret_written) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = format};
    ckpt_error err;
    options.on_loss = loss_book_note;
    options.loss_ctx = book;
    ckpt_status status =
        ckpt_save_memory(c, &options, &ret_written->bytes, &ret_written->size, &err);
    fuzz_check_error(status, &err);
    must(status == CKPT_OK || status == CKPT_E_UNSUPPORTED || status == CKPT_E_LIMIT ||
             status == CKPT_E_CHECKSUM || status == CKPT_E_MISMATCH || status == CKPT_E_EXISTS ||
             status == CKPT_E_STRUCTURE,
         err.message);
    return status == CKPT_OK;
}

static ckpt *open_it(const written *w, const char *format, loss_book *book) {
    ckpt_open_options options = {.struct_size = sizeof options, .formats = format};
    ckpt_error err;
    ckpt *c;
    options.on_loss = loss_book_note;
    options.loss_ctx = book;
    must(ckpt_open_memory(w->bytes, w->size, format, &options, &c, &err) == CKPT_OK, err.message);
    return c;
}

static void account_for(ckpt *a, ckpt *b, const loss_book *book, const char *format) {
    char why[400];
    const char *difference = losses_leave_out(a, b, book, why, sizeof why);
    if (difference != NULL)
        fprintf(stderr, "from %s by way of %s:\n", ckpt_describe_file(a).format, format);
    must(difference == NULL, difference);
}

static bool is_same_file(const written *a, const written *b) {
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* The first file is of another model: in another order, or a net where the second is a dict. From
 * the second on nothing changes any more. */
static void write_again(ckpt *copy, const char *format) {
    written second, third;
    loss_book book = {NULL, 0, 0};
    must(write_it(copy, format, &book, &second), "what was read cannot be written");
    ckpt *again = open_it(&second, format, &book);
    must(write_it(again, format, &book, &third), "what was read again cannot be written");
    must(is_same_file(&second, &third), "another file when it is written again");
    ckpt_buffer_free(again, third.bytes, third.size);
    ckpt_free(again);
    ckpt_buffer_free(copy, second.bytes, second.size);
    loss_book_clear(&book);
}

/* book has the losses on the way there. */
static void write_back(ckpt *c, ckpt *copy, const char *by_way_of, loss_book *book) {
    const char *format = ckpt_describe_file(c).format;
    written w;
    if (strcmp(format, "torch-legacy") == 0 || strcmp(format, "npy") == 0 ||
        !write_it(copy, format, book, &w))
        return;
    ckpt *back = open_it(&w, format, book);
    account_for(c, back, book, by_way_of);
    ckpt_free(back);
    ckpt_buffer_free(copy, w.bytes, w.size);
}

/* What a format that can hold everything made of it is the same model. */
static void check_identity(ckpt *a, ckpt *b) {
    uint8_t x[CKPT_DIGEST_SIZE], y[CKPT_DIGEST_SIZE];
    ckpt_error err;
    must(ckpt_digest(a, NULL, x, &err) == CKPT_OK, err.message);
    must(ckpt_digest(b, NULL, y, &err) == CKPT_OK, err.message);
    must(memcmp(x, y, sizeof x) == 0, "nothing was lost, and it is another model");
}

static void rewrite(ckpt *c, const char *format) {
    loss_book book = {NULL, 0, 0};
    written w;
    if (write_it(c, format, &book, &w)) {
        ckpt *copy = open_it(&w, format, &book);
        account_for(c, copy, &book, format);
        bool is_own = strcmp(format, ckpt_describe_file(c).format) == 0;
        if (strcmp(format, "ckpt") == 0 || (is_own && book.count == 0))
            check_identity(c, copy);
        write_again(copy, format);
        write_back(c, copy, format, &book);
        ckpt_free(copy);
        ckpt_buffer_free(c, w.bytes, w.size);
    }
    loss_book_clear(&book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ckpt_error err;
    ckpt *c;
    ckpt_status status = ckpt_open_memory(data, size, NULL, NULL, &c, &err);
    fuzz_check_error(status, &err);
    if (status != CKPT_OK)
        return 0;
    if (is_small(c)) {
        for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
            rewrite(c, formats[i]);
    }
    ckpt_free(c);
    return 0;
}
