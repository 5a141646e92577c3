/* SPDX-License-Identifier: MIT */
/* Opens a file, changes what the input says, commits, opens it anew and compares; and lets the
 * power fail in the middle of a commit, after which the file holds the old content or the new one.
 *
 * Input: a byte for the file to begin with and how it is opened, then steps: a byte for what is
 * done, and as many as that takes. Behind the end come zeros. */
#include "fuzzdisk.h"
#include "fuzztarget.h"

#include "comparemodels.h"

#include <errno.h>
#include <string.h>

enum { BASES = 4, MOST_STEPS = 8, MOST_GENERATIONS = 8 };

typedef struct image {
    void *bytes;
    size_t size;
} image;

typedef struct content {
    uint8_t digest[CKPT_DIGEST_SIZE];
} content;

typedef struct session {
    const uint8_t *input;
    size_t left;
    fuzz_disk disk;
    ckpt_open_options options;
    ckpt *c;
    content generations[MOST_GENERATIONS]; /* what each of them held, from the first on */
    uint32_t generation_count;
} session;

static uint32_t take(session *s) {
    if (s->left == 0)
        return 0;
    s->left--;
    return *s->input++;
}

static uint32_t take_below(session *s, uint32_t limit) {
    return take(s) % limit;
}

/* ---- the files to begin with ---- */

static ckpt *build_base(unsigned number) {
    static const uint64_t shape[2] = {4, 3}, large[1] = {1100};
    static const float weights[12] = {1, -1, 0.5f}, zeros[1100] = {0};
    ckpt *c;
    ckpt_error err;
    ckpt_module layer;
    ckpt_tensor weight;
    must(ckpt_create(NULL, &c, &err) == CKPT_OK, err.message);
    ckpt_module root = ckpt_root(c);
    if (number == 0)
        return c;
    must(ckpt_add_module(root, "a", "Linear", &layer, &err) == CKPT_OK, err.message);
    must(ckpt_add_parameter(layer, "w", CKPT_F32, 2, shape, weights, &weight, &err) == CKPT_OK,
         err.message);
    must(ckpt_map_set(ckpt_metadata(c), "k", ckpt_int(1), NULL, &err) == CKPT_OK, err.message);
    if (number == 1)
        return c;
    must(ckpt_share_module(root, "b", layer, &err) == CKPT_OK, err.message);
    must(ckpt_add_tensor(root, "w", weight, &err) == CKPT_OK, err.message);
    must(ckpt_add_buffer(root, "c", CKPT_F32, 1, large, zeros, NULL, &err) == CKPT_OK, err.message);
    return c;
}

/* Saved once, the last one with its storages encoded. */
static image base_image(unsigned number) {
    static image bases[BASES];
    image *base = &bases[number];
    ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = 4096, .threads = 1};
    ckpt_error err;
    options.compress = number == 3;
    if (base->bytes == NULL) {
        ckpt *c = build_base(number);
        must(ckpt_save_memory(c, &options, &base->bytes, &base->size, &err) == CKPT_OK,
             err.message);
        ckpt_free(c); /* the image, from malloc, stays */
    }
    return *base;
}

/* ---- what is in the file ---- */

static content content_of(ckpt *c) {
    content found;
    ckpt_error err;
    must(ckpt_digest(c, NULL, found.digest, &err) == CKPT_OK, err.message);
    return found;
}

