/* SPDX-License-Identifier: MIT */
/* What the library sees in a file, and what it writes, for tests in Python.
 *
 *     gguf_probe dump FILE              one JSON object: metadata; tensors with their bytes
 *     gguf_probe floats FILE            one JSON object: the values of each tensor as f32, in hex
 *     gguf_probe save FORMAT SIZE IN OUT
 *                                       opens, saves; a line for each loss. SIZE: of a shard, or 0
 *     gguf_probe open FILE...           for each file a line: CKPT_OK, or the error's name, its
 * rule and message
 *
 * Values: {"f": bits of a float}, {"s": string}, {"b": bytes}, {"m": [[key, value]...]}, others as
 * JSON has them; bits, strings and bytes in hexadecimal. */
#include <ckpt/ckpt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const ckpt_error *err) {
    fprintf(stderr, "%s: %s\n", ckpt_status_name(err->status), err->message);
    return 1;
}

static void print_hex(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned)((const unsigned char *)bytes)[i]);
}

static void print_text(const char *text) {
    printf("\"");
    print_hex(text, strlen(text));
    printf("\"");
}

static void print_value(ckpt_value value);

static void print_elements(ckpt_value value, bool is_map) {
    for (uint32_t i = 0; i < ckpt_value_count(value); i++) {
        printf("%s", i > 0 ? "," : "");
        if (is_map) {
            printf("[");
            print_text(ckpt_map_key(value, i));
            printf(",");
        }
        print_value(ckpt_value_at(value, i));
        printf("%s", is_map ? "]" : "");
    }
}

static void print_value(ckpt_value value) {
    double number = ckpt_value_float(value, 0);
    uint64_t bits;
    size_t size;
    memcpy(&bits, &number, 8);
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_BOOL: printf("%s", ckpt_value_bool(value, false) ? "true" : "false"); break;
    case CKPT_VALUE_INT: printf("%" PRId64, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: printf("{\"f\":\"%016" PRIx64 "\"}", bits); break;
    case CKPT_VALUE_STRING:
        printf("{\"s\":");
        print_text(ckpt_value_string(value));
        printf("}");
        break;
    case CKPT_VALUE_BYTES: {
        const void *bytes = ckpt_value_bytes(value, &size);
        printf("{\"b\":\"");
        print_hex(bytes, size);
        printf("\"}");
        break;
    }
    case CKPT_VALUE_LIST:
        printf("[");
        print_elements(value, false);
        printf("]");
        break;
    case CKPT_VALUE_MAP:
        printf("{\"m\":[");
        print_elements(value, true);
        printf("]}");
        break;
    default: printf("null");
    }
}

static ckpt_status print_content(ckpt_tensor tensor, bool floats, ckpt_error *err) {
    size_t count = (size_t)ckpt_tensor_numel(tensor);
    size_t size = floats ? count * sizeof(float) : (size_t)ckpt_tensor_nbytes(tensor);
    unsigned char *bytes = malloc(size + 1);
    ckpt_status status = floats ? ckpt_tensor_read_as(tensor, CKPT_F32, bytes, size, err)
                                : ckpt_tensor_read(tensor, bytes, size, err);
    printf(",\"data\":\"");
    if (status == CKPT_OK)
        print_hex(bytes, size);
    printf("\"}");
    free(bytes);
    return floats && status == CKPT_E_UNSUPPORTED ? CKPT_OK : status;
}

static ckpt_status print_tensor(const ckpt_walk_item *item, bool floats, ckpt_error *err) {
    ckpt_tensor tensor = item->tensor;
    printf("{\"name\":");
    print_text(item->name);
    printf(",\"number\":%" PRIu32 ",\"parameter\":%s,\"dtype\":\"%s\",\"shape\":[", tensor.id,
           ckpt_tensor_is_parameter(tensor) ? "true" : "false",
           ckpt_tensor_dtype_info(tensor).name);
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor); i++)
        printf("%s%" PRIu64, i > 0 ? "," : "", ckpt_tensor_shape(tensor)[i]);
    printf("]");
    return print_content(tensor, floats, err);
}

static int dump(const char *path, bool floats) {
    ckpt_error err;
    ckpt *c;
    ckpt_walk *walk;
    ckpt_walk_item item;
    if (ckpt_open(path, NULL, &c, &err) != CKPT_OK)
        return fail(&err);
    ckpt_file_info info = ckpt_describe_file(c);
    printf("{\"format\":\"%s\",\"version\":%u,\"metadata\":", info.format,
           (unsigned)info.version_major);
    print_value(ckpt_metadata(c));
    printf(",\"tensors\":[");
    ckpt_status status = ckpt_walk_create(ckpt_root(c), CKPT_WALK_STATE_DICT, &walk, &err);
    if (status != CKPT_OK)
        return fail(&err);
    for (int i = 0; status == CKPT_OK && ckpt_walk_next(walk, &item); i++) {
        printf("%s", i > 0 ? ",\n" : "");
        status = print_tensor(&item, floats, &err);
    }
    printf("]}\n");
    ckpt_walk_free(walk);
    ckpt_free(c);
    return status == CKPT_OK ? 0 : fail(&err);
}

static void print_loss(void *ctx, const ckpt_loss *loss) {
    (void)ctx;
    printf("%s\t%s\t%s\n", ckpt_loss_kind_name(loss->kind), loss->name, loss->message);
}

static int save(char **arguments) {
    ckpt_open_options open_options = {.struct_size = sizeof open_options, .on_loss = print_loss};
    ckpt_save_options options = {.struct_size = sizeof options,
                                 .format = arguments[0],
                                 .shard_size = strtoull(arguments[1], NULL, 10),
                                 .on_loss = print_loss};
    ckpt_error err;
    ckpt *c;
    if (ckpt_open(arguments[2], &open_options, &c, &err) != CKPT_OK)
        return fail(&err);
    ckpt_status status = ckpt_save(c, arguments[3], &options, &err);
    ckpt_free(c);
    return status == CKPT_OK ? 0 : fail(&err);
}

static int try_to_open(int count, char **paths) {
    for (int i = 0; i < count; i++) {
        ckpt_error err = {.rule = ""};
        ckpt *c = NULL;
        ckpt_status status = ckpt_open(paths[i], NULL, &c, &err);
        if (status == CKPT_OK)
            printf("CKPT_OK\n");
        else
            printf("%s %s %s\n", ckpt_status_name(status), err.rule[0] != '\0' ? err.rule : "-",
                   err.message);
        ckpt_free(c);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "dump") == 0)
        return dump(argv[2], false);
    if (argc == 3 && strcmp(argv[1], "floats") == 0)
        return dump(argv[2], true);
    if (argc == 6 && strcmp(argv[1], "save") == 0)
        return save(argv + 2);
    if (argc >= 3 && strcmp(argv[1], "open") == 0)
        return try_to_open(argc - 2, argv + 2);
    fprintf(stderr, "usage: gguf_probe dump|floats|save|open ...\n");
    return 2;
}
