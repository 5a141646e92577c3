/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <ckpt/nn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- files beside the source; the directory is counted before they are made and after ---- */

enum { ELEMENTS = 12 };

static const char manifest[] =
    "ckpt-manifest: 1\n"
    "seed: 7\n"
    "metadata: {title: \"a net\", list: [1, 2.5, {a: {$bytes: \"AAEC\"}}]}\n"
    "root:\n"
    "  module: Sequential\n"
    "  members:\n"
    "    \"0\": &shared\n"
    "      module: Linear\n"
    "      attributes: {in_features: 3, out_features: 4, bias: true}\n"
    "      members:\n"
    "        weight: {parameter: f32, shape: [4, 3], data: {file: w.safetensors, tensor: a.w}}\n"
    "        bias: {parameter: f32, shape: [4], init: {uniform: {low: -1.0}}}\n"
    "    \"1\": {module: ReLU}\n"
    "    \"2\":\n"
    "      module: Linear\n"
    "      attributes: {in_features: 4, out_features: 3, bias: true}\n"
    "      members:\n"
    "        weight: {parameter: f16, shape: [3, 4], init: xavier_normal}\n"
    "        bias: {parameter: f32, shape: [3], data: {file: w.npy, offset: 64}}\n"
    "    \"3\": {module: Softmax, attributes: {dim: 1}}\n"
    "    \"4\": *shared\n"
    "    again: {module: ReLU}\n";

static void make_safetensors(const char *path) {
    static const char header[] = "{\"a.w\":{\"dtype\":\"F32\",\"shape\":[4,3],"
                                 "\"data_offsets\":[0,48]}}";
    enum { HEADER = 64 };
    unsigned char bytes[8 + HEADER + 4 * ELEMENTS] = {HEADER};
    memset(bytes + 8, ' ', HEADER);
    memcpy(bytes + 8, header, sizeof header - 1);
    for (size_t i = 0; i < 4 * ELEMENTS; i++)
        bytes[8 + HEADER + i] = i % 4 == 3 ? 0x3f : (unsigned char)i;
    test_write_file(path, bytes, sizeof bytes);
}

static void make_npy(const char *path) {
    unsigned char bytes[128 + 4 * ELEMENTS] = "\x93NUMPY\x01";
    bytes[8] = 118;
    memset(bytes + 10, ' ', 118);
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }";
    memcpy(bytes + 10, header, sizeof header - 1);
    bytes[127] = '\n';
    for (size_t i = 0; i < 4 * ELEMENTS; i++)
        bytes[128 + i] = i % 4 == 3 ? 0x3f : (unsigned char)i;
    test_write_file(path, bytes, sizeof bytes);
}

static void beside(const sweep *s, const char *name, char *path, size_t size) {
    test_path(&s->directory, name, path, size);
}

static const char *const names[] = {"net.yaml", "w.safetensors", "w.npy"};

static void make_files(const sweep *s) {
    char path[512];
    beside(s, names[0], path, sizeof path);
    test_write_file(path, manifest, sizeof manifest - 1);
    beside(s, names[1], path, sizeof path);
    make_safetensors(path);
    beside(s, names[2], path, sizeof path);
    make_npy(path);
}

static void remove_files(const sweep *s) {
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        beside(s, names[i], path, sizeof path);
        remove(path);
    }
}

/* ---- scenarios ---- */

static ckpt_status open_file(sweep *s, const char *name, ckpt_access access, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    char path[512];
    ckpt *c = untouched;
    ckpt_open_options options = sweep_open_options(s, access);
    unsigned char elements[4 * ELEMENTS];
    make_files(s);
    beside(s, name, path, sizeof path);
    sweep_arm(s);
    ckpt_status status = ckpt_open(path, &options, &c, err);
    if (status == CKPT_OK) {
        status = ckpt_verify(c, NULL, NULL, err);
        if (status == CKPT_OK)
            status = ckpt_tensor_read(ckpt_tensor_by_id(c, 0), elements, sizeof elements, err);
        sweep_disarm(s);
        ckpt_free(c);
    } else {
        sweep_expect(s, c == untouched, "a failed open touched its output");
    }
    sweep_disarm(s);
    remove_files(s);
    return status;
}

static ckpt_status open_safetensors(sweep *s, ckpt_error *err) {
    return open_file(s, "w.safetensors", CKPT_ACCESS_MAP, err);
}

static ckpt_status read_safetensors(sweep *s, ckpt_error *err) {
    return open_file(s, "w.safetensors", CKPT_ACCESS_READ, err);
}

static ckpt_status open_npy(sweep *s, ckpt_error *err) {
    return open_file(s, "w.npy", CKPT_ACCESS_MAP, err);
}

static ckpt_status read_npy(sweep *s, ckpt_error *err) {
    return open_file(s, "w.npy", CKPT_ACCESS_READ, err);
}

