/* SPDX-License-Identifier: MIT */
#include "container/codec.h"

#include "base/endian.h"
#include "base/error.h"
#include "container/layout.h"
#include "container/planes.h"
#include "container/planestrategy.h"
#include "base/zlibmemory.h"

#include <string.h>

enum {
    RAW_WINDOW = -15,  /* deflate without a wrapper, as RFC 1951 has it */
    DEFLATE_LEVEL = 4, /* where repeats pay: above it a few thousandths cost most of the speed */
    DEFLATE_MEMORY = 9,
    SAMPLE_SIZE = 4096, /* of each of two samples of a plane */
    LEAST_GAIN = 256    /* a plane that shrinks by less than its 256th part is stored */
};

struct ck_codec {
    size_t room;
    ck_zlib_memory zlib; /* with the memory of all that is here */
    unsigned char *planes;
    bool encodes;
    z_stream huffman; /* codes bytes by their frequency */
    z_stream matcher; /* finds repeats too */
    z_stream inflater;
};

static ckpt_status open_codec(const ck_memory *memory, size_t room, ck_codec **ret_codec,
                              ckpt_error *err) {
    ck_codec *codec = ck_calloc(memory, 1, sizeof *codec);
    if (codec == NULL)
        return ck_fail_nomem(err);
    codec->room = room;
    codec->zlib.memory = *memory;
    codec->huffman = codec->matcher = codec->inflater = ck_zlib_stream(&codec->zlib);
    codec->planes = ck_alloc(memory, room, 1);
    if (codec->planes == NULL) {
        ck_codec_close(codec);
        return ck_fail_nomem(err);
    }
    *ret_codec = codec;
    return CKPT_OK;
}

