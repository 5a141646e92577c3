/* SPDX-License-Identifier: MIT */
/* Checkpoints of OneFlow, as a file and as a directory. */
#include "scenarios.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ELEMENTS = 300 };

/* A tie, a view, a type that is widened and narrowed again, attributes of several kinds. */
static ckpt *make_model(sweep *s, bool with_allocator) {
    static const uint16_t numbers[ELEMENTS] = {0x3f80, 0x4000};
    static const uint64_t shape[] = {ELEMENTS}, part[] = {10}, strides[] = {3};
    ckpt_create_options options = {.struct_size = sizeof options};
    if (with_allocator)
        options.allocator = &s->allocator;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F16,
                             .rank = 1,
                             .shape = part,
                             .strides = strides};
    ckpt_error err;
    ckpt *c = NULL;
    ckpt_tensor tensor, view;
    ckpt_module root, inner;
    bool made = ckpt_create(&options, &c, &err) == CKPT_OK;
    root = ckpt_root(c);
    made =
        made && ckpt_set_module_type(root, "dict", &err) == CKPT_OK &&
        ckpt_add_parameter(root, "wide", CKPT_BF16, 1, shape, numbers, NULL, &err) == CKPT_OK &&
        ckpt_add_parameter(root, "half", CKPT_F16, 1, shape, numbers, &tensor, &err) == CKPT_OK &&
        ckpt_add_tensor(root, "tied", tensor, &err) == CKPT_OK &&
        ckpt_tensor_create(ckpt_tensor_storage(tensor), &spec, &view, &err) == CKPT_OK &&
        ckpt_add_module(root, "list", "list", &inner, &err) == CKPT_OK &&
        ckpt_add_tensor(inner, "0", view, &err) == CKPT_OK &&
        ckpt_map_set(ckpt_module_attributes(root), "bytes", ckpt_bytes("abc", 3), NULL, &err) ==
            CKPT_OK &&
        ckpt_map_set(ckpt_module_attributes(root), "text", ckpt_string("text"), NULL, &err) ==
            CKPT_OK;
    sweep_expect(s, made, "the model cannot be made");
    return c;
}

/* Away with a directory that was saved: two levels. */
static void remove_directory(const char *path) {
    static const char *const files[] = {"meta", "out"};
    char inside[600];
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 2; k++) {
            snprintf(inside, sizeof inside, "%s/tensor_%d/%s", path, i, files[k]);
            unlink(inside);
        }
        snprintf(inside, sizeof inside, "%s/tensor_%d", path, i);
        rmdir(inside);
    }
    snprintf(inside, sizeof inside, "%s/pickled_data", path);
    unlink(inside);
    rmdir(path);
}

static void remove_saved(const char *path, const char *format) {
    if (strcmp(format, "oneflow-dir") == 0)
        remove_directory(path);
    else
        unlink(path);
}

/* ---- in ---- */

static ckpt_status use_tensors(ckpt *c, ckpt_error *err) {
    unsigned char elements[4 * ELEMENTS];
    const void *data;
    ckpt_status status = ckpt_verify(c, NULL, NULL, err);
    for (uint32_t i = 0; i < ckpt_tensor_count(c) && status == CKPT_OK; i++) {
        ckpt_tensor tensor = ckpt_tensor_by_id(c, i);
        status = ckpt_tensor_read(tensor, elements, (size_t)ckpt_tensor_nbytes(tensor), err);
        if (status == CKPT_OK)
            status = ckpt_tensor_data(tensor, &data, err);
    }
    return status;
}

static ckpt_status open_saved(sweep *s, const char *format, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    char path[512];
    ckpt *c = make_model(s, false);
    ckpt_save_options saving = {.struct_size = sizeof saving, .format = format};
    ckpt_open_options options = sweep_open_options(s, access);
    test_path(&s->directory, "of", path, sizeof path);
    remove_saved(path, format);
    sweep_expect(s, ckpt_save(c, path, &saving, err) == CKPT_OK, "the source cannot be saved");
    ckpt_free(c);
    c = untouched;
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status == CKPT_OK) {
        status = use_tensors(c, err);
        sweep_disarm(s);
        ckpt_free(c);
    } else {
        sweep_expect(s, c == untouched, "a failed open touched its output");
    }
    sweep_disarm(s);
    remove_saved(path, format);
    return status;
}

static ckpt_status open_file(sweep *s, ckpt_error *err) {
    return open_saved(s, "oneflow", CKPT_ACCESS_MAP, err);
}

static ckpt_status open_directory_mapped(sweep *s, ckpt_error *err) {
    return open_saved(s, "oneflow-dir", CKPT_ACCESS_MAP, err);
}

static ckpt_status open_directory_read(sweep *s, ckpt_error *err) {
    return open_saved(s, "oneflow-dir", CKPT_ACCESS_READ, err);
}

/* ---- out ---- */

static void expect_saved(sweep *s, const char *path) {
    ckpt *opened;
    ckpt_error err;
    if (ckpt_open(path, NULL, &opened, &err) != CKPT_OK) {
        sweep_expect(s, false, "what was saved cannot be opened");
        return;
    }
    sweep_expect(s, use_tensors(opened, &err) == CKPT_OK, "what was saved cannot be read");
    ckpt_free(opened);
}

static ckpt_status save_as(sweep *s, const char *format, ckpt_error *err) {
    char path[512];
    struct stat there;
    ckpt *c = make_model(s, true);
    ckpt_save_options options = sweep_save_options(s);
    options.format = format;
    test_path(&s->directory, "saved", path, sizeof path);
    size_t before = test_directory_count(&s->directory);
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, path, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    bool saved = status == CKPT_OK || status == CKPT_E_DURABILITY;
    sweep_expect(s, (lstat(path, &there) == 0) == saved,
                 "something is there that was not saved, or the other way round");
    if (saved)
        expect_saved(s, path);
    remove_saved(path, format);
    sweep_expect(s, test_directory_count(&s->directory) == before || s->files.unlink_fails,
                 "a failed save has left something");
    return status;
}

static ckpt_status save_file(sweep *s, ckpt_error *err) {
    return save_as(s, "oneflow", err);
}

static ckpt_status save_directory(sweep *s, ckpt_error *err) {
    return save_as(s, "oneflow-dir", err);
}

const sweep_case oneflow_scenarios[] = {
    {"open oneflow", open_file},
    {"open a directory of oneflow, mapped", open_directory_mapped},
    {"open a directory of oneflow, read", open_directory_read},
    {"save oneflow", save_file},
    {"save a directory of oneflow", save_directory},
    {NULL, NULL},
};
