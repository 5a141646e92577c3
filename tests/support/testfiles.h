/* SPDX-License-Identifier: MIT */
/* Files for tests, in a temporary directory of each test's own. What goes wrong here ends the
 * program: no test can go on without. */
#ifndef TESTFILES_H
#define TESTFILES_H

#include <stddef.h>

typedef struct test_directory {
    char path[256];
} test_directory;

test_directory test_directory_create(void);
/* Removes the directory and the files in it. */
void test_directory_remove(const test_directory *directory);
/* Entries of the directory, hidden ones too. */
size_t test_directory_count(const test_directory *directory);
/* "DIRECTORY/name" in a buffer. */
void test_path(const test_directory *directory, const char *name, char *buffer, size_t size);

/* The whole file, to be freed. */
void *test_read_file(const char *path, size_t *ret_size);
void test_write_file(const char *path, const void *bytes, size_t size);

#endif
