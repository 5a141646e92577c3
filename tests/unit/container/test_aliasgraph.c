/* SPDX-License-Identifier: MIT */
/* Which names share a module, a tensor, a storage: the same partition before and after a file
 * (safety rule T10), and bytes that are shared indeed. Equal bytes alone are no tie. */
#include "savednet.h"
#include "testrandom.h"

static ckpt_error err;

enum { STORAGES = 6, TENSORS = 15, NAMES = 40, FLOATS = 32 };

typedef struct graph {
    ckpt *c;
    uint32_t storage_of_tensor[TENSORS];
    uint32_t tensor_of_name[NAMES];
    ckpt_tensor tensors[TENSORS];
} graph;

static void add_storages(graph *g, ckpt_storage *storages) {
    for (uint32_t s = 0; s < STORAGES; s++) {
        assert_ok(ckpt_storage_create(g->c, FLOATS * 4, &storages[s], &err));
        float *floats = ckpt_storage_writable(storages[s]);
        for (int i = 0; i < FLOATS; i++)
            floats[i] = (float)i; /* the same in all of them */
    }
}

static void add_tensors(graph *g, const ckpt_storage *storages, test_random *random) {
    for (uint32_t t = 0; t < TENSORS; t++) {
        uint64_t shape[2] = {1 + random_below(random, 3), 2 + random_below(random, 3)};
        uint64_t strides[2] = {random_below(random, 7), 1 + random_below(random, 2)};
        ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                                 .dtype = CKPT_F32,
                                 .rank = 2,
                                 .shape = shape,
                                 .storage_offset = random_below(random, 8)};
        if (random_chance(random, 40))
            spec.strides = strides;
        g->storage_of_tensor[t] = random_below(random, STORAGES);
        assert_ok(
            ckpt_tensor_create(storages[g->storage_of_tensor[t]], &spec, &g->tensors[t], &err));
    }
}

static const char *name_of(uint32_t n) {
    static char name[16];
    snprintf(name, sizeof name, "m%u.w%u", (unsigned)(n % 3), (unsigned)n);
    return name;
}

static graph build_graph(uint64_t seed) {
    graph g;
    test_random random = {seed};
    ckpt_storage storages[STORAGES];
    ckpt_module modules[3];
    assert_ok(ckpt_create(NULL, &g.c, &err));
    add_storages(&g, storages);
    add_tensors(&g, storages, &random);
    for (int m = 0; m < 3; m++)
        assert_ok(ckpt_add_module(ckpt_root(g.c), (char[]){'m', (char)('0' + m), '\0'}, "",
                                  &modules[m], &err));
    for (uint32_t n = 0; n < NAMES; n++) {
        g.tensor_of_name[n] = random_below(&random, TENSORS);
        assert_ok(ckpt_add_tensor(modules[n % 3], strchr(name_of(n), '.') + 1,
                                  g.tensors[g.tensor_of_name[n]], &err));
    }
    return g;
}

static void assert_partition(const graph *g, ckpt *c) {
    for (uint32_t a = 0; a < NAMES; a++) {
        ckpt_tensor x = ckpt_find_tensor(ckpt_root(c), name_of(a));
        ck_assert(ckpt_tensor_exists(x));
        for (uint32_t b = 0; b < NAMES; b++) {
            ckpt_tensor y = ckpt_find_tensor(ckpt_root(c), name_of(b));
            uint32_t first = g->tensor_of_name[a], second = g->tensor_of_name[b];
            quick_assert(ckpt_tensor_same(x, y) == (first == second));
            quick_assert(ckpt_storage_same(ckpt_tensor_storage(x), ckpt_tensor_storage(y)) ==
                         (g->storage_of_tensor[first] == g->storage_of_tensor[second]));
        }
    }
}

