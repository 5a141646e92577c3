/* SPDX-License-Identifier: MIT */
/* What was saved is there again, whichever way it is saved and opened: by map, by read, from
 * memory, through functions. */
#include "comparemodels.h"
#include "faultmemory.h"
#include "savednet.h"
#include "testfiles.h"

#include <errno.h>

static ckpt_error err;
static test_directory directory;
static char path[512];

static void setup(void) {
    directory = test_directory_create();
    test_path(&directory, "net.ckpt", path, sizeof path);
}

static void teardown(void) {
    test_directory_remove(&directory);
}

static void assert_same_model(ckpt *a, ckpt *b) {
    char difference[256];
    ck_assert_msg(models_differ(a, b, difference, sizeof difference) == NULL, "%s", difference);
}

START_TEST(every_way_in_gives_the_same_checkpoint) {
    ckpt *c = build_sample(NULL), *opened;
    saved_file file = save_bytes(c, NULL);
    test_write_file(path, file.bytes, file.size);
    assert_ok(open_way((way_in)_i, path, &file, &opened, &err));
    assert_same_model(c, opened);
    ckpt_file_info info = ckpt_describe_file(opened);
    ck_assert_str_eq(info.format, "ckpt");
    ck_assert_uint_eq(info.file_size, file.size);
    ck_assert_uint_eq(info.version_major, 1);
    ck_assert_uint_eq(info.version_minor, 0);
    ck_assert_uint_eq(info.generation, 1);
    ck_assert_str_eq(info.recovered, "");
    ck_assert_uint_eq(info.storages_checked, 3); /* the one without bytes has none */
    ck_assert_uint_gt(info.index_size, 0);
    ckpt_verify_result result;
    assert_ok(ckpt_verify(opened, NULL, &result, &err));
    ck_assert_uint_eq(result.bytes, file.size);
    ck_assert_uint_eq(result.chunks, 3);
    ck_assert_uint_eq(result.damaged, 0);
    ck_assert_uint_eq(result.unchecked_bytes, 0);
    /* And it saves to the same bytes. */
    saved_file again = save_bytes(opened, NULL);
    ck_assert_uint_eq(again.size, file.size);
    ck_assert_mem_eq(again.bytes, file.bytes, file.size);
    ckpt_free(opened);
    ckpt_free(c);
    free(file.bytes);
    free(again.bytes);
}
END_TEST

typedef struct grown_file {
    unsigned char bytes[65536];
    size_t size;
    int calls;
    int fail_at;
} grown_file;

static int write_grown(void *ctx, const void *bytes, size_t size, uint64_t offset) {
    grown_file *file = ctx;
    if (++file->calls == file->fail_at)
        return ENOSPC;
    ck_assert(offset + size <= sizeof file->bytes);
    memcpy(file->bytes + offset, bytes, size);
    if (offset + size > file->size)
        file->size = (size_t)offset + size;
    return 0;
}

START_TEST(every_way_out_gives_the_same_bytes) {
    ckpt *c = build_sample(NULL);
    static grown_file grown;
    ckpt_writer writer = {&grown, write_grown};
    saved_file file = save_bytes(c, NULL);
    assert_ok(ckpt_save(c, path, NULL, &err));
    size_t size;
    unsigned char *on_disk = test_read_file(path, &size);
    ck_assert_uint_eq(size, file.size);
    ck_assert_mem_eq(on_disk, file.bytes, size);
    memset(grown.bytes, 0xee, sizeof grown.bytes); /* every byte must be written, zeros too */
    assert_ok(ckpt_save_writer(c, &writer, NULL, &err));
    ck_assert_uint_eq(grown.size, file.size);
    ck_assert_mem_eq(grown.bytes, file.bytes, size);
    int calls = grown.calls;
    for (int k = 1; k <= calls; k++) {
        grown.calls = 0;
        grown.fail_at = k;
        assert_status(ckpt_save_writer(c, &writer, NULL, &err), CKPT_E_IO);
        ck_assert_int_eq(err.sys_errno, ENOSPC);
    }
    ckpt_free(c);
    free(on_disk);
    free(file.bytes);
}
END_TEST

START_TEST(mapped_storages_are_aligned_and_not_copied) {
    ckpt *c = build_bytes(70000), *opened;
    const void *data;
    uint64_t three = 3;
    assert_ok(ckpt_add_parameter(ckpt_root(c), "x", CKPT_U8, 1, &three, "abc", NULL, &err));
    saved_file file = save_bytes(c, NULL);
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &opened, &err));
    ckpt_storage large = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(opened), "w"));
    ckpt_storage small = ckpt_tensor_storage(ckpt_find_tensor(ckpt_root(opened), "x"));
    assert_ok(ckpt_storage_data(large, &data, &err));
    ck_assert_ptr_eq(data, file.bytes + ckpt_describe_storage(large).offset);
    ck_assert_uint_eq(ckpt_describe_storage(large).offset % 4096, 0);
    ck_assert_uint_eq(ckpt_describe_storage(small).offset % 64, 0);
    ck_assert_uint_eq(ckpt_describe_storage(small).stored_size, 3);
    ck_assert_str_eq(ckpt_describe_storage(small).encoding, "raw");
    ckpt_free(opened);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

