/* SPDX-License-Identifier: MIT */
/* Whatever a manifest may not say is refused with line and column. */
#include "checkmain.h"

#include <stdio.h>
#include <string.h>

#define HEAD "ckpt-manifest: 1\n"
#define ROOT "root: {module: a}\n"

typedef struct refusal {
    const char *text;
    const char *message; /* behind "m.yaml:LINE:COLUMN: " */
    uint32_t line, column;
} refusal;

static void check_refusals(const refusal *cases, size_t count, ckpt_status wanted) {
    for (size_t i = 0; i < count; i++) {
        const refusal *c = &cases[i];
        ckpt_manifest *manifest = NULL;
        ckpt_error err;
        char message[500];
        ckpt_status status =
            ckpt_manifest_read(c->text, strlen(c->text), "m.yaml", NULL, &manifest, &err);
        ck_assert_msg(status == wanted, "%s\ngot %s: %s", c->text, ckpt_status_name(status),
                      status != CKPT_OK ? err.message : "");
        ck_assert_ptr_null(manifest);
        snprintf(message, sizeof message, "m.yaml:%u:%u: %s", (unsigned)c->line,
                 (unsigned)c->column, c->message);
        ck_assert_str_eq(err.message, message);
        ck_assert_uint_eq(err.line, c->line);
        ck_assert_uint_eq(err.column, c->column);
        ck_assert_int_eq(err.status, wanted);
    }
}

#define CHECK_REFUSALS(cases, wanted)                                                              \
    check_refusals(cases, sizeof(cases) / sizeof(cases)[0], wanted)

START_TEST(refuses_what_manifests_do_not_use_of_yaml) {
    static const refusal cases[] = {
        {"", "expected the key 'ckpt-manifest', got an empty text", 1, 1},
        {HEAD "metadata: !!map {}\n" ROOT, "expected no tag, got 'tag:yaml.org,2002:map'", 2, 11},
        {HEAD "metadata: {a: !!str b}\n" ROOT, "expected no tag, got 'tag:yaml.org,2002:str'", 2,
         15},
        {HEAD "metadata: {a: !x b}\n" ROOT, "expected no tag, got '!x'", 2, 15},
        {HEAD "metadata: {a: ! b}\n" ROOT, "expected no tag, got '!'", 2, 15},
        {HEAD "metadata: {a: !l [1]}\n" ROOT, "expected no tag, got '!l'", 2, 15},
        {HEAD "metadata: {a: &x b}\n" ROOT,
         "expected no anchor here, got '&x': only modules and tensors have any", 2, 15},
        {HEAD "metadata: {a: &x [b]}\n" ROOT,
         "expected no anchor here, got '&x': only modules and tensors have any", 2, 15},
        {HEAD "metadata: {a: &x {b: 1}}\n" ROOT,
         "expected no anchor here, got '&x': only modules and tensors have any", 2, 15},
        {HEAD "metadata: &x {b: 1}\n" ROOT,
         "expected no anchor here, got '&x': only modules and tensors have any", 2, 11},
        {HEAD
         "root: {module: a, members: {x: &t {module: b}, u: {module: c, attributes: {z: *t}}}}",
         "expected a value, got an alias", 2, 79},
        {HEAD "root: {module: a, members: {x: *t}}\n",
         "expected an anchor before the alias, got no '&t'", 2, 32},
        {HEAD "root: {module: a, members: {x: &t {module: b}, u: &t {module: b}}}\n",
         "expected a new anchor, got '&t' again", 2, 51},
        {HEAD "root: {module: a, members: {x: &t {module: b, members: {u: *t}}}}\n",
         "expected no cycle, but '*t' stands inside the module '&t'", 2, 60},
        {HEAD "root: &r {module: a, members: {x: *r}}\n",
         "expected no cycle, but '*r' stands inside the module '&r'", 2, 35},
        {HEAD "metadata: {<<: {a: 1}}\n" ROOT, "expected a key, got a merge key", 2, 12},
        {HEAD "root: {module: a, members: {<<: {module: b}}}\n",
         "expected the name of a member, got a merge key", 2, 29},
        {HEAD ROOT "---\na: b\n", "expected the end of the text: a manifest is one document", 3, 1},
        {HEAD ROOT "...\n---\n", "expected the end of the text: a manifest is one document", 4, 1},
        {HEAD ROOT "...\n%TAG ! x\n", "expected the end of the text: a manifest is one document", 4,
         1},
        {"%YAML 1.2\n---\n" HEAD ROOT, "expected no directive but one %YAML 1.1", 1, 1},
        {"# x\n%TAG !a! x\n---\n" HEAD ROOT, "expected no directive but one %YAML 1.1", 2, 1},
        {"%YAML 1.1\n%YAML 1.1\n---\n" HEAD ROOT, "expected no directive but one %YAML 1.1", 2, 1},
        {"\xc2\x85%TAG !a! x\n---\n" HEAD ROOT, "expected no directive but one %YAML 1.1", 2, 1},
        {"\xff\xfe"
         "c",
         "expected UTF-8, got UTF-16 or UTF-32", 1, 1},
        {HEAD "metadata: {a: \"\xc3\xa9\", b: \"\xff\"}\n", "expected UTF-8, got the byte 0xff", 2,
         24},
        {HEAD "metadata: {a: \"\\0\"}\n" ROOT, "expected a string without NUL", 2, 15},
        {HEAD "metadata: {a: \x01}\n", "control characters are not allowed", 2, 15},
        {HEAD "metadata: {a: [1}\n",
         "did not find expected ',' or ']' (while parsing a flow sequence)", 2, 17},
        {HEAD "metadata: {a: \"\\ud800\"}\n",
         "found invalid Unicode character escape code (while parsing a quoted scalar)", 2, 18},
    };
    CHECK_REFUSALS(cases, CKPT_E_MANIFEST);
}
END_TEST

