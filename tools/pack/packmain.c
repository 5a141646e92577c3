/* SPDX-License-Identifier: MIT */
/* ckpt-pack: makes a checkpoint of a manifest and of the files that it names. */
#include <stdbool.h>
#include <stdio.h>

#include <ckpt/ckpt.h>

#include "../common/interrupt.h"
#include "../common/numbertext.h"
#include "../common/samefile.h"
#include "../common/tooloptions.h"

#define PACK "ckpt-pack"

typedef struct pack_options {
    const char *manifest;
    const char *output;
    const char *base;
    ckpt_pack_options pack;
    ckpt_save_options save;
    bool quiet;
} pack_options;

enum {
    OUTPUT = 1,
    DATA,
    SEED,
    CHUNK_SIZE,
    NO_CHECKSUMS,
    COMPRESS,
    SHARD_SIZE,
    BASE,
    THREADS,
    QUIET
};

static const tool_option table[] = {
    {OUTPUT, 'o', true, "output"},
    {DATA, 'd', true, "data"},
    {SEED, '\0', true, "seed"},
    {CHUNK_SIZE, '\0', true, "chunk-size"},
    {NO_CHECKSUMS, '\0', false, "no-checksums"},
    {COMPRESS, 'z', false, "compress"},
    {SHARD_SIZE, '\0', true, "shard-size"},
    {BASE, '\0', true, "base"},
    {THREADS, '\0', true, "threads"},
    {QUIET, 'q', false, "quiet"},
    {0, '\0', false, NULL},
};

static void print_help(void) {
    fputs(
        "Usage: ckpt-pack [OPTION]... MANIFEST -o FILE\n"
        "Makes a checkpoint of a YAML manifest. The numbers come from the files that the manifest\n"
        "names, from --data, or from recipes such as 'init: zeros' in the manifest.\n"
        "\n"
        "  -o, --output FILE      the checkpoint to write; an old one stays whole until the new\n"
        "                         one is complete\n"
        "  -d, --data FILE        a checkpoint in any format for the tensors of which the\n"
        "                         manifest does not say where their numbers are\n"
        "      --seed N           of random recipes, in place of the manifest's seed\n"
        "      --chunk-size N     bytes for each checksum: a power of two from 4096 to 2^30;\n"
        "                         default 1048576\n"
        "      --no-checksums     of the numbers; the index has one in any case\n"
        "  -z, --compress         store smaller what can be stored smaller\n"
        "      --shard-size SIZE  of the numbers in one file, as in 500M or 5G: when there are "
        "more,\n"
        "                         they go to files beside FILE, which it needs from then on\n"
        "      --base OLD.ckpt    do not write numbers that are in this file, which is beside "
        "FILE\n"
        "                         and which FILE needs from then on, unchanged\n"
        "      --threads N        to compress with; default: as many as there are processors.\n"
        "                         The bytes are the same for any number\n"
        "  -q, --quiet            print nothing but errors\n"
        "  -h, --help             this text\n"
        "      --version          the version\n"
        "\n"
        "Examples:\n"
        "  ckpt-pack digits.yaml -o digits.ckpt\n"
        "  ckpt-pack net.yaml --data weights.safetensors -o net.ckpt\n"
        "  ckpt-pack net.yaml --seed 7 -o fresh.ckpt\n"
        "  ckpt-pack net.yaml --data weights.safetensors --shard-size 5G -o net.ckpt\n"
        "\n"
        "Exit status: 0 fine, 1 something is bad and nothing was written, 2 wrong usage.\n",
        stdout);
}

static int take_threads(const char *value, pack_options *o) {
    uint64_t threads;
    if (!tool_read_u64(value, 1, 64, &threads))
        return tool_misuse(PACK, "--threads takes a number from 1 to 64, not '%s'", value);
    o->save.threads = (unsigned)threads;
    return TOOL_FINE;
}

