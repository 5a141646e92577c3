/* SPDX-License-Identifier: MIT */
/* Removing a directory that was made to become a checkpoint. Every name is looked up in a directory
 * that is open, and no link is followed: whoever exchanges one for another meanwhile leads nowhere.
 */
#include "base/posixtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that may lie in each other. */
#define MAX_DEPTH 2

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_directory(int parent, const char *name, DIR **ret_directory) {
    int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return errno;
    *ret_directory = fdopendir(file);
    if (*ret_directory != NULL)
        return 0;
    int failure = errno;
    close(file);
    return failure;
}

static int remove_directory(int parent, const char *name, int depth);

static int remove_entry(int parent, const char *name, int depth) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno;
    if (S_ISDIR(status.st_mode))
        return depth < MAX_DEPTH ? remove_directory(parent, name, depth + 1) : ENOTEMPTY;
    return unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

static int remove_directory(int parent, const char *name, int depth) {
    DIR *directory;
    int failure = open_directory(parent, name, &directory);
    if (failure != 0)
        return failure;
    const struct dirent *entry;
    while (failure == 0 && (errno = 0, entry = readdir(directory)) != NULL) {
        if (!is_dots(entry->d_name))
            failure = remove_entry(dirfd(directory), entry->d_name, depth);
    }
    if (failure == 0)
        failure = errno;
    closedir(directory);
    if (failure != 0)
        return failure;
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

int ck_posix_remove_tree(void *ctx, const char *path) {
    (void)ctx;
    return remove_directory(AT_FDCWD, path, 1);
}
