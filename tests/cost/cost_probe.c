/* SPDX-License-Identifier: MIT */
/* Does one thing, to be counted from outside:
 *
 *     cost_probe --list
 *     cost_probe TASK N           prepares the task for size N and does it
 *     cost_probe open FILE        opens a file of any format
 *     cost_probe manifest FILE    reads a manifest
 *
 * What counts happens in the function `measured`; valgrind --tool=callgrind
 * --toggle-collect=measured counts its instructions. Prints one line: the greatest size of the
 * memory that the library and libyaml held in it, the size of the input, and the status. */
#include "cost.h"
#include "testfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *yaml_malloc(size_t size);
void *yaml_realloc(void *block, size_t size);
void yaml_free(void *block);
unsigned char *yaml_strdup(const unsigned char *text);
void measured(task *t, void (*work)(task *t));

static struct { size_t bytes, peak; } memory;

static void count(size_t old_size, size_t new_size) {
    memory.bytes += new_size;
    memory.bytes -= old_size;
    if (memory.bytes > memory.peak)
        memory.peak = memory.bytes;
}

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    (void)ctx;
    if (new_size == 0) {
        free(block);
        count(old_size, 0);
        return NULL;
    }
    void *resized = realloc(block, new_size);
    if (resized != NULL)
        count(old_size, new_size);
    return resized;
}

/* libyaml's own, in place of those in it, which the dynamic linker passes over for these. */
enum { HEAD = 16 };

void *yaml_realloc(void *block, size_t size) {
    unsigned char *old = block != NULL ? (unsigned char *)block - HEAD : NULL;
    size_t old_size = 0;
    if (old != NULL)
        memcpy(&old_size, old, sizeof old_size);
    unsigned char *resized = realloc(old, HEAD + size);
    if (resized == NULL)
        return NULL;
    count(old_size, size);
    memcpy(resized, &size, sizeof size);
    return resized + HEAD;
}

void *yaml_malloc(size_t size) {
    return yaml_realloc(NULL, size);
}

void yaml_free(void *block) {
    size_t size;
    if (block == NULL)
        return;
    memcpy(&size, (unsigned char *)block - HEAD, sizeof size);
    count(size, 0);
    free((unsigned char *)block - HEAD);
}

unsigned char *yaml_strdup(const unsigned char *text) {
    size_t size = text != NULL ? strlen((const char *)text) + 1 : 0;
    unsigned char *copy = text != NULL ? yaml_malloc(size) : NULL;
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void measured(task *t, void (*work)(task *t)) {
    work(t);
}

static ckpt_status status;

static void open_file(task *t) {
    ckpt_open_options options = {.struct_size = sizeof options, .allocator = &t->hook};
    ckpt_error err;
    ckpt *c;
    status = ckpt_open_memory(t->bytes, t->size, NULL, &options, &c, &err);
    if (status == CKPT_OK)
        ckpt_free(c);
}

static void read_manifest(task *t) {
    ckpt_manifest_options options = {.struct_size = sizeof options, .allocator = &t->hook};
    ckpt_error err;
    ckpt_manifest *manifest;
    status = ckpt_manifest_read(t->bytes, t->size, NULL, &options, &manifest, &err);
    if (status == CKPT_OK)
        ckpt_manifest_free(manifest);
}

static const task_kind *find_task(const char *name) {
    const task_kind *lists[2] = {file_tasks, model_tasks};
    for (int i = 0; i < 2; i++) {
        for (const task_kind *kind = lists[i]; kind->name != NULL; kind++) {
            if (strcmp(kind->name, name) == 0)
                return kind;
        }
    }
    fprintf(stderr, "cost_probe: no task is named '%s'\n", name);
    exit(2);
}

static void list_tasks(const task_kind *kind) {
    for (; kind->name != NULL; kind++)
        printf("%s\n", kind->name);
}

int main(int argc, char **argv) {
    task t = {.hook = {resize, NULL}};
    /* Through a pointer that the compiler does not know, so that the function stays one. */
    void (*volatile measure)(task *, void (*)(task *)) = measured;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list_tasks(file_tasks);
        list_tasks(model_tasks);
        return EXIT_SUCCESS;
    }
    if (argc != 3)
        return 2;
    bool is_manifest = strcmp(argv[1], "manifest") == 0;
    if (is_manifest || strcmp(argv[1], "open") == 0) {
        t.bytes = test_read_file(argv[2], &t.size);
        measure(&t, is_manifest ? read_manifest : open_file);
    } else {
        const task_kind *kind = find_task(argv[1]);
        t.n = (uint32_t)strtoul(argv[2], NULL, 10);
        kind->prepare(&t);
        measure(&t, kind->work);
    }
    size_t size = t.size;
    ckpt_free(t.c);
    free(t.bytes);
    printf("%zu %zu %s\n", memory.peak, size, ckpt_status_name(status));
    return EXIT_SUCCESS;
}
