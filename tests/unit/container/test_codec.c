/* SPDX-License-Identifier: MIT */
/* One chunk, encoded and decoded: what comes back, what is refused, what memory it takes. */
#include "container/codec.h"

#include "checkmain.h"
#include "container/planes.h"
#include "container/planestrategy.h"
#include "faultmemory.h"
#include "testrandom.h"

#include <math.h>
#include <string.h>

enum { ROOM = 70000 };

static fault_memory memory;
static ck_memory hook;
static ck_codec *encoder, *decoder;
static ckpt_error err;
static unsigned char bytes[ROOM], back[ROOM];

static const ck_chunk_form forms[] = {{1, 0}, {2, 0}, {2, 1}, {4, 0}, {4, 1}, {8, 0}, {8, 1}};
enum { FORMS = sizeof forms / sizeof forms[0] };

static void setup(void) {
    memset(&memory, 0, sizeof memory);
    hook = fault_memory_hook(&memory);
    assert_ok(ck_encoder_open(&hook, ROOM, &encoder, &err));
    assert_ok(ck_decoder_open(&hook, ROOM, &decoder, &err));
}

static void teardown(void) {
    ck_codec_close(encoder);
    ck_codec_close(decoder);
    ck_codec_close(NULL);
    ck_assert_ptr_null(fault_memory_complaint(&memory));
}

/* Of several kinds: noise, floats of like size, runs, repeats, one byte. */
static void fill(test_random *r, size_t size, int kind) {
    random_fill(r, bytes, size);
    for (size_t i = 0; i < size; i++) {
        if (kind == 1 && i % 4 == 3)
            bytes[i] = (unsigned char)(0x3c + random_below(r, 4));
        else if (kind == 2 && i % 100 != 0)
            bytes[i] = bytes[i - 1];
        else if (kind == 3 && i >= 300)
            bytes[i] = bytes[i - 300];
        else if (kind == 4)
            bytes[i] = 7;
    }
}

/* In a block of exactly the size, so that a sanitizer sees one byte too many. */
static size_t encode(ck_chunk_form form, size_t size, unsigned char **ret_stored) {
    unsigned char *room = malloc(ck_encoded_room(size, form.width));
    unsigned char *in = malloc(size);
    memcpy(in, bytes, size);
    size_t stored_size = ck_chunk_encode(encoder, form, in, size, room);
    ck_assert_uint_le(stored_size, ck_encoded_room(size, form.width));
    free(in);
    *ret_stored = malloc(stored_size);
    memcpy(*ret_stored, room, stored_size);
    free(room);
    return stored_size;
}

static void assert_round_trip(ck_chunk_form form, size_t size) {
    unsigned char *stored, *out = malloc(size);
    size_t stored_size = encode(form, size, &stored);
    const char *complaint = ck_chunk_decode(decoder, form, stored, stored_size, out, size);
    ck_assert_msg(complaint == NULL, "%s: width %u, size %zu", complaint, form.width, size);
    ck_assert_mem_eq(out, bytes, size);
    free(stored);
    free(out);
}

START_TEST(what_was_encoded_comes_back) {
    test_random r = {(uint64_t)_i};
    for (size_t size = 1; size < 40; size++) {
        fill(&r, size, _i % 5);
        for (int f = 0; f < FORMS; f++)
            assert_round_trip(forms[f], size);
    }
    static const size_t sizes[] = {255, 256, 257, 4095, 4096, 4099, 32768, 65543, ROOM};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        fill(&r, sizes[s], _i % 5);
        for (int f = 0; f < FORMS; f++)
            assert_round_trip(forms[f], sizes[s]);
    }
}
END_TEST

/* As the specification says it, byte for byte. */
START_TEST(planes_are_those_of_the_specification) {
    static const unsigned char in[] = {0x01, 0x80, 0xfe, 0x7f, 0xaa};
    unsigned char planes[5];
    ck_planes_split(in, 5, 2, 0, planes);
    ck_assert_mem_eq(planes, "\x01\xfe\xaa\x80\x7f", 5);
    /* 0x8001 becomes 0x0003, 0x7ffe becomes 0xfffc; the odd byte stays. */
    ck_planes_split(in, 5, 2, 1, planes);
    ck_assert_mem_eq(planes, "\x03\xfc\xaa\x00\xff", 5);
    ck_assert_uint_eq(ck_plane_size(5, 2, 0), 3);
    ck_assert_uint_eq(ck_plane_size(5, 8, 4), 1);
    ck_assert_uint_eq(ck_plane_size(5, 8, 5), 0);
}
END_TEST

START_TEST(the_same_chunk_gives_the_same_bytes) {
    test_random r = {3};
    unsigned char *first, *again, *between;
    fill(&r, 20000, 1);
    size_t size = encode(forms[4], 20000, &first);
    fill(&r, 30000, 3);
    encode(forms[1], 30000, &between);
    r.state = 3;
    fill(&r, 20000, 1);
    ck_assert_uint_eq(encode(forms[4], 20000, &again), size);
    ck_assert_mem_eq(first, again, size);
    free(first);
    free(again);
    free(between);
}
END_TEST

