/* SPDX-License-Identifier: MIT */
/* Slices of tensors: against a reference that picks element after element, and what they read of
 * the file. Each slice is tried on the checkpoint as it was built and on files of it: raw without
 * checksums, raw with chunks, and encoded. */
#include "checkmain.h"
#include "testrandom.h"

#include <string.h>

enum { MAX_RANK = 5, STORAGE_SIZE = 40000 };

static ckpt_error err;

typedef struct counter {
    const unsigned char *bytes;
    uint64_t requests, read;
    bool inside; /* only requests that begin in [from, to) count */
    uint64_t from, to;
} counter;

typedef struct way {
    ckpt *c;
    void *bytes;
    size_t size;
    counter counted;
} way;

enum { BUILT, UNCHECKED, CHUNKED, ENCODED, WAYS };

static int read_at(void *ctx, void *buffer, size_t size, uint64_t offset) {
    counter *counted = ctx;
    if (!counted->inside || (offset >= counted->from && offset < counted->to)) {
        counted->requests++;
        counted->read += size;
    }
    memcpy(buffer, counted->bytes + offset, size);
    return 0;
}

static void open_way(way *w, ckpt *c, int kind, uint64_t chunk_size) {
    ckpt_save_options save = {.struct_size = sizeof save,
                              .no_checksums = kind == UNCHECKED,
                              .compress = kind == ENCODED,
                              .chunk_size = chunk_size};
    ckpt_open_options open = {.struct_size = sizeof open, .threads = 1};
    memset(w, 0, sizeof *w);
    assert_ok(ckpt_save_memory(c, &save, &w->bytes, &w->size, &err));
    w->counted.bytes = w->bytes;
    ckpt_reader reader = {&w->counted, w->size, read_at};
    assert_ok(ckpt_open_reader(&reader, NULL, &open, &w->c, &err));
}

static void close_way(way *w, ckpt *c) {
    ckpt_free(w->c);
    ckpt_buffer_free(c, w->bytes, w->size);
}

/* Counts the requests for a storage from now on. */
static void watch(way *w, uint32_t storage) {
    ckpt_storage_layout layout = ckpt_describe_storage(ckpt_storage_by_id(w->c, storage));
    w->counted.inside = true;
    w->counted.from = layout.offset;
    w->counted.to = layout.offset + layout.stored_size;
    w->counted.requests = w->counted.read = 0;
}

static ckpt *new_ckpt(size_t size, ckpt_storage *ret_storage) {
    ckpt *c;
    assert_ok(ckpt_create(NULL, &c, &err));
    assert_ok(ckpt_storage_create(c, size, ret_storage, &err));
    unsigned char *bytes = ckpt_storage_writable(*ret_storage);
    for (size_t i = 0; i < size; i++) /* shrinks, and no two elements of four bytes are equal */
        bytes[i] = (unsigned char)(i % 4 == 3 ? 0x3f : i / 4 >> 8 * (i % 4));
    return c;
}

static ckpt_tensor add_view(ckpt_storage storage, const char *name, ckpt_dtype dtype, uint32_t rank,
                            const uint64_t *shape, const uint64_t *strides, uint64_t offset) {
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = dtype,
                             .rank = rank,
                             .shape = shape,
                             .strides = strides,
                             .storage_offset = offset};
    ckpt_tensor tensor;
    assert_ok(ckpt_tensor_create(storage, &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(storage.owner), name, tensor, &err));
    return tensor;
}

/* The reference. */
static size_t pick(ckpt_tensor t, const ckpt_slice *slices, const unsigned char *storage,
                   unsigned char *out) {
    uint32_t rank = ckpt_tensor_rank(t);
    size_t size = ckpt_tensor_dtype_info(t).block_bytes, made = 0;
    uint64_t place[MAX_RANK] = {0};
    for (uint32_t i = 0; i < rank; i++) {
        if (slices[i].count == 0)
            return 0;
    }
    for (;;) {
        uint64_t element = ckpt_tensor_storage_offset(t);
        for (uint32_t i = 0; i < rank; i++)
            element += (slices[i].start + place[i] * slices[i].step) * ckpt_tensor_stride(t, i);
        memcpy(out + made, storage + element * size, size);
        made += size;
        uint32_t i = rank;
        while (i > 0 && ++place[i - 1] == slices[i - 1].count)
            place[--i] = 0;
        if (i == 0)
            return made;
    }
}

