/* SPDX-License-Identifier: MIT */
/* The memory hook: every allocation of the library is made through a ck_memory. */
#ifndef CK_MEMORY_H
#define CK_MEMORY_H

#include <ckpt/hooks.h>

typedef ckpt_allocator ck_memory;

/* The caller's allocator, or the C library's for NULL. */
ck_memory ck_memory_from(const ckpt_allocator *allocator);

/* All return NULL when memory runs out or count * size does not fit; a request for 0 bytes gives
 * a block of one, so that NULL always means failure. A block is freed with the count and size that
 * it was last given. */
void *ck_alloc(const ck_memory *memory, size_t count, size_t size);  /* not initialised */
void *ck_calloc(const ck_memory *memory, size_t count, size_t size); /* zeros */
void *ck_resize(const ck_memory *memory, void *block, size_t old_count, size_t new_count,
                size_t size);
void ck_free(const ck_memory *memory, void *block, size_t count, size_t size); /* takes NULL */

/* For what the system copies to and from: that is up to three times as fast where both sides begin
 * at a cache line. The block has CK_COPY_ROOM(size) bytes, freed as such; bytes are used from
 * ck_copy_begin on. */
#define CK_COPY_ALIGNMENT ((size_t)4096)
#define CK_COPY_ROOM(size) ((size) + CK_COPY_ALIGNMENT)
unsigned char *ck_copy_begin(unsigned char *block);

/* A NUL-terminated copy; freed with ck_free_string. */
char *ck_copy_string(const ck_memory *memory, const char *text, size_t size);
void ck_free_string(const ck_memory *memory, char *text); /* takes NULL; measures it with strlen */

#endif
