/* SPDX-License-Identifier: MIT */
/* No random damage to a file passes unnoticed: bursts of 2 to 32 bits, blocks that change places,
 * sectors that are lost, and writes that were lost, so that bytes are those of an older file whose
 * checksums were right.
 *
 *     test_corruption FILE...                    a sample
 *     test_corruption --count N [--seed S] FILE...
 *
 * Opening or verifying must refuse the damaged file. What may stay, as the specification says: a
 * file of which a slot is damaged or whose edit was interrupted may show a generation, and must say
 * so; and damage to what the newest generation does not use leaves that as it is. Prints TAP. */
#include "corruption.h"
#include "testfiles.h"
#include "testrandom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 4000 };

typedef struct tally {
    uint64_t files, refused, found, told, harmless, undetected;
} tally;

static void count(tally *t, corruption_verdict verdict) {
    t->files++;
    t->refused += verdict == CORRUPTION_REFUSED;
    t->found += verdict == CORRUPTION_FOUND;
    t->told += verdict == CORRUPTION_TOLD;
    t->harmless += verdict == CORRUPTION_HARMLESS;
    t->undetected += verdict == CORRUPTION_UNDETECTED;
}

/* The damaged file is kept where the program runs. */
static void keep(const fixture *f, const char *name, uint64_t number, const char *how) {
    char path[400];
    snprintf(path, sizeof path, "undetected-%llu.ckpt", (unsigned long long)number);
    test_write_file(path, f->bytes, f->size);
    printf("# %s: %s passes unnoticed, see %s\n", name, how, path);
}

static void corrupt_many(const char *path, uint64_t wanted, uint64_t seed, tally *t) {
    fixture f;
    fixture_load(&f, path);
    for (uint64_t i = 0; t->files < wanted; i++) {
        test_random r = {seed * UINT64_C(1000003) + i};
        const char *how = fixture_damage(&f, &r);
        if (how == NULL)
            continue; /* what was written is what was there */
        corruption_verdict verdict = fixture_judge(&f);
        count(t, verdict);
        if (verdict == CORRUPTION_UNDETECTED && t->undetected <= 10)
            keep(&f, path, i, how);
        fixture_restore(&f);
    }
    fixture_free(&f);
}

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

int main(int argc, char **argv) {
    uint64_t wanted = SAMPLE, seed = 1;
    int first = 1, failures = 0;
    while (first + 1 < argc && strncmp(argv[first], "--", 2) == 0) {
        *(strcmp(argv[first], "--count") == 0 ? &wanted : &seed) =
            strtoull(argv[first + 1], NULL, 10);
        first += 2;
    }
    if (first >= argc)
        return EXIT_FAILURE;
    uint64_t each = wanted / (uint64_t)(argc - first) + 1;
    printf("1..%d\n# seed %llu\n", argc - first, (unsigned long long)seed);
    for (int i = first; i < argc; i++) {
        tally t = {0};
        corrupt_many(argv[i], each, seed, &t);
        /* Damage that changes nothing would prove little. */
        bool passed = t.undetected == 0 && t.refused + t.found > each / 4;
        printf("# %llu damaged files: %llu refused, %llu found by verifying, %llu told of, "
               "%llu harmless, %llu undetected\n",
               (unsigned long long)t.files, (unsigned long long)t.refused,
               (unsigned long long)t.found, (unsigned long long)t.told,
               (unsigned long long)t.harmless, (unsigned long long)t.undetected);
        printf("%s %d - %s\n", passed ? "ok" : "not ok", i - first + 1, last_component(argv[i]));
        failures += !passed;
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
