/* SPDX-License-Identifier: MIT */
/* Reading a manifest: the top level (section 3 of spec/manifest.md). */
#include "base/options.h"
#include "manifest/manifeststate.h"

#include "model/object.h"

#include <string.h>

#define DEFAULT_MAX_SIZE ((size_t)256 << 20)
#define DEFAULT_MAX_DEPTH 384

ckpt_status ck_keep_text(ck_manifest_reader *r, const char *text, size_t size, ck_text *ret_text,
                         ckpt_error *err) {
    ck_buffer *kept = &r->manifest->text;
    size_t offset = kept->size;
    if (!ck_buffer_append(&r->memory, kept, text, size) ||
        !ck_buffer_append(&r->memory, kept, "", 1))
        return ck_fail_nomem(err);
    *ret_text = offset + 1;
    return CKPT_OK;
}

ckpt_status ck_read_known_key(const ck_manifest_reader *r, const ck_yaml_event *event,
                              const char *const *keys, uint32_t count, uint32_t *seen,
                              uint32_t *ret_key, ckpt_error *err) {
    char expected[200] = "";
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(event->text, keys[i]) == 0) {
            if (*seen & 1u << i)
                return ck_yaml_fail(&r->yaml, event->mark, err, "duplicate key '%s'", keys[i]);
            *seen |= 1u << i;
            *ret_key = i;
            return CKPT_OK;
        }
        strcat(strcat(expected, i == 0 ? "" : i + 1 == count ? " or " : ", "), keys[i]);
    }
    return ck_yaml_fail(&r->yaml, event->mark, err, "expected the key %s, got '%s'", expected,
                        ck_name_n(event->text, event->size).text);
}

