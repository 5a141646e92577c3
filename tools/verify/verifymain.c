/* SPDX-License-Identifier: MIT */
/* ckpt-verify: compares every byte of checkpoints with their checksums. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "../common/numbertext.h"
#include "../common/formatnames.h"
#include "../common/tooloptions.h"

typedef struct verify_options {
    const char **paths;
    size_t count, room;
    uint64_t generation; /* 0: the newest */
    const char *formats; /* NULL: all */
    bool quiet;
} verify_options;

enum { QUIET = 1, GENERATION, FROM };

static const tool_option table[] = {{QUIET, 'q', false, "quiet"},
                                    {GENERATION, '\0', true, "generation"},
                                    {FROM, '\0', true, "from"},
                                    {0, '\0', false, NULL}};

static void print_help(void) {
    fputs("Usage: ckpt-verify [OPTION]... FILE...\n"
          "Reads checkpoints as a whole and checks every chunk and every byte of padding. Names "
          "each\n"
          "damaged chunk and the tensors in it.\n"
          "\n"
          "      --generation N  an older state of edited .ckpt files\n"
          "      --from FORMATS  formats to consider, separated by commas:\n"
          "                      ckpt, safetensors, torch, torch-legacy, npz, npy, gguf,\n"
          "                      oneflow, oneflow-dir\n"
          "  -q, --quiet         print nothing but errors\n"
          "  -h, --help          this text\n"
          "      --version       the version\n"
          "\n"
          "Examples:\n"
          "  ckpt-verify net.ckpt\n"
          "  ckpt-verify --quiet backup/*.ckpt || echo damaged\n"
          "\n"
          "Exit status: 0 all is well, 1 a file is damaged or none, 2 wrong usage.\n",
          stdout);
}

static int read_options(int argc, char **argv, verify_options *o) {
    tool_arguments arguments = tool_arguments_of(VERIFY, table, argc, argv);
    for (;;) {
        switch (tool_next(&arguments)) {
        case QUIET: o->quiet = true; break;
        case FROM:
            o->formats = arguments.value;
            if (format_check_list(VERIFY, o->formats) != TOOL_FINE)
                return TOOL_USAGE;
            break;
        case GENERATION:
            if (!tool_read_u64(arguments.value, 1, UINT64_MAX, &o->generation))
                return tool_misuse(VERIFY, "--generation takes a number from 1 on, not '%s'",
                                   arguments.value);
            break;
        case TOOL_OPERAND:
            o->paths = tool_grow(o->paths, o->count, &o->room, sizeof *o->paths);
            o->paths[o->count++] = arguments.value;
            break;
        case TOOL_HELP: print_help(); return TOOL_FINE;
        case TOOL_VERSION: tool_print_version(VERIFY); return TOOL_FINE;
        case TOOL_END: return o->count != 0 ? -1 : tool_misuse(VERIFY, "no file is given");
        default: return TOOL_USAGE;
        }
    }
}

static void print_result(const verification *v, const ckpt_verify_result *r) {
    textbuf t = {0};
    uint64_t checked = r->bytes - r->unchecked_bytes;
    text_add_escaped(&t, v->path, 0);
    if (r->damaged != 0) {
        text_add(&t, v->recovered ? ": NOT WHOLE, DAMAGED in " : ": DAMAGED in ");
        number_add_count(&t, r->damaged, "place");
        text_add(&t, "; ");
    } else {
        text_add(&t, v->recovered ? ": NOT WHOLE; " : ": ok: ");
    }
    if (checked != 0) {
        number_add_count(&t, r->chunks, "chunk");
        text_addf(&t, ", %s checked", number_of_bytes(checked).text);
    } else {
        text_add(&t, "structure only");
    }
    if (r->unchecked_bytes != 0)
        text_addf(&t, ", %s without checksums", number_of_bytes(r->unchecked_bytes).text);
    puts(text_string(&t));
    text_free(&t);
}

static bool report_progress(void *ctx, uint64_t done, uint64_t total) {
    verification *v = ctx;
    return progress_report(&v->progress, done, total);
}

static int verify_open_file(verification *v) {
    ckpt_verify_options options = {.struct_size = sizeof options,
                                   .progress = report_progress,
                                   .on_damage = verify_report_damage,
                                   .ctx = v};
    ckpt_verify_result result = {0};
    ckpt_error err;
    progress_begin(&v->progress, v->path, v->quiet);
    ckpt_status status = ckpt_verify(v->c, &options, &result, &err);
    progress_clear(&v->progress);
    bool complete = status == CKPT_OK || result.damaged != 0;
    if (complete && !v->quiet)
        print_result(v, &result);
    return status == CKPT_OK ? TOOL_FINE : tool_fail(VERIFY, "%s", err.message);
}

static int verify(const char *path, const verify_options *o) {
    verification v = {.path = path, .quiet = o->quiet};
    ckpt_open_options open = {.struct_size = sizeof open,
                              .access = CKPT_ACCESS_READ,
                              .formats = o->formats,
                              .generation = o->generation};
    ckpt_error err;
    if (ckpt_open(path, &open, &v.c, &err) != CKPT_OK)
        return tool_fail(VERIFY, "%s", err.message);
    const char *recovered = ckpt_describe_file(v.c).recovered;
    v.recovered = recovered != NULL && *recovered != '\0';
    int status = verify_open_file(&v);
    if (v.recovered && status == TOOL_FINE)
        status = tool_fail(VERIFY, "%s: %s", path, recovered);
    chunk_views_free(&v.views);
    outline_free(v.outline);
    ckpt_free(v.c);
    return status;
}

int main(int argc, char **argv) {
    verify_options options = {0};
    int status = read_options(argc, argv, &options);
    if (status < 0) {
        status = TOOL_FINE;
        for (size_t i = 0; i < options.count; i++) {
            if (verify(options.paths[i], &options) != TOOL_FINE)
                status = TOOL_NO;
        }
    }
    free(options.paths);
    return tool_finish(VERIFY, status);
}
