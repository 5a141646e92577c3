/* SPDX-License-Identifier: MIT */
/* zip_copy_probe FILE OUT: an archive of stored entries, read and written again entry by entry in
 * the manner of torch.save. */
#include "exchange/zipread.h"
#include "exchange/zipwrite.h"

#include <stdio.h>

static ckpt_status write_to_file(void *ctx, const void *bytes, size_t size, uint64_t offset,
                                 ckpt_error *err) {
    (void)err;
    return fseek(ctx, (long)offset, SEEK_SET) == 0 && fwrite(bytes, 1, size, ctx) == size
               ? CKPT_OK
               : CKPT_E_IO;
}

static ckpt_status copy_entry(const ck_source *source, const ck_zip_entry *entry,
                              ck_zip_writer *writer, ckpt_error *err) {
    ck_buffer content = {NULL, 0, 0};
    ckpt_status status =
        ck_zip_read_entry(writer->memory, source, entry, UINT64_C(1) << 30, &content, err);
    if (status == CKPT_OK)
        status =
            ck_zip_add(writer, entry->name, entry->name_size, content.bytes, content.size, err);
    ck_buffer_clear(writer->memory, &content);
    return status;
}

static ckpt_status copy(const ck_source *source, const ck_memory *memory, FILE *out,
                        ckpt_error *err) {
    ck_zip *zip;
    ck_sink sink = {.ctx = out, .write = write_to_file};
    ck_zip_writer writer;
    ckpt_status status = ck_zip_open(&zip, memory, source, true, err);
    if (status != CKPT_OK)
        return status;
    ck_zip_writer_init(&writer, memory, &sink, CK_ZIP_TORCH);
    for (uint32_t i = 0; status == CKPT_OK && i < ck_zip_count(zip); i++)
        status = copy_entry(source, ck_zip_entry_at(zip, i), &writer, err);
    if (status == CKPT_OK)
        status = ck_zip_finish(&writer, true, err);
    ck_zip_writer_clear(&writer);
    ck_zip_close(zip);
    return status;
}

int main(int argc, char **argv) {
    ck_memory memory = ck_memory_from(NULL);
    ck_source source;
    ckpt_error err = {.status = CKPT_OK};
    FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
    if (out == NULL)
        return 2;
    ckpt_status status = ck_source_open(&source, &memory, NULL, argv[1], false, &err);
    if (status == CKPT_OK) {
        status = copy(&source, &memory, out, &err);
        ck_source_close(&source);
    }
    fclose(out);
    if (status != CKPT_OK)
        fprintf(stderr, "%s\n", err.message);
    return status != CKPT_OK;
}
