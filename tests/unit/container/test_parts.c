/* SPDX-License-Identifier: MIT */
/* Checkpoints that lie in several files: how they are divided, what is shared, and what happens
 * when a part is not as it should be. */
#include "checkmain.h"
#include "comparemodels.h"
#include "testfiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 5000 };

static test_directory directory;
static char path[300], other[300];
static ckpt_error err;

static void setup(void) {
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
}

static void teardown(void) {
    test_directory_remove(&directory);
}

static const char *beside(const char *name) {
    test_path(&directory, name, other, sizeof other);
    return other;
}

static void add(ckpt *c, const char *name, uint64_t count, float first) {
    static float numbers[MOST];
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = first + (float)i * (first != 0);
    assert_ok(ckpt_add_parameter(ckpt_root(c), name, CKPT_F32, 1, &count, numbers, NULL, &err));
}

/* Storages of 4000, 4000, 20000, 8 and 0 bytes; the first two are equal. */
static ckpt *make_model(void) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    add(c, "a", 1000, 0);
    add(c, "b", 1000, 0);
    add(c, "large", MOST, 1);
    add(c, "small", 2, 2);
    add(c, "none", 0, 0);
    return c;
}

static ckpt_save_options options_of(uint64_t shard_size, ckpt *base) {
    ckpt_save_options options = {
        .struct_size = sizeof options, .chunk_size = 4096, .shard_size = shard_size, .base = base};
    return options;
}

static void save(ckpt *c, const char *where, uint64_t shard_size, ckpt *base) {
    ckpt_save_options options = options_of(shard_size, base);
    assert_ok(ckpt_save(c, where, &options, &err));
}

static ckpt *open_path(const char *where, ckpt_access access) {
    ckpt_open_options options = {.struct_size = sizeof options, .access = access};
    ckpt *c = NULL;
    assert_ok(ckpt_open(where, &options, &c, &err));
    return c;
}

static void assert_same(ckpt *a, ckpt *b) {
    char text[300];
    uint8_t digests[2][CKPT_DIGEST_SIZE];
    const char *difference = models_differ(a, b, text, sizeof text);
    ck_assert_msg(difference == NULL, "%s", difference);
    assert_ok(ckpt_digest(a, NULL, digests[0], &err));
    assert_ok(ckpt_digest(b, NULL, digests[1], &err));
    ck_assert_mem_eq(digests[0], digests[1], CKPT_DIGEST_SIZE);
}

/* The file is whole and holds what c is. */
static void assert_file_is(const char *where, ckpt *c) {
    for (int access = 0; access < 2; access++) {
        ckpt *opened = open_path(where, (ckpt_access)access);
        assert_same(c, opened);
        assert_ok(ckpt_verify(opened, NULL, NULL, &err));
        ckpt_free(opened);
    }
}

static ckpt_storage storage_of(ckpt *c, const char *name) {
    return ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(c), name));
}

static const char *part_of(ckpt *c, const char *name) {
    return ckpt_describe_storage(storage_of(c, name)).part;
}

