/* SPDX-License-Identifier: MIT */
/* Says what the library finds in .ckpt files, in the words of spec/decoder.py --json --bytes.
 *
 * Reads lines "ACCESS PATH", where ACCESS is map, read, memory, reader, or generation-N for an
 * older generation, and answers each with one line: an object, or "reject RULE: message" when
 * opening or verifying fails. ACCESS may also be manifest, and the answer is the text of the
 * manifest as a string, or save, and it is the bytes that a save gives, in hexadecimal; again: the
 * same, with the options that the file seems to have been saved with. */
#include <ckpt/ckpt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MAX_CHECKSUM_BYTES ((uint64_t)1 << 24)

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

#if defined(__GNUC__)
__attribute__((noreturn))
#endif
static void
die(const char *what) {
    fprintf(stderr, "ckpt_probe: %s\n", what);
    exit(2);
}

static bytes read_file(const char *path) {
    bytes b = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die(path);
    long size = ftell(file);
    rewind(file);
    /* Exactly as large as the file, so that a sanitizer sees one byte too many. */
    b.size = size > 0 ? (size_t)size : 0;
    b.data = malloc(b.size > 0 ? b.size : 1);
    if (size < 0 || b.data == NULL || fread(b.data, 1, b.size, file) != b.size)
        die(path);
    fclose(file);
    return b;
}

static int read_at(void *ctx, void *buffer, size_t size, uint64_t offset) {
    const bytes *b = ctx;
    if (offset > b->size || size > b->size - offset)
        die("the library asks for bytes behind the end");
    memcpy(buffer, b->data + offset, size);
    return 0;
}

/* ---- values ---- */

static void put_string(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void put_bytes(ckpt_value value) {
    size_t size;
    const unsigned char *data = ckpt_value_bytes(value, &size);
    printf("{\"bytes\":\"");
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned)data[i]);
    printf("\"}");
}

static void put_float(ckpt_value value) {
    double number = ckpt_value_float(value, 0);
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    printf("{\"float\":\"%016" PRIx64 "\"}", bits);
}

static void put_value(ckpt_value value);

static void put_elements(ckpt_value value, bool is_map) {
    uint32_t count = ckpt_value_count(value);
    printf(is_map ? "{\"map\":[" : "[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            putchar(',');
        if (is_map) {
            putchar('[');
            put_string(ckpt_map_key(value, i));
            putchar(',');
        }
        put_value(ckpt_value_at(value, i));
        if (is_map)
            putchar(']');
    }
    printf(is_map ? "]}" : "]");
}

/* Recurses as deep as values are nested: 64. */
static void put_value(ckpt_value value) {
    switch (ckpt_value_kind(value)) {
    case CKPT_VALUE_NULL: printf("null"); break;
    case CKPT_VALUE_BOOL: printf(ckpt_value_bool(value, false) ? "true" : "false"); break;
    case CKPT_VALUE_INT: printf("%" PRId64, ckpt_value_int(value, 0)); break;
    case CKPT_VALUE_FLOAT: put_float(value); break;
    case CKPT_VALUE_STRING: put_string(ckpt_value_string(value)); break;
    case CKPT_VALUE_BYTES: put_bytes(value); break;
    case CKPT_VALUE_LIST: put_elements(value, false); break;
    case CKPT_VALUE_MAP: put_elements(value, true); break;
    case CKPT_VALUE_ABSENT: die("an absent value in a container");
    }
}

/* ---- modules, tensors, storages ---- */

static void put_modules(ckpt *c) {
    printf(",\"modules\":[");
    for (uint32_t i = 0; i < ckpt_module_count(c); i++) {
        ckpt_module module = ckpt_module_by_id(c, i);
        printf(i > 0 ? ",{\"type\":" : "{\"type\":");
        put_string(ckpt_module_type(module));
        printf(",\"attributes\":");
        put_value(ckpt_module_attributes(module));
        printf(",\"members\":[");
        for (uint32_t k = 0; k < ckpt_module_member_count(module); k++) {
            ckpt_member member = ckpt_module_member(module, k);
            bool is_module = member.kind == CKPT_MEMBER_MODULE;
            printf(k > 0 ? ",{\"name\":" : "{\"name\":");
            put_string(member.name);
            printf(",\"kind\":\"%s\",\"target\":%lu}", is_module ? "module" : "tensor",
                   (unsigned long)(is_module ? member.module.id : member.tensor.id));
            if (ckpt_module_member_named(module, member.name).kind != member.kind)
                die("a member is not found by its name");
        }
        printf("]}");
    }
    putchar(']');
}