static void assert_same_views(const graph *g, ckpt *c) {
    for (uint32_t n = 0; n < NAMES; n++) {
        ckpt_tensor before = g->tensors[g->tensor_of_name[n]];
        ckpt_tensor after = ckpt_find_tensor(ckpt_root(c), name_of(n));
        float x[64], y[64];
        size_t size = (size_t)ckpt_tensor_nbytes(before);
        ck_assert_uint_eq(ckpt_tensor_nbytes(after), size);
        ck_assert_uint_eq(ckpt_tensor_storage_offset(after), ckpt_tensor_storage_offset(before));
        for (uint32_t i = 0; i < 2; i++)
            ck_assert_uint_eq(ckpt_tensor_stride(after, i), ckpt_tensor_stride(before, i));
        assert_ok(ckpt_tensor_read(before, x, size, &err));
        assert_ok(ckpt_tensor_read(after, y, size, &err));
        ck_assert_mem_eq(x, y, size);
        const void *data, *whole;
        assert_ok(ckpt_tensor_data(after, &data, &err));
        assert_ok(ckpt_storage_data(ckpt_tensor_storage(after), &whole, &err));
        ck_assert_ptr_eq(data, (const char *)whole + ckpt_tensor_storage_offset(after) * 4);
    }
}

START_TEST(ties_of_tensors_and_storages_come_through) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        graph g = build_graph(seed);
        saved_file file = save_bytes(g.c, NULL);
        ckpt *opened;
        assert_partition(&g, g.c);
        assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &opened, &err));
        assert_partition(&g, opened);
        assert_same_views(&g, opened);
        ckpt_free(opened);
        ckpt_free(g.c);
        free(file.bytes);
    }
}
END_TEST

/* Random directed graphs without cycles; a module is known again by its type. */
START_TEST(shared_modules_come_through) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        test_random random = {seed};
        ckpt *c, *opened;
        ckpt_module modules[20];
        char text[16];
        assert_ok(ckpt_create(NULL, &c, &err));
        modules[0] = ckpt_root(c);
        for (uint32_t m = 1; m < 20; m++) {
            snprintf(text, sizeof text, "t%u", (unsigned)m);
            assert_ok(
                ckpt_add_module(modules[random_below(&random, m)], text, text, &modules[m], &err));
        }
        for (uint32_t i = 0; i < 30; i++) {
            uint32_t to = 1 + random_below(&random, 19), from = random_below(&random, 20);
            snprintf(text, sizeof text, "s%u", (unsigned)i);
            ckpt_status status = ckpt_share_module(modules[from], text, modules[to], &err);
            ck_assert(status == CKPT_OK || status == CKPT_E_STRUCTURE);
        }
        saved_file file = save_bytes(c, NULL);
        assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &opened, &err));
        ckpt_walk *a, *b;
        ckpt_walk_item x, y;
        assert_ok(ckpt_walk_create(ckpt_root(c), CKPT_WALK_EVERYTHING, &a, &err));
        assert_ok(ckpt_walk_create(ckpt_root(opened), CKPT_WALK_EVERYTHING, &b, &err));
        while (ckpt_walk_next(a, &x)) {
            ck_assert(ckpt_walk_next(b, &y));
            ck_assert_str_eq(x.name, y.name);
            ck_assert_str_eq(ckpt_module_type(x.module), ckpt_module_type(y.module));
            ck_assert_int_eq(x.repeated, y.repeated);
        }
        ck_assert(!ckpt_walk_next(b, &y));
        ck_assert_uint_eq(ckpt_module_count(opened), 20);
        ckpt_walk_free(a);
        ckpt_walk_free(b);
        ckpt_free(opened);
        ckpt_free(c);
        free(file.bytes);
    }
}
END_TEST

START_TEST(equal_bytes_are_no_tie) {
    ckpt *c, *opened;
    uint64_t shape = 4;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "a", CKPT_U8, 1, &shape, "same", NULL, &err));
    assert_ok(ckpt_add_parameter(ckpt_root(c), "b", CKPT_U8, 1, &shape, "same", NULL, &err));
    saved_file file = save_bytes(c, NULL);
    assert_ok(ckpt_open_memory(file.bytes, file.size, NULL, NULL, &opened, &err));
    ck_assert_uint_eq(ckpt_storage_count(opened), 2);
    ck_assert(!ckpt_tensor_same(ckpt_find_tensor(ckpt_root(opened), "a"),
                                ckpt_find_tensor(ckpt_root(opened), "b")));
    ckpt_free(opened);
    ckpt_free(c);
    free(file.bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("aliasgraph");
    TCase *tests = tcase_create("aliasgraph");
    tcase_add_test(tests, ties_of_tensors_and_storages_come_through);
    tcase_add_test(tests, shared_modules_come_through);
    tcase_add_test(tests, equal_bytes_are_no_tie);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
