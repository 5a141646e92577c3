/* SPDX-License-Identifier: MIT */
/* Archives as the library sees them, for tests in Python.
 *
 *     archive_probe list FILE...      for each file a line: CKPT_OK and, after spaces, NAME=CRC32
 * of each tensor's bytes in the order of the file; or the error's name, its rule or "-", and
 * message archive_probe verify FILE...    for each file a line: what ckpt_verify says, in the same
 * form, with the number of damages behind CKPT_OK archive_probe save FORMAT FILE OUT    read and
 * saved; a line for each loss: kind, name, message archive_probe sparse FORMAT FILE OUT    the
 * same, with a hole wherever zeros are written
 */
#include <ckpt/ckpt.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static void print_error(ckpt_status status, const ckpt_error *err) {
    printf("%s %s %s\n", ckpt_status_name(status), err->rule[0] != '\0' ? err->rule : "-",
           err->message);
}

static ckpt_status checksum(ckpt_tensor tensor, uint32_t *ret_crc, ckpt_error *err) {
    size_t size = (size_t)ckpt_tensor_nbytes(tensor);
    unsigned char *bytes = malloc(size + 1);
    ckpt_status status = ckpt_tensor_read(tensor, bytes, size, err);
    if (status == CKPT_OK)
        *ret_crc = (uint32_t)crc32_z(0, bytes, size);
    free(bytes);
    return status;
}

/* Into text, so that a line has either tensors or an error. */
static ckpt_status list_tensors(ckpt *c, FILE *text, ckpt_error *err) {
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, err);
    if (status != CKPT_OK)
        return status;
    while (status == CKPT_OK && ckpt_walk_next(walk, &item)) {
        uint32_t crc = 0;
        status = checksum(item.tensor, &crc, err);
        fprintf(text, " %s=%08" PRIx32, item.name, crc);
    }
    ckpt_walk_free(walk);
    return status;
}

static ckpt_status open_file(const char *path, ckpt **ret_ckpt, ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options, .access = CKPT_ACCESS_READ};
    return ckpt_open(path, &options, ret_ckpt, err);
}

static void list(const char *path) {
    ckpt_error err;
    ckpt *c = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ckpt_status status = open_file(path, &c, &err);
    if (status == CKPT_OK)
        status = list_tensors(c, stream, &err);
    fclose(stream);
    if (status == CKPT_OK)
        printf("CKPT_OK%s\n", text);
    else
        print_error(status, &err);
    free(text);
    ckpt_free(c);
}

static void verify(const char *path) {
    ckpt_error err;
    ckpt *c = NULL;
    ckpt_verify_result result = {0, 0, 0, 0};
    ckpt_status status = open_file(path, &c, &err);
    if (status == CKPT_OK)
        status = ckpt_verify(c, NULL, &result, &err);
    if (status == CKPT_OK)
        printf("CKPT_OK %" PRIu64 " %" PRIu64 "\n", result.chunks, result.unchecked_bytes);
    else
        print_error(status, &err);
    ckpt_free(c);
}

static void print_loss(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    printf("%s\t%s\t%s\n", ckpt_loss_kind_name(loss->kind), loss->name, loss->message);
}

static int write_unless_zeros(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    const char *next = bytes;
    if (size >= 65536 && next[0] == 0 && memcmp(next, next + 1, size - 1) == 0)
        return 0;
    return pwrite(*(const int *)ctx, bytes, size, (off_t)offset) == (ssize_t)size ? 0 : EIO;
}

static ckpt_status save_sparse(ckpt *c, const char *out, const ckpt_save_options *options,
                               ckpt_error *err) {
    int file = open(out, O_CREAT | O_TRUNC | O_WRONLY, 0666);
    ckpt_writer writer = {.ctx = &file, .write_at = write_unless_zeros};
    ckpt_status status = ckpt_save_writer(c, &writer, options, err);
    close(file);
    return status;
}

static int save(const char *format, const char *path, const char *out, bool sparse) {
    ckpt_save_options options = {.struct_size = sizeof options,
                                 .format = format,
                                 .not_durable = true,
                                 .on_loss = print_loss};
    ckpt_error err;
    ckpt *c = NULL;
    ckpt_status status = ckpt_open(path, NULL, &c, &err);
    if (status == CKPT_OK)
        status = sparse ? save_sparse(c, out, &options, &err) : ckpt_save(c, out, &options, &err);
    if (status != CKPT_OK)
        print_error(status, &err);
    ckpt_free(c);
    return status != CKPT_OK;
}

int main(int argc, char **argv) {
    if (argc == 5 && (strcmp(argv[1], "save") == 0 || strcmp(argv[1], "sparse") == 0))
        return save(argv[2], argv[3], argv[4], strcmp(argv[1], "sparse") == 0);
    if (argc < 3 || (strcmp(argv[1], "list") != 0 && strcmp(argv[1], "verify") != 0))
        return 2;
    for (int i = 2; i < argc; i++)
        strcmp(argv[1], "list") == 0 ? list(argv[i]) : verify(argv[i]);
    return 0;
}
