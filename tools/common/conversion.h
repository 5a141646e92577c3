/* SPDX-License-Identifier: MIT */
/* What ckpt-convert, ckpt-merge and ckpt-split have in common: options of the output, saving it,
 * and the report of what changed and what was lost. */
#ifndef CONVERSION_H
#define CONVERSION_H

#include <stdbool.h>
#include <stdint.h>

#include <ckpt/ckpt.h>

#include "losslist.h"
#include "toolerror.h"
#include "tooloptions.h"

/* A change that was asked for: how many names or tensors, and to what. */
typedef struct conversion_change {
    char *kind, *text;
    uint64_t count;
} conversion_change;

typedef struct conversion {
    const char *tool;
    const char *input; /* for the report; NULL: there are several */
    const char *output;
    const char *format;  /* of the output; NULL: by its extension */
    const char *formats; /* of the input that are considered; NULL: all */
    ckpt_save_options save;
    bool json, verbose, quiet;
    loss_lists losses;
    conversion_change *changes;
    size_t change_count, change_room;
} conversion;

/* Options that all of these tools have, for their tables: ids from 100 on. */
enum {
    CONVERSION_TO = 100,
    CONVERSION_FROM,
    CONVERSION_COMPRESS,
    CONVERSION_CHUNK_SIZE,
    CONVERSION_SHARD_SIZE,
    CONVERSION_THREADS,
    CONVERSION_STRICT,
    CONVERSION_JSON,
    CONVERSION_VERBOSE,
    CONVERSION_QUIET
};
#define CONVERSION_OPTIONS                                                                         \
    {CONVERSION_TO, 't', true, "to"}, {CONVERSION_FROM, '\0', true, "from"},                       \
        {CONVERSION_COMPRESS, 'z', false, "compress"},                                             \
        {CONVERSION_CHUNK_SIZE, '\0', true, "chunk-size"},                                         \
        {CONVERSION_SHARD_SIZE, '\0', true, "shard-size"},                                         \
        {CONVERSION_THREADS, '\0', true, "threads"}, {CONVERSION_STRICT, '\0', false, "strict"},   \
        {CONVERSION_JSON, 'j', false, "json"}, {CONVERSION_VERBOSE, 'v', false, "verbose"}, {      \
        CONVERSION_QUIET, 'q', false, "quiet"                                                      \
    }

#define CONVERSION_HELP                                                                            \
    "      --strict           fail, and write nothing, where something would be lost\n"            \
    "  -z, --compress         store smaller what can be stored smaller (.ckpt, .npz)\n"            \
    "      --chunk-size N     bytes for each checksum (.ckpt): a power of two from 4096 to 2^30\n" \
    "      --threads N        to compress and check with; default: one for each processor\n"       \
    "      --from FORMATS     formats of the input to consider, separated by commas:\n"            \
    "                         ckpt, safetensors, torch, torch-legacy, npz, npy, gguf,\n"           \
    "                         oneflow, oneflow-dir\n"                                              \
    "  -j, --json             the report as JSON\n"                                                \
    "  -v, --verbose          a line for every single loss\n"                                      \
    "  -q, --quiet            print nothing but errors\n"                                          \
    "  -h, --help             this text\n"                                                         \
    "      --version          the version\n"

void conversion_begin(conversion *v, const char *tool);
void conversion_free(conversion *v);

/* Takes one of the options above. Returns TOOL_FINE, or TOOL_USAGE when that has been told. */
int conversion_take(conversion *v, int id, const char *value);
/* After the last option: what does not fit together. Returns -1 to go on. */
int conversion_check(conversion *v);

/* Opens an input; its losses go to the list. */
int conversion_open(conversion *v, const char *path, ckpt **ret_ckpt);
/* A note for the report. */
void conversion_note(conversion *v, const char *kind, uint64_t count, const char *string);
/* Saves c and prints the report. from: the format that c was read from, NULL for several. */
int conversion_save(conversion *v, ckpt *c, const char *from);

#endif
