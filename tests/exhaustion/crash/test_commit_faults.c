/* SPDX-License-Identifier: MIT */
/* Every allocation and every file operation of an edit fails, once and from then on: the status is
 * right, nothing leaks, and the file opens as what it was or as what it should become. Prints TAP.
 */
#include <ckpt/ckpt.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comparemodels.h"
#include "faultfiles.h"
#include "faultmemory.h"
#include "randommodel.h"
#include "testfiles.h"

typedef struct faults {
    uint64_t memory_at, file_at;
    bool ever_after;
    int sys_errno;
    size_t largest_transfer;
} faults;

typedef struct bench {
    test_directory directory;
    char path[300];
    void *bytes; /* of the file before the edit */
    size_t size;
    ckpt *before, *after;
    fault_memory memory;
    fault_files files;
    int tests, failures;
    char complaint[600];
} bench;

static void complain(bench *b, const char *what, const char *detail) {
    if (b->complaint[0] == '\0')
        snprintf(b->complaint, sizeof b->complaint, "%s: %s", what, detail);
}

static void must(ckpt_status status, const ckpt_error *err) {
    if (status != CKPT_OK) {
        fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

static ckpt_status change(ckpt *c, ckpt_error *err) {
    static const float numbers[3000] = {1, 2, 3};
    const uint64_t shape[] = {3000};
    ckpt_module root = ckpt_root(c), added;
    ckpt_status status = ckpt_map_set(ckpt_metadata(c), "epoch", ckpt_int(7), NULL, err);
    if (status == CKPT_OK)
        status = ckpt_remove(root, "old", err);
    if (status == CKPT_OK)
        status = ckpt_add_module(root, "added module", "Linear", &added, err);
    if (status == CKPT_OK)
        status = ckpt_add_parameter(added, "weight", CKPT_F32, 1, shape, numbers, NULL, err);
    return status;
}

static ckpt *open_bytes(const void *bytes, size_t size) {
    ckpt *c;
    ckpt_error err;
    must(ckpt_open_memory(bytes, size, NULL, NULL, &c, &err), &err);
    return c;
}

/* A file of two generations, so that both slots are in use, and what leads to it. */
static void prepare(bench *b) {
    const uint64_t shape[] = {2000};
    ckpt *c;
    ckpt_error err;
    b->directory = test_directory_create();
    test_path(&b->directory, "net.ckpt", b->path, sizeof b->path);
    must(random_model(11, NULL, &c, &err), &err);
    must(ckpt_add_parameter(ckpt_root(c), "old", CKPT_F32, 1, shape, NULL, NULL, &err), &err);
    must(ckpt_save(c, b->path, NULL, &err), &err);
    ckpt_free(c);
    must(ckpt_open(b->path, NULL, &c, &err), &err);
    must(ckpt_map_set(ckpt_metadata(c), "note", ckpt_string("two"), NULL, &err), &err);
    must(ckpt_commit(c, NULL, &err), &err);
    ckpt_free(c);
    b->bytes = test_read_file(b->path, &b->size);
    b->before = open_bytes(b->bytes, b->size);
    b->after = open_bytes(b->bytes, b->size);
    must(change(b->after, &err), &err);
}

/* The edit with faults in ckpt_commit alone. */
static ckpt_status run(bench *b, const faults *f, ckpt_error *err) {
    memset(&b->memory, 0, sizeof b->memory);
    memset(&b->files, 0, sizeof b->files);
    test_write_file(b->path, b->bytes, b->size);
    ckpt_allocator allocator = fault_memory_hook(&b->memory);
    ckpt_open_options open = {.struct_size = sizeof open, .allocator = &allocator};
    open.filesystem = fault_files_hook(&b->files);
    ckpt *c;
    must(ckpt_open(b->path, &open, &c, err), err);
    must(change(c, err), err);
    fault_files_restart(&b->files);
    b->memory.requests = b->memory.failures = 0;
    b->memory.fail_at = f->memory_at;
    b->memory.fail_ever_after = b->files.fail_ever_after = f->ever_after;
    b->files.fail_at = f->file_at;
    b->files.sys_errno = f->sys_errno;
    b->files.largest_transfer = f->largest_transfer;
    ckpt_save_options save = {.struct_size = sizeof save, .chunk_size = 4096};
    ckpt_status status = ckpt_commit(c, &save, err);
    b->memory.fail_at = b->files.fail_at = 0;
    char text[300];
    ckpt *wanted = status == CKPT_OK || status == CKPT_E_DURABILITY ? b->after : NULL;
    if (wanted != NULL && models_differ(wanted, c, text, sizeof text) != NULL)
        complain(b, "the edited checkpoint", text);
    ckpt_free(c);
    if (b->files.open_files != 0)
        complain(b, "afterwards", "a file stays open");
    if (fault_memory_complaint(&b->memory) != NULL)
        complain(b, "memory", fault_memory_complaint(&b->memory));
    return status;
}

/* What is in the file afterwards must fit the status. */
static void look_at_file(bench *b, ckpt_status status) {
    char text[300], other[300];
    ckpt *c = NULL;
    ckpt_error err;
    if (ckpt_open(b->path, NULL, &c, &err) != CKPT_OK ||
        ckpt_verify(c, NULL, NULL, &err) != CKPT_OK) {
        complain(b, "the file", err.message);
        ckpt_free(c);
        return;
    }
    bool is_old = models_differ(b->before, c, text, sizeof text) == NULL;
    bool is_new = models_differ(b->after, c, other, sizeof other) == NULL;
    if (status == CKPT_OK || status == CKPT_E_DURABILITY ? !is_new : !is_old)
        complain(b, ckpt_status_name(status), "the file is not what the status says");
    ckpt_free(c);
}

static void describe_fault(bench *b, const faults *f, const char *name) {
    if (b->complaint[0] == '\0')
        return;
    size_t used = strlen(b->complaint);
    snprintf(b->complaint + used, sizeof b->complaint - used, " (%s %llu%s, errno %d)", name,
             (unsigned long long)(f->memory_at + f->file_at), f->ever_after ? " and after" : "",
             f->sys_errno);
}

static void report(bench *b, const char *name, uint64_t runs) {
    bool passed = b->complaint[0] == '\0' && runs != 0;
    printf("%s %d - %s\n# %llu runs\n", passed ? "ok" : "not ok", ++b->tests, name,
           (unsigned long long)runs);
    if (!passed)
        printf("# %s\n", b->complaint);
    b->failures += !passed;
    b->complaint[0] = '\0';
}

static void sweep_memory(bench *b, bool ever_after) {
    uint64_t runs = 0;
    for (faults f = {.memory_at = 1, .ever_after = ever_after};; f.memory_at++, runs++) {
        ckpt_error err;
        ckpt_status status = run(b, &f, &err);
        look_at_file(b, status);
        if (b->memory.failures != 0 && status != CKPT_E_NOMEM)
            complain(b, "status", ckpt_status_name(status));
        describe_fault(b, &f, "allocation");
        if (b->memory.failures == 0 || b->complaint[0] != '\0')
            break;
    }
    report(b, ever_after ? "allocations fail from one on" : "each allocation fails", runs);
}

static const char *fault_complaint(const faults *f, ckpt_status status, const ckpt_error *err) {
    if (status == CKPT_OK)
        return "success, though an operation failed";
    if (status != CKPT_E_IO && status != CKPT_E_DURABILITY)
        return ckpt_status_name(status);
    if (err->sys_errno != f->sys_errno)
        return "another errno";
    return NULL;
}

static void sweep_files(bench *b, int sys_errno, bool ever_after, size_t largest_transfer) {
    uint64_t runs = 0;
    faults f = {.file_at = 1,
                .ever_after = ever_after,
                .sys_errno = sys_errno,
                .largest_transfer = largest_transfer};
    for (;; f.file_at++, runs++) {
        ckpt_error err;
        ckpt_status status = run(b, &f, &err);
        look_at_file(b, status);
        if (b->files.failures != 0 && fault_complaint(&f, status, &err) != NULL)
            complain(b, "status", fault_complaint(&f, status, &err));
        describe_fault(b, &f, "operation");
        if (b->files.failures == 0 || b->complaint[0] != '\0')
            break;
    }
    char name[120];
    snprintf(name, sizeof name, "%s%s, transfers of %zu bytes", strerror(sys_errno),
             ever_after ? " from one operation on" : " in each operation", largest_transfer);
    report(b, name, runs);
}

int main(void) {
    static bench b;
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EFBIG, EROFS};
    prepare(&b);
    sweep_memory(&b, false);
    sweep_memory(&b, true);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        sweep_files(&b, errors[i], false, 0);
        sweep_files(&b, errors[i], true, 0);
    }
    sweep_files(&b, EIO, false, 700);
    sweep_files(&b, EIO, true, 700);
    ckpt_free(b.before);
    ckpt_free(b.after);
    free(b.bytes);
    test_directory_remove(&b.directory);
    printf("1..%d\n", b.tests);
    return b.failures != 0;
}
