/* SPDX-License-Identifier: MIT */
#include "comparemodels.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNPAIRED UINT32_MAX

/* A one-to-one relation between the objects of one kind. */
typedef struct pairing {
    uint32_t *b_of_a;
    uint32_t *a_of_b;
} pairing;

typedef struct comparison {
    ckpt *a, *b;
    pairing modules, tensors, storages;
    uint32_t *queue; /* modules of a that are paired and not yet compared, and those before */
    uint32_t queued;
    char *buffer;
    size_t size;
    bool differ;
} comparison;

static void tell(comparison *k, const char *format, ...) {
    va_list arguments;
    if (!k->differ) {
        va_start(arguments, format);
        vsnprintf(k->buffer, k->size, format, arguments);
        va_end(arguments);
    }
    k->differ = true;
}

static uint32_t *unpaired(uint32_t count) {
    uint32_t *numbers = malloc(((size_t)count + 1) * sizeof *numbers);
    if (numbers == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = UNPAIRED;
    return numbers;
}

static pairing pairing_create(uint32_t count_a, uint32_t count_b) {
    pairing p = {unpaired(count_a), unpaired(count_b)};
    return p;
}

static void pairing_free(pairing *p) {
    free(p->b_of_a);
    free(p->a_of_b);
}

/* Pairs two objects; *ret_new tells whether they were unpaired until now. */
static bool pair(pairing *p, uint32_t a, uint32_t b, bool *ret_new) {
    *ret_new = p->b_of_a[a] == UNPAIRED && p->a_of_b[b] == UNPAIRED;
    if (*ret_new) {
        p->b_of_a[a] = b;
        p->a_of_b[b] = a;
    }
    return p->b_of_a[a] == b && p->a_of_b[b] == a;
}

static void compare_values(comparison *k, ckpt_value a, ckpt_value b, const char *where);

static void compare_elements(comparison *k, ckpt_value a, ckpt_value b, const char *where) {
    if (ckpt_value_count(a) != ckpt_value_count(b)) {
        tell(k, "%s: %u elements, and %u", where, ckpt_value_count(a), ckpt_value_count(b));
        return;
    }
    for (uint32_t i = 0; i < ckpt_value_count(a) && !k->differ; i++) {
        const char *x = ckpt_map_key(a, i), *y = ckpt_map_key(b, i);
        if ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0)) {
            tell(k, "%s: key %u is '%s', and '%s'", where, i, x, y);
            return;
        }
        ckpt_value found = x != NULL ? ckpt_map_get(b, y) : ckpt_value_at(b, i);
        compare_values(k, ckpt_value_at(a, i), found, where);
    }
}

static void compare_values(comparison *k, ckpt_value a, ckpt_value b, const char *where) {
    size_t size_a = 0, size_b = 0;
    double x, y;
    if (ckpt_value_kind(a) != ckpt_value_kind(b)) {
        tell(k, "%s: a value of kind %d, and %d", where, ckpt_value_kind(a), ckpt_value_kind(b));
        return;
    }
    bool equal = true;
    switch (ckpt_value_kind(a)) {
    case CKPT_VALUE_BOOL: equal = ckpt_value_bool(a, false) == ckpt_value_bool(b, false); break;
    case CKPT_VALUE_INT: equal = ckpt_value_int(a, 0) == ckpt_value_int(b, 0); break;
    case CKPT_VALUE_FLOAT:
        x = ckpt_value_float(a, 0);
        y = ckpt_value_float(b, 0);
        equal = memcmp(&x, &y, sizeof x) == 0;
        break;
    case CKPT_VALUE_STRING: equal = strcmp(ckpt_value_string(a), ckpt_value_string(b)) == 0; break;
    case CKPT_VALUE_BYTES: {
        const void *bytes_a = ckpt_value_bytes(a, &size_a), *bytes_b = ckpt_value_bytes(b, &size_b);
        equal = size_a == size_b && (size_a == 0 || memcmp(bytes_a, bytes_b, size_a) == 0);
        break;
    }
    case CKPT_VALUE_LIST:
    case CKPT_VALUE_MAP: compare_elements(k, a, b, where); break;
    case CKPT_VALUE_NULL:
    case CKPT_VALUE_ABSENT:
    default: break;
    }
    if (!equal)
        tell(k, "%s: values of kind %d differ", where, ckpt_value_kind(a));
}

bool values_equal(ckpt_value a, ckpt_value b) {
    char why[8];
    comparison k = {.buffer = why, .size = sizeof why};
    compare_values(&k, a, b, "");
    return !k.differ;
}

static void compare_storages(comparison *k, ckpt_storage a, ckpt_storage b, const char *where) {
    ckpt_error err;
    bool is_new;
    if (!pair(&k->storages, a.id, b.id, &is_new)) {
        tell(k, "%s: the storage is shared with other tensors here than there", where);
        return;
    }
    if (!is_new)
        return;
    if (ckpt_storage_size(a) != ckpt_storage_size(b)) {
        tell(k, "%s: a storage of %llu bytes, and %llu", where,
             (unsigned long long)ckpt_storage_size(a), (unsigned long long)ckpt_storage_size(b));
        return;
    }
    size_t size = (size_t)ckpt_storage_size(a);
    unsigned char *bytes = malloc(2 * size + 1);
    if (bytes == NULL)
        abort();
    if (ckpt_storage_read(a, 0, size, bytes, &err) != CKPT_OK ||
        ckpt_storage_read(b, 0, size, bytes + size, &err) != CKPT_OK)
        tell(k, "%s: %s", where, err.message);
    else if (memcmp(bytes, bytes + size, size) != 0)
        tell(k, "%s: the bytes of the storages differ", where);
    free(bytes);
}

