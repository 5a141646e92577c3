/* SPDX-License-Identifier: MIT */
#include "container/header.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "model/checksum.h"

#include <string.h>

/* Both pages as they were read, and what is known of them. */
typedef struct pages {
    const ck_source *source;
    const unsigned char *bytes;
    ck_slot slots[2];
    bool sound[2];
    unsigned current;
} pages;

static ckpt_status reject(const pages *p, uint64_t offset, const char *rule, ckpt_status status,
                          const char *message, ckpt_error *err) {
    ck_place place = {p->source->name, offset, rule, 0, 0};
    return ck_fail_at(err, &place, status, "%s", message);
}

static const unsigned char *page(const pages *p, unsigned i) {
    return p->bytes + i * CK_PAGE_SIZE;
}

/* size is not 0. Bytes that all equal their neighbour are all equal to the first. */
static bool all_zero(const unsigned char *bytes, size_t size) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool has_magic(const unsigned char *bytes) {
    return memcmp(bytes, CK_MAGIC, CK_MAGIC_SIZE) == 0;
}

static void slot_decode(const unsigned char *bytes, ck_slot *slot) {
    slot->version_major = ck_load16(bytes + CK_SLOT_MAJOR);
    slot->version_minor = ck_load16(bytes + CK_SLOT_MINOR);
    slot->state = ck_load32(bytes + CK_SLOT_STATE);
    slot->required_features = ck_load64(bytes + CK_SLOT_REQUIRED);
    slot->optional_features = ck_load64(bytes + CK_SLOT_OPTIONAL);
    slot->sequence = ck_load64(bytes + CK_SLOT_SEQUENCE);
    slot->index_offset = ck_load64(bytes + CK_SLOT_INDEX_OFFSET);
    slot->index_size = ck_load64(bytes + CK_SLOT_INDEX_SIZE);
    slot->index_checksum = ck_load64(bytes + CK_SLOT_INDEX_CHECKSUM);
    slot->file_size = ck_load64(bytes + CK_SLOT_FILE_SIZE);
}

void ck_slot_encode(const ck_slot *slot, unsigned char *bytes) {
    memset(bytes, 0, CK_SLOT_SIZE);
    memcpy(bytes, CK_MAGIC, CK_MAGIC_SIZE);
    ck_store16(bytes + CK_SLOT_MAJOR, slot->version_major);
    ck_store16(bytes + CK_SLOT_MINOR, slot->version_minor);
    ck_store32(bytes + CK_SLOT_STATE, slot->state);
    ck_store64(bytes + CK_SLOT_REQUIRED, slot->required_features);
    ck_store64(bytes + CK_SLOT_OPTIONAL, slot->optional_features);
    ck_store64(bytes + CK_SLOT_SEQUENCE, slot->sequence);
    ck_store64(bytes + CK_SLOT_INDEX_OFFSET, slot->index_offset);
    ck_store64(bytes + CK_SLOT_INDEX_SIZE, slot->index_size);
    ck_store64(bytes + CK_SLOT_INDEX_CHECKSUM, slot->index_checksum);
    ck_store64(bytes + CK_SLOT_FILE_SIZE, slot->file_size);
    ck_store64(bytes + CK_SLOT_CHECKSUM, ck_checksum(bytes, CK_SLOT_CHECKSUM));
}

/* H2. */
static ckpt_status find_sound_slots(pages *p, ckpt_error *err) {
    for (unsigned i = 0; i < 2; i++) {
        const unsigned char *bytes = page(p, i);
        p->sound[i] = has_magic(bytes) &&
                      ck_checksum(bytes, CK_SLOT_CHECKSUM) == ck_load64(bytes + CK_SLOT_CHECKSUM);
        if (p->sound[i])
            slot_decode(bytes, &p->slots[i]);
    }
    if (p->sound[0] || p->sound[1])
        return CKPT_OK;
    if (!has_magic(page(p, 0)) && !has_magic(page(p, 1)))
        return reject(p, 0, "H2", CKPT_E_FORMAT, "not a .ckpt file", err);
    return reject(p, CK_SLOT_CHECKSUM, "H2", CKPT_E_CHECKSUM, "both header slots are damaged", err);
}

/* H5, H3: each slot for itself. */
static ckpt_status check_each_slot(const pages *p, ckpt_error *err) {
    for (unsigned i = 0; i < 2; i++) {
        if (p->sound[i] && p->slots[i].version_major != CK_VERSION_MAJOR)
            return reject(p, i * CK_PAGE_SIZE + CK_SLOT_MAJOR, "H5", CKPT_E_VERSION,
                          "a major version of the format that this library does not know", err);
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t sequence = p->slots[i].sequence;
        if (p->sound[i] && (sequence == 0 || (sequence - 1) % 2 != i))
            return reject(p, i * CK_PAGE_SIZE + CK_SLOT_SEQUENCE, "H3", CKPT_E_STRUCTURE,
                          "the header slot does not stand in the page of its sequence number", err);
    }
    return CKPT_OK;
}

/* H4. */
static ckpt_status check_sequences(const pages *p, ckpt_error *err) {
    uint64_t a = p->slots[0].sequence, b = p->slots[1].sequence;
    if (p->sound[0] && p->sound[1] && (a > b ? a - b : b - a) != 1)
        return reject(p, CK_SLOT_SEQUENCE, "H4", CKPT_E_STRUCTURE,
                      "the header slots are not neighbouring generations", err);
    return CKPT_OK;
}

