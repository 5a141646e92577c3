/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_DIRECT */
#include "benchlimits.h"

#include "benchmeter.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)
#define LARGE_PIECE ((size_t)4 << 20)

static volatile uint64_t sink; /* so that nothing is left out */

static int open_file(const char *path, int flags) {
    int file = open(path, flags);
    if (file < 0)
        die("cannot open the file");
    return file;
}

static uint64_t size_of(int file) {
    struct stat status;
    if (fstat(file, &status) != 0)
        die("cannot look at the file");
    return (uint64_t)status.st_size;
}

void limit_make_cold(const char *path) {
    int file = open_file(path, O_RDONLY);
    if (fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
        die("cannot drop what is cached of the file");
    close(file);
}

static uint64_t sum_part(void *ctx, uint64_t begin, uint64_t end) {
    return sum_words((const unsigned char *)ctx + begin, (size_t)(end - begin));
}

double limit_sum_map(const char *path, unsigned threads) {
    double begin = now();
    int file = open_file(path, O_RDONLY);
    uint64_t size = size_of(file);
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        die("cannot map the file");
    sink = split_work(threads, size, sum_part, bytes);
    munmap(bytes, (size_t)size);
    close(file);
    return now() - begin;
}

static uint64_t read_part(void *ctx, uint64_t begin, uint64_t end) {
    int file = *(const int *)ctx;
    unsigned char *buffer = room(PIECE);
    uint64_t sum = 0;
    while (begin < end) {
        size_t wanted = end - begin < PIECE ? (size_t)(end - begin) : PIECE;
        ssize_t count = pread(file, buffer, wanted, (off_t)begin);
        if (count <= 0)
            die("cannot read the file");
        sum += sum_words(buffer, (size_t)count);
        begin += (uint64_t)count;
    }
    free(buffer);
    return sum;
}

double limit_sum_read(const char *path, unsigned threads) {
    double begin = now();
    int file = open_file(path, O_RDONLY);
    sink = split_work(threads, size_of(file), read_part, &file);
    close(file);
    return now() - begin;
}

double limit_sum_memory(size_t size, unsigned threads) {
    unsigned char *bytes = room(size);
    memset(bytes, 1, size);
    double begin = now();
    sink = split_work(threads, size, sum_part, bytes);
    double seconds = now() - begin;
    free(bytes);
    return seconds;
}

double limit_read(const char *path, bool direct) {
    unsigned char *buffer = room(LARGE_PIECE);
    double begin = now();
    int file = open_file(path, direct ? O_RDONLY | O_DIRECT : O_RDONLY);
    uint64_t offset = 0;
    for (;;) {
        ssize_t count = pread(file, buffer, LARGE_PIECE, (off_t)offset);
        if (count < 0)
            die("cannot read the file");
        if (count == 0)
            break;
        offset += (uint64_t)count;
    }
    close(file);
    double seconds = now() - begin;
    free(buffer);
    return seconds;
}

static int create_file(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0)
        die("cannot create the file");
    return file;
}

static void write_all(int file, const unsigned char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(file, bytes, size < LARGE_PIECE ? size : LARGE_PIECE);
        if (count <= 0)
            die("cannot write the file");
        bytes += count;
        size -= (size_t)count;
    }
}

static void finish_file(int file, bool sync) {
    if (sync && fsync(file) != 0)
        die("cannot sync the file");
    close(file);
}

double limit_write(const char *path, const void *bytes, size_t size, bool sync) {
    unlink(path);
    double begin = now();
    int file = create_file(path);
    write_all(file, bytes, size);
    finish_file(file, sync);
    return now() - begin;
}

double limit_copy(const char *from, const char *to, bool sync) {
    unsigned char *buffer = room(LARGE_PIECE);
    unlink(to);
    double begin = now();
    int in = open_file(from, O_RDONLY), out = create_file(to);
    ssize_t count;
    while ((count = read(in, buffer, LARGE_PIECE)) > 0)
        write_all(out, buffer, (size_t)count);
    if (count < 0)
        die("cannot read the file");
    close(in);
    finish_file(out, sync);
    double seconds = now() - begin;
    free(buffer);
    return seconds;
}
