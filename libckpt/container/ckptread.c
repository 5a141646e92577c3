/* SPDX-License-Identifier: MIT */
/* The reader of the .ckpt format: header, index, checks. */
#include "container/ckptformat.h"

#include "base/checked.h"
#include "container/header.h"
#include "container/index.h"

#include <string.h>
#include <xxhash.h>

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

/* H12. The index is read whole into memory of ours, and only that copy is looked at. */
static ckpt_status read_index(ckpt *c, const ck_source *source, const ck_slot *slot,
                              ckpt_error *err) {
    size_t size;
    if (!ck_to_size(slot->index_size, &size))
        return ck_fail_nomem(err);
    c->index = ck_alloc(&c->memory, size, 1);
    c->index_size = size;
    if (c->index == NULL)
        return ck_fail_nomem(err);
    ckpt_status status = ck_source_read(source, slot->index_offset, c->index, size, err);
    if (status != CKPT_OK)
        return status;
    if (XXH3_64bits(c->index, size) != slot->index_checksum) {
        ck_place place = {source->name, slot->index_offset, "H12", 0, 0};
        return ck_fail_at(err, &place, CKPT_E_CHECKSUM, "the index has not its checksum");
    }
    return CKPT_OK;
}

static void fill_info(ckpt *c, const ck_header *header) {
    const ck_slot *slot = &header->slot;
    c->info.version_major = slot->version_major;
    c->info.version_minor = slot->version_minor;
    c->info.generation = slot->sequence;
    c->info.index_size = slot->index_size;
    c->info.recovered = header->recovered;
    c->index_offset = slot->index_offset;
    for (uint32_t s = 0; s < c->storages.count; s++)
        c->info.storages_checked += ck_storage_at(c, s)->chunk_log2 != 0;
}

ckpt_status ck_ckpt_read(ckpt *c, ck_source *source, ckpt_error *err) {
    ck_header header;
    ckpt_status status = ck_header_read(source, &header, err);
    if (status == CKPT_OK)
        status = read_index(c, source, &header.slot, err);
    if (status != CKPT_OK)
        return status;
    ck_index index;
    memset(&index, 0, sizeof index);
    index.c = c;
    index.name = source->name;
    index.offset = header.slot.index_offset;
    index.bytes = c->index;
    index.size = c->index_size;
    index.version_minor = header.slot.version_minor;
    index.sequence = header.slot.sequence;
    status = ck_index_load(&index, err);
    if (status == CKPT_OK)
        status = ck_index_check(&index, err);
    if (status != CKPT_OK)
        return status;
    fill_info(c, &header);
    ck_take_source(c, source);
    return CKPT_OK;
}