ckpt_status ck_encoder_open(const ck_memory *memory, size_t room, ck_codec **ret_codec,
                            ckpt_error *err) {
    ck_codec *codec;
    ckpt_status status = open_codec(memory, room, &codec, err);
    if (status != CKPT_OK)
        return status;
    codec->encodes = true;
    if (deflateInit2(&codec->huffman, 1, Z_DEFLATED, RAW_WINDOW, DEFLATE_MEMORY, Z_HUFFMAN_ONLY) !=
            Z_OK ||
        deflateInit2(&codec->matcher, DEFLATE_LEVEL, Z_DEFLATED, RAW_WINDOW, DEFLATE_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        ck_codec_close(codec);
        return ck_fail_nomem(err);
    }
    codec->zlib.sealed = true;
    *ret_codec = codec;
    return CKPT_OK;
}

ckpt_status ck_decoder_open(const ck_memory *memory, size_t room, ck_codec **ret_codec,
                            ckpt_error *err) {
    ck_codec *codec;
    ckpt_status status = open_codec(memory, room, &codec, err);
    if (status != CKPT_OK)
        return status;
    if (inflateInit2(&codec->inflater, RAW_WINDOW) != Z_OK) {
        ck_codec_close(codec);
        return ck_fail_nomem(err);
    }
    codec->zlib.sealed = true;
    *ret_codec = codec;
    return CKPT_OK;
}

/* The ends of streams that were never begun do nothing. */
void ck_codec_close(ck_codec *codec) {
    if (codec == NULL)
        return;
    ck_memory memory = codec->zlib.memory;
    if (codec->encodes) {
        deflateEnd(&codec->huffman);
        deflateEnd(&codec->matcher);
    } else {
        inflateEnd(&codec->inflater);
    }
    ck_free(&memory, codec->planes, codec->room, 1);
    ck_free(&memory, codec, 1, sizeof *codec);
}

size_t ck_encoded_room(size_t size, unsigned width) {
    return size + (size_t)width * CK_PLANE_WORD;
}

/* ---- encoding ---- */

/* Bytes written to out, or 0 when they would be more than room. */
static size_t deflate_to(z_stream *stream, const unsigned char *bytes, size_t size,
                         unsigned char *out, size_t room) {
    deflateReset(stream);
    stream->next_in = bytes;
    stream->avail_in = (uInt)size;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? room - stream->avail_out : 0;
}

/* Whether finding repeats makes two samples clearly smaller than coding their bytes alone does. out
 * has room for the whole plane. */
static bool repeats_pay(ck_codec *codec, const unsigned char *plane, size_t size,
                        unsigned char *out) {
    size_t sample = size < SAMPLE_SIZE ? size : SAMPLE_SIZE, with = 0, without = 0;
    for (size_t i = 1; i <= 3; i += 2) {
        const unsigned char *begin = plane + (size - sample) / 4 * i;
        size_t by_matches = deflate_to(&codec->matcher, begin, sample, out, size);
        size_t by_bytes = deflate_to(&codec->huffman, begin, sample, out, size);
        with += by_matches != 0 ? by_matches : sample;
        without += by_bytes != 0 ? by_bytes : sample;
    }
    return with + with / 32 < without;
}

/* Appends an encoded plane to out; returns the bytes it took, and the word that describes them. */
static size_t encode_plane(ck_codec *codec, const unsigned char *plane, size_t size,
                           unsigned char *out, uint32_t *ret_word) {
    size_t taken = 0, gain = size / LEAST_GAIN + 1;
    if (size > gain) {
        if (repeats_pay(codec, plane, size, out))
            taken = deflate_to(&codec->matcher, plane, size, out, size - gain);
        else if (ck_entropy_size(plane, size) < size - gain)
            taken = deflate_to(&codec->huffman, plane, size, out, size - gain);
    }
    *ret_word = (uint32_t)taken | (uint32_t)CK_PLANE_DEFLATED << CK_PLANE_METHOD_SHIFT;
    if (taken == 0) {
        memcpy(out, plane, size);
        taken = size;
        *ret_word = (uint32_t)taken | (uint32_t)CK_PLANE_STORED << CK_PLANE_METHOD_SHIFT;
    }
    return taken;
}

size_t ck_chunk_encode(ck_codec *codec, ck_chunk_form form, const unsigned char *bytes, size_t size,
                       unsigned char *stored) {
    unsigned width = form.width;
    const unsigned char *plane = codec->planes;
    size_t end = (size_t)width * CK_PLANE_WORD;
    ck_planes_split(bytes, size, width, form.rotation, codec->planes);
    for (unsigned p = 0; p < width; p++) {
        uint32_t word;
        size_t plane_size = ck_plane_size(size, width, p);
        end += encode_plane(codec, plane, plane_size, stored + end, &word);
        ck_store32(stored + (size_t)p * CK_PLANE_WORD, word);
        plane += plane_size;
    }
    return end;
}

/* ---- decoding ---- */

/* Exactly `taken` bytes are to give exactly `size`. */
static const char *inflate_plane(z_stream *stream, const unsigned char *stored, size_t taken,
                                 unsigned char *plane, size_t size) {
    inflateReset(stream);
    stream->next_in = stored;
    stream->avail_in = (uInt)taken;
    stream->next_out = plane;
    stream->avail_out = (uInt)size;
    if (inflate(stream, Z_FINISH) != Z_STREAM_END)
        return "a plane is not a whole deflate stream";
    if (stream->avail_in != 0)
        return "there are bytes behind the end of a deflate stream";
    return stream->avail_out == 0 ? NULL : "a plane has not all of its bytes";
}

static const char *decode_plane(ck_codec *codec, uint32_t word, const unsigned char *stored,
                                unsigned char *plane, size_t size) {
    size_t taken = word & (((uint32_t)1 << CK_PLANE_METHOD_SHIFT) - 1);
    switch (word >> CK_PLANE_METHOD_SHIFT) {
    case CK_PLANE_STORED:
        if (taken != size)
            return "a stored plane has another size";
        memcpy(plane, stored, size);
        return NULL;
    case CK_PLANE_DEFLATED:
        if (taken >= size)
            return "a deflated plane is not smaller than what is in it";
        return inflate_plane(&codec->inflater, stored, taken, plane, size);
    default: return "a plane has an unknown method";
    }
}

const char *ck_chunk_decode(ck_codec *codec, ck_chunk_form form, const unsigned char *stored,
                            size_t stored_size, unsigned char *bytes, size_t size) {
    unsigned width = form.width;
    size_t at = (size_t)width * CK_PLANE_WORD, words = at;
    unsigned char *plane = codec->planes;
    if (stored_size < words)
        return "it is shorter than the words of its planes";
    for (unsigned p = 0; p < width; p++) {
        uint32_t word = ck_load32(stored + (size_t)p * CK_PLANE_WORD);
        size_t taken = word & (((uint32_t)1 << CK_PLANE_METHOD_SHIFT) - 1);
        size_t plane_size = ck_plane_size(size, width, p);
        if (taken > stored_size - at)
            return "a plane reaches out of it";
        const char *complaint = decode_plane(codec, word, stored + at, plane, plane_size);
        if (complaint != NULL)
            return complaint;
        at += taken;
        plane += plane_size;
    }
    if (at != stored_size)
        return "there are bytes behind its planes";
    ck_planes_join(codec->planes, size, width, form.rotation, bytes);
    return NULL;
}

/* ---- as the model calls it ---- */

static ckpt_status open_decoder(const ck_memory *memory, size_t room, void **ret_work,
                                ckpt_error *err) {
    ck_codec *codec = NULL;
    ckpt_status status = ck_decoder_open(memory, room, &codec, err);
    if (status == CKPT_OK)
        *ret_work = codec;
    return status;
}

static const char *decode(void *work, const ck_storage_rec *rec, const unsigned char *stored,
                          size_t stored_size, unsigned char *bytes, size_t size) {
    ck_chunk_form form = {rec->width, rec->rotation};
    return ck_chunk_decode(work, form, stored, stored_size, bytes, size);
}

static void close_decoder(void *work) {
    ck_codec_close(work);
}

const ck_chunk_coding ck_planes_coding = {open_decoder, decode, close_decoder};