static int take_option(pack_options *o, int id, const char *value) {
    switch (id) {
    case OUTPUT: o->output = o->pack.output = value; break;
    case DATA: o->pack.data = value; break;
    case NO_CHECKSUMS: o->save.no_checksums = true; break;
    case COMPRESS: o->save.compress = true; break;
    case BASE: o->base = value; break;
    case SHARD_SIZE:
        if (!tool_read_size(value, 1, (uint64_t)1 << 62, &o->save.shard_size))
            return tool_misuse(PACK,
                               "--shard-size takes a number of bytes, perhaps with K, M, G or T "
                               "behind it, not '%s'",
                               value);
        break;
    case THREADS: return take_threads(value, o);
    case QUIET: o->quiet = true; break;
    case SEED:
        if (!tool_read_u64(value, 0, UINT64_MAX, &o->pack.seed))
            return tool_misuse(PACK, "--seed takes a number from 0 to 2^64 - 1, not '%s'", value);
        o->pack.has_seed = true;
        break;
    case CHUNK_SIZE:
        if (!tool_read_u64(value, 4096, (uint64_t)1 << 30, &o->save.chunk_size) ||
            (o->save.chunk_size & (o->save.chunk_size - 1)) != 0)
            return tool_misuse(
                PACK, "--chunk-size takes a power of two from 4096 to 2^30, not '%s'", value);
        break;
    case TOOL_OPERAND:
        if (o->manifest != NULL)
            return tool_misuse(PACK, "more than one manifest: '%s'", value);
        o->manifest = value;
        break;
    default: break;
    }
    return TOOL_FINE;
}

static int check_options(const pack_options *o) {
    if (o->manifest == NULL)
        return tool_misuse(PACK, "no manifest is given");
    if (o->output == NULL)
        return tool_misuse(PACK, "no output is given (-o FILE)");
    if (tool_replaces(o->output, o->manifest))
        return tool_misuse(PACK, "--output is the manifest itself: '%s'", o->output);
    if (o->base != NULL && tool_replaces(o->output, o->base))
        return tool_misuse(PACK, "--output is the base itself: '%s'", o->output);
    if (o->save.compress && o->save.no_checksums)
        return tool_misuse(PACK, "--compress needs the checksums that --no-checksums leaves out");
    if (o->save.compress && o->save.chunk_size > (uint64_t)1 << 24)
        return tool_misuse(PACK, "with --compress, --chunk-size is at most 2^24");
    return -1;
}

static int read_options(int argc, char **argv, pack_options *o) {
    tool_arguments arguments = tool_arguments_of(PACK, table, argc, argv);
    o->pack.struct_size = sizeof o->pack;
    o->save.struct_size = sizeof o->save;
    for (;;) {
        int id = tool_next(&arguments);
        switch (id) {
        case TOOL_END: return check_options(o);
        case TOOL_BAD: return TOOL_USAGE;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(PACK); return TOOL_FINE;
        default: break;
        }
        int status = take_option(o, id, arguments.value);
        if (status != TOOL_FINE)
            return status;
    }
}

static int print_summary(ckpt *c, const char *output) {
    ckpt_summary s;
    ckpt_error err;
    if (ckpt_summarize(ckpt_root(c), &s, &err) != CKPT_OK)
        return tool_fail(PACK, "%s", err.message);
    textbuf t = {0};
    text_add_escaped(&t, output, 0);
    text_add(&t, ": ");
    number_add_count(&t, s.parameters, "parameter");
    text_add(&t, ", ");
    number_add_count(&t, s.tensors, "tensor");
    if (s.names != s.tensors)
        text_addf(&t, " under %s names", number_grouped(s.names).text);
    text_addf(&t, ", %s in ", number_of_bytes(s.storage_bytes).text);
    number_add_count(&t, s.storages, "storage");
    puts(text_string(&t));
    text_free(&t);
    return TOOL_FINE;
}

static int save(ckpt *c, const pack_options *o) {
    ckpt_error err;
    ckpt_save_options options = o->save;
    if (o->base != NULL && ckpt_open(o->base, NULL, &options.base, &err) != CKPT_OK)
        return tool_fail(PACK, "%s", err.message);
    options.progress = interrupt_progress;
    interrupt_begin();
    ckpt_status saved = ckpt_save(c, o->output, &options, &err);
    interrupt_end();
    int status = TOOL_FINE;
    if (saved != CKPT_OK)
        status = tool_fail(PACK, "%s", err.message);
    else if (!o->quiet)
        status = print_summary(c, o->output);
    ckpt_free(options.base);
    return status;
}

static int pack(const pack_options *o) {
    ckpt *c;
    ckpt_error err;
    if (ckpt_pack(o->manifest, &o->pack, &c, &err) != CKPT_OK)
        return tool_fail(PACK, "%s", err.message);
    int status = save(c, o);
    ckpt_free(c);
    return status;
}

int main(int argc, char **argv) {
    pack_options options = {0};
    int status = read_options(argc, argv, &options);
    if (status < 0)
        status = pack(&options);
    return tool_finish(PACK, status);
}