START_TEST(refuses_a_nul_in_the_text) {
    static const char text[] = HEAD "metadata: {a: b\0}\n" ROOT;
    ckpt_manifest *manifest = NULL;
    ckpt_error err;
    assert_status(ckpt_manifest_read(text, sizeof text - 1, "m.yaml", NULL, &manifest, &err),
                  CKPT_E_MANIFEST);
    ck_assert_str_eq(err.message, "m.yaml:2:16: expected UTF-8, got the byte 0x00");
}
END_TEST

START_TEST(refuses_at_the_top) {
    static const refusal cases[] = {
        {"- 1\n", "expected a map with the key 'ckpt-manifest', got a list", 1, 1},
        {ROOT, "expected the first key to be 'ckpt-manifest', got a string, 'root'", 1, 1},
        {"{}\n", "expected the first key to be 'ckpt-manifest', got the end of the map", 1, 2},
        {"ckpt-manifest: one\n", "expected the version of the manifest, 1, got a string, 'one'", 1,
         16},
        {HEAD, "expected the key 'root'", 2, 1},
        {HEAD "roots: 1\n", "expected the key metadata, data, seed, storages or root, got 'roots'",
         2, 1},
        {HEAD ROOT ROOT, "duplicate key 'root'", 3, 1},
        {HEAD ROOT "storages: []\n", "expected 'storages' to stand before 'root'", 3, 1},
        {HEAD "storages: [{size: 4}]\n" ROOT, "expected a tensor that views storage 0", 2, 12},
        {HEAD "storages: [4]\n" ROOT, "expected a storage, {size: bytes}, got an integer, '4'", 2,
         12},
        {HEAD "storages: [{}]\n" ROOT, "expected the key 'size', got the end of the map", 2, 13},
        {HEAD "storages: [{size: 4, x: 1}]\n" ROOT,
         "expected the end of the storage, got a string, 'x'", 2, 22},
        {HEAD "seed: -1\n" ROOT,
         "expected a seed, an integer from 0 to 2^64-1, got an integer, '-1'", 2, 7},
        {HEAD "data: a/b\n" ROOT,
         "expected a file beside the manifest, a name without '/', got 'a/b'", 2, 7},
        {HEAD "data: ..\n" ROOT,
         "expected a file beside the manifest, a name without '/', got '..'", 2, 7},
        {HEAD "data: \"\"\n" ROOT,
         "expected a file beside the manifest, a name without '/', got ''", 2, 7},
        {HEAD "root: 1\n", "expected the root module, a map, got an integer, '1'", 2, 7},
        {HEAD "root: {parameter: f32, shape: []}\n",
         "expected the first key of the root to be 'module', got a string, 'parameter'", 2, 8},
    };
    CHECK_REFUSALS(cases, CKPT_E_MANIFEST);
    static const refusal versions[] = {
        {"ckpt-manifest: 2\n", "manifest version 2 is not known, only version 1", 1, 16},
    };
    CHECK_REFUSALS(versions, CKPT_E_VERSION);
}
END_TEST