static ckpt_status read_version(ck_manifest_reader *r, ckpt_error *err) {
    ck_yaml_event event;
    uint64_t version;
    ckpt_status status =
        ck_yaml_expect(&r->yaml, CK_YAML_MAP, "a map with the key 'ckpt-manifest'", &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_next_key(&r->yaml, "the key 'ckpt-manifest'", &event, err);
    if (status != CKPT_OK)
        return status;
    if (event.kind == CK_YAML_MAP_END || strcmp(event.text, "ckpt-manifest") != 0)
        return ck_yaml_unexpected(&r->yaml, &event, "the first key to be 'ckpt-manifest'", err);
    status = ck_yaml_next(&r->yaml, &event, err);
    if (status == CKPT_OK)
        status = ck_yaml_as_uint(&r->yaml, &event, "the version of the manifest, 1", &version, err);
    if (status != CKPT_OK || version == 1)
        return status;
    ck_place place = ck_yaml_place_at(&r->yaml, event.mark);
    return ck_fail_at(err, &place, CKPT_E_VERSION,
                      "manifest version %llu is not known, only version 1",
                      (unsigned long long)version);
}

enum { KEY_METADATA, KEY_DATA, KEY_SEED, KEY_STORAGES, KEY_ROOT };
static const char *const keys[] = {"metadata", "data", "seed", "storages", "root"};

static ckpt_status read_scalar_key(ck_manifest_reader *r, uint32_t key, ckpt_error *err) {
    ck_yaml_event event;
    ckpt_status status = ck_yaml_next(&r->yaml, &event, err);
    if (status != CKPT_OK)
        return status;
    if (key == KEY_DATA)
        return ck_read_file_name(r, &event, &r->manifest->data, err);
    return ck_yaml_as_uint(&r->yaml, &event, "a seed, an integer from 0 to 2^64-1",
                           &r->manifest->seed, err);
}

static ckpt_status read_key(ck_manifest_reader *r, uint32_t key, ckpt_error *err) {
    switch (key) {
    case KEY_METADATA:
        return ck_read_value_map(r, ckpt_metadata(r->checkpoint), "a map of metadata", err);
    case KEY_STORAGES: return ck_read_storages(r, err);
    case KEY_ROOT: return ck_read_root(r, err);
    default: return read_scalar_key(r, key, err);
    }
}

static ckpt_status read_document(ck_manifest_reader *r, ckpt_error *err) {
    uint32_t seen = 0, key = 0;
    ck_yaml_event event;
    ckpt_status status = read_version(r, err);
    while (status == CKPT_OK) {
        status = ck_yaml_next_key(&r->yaml, "a key", &event, err);
        if (status != CKPT_OK || event.kind == CK_YAML_MAP_END)
            break;
        status = ck_read_known_key(r, &event, keys, 5, &seen, &key, err);
        if (status == CKPT_OK && key == KEY_STORAGES && (seen & 1u << KEY_ROOT))
            status = ck_yaml_fail(&r->yaml, event.mark, err,
                                  "expected 'storages' to stand before 'root'");
        if (status == CKPT_OK)
            status = read_key(r, key, err);
    }
    if (status == CKPT_OK && !(seen & 1u << KEY_ROOT))
        status = ck_yaml_fail(&r->yaml, event.mark, err, "expected the key 'root'");
    return status == CKPT_OK ? ck_yaml_finish(&r->yaml, err) : status;
}

static ckpt_status check_storages_are_viewed(const ck_manifest_reader *r, ckpt_error *err) {
    const ck_listed_storage *storages = (const void *)r->storages.bytes;
    for (size_t i = 0; i < r->storages.size / sizeof *storages; i++)
        if (!storages[i].is_viewed)
            return ck_yaml_fail(&r->yaml, storages[i].mark, err,
                                "expected a tensor that views storage %zu", i);
    return CKPT_OK;
}

static ckpt_status read_text(ckpt_manifest *manifest, const char *text, size_t size,
                             const char *name, uint32_t max_depth, ckpt_error *err) {
    ck_manifest_reader r;
    memset(&r, 0, sizeof r);
    r.manifest = manifest;
    r.checkpoint = manifest->checkpoint;
    r.memory = manifest->memory;
    ckpt_status status = ck_yaml_open(&r.yaml, text, size, name, max_depth, err);
    if (status == CKPT_OK)
        status = read_document(&r, err);
    if (status == CKPT_OK)
        status = check_storages_are_viewed(&r, err);
    ck_yaml_close(&r.yaml);
    ck_nametree_clear(&r.memory, &r.anchors);
    ck_buffer_clear(&r.memory, &r.anchored);
    ck_buffer_clear(&r.memory, &r.storages);
    return status;
}

static ckpt_status create_manifest(const ckpt_allocator *allocator, ckpt_manifest **ret_manifest,
                                   ckpt_error *err) {
    ckpt_create_options create = {sizeof create, allocator};
    ck_memory memory = ck_memory_from(allocator);
    ckpt_manifest *manifest = ck_calloc(&memory, 1, sizeof *manifest);
    if (manifest == NULL)
        return ck_fail_nomem(err);
    manifest->memory = memory;
    ckpt_status status = ckpt_create(&create, &manifest->checkpoint, err);
    if (status == CKPT_OK)
        *ret_manifest = manifest;
    else
        ck_free(&memory, manifest, 1, sizeof *manifest);
    return status;
}

ckpt_status ckpt_manifest_read(const char *text, size_t size, const char *name,
                               const ckpt_manifest_options *options, ckpt_manifest **ret_manifest,
                               ckpt_error *err) {
    ckpt_manifest_options known;
    ckpt_status status = ck_options_take(&known, sizeof known, options, "manifest options", err);
    if (status != CKPT_OK)
        return status;
    if (text == NULL && size != 0)
        return ck_fail(err, CKPT_E_ARGUMENT, "there is no manifest to read");
    name = name != NULL ? name : "manifest";
    size_t max_size = known.max_size != 0 ? known.max_size : DEFAULT_MAX_SIZE;
    if (size > max_size)
        return ck_error_prefix(
            err, ck_fail(err, CKPT_E_LIMIT, "%zu bytes, but the limit is %zu", size, max_size),
            name);
    ckpt_manifest *manifest;
    status = create_manifest(known.allocator, &manifest, err);
    if (status != CKPT_OK)
        return status;
    status = read_text(manifest, text != NULL ? text : "", size, name,
                       known.max_depth != 0 ? known.max_depth : DEFAULT_MAX_DEPTH, err);
    if (status == CKPT_OK)
        *ret_manifest = manifest;
    else
        ckpt_manifest_free(manifest);
    return status;
}