/* H7. */
static ckpt_status choose_current(pages *p, ckpt_error *err) {
    bool found = false;
    for (unsigned i = 0; i < 2; i++) {
        if (!p->sound[i])
            continue;
        if (p->slots[i].state != CK_STATE_COMMITTED && p->slots[i].state != CK_STATE_EDITING)
            return reject(p, i * CK_PAGE_SIZE + CK_SLOT_STATE, "H7", CKPT_E_STRUCTURE,
                          "the header slot has an unknown state", err);
        if (p->slots[i].state != CK_STATE_COMMITTED)
            continue;
        if (!found || p->slots[i].sequence > p->slots[p->current].sequence)
            p->current = i;
        found = true;
    }
    unsigned other = 1 - p->current;
    if (!found)
        return reject(p, CK_SLOT_STATE, "H7", CKPT_E_STRUCTURE, "no generation is committed", err);
    if (p->sound[other] && p->slots[other].state == CK_STATE_EDITING &&
        p->slots[other].sequence < p->slots[p->current].sequence)
        return reject(p, other * CK_PAGE_SIZE + CK_SLOT_STATE, "H7", CKPT_E_STRUCTURE,
                      "an edit of an older generation", err);
    return CKPT_OK;
}

/* H8, H6, H9. */
static ckpt_status check_fields(const pages *p, ckpt_error *err) {
    const ck_slot *slot = &p->slots[p->current];
    uint64_t begin = p->current * CK_PAGE_SIZE;
    if (slot->version_minor == 0 &&
        !all_zero(page(p, p->current) + CK_SLOT_UNUSED, CK_SLOT_CHECKSUM - CK_SLOT_UNUSED))
        return reject(p, begin + CK_SLOT_UNUSED, "H8", CKPT_E_STRUCTURE,
                      "unused bytes of the header slot are not zero", err);
    if ((slot->required_features & ~CK_KNOWN_FEATURES) != 0)
        return reject(p, begin + CK_SLOT_REQUIRED, "H6", CKPT_E_VERSION,
                      "the file requires a feature that this library does not know", err);
    for (unsigned i = 0; i < 2; i++) {
        if (!all_zero(page(p, i) + CK_SLOT_SIZE, CK_PAGE_SIZE - CK_SLOT_SIZE))
            return reject(p, i * CK_PAGE_SIZE + CK_SLOT_SIZE, "H9", CKPT_E_STRUCTURE,
                          "a header page is not zero behind its slot", err);
    }
    return CKPT_OK;
}

static const char *find_interruption(const pages *p) {
    unsigned other = 1 - p->current;
    if (p->sound[other])
        return p->slots[other].state == CK_STATE_EDITING
                   ? "an edit was interrupted; the generation before it is shown"
                   : "";
    if (p->slots[p->current].sequence == 1 && all_zero(page(p, other), CK_PAGE_SIZE))
        return "";
    return "a header slot is damaged; a newer generation may be lost";
}

/* H10, H11. */
static ckpt_status check_sizes(const pages *p, bool interrupted, ckpt_error *err) {
    const ck_slot *slot = &p->slots[p->current];
    uint64_t begin = p->current * CK_PAGE_SIZE, end;
    if (p->source->size < slot->file_size)
        return reject(p, p->source->size, "H10", CKPT_E_TRUNCATED,
                      "the file ends before its content does", err);
    if (p->source->size > slot->file_size && !interrupted)
        return reject(p, slot->file_size, "H10", CKPT_E_STRUCTURE,
                      "bytes behind the end of the content", err);
    if (slot->index_offset % CK_ALIGNMENT != 0 || slot->index_offset < CK_HEADER_SIZE ||
        !ck_add(slot->index_offset, slot->index_size, &end) || end != slot->file_size)
        return reject(p, begin + CK_SLOT_INDEX_OFFSET, "H11", CKPT_E_BOUNDS,
                      "the index does not lie at the end of the file", err);
    return CKPT_OK;
}

static ckpt_status examine(pages *p, ck_header *ret_header, ckpt_error *err) {
    ckpt_status status = find_sound_slots(p, err);
    if (status == CKPT_OK)
        status = check_each_slot(p, err);
    if (status == CKPT_OK)
        status = check_sequences(p, err);
    if (status == CKPT_OK)
        status = choose_current(p, err);
    if (status == CKPT_OK)
        status = check_fields(p, err);
    if (status != CKPT_OK)
        return status;
    const char *recovered = find_interruption(p);
    status = check_sizes(p, recovered[0] != '\0', err);
    if (status == CKPT_OK) {
        ret_header->slot = p->slots[p->current];
        ret_header->recovered = recovered;
    }
    return status;
}

ckpt_status ck_header_read(const ck_source *source, ck_header *ret_header, ckpt_error *err) {
    pages p;
    memset(&p, 0, sizeof p);
    p.source = source;
    if (source->size < CK_HEADER_SIZE)
        return reject(&p, source->size, "H1", CKPT_E_TRUNCATED, "the file ends inside its header",
                      err);
    unsigned char *bytes = ck_alloc(&source->memory, CK_HEADER_SIZE, 1);
    if (bytes == NULL)
        return ck_fail_nomem(err);
    p.bytes = bytes;
    ckpt_status status = ck_source_read(source, 0, bytes, CK_HEADER_SIZE, err);
    if (status == CKPT_OK)
        status = examine(&p, ret_header, err);
    ck_free(&source->memory, bytes, CK_HEADER_SIZE, 1);
    return status;
}