START_TEST(storages_go_to_shards_of_at_most_this_size) {
    ckpt *c = make_model(), *opened;
    save(c, path, 8192, NULL);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    /* a and b; large; small */
    ck_assert_uint_eq(ckpt_part_count(opened), 3);
    ck_assert_str_eq(part_of(opened, "a"), part_of(opened, "b"));
    ck_assert_str_ne(part_of(opened, "a"), part_of(opened, "large"));
    ck_assert_str_ne(part_of(opened, "small"), part_of(opened, "large"));
    ck_assert_str_eq(part_of(opened, "none"), "");
    ck_assert_int_eq(strncmp(part_of(opened, "a"), "net-", 4), 0);
    ck_assert_uint_eq(strlen(part_of(opened, "a")), strlen("net-0123456789abcdef.part"));
    for (uint32_t i = 0; i < 3; i++) {
        ckpt_part part = ckpt_part_at(opened, i);
        ck_assert_str_eq(part.problem, "");
        ck_assert(part.size <= 8192 || part.size == 4 * MOST);
        ck_assert_ptr_nonnull(part.sha256);
        ck_assert(i == 0 || strcmp(ckpt_part_at(opened, i - 1).name, part.name) < 0);
    }
    ck_assert_str_eq(ckpt_part_at(opened, 3).name, "");
    ck_assert_uint_lt(ckpt_describe_file(opened).file_size, 12000);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(what_fits_into_one_file_is_not_divided) {
    ckpt *c = make_model(), *opened;
    size_t sizes[2];
    save(c, path, 0, NULL);
    void *whole = test_read_file(path, &sizes[0]);
    save(c, path, 28008, NULL);
    void *limited = test_read_file(path, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(whole, limited, sizes[0]);
    ck_assert_uint_eq(test_directory_count(&directory), 1);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ck_assert_uint_eq(ckpt_part_count(opened), 0);
    ckpt_free(opened);
    ckpt_free(c);
    free(whole);
    free(limited);
}
END_TEST

START_TEST(shards_of_the_same_bytes_are_two_files) {
    ckpt *c = make_model(), *opened;
    save(c, path, 4000, NULL);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    const char *a = part_of(opened, "a"), *b = part_of(opened, "b");
    ck_assert_int_eq(strncmp(a, b, strlen("net-0123456789abcdef")), 0);
    ck_assert_str_eq(strrchr(b, '-'), "-2.part");
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(the_same_model_gives_the_same_files) {
    ckpt *c = make_model();
    ckpt_save_options options = options_of(4096, NULL);
    options.compress = true;
    options.threads = 1;
    assert_ok(ckpt_save(c, path, &options, &err));
    size_t files = test_directory_count(&directory), sizes[2];
    void *first = test_read_file(path, &sizes[0]);
    options.threads = 4;
    assert_ok(ckpt_save(c, path, &options, &err));
    void *second = test_read_file(path, &sizes[1]);
    ck_assert_uint_eq(test_directory_count(&directory), files);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(first, second, sizes[0]);
    assert_file_is(path, c);
    ckpt_free(c);
    free(first);
    free(second);
}
END_TEST

START_TEST(bytes_of_a_part_are_mapped) {
    ckpt *c = make_model(), *opened;
    const void *data = NULL, *again = NULL;
    save(c, path, 8192, NULL);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ckpt_tensor large = ckpt_find_tensor(ckpt_root(opened), "large");
    assert_ok(ckpt_tensor_data(large, &data, &err));
    assert_ok(ckpt_storage_data(storage_of(opened, "large"), &again, &err));
    ck_assert_ptr_eq(data, again);
    ck_assert_uint_eq((uintptr_t)data % 64, 0);
    ck_assert_float_eq(((const float *)data)[MOST - 1], MOST);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(a_whole_save_has_no_parts) {
    ckpt *c = make_model(), *opened;
    size_t sizes[2];
    char whole[300];
    test_path(&directory, "whole.ckpt", whole, sizeof whole);
    save(c, whole, 0, NULL);
    save(c, path, 4000, NULL);
    opened = open_path(path, CKPT_ACCESS_MAP);
    save(opened, path, 0, NULL);
    void *first = test_read_file(whole, &sizes[0]), *second = test_read_file(path, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(first, second, sizes[0]);
    assert_same(opened, c);
    ckpt_free(opened);
    ckpt_free(c);
    free(first);
    free(second);
}
END_TEST

START_TEST(stems_are_made_fit_for_names) {
    static const char *const names[] = {"a:b\\c.ckpt", "\x01.ckpt",    ".ckpt",    "..ckpt",
                                        "a.b.c",       "no extension", "\xff.ckpt"};
    ckpt *c = make_model();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_path(&directory, names[i], path, sizeof path);
        save(c, path, 8192, NULL);
        assert_file_is(path, c);
    }
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    test_path(&directory, longest, path, sizeof path);
    save(c, path, 4000, NULL);
    assert_file_is(path, c);
    ckpt_free(c);
}
END_TEST

/* ---- a base ---- */

START_TEST(what_the_base_has_is_not_written) {
    ckpt *c = make_model(), *base, *opened;
    char old[300];
    test_path(&directory, "old.ckpt", old, sizeof old);
    save(c, old, 0, NULL);
    base = open_path(old, CKPT_ACCESS_MAP);
    add(c, "new", 3000, 77);
    assert_ok(ckpt_remove(ckpt_root(c), "small", &err));
    save(c, path, 0, base);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ck_assert_uint_eq(ckpt_part_count(opened), 1);
    ck_assert_str_eq(part_of(opened, "large"), "old.ckpt");
    ck_assert_str_eq(part_of(opened, "a"), "old.ckpt");
    ck_assert_str_eq(part_of(opened, "b"), "old.ckpt");
    ck_assert_str_eq(part_of(opened, "new"), "");
    /* Equal bytes are still two storages. */
    ck_assert(!ckpt_storage_same(storage_of(opened, "a"), storage_of(opened, "b")));
    ck_assert_uint_ne(ckpt_describe_storage(storage_of(opened, "a")).offset,
                      ckpt_describe_storage(storage_of(opened, "b")).offset);
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

START_TEST(no_bytes_of_a_base_are_used_twice) {
    ckpt *c = make_model(), *base, *opened;
    save(c, beside("old.ckpt"), 0, NULL);
    base = open_path(beside("old.ckpt"), CKPT_ACCESS_READ);
    add(c, "third", 1000, 0);
    save(c, path, 0, base);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ck_assert_str_eq(part_of(opened, "third"), "");
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

START_TEST(parts_of_the_base_are_referred_to_directly) {
    ckpt *c = make_model(), *base, *opened;
    save(c, beside("old.ckpt"), 8192, NULL);
    base = open_path(beside("old.ckpt"), CKPT_ACCESS_MAP);
    add(c, "new", 3000, 77);
    save(c, path, 8192, base);
    ckpt_free(base);
    ck_assert_int_eq(unlink(beside("old.ckpt")), 0);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ck_assert_int_eq(strncmp(part_of(opened, "large"), "old-", 4), 0);
    ck_assert_int_eq(strncmp(part_of(opened, "new"), "net-", 4), 0);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(an_encoded_base_stays_encoded) {
    ckpt *c = make_model(), *base, *opened;
    ckpt_save_options options = options_of(0, NULL);
    options.compress = true;
    assert_ok(ckpt_save(c, beside("old.ckpt"), &options, &err));
    base = open_path(beside("old.ckpt"), CKPT_ACCESS_MAP);
    save(c, path, 0, base);
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_MAP);
    ck_assert_str_eq(ckpt_describe_storage(storage_of(opened, "a")).encoding, "planes");
    ckpt_free(opened);
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

static void assert_no_base(ckpt *c, ckpt *base, ckpt_status status, const char *word) {
    ckpt_save_options options = options_of(0, base);
    assert_status(ckpt_save(c, path, &options, &err), status);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
    ck_assert_int_ne(access(path, F_OK), 0);
}

START_TEST(what_cannot_be_the_base) {
    char old[300], below[300];
    ckpt *c = make_model(), *base;
    test_path(&directory, "old.ckpt", old, sizeof old);
    save(c, old, 0, NULL);
    assert_no_base(c, c, CKPT_E_ARGUMENT, "not opened from a .ckpt file");
    base = open_path(old, CKPT_ACCESS_MAP);
    ckpt_save_options options = options_of(0, base);
    assert_status(ckpt_save(c, old, &options, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "would replace"));
    ck_assert_int_eq(mkdir(beside("below"), 0700), 0);
    test_path(&directory, "below/net.ckpt", below, sizeof below);
    assert_status(ckpt_save(c, below, &options, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.message, "directory"));
    void *data;
    size_t size;
    assert_status(ckpt_save_memory(c, &options, &data, &size, &err), CKPT_E_UNSUPPORTED);
    options.format = "npy";
    assert_status(ckpt_save(c, path, &options, &err), CKPT_E_UNSUPPORTED);
    /* Another file has taken its name; it has been edited. */
    ck_assert_int_eq(rename(old, beside("renamed")), 0);
    assert_no_base(c, base, CKPT_E_ARGUMENT, "not a file in the directory");
    save(c, old, 0, NULL);
    assert_no_base(c, base, CKPT_E_ARGUMENT, "another file has its name");
    ckpt_free(base);
    base = open_path(old, CKPT_ACCESS_MAP);
    assert_ok(ckpt_map_set(ckpt_metadata(base), "k", ckpt_int(1), NULL, &err));
    assert_ok(ckpt_commit(base, NULL, &err));
    assert_no_base(c, base, CKPT_E_ARGUMENT, "has been edited");
    ckpt_free(base);
    ckpt_free(c);
}
END_TEST

START_TEST(there_are_no_shards_without_a_path) {
    ckpt *c = make_model();
    void *data;
    size_t size;
    ckpt_writer writer = {NULL, NULL};
    ckpt_save_options options = options_of(4096, NULL);
    assert_status(ckpt_save_memory(c, &options, &data, &size, &err), CKPT_E_UNSUPPORTED);
    assert_status(ckpt_save_writer(c, &writer, &options, &err), CKPT_E_UNSUPPORTED);
    options.format = "npy";
    assert_status(ckpt_save(c, path, &options, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
}
END_TEST

/* ---- edits ---- */

START_TEST(an_edit_leaves_storages_in_their_parts) {
    ckpt *c = make_model(), *opened, *older;
    save(c, path, 8192, NULL);
    ckpt_free(c);
    c = open_path(path, CKPT_ACCESS_MAP);
    add(c, "new", 3000, 5);
    assert_ok(ckpt_remove(ckpt_root(c), "large", &err));
    ckpt_save_options shards = options_of(8192, NULL);
    assert_status(ckpt_commit(c, &shards, &err), CKPT_E_UNSUPPORTED);
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 2);
    assert_file_is(path, c);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    /* Once more, from what has been committed and from what has been opened. */
    assert_ok(ckpt_remove(ckpt_root(c), "small", &err));
    assert_ok(ckpt_commit(c, NULL, &err));
    assert_file_is(path, c);
    opened = open_path(path, CKPT_ACCESS_READ);
    ck_assert_uint_eq(ckpt_part_count(opened), 1);
    ck_assert_str_eq(part_of(opened, "new"), "");
    ck_assert_str_ne(part_of(opened, "a"), "");
    ckpt_free(opened);
    ckpt_open_options first = {.struct_size = sizeof first, .generation = 1};
    assert_ok(ckpt_open(path, &first, &older, &err));
    ck_assert_uint_eq(ckpt_part_count(older), 3);
    assert_ok(ckpt_verify(older, NULL, NULL, &err));
    ck_assert_str_ne(part_of(older, "large"), "");
    ckpt_free(older);
    ckpt_free(c);
}
END_TEST

START_TEST(an_edit_can_give_up_all_parts) {
    ckpt *c = make_model();
    save(c, path, 8192, NULL);
    ckpt_free(c);
    c = open_path(path, CKPT_ACCESS_MAP);
    static const char *const names[] = {"a", "b", "large", "small"};
    for (int i = 0; i < 4; i++)
        assert_ok(ckpt_remove(ckpt_root(c), names[i], &err));
    add(c, "new", 30, 5);
    assert_ok(ckpt_commit(c, NULL, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 0);
    assert_file_is(path, c);
    ckpt_free(c);
}
END_TEST

/* ---- parts that are not as they should be ---- */

static char part_path[400];

/* The file in shards; part_path is that of `large`. */
static void save_and_find_part(void) {
    ckpt *c = make_model(), *opened;
    save(c, path, 8192, NULL);
    opened = open_path(path, CKPT_ACCESS_MAP);
    test_path(&directory, part_of(opened, "large"), part_path, sizeof part_path);
    ckpt_free(opened);
    ckpt_free(c);
}

static void count_damage(void *ctx, const ckpt_damage *damage) {
    ck_assert_str_eq(damage->part, strrchr(part_path, '/') + 1);
    ++*(int *)ctx;
}

/* It opens all the same; `large` cannot be read, the rest can. */
static void assert_unreadable(ckpt_status status, const char *word) {
    unsigned char bytes[8];
    int damage = 0;
    for (int access = 0; access < 2; access++) {
        ckpt *c = open_path(path, (ckpt_access)access);
        const void *data;
        assert_status(ckpt_storage_read(storage_of(c, "large"), 0, 8, bytes, &err), status);
        ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
        ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
        assert_status(ckpt_storage_data(storage_of(c, "large"), &data, &err), status);
        assert_ok(ckpt_storage_read(storage_of(c, "a"), 0, 8, bytes, &err));
        assert_ok(ckpt_storage_read(storage_of(c, "small"), 0, 8, bytes, &err));
        int problems = 0;
        for (uint32_t i = 0; i < ckpt_part_count(c); i++)
            problems += ckpt_part_at(c, i).problem[0] != '\0';
        ck_assert_int_eq(problems, 1);
        ckpt_verify_options options = {
            .struct_size = sizeof options, .on_damage = count_damage, .ctx = &damage};
        assert_status(ckpt_verify(c, &options, NULL, &err), status);
        ck_assert_str_eq(err.rule, "F8");
        ckpt_free(c);
    }
    ck_assert_int_eq(damage, 2);
}

START_TEST(a_part_that_is_missing) {
    save_and_find_part();
    ck_assert_int_eq(unlink(part_path), 0);
    assert_unreadable(CKPT_E_NOT_FOUND, "no such file");
}
END_TEST

START_TEST(a_part_of_another_size) {
    save_and_find_part();
    ck_assert_int_eq(truncate(part_path, 4 * MOST - 1), 0);
    assert_unreadable(CKPT_E_MISMATCH, "should have");
    ck_assert_int_eq(truncate(part_path, 4 * MOST + 1), 0);
    assert_unreadable(CKPT_E_MISMATCH, "should have");
}
END_TEST

START_TEST(a_part_that_is_no_regular_file) {
    char moved[300];
    save_and_find_part();
    test_path(&directory, "moved", moved, sizeof moved);
    ck_assert_int_eq(rename(part_path, moved), 0);
    ck_assert_int_eq(symlink("moved", part_path), 0);
    assert_unreadable(CKPT_E_IO, "symbolic link");
    ck_assert_int_eq(unlink(part_path), 0);
    ck_assert_int_eq(mkdir(part_path, 0700), 0);
    assert_unreadable(CKPT_E_IO, "not a regular file");
    ck_assert_int_eq(rmdir(part_path), 0);
    ck_assert_int_eq(mkfifo(part_path, 0600), 0);
    assert_unreadable(CKPT_E_IO, "not a regular file");
    ck_assert_int_eq(unlink(part_path), 0);
    ck_assert_int_eq(link(moved, part_path), 0);
    ckpt *c = open_path(path, CKPT_ACCESS_MAP);
    assert_ok(ckpt_verify(c, NULL, NULL, &err));
    ckpt_free(c);
}
END_TEST

START_TEST(a_part_that_is_altered) {
    int damage = 0;
    save_and_find_part();
    int file = open(part_path, O_RDWR);
    ck_assert_int_eq((int)pwrite(file, "\x55", 1, 5000), 1);
    close(file);
    ckpt *c = open_path(path, CKPT_ACCESS_READ);
    float number;
    assert_ok(ckpt_storage_read(storage_of(c, "large"), 0, 4, &number, &err));
    assert_ok(ckpt_storage_read(storage_of(c, "large"), 4092, 4, &number, &err));
    assert_status(ckpt_storage_read(storage_of(c, "large"), 5000, 4, &number, &err),
                  CKPT_E_CHECKSUM);
    ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
    ckpt_verify_options options = {
        .struct_size = sizeof options, .on_damage = count_damage, .ctx = &damage};
    ckpt_verify_result result;
    assert_status(ckpt_verify(c, &options, &result, &err), CKPT_E_CHECKSUM);
    ck_assert_str_eq(err.rule, "C2");
    ck_assert_int_eq(damage, 2); /* the chunk, and the part as a whole */
    ck_assert_uint_eq(result.damaged, 2);
    ckpt_free(c);
}
END_TEST

START_TEST(bytes_without_a_place_have_no_parts) {
    size_t size;
    unsigned char bytes[8];
    ckpt *c;
    save_and_find_part();
    void *content = test_read_file(path, &size);
    assert_ok(ckpt_open_memory(content, size, "NAME", NULL, &c, &err));
    ck_assert_uint_eq(ckpt_part_count(c), 3);
    assert_status(ckpt_storage_read(storage_of(c, "large"), 0, 8, bytes, &err), CKPT_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, strrchr(part_path, '/') + 1));
    ck_assert_str_eq(ckpt_describe_storage(storage_of(c, "large")).part,
                     strrchr(part_path, '/') + 1);
    void *data = NULL;
    assert_status(ckpt_save_memory(c, NULL, &data, &size, &err), CKPT_E_UNSUPPORTED);
    ckpt_free(c);
    free(content);
}
END_TEST

START_TEST(a_bare_name_has_its_parts_in_the_current_directory) {
    int before = open(".", O_RDONLY | O_DIRECTORY);
    ckpt *c = make_model();
    ck_assert_int_eq(chdir(directory.path), 0);
    save(c, "bare.ckpt", 8192, NULL);
    assert_file_is("bare.ckpt", c);
    ck_assert_int_eq(chdir("/"), 0);
    assert_file_is(beside("bare.ckpt"), c);
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("parts");
    TCase *tests = tcase_create("parts");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, storages_go_to_shards_of_at_most_this_size);
    tcase_add_test(tests, what_fits_into_one_file_is_not_divided);
    tcase_add_test(tests, shards_of_the_same_bytes_are_two_files);
    tcase_add_test(tests, the_same_model_gives_the_same_files);
    tcase_add_test(tests, bytes_of_a_part_are_mapped);
    tcase_add_test(tests, a_whole_save_has_no_parts);
    tcase_add_test(tests, stems_are_made_fit_for_names);
    tcase_add_test(tests, what_the_base_has_is_not_written);
    tcase_add_test(tests, no_bytes_of_a_base_are_used_twice);
    tcase_add_test(tests, parts_of_the_base_are_referred_to_directly);
    tcase_add_test(tests, an_encoded_base_stays_encoded);
    tcase_add_test(tests, what_cannot_be_the_base);
    tcase_add_test(tests, there_are_no_shards_without_a_path);
    tcase_add_test(tests, an_edit_leaves_storages_in_their_parts);
    tcase_add_test(tests, an_edit_can_give_up_all_parts);
    tcase_add_test(tests, a_part_that_is_missing);
    tcase_add_test(tests, a_part_of_another_size);
    tcase_add_test(tests, a_part_that_is_no_regular_file);
    tcase_add_test(tests, a_part_that_is_altered);
    tcase_add_test(tests, bytes_without_a_place_have_no_parts);
    tcase_add_test(tests, a_bare_name_has_its_parts_in_the_current_directory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
