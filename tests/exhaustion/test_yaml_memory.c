/* SPDX-License-Identifier: MIT */
/* libyaml takes memory by itself, not through the hook. Every one of its requests fails in turn,
 * once and from then on: reading, writing and packing a manifest fail with CKPT_E_NOMEM, and
 * nothing stays behind. */
#include "checkmain.h"
#include "faultmemory.h"
#include "testfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- in place of libyaml's own, which the dynamic linker passes over for these ---- */

void *yaml_malloc(size_t size);
void *yaml_realloc(void *block, size_t size);
void yaml_free(void *block);
yaml_char_t *yaml_strdup(const yaml_char_t *text);

static struct {
    uint64_t requests, fail_at;
    bool fail_ever_after;
    int64_t blocks;
} yaml;

static bool must_fail(void) {
    uint64_t number = ++yaml.requests;
    return yaml.fail_at != 0 &&
           (number == yaml.fail_at || (yaml.fail_ever_after && number > yaml.fail_at));
}

void *yaml_malloc(size_t size) {
    void *block = must_fail() ? NULL : malloc(size != 0 ? size : 1);
    yaml.blocks += block != NULL;
    return block;
}

void *yaml_realloc(void *block, size_t size) {
    if (block == NULL)
        return yaml_malloc(size);
    return must_fail() ? NULL : realloc(block, size != 0 ? size : 1);
}

void yaml_free(void *block) {
    yaml.blocks -= block != NULL;
    free(block);
}

yaml_char_t *yaml_strdup(const yaml_char_t *text) {
    size_t size = text != NULL ? strlen((const char *)text) + 1 : 0;
    yaml_char_t *copy = text != NULL ? yaml_malloc(size) : NULL;
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

/* ---- what needs libyaml ---- */

static const char text[] =
    "ckpt-manifest: 1\n"
    "seed: 7\n"
    "metadata: {title: \"a \\u00e4 net\", list: [1, 2.5, {a: {$bytes: \"AAEC\"}}, null]}\n"
    "root: # a comment\n"
    "  module: Sequential\n"
    "  members:\n"
    "    \"0\": &shared\n"
    "      module: Linear\n"
    "      attributes:\n"
    "        in_features: 3\n"
    "        note: |\n"
    "          several lines,\n"
    "          of which each is kept\n"
    "      members:\n"
    "        weight: &w {parameter: f32, shape: [4, 3], init: xavier_uniform}\n"
    "        bias: {parameter: f32, shape: [4], init: {uniform: {low: -1.0}}}\n"
    "    ? 'a longer name, written as a key of its own'\n"
    "    : *shared\n"
    "    tied: *w\n";

static ckpt_error err;
static fault_memory memory;
static ckpt_allocator hook;
static char path[300];

static ckpt_status read_text(void) {
    ckpt_manifest_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt_manifest *const untouched = (ckpt_manifest *)(void *)&options;
    ckpt_manifest *manifest = untouched;
    ckpt_status status = ckpt_manifest_read(text, sizeof text - 1, NULL, &options, &manifest, &err);
    ck_assert(status == CKPT_OK || manifest == untouched);
    if (status == CKPT_OK)
        ckpt_manifest_free(manifest);
    return status;
}

static ckpt_status pack_file(void) {
    ckpt_pack_options options = {.struct_size = sizeof options, .allocator = &hook};
    ckpt *const untouched = (ckpt *)(void *)&options;
    ckpt *c = untouched;
    ckpt_status status = ckpt_pack(path, &options, &c, &err);
    ck_assert(status == CKPT_OK || c == untouched);
    if (status == CKPT_OK)
        ckpt_free(c);
    return status;
}

static ckpt_status write_text(void) {
    ckpt_create_options options = {.struct_size = sizeof options, .allocator = &hook};
    static const uint64_t shape[2] = {4, 3};
    char *written = NULL;
    size_t size = 0;
    ckpt *c;
    ckpt_module layer;
    ckpt_tensor weight;
    assert_ok(ckpt_create(&options, &c, &err));
    assert_ok(ckpt_add_module(ckpt_root(c), "0", "Linear", &layer, &err));
    assert_ok(ckpt_add_parameter(layer, "weight", CKPT_F32, 2, shape, NULL, &weight, &err));
    assert_ok(ckpt_share_module(ckpt_root(c), "a: name", layer, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), "tied", weight, &err));
    assert_ok(ckpt_map_set(ckpt_metadata(c), "x", ckpt_string("\n lines \n"), NULL, &err));
    ckpt_status status = ckpt_manifest_write(c, &written, &size, &err);
    ck_assert(status == CKPT_OK || (written == NULL && size == 0));
    if (status == CKPT_OK)
        ckpt_buffer_free(c, written, size + 1);
    ckpt_free(c);
    return status;
}

static ckpt_status (*const calls[])(void) = {read_text, pack_file, write_text};
static const char *const names[] = {"reading", "packing", "writing"};

/* With the request of that number failing; whether there was one. */
static bool fails_well(int call, uint64_t number, bool ever_after) {
    memset(&memory, 0, sizeof memory);
    memset(&yaml, 0, sizeof yaml);
    yaml.fail_at = number;
    yaml.fail_ever_after = ever_after;
    ckpt_status status = calls[call]();
    bool failed = yaml.requests >= number;
    ck_assert_msg(status == (failed ? CKPT_E_NOMEM : CKPT_OK), "%s, request %llu: %s: %s",
                  names[call], (unsigned long long)number, ckpt_status_name(status),
                  status != CKPT_OK ? err.message : "");
    ck_assert_msg(yaml.blocks == 0, "%s, request %llu: %lld blocks of libyaml stay behind",
                  names[call], (unsigned long long)number, (long long)yaml.blocks);
    const char *complaint = fault_memory_complaint(&memory);
    ck_assert_msg(complaint == NULL, "%s, request %llu: %s", names[call],
                  (unsigned long long)number, complaint);
    return failed;
}

START_TEST(libyaml_runs_out_of_memory) {
    test_directory directory = test_directory_create();
    hook = fault_memory_hook(&memory);
    test_path(&directory, "net.yaml", path, sizeof path);
    test_write_file(path, text, sizeof text - 1);
    uint64_t number = 1;
    while (fails_well(_i, number, false))
        number++;
    ck_assert_msg(number > 10, "libyaml's memory is not to be had");
    printf("# %s: %llu requests\n", names[_i], (unsigned long long)number - 1);
    for (number = 1; fails_well(_i, number, true);)
        number++;
    test_directory_remove(&directory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory of libyaml");
    TCase *tests = tcase_create("memory of libyaml");
    tcase_add_loop_test(tests, libyaml_runs_out_of_memory, 0, 3);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
