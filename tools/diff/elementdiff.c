/* SPDX-License-Identifier: MIT */
#include "elementdiff.h"

#include <math.h>
#include <string.h>

#include "../common/tensorwindow.h"

enum { TOGETHER = 4096 }; /* elements compared at a time; a multiple of every block */

typedef struct comparison {
    element_diff d;
    double rtol, atol;
    tensor_window a, b;
    ckpt_dtype a_type, b_type; /* of the numbers: the parts, for complex ones */
    unsigned parts;            /* numbers in an element: 2 for complex ones */
    bool same_type;
} comparison;

/* The type of the numbers in an element; CKPT_DTYPE_OTHER when there are none. */
static ckpt_dtype number_type(ckpt_dtype dtype) {
    switch (dtype) {
    case CKPT_COMPLEX32: return CKPT_F16;
    case CKPT_COMPLEX64: return CKPT_F32;
    case CKPT_COMPLEX128: return CKPT_F64;
    default: break;
    }
    return ckpt_convert(dtype, NULL, CKPT_F64, NULL, 0, NULL) == CKPT_OK ? dtype : CKPT_DTYPE_OTHER;
}

static bool same_type(ckpt_tensor a, ckpt_tensor b) {
    ckpt_dtype_info x = ckpt_tensor_dtype_info(a), y = ckpt_tensor_dtype_info(b);
    return strcmp(x.name, y.name) == 0 && x.block_elements == y.block_elements &&
           x.block_bytes == y.block_bytes;
}

static bool is_complex(ckpt_tensor tensor) {
    return ckpt_tensor_dtype_info(tensor).dtype_class == CKPT_CLASS_COMPLEX;
}

bool element_diff_possible(ckpt_tensor a, ckpt_tensor b) {
    uint32_t rank = ckpt_tensor_rank(a);
    if (rank != ckpt_tensor_rank(b) ||
        (rank != 0 &&
         memcmp(ckpt_tensor_shape(a), ckpt_tensor_shape(b), rank * sizeof(uint64_t)) != 0))
        return false;
    if (same_type(a, b))
        return true;
    return number_type(ckpt_tensor_dtype(a)) != CKPT_DTYPE_OTHER &&
           number_type(ckpt_tensor_dtype(b)) != CKPT_DTYPE_OTHER && is_complex(a) == is_complex(b);
}

/* ---- numbers ---- */

static void note(comparison *k, double a, double b, double distance) {
    element_diff *d = &k->d;
    d->differing++;
    if (isnan(a) || isnan(b)) {
        d->nans++;
        d->beyond++;
        return;
    }
    d->sum_abs += distance;
    if (distance > d->max_abs)
        d->max_abs = distance;
    /* No number is near to an infinite one, however much of it is allowed. */
    if (isinf(distance) || !(distance <= k->atol + k->rtol * fabs(b)))
        d->beyond++;
}

