/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target on the files that are named, and on those in the directories that are named;
 * each is a point of TAP. An input that breaks something ends the program. */
#include "fuzztarget.h"
#include "testfiles.h"

#include <dirent.h>
#include <string.h>

enum { MOST_FILES = 4096 };

static unsigned points;

static void replay_file(const char *path) {
    size_t size;
    void *bytes = test_read_file(path, &size);
    /* A block of exactly the size, so that a read behind the end is seen. */
    unsigned char *input = malloc(size != 0 ? size : 1);
    must(input != NULL, "no memory for the test");
    memcpy(input, bytes, size);
    free(bytes);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    const char *slash = strrchr(path, '/');
    printf("ok %u - %s\n", ++points, slash != NULL ? slash + 1 : path);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void replay_directory(DIR *directory, const char *path) {
    static char *names[MOST_FILES];
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL && count < MOST_FILES;) {
        if (entry->d_name[0] == '.')
            continue;
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        names[count] = malloc(size);
        must(names[count] != NULL, "no memory for the test");
        snprintf(names[count++], size, "%s/%s", path, entry->d_name);
    }
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 0; i < count; i++) {
        replay_file(names[i]);
        free(names[i]);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        if (directory == NULL) {
            replay_file(argv[i]);
            continue;
        }
        replay_directory(directory, argv[i]);
        closedir(directory);
    }
    printf("1..%u\n", points);
    return points != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
