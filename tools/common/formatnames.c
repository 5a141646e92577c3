/* SPDX-License-Identifier: MIT */
#include "formatnames.h"

#include <string.h>

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