static ckpt_status write_manifest(sweep *s, ckpt_error *err) {
    char *const untouched = (char *)s;
    char *text = untouched;
    size_t size = 0;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_arm(s);
    ckpt_status status = ckpt_manifest_write(c, &text, &size, err);
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_buffer_free(c, text, size + 1);
    else
        sweep_expect(s, text == untouched && size == 0, "a failed manifest touched its outputs");
    ckpt_free(c);
    return status;
}

static ckpt_status read_text(sweep *s, const char *text, size_t size, ckpt_error *err) {
    ckpt_manifest *const untouched = (ckpt_manifest *)(void *)s;
    ckpt_manifest *read = untouched;
    ckpt_manifest_options options = {.struct_size = sizeof options, .allocator = &s->allocator};
    sweep_arm(s);
    ckpt_status status = ckpt_manifest_read(text, size, "text", &options, &read, err);
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_manifest_free(read);
    else
        sweep_expect(s, read == untouched, "a failed read touched its output");
    return status;
}

static ckpt_status read_manifest(sweep *s, ckpt_error *err) {
    return read_text(s, manifest, sizeof manifest - 1, err);
}

static ckpt_status read_canonical_manifest(sweep *s, ckpt_error *err) {
    char *text = NULL;
    size_t size = 0;
    ckpt_error ignored;
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_MAP);
    sweep_expect(s, ckpt_manifest_write(c, &text, &size, &ignored) == CKPT_OK, "no manifest");
    ckpt_status status = read_text(s, text, size, err);
    ckpt_buffer_free(c, text, size + 1);
    ckpt_free(c);
    return status;
}

static ckpt_status pack_to(sweep *s, ckpt **ret_ckpt, ckpt_error *err) {
    char path[512];
    ckpt_pack_options options = {
        .struct_size = sizeof options, .allocator = &s->allocator, .filesystem = s->filesystem};
    beside(s, "net.yaml", path, sizeof path);
    return ckpt_pack(path, &options, ret_ckpt, err);
}

static ckpt_status pack(sweep *s, ckpt_error *err) {
    ckpt *const untouched = (ckpt *)(void *)s;
    ckpt *c = untouched;
    make_files(s);
    sweep_arm(s);
    ckpt_status status = pack_to(s, &c, err);
    sweep_disarm(s);
    if (status == CKPT_OK)
        ckpt_free(c);
    else
        sweep_expect(s, c == untouched, "a failed pack touched its output");
    remove_files(s);
    return status;
}

static ckpt_status pack_and_save(sweep *s, ckpt_error *err) {
    ckpt *c = NULL;
    ckpt_error ignored;
    ckpt_save_options options = sweep_save_options(s);
    make_files(s);
    sweep_expect(s, pack_to(s, &c, &ignored) == CKPT_OK, "the manifest cannot be packed");
    sweep_arm(s);
    ckpt_status status = ckpt_save(c, s->target, &options, err);
    sweep_disarm(s);
    ckpt_free(c);
    remove_files(s);
    return status;
}

/* A net of a packed manifest; one of its weights must be converted. */
static ckpt_status run_net(sweep *s, ckpt_error *err) {
    ckpt_net *const untouched = (ckpt_net *)(void *)s;
    static const uint64_t shapes[2][2] = {{2, 3}, {5, 3}};
    static const float input[5 * 3] = {1.0f, -1.0f, 0.5f};
    ckpt_net *net = untouched;
    ckpt *c = NULL;
    ckpt_error ignored;
    float output[5 * 4];
    make_files(s);
    sweep_expect(s, pack_to(s, &c, &ignored) == CKPT_OK, "the manifest cannot be packed");
    sweep_arm(s);
    ckpt_status status = ckpt_net_build(ckpt_root(c), NULL, &net, err);
    if (status == CKPT_OK) {
        for (int i = 0; i < 2 && status == CKPT_OK; i++)
            status = ckpt_net_forward(net, 2, shapes[i], input, output, shapes[i][0] * 4, err);
        sweep_disarm(s);
        sweep_expect(s, ckpt_net_forward(net, 2, shapes[1], input, output, 20, &ignored) == CKPT_OK,
                     "a net does not run after a failure");
        ckpt_net_free(net);
    } else {
        sweep_expect(s, net == untouched, "a failed build touched its output");
    }
    sweep_disarm(s);
    ckpt_free(c);
    remove_files(s);
    return status;
}

const sweep_case text_scenarios[] = {
    {"open safetensors, mapped", open_safetensors},
    {"open safetensors, read", read_safetensors},
    {"open npy, mapped", open_npy},
    {"open npy, read", read_npy},
    {"write a manifest", write_manifest},
    {"read a manifest", read_manifest},
    {"read a canonical manifest", read_canonical_manifest},
    {"pack", pack},
    {"save what was packed", pack_and_save},
    {"build and run a net", run_net},
    {NULL, NULL},
};
