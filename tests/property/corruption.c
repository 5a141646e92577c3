/* SPDX-License-Identifier: MIT */
#include "corruption.h"

#include "filebytes.h"
#include "testfiles.h"

#include "container/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static void must(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "corruption: %s\n", what);
        abort();
    }
}

/* ---- the fixture ---- */

static ckpt_status open_bytes(const unsigned char *bytes, size_t size, uint64_t generation,
                              ckpt **ret_ckpt) {
    ckpt_open_options options = {
        .struct_size = sizeof options, .formats = "ckpt", .threads = 1, .generation = generation};
    return ckpt_open_memory(bytes, size, NULL, &options, ret_ckpt, NULL);
}

static void add_range(fixture_range *ranges, uint32_t *count, uint64_t begin, uint64_t end) {
    must(*count < FIXTURE_EXTENTS, "too many extents");
    ranges[*count].begin = (size_t)begin;
    ranges[(*count)++].end = (size_t)end;
}

/* Retired indexes have checksums, and are verified. */
static void find_unused(fixture *f, uint64_t file_size) {
    file_bytes file = {f->sound, f->size};
    file_section retired = section_of(&file, CK_RETIRED);
    for (size_t i = 0; i < retired.count; i++) {
        uint64_t begin = field_load(&file, record_field(&retired, i, 0), 8);
        uint64_t size = field_load(&file, record_field(&retired, i, 8), 8);
        if (field_load(&file, record_field(&retired, i, 16), 4) != CK_RETIRED_INDEX)
            add_range(f->unused, &f->unused_count, begin, begin + size);
    }
    if (file_size < f->size)
        add_range(f->unused, &f->unused_count, file_size, f->size);
}

static void find_unchecked(fixture *f, ckpt *c) {
    for (uint32_t s = 0; s < ckpt_storage_count(c); s++) {
        ckpt_storage_layout layout = ckpt_describe_storage(ckpt_storage_by_id(c, s));
        if (layout.chunk_size == 0)
            add_range(f->unchecked, &f->unchecked_count, layout.offset,
                      layout.offset + layout.stored_size);
    }
}

static void find_generations(fixture *f) {
    ckpt *c;
    must(open_bytes(f->sound, f->size, 0, &c) == CKPT_OK, "the fixture is not accepted");
    must(ckpt_verify(c, NULL, NULL, NULL) == CKPT_OK, "the fixture is damaged");
    find_unused(f, ckpt_describe_file(c).file_size);
    find_unchecked(f, c);
    ckpt_generation generations[FIXTURE_GENERATIONS];
    uint32_t count = ckpt_generations(c, generations, FIXTURE_GENERATIONS);
    must(count <= FIXTURE_GENERATIONS, "too many generations");
    for (uint32_t g = 0; g < count; g++) {
        ckpt *generation;
        must(open_bytes(f->sound, f->size, generations[g].number, &generation) == CKPT_OK,
             "a generation is missing");
        must(ckpt_digest(generation, NULL, f->digests[g], NULL) == CKPT_OK, "no digest");
        ckpt_free(generation);
    }
    f->generations = count;
    ckpt_free(c);
}

/* The payload of the newest generation with other bytes, and all checksums right for them. */
static void make_older(fixture *f) {
    test_random r = {1};
    file_bytes file = {f->older, f->size};
    file_section storages = section_of(&file, CK_STORAGES), chunks = section_of(&file, CK_CHUNKS);
    file_section ends = section_of(&file, CK_CHUNK_ENDS);
    for (size_t s = 0; s < storages.count; s++) {
        const unsigned char *rec = f->older + record_field(&storages, s, 0);
        uint64_t offset = field_load(&file, (size_t)(rec - f->older), 8);
        uint64_t size = field_load(&file, (size_t)(rec - f->older) + 8, 8);
        uint64_t first = field_load(&file, (size_t)(rec - f->older) + 24, 8), begin = 0;
        for (uint64_t i = 0; rec[33] != 0 && i << rec[33] < size; i++) {
            uint64_t end = (i + 1) << rec[33] < size ? (i + 1) << rec[33] : size;
            if (ends.entry != 0)
                end = field_load(&file, record_field(&ends, (size_t)(first + i), 0), 8);
            random_fill(&r, f->older + offset + begin, (size_t)(end - begin));
            field_store(&file, record_field(&chunks, (size_t)(first + i), 0), 8,
                        XXH3_64bits(f->older + offset + begin, (size_t)(end - begin)));
            begin = end;
        }
    }
    repair_checksums(&file);
}

void fixture_load(fixture *f, const char *path) {
    memset(f, 0, sizeof *f);
    f->sound = test_read_file(path, &f->size);
    f->bytes = malloc(f->size);
    f->older = malloc(f->size);
    must(f->bytes != NULL && f->older != NULL, "no memory");
    memcpy(f->bytes, f->sound, f->size);
    memcpy(f->older, f->sound, f->size);
    find_generations(f);
    make_older(f);
}

void fixture_free(fixture *f) {
    free(f->bytes);
    free(f->sound);
    free(f->older);
}

void fixture_restore(fixture *f) {
    memcpy(f->bytes, f->sound, f->size);
}

/* ---- damage ---- */

