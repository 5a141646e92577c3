/* SPDX-License-Identifier: MIT */
#include "formatnames.h"

#include <string.h>

#include "textbuffer.h"
#include "toolerror.h"

static const struct {
    const char *name;
    bool is_written, has_shards;
} formats[] = {
    {"ckpt", true, true},           {"safetensors", true, true}, {"torch", true, false},
    {"torch-legacy", false, false}, {"npz", true, false},        {"npy", true, false},
    {"gguf", true, true},           {"oneflow", true, false},    {"oneflow-dir", true, false},
};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

/* FORMAT_COUNT: none is called so. */
static size_t find(const char *name, size_t size) {
    size_t i = 0;
    while (i < FORMAT_COUNT &&
           (strlen(formats[i].name) != size || memcmp(formats[i].name, name, size) != 0))
        i++;
    return i;
}

bool format_is_written(const char *name) {
    size_t i = find(name, strlen(name));
    return i < FORMAT_COUNT && formats[i].is_written;
}

bool format_has_shards(const char *name) {
    size_t i = find(name, strlen(name));
    return i < FORMAT_COUNT && formats[i].has_shards;
}

static int tell(const char *tool, const char *option, const char *name, size_t size,
                bool is_output) {
    textbuf t = {0}, names = {0};
    text_add_bytes(&t, name, size);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (is_output && !formats[i].is_written)
            continue;
        text_addf(&names, "%s%s", names.size != 0 ? ", " : "", formats[i].name);
    }
    int status = tool_misuse(tool, "%s: there is no format '%s'%s; there are %s", option,
                             text_string(&t), is_output ? " to write" : "", text_string(&names));
    text_free(&t);
    text_free(&names);
    return status;
}

int format_check_list(const char *tool, const char *list) {
    for (;;) {
        size_t size = strcspn(list, ",");
        if (find(list, size) == FORMAT_COUNT)
            return tell(tool, "--from", list, size, false);
        if (list[size] == '\0')
            return TOOL_FINE;
        list += size + 1;
    }
}

int format_check_output(const char *tool, const char *name) {
    return format_is_written(name) ? TOOL_FINE : tell(tool, "--to", name, strlen(name), true);
}

static int ends_in(const char *path, const char *ending) {
    size_t size = strlen(path), ending_size = strlen(ending);
    return size > ending_size && strcmp(path + size - ending_size, ending) == 0;
}

int format_is_index(const char *path) {
    return ends_in(path, ".index.json");
}

const char *format_of_path(const char *path) {
    static const struct {
        const char *ending, *format;
    } known[] = {
        {".ckpt", "ckpt"},
        {".safetensors", "safetensors"},
        {".index.json", "safetensors"},
        {".pt", "torch"},
        {".pth", "torch"},
        {".npz", "npz"},
        {".npy", "npy"},
        {".gguf", "gguf"},
        {".oneflow", "oneflow"},
        {"/", "oneflow-dir"}, /* nothing else is a directory */
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (ends_in(path, known[i].ending))
            return known[i].format;
    }
    return NULL;
}
