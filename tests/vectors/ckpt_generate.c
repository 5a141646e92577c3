/* SPDX-License-Identifier: MIT */
/* Makes random .ckpt files: reads lines "SEED PATH" and answers each with "canonical",
 * "compressed" or "edited".
 * A file that is edited has two or three generations; others are what a save gives, raw or
 * compressed. The same seed gives the same file. */
#include "randommodel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK) {
        fprintf(stderr, "ckpt_generate: %s\n", err->message);
        exit(2);
    }
}

static ckpt_save_options choose(test_random *r) {
    ckpt_save_options options = {.struct_size = sizeof options, .not_durable = true, .threads = 1};
    options.compress = random_chance(r, 40);
    options.no_checksums = !options.compress && random_chance(r, 10);
    options.chunk_size = random_chance(r, 80) ? 4096 : 0;
    return options;
}

/* A tensor more, one less, an attribute, as chance has it. */
static void edit(ckpt *c, test_random *r) {
    static unsigned char zeros[6000];
    ckpt_error err;
    ckpt_module root = ckpt_root(c);
    uint64_t shape[1] = {random_below(r, sizeof zeros)};
    char name[600];
    must(ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int((int64_t)random_next(r)), NULL, &err),
         &err);
    if (random_chance(r, 70)) {
        random_name(r, root, name, sizeof name);
        must(ckpt_add_buffer(root, name, CKPT_U8, 1, shape, zeros, NULL, &err), &err);
    }
    uint32_t members = ckpt_module_member_count(root);
    if (members != 0 && random_chance(r, 70)) {
        ckpt_member member = ckpt_module_member(root, random_below(r, members));
        must(ckpt_remove(root, member.name, &err), &err);
    }
}

static void generate(uint64_t seed, const char *path) {
    test_random r = {seed};
    ckpt_save_options options = choose(&r);
    ckpt *c;
    ckpt_error err;
    must(random_model(seed, NULL, &c, &err), &err);
    must(ckpt_save(c, path, &options, &err), &err);
    ckpt_free(c);
    uint32_t edits = random_chance(&r, 40) ? 1 + random_below(&r, 2) : 0;
    if (edits != 0)
        must(ckpt_open(path, NULL, &c, &err), &err);
    for (uint32_t i = 0; i < edits; i++) {
        edit(c, &r);
        must(ckpt_commit(c, &options, &err), &err);
    }
    if (edits != 0)
        ckpt_free(c);
    printf("%s\n", edits != 0 ? "edited" : options.compress ? "compressed" : "canonical");
    fflush(stdout);
}

int main(void) {
    char line[4200];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *path;
        uint64_t seed = strtoull(line, &path, 10);
        path[1 + strcspn(path + 1, "\n")] = '\0';
        generate(seed, path + 1);
    }
    return 0;
}
