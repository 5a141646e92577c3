/* SPDX-License-Identifier: MIT */
/* Opens the input as a GGUF file; saves it as .ckpt and as GGUF again, which is read and must be
 * the same. */
#include "fuzztarget.h"

#include "comparemodels.h"

#include <string.h>

/* But for what comes back all the same. */
static void count_loss(void *ctx, const ckpt_loss *loss) {
    must(loss->message[0] != '\0', "a loss without a message");
    *(unsigned *)ctx += !loss->hidden;
}

typedef struct gguf_image {
    void *bytes;
    size_t size;
} gguf_image;

static gguf_image save_gguf(ckpt *c, unsigned *losses) {
    gguf_image image;
    ckpt_error err;
    ckpt_save_options options = {
        .struct_size = sizeof options, .format = "gguf", .on_loss = count_loss, .loss_ctx = losses};
    must(ckpt_save_memory(c, &options, &image.bytes, &image.size, &err) == CKPT_OK, err.message);
    return image;
}

/* What was read from a GGUF file can be written as one, without any loss. */
static void gguf_round_trip(ckpt *c) {
    unsigned losses = 0;
    char why[300];
    ckpt *opened;
    ckpt_error err;
    gguf_image first = save_gguf(c, &losses), second;
    must(losses == 0, "a loss from GGUF to GGUF");
    must(ckpt_open_memory(first.bytes, first.size, NULL, NULL, &opened, &err) == CKPT_OK,
         err.message);
    must(models_differ(c, opened, why, sizeof why) == NULL, why);
    second = save_gguf(opened, &losses);
    must(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0,
         "other bytes the second time");
    ckpt_buffer_free(opened, second.bytes, second.size);
    ckpt_free(opened);
    ckpt_buffer_free(c, first.bytes, first.size);
}

/* A small file may demand much padding, and a tie may be of a large tensor. */
static bool is_small(ckpt *c) {
    ckpt_summary summary;
    ckpt_error err;
    ckpt_value alignment = ckpt_map_get(ckpt_metadata(c), "general.alignment");
    must(ckpt_summarize(ckpt_root(c), &summary, &err) == CKPT_OK, err.message);
    return ckpt_value_int(alignment, 0) <= 65536 && summary.untied_bytes <= 1 << 20;
}

/* Losses are told of when a file is read too: the metadata and the order of names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    unsigned losses = 0;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ckpt_open_options options = {.struct_size = sizeof options,
                                 .allocator = &hook,
                                 .formats = "gguf",
                                 .on_loss = count_loss,
                                 .loss_ctx = &losses};
    ckpt *c;
    ckpt_error err;
    ckpt_status status = ckpt_open_memory(data, size, NULL, &options, &c, &err);
    must(memory.peak <= ((size_t)16 << 20) + 64 * size, "opening takes too much memory");
    fuzz_check_error(status, &err);
    if (status == CKPT_OK) {
        fuzz_use(c);
        fuzz_manifest_round_trip(c);
        fuzz_save(c);
        if (is_small(c))
            gguf_round_trip(c);
        ckpt_free(c);
    }
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
