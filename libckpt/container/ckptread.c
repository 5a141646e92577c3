/* SPDX-License-Identifier: MIT */
/* The reader of the .ckpt format: header, index, checks. */
#include "container/ckptformat.h"

#include "container/generations.h"
#include "container/parts.h"

#include <string.h>

/* A file that is cut inside the magic is still recognised, so that it can be called truncated; and
 * so is one whose first page was damaged while it was written. */
bool ck_ckpt_probe(const unsigned char *head, size_t size, uint64_t file_size) {
    (void)file_size;
    size_t common = size < CK_MAGIC_SIZE ? size : CK_MAGIC_SIZE;
    if (common > 0 && memcmp(head, CK_MAGIC, common) == 0)
        return true;
    return size >= CK_PAGE_SIZE + CK_MAGIC_SIZE &&
           memcmp(head + CK_PAGE_SIZE, CK_MAGIC, CK_MAGIC_SIZE) == 0;
}

static void fill_info(ckpt *c, const ck_header *header) {
    const ck_slot *slot = &header->slot;
    c->info.version_major = slot->version_major;
    c->info.version_minor = slot->version_minor;
    c->info.generation = slot->sequence;
    c->info.index_size = slot->index_size;
    c->info.recovered = header->recovered;
    c->info.retired_size = ck_generation_retired_size(c);
    c->index_offset = slot->index_offset;
    c->index_checksum = slot->index_checksum;
    for (uint32_t s = 0; s < c->storages.count; s++)
        c->info.storages_checked += ck_storage_at(c, s)->chunk_log2 != 0;
}

ckpt_status ck_ckpt_read(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_header header;
    ckpt_status status = ck_header_read(source, &header, err);
    if (status != CKPT_OK)
        return status;
    c->is_older = c->wanted_generation != 0 && c->wanted_generation != header.slot.sequence;
    if (c->is_older)
        status = ck_generation_find(source, c->wanted_generation, &header.slot, err);
    if (status == CKPT_OK)
        status = ck_generation_read(c, source, &header.slot, c->is_older, err);
    if (status == CKPT_OK)
        status = ck_parts_link(c, source, err);
    if (status != CKPT_OK)
        return status;
    fill_info(c, &header);
    ck_take_source(c, source);
    return CKPT_OK;
}
