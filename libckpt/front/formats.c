/* SPDX-License-Identifier: MIT */
#include "front/formats.h"

#include <string.h>

/* Those with a magic first: the others are recognised by what is likely. */
static const ck_format *const formats_table[] = {
    &ck_format_ckpt,    &ck_format_gguf,        &ck_format_npy,
    &ck_format_npz,     &ck_format_torch,       &ck_format_torch_legacy,
    &ck_format_oneflow, &ck_format_oneflow_dir, &ck_format_safetensors,
};

enum { FORMAT_COUNT = sizeof formats_table / sizeof formats_table[0] };

const ck_format *ck_format_named(const char *name) {
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(formats_table[i]->name, name) == 0)
            return formats_table[i];
    }
    return NULL;
}

const ck_format *ck_format_of_directory(size_t i) {
    for (int k = 0; k < FORMAT_COUNT; k++) {
        if (formats_table[k]->main_component != NULL && i-- == 0)
            return formats_table[k];
    }
    return NULL;
}

static bool is_listed(const char *name, const char *list) {
    size_t size = strlen(name);
    while (list != NULL && *list != '\0') {
        size_t item = strcspn(list, ",");
        if (item == size && memcmp(list, name, size) == 0)
            return true;
        list += item;
        list += *list == ',';
    }
    return list == NULL;
}

const ck_format *ck_format_probe(const unsigned char *head, size_t size, uint64_t file_size,
                                 const char *formats) {
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (is_listed(formats_table[i]->name, formats) &&
            formats_table[i]->probe(head, size, file_size))
            return formats_table[i];
    }
    return NULL;
}