START_TEST(what_was_read_once_is_kept) {
    ckpt *c = build_sample(NULL), *opened;
    const void *first, *second;
    ckpt_open_options options = {.struct_size = sizeof options, .access = CKPT_ACCESS_READ};
    assert_ok(ckpt_save(c, path, NULL, &err));
    assert_ok(ckpt_open(path, &options, &opened, &err));
    ckpt_tensor weight = ckpt_find_tensor(ckpt_root(opened), "0.weight");
    ckpt_tensor turned = ckpt_find_tensor(ckpt_root(opened), "turned");
    assert_ok(ckpt_tensor_data(weight, &first, &err));
    assert_ok(ckpt_tensor_data(turned, &second, &err));
    ck_assert_ptr_eq(first, second); /* one storage */
    ck_assert_uint_eq((uintptr_t)first % sizeof(double), 0);
    /* The file may go: what was read is here. */
    test_write_file(path, "", 0);
    assert_ok(ckpt_tensor_data(weight, &second, &err));
    ck_assert_ptr_eq(first, second);
    float values[6];
    memcpy(values, second, sizeof values);
    ck_assert(values[5] == 6);
    ckpt_tensor bias = ckpt_find_tensor(ckpt_root(opened), "0.bias");
    assert_status(ckpt_tensor_data(bias, &second, &err), CKPT_E_TRUNCATED);
    ckpt_free(opened);
    ckpt_free(c);
}
END_TEST

START_TEST(options_that_are_none_are_refused) {
    saved_file file = save_sample();
    ckpt *c = NULL;
    ckpt_open_options options = {.struct_size = 3};
    assert_status(ckpt_open_memory(file.bytes, file.size, NULL, &options, &c, &err),
                  CKPT_E_ARGUMENT);
    options.struct_size = sizeof options;
    options.formats = "npy,safetensors";
    assert_status(ckpt_open_memory(file.bytes, file.size, "the\nfile", &options, &c, &err),
                  CKPT_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.message, "the\\nfile: "));
    options.formats = "npy,ckpt";
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, &options, &c, &err));
    ckpt_save_options save = {.struct_size = 1};
    void *data = NULL;
    size_t size;
    assert_status(ckpt_save_memory(c, &save, &data, &size, &err), CKPT_E_ARGUMENT);
    save.struct_size = sizeof save;
    save.format = "pickle";
    assert_status(ckpt_save_memory(c, &save, &data, &size, &err), CKPT_E_UNSUPPORTED);
    assert_status(ckpt_save_writer(c, NULL, NULL, &err), CKPT_E_ARGUMENT);
    ck_assert_ptr_null(data);
    ckpt_free(c);
    assert_status(ckpt_open_reader(NULL, NULL, NULL, &c, &err), CKPT_E_ARGUMENT);
    assert_status(ckpt_open_memory("some text, no checkpoint", 24, NULL, NULL, &c, &err),
                  CKPT_E_FORMAT);
    free(file.bytes);
}
END_TEST

START_TEST(all_memory_comes_from_the_allocator_and_goes_back) {
    fault_memory watched;
    memset(&watched, 0, sizeof watched);
    ckpt_allocator allocator = fault_memory_hook(&watched);
    saved_file file = save_sample();
    test_write_file(path, file.bytes, file.size);
    for (int access = 0; access < 2; access++) {
        ckpt_open_options options = {
            .struct_size = sizeof options, .allocator = &allocator, .access = (ckpt_access)access};
        ckpt *c;
        const void *data;
        assert_ok(ckpt_open(path, &options, &c, &err));
        assert_ok(ckpt_tensor_data(ckpt_find_tensor(ckpt_root(c), "tied"), &data, &err));
        assert_ok(ckpt_verify(c, NULL, NULL, &err));
        assert_ok(ckpt_save(c, path, NULL, &err));
        ck_assert_uint_gt(watched.blocks, 0);
        ckpt_free(c);
        ck_assert_ptr_null(fault_memory_complaint(&watched));
    }
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("waysin");
    TCase *tests = tcase_create("waysin");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, every_way_in_gives_the_same_checkpoint, 0, WAYS_IN);
    tcase_add_test(tests, every_way_out_gives_the_same_bytes);
    tcase_add_test(tests, mapped_storages_are_aligned_and_not_copied);
    tcase_add_test(tests, what_was_read_once_is_kept);
    tcase_add_test(tests, options_that_are_none_are_refused);
    tcase_add_test(tests, all_memory_comes_from_the_allocator_and_goes_back);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
