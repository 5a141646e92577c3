/* SPDX-License-Identifier: MIT */
#include "conversion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formatnames.h"
#include "interrupt.h"
#include "numbertext.h"
#include "progress.h"

void conversion_begin(conversion *v, const char *tool) {
    *v = (conversion){.tool = tool};
    v->save.struct_size = sizeof v->save;
}

void conversion_free(conversion *v) {
    loss_lists_free(&v->losses);
    for (size_t i = 0; i < v->change_count; i++) {
        free(v->changes[i].kind);
        free(v->changes[i].text);
    }
    free(v->changes);
}

/* ---- options ---- */

static int take_chunk_size(conversion *v, const char *value) {
    uint64_t size;
    if (!tool_read_u64(value, 4096, (uint64_t)1 << 30, &size) || (size & (size - 1)) != 0)
        return tool_misuse(v->tool, "--chunk-size takes a power of two from 4096 to 2^30, not '%s'",
                           value);
    v->save.chunk_size = size;
    return TOOL_FINE;
}

static int take_threads(conversion *v, const char *value) {
    uint64_t threads;
    if (!tool_read_u64(value, 1, 64, &threads))
        return tool_misuse(v->tool, "--threads takes a number from 1 to 64, not '%s'", value);
    v->save.threads = (unsigned)threads;
    return TOOL_FINE;
}

int conversion_take(conversion *v, int id, const char *value) {
    switch (id) {
    case CONVERSION_TO: v->format = value; return format_check_output(v->tool, value);
    case CONVERSION_FROM: v->formats = value; return format_check_list(v->tool, value);
    case CONVERSION_COMPRESS: v->save.compress = true; break;
    case CONVERSION_CHUNK_SIZE: return take_chunk_size(v, value);
    case CONVERSION_THREADS: return take_threads(v, value);
    case CONVERSION_STRICT: v->save.strict = true; break;
    case CONVERSION_JSON: v->json = true; break;
    case CONVERSION_VERBOSE: v->verbose = true; break;
    case CONVERSION_QUIET: v->quiet = true; break;
    case CONVERSION_SHARD_SIZE:
        if (!tool_read_size(value, 1, (uint64_t)1 << 62, &v->save.shard_size))
            return tool_misuse(v->tool, "--shard-size takes a size such as 5GB or 512MiB, not '%s'",
                               value);
        break;
    default: break;
    }
    return TOOL_FINE;
}

int conversion_check(conversion *v) {
    if (v->output == NULL)
        return tool_misuse(v->tool, "no output is given");
    if (v->format == NULL)
        v->format = format_of_path(v->output);
    if (v->format == NULL)
        return tool_misuse(v->tool, "'%s' has no extension that tells a format; give --to FORMAT",
                           v->output);
    if (format_is_index(v->output) && v->save.shard_size == 0)
        return tool_misuse(v->tool, "'%s' is the index of shards; give --shard-size SIZE",
                           v->output);
    if (v->save.shard_size != 0 && !format_has_shards(v->format))
        return tool_misuse(v->tool, "the format '%s' has no shards", v->format);
    if (v->save.shard_size != 0 && strcmp(v->format, "safetensors") == 0 &&
        !format_is_index(v->output))
        return tool_misuse(v->tool,
                           "the output of shards in this format is their index: '%s' must "
                           "end in .safetensors.index.json",
                           v->output);
    if (v->json && v->quiet)
        return tool_misuse(v->tool, "--json and --quiet exclude each other");
    if (v->save.compress && strcmp(v->format, "ckpt") != 0 && strcmp(v->format, "npz") != 0)
        return tool_misuse(v->tool, "--compress is for the formats ckpt and npz, not %s",
                           v->format);
    if (v->save.compress && v->save.chunk_size > (uint64_t)1 << 24)
        return tool_misuse(v->tool, "with --compress, --chunk-size is at most 2^24");
    return -1;
}

/* ---- work ---- */

int conversion_open(conversion *v, const char *path, ckpt **ret_ckpt) {
    ckpt_open_options open = {.struct_size = sizeof open,
                              .access = CKPT_ACCESS_READ,
                              .formats = v->formats,
                              .threads = v->save.threads,
                              .on_loss = loss_list_add,
                              .loss_ctx = &v->losses};
    ckpt_error err;
    if (ckpt_open(path, &open, ret_ckpt, &err) != CKPT_OK)
        return tool_fail(v->tool, "%s", err.message);
    const char *recovered = ckpt_describe_file(*ret_ckpt).recovered;
    if (*recovered != '\0')
        tool_fail(v->tool, "warning: %s: %s", path, recovered);
    return TOOL_FINE;
}

static char *copy_of(const char *string) {
    size_t size = strlen(string) + 1;
    return memcpy(tool_new(size, 1), string, size);
}

void conversion_note(conversion *v, const char *kind, uint64_t count, const char *string) {
    v->changes = tool_grow(v->changes, v->change_count, &v->change_room, sizeof *v->changes);
    v->changes[v->change_count++] = (conversion_change){copy_of(kind), copy_of(string), count};
}

