/* SPDX-License-Identifier: MIT */
/* NumPy's arrays as pickles have them. Protocol 4: _reconstruct(ndarray, (0,), b'b') with a state
 * (1, shape, dtype, is column-major, bytes). Protocol 5: _frombuffer(bytes, dtype, shape, order),
 * where order 'K' is followed by the order of the axes. */
#include "base/checked.h"
#include "exchange/oneflow.h"

#include <string.h>

static ckpt_status fail(ckpt_error *err, const char *what) {
    return ck_fail_rule(err, "O6", CKPT_E_STRUCTURE,
                        "a NumPy array whose %s is not what NumPy writes", what);
}

/* ---- dtypes ---- */

static const struct {
    const char *text;
    ckpt_dtype dtype;
} kinds[] = {
    {"b1", CKPT_BOOL},      {"i1", CKPT_I8},          {"u1", CKPT_U8},  {"i2", CKPT_I16},
    {"u2", CKPT_U16},       {"i4", CKPT_I32},         {"u4", CKPT_U32}, {"i8", CKPT_I64},
    {"u8", CKPT_U64},       {"f2", CKPT_F16},         {"f4", CKPT_F32}, {"f8", CKPT_F64},
    {"c8", CKPT_COMPLEX64}, {"c16", CKPT_COMPLEX128},
};

static bool is_int(const ck_pickle *p, uint32_t node, int64_t value) {
    const ck_pickle_node *n = ck_pickle_at(p, node);
    return n->kind == CK_PICKLE_INT && n->as.integer == value;
}

static bool is_bool(const ck_pickle *p, uint32_t node, bool value) {
    const ck_pickle_node *n = ck_pickle_at(p, node);
    return n->kind == CK_PICKLE_BOOL && (n->as.integer != 0) == value;
}

static bool is_tuple(const ck_pickle *p, uint32_t node, uint32_t count) {
    return node != CK_PICKLE_NO_NODE && ck_pickle_kind_of(p, node) == CK_PICKLE_TUPLE &&
           ck_pickle_at(p, node)->count == count;
}

/* (3, byte order, None, None, None, -1, -1, 0): neither subarrays, fields nor metadata. */
static bool parse_dtype_state(const ck_pickle *p, uint32_t state, bool *ret_swap) {
    if (!is_tuple(p, state, 8) || !is_int(p, ck_pickle_child(p, state, 0), 3))
        return false;
    for (uint32_t i = 2; i < 5; i++) {
        if (ck_pickle_kind_of(p, ck_pickle_child(p, state, i)) != CK_PICKLE_NONE)
            return false;
    }
    for (uint32_t i = 5; i < 7; i++) {
        if (!is_int(p, ck_pickle_child(p, state, i), -1))
            return false;
    }
    uint32_t order = ck_pickle_child(p, state, 1);
    *ret_swap = ck_pickle_is_text(p, order, ">");
    return is_int(p, ck_pickle_child(p, state, 7), 0) &&
           (*ret_swap || ck_pickle_is_text(p, order, "<") || ck_pickle_is_text(p, order, "|"));
}

static ckpt_status parse_dtype(const ck_pickle *p, uint32_t node, ck_oneflow_elements *e,
                               ckpt_error *err) {
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_OBJECT ||
        ck_pickle_name_id(p, node) != CK_ONEFLOW_NUMPY_DTYPE)
        return fail(err, "dtype");
    const ck_pickle_node *object = ck_pickle_at(p, node);
    if (!is_tuple(p, object->as.object.arguments, 3) ||
        ck_pickle_kind_of(p, ck_pickle_child(p, node, 0)) != CK_PICKLE_TEXT ||
        !is_bool(p, ck_pickle_child(p, node, 1), false) ||
        !is_bool(p, ck_pickle_child(p, node, 2), true) ||
        !parse_dtype_state(p, object->as.object.state, &e->swap))
        return fail(err, "dtype");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (ck_pickle_is_text(p, ck_pickle_child(p, node, 0), kinds[i].text)) {
            e->dtype = kinds[i].dtype;
            return CKPT_OK;
        }
    }
    size_t size;
    const char *text = ck_pickle_text(p, ck_pickle_child(p, node, 0), &size);
    return ck_fail_rule(err, "O6", CKPT_E_UNSUPPORTED, "a NumPy array of dtype '%s'",
                        ck_name_n(text, size).text);
}

