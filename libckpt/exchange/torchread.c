/* SPDX-License-Identifier: MIT */
/* Reading what torch.save writes: a ZIP archive with a pickle that describes the object, and a
 * record for each storage. spec/exchange.md, section "PyTorch". */
#include "exchange/torchstate.h"
#include "exchange/torchwrite.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RECORD_NAME 32 /* of those that have no key in their name */

/* How far a compressed pickle may expand. */
#define PICKLE_ROOM ((uint64_t)1 << 16)
#define PICKLE_FACTOR 64

typedef struct archive {
    const ck_source *source;
    ck_memory memory;
    ck_zip *zip;
    ck_buffer name;   /* of a record: the folder, what stands behind it, a NUL */
    size_t root_size; /* of the folder, with its '/' */
    ck_buffer record; /* the content of one */
    ck_source pickle;
} archive;

/* NULL when there is none. There is room for the name. */
static const ck_zip_entry *find_record(archive *a, const char *name) {
    size_t size = strlen(name);
    memcpy(a->name.bytes + a->root_size, name, size);
    return ck_zip_find(a->zip, (const char *)a->name.bytes, a->root_size + size);
}

static ckpt_status fail(const archive *a, const char *rule, ckpt_status status, const char *what,
                        ckpt_error *err) {
    ck_place place = {a->source->name, CKPT_NO_OFFSET, rule, 0, 0};
    return ck_fail_at(err, &place, status, "%s", what);
}

/* All records lie in the folder in which the first one lies. */
static ckpt_status find_folder(archive *a, ckpt_error *err) {
    const char *name = ck_zip_count(a->zip) != 0 ? ck_zip_entry_at(a->zip, 0)->name : "";
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return fail(a, "PT1", CKPT_E_FORMAT,
                    "an archive, but none of PyTorch: its records lie in no folder", err);
    a->root_size = (size_t)(slash - name) + 1;
    if (!ck_buffer_append(&a->memory, &a->name, name, a->root_size) ||
        !ck_buffer_reserve(&a->memory, &a->name, MAX_RECORD_NAME))
        return ck_fail_nomem(err);
    return CKPT_OK;
}

static bool has_code(const archive *a) {
    for (uint32_t i = 0; i < ck_zip_count(a->zip); i++) {
        const ck_zip_entry *entry = ck_zip_entry_at(a->zip, i);
        if (entry->name_size > a->root_size && strncmp(entry->name + a->root_size, "code/", 5) == 0)
            return true;
    }
    return false;
}

/* A small record, with a NUL behind it. */
static ckpt_status read_small(archive *a, const ck_zip_entry *entry, const char **ret_text,
                              ckpt_error *err) {
    a->record.size = 0;
    ckpt_status status = ck_zip_read_entry(&a->memory, a->source, entry, 32, &a->record, err);
    if (status == CKPT_OK && !ck_buffer_append(&a->memory, &a->record, "", 1))
        status = ck_fail_nomem(err);
    if (status == CKPT_OK)
        *ret_text = (const char *)a->record.bytes;
    return status;
}

static ckpt_status check_version(archive *a, ckpt_error *err) {
    const ck_zip_entry *entry = find_record(a, "version");
    const char *text = "";
    if (entry == NULL)
        entry = find_record(a, ".data/version");
    if (entry == NULL)
        return fail(a, "PT2", CKPT_E_STRUCTURE, "the record 'version' is missing", err);
    ckpt_status status = read_small(a, entry, &text, err);
    if (status != CKPT_OK)
        return status;
    char *end;
    long version = strtol(text, &end, 10);
    if (*end == '\n')
        end++;
    if (end == text || *end != '\0' || *text < '0' || *text > '9')
        return fail(a, "PT2", CKPT_E_STRUCTURE, "the record 'version' holds no number", err);
    if (version < 1 || version > 10)
        return fail(a, "PT2", CKPT_E_VERSION, "a version of the format other than 1 to 10", err);
    return CKPT_OK;
}

static ckpt_status find_byte_order(archive *a, bool *ret_swap, ckpt_error *err) {
    const ck_zip_entry *entry = find_record(a, "byteorder");
    const char *text = "";
    if (entry == NULL)
        return CKPT_OK;
    ckpt_status status = read_small(a, entry, &text, err);
    if (status != CKPT_OK)
        return status;
    if (strcmp(text, "little") != 0 && strcmp(text, "big") != 0)
        return fail(a, "PT2", CKPT_E_STRUCTURE,
                    "the record 'byteorder' is neither 'little' nor 'big'", err);
    *ret_swap = strcmp(text, "big") == 0;
    return CKPT_OK;
}

static ckpt_status place_storages(archive *a, ck_torch_reader *t, ckpt_error *err) {
    for (uint32_t i = 0; i < ck_torch_storage_count(t); i++) {
        const ck_torch_storage *storage = ck_torch_storage_at(t, i);
        a->name.size = a->root_size;
        if (!ck_buffer_append(&a->memory, &a->name, "data/", 5) ||
            !ck_buffer_append(&a->memory, &a->name, storage->key, storage->key_size))
            return ck_fail_nomem(err);
        const ck_zip_entry *entry = ck_zip_find(a->zip, (const char *)a->name.bytes, a->name.size);
        if (entry == NULL)
            return ck_fail_rule(err, "PT9", CKPT_E_MISMATCH, "%s: the record '%s' is missing",
                                CK_NAME(a->source->name),
                                ck_name_n((const char *)a->name.bytes, a->name.size).text);
        ckpt_status status =
            ck_torch_place_storage(t, i, entry->data_offset, entry->size, entry, err);
        if (status != CKPT_OK)
            return ck_error_prefix(err, status, a->source->name);
    }
    return CKPT_OK;
}