/* Half of all places are in what is not header, of which most is zeros. */
static size_t any_place(const fixture *f, test_random *r, size_t size) {
    size_t begin = random_chance(r, 50) && f->size - CK_HEADER_SIZE > size ? CK_HEADER_SIZE : 0;
    return begin + random_below(r, (uint32_t)(f->size - begin - size + 1));
}

/* Its first and last bit change, those between perhaps. */
static const char *burst(fixture *f, test_random *r) {
    uint32_t length = 2 + random_below(r, 31);
    size_t bit = 8 * any_place(f, r, 5) + random_below(r, 8);
    for (uint32_t i = 0; i < length; i++) {
        if (i == 0 || i + 1 == length || random_chance(r, 50))
            f->bytes[(bit + i) / 8] ^= (unsigned char)(1u << (bit + i) % 8);
    }
    return "a burst";
}

static const char *bursts(fixture *f, test_random *r) {
    for (uint32_t i = 2 + random_below(r, 7); i > 0; i--)
        burst(f, r);
    return "several bursts";
}

static size_t block_size(test_random *r) {
    static const size_t sizes[] = {8, 64, 512, 4096};
    return sizes[random_below(r, 4)];
}

static const char *swap_blocks(fixture *f, test_random *r) {
    static unsigned char block[4096];
    size_t size = block_size(r), blocks = f->size / size;
    size_t a = size * random_below(r, (uint32_t)blocks),
           b = size * random_below(r, (uint32_t)blocks);
    memcpy(block, f->bytes + a, size);
    memcpy(f->bytes + a, f->bytes + b, size);
    memcpy(f->bytes + b, block, size);
    return "two blocks in each other's place";
}

static const char *misplace(fixture *f, test_random *r) {
    size_t size = block_size(r);
    memmove(f->bytes + any_place(f, r, size), f->sound + any_place(f, r, size), size);
    return "a block in another place too";
}

static const char *lose_sector(fixture *f, test_random *r) {
    size_t size = random_chance(r, 50) ? 512 : 4096;
    size_t begin = any_place(f, r, size) / size * size;
    memset(f->bytes + begin, random_chance(r, 80) ? 0 : 0xff, size);
    return "a sector of zeros";
}

/* A write that never reached the disk. */
static const char *lose_write(fixture *f, test_random *r) {
    size_t size = block_size(r), begin = any_place(f, r, size) / size * size;
    memcpy(f->bytes + begin, f->older + begin, size);
    return "a sector of an older file";
}

/* Of a storage in several chunks, some are older; or the whole payload is; or the index alone. */
static const char *lose_much(fixture *f, test_random *r) {
    file_bytes file = {f->sound, f->size};
    size_t index = index_offset_of(&file), begin = CK_HEADER_SIZE, end = index;
    if (random_chance(r, 30)) {
        begin = index;
        end = f->size;
    } else if (random_chance(r, 70) && index > begin) {
        begin += random_below(r, (uint32_t)(index - begin));
    }
    memcpy(f->bytes + begin, f->older + begin, end - begin);
    return "a part of an older file";
}

const char *fixture_damage(fixture *f, test_random *r) {
    static const char *(*const ways[])(fixture *, test_random *) = {
        burst, burst, bursts, swap_blocks, misplace, lose_sector, lose_write, lose_much};
    const char *how = ways[random_below(r, sizeof ways / sizeof ways[0])](f, r);
    return memcmp(f->bytes, f->sound, f->size) != 0 ? how : NULL;
}

/* ---- verdicts ---- */

static bool is_in(const fixture_range *ranges, uint32_t count, size_t i) {
    for (uint32_t r = 0; r < count; r++) {
        if (ranges[r].begin <= i && i < ranges[r].end)
            return true;
    }
    return false;
}

static bool is_all_in(const fixture *f, const fixture_range *ranges, uint32_t count) {
    for (size_t i = 0; i < f->size; i++) {
        if (f->bytes[i] != f->sound[i] && !is_in(ranges, count, i))
            return false;
    }
    return true;
}

static bool is_generation(const fixture *f, ckpt *c, uint32_t first, uint32_t end) {
    uint8_t digest[CKPT_DIGEST_SIZE];
    must(ckpt_digest(c, NULL, digest, NULL) == CKPT_OK, "no digest");
    for (uint32_t g = first; g < end; g++) {
        if (memcmp(digest, f->digests[g], sizeof digest) == 0)
            return true;
    }
    return false;
}

corruption_verdict fixture_judge(const fixture *f) {
    ckpt *c;
    ckpt_verify_result result;
    corruption_verdict verdict = CORRUPTION_UNDETECTED;
    if (open_bytes(f->bytes, f->size, 0, &c) != CKPT_OK)
        return CORRUPTION_REFUSED;
    if (ckpt_verify(c, NULL, &result, NULL) != CKPT_OK)
        verdict = CORRUPTION_FOUND;
    else if (is_all_in(f, f->unused, f->unused_count) && is_generation(f, c, 0, 1))
        verdict = CORRUPTION_HARMLESS;
    else if (ckpt_describe_file(c).recovered[0] != '\0' && is_generation(f, c, 0, f->generations))
        verdict = CORRUPTION_TOLD;
    else if (is_all_in(f, f->unchecked, f->unchecked_count) && result.unchecked_bytes != 0)
        verdict = CORRUPTION_TOLD;
    ckpt_free(c);
    return verdict;
}