START_TEST(refuses_in_values) {
    static const refusal cases[] = {
        {HEAD "metadata: [1]\n", "expected a map of metadata, got a list", 2, 11},
        {HEAD "metadata: {a: 1, b: 2, a: 3}\n", "duplicate key 'a'", 2, 24},
        {HEAD "metadata: {a: 1, \"\\x61\": 3}\n", "duplicate key 'a'", 2, 18},
        {HEAD "metadata: {a: {b: 1, b: 2}}\n", "duplicate key 'b'", 2, 22},
        {HEAD "metadata: {1: 2}\n", "expected a key, got an integer: quote it: \"1\"", 2, 12},
        {HEAD "metadata: {yes: 2}\n", "expected a key, got an ambiguous scalar: quote it: \"yes\"",
         2, 12},
        {HEAD "metadata: {[a]: 2}\n", "expected a key, got a list", 2, 12},
        {HEAD "metadata: {a: no}\n", "expected a value, got an ambiguous scalar: quote it: \"no\"",
         2, 15},
        {HEAD "metadata: {a: 1e3}\n",
         "expected a value, got an ambiguous scalar: quote it: \"1e3\"", 2, 15},
        {HEAD "metadata: {a: 0o10}\n",
         "expected a value, got an ambiguous scalar: quote it: \"0o10\"", 2, 15},
        {HEAD "metadata:\n  a:\n", "expected a value, got nothing; write null or \"\"", 3, 5},
        {HEAD "metadata: {a: 9223372036854775808}\n",
         "expected a value, got a number out of range, '9223372036854775808'", 2, 15},
        {HEAD "metadata: {$a: 1}\n",
         "expected no key that begins with a single '$', got '$a'; write '$$a'", 2, 12},
        {HEAD "metadata: {$bytes: \"AAAA\"}\n",
         "expected no key that begins with a single '$', got '$bytes'; write '$$bytes'", 2, 12},
        {HEAD "metadata: {a: {b: 1, $bytes: \"\"}}\n",
         "expected no key that begins with a single '$', got '$bytes'; write '$$bytes'", 2, 22},
        {HEAD "metadata: {a: {$bytes: \"A\"}}\n", "expected canonical base64", 2, 24},
        {HEAD "metadata: {a: {$bytes: \"\", b: 1}}\n",
         "expected the end of the map after one key, got a string, 'b'", 2, 28},
        {HEAD "metadata: {a: {$float: \"0x3ff0000000000000\"}}\n",
         "expected the bits of a NaN other than .nan: 0x and 16 digits 0-9, a-f", 2, 24},
        {HEAD "metadata: {a: {$float: \"0x7ff8000000000000\"}}\n",
         "expected the bits of a NaN other than .nan: 0x and 16 digits 0-9, a-f", 2, 24},
    };
    CHECK_REFUSALS(cases, CKPT_E_MANIFEST);
}
END_TEST

