/* SPDX-License-Identifier: MIT */
/* The same model gives the same bytes: whatever was in memory before (safety rule T31), however the
 * model came about, and however often it has been opened and saved. */
#include "faultmemory.h"
#include "randommodel.h"
#include "savednet.h"

static ckpt_error err;

static void assert_same_bytes(const saved_file *a, const saved_file *b) {
    ck_assert_uint_eq(a->size, b->size);
    for (size_t i = 0; i < a->size; i++) {
        if (a->bytes[i] != b->bytes[i])
            ck_abort_msg("byte %zu: %02x and %02x", i, a->bytes[i], b->bytes[i]);
    }
}

static saved_file save_random(uint64_t seed, unsigned char poison) {
    fault_memory watched;
    memset(&watched, 0, sizeof watched);
    watched.poison = poison;
    ckpt_allocator allocator = fault_memory_hook(&watched);
    ckpt_create_options options = {sizeof options, &allocator};
    ckpt *c;
    assert_ok(random_model(seed, &options, &c, &err));
    saved_file file = save_bytes(c, NULL);
    ckpt_free(c);
    ck_assert_ptr_null(fault_memory_complaint(&watched));
    return file;
}

START_TEST(nothing_of_the_memory_gets_into_the_file) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        saved_file a = save_random(seed, 0x01), b = save_random(seed, 0xfe);
        assert_same_bytes(&a, &b);
        free(a.bytes);
        free(b.bytes);
    }
}
END_TEST

START_TEST(opening_and_saving_again_gives_the_same_bytes) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        saved_file first = save_random(seed, 0x5a);
        ckpt *c;
        assert_ok(ckpt_open_memory(first.bytes, first.size, NULL, NULL, &c, &err));
        saved_file second = save_bytes(c, NULL);
        assert_same_bytes(&first, &second);
        /* Thawed, too. */
        assert_ok(ckpt_add_module(ckpt_root(c), "new here", "X", NULL, &err));
        assert_ok(ckpt_remove(ckpt_root(c), "new here", &err));
        saved_file third = save_bytes(c, NULL);
        assert_same_bytes(&first, &third);
        ckpt_free(c);
        free(first.bytes);
        free(second.bytes);
        free(third.bytes);
    }
}
END_TEST

static void add(ckpt *c, const char *name, float value) {
    uint64_t shape = 1;
    assert_ok(ckpt_add_parameter(ckpt_root(c), name, CKPT_F32, 1, &shape, &value, NULL, &err));
}

static void set(ckpt *c, const char *key, ckpt_literal literal) {
    assert_ok(ckpt_map_set(ckpt_metadata(c), key, literal, NULL, &err));
}

START_TEST(detours_leave_no_trace) {
    ckpt *straight, *detour;
    assert_ok(ckpt_create(NULL, &straight, &err));
    add(straight, "a", 1);
    add(straight, "b", 2);
    add(straight, "c", 3);
    set(straight, "k", ckpt_int(1));
    set(straight, "l", ckpt_string("text"));

    assert_ok(ckpt_create(NULL, &detour, &err));
    uint64_t twelve = 12;
    assert_ok(
        ckpt_add_parameter(ckpt_root(detour), "junk", CKPT_I16, 1, &twelve, NULL, NULL, &err));
    ckpt_module module;
    assert_ok(ckpt_add_module(ckpt_root(detour), "m", "Junk", &module, &err));
    assert_ok(
        ckpt_map_set(ckpt_module_attributes(module), "junk", ckpt_bytes("xyz", 3), NULL, &err));
    set(detour, "k", ckpt_map());
    assert_ok(
        ckpt_map_set(ckpt_map_get(ckpt_metadata(detour), "k"), "inner", ckpt_null(), NULL, &err));
    add(detour, "x", 1);
    add(detour, "gone", 4);
    add(detour, "b", 2);
    ckpt_tensor b = ckpt_find_tensor(ckpt_root(detour), "b");
    assert_ok(ckpt_remove(ckpt_root(detour), "junk", &err));
    assert_ok(ckpt_remove(ckpt_root(detour), "m", &err));
    assert_ok(ckpt_remove(ckpt_root(detour), "gone", &err));
    assert_ok(ckpt_rename(ckpt_root(detour), "x", "a", &err));
    assert_ok(ckpt_add_tensor(ckpt_root(detour), "c", b, &err));
    assert_ok(ckpt_untie(ckpt_root(detour), "c", &b, &err));
    *(float *)ckpt_storage_writable(ckpt_tensor_storage(b)) = 3;
    set(detour, "k", ckpt_int(1));
    set(detour, "gone", ckpt_bytes("gone", 4));
    set(detour, "l", ckpt_string("text"));
    assert_ok(ckpt_map_remove(ckpt_metadata(detour), "gone", &err));

    saved_file first = save_bytes(straight, NULL), second = save_bytes(detour, NULL);
    assert_same_bytes(&first, &second);
    free(first.bytes);
    free(second.bytes);
    ckpt_free(straight);
    ckpt_free(detour);
}
END_TEST

START_TEST(options_change_the_bytes_and_nothing_else) {
    ckpt *c = build_sample(NULL), *opened;
    saved_file plain = save_bytes(c, NULL);
    static const uint64_t chunk_sizes[] = {4096, 1 << 20, 1 << 30};
    for (int i = 0; i < 6; i++) {
        ckpt_save_options options = {.struct_size = sizeof options,
                                     .chunk_size = chunk_sizes[i / 2],
                                     .no_checksums = i % 2 == 1};
        saved_file other = save_bytes(c, &options);
        assert_ok(ckpt_open_memory(other.bytes, other.size, NULL, NULL, &opened, &err));
        saved_file again = save_bytes(opened, NULL);
        assert_same_bytes(&plain, &again);
        ckpt_free(opened);
        free(other.bytes);
        free(again.bytes);
    }
    free(plain.bytes);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("determinism");
    TCase *tests = tcase_create("determinism");
    tcase_add_test(tests, nothing_of_the_memory_gets_into_the_file);
    tcase_add_test(tests, opening_and_saving_again_gives_the_same_bytes);
    tcase_add_test(tests, detours_leave_no_trace);
    tcase_add_test(tests, options_change_the_bytes_and_nothing_else);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
