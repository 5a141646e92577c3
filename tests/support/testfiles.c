/* SPDX-License-Identifier: MIT */
#include "testfiles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(int condition, const char *what) {
    if (!condition) {
        perror(what);
        abort();
    }
}

test_directory test_directory_create(void) {
    test_directory directory;
    const char *place = getenv("TMPDIR");
    snprintf(directory.path, sizeof directory.path, "%s/ckpt-test-XXXXXX",
             place != NULL && strlen(place) < 200 ? place : "/tmp");
    need(mkdtemp(directory.path) != NULL, directory.path);
    return directory;
}

void test_path(const test_directory *directory, const char *name, char *buffer, size_t size) {
    snprintf(buffer, size, "%s/%s", directory->path, name);
}

static size_t for_each(const test_directory *directory, int (*what)(const char *path)) {
    char path[1024];
    size_t count = 0;
    DIR *entries = opendir(directory->path);
    need(entries != NULL, directory->path);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        test_path(directory, entry->d_name, path, sizeof path);
        need(what == NULL || what(path) == 0, path);
    }
    closedir(entries);
    return count;
}

static int remove_all(const char *path) {
    struct stat status;
    test_directory below;
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return unlink(path);
    if (snprintf(below.path, sizeof below.path, "%s", path) >= (int)sizeof below.path)
        return -1;
    test_directory_remove(&below);
    return 0;
}

void test_directory_remove(const test_directory *directory) {
    for_each(directory, remove_all);
    need(rmdir(directory->path) == 0, directory->path);
}

size_t test_directory_count(const test_directory *directory) {
    return for_each(directory, NULL);
}

void *test_read_file(const char *path, size_t *ret_size) {
    FILE *file = fopen(path, "rb");
    need(file != NULL, path);
    need(fseek(file, 0, SEEK_END) == 0, path);
    long size = ftell(file);
    need(size >= 0, path);
    rewind(file);
    void *bytes = malloc((size_t)size + 1);
    need(bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size, path);
    fclose(file);
    *ret_size = (size_t)size;
    return bytes;
}

void test_write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    need(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, path);
}