START_TEST(refuses_in_modules) {
    static const refusal cases[] = {
        {HEAD "root: {module: 1}\n",
         "expected the type of the module, a string, got an integer: quote it: \"1\"", 2, 16},
        {HEAD "root: {module: a, module: b}\n", "duplicate key 'module'", 2, 19},
        {HEAD "root: {module: a, type: b}\n",
         "expected the key module, attributes or members, got 'type'", 2, 19},
        {HEAD "root: {module: a, attributes: 1}\n",
         "expected a map of attributes, got an integer, '1'", 2, 31},
        {HEAD "root: {module: a, members: [1]}\n", "expected a map of members, got a list", 2, 28},
        {HEAD "root: {module: a, members: {x: 1}}\n",
         "expected a module, a tensor or an alias of one, got an integer, '1'", 2, 32},
        {HEAD "root: {module: a, members: {x: {}}}\n",
         "expected the first key to be 'module', 'parameter' or 'buffer', got the end of the map",
         2, 33},
        {HEAD "root: {module: a, members: {x: {shape: [1]}}}\n",
         "expected the first key to be 'module', 'parameter' or 'buffer', got a string, 'shape'", 2,
         33},
        {HEAD "root: {module: a, members: {0: {module: b}}}\n",
         "expected the name of a member, got an integer: quote it: \"0\"", 2, 29},
        {HEAD "root: {module: a, members: {x: {module: b}, x: {module: b}}}\n", "duplicate key 'x'",
         2, 45},
        {HEAD "root: {module: a, members: {x: &t {module: b}, x: *t}}\n", "duplicate key 'x'", 2,
         48},
        {HEAD "root: {module: a, members: {x: {module: b}, x: {buffer: u8, shape: []}}}\n",
         "duplicate key 'x'", 2, 45},
        {HEAD "root: {module: a, members: {x.y: {module: b}}}\n", "the name 'x.y' has a '.'", 2,
         29},
    };
    CHECK_REFUSALS(cases, CKPT_E_MANIFEST);
}
END_TEST

#define TENSOR(text) HEAD "root:\n  module: a\n  members:\n    w: {" text "}\n"

START_TEST(refuses_in_tensors) {
    static const refusal cases[] = {
        {TENSOR("parameter: f32"), "expected the tensor to have the key 'shape'", 5, 8},
        {TENSOR("parameter: f33, shape: []"),
         "expected a dtype of the registry or {name, class, block_elements, block_bytes}, got "
         "'f33'",
         5, 20},
        {TENSOR("parameter: f32, shape: [], buffer: f32"),
         "expected the key parameter, shape, strides, storage, storage_offset, requires_grad, data "
         "or "
         "init, got 'buffer'",
         5, 36},
        {TENSOR("parameter: f32, shape: 3"), "expected a list of integers, got an integer, '3'", 5,
         32},
        {TENSOR("parameter: f32, shape: [-3]"), "expected an integer from 0, got an integer, '-3'",
         5, 33},
        {TENSOR("parameter: f32, shape: [3.0]"), "expected an integer from 0, got a float, '3.0'",
         5, 33},
        {TENSOR("parameter: f32, shape: [3], shape: [3]"), "duplicate key 'shape'", 5, 37},
        {TENSOR("parameter: f32, shape: [3], strides: [1, 1]"), "expected 1 strides, got 2", 5, 37},
        {TENSOR("parameter: f32, shape: [3], storage: 0"),
         "expected the number of one of 0 storages, got 0", 5, 37},
        {TENSOR("parameter: f32, shape: [3], storage_offset: 0"),
         "expected 'storage' along with 'storage_offset'", 5, 37},
        {TENSOR("buffer: f32, shape: [3], requires_grad: false"),
         "expected 'requires_grad' only for parameters of float and complex types", 5, 34},
        {TENSOR("parameter: i64, shape: [3], requires_grad: false"),
         "expected 'requires_grad' only for parameters of float and complex types", 5, 37},
        {TENSOR("parameter: f32, shape: [3], requires_grad: 1"),
         "expected true or false, got an integer, '1'", 5, 52},
        {TENSOR("parameter: f32, shape: [3], data: a.npy, init: zeros"),
         "expected either 'data' or 'init'", 5, 50},
        {TENSOR("parameter: f32, shape: [3], data: /etc/passwd"),
         "expected a file beside the manifest, a name without '/', got '/etc/passwd'", 5, 43},
        {TENSOR("parameter: f32, shape: [3], data: {file: ../x, offset: 0}"),
         "expected a file beside the manifest, a name without '/', got '../x'", 5, 50},
        {TENSOR("parameter: f32, shape: [3], data: {file: x}"),
         "expected the data to have 'file' and one of 'tensor' and 'offset'", 5, 43},
        {TENSOR("parameter: f32, shape: [3], data: {file: x, tensor: u, offset: 1}"),
         "expected the data to have 'file' and one of 'tensor' and 'offset'", 5, 43},
        {TENSOR("parameter: f32, shape: [3], init: glorot"),
         "expected a recipe: zeros, ones, constant, uniform, normal, xavier_uniform, "
         "xavier_normal, "
         "kaiming_uniform, kaiming_normal, got a string, 'glorot'",
         5, 43},
        {TENSOR("parameter: f32, shape: [3], init: {normal: {gain: 1.0}}"),
         "expected the key mean, std or seed, got 'gain'", 5, 53},
        {TENSOR("parameter: f32, shape: [3], init: {normal: {std: a}}"),
         "expected a number, got a string, 'a'", 5, 58},
        {TENSOR("parameter: f32, shape: [3], init: {kaiming_normal: {mode: fan}}"),
         "expected fan_in or fan_out, got a string, 'fan'", 5, 67},
        {TENSOR("parameter: f32, shape: [3], init: {zeros: {}, ones: {}}"),
         "expected the end of the map after one recipe, got a string, 'ones'", 5, 55},
        {TENSOR("parameter: f32, shape: [3], init: constant"),
         "expected constant to have the parameter 'value'", 5, 43},
        {TENSOR(
             "parameter: {name: f32, class: float, block_elements: 1, block_bytes: 4}, shape: []"),
         "expected just the name: 'f32' is a dtype of the registry", 5, 27},
        {TENSOR(
             "parameter: {name: x, class: floaty, block_elements: 1, block_bytes: 4}, shape: []"),
         "expected bool, uint, int, float, complex, block or opaque, got a string, 'floaty'", 5,
         37},
        {TENSOR("parameter: {name: x, class: float, block_elements: 0, block_bytes: 4}, shape: []"),
         "expected an integer from 1 to 65536, got an integer, '0'", 5, 60},
        {TENSOR("parameter: {name: x, class: float}, shape: []"),
         "expected the dtype to have name, class, block_elements and block_bytes", 5, 20},
        {TENSOR("parameter: {name: X, class: float}, shape: []"),
         "expected a name of 1 to 32 characters a-z, 0-9 and '_', got 'X'", 5, 27},
    };
    CHECK_REFUSALS(cases, CKPT_E_MANIFEST);
}
END_TEST