static void put_numbers(const char *name, ckpt_tensor tensor, bool strides) {
    const uint64_t *shape = ckpt_tensor_shape(tensor);
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < ckpt_tensor_rank(tensor); i++)
        printf("%s%" PRIu64, i > 0 ? "," : "", strides ? ckpt_tensor_stride(tensor, i) : shape[i]);
    putchar(']');
}

static void put_checksum(ckpt_tensor tensor) {
    uint64_t size = ckpt_tensor_nbytes(tensor);
    ckpt_error err;
    if (size > MAX_CHECKSUM_BYTES) {
        printf(",\"checksum\":null}");
        return;
    }
    void *data = malloc(size > 0 ? (size_t)size : 1);
    if (data == NULL)
        die("no memory");
    if (ckpt_tensor_read(tensor, data, (size_t)size, &err) != CKPT_OK)
        die(err.message);
    printf(",\"checksum\":\"%016" PRIx64 "\"}", (uint64_t)XXH3_64bits(data, (size_t)size));
    free(data);
}

static void put_tensors(ckpt *c) {
    printf(",\"tensors\":[");
    for (uint32_t i = 0; i < ckpt_tensor_count(c); i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, i);
        ckpt_dtype_info info = ckpt_tensor_dtype_info(tensor);
        printf("%s{\"dtype\":{\"name\":\"%s\",\"class\":%d,\"block_elements\":%lu,"
               "\"block_bytes\":%lu}",
               i > 0 ? "," : "", info.name, (int)info.dtype_class,
               (unsigned long)info.block_elements, (unsigned long)info.block_bytes);
        put_numbers("shape", tensor, false);
        if (ckpt_tensor_is_contiguous(tensor))
            printf(",\"strides\":null");
        else
            put_numbers("strides", tensor, true);
        printf(",\"storage\":%lu,\"storage_offset\":%" PRIu64 ",\"parameter\":%s,"
               "\"requires_grad\":%s",
               (unsigned long)ckpt_tensor_storage(tensor).id, ckpt_tensor_storage_offset(tensor),
               ckpt_tensor_is_parameter(tensor) ? "true" : "false",
               ckpt_tensor_requires_grad(tensor) ? "true" : "false");
        put_checksum(tensor);
    }
    putchar(']');
}

static void put_storages(ckpt *c) {
    printf(",\"storages\":[");
    for (uint32_t i = 0; i < ckpt_storage_count(c); i++) {
        ckpt_storage storage = ckpt_storage_by_id(c, i);
        ckpt_storage_layout layout = ckpt_describe_storage(storage);
        printf("%s{\"offset\":%" PRIu64 ",\"size\":%" PRIu64 ",\"chunk_size\":%" PRIu64
               ",\"chunk_count\":%" PRIu64 ",\"part\":",
               i > 0 ? "," : "", layout.offset, ckpt_storage_size(storage), layout.chunk_size,
               layout.chunk_count);
        put_string(layout.part);
        putchar('}');
    }
    putchar(']');
}

static void put_digest(ckpt *c) {
    uint8_t digest[CKPT_DIGEST_SIZE];
    ckpt_error err;
    if (ckpt_digest(c, NULL, digest, &err) != CKPT_OK)
        die(err.message);
    printf("{\"digest\":\"");
    for (int i = 0; i < CKPT_DIGEST_SIZE; i++)
        printf("%02x", (unsigned)digest[i]);
    printf("\",");
}