static void compare_shapes(comparison *k, ckpt_tensor a, ckpt_tensor b, const char *where) {
    uint32_t rank = ckpt_tensor_rank(a);
    if (rank != ckpt_tensor_rank(b)) {
        tell(k, "%s: rank %u, and %u", where, rank, ckpt_tensor_rank(b));
        return;
    }
    for (uint32_t i = 0; i < rank; i++) {
        if (ckpt_tensor_shape(a)[i] != ckpt_tensor_shape(b)[i])
            tell(k, "%s: the extents of dimension %u differ", where, i);
        if (ckpt_tensor_stride(a, i) != ckpt_tensor_stride(b, i))
            tell(k, "%s: the strides of dimension %u differ", where, i);
    }
}

static void compare_tensors(comparison *k, ckpt_tensor a, ckpt_tensor b, const char *where) {
    bool is_new;
    if (!pair(&k->tensors, a.id, b.id, &is_new)) {
        tell(k, "%s: the tensor is tied otherwise here than there", where);
        return;
    }
    if (!is_new)
        return;
    ckpt_dtype_info x = ckpt_tensor_dtype_info(a), y = ckpt_tensor_dtype_info(b);
    if (strcmp(x.name, y.name) != 0 || x.dtype != y.dtype || x.dtype_class != y.dtype_class ||
        x.block_elements != y.block_elements || x.block_bytes != y.block_bytes)
        tell(k, "%s: dtype %s, and %s", where, x.name, y.name);
    compare_shapes(k, a, b, where);
    if (ckpt_tensor_numel(a) != ckpt_tensor_numel(b) ||
        ckpt_tensor_nbytes(a) != ckpt_tensor_nbytes(b) ||
        ckpt_tensor_is_contiguous(a) != ckpt_tensor_is_contiguous(b) ||
        ckpt_tensor_storage_offset(a) != ckpt_tensor_storage_offset(b))
        tell(k, "%s: numel, nbytes, contiguity or storage offset differ", where);
    if (ckpt_tensor_is_parameter(a) != ckpt_tensor_is_parameter(b) ||
        ckpt_tensor_requires_grad(a) != ckpt_tensor_requires_grad(b))
        tell(k, "%s: parameter or requires_grad differ", where);
    if (!k->differ)
        compare_storages(k, ckpt_tensor_storage(a), ckpt_tensor_storage(b), where);
}

static void enqueue(comparison *k, ckpt_module a, ckpt_module b, const char *where) {
    bool is_new;
    if (!pair(&k->modules, a.id, b.id, &is_new))
        tell(k, "%s: the module is shared otherwise here than there", where);
    else if (is_new)
        k->queue[k->queued++] = a.id;
}

static void compare_members(comparison *k, ckpt_module a, ckpt_module b, uint32_t i) {
    ckpt_member x = ckpt_module_member(a, i), y = ckpt_module_member(b, i);
    if (x.name == NULL || y.name == NULL || strcmp(x.name, y.name) != 0) {
        tell(k, "module %u: member %u is '%s', and '%s'", a.id, i, x.name, y.name);
        return;
    }
    ckpt_member found = ckpt_module_member_named(b, x.name);
    if (x.kind != y.kind || found.kind != y.kind || found.name == NULL ||
        !ckpt_tensor_same(found.tensor, y.tensor) || !ckpt_module_same(found.module, y.module))
        tell(k, "module %u: member '%s' has another kind, or is not found", a.id, x.name);
    else if (x.kind == CKPT_MEMBER_MODULE)
        enqueue(k, x.module, y.module, x.name);
    else
        compare_tensors(k, x.tensor, y.tensor, x.name);
}

static void compare_modules(comparison *k, ckpt_module a, ckpt_module b) {
    uint32_t count = ckpt_module_member_count(a);
    if (strcmp(ckpt_module_type(a), ckpt_module_type(b)) != 0)
        tell(k, "module %u: type '%s', and '%s'", a.id, ckpt_module_type(a), ckpt_module_type(b));
    if (count != ckpt_module_member_count(b))
        tell(k, "module %u: %u members, and %u", a.id, count, ckpt_module_member_count(b));
    compare_values(k, ckpt_module_attributes(a), ckpt_module_attributes(b), "attributes");
    for (uint32_t i = 0; i < count && !k->differ; i++)
        compare_members(k, a, b, i);
}

const char *models_differ(ckpt *a, ckpt *b, char *buffer, size_t size) {
    comparison k = {.a = a, .b = b, .buffer = buffer, .size = size};
    k.modules = pairing_create(ckpt_module_count(a), ckpt_module_count(b));
    k.tensors = pairing_create(ckpt_tensor_count(a), ckpt_tensor_count(b));
    k.storages = pairing_create(ckpt_storage_count(a), ckpt_storage_count(b));
    k.queue = unpaired(ckpt_module_count(a));
    compare_values(&k, ckpt_metadata(a), ckpt_metadata(b), "metadata");
    enqueue(&k, ckpt_root(a), ckpt_root(b), "root");
    for (uint32_t i = 0; i < k.queued && !k.differ; i++) {
        ckpt_module x = ckpt_module_by_id(a, k.queue[i]);
        compare_modules(&k, x, ckpt_module_by_id(b, k.modules.b_of_a[x.id]));
    }
    pairing_free(&k.modules);
    pairing_free(&k.tensors);
    pairing_free(&k.storages);
    free(k.queue);
    return k.differ ? buffer : NULL;
}