static void random_slices(test_random *r, ckpt_tensor t, ckpt_slice *slices) {
    for (uint32_t i = 0; i < ckpt_tensor_rank(t); i++) {
        uint32_t extent = (uint32_t)ckpt_tensor_shape(t)[i];
        uint32_t start = random_below(r, extent + (extent == 0));
        uint32_t step = 1 + (random_chance(r, 60) ? 0 : random_below(r, 5));
        uint32_t most = extent == 0 ? 0 : (extent - start - 1) / step + 1;
        bool whole = random_chance(r, 40);
        slices[i].start = whole ? 0 : start;
        slices[i].step = whole ? 1 : step;
        slices[i].count = whole ? extent : random_below(r, most + 1);
    }
}

static ckpt_tensor random_view(test_random *r, ckpt_storage storage) {
    static const ckpt_dtype dtypes[] = {CKPT_U8, CKPT_F16, CKPT_F32, CKPT_F64, CKPT_COMPLEX128};
    uint64_t shape[MAX_RANK], strides[MAX_RANK], reach = 0;
    ckpt_dtype dtype = dtypes[random_below(r, 5)];
    uint32_t size = ckpt_dtype_describe(dtype).block_bytes;
    uint64_t room = STORAGE_SIZE / size;
    uint32_t rank = random_below(r, MAX_RANK + 1);
    for (uint32_t i = 0; i < rank; i++) {
        shape[i] = 1 + random_below(r, rank < 3 ? 60 : 7);
        strides[i] = random_below(r, (uint32_t)((room - reach - 1) / shape[i] + 1));
        if (random_chance(r, 30))
            strides[i] = strides[i] > 1 ? 1 : strides[i];
        reach += (shape[i] - 1) * strides[i];
    }
    uint64_t offset = random_below(r, (uint32_t)(room - reach));
    return add_view(storage, "view", dtype, rank, shape, strides, offset);
}

START_TEST(random_slices_of_random_views_are_those_of_the_reference) {
    ckpt_storage storage;
    ckpt *c = new_ckpt(STORAGE_SIZE, &storage);
    const unsigned char *bytes = ckpt_storage_writable(storage);
    test_random r = {(uint64_t)_i};
    ckpt_tensor view = random_view(&r, storage);
    size_t room = (size_t)ckpt_tensor_nbytes(view);
    unsigned char *wanted = malloc(room + 1), *got = malloc(room + 1);
    way ways[WAYS];
    for (int kind = UNCHECKED; kind < WAYS; kind++)
        open_way(&ways[kind], c, kind, 4096);
    for (int round = 0; round < 30; round++) {
        ckpt_slice slices[MAX_RANK];
        random_slices(&r, view, slices);
        size_t size = pick(view, slices, bytes, wanted);
        for (int kind = BUILT; kind < WAYS; kind++) {
            ckpt_tensor t =
                kind == BUILT ? view : ckpt_find_tensor(ckpt_root(ways[kind].c), "view");
            memset(got, 0xee, room + 1);
            assert_ok(ckpt_tensor_read_slice(t, slices, got, size, &err));
            ck_assert_mem_eq(got, wanted, size);
            ck_assert_uint_eq(got[size], 0xee);
            if (round == 0) {
                for (uint32_t i = 0; i < ckpt_tensor_rank(t); i++)
                    slices[i] = (ckpt_slice){0, ckpt_tensor_shape(t)[i], 1};
                size = pick(view, slices, bytes, wanted);
                assert_ok(ckpt_tensor_read(t, got, size, &err));
                ck_assert_mem_eq(got, wanted, size);
            }
        }
    }
    for (int kind = UNCHECKED; kind < WAYS; kind++)
        close_way(&ways[kind], c);
    free(wanted);
    free(got);
    ckpt_free(c);
}
END_TEST

