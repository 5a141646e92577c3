/* SPDX-License-Identifier: MIT */
/* Archives, in and out. */
#include "scenarios.h"

#include "base/endian.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* ---- an archive beside the source, with a stored array and a deflated one ---- */

enum { ELEMENTS = 300, ARRAY_SIZE = 128 + 4 * ELEMENTS, NAME_SIZE = 5 };

typedef struct archive {
    unsigned char bytes[4 * ARRAY_SIZE];
    size_t size;
    unsigned char directory[200];
    size_t directory_size;
} archive;

static void put(archive *a, const void *bytes, size_t size) {
    memcpy(a->bytes + a->size, bytes, size);
    a->size += size;
}

/* data: what is stored of the content. */
static void put_entry(archive *a, const char *name, unsigned method, const unsigned char *content,
                      const unsigned char *data, size_t data_size) {
    unsigned char local[30] = "PK\3\4\24", central[46] = "PK\1\2\24\0\24";
    ck_store16(local + 8, (uint16_t)method);
    ck_store32(local + 14, (uint32_t)crc32_z(0, content, ARRAY_SIZE));
    ck_store32(local + 18, (uint32_t)data_size);
    ck_store32(local + 22, ARRAY_SIZE);
    local[26] = NAME_SIZE;
    memcpy(central + 6, local + 4, 26);
    ck_store32(central + 42, (uint32_t)a->size);
    put(a, local, sizeof local);
    put(a, name, NAME_SIZE);
    put(a, data, data_size);
    memcpy(a->directory + a->directory_size, central, sizeof central);
    memcpy(a->directory + a->directory_size + sizeof central, name, NAME_SIZE);
    a->directory_size += sizeof central + NAME_SIZE;
}

static void put_end(archive *a) {
    unsigned char end[22] = "PK\5\6";
    end[8] = end[10] = 2;
    ck_store32(end + 12, (uint32_t)a->directory_size);
    ck_store32(end + 16, (uint32_t)a->size);
    put(a, a->directory, a->directory_size);
    put(a, end, sizeof end);
}

static void make_archive(const char *path) {
    static const char header[] = "{'descr': '>f4', 'fortran_order': False, 'shape': (300,), }";
    unsigned char array[ARRAY_SIZE] = "\x93NUMPY\x01", block[5 + ARRAY_SIZE] = {1};
    archive a = {.size = 0};
    array[8] = 118;
    memset(array + 10, ' ', 118);
    memcpy(array + 10, header, sizeof header - 1);
    for (size_t i = 128; i < ARRAY_SIZE; i++)
        array[i] = i % 4 == 0 ? 0x3f : (unsigned char)i;
    /* One block of deflate that is not compressed. */
    ck_store16(block + 1, ARRAY_SIZE);
    ck_store16(block + 3, (uint16_t)~ARRAY_SIZE);
    memcpy(block + 5, array, ARRAY_SIZE);
    put_entry(&a, "a.npy", 0, array, array, ARRAY_SIZE);
    put_entry(&a, "b.npy", 8, array, block, sizeof block);
    put_end(&a);
    test_write_file(path, a.bytes, a.size);
}

/* ---- scenarios ---- */

static ckpt_status use_arrays(ckpt *c, ckpt_error *err) {
    unsigned char elements[4 * ELEMENTS];
    const void *data;
    ckpt_status status = ckpt_verify(c, NULL, NULL, err);
    for (uint32_t i = 0; i < 2 && status == CKPT_OK; i++)
        status = ckpt_tensor_read(ckpt_tensor_by_id(c, i), elements, sizeof elements, err);
    return status == CKPT_OK ? ckpt_tensor_data(ckpt_tensor_by_id(c, 1), &data, err) : status;
}

static ckpt_status open_archive(sweep *s, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    char path[512];
    ckpt *c = untouched;
    ckpt_open_options options = sweep_open_options(s, access);
    test_path(&s->directory, "a.npz", path, sizeof path);
    make_archive(path);
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status == CKPT_OK) {
        status = use_arrays(c, err);
        sweep_disarm(s);
        ckpt_free(c);
    } else {
        sweep_expect(s, c == untouched, "a failed open touched its output");
    }
    sweep_disarm(s);
    remove(path);
    return status;
}

static ckpt_status open_mapped(sweep *s, ckpt_error *err) {
    return open_archive(s, CKPT_ACCESS_MAP, err);
}

static ckpt_status open_read(sweep *s, ckpt_error *err) {
    return open_archive(s, CKPT_ACCESS_READ, err);
}

/* A tie, a view, a type that is widened, a name that is changed. */
static ckpt *make_model(sweep *s) {
    static const uint16_t numbers[ELEMENTS] = {0x3f80, 0x4000};
    static const uint64_t shape[] = {ELEMENTS}, part[] = {10}, strides[] = {3};
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &s->allocator};
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_BF16,
                             .rank = 1,
                             .shape = part,
                             .strides = strides};
    ckpt_error err;
    ckpt *c = NULL;
    ckpt_tensor tensor, view;
    bool made = ckpt_create(&options, &c, &err) == CKPT_OK &&
                ckpt_add_parameter(ckpt_root(c), "a\\b", CKPT_BF16, 1, shape, numbers, &tensor,
                                   &err) == CKPT_OK &&
                ckpt_add_tensor(ckpt_root(c), "tied", tensor, &err) == CKPT_OK &&
                ckpt_tensor_create(ckpt_tensor_storage(tensor), &spec, &view, &err) == CKPT_OK &&
                ckpt_add_tensor(ckpt_root(c), "view", view, &err) == CKPT_OK &&
                ckpt_add_parameter(ckpt_root(c), "half", CKPT_F16, 1, shape, numbers, NULL, &err) ==
                    CKPT_OK;
    sweep_expect(s, made, "the model cannot be made");
    return c;
}

static void count_loss(void *ctx, const ckpt_loss *loss) {
    (void)loss;
    ++*(unsigned *)ctx;
}

static ckpt_status save_as(sweep *s, bool compress, ckpt_error *err) {
    ckpt *c = make_model(s), *opened;
    ckpt_error ignored;
    unsigned losses = 0;
    ckpt_save_options options = sweep_save_options(s);
    options.format = "npz";
    options.compress = compress;
    options.on_loss = count_loss;
    options.loss_ctx = &losses;
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, s->target, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    if (status == CKPT_OK || status == CKPT_E_DURABILITY) {
        sweep_expect(s, losses >= 5, "losses are not told");
        sweep_expect(s, ckpt_open(s->target, NULL, &opened, &ignored) == CKPT_OK,
                     "what was saved cannot be opened");
        sweep_expect(s, ckpt_verify(opened, NULL, NULL, &ignored) == CKPT_OK,
                     "what was saved does not verify");
        ckpt_free(opened);
    }
    return status;
}

static ckpt_status save_archive(sweep *s, ckpt_error *err) {
    return save_as(s, false, err);
}

static ckpt_status save_deflated(sweep *s, ckpt_error *err) {
    return save_as(s, true, err);
}

const sweep_case archive_scenarios[] = {
    {"open npz, mapped", open_mapped},
    {"open npz, read", open_read},
    {"save npz", save_archive},
    {"save npz, deflated", save_deflated},
    {NULL, NULL},
};
