/* SPDX-License-Identifier: MIT */
/* A change that fails, for want of memory or because bytes cannot be read, has changed nothing; and
 * when it is tried again it gives exactly what it would have given at once. */
#include "checkmain.h"
#include "comparemodels.h"
#include "sweep.h"

#include <stdio.h>
#include <string.h>

typedef ckpt_status (*edit)(ckpt *c, ckpt_error *err);

static const uint64_t shape[2] = {3, 5};
static const char long_text[] = "a text that is not in the file yet, and so must be stored anew";

static ckpt_value attributes(ckpt *c) {
    return ckpt_module_attributes(ckpt_module_child(ckpt_root(c), "block"));
}

static ckpt_status add_module(ckpt *c, ckpt_error *err) {
    return ckpt_add_module(ckpt_root(c), long_text, "NewType", NULL, err);
}

static ckpt_status share_module(ckpt *c, ckpt_error *err) {
    ckpt_module block = ckpt_module_child(ckpt_root(c), "block");
    return ckpt_share_module(ckpt_module_child(block, "inner"), "again",
                             ckpt_module_child(ckpt_root(c), "leaf"), err);
}

static ckpt_status add_parameter(ckpt *c, ckpt_error *err) {
    return ckpt_add_parameter(ckpt_root(c), "new", CKPT_BF16, 2, shape, NULL, NULL, err);
}

static ckpt_status add_buffer(ckpt *c, ckpt_error *err) {
    return ckpt_add_buffer(ckpt_module_child(ckpt_root(c), "block"), long_text, CKPT_F32, 2, shape,
                           NULL, NULL, err);
}

static ckpt_status add_tensor(ckpt *c, ckpt_error *err) {
    return ckpt_add_tensor(ckpt_root(c), "one more name", ckpt_find_tensor(ckpt_root(c), "w"), err);
}

static ckpt_status rename_member(ckpt *c, ckpt_error *err) {
    return ckpt_rename(ckpt_root(c), "w", long_text, err);
}

static ckpt_status remove_member(ckpt *c, ckpt_error *err) {
    return ckpt_remove(ckpt_root(c), "w", err);
}

static ckpt_status tie(ckpt *c, ckpt_error *err) {
    return ckpt_tie(ckpt_root(c), "w", ckpt_find_tensor(ckpt_root(c), "tied"), err);
}

static ckpt_status untie(ckpt *c, ckpt_error *err) {
    return ckpt_untie(ckpt_root(c), "tied", NULL, err);
}

static ckpt_status untie_strided(ckpt *c, ckpt_error *err) {
    return ckpt_untie(ckpt_root(c), "strided", NULL, err);
}

static ckpt_status set_type(ckpt *c, ckpt_error *err) {
    return ckpt_set_module_type(ckpt_root(c), long_text, err);
}

static ckpt_status set_new_key(ckpt *c, ckpt_error *err) {
    return ckpt_map_set(attributes(c), long_text, ckpt_int(1), NULL, err);
}

static ckpt_status set_old_key(ckpt *c, ckpt_error *err) {
    return ckpt_map_set(attributes(c), "list", ckpt_string(long_text), NULL, err);
}

static ckpt_status set_to_map(ckpt *c, ckpt_error *err) {
    return ckpt_map_set(attributes(c), "text", ckpt_map(), NULL, err);
}

static ckpt_status set_bytes(ckpt *c, ckpt_error *err) {
    return ckpt_map_set(ckpt_metadata(c), "bytes", ckpt_bytes(long_text, sizeof long_text), NULL,
                        err);
}

static ckpt_status remove_key(ckpt *c, ckpt_error *err) {
    return ckpt_map_remove(attributes(c), "text", err);
}

static ckpt_status append_text(ckpt *c, ckpt_error *err) {
    return ckpt_list_append(ckpt_map_get(attributes(c), "list"), ckpt_string(long_text), NULL, err);
}

static ckpt_status append_list(ckpt *c, ckpt_error *err) {
    return ckpt_list_append(ckpt_map_get(attributes(c), "list"), ckpt_list(), NULL, err);
}

static const struct {
    const char *name;
    edit run;
} edits[] = {
    {"add_module", add_module},
    {"share_module", share_module},
    {"add_parameter", add_parameter},
    {"add_buffer", add_buffer},
    {"add_tensor", add_tensor},
    {"rename", rename_member},
    {"remove", remove_member},
    {"tie", tie},
    {"untie", untie},
    {"untie, strided", untie_strided},
    {"set_module_type", set_type},
    {"map_set, new key", set_new_key},
    {"map_set, old key", set_old_key},
    {"map_set, a map", set_to_map},
    {"map_set, bytes", set_bytes},
    {"map_remove", remove_key},
    {"list_append", append_text},
    {"list_append, a list", append_list},
};

enum { EDITS = sizeof edits / sizeof edits[0] };