/* A matrix of 100 rows of 100 floats: 40000 bytes, ten chunks, the last of 3136 bytes. */
static void assert_reads(int kind, uint64_t rows_from, uint64_t rows, uint64_t column_from,
                         uint64_t columns, uint64_t step, uint64_t requests, uint64_t first_chunk,
                         uint64_t chunks, uint64_t bytes) {
    ckpt_storage storage;
    ckpt *c = new_ckpt(STORAGE_SIZE, &storage);
    const uint64_t shape[] = {100, 100};
    ckpt_tensor t = add_view(storage, "m", CKPT_F32, 2, shape, NULL, 0);
    ckpt_slice slices[] = {{rows_from, rows, step}, {column_from, columns, 1}};
    static unsigned char wanted[STORAGE_SIZE], got[STORAGE_SIZE];
    size_t size = pick(t, slices, ckpt_storage_writable(storage), wanted);
    way w;
    open_way(&w, c, kind, 4096);
    if (kind != UNCHECKED) {
        /* What is not needed is damaged: nobody sees it. */
        ckpt_storage_layout layout = ckpt_describe_storage(ckpt_storage_by_id(w.c, 0));
        unsigned char *stored = (unsigned char *)w.bytes + layout.offset;
        if (first_chunk > 0)
            stored[0] ^= 1;
        if (first_chunk + chunks < layout.chunk_count)
            stored[layout.stored_size - 1] ^= 1;
    }
    watch(&w, 0);
    assert_ok(
        ckpt_tensor_read_slice(ckpt_find_tensor(ckpt_root(w.c), "m"), slices, got, size, &err));
    ck_assert_mem_eq(got, wanted, size);
    ck_assert_uint_eq(w.counted.requests, requests);
    if (kind != ENCODED)
        ck_assert_uint_eq(w.counted.read, bytes);
    else
        ck_assert_uint_lt(w.counted.read, bytes);
    close_way(&w, c);
    ckpt_free(c);
}

START_TEST(a_slice_reads_the_chunks_that_it_needs) {
    static const int kinds[] = {CHUNKED, ENCODED};
    int kind = kinds[_i];
    assert_reads(kind, 0, 100, 0, 100, 1, 1, 0, 10, 40000);   /* everything */
    assert_reads(kind, 0, 1, 0, 1, 1, 1, 0, 1, 4096);         /* the first element */
    assert_reads(kind, 99, 1, 99, 1, 1, 1, 9, 1, 3136);       /* the last one */
    assert_reads(kind, 30, 10, 0, 100, 1, 1, 2, 2, 2 * 4096); /* bytes 12000 to 16000 */
    assert_reads(kind, 30, 40, 0, 100, 1, 1, 2, 5, 5 * 4096); /* bytes 12000 to 28000 */
    assert_reads(kind, 0, 100, 7, 1, 1, 1, 0, 10, 40000);     /* a column is in every chunk */
    assert_reads(kind, 0, 2, 0, 10, 60, 2, 0, 6, 2 * 4096);   /* rows 0 and 60: chunks 0 and 5 */
    assert_reads(kind, 10, 2, 0, 100, 1, 1, 0, 2, 2 * 4096);  /* bytes 4000 to 4800 */
    assert_reads(kind, 50, 0, 0, 100, 1, 0, 0, 0, kind == ENCODED); /* nothing */
}
END_TEST

START_TEST(a_slice_without_checksums_reads_its_bytes) {
    assert_reads(UNCHECKED, 0, 100, 0, 100, 1, 1, 0, 0, 40000);
    assert_reads(UNCHECKED, 30, 10, 0, 100, 1, 1, 0, 0, 4000);
    assert_reads(UNCHECKED, 30, 1, 5, 3, 1, 1, 0, 0, 12);
    assert_reads(UNCHECKED, 0, 100, 7, 1, 1, 1, 0, 0, 99 * 400 + 4); /* gaps are small */
    assert_reads(UNCHECKED, 50, 0, 0, 100, 1, 0, 0, 0, 0);
}
END_TEST

