/* SPDX-License-Identifier: MIT */
#include "samefile.h"

#include <sys/stat.h>

static bool same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool tool_replaces(const char *output, const char *input) {
    struct stat replaced, named, read;
    /* A save replaces a link, not what it leads to. */
    if (lstat(output, &replaced) != 0)
        return false;
    return (lstat(input, &named) == 0 && same(&replaced, &named)) ||
           (stat(input, &read) == 0 && same(&replaced, &read));
}
