/* SPDX-License-Identifier: MIT */
/* What a manifest that was read has to say. */
#include "manifest/manifeststate.h"

#include <string.h>

const char *ck_kept_text(const ckpt_manifest *manifest, ck_text text) {
    return text != 0 ? (const char *)manifest->text.bytes + text - 1 : "";
}

ckpt *ckpt_manifest_ckpt(const ckpt_manifest *manifest) {
    return manifest != NULL ? manifest->checkpoint : NULL;
}

ckpt *ck_manifest_take(ckpt_manifest *manifest) {
    ckpt *c = manifest->checkpoint;
    manifest->checkpoint = NULL;
    return c;
}

void ckpt_manifest_free(ckpt_manifest *manifest) {
    if (manifest == NULL)
        return;
    ck_memory memory = manifest->memory;
    ckpt_free(manifest->checkpoint);
    ck_buffer_clear(&memory, &manifest->fills);
    ck_buffer_clear(&memory, &manifest->paths);
    ck_buffer_clear(&memory, &manifest->text);
    ck_free(&memory, manifest, 1, sizeof *manifest);
}

uint32_t ckpt_manifest_fill_count(const ckpt_manifest *manifest) {
    return manifest != NULL ? (uint32_t)(manifest->fills.size / sizeof(ck_fill_record)) : 0;
}

static const ck_fill_record *record_at(const ckpt_manifest *manifest, uint32_t i) {
    if (i >= ckpt_manifest_fill_count(manifest))
        return NULL;
    return (const ck_fill_record *)(const void *)manifest->fills.bytes + i;
}

ckpt_fill ckpt_manifest_fill(const ckpt_manifest *manifest, uint32_t i) {
    ckpt_fill fill;
    memset(&fill, 0, sizeof fill);
    fill.file = fill.file_tensor = "";
    const ck_fill_record *record = record_at(manifest, i);
    if (record == NULL)
        return fill;
    fill.tensor = record->tensor;
    fill.kind = record->kind;
    fill.file = ck_kept_text(manifest, record->file);
    fill.file_tensor = ck_kept_text(manifest, record->file_tensor);
    fill.offset = record->offset;
    fill.init = record->init;
    if (record->nonlinearity != 0)
        fill.init.nonlinearity = ck_kept_text(manifest, record->nonlinearity);
    fill.has_seed = record->has_seed;
    fill.seed = record->seed;
    fill.line = record->mark.line;
    fill.column = record->mark.column;
    return fill;
}

static const ck_path *path_at(const ckpt_manifest *manifest, uint32_t path) {
    return (const ck_path *)(const void *)manifest->paths.bytes + path;
}

/* Puts text at [offset, offset + size) of the name, as far as the buffer reaches. */
static void place_text(char *buffer, size_t room, size_t offset, const char *text, size_t size) {
    if (offset < room)
        memcpy(buffer + offset, text, size < room - offset ? size : room - offset);
}

size_t ckpt_manifest_fill_name(const ckpt_manifest *manifest, uint32_t i, char *buffer,
                               size_t size) {
    const ck_fill_record *record = record_at(manifest, i);
    uint32_t last = record != NULL ? record->path : CK_PATH_ROOT;
    size_t length = 0, room = size != 0 ? size - 1 : 0;
    for (uint32_t p = last; p != CK_PATH_ROOT; p = path_at(manifest, p)->parent)
        length += strlen(ck_kept_text(manifest, path_at(manifest, p)->name)) + (p != last);
    size_t end = length;
    for (uint32_t p = last; p != CK_PATH_ROOT; p = path_at(manifest, p)->parent) {
        const char *name = ck_kept_text(manifest, path_at(manifest, p)->name);
        if (p != last)
            place_text(buffer, room, --end, ".", 1);
        end -= strlen(name);
        place_text(buffer, room, end, name, strlen(name));
    }
    if (size != 0)
        buffer[length < room ? length : room] = '\0';
    return length;
}

const char *ckpt_manifest_data(const ckpt_manifest *manifest) {
    return manifest != NULL ? ck_kept_text(manifest, manifest->data) : "";
}

uint64_t ckpt_manifest_seed(const ckpt_manifest *manifest) {
    return manifest != NULL ? manifest->seed : 0;
}