static void save_fixture(const char *path) {
    static const uint64_t transposed[2] = {1, 3};
    ckpt *c;
    ckpt_error err;
    ckpt_module block, leaf;
    ckpt_tensor w, strided;
    ckpt_value list;
    unsigned char bytes[60];
    ckpt_save_options options = {.struct_size = sizeof options, .not_durable = true};
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "block", "Block", &block, &err));
    assert_ok(ckpt_add_module(block, "inner", "Inner", NULL, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "leaf", "Leaf", &leaf, &err));
    assert_ok(ckpt_add_buffer(leaf, "b", CKPT_U8, 2, shape, bytes, NULL, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "w", CKPT_F32, 2, shape, bytes, &w, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "tied", CKPT_F32, 2, shape, bytes, &w, &err));
    assert_ok(ckpt_add_tensor(block, "tied", w, &err));
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = transposed};
    assert_ok(ckpt_tensor_create(ckpt_tensor_storage(w), &spec, &strided, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "strided", strided, &err));
    assert_ok(ckpt_map_set(attributes(c), "text", ckpt_string("a text"), NULL, &err));
    assert_ok(ckpt_map_set(attributes(c), "list", ckpt_list(), &list, &err));
    assert_ok(ckpt_list_append(list, ckpt_float(1.5), NULL, &err));
    assert_ok(ckpt_map_set(attributes(c), "bytes", ckpt_bytes(bytes, 9), NULL, &err));
    assert_ok(ckpt_save(c, path, &options, &err));
    ckpt_free(c);
}

/* Fills the tables to different degrees, so that the change itself has to make room. */
static void warm_up(sweep *s, ckpt *c) {
    char name[16];
    ckpt_error err;
    for (unsigned i = 0; i < s->choice / EDITS * 3; i++) {
        snprintf(name, sizeof name, "warm %u", i % 1000);
        bool done = ckpt_add_module(ckpt_root(c), name, name, NULL, &err) == CKPT_OK &&
                    ckpt_add_buffer(ckpt_root(c), name + 1, CKPT_U8, 2, shape, NULL, NULL, &err) ==
                        CKPT_OK &&
                    ckpt_map_set(attributes(c), name, ckpt_string(name), NULL, &err) == CKPT_OK &&
                    ckpt_list_append(ckpt_map_get(attributes(c), "list"), ckpt_null(), NULL,
                                     &err) == CKPT_OK;
        sweep_expect(s, done, "the checkpoint cannot be prepared");
    }
}

static ckpt *open_warm(sweep *s) {
    ckpt *c = sweep_open_source(s, CKPT_ACCESS_READ);
    warm_up(s, c);
    return c;
}

static void expect_unchanged(sweep *s, ckpt *c, ckpt *witness) {
    char why[200];
    sweep_expect(s, models_differ(c, witness, why, sizeof why) == NULL,
                 "a change that failed has changed something");
    sweep_expect(s,
                 ckpt_module_count(c) == ckpt_module_count(witness) &&
                     ckpt_tensor_count(c) == ckpt_tensor_count(witness) &&
                     ckpt_storage_count(c) == ckpt_storage_count(witness),
                 "a change that failed has left an object behind");
}

/* c, on which the change has failed once, and witness, on which it was not tried. */
static void expect_same_when_repeated(sweep *s, ckpt *c, ckpt *witness) {
    void *bytes, *wanted;
    size_t size = 0, wanted_size = 0;
    ckpt_error err;
    sweep_expect(s, edits[s->choice % EDITS].run(c, &err) == CKPT_OK, "a second try fails");
    sweep_expect(s, edits[s->choice % EDITS].run(witness, &err) == CKPT_OK, "the first try fails");
    bool saved = ckpt_save_memory(c, NULL, &bytes, &size, &err) == CKPT_OK &&
                 ckpt_save_memory(witness, NULL, &wanted, &wanted_size, &err) == CKPT_OK;
    sweep_expect(s, saved, "the checkpoint cannot be saved after a failure");
    if (!saved)
        return;
    sweep_expect(s, size == wanted_size && memcmp(bytes, wanted, size) == 0,
                 "a second try gives something else than the first");
    ckpt_buffer_free(c, bytes, size);
    ckpt_buffer_free(witness, wanted, wanted_size);
}

static ckpt_status change(sweep *s, ckpt_error *err) {
    ckpt *c = open_warm(s), *witness = open_warm(s);
    sweep_arm(s);
    ckpt_status status = edits[s->choice % EDITS].run(c, err);
    sweep_disarm(s);
    if (status != CKPT_OK) {
        expect_unchanged(s, c, witness);
        expect_same_when_repeated(s, c, witness);
    }
    ckpt_free(c);
    ckpt_free(witness);
    return status;
}

static void sweep_edit(int choice, void (*how)(sweep *, const sweep_case *, sweep_result *)) {
    sweep *s = sweep_create();
    sweep_case c = {edits[choice % EDITS].name, change};
    sweep_result result;
    save_fixture(s->source);
    s->choice = (size_t)choice;
    how(s, &c, &result);
    ck_assert_msg(result.complaint[0] == '\0', "%s", result.complaint);
    sweep_free(s);
}

START_TEST(without_memory) {
    sweep_edit(_i, sweep_allocations);
}
END_TEST

START_TEST(without_bytes) {
    sweep_edit(_i, sweep_operations);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("edit_faults");
    TCase *tests = tcase_create("edit_faults");
    tcase_add_loop_test(tests, without_memory, 0, 5 * EDITS);
    tcase_add_loop_test(tests, without_bytes, 0, EDITS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