static void print_losses(const loss_list *list, const char *title, bool verbose) {
    textbuf t = {0};
    if (list->count != 0) {
        text_addf(&t, "%s: ", title);
        number_add_count(&t, list->count, "thing");
        puts(text_string(&t));
        loss_list_print(list, verbose);
    }
    text_free(&t);
}

static void print_report(const conversion *v, const ckpt_summary *s, bool is_saved) {
    textbuf t = {0};
    if (is_saved) {
        text_add_escaped(&t, v->output, 0);
        text_addf(&t, ": %s, ", v->format);
        number_add_count(&t, s->tensors, "tensor");
        if (s->names != s->tensors)
            text_addf(&t, " under %s names", number_grouped(s->names).text);
        text_addf(&t, ", %s", number_of_bytes(s->storage_bytes).text);
        puts(text_string(&t));
    }
    for (size_t i = 0; i < v->change_count; i++) {
        const conversion_change *change = &v->changes[i];
        text_clear(&t);
        text_addf(&t, "  %-8s  ", change->kind);
        text_add_escaped(&t, change->text, 0);
        text_addf(&t, ": %s", number_grouped(change->count).text);
        puts(text_string(&t));
    }
    text_clear(&t);
    if (v->losses.lost.count == 0 && is_saved)
        puts("nothing is lost");
    print_losses(&v->losses.lost, is_saved ? "lost" : "would be lost", v->verbose);
    print_losses(&v->losses.hidden, "kept, but hidden from other software", v->verbose);
    text_free(&t);
}

static void string_or_null(json *j, const char *key, const char *string) {
    json_key(j, key);
    if (string != NULL)
        json_string(j, string);
    else
        json_null(j);
}

static void json_report(const conversion *v, const ckpt_summary *s, const char *from,
                        bool is_saved) {
    json j = {0};
    json_begin(&j, '{', false);
    string_or_null(&j, "input", v->input);
    string_or_null(&j, "output", v->output);
    string_or_null(&j, "from", from);
    string_or_null(&j, "to", v->format);
    json_key(&j, "saved");
    json_bool(&j, is_saved);
    json_key(&j, "tensors");
    json_uint(&j, s->tensors);
    json_key(&j, "names");
    json_uint(&j, s->names);
    json_key(&j, "bytes");
    json_uint(&j, s->storage_bytes);
    json_key(&j, "changes");
    json_begin(&j, '[', false);
    for (size_t i = 0; i < v->change_count; i++) {
        json_begin(&j, '{', true);
        string_or_null(&j, "kind", v->changes[i].kind);
        string_or_null(&j, "what", v->changes[i].text);
        json_key(&j, "count");
        json_uint(&j, v->changes[i].count);
        json_end(&j, '}');
    }
    json_end(&j, ']');
    json_key(&j, "losses");
    loss_list_json(&v->losses.lost, &j);
    json_key(&j, "hidden");
    loss_list_json(&v->losses.hidden, &j);
    json_end(&j, '}');
}

static void report(const conversion *v, const ckpt_summary *s, const char *from, bool is_saved) {
    if (v->json)
        json_report(v, s, from, is_saved);
    else if (!v->quiet)
        print_report(v, s, is_saved);
}

/* What was lost before the format of the output had a say. */
static int refuse_losses(const conversion *v) {
    const loss_entry *first = &v->losses.lost.entries[0];
    return tool_fail(v->tool, "%s: not written: something would be lost: %s: %s%s%s", v->output,
                     ckpt_loss_kind_name(first->kind), first->name,
                     *first->name != '\0' ? ": " : "", first->message);
}

/* What the output holds now, which is more than the model has where ties or views are undone. Where
 * that cannot be seen, as in a device, *summary stays that of the model. */
static void summarize_output(const conversion *v, ckpt_summary *summary) {
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = v->format};
    ckpt_summary written;
    ckpt *c;
    if (ckpt_open(v->output, &open, &c, NULL) != CKPT_OK)
        return;
    if (ckpt_summarize(ckpt_root(c), &written, NULL) == CKPT_OK)
        *summary = written;
    ckpt_free(c);
}

int conversion_save(conversion *v, ckpt *c, const char *from) {
    ckpt_save_options save = v->save;
    ckpt_summary summary;
    ckpt_error err;
    progress p;
    if (ckpt_summarize(ckpt_root(c), &summary, &err) != CKPT_OK)
        return tool_fail(v->tool, "%s", err.message);
    if (save.strict && v->losses.lost.count != 0) {
        report(v, &summary, from, false);
        return refuse_losses(v);
    }
    progress_begin(&p, v->output, v->quiet);
    save.format = v->format;
    save.progress = progress_report;
    save.ctx = &p;
    save.on_loss = loss_list_add;
    save.loss_ctx = &v->losses;
    interrupt_begin();
    ckpt_status status = ckpt_save(c, v->output, &save, &err);
    progress_clear(&p);
    interrupt_end();
    if (status == CKPT_OK && (v->json || !v->quiet))
        summarize_output(v, &summary);
    if (status == CKPT_OK)
        report(v, &summary, from, true);
    else if (save.strict && v->losses.lost.count != 0)
        report(v, &summary, from, false);
    return status == CKPT_OK ? TOOL_FINE : tool_fail(v->tool, "%s", err.message);
}