/* ---- shape, order, bytes ---- */

static bool parse_extents(const ck_pickle *p, uint32_t tuple, uint32_t *ret_count,
                          uint64_t extents[CK_MAX_RANK]) {
    if (tuple == CK_PICKLE_NO_NODE || ck_pickle_kind_of(p, tuple) != CK_PICKLE_TUPLE ||
        ck_pickle_at(p, tuple)->count > CK_MAX_RANK)
        return false;
    *ret_count = ck_pickle_at(p, tuple)->count;
    for (uint32_t i = 0; i < *ret_count; i++) {
        if (!ck_pickle_uint(p, ck_pickle_child(p, tuple, i), &extents[i]))
            return false;
    }
    return true;
}

/* Strides for axes of which the last in `order` varies fastest. */
static ckpt_status set_strides(ck_oneflow_elements *e, const uint32_t order[CK_MAX_RANK],
                               ckpt_error *err) {
    uint64_t stride = 1, numel = 1, size;
    for (uint32_t i = e->rank; i-- > 0;) {
        uint64_t extent = e->shape[order[i]];
        e->strides[order[i]] = stride;
        if (!ck_mul(stride, extent != 0 ? extent : 1, &stride))
            return ck_fail_rule(err, "O7", CKPT_E_OVERFLOW, "the tensor has too many elements");
        numel = extent != 0 ? numel : 0;
    }
    if (!ck_mul(stride, ckpt_dtype_describe(e->dtype).block_bytes, &size))
        return ck_fail_rule(err, "O7", CKPT_E_OVERFLOW, "the tensor has too many elements");
    e->size = numel != 0 ? size : 0;
    return CKPT_OK;
}

ckpt_status ck_oneflow_set_dense(ck_oneflow_elements *elements, ckpt_error *err) {
    uint32_t order[CK_MAX_RANK];
    for (uint32_t i = 0; i < elements->rank; i++)
        order[i] = i;
    return set_strides(elements, order, err);
}

static ckpt_status set_column_major(ck_oneflow_elements *e, ckpt_error *err) {
    uint32_t order[CK_MAX_RANK];
    for (uint32_t i = 0; i < e->rank; i++)
        order[i] = e->rank - 1 - i;
    return set_strides(e, order, err);
}

static ckpt_status set_bytes(const ck_pickle *p, uint32_t node, ck_oneflow_elements *e,
                             ckpt_error *err) {
    const ck_pickle_node *bytes = ck_pickle_at(p, node);
    if (bytes->kind != CK_PICKLE_BYTES && bytes->kind != CK_PICKLE_BYTEARRAY)
        return fail(err, "content");
    if (bytes->as.bytes.size != e->size)
        return ck_fail_rule(err, "O7", CKPT_E_MISMATCH,
                            "a NumPy array has %llu bytes, where its shape and dtype make %llu",
                            (unsigned long long)bytes->as.bytes.size, (unsigned long long)e->size);
    e->offset = bytes->as.bytes.offset;
    return CKPT_OK;
}

/* ---- the two ways ---- */

