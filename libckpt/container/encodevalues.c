/* SPDX-License-Identifier: MIT */
#include "container/encodevalues.h"

#include "base/sort.h"

#include <string.h>

/* Each value for itself. The elements of containers follow each other, as do the bytes of values.
 */
static void write_records(const ck_collection *all, ck_value_rec *records, unsigned char *bytes) {
    uint64_t next_element = (uint64_t)all->modules.count + 1, next_byte = 0;
    for (uint32_t v = 0; v < all->values.count; v++) {
        const ck_value_rec *from = ck_value_at(all->c, all->values.order[v]);
        records[v] = *from;
        records[v].by_key = 0;
        records[v].key = from->key != CK_NONE ? all->strings.number[from->key] : CK_NONE;
        if (from->type == CKPT_VALUE_STRING) {
            records[v].payload = all->strings.number[from->payload];
        } else if (from->type == CKPT_VALUE_BYTES) {
            records[v].payload = next_byte;
            if (from->count != 0)
                memcpy(bytes + next_byte, all->c->value_bytes.bytes + from->payload, from->count);
            next_byte += from->count;
        } else if (from->type == CKPT_VALUE_LIST || from->type == CKPT_VALUE_MAP) {
            records[v].payload = next_element;
            next_element += from->count;
        }
    }
}

static bool sort_map(const ck_memory *memory, ck_value_rec *run, uint32_t count, uint64_t *pairs) {
    for (uint32_t i = 0; i < count; i++)
        pairs[i] = ck_pair(run[i].key, i);
    if (!ck_sort(memory, pairs, count, sizeof(uint64_t), ck_compare_numbers))
        return false;
    for (uint32_t i = 0; i < count; i++)
        run[i].by_key = (uint32_t)pairs[i];
    return true;
}

bool ck_encode_values(const ck_collection *all, ck_value_rec *records, unsigned char *bytes,
                      uint64_t *pairs) {
    write_records(all, records, bytes);
    /* The keys of a map can be sorted when its elements are there. */
    for (uint32_t v = 0; v < all->values.count; v++) {
        if (records[v].type != CKPT_VALUE_MAP || records[v].count == 0)
            continue;
        if (!sort_map(&all->c->memory, records + records[v].payload, records[v].count, pairs))
            return false;
    }
    return true;
}