START_TEST(planes_that_shrink_are_deflated_and_the_others_stored) {
    test_random r = {9};
    unsigned char *stored;
    fill(&r, 40000, 1);
    size_t size = encode(forms[3], 40000, &stored);
    for (unsigned p = 0; p < 4; p++)
        ck_assert_uint_eq(stored[4 * p + 3] >> 6, p == 3);
    ck_assert_uint_lt(size, 33500); /* three planes whole, of the fourth a quarter */
    free(stored);
    fill(&r, 40000, 3);
    ck_assert_uint_lt(encode(forms[0], 40000, &stored), 2000);
    free(stored);
    fill(&r, 40000, 4);
    ck_assert_uint_lt(encode(forms[4], 40000, &stored), 300);
    free(stored);
}
END_TEST

START_TEST(a_chunk_that_is_cut_or_longer_is_refused) {
    test_random r = {5};
    unsigned char *stored;
    fill(&r, 1000, 1);
    size_t size = encode(forms[4], 1000, &stored);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *exact = malloc(cut + 1);
        memcpy(exact, stored, cut);
        ck_assert_ptr_nonnull(ck_chunk_decode(decoder, forms[4], exact, cut, back, 1000));
        free(exact);
    }
    unsigned char *longer = calloc(size + 1, 1);
    memcpy(longer, stored, size);
    ck_assert_ptr_nonnull(ck_chunk_decode(decoder, forms[4], longer, size + 1, back, 1000));
    for (size_t wrong = 990; wrong < 1010; wrong++)
        ck_assert((ck_chunk_decode(decoder, forms[4], stored, size, back, wrong) == NULL) ==
                  (wrong == 1000));
    free(longer);
    free(stored);
}
END_TEST

/* Without the checksum, that is: it may be refused, or give other bytes, but only as many. */
START_TEST(no_damage_reaches_beyond_the_buffers) {
    test_random r = {(uint64_t)_i};
    unsigned char *stored, *out = malloc(700);
    fill(&r, 700, _i);
    size_t size = encode(forms[_i], 700, &stored);
    for (size_t bit = 0; bit < size * 8; bit++) {
        stored[bit / 8] ^= (unsigned char)(1 << bit % 8);
        (void)!ck_chunk_decode(decoder, forms[_i], stored, size, out, 700);
        stored[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (int round = 0; round < 2000; round++) {
        random_fill(&r, stored + 4 * forms[_i].width, size - 4 * forms[_i].width);
        (void)!ck_chunk_decode(decoder, forms[_i], stored, size, out, 700);
    }
    /* The work is as good as new afterwards. */
    free(stored);
    assert_round_trip(forms[_i], 700);
    free(out);
}
END_TEST

START_TEST(working_takes_no_memory) {
    test_random r = {11};
    uint64_t requests = memory.requests;
    for (int kind = 0; kind < 5; kind++) {
        fill(&r, 50000, kind);
        for (int f = 0; f < FORMS; f++)
            assert_round_trip(forms[f], 50000);
    }
    unsigned char broken[40] = {8, 0, 0, 0x40, 0xed, 0xc1, 1, 1};
    ck_assert_ptr_nonnull(ck_chunk_decode(decoder, forms[0], broken, 12, back, 5000));
    ck_assert_uint_eq(memory.requests, requests);
}
END_TEST

START_TEST(opening_fails_cleanly_at_every_allocation) {
    for (int decodes = 0; decodes < 2; decodes++) {
        for (uint64_t at = 1;; at++) {
            ck_codec *codec = NULL;
            memory.requests = 0;
            memory.fail_at = at;
            ckpt_status status = decodes ? ck_decoder_open(&hook, 5000, &codec, &err)
                                         : ck_encoder_open(&hook, 5000, &codec, &err);
            if (status == CKPT_OK) {
                ck_assert_uint_gt(at, 3);
                ck_codec_close(codec);
                break;
            }
            ck_assert_int_eq(status, CKPT_E_NOMEM);
            ck_assert_ptr_null(codec);
        }
    }
    memory.fail_at = 0;
}
END_TEST

static double entropy_size(size_t size) {
    double counts[256] = {0}, sum = 0;
    for (size_t i = 0; i < size; i++)
        counts[bytes[i]]++;
    for (int b = 0; b < 256; b++)
        sum += counts[b] != 0 ? counts[b] * log2((double)size / counts[b]) : 0;
    return sum / 8;
}

START_TEST(the_entropy_is_that_of_the_definition) {
    test_random r = {21};
    ck_assert_uint_eq(ck_entropy_size(bytes, 0), 0);
    for (int kind = 0; kind < 5; kind++) {
        for (size_t size = 1; size < ROOM; size = size * 3 + 1) {
            fill(&r, size, kind);
            double wanted = entropy_size(size);
            ck_assert_double_le(fabs((double)ck_entropy_size(bytes, size) - wanted),
                                1.0 + (double)size / 2048);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("codec");
    TCase *tests = tcase_create("codec");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_was_encoded_comes_back, 0, 10);
    tcase_add_test(tests, planes_are_those_of_the_specification);
    tcase_add_test(tests, the_same_chunk_gives_the_same_bytes);
    tcase_add_test(tests, planes_that_shrink_are_deflated_and_the_others_stored);
    tcase_add_test(tests, a_chunk_that_is_cut_or_longer_is_refused);
    tcase_add_loop_test(tests, no_damage_reaches_beyond_the_buffers, 0, FORMS);
    tcase_add_test(tests, working_takes_no_memory);
    tcase_add_test(tests, opening_fails_cleanly_at_every_allocation);
    tcase_add_test(tests, the_entropy_is_that_of_the_definition);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