static uint64_t load(const unsigned char *p, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

/* Floats of one type, in the order of their values: neighbours are one apart. */
static int64_t rank_of(uint64_t bits, size_t size, bool is_signed) {
    uint64_t sign = is_signed ? (uint64_t)1 << (size * 8 - 1) : 0;
    return (bits & sign) != 0 ? -(int64_t)(bits & (sign - 1)) : (int64_t)bits;
}

static void note_ulp(comparison *k, const unsigned char *a, const unsigned char *b, size_t size) {
    bool is_signed = k->a_type != CKPT_F8_E8M0FNU;
    int64_t x = rank_of(load(a, size), size, is_signed),
            y = rank_of(load(b, size), size, is_signed);
    uint64_t ulp = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
    if (ulp > k->d.max_ulp)
        k->d.max_ulp = ulp;
}

/* Integers of one type: exactly. */
static double integer_distance(const unsigned char *a, const unsigned char *b, size_t size,
                               bool is_signed) {
    uint64_t x = load(a, size), y = load(b, size);
    uint64_t sign = is_signed ? (uint64_t)1 << (size * 8 - 1) : 0;
    x ^= sign;
    y ^= sign;
    return x > y ? (double)(x - y) : (double)(y - x);
}

static void compare_numbers(comparison *k, const unsigned char *a, const unsigned char *b,
                            const double *x, const double *y, size_t count) {
    ckpt_dtype_info info = ckpt_dtype_describe(k->a_type);
    bool is_whole = k->same_type && info.block_elements == 1;
    bool is_integer = info.dtype_class == CKPT_CLASS_INT || info.dtype_class == CKPT_CLASS_UINT;
    size_t size = is_whole ? info.block_bytes : 0;
    for (size_t i = 0; i < count; i++) {
        bool bits_differ = is_whole && memcmp(a + i * size, b + i * size, size) != 0;
        if (is_whole && !bits_differ)
            continue;
        if (is_whole && is_integer) {
            note(k, x[i], y[i],
                 integer_distance(a + i * size, b + i * size, size,
                                  info.dtype_class == CKPT_CLASS_INT));
        } else if (x[i] == y[i] || (isnan(x[i]) && isnan(y[i]))) {
            k->d.bits += bits_differ;
        } else {
            note(k, x[i], y[i], fabs(x[i] - y[i]));
            if (k->d.has_ulp && !isnan(x[i]) && !isnan(y[i]))
                note_ulp(k, a + i * size, b + i * size, size);
        }
    }
}

/* ---- windows ---- */

static ckpt_status compare_piece(comparison *k, const unsigned char *a, const unsigned char *b,
                                 uint64_t elements, ckpt_error *err) {
    double x[TOGETHER * 2], y[TOGETHER * 2];
    for (uint64_t done = 0; done < elements;) {
        uint64_t count = elements - done < TOGETHER ? elements - done : TOGETHER;
        size_t numbers = (size_t)count * k->parts;
        ckpt_status status = ckpt_convert(k->a_type, a, CKPT_F64, x, numbers, err);
        if (status == CKPT_OK)
            status = ckpt_convert(k->b_type, b, CKPT_F64, y, numbers, err);
        if (status != CKPT_OK)
            return status;
        compare_numbers(k, a, b, x, y, numbers);
        a += count / k->a.dtype.block_elements * k->a.dtype.block_bytes;
        b += count / k->b.dtype.block_elements * k->b.dtype.block_bytes;
        done += count;
    }
    return CKPT_OK;
}

static void compare_blocks(comparison *k, uint64_t blocks) {
    size_t size = k->a.dtype.block_bytes;
    for (uint64_t i = 0; i < blocks; i++) {
        if (memcmp(k->a.bytes + i * size, k->b.bytes + i * size, size) != 0) {
            k->d.differing++;
            k->d.beyond++;
        }
    }
}

/* What is in memory of both. The elements of a block are compared together. */
static ckpt_status compare_windows(comparison *k, ckpt_error *err) {
    uint64_t p = k->a.dtype.block_elements, q = k->b.dtype.block_elements;
    uint64_t m = k->a.count * p, n = k->b.count * q, together = p > q ? p : q;
    uint64_t elements = m < n ? m : n;
    elements -= elements % together;
    if (elements == 0)
        elements = together; /* at the end, where a block that is shared is not full */
    if (elements > m || elements > n) {
        *err = (ckpt_error){.status = CKPT_E_UNSUPPORTED,
                            .message = "blocks and strides cannot be compared"};
        return CKPT_E_UNSUPPORTED;
    }
    ckpt_status status = CKPT_OK;
    bool equal = k->same_type && memcmp(k->a.bytes, k->b.bytes,
                                        (size_t)(elements / p * k->a.dtype.block_bytes)) == 0;
    k->d.elements += k->d.is_opaque ? elements / p : elements * k->parts;
    if (!equal && k->d.is_opaque)
        compare_blocks(k, elements / p);
    else if (!equal)
        status = compare_piece(k, k->a.bytes, k->b.bytes, elements, err);
    tensor_window_take(&k->a, elements / p);
    tensor_window_take(&k->b, elements / q);
    return status;
}

ckpt_status element_diff_compute(ckpt_tensor a, ckpt_tensor b, double rtol, double atol,
                                 const element_diff_watch *watch, element_diff *ret_diff,
                                 ckpt_error *err) {
    comparison k = {.rtol = rtol,
                    .atol = atol,
                    .a_type = number_type(ckpt_tensor_dtype(a)),
                    .b_type = number_type(ckpt_tensor_dtype(b)),
                    .parts = is_complex(a) ? 2 : 1,
                    .same_type = same_type(a, b)};
    k.d.is_opaque = k.a_type == CKPT_DTYPE_OTHER;
    k.d.has_ulp = k.same_type && !k.d.is_opaque &&
                  ckpt_dtype_describe(k.a_type).dtype_class == CKPT_CLASS_FLOAT &&
                  ckpt_dtype_describe(k.a_type).block_elements == 1;
    ckpt_status status = CKPT_OK;
    tensor_window_open(&k.a, a);
    tensor_window_open(&k.b, b);
    uint64_t total = k.d.is_opaque ? ckpt_tensor_numel(a) / k.a.dtype.block_elements
                                   : ckpt_tensor_numel(a) * k.parts;
    for (;;) {
        status = tensor_window_fill(&k.a, err);
        if (status == CKPT_OK)
            status = tensor_window_fill(&k.b, err);
        if (status != CKPT_OK || k.a.count == 0 || k.b.count == 0)
            break;
        status = compare_windows(&k, err);
        if (status != CKPT_OK)
            break;
        watch->advance(watch->ctx, k.d.elements, total);
    }
    tensor_window_close(&k.a);
    tensor_window_close(&k.b);
    if (status == CKPT_OK)
        *ret_diff = k.d;
    return status;
}