/* A transposed matrix of 5000 rows of 100 floats, by slices of some rows, one after the other. */
START_TEST(slices_of_a_transposed_tensor_read_it_once) {
    enum { ROWS = 5000, COLUMNS = 100, SIZE = ROWS * COLUMNS * 4 };
    static const struct {
        uint64_t rows, requests, read;
    } tries[] = {
        {100, 50 * 100, SIZE},                               /* stretches of 400 bytes */
        {2500, 2 * 100, SIZE},                               /* of 10000 */
        {4500, 101, SIZE - 2000 + 100 * 2000},               /* small gaps behind long ones */
        {10, 500, ((uint64_t)SIZE - (ROWS - 10) * 4) * 500}, /* of 40: all between them */
    };
    static unsigned char wanted[SIZE], got[SIZE];
    ckpt_storage storage;
    ckpt *c = new_ckpt(SIZE, &storage);
    const uint64_t shape[] = {ROWS, COLUMNS}, strides[] = {1, ROWS};
    ckpt_tensor built = add_view(storage, "m", CKPT_F32, 2, shape, strides, 0);
    way w;
    open_way(&w, c, UNCHECKED, 4096);
    ckpt_tensor t = ckpt_find_tensor(ckpt_root(w.c), "m");
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        watch(&w, 0);
        for (uint64_t row = 0; row < ROWS; row += tries[i].rows) {
            uint64_t rows = tries[i].rows < ROWS - row ? tries[i].rows : ROWS - row;
            ckpt_slice slices[] = {{row, rows, 1}, {0, COLUMNS, 1}};
            size_t size = pick(built, slices, ckpt_storage_writable(storage), wanted);
            assert_ok(ckpt_tensor_read_slice(t, slices, got, size, &err));
            ck_assert_mem_eq(got, wanted, size);
        }
        ck_assert_uint_eq(w.counted.requests, tries[i].requests);
        ck_assert_uint_eq(w.counted.read, tries[i].read);
    }
    close_way(&w, c);
    ckpt_free(c);
}
END_TEST

/* More than one request is for: 9 MiB in chunks of a mebibyte. */
START_TEST(large_runs_take_few_requests) {
    ckpt_storage storage;
    const size_t size = (size_t)9 << 20;
    ckpt *c = new_ckpt(size, &storage);
    const uint64_t shape[] = {9, 1 << 18};
    ckpt_tensor t = add_view(storage, "m", CKPT_F32, 2, shape, NULL, 0);
    unsigned char *got = malloc(size), *wanted = malloc(size);
    for (int kind = UNCHECKED; kind < WAYS; kind++) {
        way w;
        open_way(&w, c, kind, (uint64_t)1 << 20);
        ckpt_tensor opened = ckpt_find_tensor(ckpt_root(w.c), "m");
        watch(&w, 0);
        assert_ok(ckpt_tensor_read(opened, got, size, &err));
        ck_assert_mem_eq(got, ckpt_storage_writable(storage), size);
        ck_assert_uint_eq(w.counted.requests, 1);
        /* Half of the first row to half of the last: two chunks in part, seven whole. */
        watch(&w, 0);
        uint64_t half = (uint64_t)1 << 19;
        assert_ok(ckpt_storage_read(ckpt_tensor_storage(opened), half, (size_t)8 << 20, got, &err));
        ck_assert_mem_eq(got, (unsigned char *)ckpt_storage_writable(storage) + half,
                         (size_t)8 << 20);
        ck_assert_uint_eq(w.counted.requests, kind == UNCHECKED ? 1 : 3);
        /* All but the first column: a run in every chunk, none whole. */
        ckpt_slice slices[] = {{0, 9, 1}, {1, (1 << 18) - 1, 1}};
        size_t slice_size = pick(t, slices, ckpt_storage_writable(storage), wanted);
        watch(&w, 0);
        assert_ok(ckpt_tensor_read_slice(opened, slices, got, slice_size, &err));
        ck_assert_mem_eq(got, wanted, slice_size);
        ck_assert_uint_le(w.counted.requests, 3);
        close_way(&w, c);
    }
    free(got);
    free(wanted);
    ckpt_free(c);
}
END_TEST