static ckpt_status parse_state(const ck_pickle *p, uint32_t node, ck_oneflow_elements *e,
                               ckpt_error *err) {
    uint32_t state = ck_pickle_at(p, node)->as.object.state;
    if (!is_tuple(p, ck_pickle_at(p, node)->as.object.arguments, 3) ||
        ck_pickle_name_id(p, ck_pickle_child(p, node, 0)) != CK_ONEFLOW_NDARRAY)
        return fail(err, "class");
    if (!is_tuple(p, state, 5) || !is_int(p, ck_pickle_child(p, state, 0), 1) ||
        ck_pickle_kind_of(p, ck_pickle_child(p, state, 3)) != CK_PICKLE_BOOL)
        return fail(err, "state");
    if (!parse_extents(p, ck_pickle_child(p, state, 1), &e->rank, e->shape))
        return fail(err, "shape");
    ckpt_status status = parse_dtype(p, ck_pickle_child(p, state, 2), e, err);
    if (status == CKPT_OK)
        status = is_bool(p, ck_pickle_child(p, state, 3), true) ? set_column_major(e, err)
                                                                : ck_oneflow_set_dense(e, err);
    return status == CKPT_OK ? set_bytes(p, ck_pickle_child(p, state, 4), e, err) : status;
}

/* The shape is that of the array before its axes are put into their order. */
static ckpt_status set_axes(const ck_pickle *p, uint32_t tuple, ck_oneflow_elements *e,
                            ckpt_error *err) {
    uint64_t axes[CK_MAX_RANK], shape[CK_MAX_RANK], strides[CK_MAX_RANK];
    bool taken[CK_MAX_RANK] = {false};
    uint32_t count = 0;
    bool fits = parse_extents(p, tuple, &count, axes) && count == e->rank;
    for (uint32_t i = 0; fits && i < count; i++) {
        fits = axes[i] < count && !taken[axes[i]];
        if (fits)
            taken[axes[i]] = true;
    }
    if (!fits)
        return fail(err, "order of axes");
    ckpt_status status = ck_oneflow_set_dense(e, err);
    memcpy(shape, e->shape, sizeof shape);
    memcpy(strides, e->strides, sizeof strides);
    for (uint32_t i = 0; status == CKPT_OK && i < count; i++) {
        e->shape[i] = shape[axes[i]];
        e->strides[i] = strides[axes[i]];
    }
    return status;
}

static ckpt_status parse_buffer(const ck_pickle *p, uint32_t node, ck_oneflow_elements *e,
                                ckpt_error *err) {
    uint32_t count = ck_pickle_at(p, ck_pickle_at(p, node)->as.object.arguments)->count;
    if (count != 4 && count != 5)
        return fail(err, "description");
    if (!parse_extents(p, ck_pickle_child(p, node, 2), &e->rank, e->shape))
        return fail(err, "shape");
    uint32_t order = ck_pickle_child(p, node, 3);
    bool has_axes = ck_pickle_is_text(p, order, "K");
    if (has_axes != (count == 5))
        return fail(err, "order of axes");
    ckpt_status status = parse_dtype(p, ck_pickle_child(p, node, 1), e, err);
    if (status != CKPT_OK)
        return status;
    if (has_axes)
        status = set_axes(p, ck_pickle_child(p, node, 4), e, err);
    else if (ck_pickle_is_text(p, order, "C"))
        status = ck_oneflow_set_dense(e, err);
    else if (ck_pickle_is_text(p, order, "F"))
        status = set_column_major(e, err);
    else
        status = fail(err, "order of axes");
    return status == CKPT_OK ? set_bytes(p, ck_pickle_child(p, node, 0), e, err) : status;
}

ckpt_status ck_oneflow_parse_array(const ck_pickle *p, uint32_t node, ck_oneflow_elements *ret,
                                   ckpt_error *err) {
    memset(ret, 0, sizeof *ret);
    uint16_t id = ck_pickle_name_id(p, node);
    if (ck_pickle_kind_of(p, node) != CK_PICKLE_OBJECT ||
        (id != CK_ONEFLOW_RECONSTRUCT && id != CK_ONEFLOW_FROMBUFFER))
        return ck_fail_rule(err, "O5", CKPT_E_STRUCTURE,
                            "a tensor whose data is %s, not a NumPy array",
                            ck_pickle_describe(p, node).text);
    return id == CK_ONEFLOW_RECONSTRUCT ? parse_state(p, node, ret, err)
                                        : parse_buffer(p, node, ret, err);
}
