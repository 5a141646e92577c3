/* SPDX-License-Identifier: MIT */
/* Decodes the input as a chunk of an encoded storage. What it gives, encoded and decoded again,
 * must be the same.
 *
 * Input: a byte for width (two bits) and rotation (one), two for the size of the chunk in memory,
 * then the chunk as it would be stored. */
#include "fuzztarget.h"

#include "base/endian.h"
#include "base/memory.h"
#include "container/codec.h"
#include "container/layout.h"

#include <string.h>

enum { INPUT_HEAD = 3, MOST_DECODED = 1 << 16 };

static ck_chunk_form form_of(const uint8_t *data) {
    ck_chunk_form form = {1u << (data[0] & 3), data[0] >> 2 & 1};
    form.rotation = form.width > 1 ? form.rotation : 0;
    return form;
}

/* One for the life of the program: it takes much memory. */
static ck_codec *encoder(void) {
    static ck_codec *codec;
    const ck_memory memory = ck_memory_from(NULL);
    must(codec != NULL || ck_encoder_open(&memory, MOST_DECODED, &codec, NULL) == CKPT_OK,
         "no encoder");
    return codec;
}

static void encode_again(ck_codec *decoder, ck_chunk_form form, const unsigned char *bytes,
                         size_t size) {
    unsigned char *stored = malloc(ck_encoded_room(size, form.width));
    unsigned char *again = malloc(size);
    must(stored != NULL && again != NULL, "no memory for the test");
    size_t stored_size = ck_chunk_encode(encoder(), form, bytes, size, stored);
    const char *complaint = ck_chunk_decode(decoder, form, stored, stored_size, again, size);
    must(complaint == NULL, complaint);
    must(memcmp(bytes, again, size) == 0, "other bytes after encoding and decoding");
    free(stored);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fault_memory memory;
    memset(&memory, 0, sizeof memory);
    ckpt_allocator hook = fault_memory_hook(&memory);
    ck_codec *decoder;
    if (size < INPUT_HEAD)
        return 0;
    ck_chunk_form form = form_of(data);
    size_t decoded = (size_t)ck_load16(data + 1) + 1;
    must(ck_decoder_open(&hook, decoded, &decoder, NULL) == CKPT_OK, "no decoder");
    /* Blocks of exactly the sizes, so that a byte too many is seen. */
    unsigned char *stored = malloc(size), *bytes = malloc(decoded);
    must(stored != NULL && bytes != NULL, "no memory for the test");
    memcpy(stored, data + INPUT_HEAD, size - INPUT_HEAD);
    stored = realloc(stored, size - INPUT_HEAD + (size == INPUT_HEAD));
    must(stored != NULL, "no memory for the test");
    const char *complaint =
        ck_chunk_decode(decoder, form, stored, size - INPUT_HEAD, bytes, decoded);
    if (complaint == NULL)
        encode_again(decoder, form, bytes, decoded);
    else
        must(strlen(complaint) > 10, "nothing is said of what is wrong");
    must(memory.peak < decoded + (1 << 17), "decoding takes too much memory");
    free(bytes);
    free(stored);
    ck_codec_close(decoder);
    must(fault_memory_complaint(&memory) == NULL, fault_memory_complaint(&memory));
    return 0;
}

#if defined(FUZZING)

#include "testrandom.h"

/* A sound chunk of bytes that shrink, of as many bytes as fit. */
static size_t make_chunk(uint8_t *data, size_t max_size, test_random *r) {
    static unsigned char bytes[4096];
    static uint8_t made[INPUT_HEAD + 4096 + 8 * CK_PLANE_WORD];
    size_t decoded = 1 + random_below(r, sizeof bytes);
    uint32_t alphabet = 1 + random_below(r, random_chance(r, 50) ? 8 : 256);
    for (size_t i = 0; i < decoded; i++)
        bytes[i] = (unsigned char)(i > 16 && random_chance(r, 30) ? bytes[i - 16]
                                                                  : random_below(r, alphabet));
    made[0] = (uint8_t)random_below(r, 8);
    ck_store16(made + 1, (uint16_t)(decoded - 1));
    size_t size =
        INPUT_HEAD + ck_chunk_encode(encoder(), form_of(made), bytes, decoded, made + INPUT_HEAD);
    if (size > max_size)
        return 0;
    memcpy(data, made, size);
    return size;
}

/* The words of the planes say what is there: what is missing or too much goes to the last. */
static void repair_words(uint8_t *data, size_t size) {
    unsigned width = form_of(data).width;
    size_t words = (size_t)width * CK_PLANE_WORD, left = size - INPUT_HEAD;
    if (left < words)
        return;
    left -= words;
    for (unsigned p = 0; p < width; p++) {
        uint8_t *word = data + INPUT_HEAD + p * CK_PLANE_WORD;
        const uint32_t mask = ((uint32_t)1 << CK_PLANE_METHOD_SHIFT) - 1;
        uint32_t taken = ck_load32(word) & mask;
        if (taken > left || p + 1 == width)
            taken = (uint32_t)left;
        uint32_t method = ck_load32(word) >> CK_PLANE_METHOD_SHIFT & 1;
        ck_store32(word, taken | method << CK_PLANE_METHOD_SHIFT);
        left -= taken;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    test_random r = {seed};
    uint32_t choice = random_below(&r, 10);
    if (choice == 0) {
        size_t made = make_chunk(data, max_size, &r);
        size = made != 0 ? made : size;
    }
    size_t head = INPUT_HEAD + CK_PLANE_WORD * (size_t)(size > 0 ? form_of(data).width : 1);
    if (choice < 7 && size > head)
        size = head + LLVMFuzzerMutate(data + head, size - head, max_size - head);
    else
        size = LLVMFuzzerMutate(data, size, max_size);
    if (choice < 9 && size >= INPUT_HEAD)
        repair_words(data, size);
    return size;
}

#endif