START_TEST(what_leaves_a_dimension_is_refused) {
    ckpt_storage storage;
    ckpt *c = new_ckpt(80, &storage);
    const uint64_t shape[] = {4, 5};
    ckpt_tensor t = add_view(storage, "m", CKPT_F32, 2, shape, NULL, 0);
    float got[20];
    static const struct {
        ckpt_slice slices[2];
        size_t size;
        ckpt_status status;
    } tries[] = {
        {{{0, 5, 1}, {0, 5, 1}}, 100, CKPT_E_BOUNDS},
        {{{0, 4, 1}, {1, 5, 1}}, 80, CKPT_E_BOUNDS},
        {{{4, 1, 1}, {0, 5, 1}}, 20, CKPT_E_BOUNDS},
        {{{5, 0, 1}, {0, 5, 1}}, 0, CKPT_E_BOUNDS},
        {{{0, 2, 4}, {0, 5, 1}}, 40, CKPT_E_BOUNDS},
        {{{0, 4, 1}, {0, 2, UINT64_MAX}}, 32, CKPT_E_BOUNDS},
        {{{UINT64_MAX, 2, 1}, {0, 5, 1}}, 40, CKPT_E_BOUNDS},
        {{{0, UINT64_MAX, 1}, {0, 5, 1}}, 40, CKPT_E_BOUNDS},
        {{{0, 2, 0}, {0, 5, 1}}, 40, CKPT_E_ARGUMENT},
        {{{0, 2, 1}, {0, 5, 1}}, 36, CKPT_E_ARGUMENT},
        {{{0, 2, 3}, {0, 5, 1}}, 40, CKPT_OK},
        {{{3, 1, 0}, {4, 1, UINT64_MAX}}, 4, CKPT_OK},
        {{{4, 0, 0}, {5, 0, 9}}, 0, CKPT_OK},
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
        assert_status(ckpt_tensor_read_slice(t, tries[i].slices, got, tries[i].size, &err),
                      tries[i].status);
    ckpt_tensor none = {NULL, 0};
    assert_status(ckpt_tensor_read_slice(none, tries[0].slices, got, 4, &err), CKPT_E_ARGUMENT);
    ckpt_free(c);
}
END_TEST

START_TEST(types_with_blocks_are_cut_between_blocks) {
    ckpt_storage storage;
    ckpt *c = new_ckpt(18 * 8, &storage);
    const unsigned char *bytes = ckpt_storage_writable(storage);
    const uint64_t rows[] = {4, 64}, nibbles[] = {4, 3};
    ckpt_tensor q = add_view(storage, "q", CKPT_Q4_0, 2, rows, NULL, 0);
    ckpt_tensor f4 = add_view(storage, "f4", CKPT_F4_E2M1FN, 2, nibbles, NULL, 0);
    unsigned char got[18 * 8];
    ckpt_slice slices[] = {{1, 2, 2}, {32, 32, 1}};
    assert_ok(ckpt_tensor_read_slice(q, slices, got, 36, &err));
    ck_assert_mem_eq(got, bytes + 18 * 3, 18);
    ck_assert_mem_eq(got + 18, bytes + 18 * 7, 18);
    slices[1] = (ckpt_slice){16, 32, 1};
    assert_status(ckpt_tensor_read_slice(q, slices, got, 36, &err), CKPT_E_SHAPE);
    slices[1] = (ckpt_slice){0, 1, 1};
    assert_status(ckpt_tensor_read_slice(q, slices, got, 36, &err), CKPT_E_SHAPE);
    /* Two elements to a byte, three to a row: only pairs of rows are whole bytes. */
    ckpt_slice pair[] = {{2, 2, 1}, {0, 3, 1}}, odd[] = {{1, 2, 1}, {0, 3, 1}};
    assert_ok(ckpt_tensor_read_slice(f4, pair, got, 3, &err));
    ck_assert_mem_eq(got, bytes + 3, 3);
    assert_status(ckpt_tensor_read_slice(f4, odd, got, 3, &err), CKPT_E_SHAPE);
    ckpt_free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("slices");
    TCase *tests = tcase_create("slices");
    tcase_add_loop_test(tests, random_slices_of_random_views_are_those_of_the_reference, 0, 150);
    tcase_add_loop_test(tests, a_slice_reads_the_chunks_that_it_needs, 0, 2);
    tcase_add_test(tests, a_slice_without_checksums_reads_its_bytes);
    tcase_add_test(tests, slices_of_a_transposed_tensor_read_it_once);
    tcase_add_test(tests, large_runs_take_few_requests);
    tcase_add_test(tests, what_leaves_a_dimension_is_refused);
    tcase_add_test(tests, types_with_blocks_are_cut_between_blocks);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
