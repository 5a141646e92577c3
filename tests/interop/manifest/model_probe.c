/* SPDX-License-Identifier: MIT */
/* What the library sees, for tests in Python.
 *
 *     model_probe manifest FILE        the manifest of a file in any format
 *     model_probe reread FILE.yaml     a manifest, read and written again
 *     model_probe pack FILE.yaml OUT   packed and saved
 *     model_probe dump FILE            a line for each name: name, kind, dtype, shape, number of
 * the tensor, bytes in hexadecimal, separated by tabs; then a line for each string of the metadata
 *     model_probe savenpy FILE OUT     read and saved as .npy
 *     model_probe saveas FORMAT FILE OUT [SHARD_SIZE]
 *                                      read and saved; a line for each loss: kind, name, message,
 *                                      separated by tabs
 *     model_probe openmemory FILE      as open, from memory
 *     model_probe open FILE...         for each file a line: CKPT_OK, or the error's name and
 * message
 */
#include <ckpt/ckpt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const ckpt_error *err) {
    fprintf(stderr, "%s: %s\n", ckpt_status_name(err->status), err->message);
    return 1;
}

static int print_manifest(ckpt *c) {
    ckpt_error err;
    char *text;
    size_t size;
    if (ckpt_manifest_write(c, &text, &size, &err) != CKPT_OK)
        return fail(&err);
    fwrite(text, 1, size, stdout);
    ckpt_buffer_free(c, text, size + 1);
    return 0;
}

static char *read_file(const char *path, size_t *ret_size) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, got = 1;
    while (file != NULL && got != 0) {
        text = realloc(text, size + 65536);
        got = text != NULL ? fread(text + size, 1, 65536, file) : 0;
        size += got;
    }
    if (file != NULL)
        fclose(file);
    *ret_size = size;
    return text;
}

static int reread(const char *path) {
    ckpt_error err;
    ckpt_manifest *manifest;
    size_t size;
    char *text = read_file(path, &size);
    ckpt_status status = ckpt_manifest_read(text, size, path, NULL, &manifest, &err);
    free(text);
    if (status != CKPT_OK)
        return fail(&err);
    int result = print_manifest(ckpt_manifest_ckpt(manifest));
    ckpt_manifest_free(manifest);
    return result;
}

static int pack(const char *path, const char *out) {
    ckpt_error err;
    ckpt *c;
    if (ckpt_pack(path, NULL, &c, &err) != CKPT_OK)
        return fail(&err);
    ckpt_status status = ckpt_save(c, out, NULL, &err);
    ckpt_free(c);
    return status == CKPT_OK ? 0 : fail(&err);
}

static int save_npy(const char *path, const char *out) {
    ckpt_save_options options = {.struct_size = sizeof options, .format = "npy"};
    ckpt_error err;
    ckpt *c;
    if (ckpt_open(path, NULL, &c, &err) != CKPT_OK)
        return fail(&err);
    ckpt_status status = ckpt_save(c, out, &options, &err);
    ckpt_free(c);
    return status == CKPT_OK ? 0 : fail(&err);
}

static void print_loss(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    printf("%s\t%s\t%s\n", ckpt_loss_kind_name(loss->kind), loss->name, loss->message);
}

static int save_as(const char *format, const char *path, const char *out, const char *shard_size) {
    ckpt_open_options reading = {.struct_size = sizeof reading, .on_loss = print_loss};
    ckpt_save_options options = {
        .struct_size = sizeof options, .format = format, .on_loss = print_loss};
    ckpt_error err;
    ckpt *c;
    options.shard_size = shard_size != NULL ? strtoull(shard_size, NULL, 10) : 0;
    if (ckpt_open(path, &reading, &c, &err) != CKPT_OK)
        return fail(&err);
    ckpt_status status = ckpt_save(c, out, &options, &err);
    ckpt_free(c);
    return status == CKPT_OK ? 0 : fail(&err);
}

static ckpt_status print_bytes(ckpt_tensor tensor, ckpt_error *err) {
    size_t size = (size_t)ckpt_tensor_nbytes(tensor);
    unsigned char *bytes = malloc(size + 1);
    ckpt_status status = ckpt_tensor_read(tensor, bytes, size, err);
    for (size_t i = 0; status == CKPT_OK && i < size; i++)
        printf("%02x", (unsigned)bytes[i]);
    free(bytes);
    return status;
}

static ckpt_status print_tensor(const ckpt_walk_item *item, ckpt_error *err) {
    ckpt_tensor tensor = item->tensor;
    printf("%s\t%s\t%s\t", item->name, ckpt_tensor_is_parameter(tensor) ? "parameter" : "buffer",
           ckpt_tensor_dtype_info(tensor).name);
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor); i++)
        printf("%s%" PRIu64, i > 0 ? "," : "", ckpt_tensor_shape(tensor)[i]);
    printf("\t%" PRIu32 "\t", tensor.id);
    ckpt_status status = print_bytes(tensor, err);
    printf("\n");
    return status;
}

static int dump(ckpt *c) {
    ckpt_error err;
    ckpt_walk *walk;
    ckpt_walk_item item;
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, &err);
    if (status != CKPT_OK)
        return fail(&err);
    while (status == CKPT_OK && ckpt_walk_next(walk, &item))
        status = print_tensor(&item, &err);
    ckpt_walk_free(walk);
    if (status != CKPT_OK)
        return fail(&err);
    ckpt_value metadata = ckpt_metadata(c);
    for (uint32_t i = 0; i < ckpt_value_count(metadata); i++)
        printf("%s=%s\n", ckpt_map_key(metadata, i), ckpt_value_string(ckpt_value_at(metadata, i)));
    return 0;
}

static int try_to_open_memory(const char *path) {
    ckpt_error err;
    ckpt *c = NULL;
    size_t size;
    char *bytes = read_file(path, &size);
    ckpt_status status = ckpt_open_memory(bytes, size, NULL, NULL, &c, &err);
    printf("%s %s\n", ckpt_status_name(status), status == CKPT_OK ? "" : err.message);
    ckpt_free(c);
    free(bytes);
    return 0;
}

static int try_to_open(int count, char **paths) {
    for (int i = 0; i < count; i++) {
        ckpt_error err;
        ckpt *c = NULL;
        ckpt_status status = ckpt_open(paths[i], NULL, &c, &err);
        if (status == CKPT_OK)
            printf("CKPT_OK\n");
        else
            printf("%s %s\n", ckpt_status_name(status), err.message);
        ckpt_free(c);
    }
    return 0;
}

int main(int argc, char **argv) {
    ckpt_error err;
    ckpt *c;
    if (argc == 3 && strcmp(argv[1], "reread") == 0)
        return reread(argv[2]);
    if (argc == 4 && strcmp(argv[1], "pack") == 0)
        return pack(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "savenpy") == 0)
        return save_npy(argv[2], argv[3]);
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "saveas") == 0)
        return save_as(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : NULL);
    if (argc == 3 && strcmp(argv[1], "openmemory") == 0)
        return try_to_open_memory(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "open") == 0)
        return try_to_open(argc - 2, argv + 2);
    if (argc != 3 || (strcmp(argv[1], "manifest") != 0 && strcmp(argv[1], "dump") != 0))
        return 2;
    if (ckpt_open(argv[2], NULL, &c, &err) != CKPT_OK)
        return fail(&err);
    int result = strcmp(argv[1], "dump") == 0 ? dump(c) : print_manifest(c);
    ckpt_free(c);
    return result;
}