START_TEST(refuses_views_and_shapes_that_cannot_be) {
    static const refusal bounds[] = {
        {HEAD "storages: [{size: 8}]\nroot: {module: a, members: {w: {parameter: f32, shape: [3], "
              "storage: 0}}}\n",
         "the tensor reaches out of its storage", 3, 32},
        {HEAD "storages: [{size: 8}]\nroot: {module: a, members: {w: {parameter: f32, shape: [1], "
              "storage: 0, storage_offset: 2}}}\n",
         "the tensor reaches out of its storage", 3, 32},
    };
    CHECK_REFUSALS(bounds, CKPT_E_BOUNDS);
    static const refusal large[] = {
        {TENSOR("parameter: f32, shape: [4194305, 4194305, 211106198978564]"),
         "the shape has 2^63 bytes or more", 5, 8},
        {TENSOR("parameter: f32, shape: [18446744073709551615]"),
         "the shape has 2^63 bytes or more", 5, 8},
    };
    CHECK_REFUSALS(large, CKPT_E_OVERFLOW);
    static const refusal blocks[] = {
        {TENSOR("parameter: q4_0, shape: [2, 33]"),
         "the shape (or strides) do not fit the blocks of the dtype", 5, 8},
    };
    CHECK_REFUSALS(blocks, CKPT_E_SHAPE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("manifest refusals");
    TCase *tests = tcase_create("manifest refusals");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, refuses_what_manifests_do_not_use_of_yaml);
    tcase_add_test(tests, refuses_a_nul_in_the_text);
    tcase_add_test(tests, refuses_at_the_top);
    tcase_add_test(tests, refuses_in_values);
    tcase_add_test(tests, refuses_in_modules);
    tcase_add_test(tests, refuses_in_tensors);
    tcase_add_test(tests, refuses_views_and_shapes_that_cannot_be);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