/* Records that mean nothing to PyTorch. */
static void report_rest(const archive *a, const ck_torch_reader *t) {
    static const char *const known[] = {"data.pkl",
                                        "version",
                                        ".data/version",
                                        "byteorder",
                                        ".format_version",
                                        ".storage_alignment",
                                        ".data/serialization_id"};
    for (uint32_t i = 0; i < ck_zip_count(a->zip); i++) {
        const ck_zip_entry *entry = ck_zip_entry_at(a->zip, i);
        bool in_folder = entry->name_size > a->root_size &&
                         memcmp(entry->name, a->name.bytes, a->root_size) == 0;
        const char *name = in_folder ? entry->name + a->root_size : "";
        bool is_known =
            strncmp(name, "data/", 5) == 0 &&
            ck_torch_find_storage(t, name + 5, entry->name_size - a->root_size - 5) != UINT32_MAX;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            is_known = is_known || strcmp(name, known[k]) == 0;
        if (!is_known && entry->name[entry->name_size - 1] != '/')
            ck_report_loss(&t->c->losses, CKPT_LOSS_METADATA, entry->name,
                           "the record is no part of the object, and is dropped");
    }
}

static ckpt_status open_pickle(archive *a, ckpt_error *err) {
    if (find_record(a, "constants.pkl") != NULL || has_code(a))
        return fail(a, "PT3", CKPT_E_UNSUPPORTED,
                    "a TorchScript archive, which holds a program: save its state_dict instead",
                    err);
    const ck_zip_entry *entry = find_record(a, "data.pkl");
    if (entry == NULL)
        return fail(a, "PT1", CKPT_E_FORMAT,
                    "an archive, but none of PyTorch: it has no 'data.pkl'", err);
    /* PyTorch stores it; others that pack files anew gain less than this. */
    uint64_t most = PICKLE_ROOM + PICKLE_FACTOR * entry->compressed_size;
    a->record.size = 0;
    if (most > CK_PICKLE_MAX_SIZE)
        most = CK_PICKLE_MAX_SIZE;
    ckpt_status status = ck_zip_read_entry(&a->memory, a->source, entry, most, &a->record, err);
    if (status != CKPT_OK)
        return status;
    return ck_source_from_memory(&a->pickle, &a->memory, a->record.bytes, a->record.size,
                                 entry->name, err);
}

static ckpt_status read_pickle(archive *a, ck_torch_reader *t, ckpt_error *err) {
    uint64_t end = 0;
    ckpt_status status = open_pickle(a, err);
    if (status != CKPT_OK)
        return status;
    status = ck_torch_read_object(t, &a->pickle, 0, a->pickle.size, &end, err);
    if (status == CKPT_OK && end != a->pickle.size)
        status = ck_fail_rule(err, "PT5", CKPT_E_STRUCTURE, "there are bytes behind the pickle");
    return ck_error_prefix(err, status, a->source->name);
}

static ckpt_status read_archive(archive *a, ck_torch_reader *t, ckpt_error *err) {
    ckpt_status status = find_folder(a, err);
    if (status == CKPT_OK)
        status = read_pickle(a, t, err);
    if (status != CKPT_OK)
        return status;
    ck_buffer_clear(&a->memory, &a->record);
    status = check_version(a, err);
    if (status == CKPT_OK)
        status = find_byte_order(a, &t->swap, err);
    if (status == CKPT_OK)
        status = place_storages(a, t, err);
    if (status == CKPT_OK)
        report_rest(a, t);
    return status == CKPT_OK ? ck_error_prefix(err, ck_torch_build(t, err), a->source->name)
                             : status;
}

static ckpt_status read_file(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_torch_reader t;
    archive a;
    memset(&a, 0, sizeof a);
    a.source = source;
    a.memory = *ck_ckpt_memory(c);
    ckpt_status status = ck_zip_open(&a.zip, &a.memory, source, false, err);
    if (status != CKPT_OK)
        return status;
    ck_torch_reader_open(&t, c, NULL);
    status = read_archive(&a, &t, err);
    ck_torch_reader_close(&t);
    if (a.pickle.name != NULL)
        ck_source_close(&a.pickle);
    ck_buffer_clear(&a.memory, &a.name);
    ck_buffer_clear(&a.memory, &a.record);
    ck_zip_close(a.zip);
    if (status == CKPT_OK)
        ck_take_source(c, source);
    return status;
}

/* An archive whose records lie in a folder, and are no arrays: reading tells what it is. */
static bool probe(const unsigned char *head, size_t size, uint64_t file_size) {
    ck_zip_first first;
    if (!ck_zip_probe(head, size, file_size, &first) || first.name == NULL || first.is_cut ||
        memchr(first.name, '/', first.size) == NULL)
        return false;
    return first.size < 4 || memcmp(first.name + first.size - 4, ".npy", 4) != 0;
}

const ck_format ck_format_torch = {
    .name = "torch",
    .probe = probe,
    .read = read_file,
    .write = ck_torch_write,
    .verify = ck_zip_verify,
};