static bool same_content(const content *a, const content *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static ckpt *open_disk(session *s, uint64_t generation) {
    ckpt_open_options options = s->options;
    ckpt *c;
    ckpt_error err;
    options.generation = generation;
    must(ckpt_open(FUZZ_DISK_PATH, &options, &c, &err) == CKPT_OK, err.message);
    return c;
}

/* As a program would after a restart: every generation holds what it held. */
static void check_history(session *s) {
    for (uint32_t g = 1; g < s->generation_count; g++) {
        ckpt *c = open_disk(s, g);
        content found = content_of(c);
        must(same_content(&found, &s->generations[g - 1]), "an older generation has changed");
        ckpt_free(c);
    }
}

static void restart(session *s) {
    ckpt_free(s->c);
    must(s->disk.open_files == 0 && s->disk.maps == 0, "a file or a map stays open");
    fuzz_disk_restart(&s->disk);
    s->c = open_disk(s, 0);
}

/* ---- steps ---- */

static const char *take_name(session *s) {
    static const char *const names[] = {"a", "b", "c", "w", "", "0", "x y", "\xc3\xa4"};
    return names[take_below(s, 8)];
}

static ckpt_module take_module(session *s) {
    return ckpt_module_by_id(s->c, take_below(s, ckpt_module_count(s->c)));
}

static ckpt_tensor take_tensor(session *s) {
    uint32_t count = ckpt_tensor_count(s->c);
    ckpt_tensor none = {NULL, 0};
    return count != 0 ? ckpt_tensor_by_id(s->c, take_below(s, count)) : none;
}

static ckpt_literal take_literal(session *s) {
    static const char text[] = "a text of several bytes";
    uint32_t size = take_below(s, sizeof text);
    switch (take_below(s, 8)) {
    case 0: return ckpt_null();
    case 1: return ckpt_bool(size % 2 == 0);
    case 2: return ckpt_float(size / 3.0);
    case 3: return ckpt_string_n(text, size);
    case 4: return ckpt_bytes(text, size);
    case 5: return ckpt_list();
    case 6: return ckpt_map();
    default: return ckpt_int(size);
    }
}

static ckpt_status set_value(session *s, ckpt_error *err) {
    ckpt_value map =
        take_below(s, 2) == 0 ? ckpt_metadata(s->c) : ckpt_module_attributes(take_module(s));
    const char *key = take_name(s);
    ckpt_value old = ckpt_map_get(map, key);
    if (ckpt_value_kind(old) == CKPT_VALUE_LIST)
        return ckpt_list_append(old, take_literal(s), NULL, err);
    if (ckpt_value_kind(old) == CKPT_VALUE_MAP && take_below(s, 2) == 0)
        return ckpt_map_set(old, take_name(s), take_literal(s), NULL, err);
    return take_below(s, 4) == 0 ? ckpt_map_remove(map, key, err)
                                 : ckpt_map_set(map, key, take_literal(s), NULL, err);
}

static ckpt_status add_tensor(session *s, ckpt_error *err) {
    static const ckpt_dtype dtypes[] = {CKPT_F32, CKPT_U8, CKPT_BF16, CKPT_I64};
    static const uint64_t sizes[] = {0, 1, 7, 40, 300, 1100};
    static unsigned char bytes[1100 * 8];
    uint64_t shape[2] = {sizes[take_below(s, 6)], 1};
    uint32_t rank = take_below(s, 3);
    memset(bytes, (int)take(s), sizeof bytes);
    ckpt_module module = take_module(s);
    const char *name = take_name(s);
    ckpt_dtype dtype = dtypes[take_below(s, 4)];
    return take_below(s, 2) == 0
               ? ckpt_add_parameter(module, name, dtype, rank, shape, bytes, NULL, err)
               : ckpt_add_buffer(module, name, dtype, rank, shape, bytes, NULL, err);
}

static ckpt_status write_tensor(session *s, ckpt_error *err) {
    ckpt_tensor tensor;
    ckpt_module module = take_module(s);
    ckpt_status status = ckpt_untie(module, take_name(s), &tensor, err);
    if (status != CKPT_OK)
        return status;
    unsigned char *bytes = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    must(bytes != NULL, "what was untied cannot be written");
    memset(bytes, (int)take(s), (size_t)ckpt_tensor_nbytes(tensor));
    return CKPT_OK;
}

static ckpt_status change(session *s, uint32_t what, ckpt_error *err) {
    ckpt_module module = take_module(s);
    const char *name = take_name(s);
    switch (what) {
    case 0: return ckpt_remove(module, name, err);
    case 1: return ckpt_rename(module, name, take_name(s), err);
    case 2: return ckpt_add_module(module, name, take_name(s), NULL, err);
    case 3: return ckpt_share_module(module, name, take_module(s), err);
    case 4: return ckpt_add_tensor(module, name, take_tensor(s), err);
    case 5: return ckpt_tie(module, name, take_tensor(s), err);
    case 6: return ckpt_set_module_type(module, name, err);
    case 7:
    case 8: return add_tensor(s, err);
    case 9: return write_tensor(s, err);
    default: return set_value(s, err);
    }
}

static ckpt_save_options take_save_options(session *s) {
    ckpt_save_options options = {.struct_size = sizeof options, .chunk_size = 4096, .threads = 1};
    uint32_t bits = take(s);
    options.compress = bits == 255; /* seldom: it takes ten times as long as the rest */
    options.no_checksums = bits % 4 == 2;
    options.not_durable = (bits & 4) != 0;
    return options;
}

static void commit(session *s) {
    ckpt_save_options options = take_save_options(s);
    char why[300];
    ckpt_error err;
    if (s->generation_count == MOST_GENERATIONS)
        return;
    ckpt_status status = ckpt_commit(s->c, &options, &err);
    fuzz_check_error(status, &err);
    must(status == CKPT_OK || err.sys_errno == ENOSPC, err.message);
    if (status != CKPT_OK)
        return;
    ckpt *reopened = open_disk(s, 0);
    const char *difference = models_differ(s->c, reopened, why, sizeof why);
    must(difference == NULL, difference);
    must(ckpt_verify(reopened, NULL, NULL, &err) == CKPT_OK, err.message);
    must(ckpt_describe_file(reopened).recovered[0] == '\0', "a whole commit seems interrupted");
    content found = content_of(reopened);
    uint64_t generation = ckpt_describe_file(reopened).generation;
    if (generation == s->generation_count)
        must(same_content(&found, &s->generations[generation - 1]), "a change was not written");
    else
        s->generations[s->generation_count++] = found;
    must(generation == s->generation_count, "generation");
    ckpt_free(reopened);
}

/* The power fails somewhere in the commit; afterwards the session goes on with what is there. */
static void commit_in_vain(session *s) {
    uint32_t limit = take(s) << 8;
    ckpt_save_options options = take_save_options(s);
    ckpt_error err;
    if (s->generation_count == MOST_GENERATIONS)
        return;
    limit |= take(s);
    content new_content = content_of(s->c);
    s->disk.power = limit;
    ckpt_status status = ckpt_commit(s->c, &options, &err);
    fuzz_check_error(status, &err);
    restart(s);
    content found = content_of(s->c);
    bool is_new = ckpt_describe_file(s->c).generation > s->generation_count;
    must(is_new || status != CKPT_OK ||
             same_content(&new_content, &s->generations[s->generation_count - 1]),
         "a commit that succeeded is lost");
    must(same_content(&found, is_new ? &new_content : &s->generations[s->generation_count - 1]),
         "neither the old content nor the new one");
    if (is_new)
        s->generations[s->generation_count++] = new_content;
    must(ckpt_verify(s->c, NULL, NULL, &err) == CKPT_OK, err.message);
}

static void step(session *s) {
    uint32_t what = take_below(s, 20);
    ckpt_error err;
    if (what == 0)
        restart(s);
    else if (what < 4)
        commit(s);
    else if (what < 6)
        commit_in_vain(s);
    else
        fuzz_check_error(change(s, what - 6, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static session s;
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    s.input = data;
    s.left = size;
    uint32_t begin = take(&s);
    image base = base_image(begin % BASES);
    fuzz_disk_begin(&s.disk, base.bytes, base.size);
    memset(&s.options, 0, sizeof s.options);
    s.options.struct_size = sizeof s.options;
    s.options.allocator = &hook;
    s.options.filesystem = &s.disk.hook;
    s.options.threads = 1;
    s.options.access = (begin / BASES & 1) != 0 ? CKPT_ACCESS_MAP : CKPT_ACCESS_READ;
    s.c = open_disk(&s, 0);
    s.generation_count = 1;
    s.generations[0] = content_of(s.c);
    for (int i = 0; i < MOST_STEPS && s.left > 0; i++)
        step(&s);
    commit(&s);
    check_history(&s);
    ckpt_free(s.c);
    must(s.disk.open_files == 0 && s.disk.maps == 0, "a file or a map stays open");
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}