static void describe(ckpt *c) {
    ckpt_file_info info = ckpt_describe_file(c);
    put_digest(c);
    printf("\"version\":[%d,%d],\"generation\":%" PRIu64 ",\"recovered\":%s,\"metadata\":",
           (int)info.version_major, (int)info.version_minor, info.generation,
           info.recovered[0] != '\0' ? "true" : "false");
    put_value(ckpt_metadata(c));
    put_modules(c);
    put_tensors(c);
    put_storages(c);
    printf("}\n");
}

static void put_manifest(ckpt *c) {
    char *text;
    size_t size;
    ckpt_error err;
    if (ckpt_manifest_write(c, &text, &size, &err) != CKPT_OK)
        die(err.message);
    put_string(text);
    putchar('\n');
    ckpt_buffer_free(c, text, size + 1);
}

/* Those that show: where nothing has bytes, any will do. */
static ckpt_save_options options_of(ckpt *c) {
    ckpt_save_options options = {.struct_size = sizeof options, .threads = 1};
    for (uint32_t s = 0; s < ckpt_storage_count(c); s++) {
        ckpt_storage storage = ckpt_storage_by_id(c, s);
        ckpt_storage_layout layout = ckpt_describe_storage(storage);
        if (ckpt_storage_size(storage) == 0)
            continue;
        options.chunk_size = layout.chunk_size;
        options.no_checksums = layout.chunk_size == 0;
        options.compress = options.compress || strcmp(layout.encoding, "planes") == 0;
    }
    return options;
}

static void put_saved(ckpt *c, const ckpt_save_options *options) {
    void *data;
    size_t size;
    ckpt_error err;
    if (ckpt_save_memory(c, options, &data, &size, &err) != CKPT_OK)
        die(err.message);
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("%02x", (unsigned)((unsigned char *)data)[i]);
    printf("\"\n");
    ckpt_buffer_free(c, data, size);
}

static ckpt_status open_file(const char *access, const char *path, bytes *content, ckpt **ret,
                             ckpt_error *err) {
    ckpt_open_options options = {.struct_size = sizeof options, .formats = "ckpt"};
    if (strncmp(access, "generation-", 11) == 0)
        options.generation = strtoull(access + 11, NULL, 10);
    if (strcmp(access, "memory") != 0 && strcmp(access, "reader") != 0) {
        options.access = strcmp(access, "read") == 0 ? CKPT_ACCESS_READ : CKPT_ACCESS_MAP;
        return ckpt_open(path, &options, ret, err);
    }
    *content = read_file(path);
    if (strcmp(access, "memory") == 0)
        return ckpt_open_memory(content->data, content->size, path, &options, ret, err);
    ckpt_reader reader = {.ctx = content, .size = content->size, .read_at = read_at};
    return ckpt_open_reader(&reader, path, &options, ret, err);
}

static void answer(const char *access, const char *path) {
    ckpt *c = NULL;
    ckpt_error err;
    bytes content = {NULL, 0};
    ckpt_status status = open_file(access, path, &content, &c, &err);
    if (status == CKPT_OK)
        status = ckpt_verify(c, NULL, NULL, &err);
    else if (c != NULL)
        die("a failed open has set its output");
    if (status == CKPT_OK && strcmp(access, "manifest") == 0)
        put_manifest(c);
    else if (status == CKPT_OK && strcmp(access, "save") == 0)
        put_saved(c, NULL);
    else if (status == CKPT_OK && strcmp(access, "again") == 0) {
        ckpt_save_options options = options_of(c);
        put_saved(c, &options);
    } else if (status == CKPT_OK)
        describe(c);
    else
        printf("reject %s: %s\n", err.rule[0] != '\0' ? err.rule : ckpt_status_name(status),
               err.message);
    fflush(stdout);
    ckpt_free(c);
    free(content.data);
}

int main(void) {
    char line[4200];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *space = strchr(line, ' ');
        if (space == NULL)
            die("expected ACCESS PATH");
        *space = '\0';
        line[strcspn(line, "\n")] = '\0';
        space[1 + strcspn(space + 1, "\n")] = '\0';
        answer(line, space + 1);
    }
    return 0;
}
